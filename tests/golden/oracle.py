"""Lens2Logit's parametrised pipeline in PyTorch: the oracle for images and gradients.

Two forms. "literal" goes from RGB to YUV, filters Y and goes back, with the matrices that
Lens2Logit prints; "luma" adds f(Y) - Y to every channel, which is the same up to the rounding of
those matrices (they are inverse to each other to 1.7e-8 only).
"""
import torch
from torch.nn import functional

LUMA = (0.299, 0.587, 0.114)
RGB_TO_YUV = ((0.299, 0.587, 0.114),
              (-0.14714119, -0.28886916, 0.43601035),
              (0.61497538, -0.51496512, -0.10001026))
YUV_TO_RGB = ((1, 0, 1.13988303),
              (1, -0.394642334, -0.58062185),
              (1, 2.03206185, 0))

K_G = ((0, 0.25, 0), (0.25, 1, 0.25), (0, 0.25, 0))
K_RB = ((0.25, 0.5, 0.25), (0.5, 1, 0.5), (0.25, 0.5, 0.25))
K_SHARP = ((0, -1, 0), (-1, 5, -1), (0, -1, 0))
K_BLUR = ((6.9625e-08, 2.8089e-05, 2.0755e-04, 2.8089e-05, 6.9625e-08),
          (2.8089e-05, 1.1332e-02, 8.3731e-02, 1.1332e-02, 2.8089e-05),
          (2.0755e-04, 8.3731e-02, 6.1869e-01, 8.3731e-02, 2.0755e-04),
          (2.8089e-05, 1.1332e-02, 8.3731e-02, 1.1332e-02, 2.8089e-05),
          (6.9625e-08, 2.8089e-05, 2.0755e-04, 2.8089e-05, 6.9625e-08))

CAMERAS = {
    "neutral": {"black": (0, 0, 0, 0), "gain": (1, 1, 1),
                "matrix": ((1, 0, 0), (0, 1, 0), (0, 0, 1))},
    "drone": {"black": (0.0625, 0.0626, 0.0625, 0.0626),
              "gain": (2.86653646, 1, 1.73079425),
              "matrix": ((1.50768983, -0.33571374, -0.17197604),
                         (-0.23048614, 1.70698738, -0.47650126),
                         (-0.03119153, -0.32803956, 1.35923111))},
    "microscopy": {"black": (9.834368023181512e-06,) * 4,
                   "gain": (-0.6567, 1.9673, 3.5304),
                   "matrix": ((-2.0338, 0.0933, 0.4157),
                              (-0.0286, 2.6464, -0.0574),
                              (-0.5516, -0.0947, 2.9308))},
}

# The filters of the luma: name of the slice and how PyTorch pads.
SHARPEN = ("sharpen.kernel", "constant")
DENOISE = ("denoise.kernel", "reflect")


def default_params(camera="neutral"):
    """The 132 parameters as a dictionary of float64 tensors, a flat one for each slice."""
    constants = CAMERAS[camera]
    weight = torch.zeros(3, 3, 3, 3, dtype=torch.float64)
    for channel, kernel in enumerate((K_RB, K_G, K_RB)):
        weight[channel, channel] = torch.tensor(kernel)
    values = {"black_level.level": constants["black"], "demosaic.weight": weight,
              "white_balance.gain": constants["gain"], "color_matrix.matrix": constants["matrix"],
              "sharpen.kernel": K_SHARP, "denoise.kernel": K_BLUR, "gamma.gamma": (2.2,)}
    return {name: torch.as_tensor(value, dtype=torch.float64).reshape(-1).clone()
            for name, value in values.items()}


def by_phase(values, height, width):
    """Repeats four values, one for each position in the 2x2 period, over an image."""
    rows, columns = (height + 1) // 2, (width + 1) // 2
    return values.reshape(2, 2).repeat(rows, columns)[:height, :width]


def zero_filled(mosaic, cfa):
    """(N,1,H,W) -> (N,3,H,W): each sample in the channel of its colour, zero elsewhere."""
    height, width = mosaic.shape[-2:]
    planes = []
    for color in "RGB":
        mask = torch.tensor([float(letter == color) for letter in cfa], dtype=mosaic.dtype)
        planes.append(mosaic * by_phase(mask, height, width))
    return torch.cat(planes, 1)


def filter_plane(plane, kernel, padding):
    size = int(round(kernel.numel() ** 0.5))
    padded = functional.pad(plane, (size // 2,) * 4, mode=padding)
    return functional.conv2d(padded, kernel.reshape(1, 1, size, size))


def luma_stage(rgb, kernel, padding):
    weights = torch.tensor(LUMA, dtype=rgb.dtype)
    luma = torch.einsum("c,nchw->nhw", weights, rgb).unsqueeze(1)
    return rgb + (filter_plane(luma, kernel, padding) - luma)


def literal_stage(rgb, kernel, padding):
    yuv = torch.einsum("kc,nchw->nkhw", torch.tensor(RGB_TO_YUV, dtype=rgb.dtype), rgb)
    yuv = torch.cat((filter_plane(yuv[:, :1], kernel, padding), yuv[:, 1:]), 1)
    return torch.einsum("kc,nchw->nkhw", torch.tensor(YUV_TO_RGB, dtype=rgb.dtype), yuv)


FORMS = {"luma": luma_stage, "literal": literal_stage}


def stages(mosaic, params, cfa="RGGB", form="luma", additive=None, normalize=None):
    """The output of every stage, in order; the last one is the image. `normalize` is a module."""
    filtered = FORMS[form]
    height, width = mosaic.shape[-2:]
    out = {"black_level": mosaic - by_phase(params["black_level.level"], height, width)}
    planes = functional.pad(zero_filled(out["black_level"], cfa), (1, 1, 1, 1), mode="reflect")
    out["demosaic"] = functional.conv2d(planes, params["demosaic.weight"].reshape(3, 3, 3, 3))
    out["white_balance"] = torch.einsum("c,nchw->nchw", params["white_balance.gain"],
                                        out["demosaic"])
    out["color_matrix"] = torch.einsum("kc,nchw->nkhw",
                                       params["color_matrix.matrix"].reshape(3, 3),
                                       out["white_balance"])
    out["sharpen"] = filtered(out["color_matrix"], params[SHARPEN[0]], SHARPEN[1])
    out["denoise"] = filtered(out["sharpen"], params[DENOISE[0]], DENOISE[1])
    out["clip"] = out["denoise"].clamp(1e-5, 1)
    out["gamma"] = out["clip"].pow(1 / params["gamma.gamma"])
    if additive is not None:
        out["additive"] = out["gamma"] + additive
    if normalize is not None:
        out["normalize"] = normalize(list(out.values())[-1])
    return out


def run(mosaic, params, cotangent, cfa="RGGB", form="luma", additive=None, normalize=None):
    """Forward and backward. Everything is a float64 tensor; mosaic (N,1,H,W), cotangent and
    additive as the image. Returns stages, their gradients, and the gradients of mosaic, params
    (a dictionary) and additive."""
    mosaic = mosaic.clone().requires_grad_()
    params = {name: value.clone().requires_grad_() for name, value in params.items()}
    if additive is not None:
        additive = additive.clone().requires_grad_()
    out = stages(mosaic, params, cfa, form, additive, normalize)
    for value in out.values():
        value.retain_grad()
    list(out.values())[-1].backward(cotangent)
    return {"stages": {name: value.detach() for name, value in out.items()},
            "grad_stages": {name: value.grad for name, value in out.items()},
            "grad_mosaic": mosaic.grad,
            "grad_params": {name: value.grad for name, value in params.items()},
            "grad_additive": None if additive is None else additive.grad}

"""Lens2Logit's parametrised pipeline as its PyTorch code is built, to be timed beside ours.

The tensor operations are the published ones, one for one: four planes less their black levels are
scattered into zero-filled RGB; a 3->3 convolution with reflect padding; white balance and colour
matrix by einsum; RGB to YUV; sharpening (zero padding) and then blur (reflect padding) of Y, each
assigned in place; back to RGB; clip; the power as exponential of a logarithm. Neither additive
layer nor batch normalisation, which our preset lacks too.
"""
import peer
from constants import GAINS, GAMMA, K_G, K_RB, K_SHARP, LEVELS, MATRIX

torch = peer.need("torch")
nn = torch.nn

RGB_TO_YUV = ((0.299, 0.587, 0.114),
              (-0.14714119, -0.28886916, 0.43601035),
              (0.61497538, -0.51496512, -0.10001026))
YUV_TO_RGB = ((1, 0, 1.13988303), (1, -0.394642334, -0.58062185), (1, 2.03206185, 0))


def gaussian(size=5, sigma=0.5):
    x = torch.arange(size) - size // 2
    taps = torch.exp(-x.double() ** 2 / (2 * sigma ** 2))
    taps /= taps.sum()
    return torch.outer(taps, taps).float()


def scatter(mosaic, levels):
    """Every sample less the black level of its place, in the plane of its colour; zero elsewhere."""
    planes = [mosaic[:, y::2, x::2] - levels[2 * y + x] for y in (0, 1) for x in (0, 1)]
    rgb = torch.zeros(mosaic.shape[0], 3, *mosaic.shape[1:])
    for position, channel in enumerate((0, 1, 1, 2)):
        y, x = divmod(position, 2)
        rgb[:, channel, y::2, x::2] = planes[position]
    return rgb


def mixed(image, matrix):
    return torch.einsum("bchw,kc->bkhw", image, matrix).contiguous()


def debayer():
    """A dense convolution that begins as bilinear interpolation."""
    conv = nn.Conv2d(3, 3, 3, padding=1, padding_mode="reflect", bias=False)
    with torch.no_grad():
        conv.weight.zero_()
        for channel, kernel in enumerate((K_RB, K_G, K_RB)):
            conv.weight[channel, channel] = torch.tensor(kernel)
    return conv


def luma_filter(kernel, **padding):
    size = kernel.shape[0]
    conv = nn.Conv2d(1, 1, size, padding=size // 2, bias=False, **padding)
    with torch.no_grad():
        conv.weight[0, 0] = kernel
    return conv


class Pipeline(nn.Module):
    def __init__(self):
        super().__init__()
        self.black_level = nn.Parameter(torch.tensor(LEVELS))
        self.debayer = debayer()
        self.white_balance = nn.Parameter(torch.tensor([GAINS]))
        self.color_matrix = nn.Parameter(torch.tensor(MATRIX))
        self.sharpen = luma_filter(torch.tensor(K_SHARP))
        self.blur = luma_filter(gaussian(), padding_mode="reflect")
        self.gamma = nn.Parameter(torch.tensor([GAMMA]))
        self.register_buffer("to_yuv", torch.tensor(RGB_TO_YUV))
        self.register_buffer("to_rgb", torch.tensor(YUV_TO_RGB))

    def forward(self, mosaic):
        rgb = self.debayer(scatter(mosaic, self.black_level).contiguous())
        rgb = torch.einsum("bchw,kc->bchw", rgb, self.white_balance).contiguous()
        rgb = mixed(rgb, self.color_matrix)
        yuv = mixed(rgb, self.to_yuv)
        for conv in (self.sharpen, self.blur):
            yuv[:, [0]] = conv(yuv[:, [0]])
        rgb = torch.clip(mixed(yuv, self.to_rgb), 1e-5, 1)
        return torch.exp((1 / self.gamma) * torch.log(rgb))


def prepare(count, height, width):
    pipeline = Pipeline()
    mosaic = torch.rand(count, height, width).requires_grad_()
    other = torch.randn(count, 3, height, width)  # a cotangent, or a target

    def forward():
        with torch.no_grad():
            pipeline(mosaic)

    def backward(differentiate):
        mosaic.grad = None
        pipeline.zero_grad(set_to_none=True)
        differentiate(pipeline(mosaic))

    return {"forward": forward,
            "forward_backward": lambda: backward(lambda image: image.backward(other)),
            "loss": lambda: backward(
                lambda image: nn.functional.mse_loss(image, other).backward())}


if __name__ == "__main__":
    peer.main(__doc__, torch.__version__, torch.set_num_threads, prepare)

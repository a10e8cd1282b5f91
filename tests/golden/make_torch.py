"""Makes the goldens that come from PyTorch: /usr/bin/python3 tests/golden/make_torch.py

Debian's python3-torch is enough. The mosaics are random; all values are made in float64.
"""
import numpy
import torch

import oracle
import store


def as_torch(array):
    return torch.from_numpy(numpy.asarray(array, dtype=numpy.float64))


def perturbed(params, rng, amount):
    """Every parameter changed by a random share of `amount`, so that no symmetry is left."""
    return {name: value + amount * as_torch(rng.uniform(-1, 1, value.shape))
            * value.abs().clamp(min=0.1) for name, value in params.items()}


def slices(prefix, params):
    return {prefix + name.replace(".", "__"): value.numpy() for name, value in params.items()}


def lens2logit(case, seed, shape, camera="drone", cfa="RGGB", low=0.0, high=1.0, amount=0.0,
               literal=False, taps=False, inside=False):
    rng = numpy.random.default_rng(seed)
    mosaic = store.single(rng.uniform(low, high, shape))
    cotangent = store.single(rng.standard_normal((3,) + shape))
    params = perturbed(oracle.default_params(camera), rng, amount)
    inputs = (as_torch(mosaic)[None, None], params, as_torch(cotangent)[None], cfa)
    result = oracle.run(*inputs)
    before_clip = result["stages"]["denoise"]
    if inside:
        assert 0.01 < before_clip.min() and before_clip.max() < 0.99, before_clip
    arrays = {"src": mosaic, "cotangent": cotangent, "image": result["stages"]["gamma"][0].numpy(),
              "grad_src": result["grad_mosaic"][0, 0].numpy(), **slices("", params),
              **slices("grad_", result["grad_params"])}
    if literal:
        result = oracle.run(*inputs, form="literal")
        arrays.update(literal_image=store.single(result["stages"]["gamma"][0]),
                      literal_grad_src=store.single(result["grad_mosaic"][0, 0]),
                      **slices("literal_grad_", result["grad_params"]))
    if taps:
        for name, value in result["stages"].items():
            arrays["tap_" + name] = value[0].numpy()
            arrays["grad_tap_" + name] = result["grad_stages"][name][0].numpy()
    store.write(case, **arrays)


def batch_norm(channels, state):
    """BatchNorm without affine parameters that starts from given running statistics."""
    module = torch.nn.BatchNorm2d(channels, affine=False, dtype=torch.float64)
    module.running_mean.copy_(as_torch(state[:channels]))
    module.running_var.copy_(as_torch(state[channels:]))
    return module


def running(module):
    return torch.cat((module.running_mean, module.running_var)).numpy()


def lens2logit_batch(case, seed, shape):
    """A batch through the preset with its two optional stages."""
    rng = numpy.random.default_rng(seed)
    count, height, width = shape
    mosaic = store.single(rng.uniform(0, 1, (count, 1, height, width)))
    cotangent = store.single(rng.standard_normal((count, 3, height, width)))
    additive = store.single(rng.uniform(-0.1, 0.1, (3, height, width)))
    state = rng.uniform(0.2, 0.9, 6)
    params = perturbed(oracle.default_params("drone"), rng, 0.05)
    module = batch_norm(3, state)
    result = oracle.run(as_torch(mosaic), params, as_torch(cotangent), "BGGR",
                        additive=as_torch(additive), normalize=module)
    store.write(case, src=mosaic, cotangent=cotangent, additive=additive, state=state,
                state_after=running(module), image=result["stages"]["normalize"].numpy(),
                grad_src=result["grad_mosaic"].numpy(),
                grad_additive=result["grad_additive"].numpy(), **slices("", params),
                **slices("grad_", result["grad_params"]))


def stage(case, seed, src, forward, params=None, **more):
    """One stage by itself: `forward(src, params)` in float64, with its gradients."""
    cotangent = store.single(numpy.random.default_rng(seed).standard_normal(src.shape))
    leaf = as_torch(src).requires_grad_()
    params = {name: as_torch(value).requires_grad_() for name, value in (params or {}).items()}
    image = forward(leaf, params)
    image.backward(as_torch(cotangent))
    more = {name: value() if callable(value) else value for name, value in more.items()}
    store.write(case, src=src, cotangent=cotangent, image=image.detach().numpy(),
                grad_src=leaf.grad.numpy(), **more,
                **slices("", {name: value.detach() for name, value in params.items()}),
                **slices("grad_", {name: value.grad for name, value in params.items()}))


def pointwise(seed):
    rng = numpy.random.default_rng(seed)
    src = store.single(rng.uniform(1e-3, 1.5, (3, 9, 11)))
    stage("gamma", seed, src, lambda x, p: x.pow(1 / p["gamma.gamma"]), {"gamma.gamma": [2.2]})
    stage("gamma_channels", seed, src,
          lambda x, p: x.pow(1 / p["gamma.gamma"].reshape(3, 1, 1)),
          {"gamma.gamma": [1.8, 2.2, 2.6]})
    src = store.single(rng.uniform(-0.2, 1.2, (3, 9, 11)))
    src[:, 2, 3], src[:, 4, 5] = 0.25, 0.75  # the end points belong to the inside
    stage("clip", seed, src, lambda x, p: x.clamp(0.25, 0.75))
    stage("normalize_given", seed, src,
          lambda x, p: (x - p["normalize.mean"].reshape(3, 1, 1))
          / p["normalize.std"].reshape(3, 1, 1),
          {"normalize.mean": [0.35, 0.36, 0.35], "normalize.std": [0.12, 0.11, 0.12]})


def normalize(seed):
    rng = numpy.random.default_rng(seed)
    src = store.single(rng.uniform(0, 1, (3, 3, 9, 11)) * rng.uniform(0.2, 2, (1, 3, 1, 1)))
    state = rng.uniform(0.2, 0.9, 6)
    module = batch_norm(3, state)
    stage("normalize_batch", seed, src, lambda x, p: module(x), state=state,
          state_after=lambda: running(module))
    frozen = batch_norm(3, state).eval()
    stage("normalize_evaluation", seed, src, lambda x, p: frozen(x), state=state,
          state_after=lambda: running(frozen))


if __name__ == "__main__":
    lens2logit("lens2logit_drone", 1, (40, 56), literal=True)
    lens2logit("lens2logit_perturbed", 2, (37, 53), cfa="GRBG", amount=0.1, literal=True)
    lens2logit("lens2logit_inside", 3, (40, 55), "neutral", "GBRG", 0.2, 0.3, 0.02, inside=True)
    lens2logit("lens2logit_microscopy", 4, (23, 26), "microscopy")
    lens2logit("lens2logit_taps", 5, (13, 12), amount=0.05, taps=True)
    lens2logit_batch("lens2logit_batch", 6, (2, 18, 15))
    pointwise(7)
    normalize(8)

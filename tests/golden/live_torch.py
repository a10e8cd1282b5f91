"""The program's gradients against PyTorch: 256x256 random and real mosaics, f64 and f32."""
import json
import pathlib
import tempfile

import numpy
import torch

import live
import mosaics
import oracle

torch.set_num_threads(2)

# Relative errors allowed: of the image, of gradients. Where a value comes so close above the lower
# clip limit that gamma is steep, rounding is amplified beyond the f32 figures of ANY, in PyTorch's
# own float32 too: there it is enough to come within twice the error of PyTorch.
ANY = {"f64": (1e-10, 1e-10), "f32": (1e-5, 2e-3)}
INSIDE = {"f64": (1e-10, 1e-10), "f32": (1e-5, 1e-5)}
LITERAL = (1e-4, 1e-4)


def as_torch(array):
    return torch.from_numpy(numpy.asarray(array, dtype=numpy.float64))


def settled(mosaic, params, cfa, seed):
    """Draws samples anew until no value that comes to the clip stage is where a rounding error
    decides: between the lower limit and 1e-3, or at the upper limit. Many still lie beyond."""
    rng = numpy.random.default_rng(seed)
    while True:
        value = oracle.stages(as_torch(mosaic)[None, None], params, cfa)["denoise"][0].numpy()
        critical = ((value > -2e-6) & (value < 1e-3)) | (abs(value - 1) < 2e-6)
        critical = critical.any(axis=0)
        if not critical.any():
            assert (value < 0).any() and (value > 1).any()
            return mosaic
        mosaic[critical] = mosaics.single(rng.uniform(0, 1, critical.sum()))


def cases(program):
    """Name, mosaic, CFA, parameters, tolerances, whether float32 may be only as good as PyTorch's
    (and the literal form is not looked at, for the same reason)."""
    drone = oracle.default_params("drone")
    rng = numpy.random.default_rng(21)
    shaken = {name: value + 0.1 * as_torch(rng.uniform(-1, 1, value.shape)) * value.abs().clamp(
        min=0.1) for name, value in drone.items()}
    microscopy = oracle.default_params("microscopy")
    odd = (255, 253)
    yield "random", mosaics.random(1), "RGGB", drone, ANY, True
    yield "random, other parameters", mosaics.random(2, shape=odd), "GBRG", shaken, ANY, True
    yield "random, microscopy", mosaics.random(3), "RGGB", microscopy, ANY, True
    yield "settled", settled(mosaics.random(1), drone, "RGGB", 31), "RGGB", drone, ANY, False
    yield ("settled, other parameters", settled(mosaics.random(2, shape=odd), shaken, "GBRG", 32),
           "GBRG", shaken, ANY, False)
    yield ("random, away from the clip limits", mosaics.random(4, 0.2, 0.3), "BGGR",
           oracle.default_params(), INSIDE, False)
    for name, mosaic in mosaics.real(program).items():
        yield name, mosaic, "RGGB", drone, ANY, False


def run_program(folder, dtype, cfa):
    out = folder / dtype
    live.run("grad", folder / "mosaic.npy", "-o", out, "--preset", "lens2logit", "--params",
             folder / "params.json", "--cotangent", folder / "cotangent.npy", "--dtype", dtype,
             "--cfa", cfa)
    grads = json.loads((out / "grad_params.json").read_text())
    stages = {f"{kind} {path.stem[3:]}": numpy.load(path)
              for kind, folder in (("stage", "stages"), ("gradient at", "gradients"))
              for path in (out / folder).glob("*.npy")}
    return {"image": numpy.load(out / "image.npy"),
            "mosaic gradient": numpy.load(out / "grad_mosaic.npy"), **grads, **stages}


def arrays(result):
    """The image, the mosaic gradient, the gradient of every slice, and every stage, by name."""
    return {"image": result["stages"]["gamma"][0], "mosaic gradient": result["grad_mosaic"][0, 0],
            **result["grad_params"],
            **{"stage " + name: value[0] for name, value in result["stages"].items()},
            **{"gradient at " + name: value[0] for name, value in result["grad_stages"].items()}}


def compare(score, label, got, want, allowed, peer=None):
    """Every array; the worst error of images and of gradients. Where `peer`, a result of PyTorch's,
    is wrong by more than half of what is allowed, twice its error is allowed."""
    worst = {"image": 0, "gradients": 0}
    for name, value in arrays(want).items():
        kind = "image" if name == "image" or name.startswith("stage ") else "gradients"
        limit = allowed[kind == "gradients"]
        if peer:
            limit = max(limit, 2 * live.relative_error(arrays(peer)[name], value))
        error = score.compare(f"{label}: {name}", got[name], value, limit)
        worst[kind] = max(worst[kind], error)
    print(f"{label:56} image {worst['image']:.1e}  gradients {worst['gradients']:.1e}")


def compare_case(score, name, mosaic, cotangent, cfa, params, tolerances, steep):
    inputs = (as_torch(mosaic)[None, None], params, as_torch(cotangent)[None])
    luma = oracle.run(*inputs, cfa)
    literal = None if steep else oracle.run(*inputs, cfa, form="literal")
    peer = None
    if steep:
        peer = oracle.run(inputs[0].float(), {key: value.float() for key, value in params.items()},
                          inputs[2].float(), cfa)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        numpy.save(folder / "mosaic.npy", mosaic)
        numpy.save(folder / "cotangent.npy", cotangent)
        text = {"lens2logit": 1, "params": {key: value.tolist() for key, value in params.items()}}
        (folder / "params.json").write_text(json.dumps(text))
        double = run_program(folder, "f64", cfa)
        single = run_program(folder, "f32", cfa)
    compare(score, f"{name}, f64, luma form", double, luma, tolerances["f64"])
    if literal:
        compare(score, f"{name}, f64, literal form", double, literal, LITERAL)
    compare(score, f"{name}, f32, luma form", single, luma, tolerances["f32"], peer)
    if peer:
        # Not scored against anything: what PyTorch's float32 does here.
        compare(live.Score(), f"{name}, PyTorch's float32", arrays(peer), luma, (numpy.inf,) * 2)


def main():
    score = live.Score()
    rng = numpy.random.default_rng(22)
    for name, mosaic, *more in cases(live.PROGRAM):
        cotangent = mosaics.single(rng.standard_normal((3,) + mosaic.shape))
        compare_case(score, name, mosaic, cotangent, *more)
    score.finish()


if __name__ == "__main__":
    main()

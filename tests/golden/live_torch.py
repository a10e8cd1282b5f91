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

# Relative errors allowed: of the image, of gradients. Single precision on inputs that touch the
# clip limits is no better in PyTorch itself.
ANY = {"f64": (1e-10, 1e-10), "f32": (1e-5, 2e-3)}
INSIDE = {"f64": (1e-10, 1e-10), "f32": (1e-5, 1e-5)}
LITERAL = 1e-4


def as_torch(array):
    return torch.from_numpy(numpy.asarray(array, dtype=numpy.float64))


def cases(program):
    """Name, mosaic, CFA, parameters, tolerances."""
    drone = oracle.default_params("drone")
    rng = numpy.random.default_rng(21)
    shaken = {name: value + 0.1 * as_torch(rng.uniform(-1, 1, value.shape)) * value.abs().clamp(
        min=0.1) for name, value in drone.items()}
    yield "random", mosaics.random(1), "RGGB", drone, ANY
    yield "random, other parameters", mosaics.random(2, shape=(255, 253)), "GBRG", shaken, ANY
    yield ("random, microscopy", mosaics.random(3), "RGGB", oracle.default_params("microscopy"),
           ANY)
    yield ("random, away from the clip limits", mosaics.random(4, 0.2, 0.3), "BGGR",
           oracle.default_params(), INSIDE)
    for name, mosaic in mosaics.real(program).items():
        yield name, mosaic, "RGGB", drone, ANY


def run_program(folder, dtype, cfa):
    out = folder / dtype
    live.run("grad", folder / "mosaic.npy", "-o", out, "--preset", "lens2logit", "--params",
             folder / "params.json", "--cotangent", folder / "cotangent.npy", "--dtype", dtype,
             "--cfa", cfa)
    grads = json.loads((out / "grad_params.json").read_text())
    return (numpy.load(out / "image.npy"), numpy.load(out / "grad_mosaic.npy"),
            {name: grads[name] for name in oracle.default_params()})


def compare(score, label, got, want, allowed):
    """Image, mosaic gradient and every slice; the worst error of images and of gradients."""
    image, grad_mosaic, grad_params = got
    worst_image = score.compare(label + ": image", image, want["stages"]["gamma"][0], allowed[0])
    worst = score.compare(label + ": mosaic gradient", grad_mosaic, want["grad_mosaic"][0, 0],
                          allowed[1])
    for name, value in want["grad_params"].items():
        worst = max(worst, score.compare(f"{label}: {name}", grad_params[name], value, allowed[1]))
    print(f"{label:52} image {worst_image:.1e}  gradients {worst:.1e}")


def main():
    score = live.Score()
    rng = numpy.random.default_rng(22)
    for name, mosaic, cfa, params, tolerances in cases(live.PROGRAM):
        cotangent = mosaics.single(rng.standard_normal((3,) + mosaic.shape))
        inputs = (as_torch(mosaic)[None, None], params, as_torch(cotangent)[None], cfa)
        luma, literal = oracle.run(*inputs), oracle.run(*inputs, form="literal")
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary)
            numpy.save(folder / "mosaic.npy", mosaic)
            numpy.save(folder / "cotangent.npy", cotangent)
            text = {"lens2logit": 1, "params": {key: value.tolist()
                                                for key, value in params.items()}}
            (folder / "params.json").write_text(json.dumps(text))
            for dtype in ("f64", "f32"):
                got = run_program(folder, dtype, cfa)
                compare(score, f"{name}, {dtype}, luma form", got, luma, tolerances[dtype])
                if dtype == "f64":
                    compare(score, f"{name}, {dtype}, literal form", got, literal,
                            (LITERAL, LITERAL))
    score.finish()


if __name__ == "__main__":
    main()

"""The program's static pipelines against SciPy, scikit-image and colour-demosaicing."""
import itertools
import pathlib
import tempfile

import numpy

import live
import mosaics
import reference

ALLOWED = {"f64": 1e-5, "f32": 2e-4}
DRONE = {"black": (0.0625, 0.0626, 0.0625, 0.0626),
         "gain": (2.86653646, 1, 1.73079425),
         "matrix": (1.50768983, -0.33571374, -0.17197604, -0.23048614, 1.70698738, -0.47650126,
                    -0.03119153, -0.32803956, 1.35923111)}


def main():
    score = live.Score()
    inputs = {"random": mosaics.random(5), **mosaics.real(live.PROGRAM)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for name, mosaic in inputs.items():
            numpy.save(folder / "mosaic.npy", mosaic)
            for demosaic, sharpen, denoise in itertools.product(
                    reference.DEMOSAICERS, reference.SHARPENERS, reference.DENOISERS):
                want = reference.develop(mosaic.astype(numpy.float64), demosaic=demosaic,
                                         sharpen=sharpen, denoise=denoise, **DRONE)
                for dtype, allowed in ALLOWED.items():
                    live.run("develop", folder / "mosaic.npy", "-o", folder / "image.npy",
                             "--preset", f"static/{demosaic}/{sharpen}/{denoise}", "--camera",
                             "drone", "--border", "reference", "--dtype", dtype)
                    label = f"{name}, {demosaic}, {sharpen}, {denoise}, {dtype}"
                    error = score.compare(label, numpy.load(folder / "image.npy"), want, allowed)
                    print(f"{label:80} {error:.1e}")
    score.finish()


if __name__ == "__main__":
    main()

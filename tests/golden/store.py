"""How a golden case is kept: a folder of NPY files, one for each array."""
import pathlib
import shutil

import numpy

DATA = pathlib.Path(__file__).resolve().parent / "data"


def write(case, **arrays):
    """Replaces a case. Names: src, image, cotangent, grad_src, then NAME and grad_NAME for
    parameters and stages ('__' stands for the dot of a slice's name)."""
    folder = DATA / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, array in arrays.items():
        array = numpy.ascontiguousarray(array)
        assert numpy.isfinite(array).all(), (case, name)
        numpy.save(folder / (name.replace("__", ".") + ".npy"), array)
    print(case, sum(file.stat().st_size for file in folder.iterdir()), "bytes")


def single(array):
    """The nearest float32 numbers: a run in single precision then has the same input."""
    return numpy.asarray(array, dtype=numpy.float32)

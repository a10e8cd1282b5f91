"""Mosaics for the live comparisons: random ones, and crops of real raw files where there are any."""
import os
import pathlib
import subprocess
import tempfile

import numpy

SIZE = 256
CANON = pathlib.Path(os.environ.get("L2L_SAMPLE_RAW") or "/usr/share/doc/rawtran/IMG_5952.CR2")
DRONE_BLACK = 0.0625

# Headerless files of 16-bit samples in the folder of test data: height, width, black, white, and
# where to crop (even, so that the phase stays RGGB).
DUMPS = {
    "isp-nikon-d750/DSC_1339_768x512_rggb.raw": (512, 768, 600, 15520, (128, 256)),
    "openISP/test.RAW": (1080, 1920, 0, 1023, (400, 800)),
}


def single(array):
    """The nearest float32 numbers: both precisions of the program then see the same input."""
    return numpy.ascontiguousarray(array, dtype=numpy.float32)


def random(seed, low=0.0, high=1.0, shape=(SIZE, SIZE)):
    return single(numpy.random.default_rng(seed).uniform(low, high, shape))


def levelled(mosaic, black, white):
    """Sensor counts as the drone camera of Lens2Logit would have delivered them, in [0, 1]."""
    signal = (mosaic.astype(numpy.float64) - black) / (white - black)
    return single(DRONE_BLACK + signal * (1 - DRONE_BLACK))


def crop(mosaic, origin):
    return mosaic[origin[0]:origin[0] + SIZE, origin[1]:origin[1] + SIZE]


def canon(program):
    """A crop of the Canon raw, taken from the program's tap behind a black level of its own file."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "develop", str(CANON), "-o", folder + "/image.npy", "--preset",
                        "lens2logit", "--taps", folder + "/taps"], check=True,
                       stdout=subprocess.DEVNULL)
        tap, = pathlib.Path(folder, "taps").rglob("*black_level*.npy")
        linear = numpy.load(tap).squeeze()
    return levelled(crop(linear, (1000, 1600)), 0, 1)


def real(program):
    """Name -> mosaic; says what is missing."""
    found = {}
    data = os.environ.get("L2L_TEST_DATA")
    for name, (height, width, black, white, origin) in DUMPS.items():
        path = pathlib.Path(data or "/nonexistent", name)
        if path.is_file():
            counts = numpy.fromfile(path, "<u2").reshape(height, width)
            found[path.parent.name] = levelled(crop(counts, origin), black, white)
        else:
            print(f"skipped: {name} (set L2L_TEST_DATA to the folder of raw files)")
    if CANON.is_file():
        found["canon-eos-30d"] = canon(program)
    else:
        print(f"skipped: {CANON} (package rawtran-doc)")
    return found

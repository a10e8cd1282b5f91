"""Makes the goldens that come from SciPy, scikit-image and colour-demosaicing, to be run by the
Python that tests/venv.sh prints: $(sh tests/venv.sh) tests/golden/make.py

The mosaics are random or synthetic; all values are made in float64."""
import numpy
from scipy.ndimage import gaussian_filter, median_filter
from skimage.filters import unsharp_mask

import reference
import store

DRONE = {"black": (0.0625, 0.0626, 0.0625, 0.0626),
         "gain": (2.86653646, 1, 1.73079425),
         "matrix": (1.50768983, -0.33571374, -0.17197604, -0.23048614, 1.70698738, -0.47650126,
                    -0.03119153, -0.32803956, 1.35923111)}

# Our names of borders, SciPy's.
BORDERS = {"mirror": "mirror", "symmetric": "reflect", "replicate": "nearest", "zero": "constant"}

FILTERS = {
    "gaussian": lambda x, mode: gaussian_filter(x, 0.6, mode=mode, radius=2),
    "median": lambda x, mode: median_filter(x, 3, mode=mode),
    "median5": lambda x, mode: median_filter(x, 5, mode=mode),
    "unsharp": lambda x, mode: x + 0.8 * (x - gaussian_filter(x, 1.1, mode=mode, radius=4)),
}
PARAMS = {"gaussian": {"denoise__sigma": [0.6]}, "unsharp": {"sharpen__amount": [0.8],
                                                              "sharpen__sigma": [1.1]}}


def scene(rng, height, width):
    """A synthetic mosaic: gradients, a disc and noise, so that filters see edges and flats."""
    y, x = numpy.mgrid[:height, :width]
    disc = (y - height / 2) ** 2 + (x - width / 3) ** 2 < (height / 4) ** 2
    picture = 0.1 + 0.3 * x / width + 0.2 * y / height + 0.2 * disc
    return store.single(picture + rng.normal(0, 0.03, (height, width)))


def static(case, mosaic, **parts):
    image = reference.develop(mosaic.astype(numpy.float64), **parts, **DRONE)
    store.write(case, src=mosaic, image=store.single(image), black_level__level=DRONE["black"],
                white_balance__gain=DRONE["gain"], color_matrix__matrix=DRONE["matrix"])


def statics(seed):
    mosaic = scene(numpy.random.default_rng(seed), 33, 46)
    for sharpen in reference.SHARPENERS:
        for denoise in reference.DENOISERS:
            static(f"static_{sharpen}_{denoise}", mosaic, sharpen=sharpen, denoise=denoise)
    static("static_malvar2004", mosaic, demosaic="malvar2004", sharpen="unsharp_masking",
           denoise="gaussian_denoising")


def demosaic(name, seed):
    mosaic = store.single(numpy.random.default_rng(seed).uniform(0, 1, (15, 18)))
    for cfa in ("RGGB", "BGGR", "GRBG", "GBRG"):
        image = reference.DEMOSAICERS[name](mosaic.astype(numpy.float64), cfa)
        store.write(name + "_" + cfa, src=mosaic, image=image.transpose(2, 0, 1))


def filters(seed):
    plane = store.single(numpy.random.default_rng(seed).uniform(0, 1, (17, 20)))
    for name, apply in FILTERS.items():
        for border, mode in BORDERS.items():
            image = apply(plane.astype(numpy.float64), mode)
            store.write(name + "_" + border, src=plane, image=image, **PARAMS.get(name, {}))
    image = unsharp_mask(plane.astype(numpy.float64), 1, 1, preserve_range=True)
    store.write("unsharp_reference", src=plane, image=image, sharpen__amount=[1.0],
                sharpen__sigma=[1.0])


if __name__ == "__main__":
    statics(11)
    demosaic("bilinear", 12)
    filters(13)
    demosaic("malvar2004", 14)

"""Lens2Logit's static pipelines from colour-demosaicing, SciPy and scikit-image.

The filters are the correct two-dimensional ones on the luma plane, with the borders that these
packages have by default (Lens2Logit's own unsharp mask filters one direction only)."""
import numpy
from colour_demosaicing import demosaicing_CFA_Bayer_bilinear, demosaicing_CFA_Bayer_Malvar2004
from scipy.ndimage import gaussian_filter, median_filter
from scipy.signal import convolve2d
from skimage.color import rgb2yuv, yuv2rgb
from skimage.filters import unsharp_mask

SHARPEN = numpy.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], dtype=numpy.float64)

DEMOSAICERS = {
    "bilinear": demosaicing_CFA_Bayer_bilinear,
    "malvar2004": demosaicing_CFA_Bayer_Malvar2004,
}
# preserve_range: the linear filter alone, without scikit-image's clipping of its result.
SHARPENERS = {
    "sharpening_filter": lambda y: convolve2d(y, SHARPEN, "same", "fill", 0),
    "unsharp_masking": lambda y: unsharp_mask(y, radius=1, amount=1, preserve_range=True),
}
DENOISERS = {
    "gaussian_denoising": lambda y: gaussian_filter(y, 0.5),
    "median_denoising": lambda y: median_filter(y, 3),
}


def by_phase(values, shape):
    """Repeats four values, one for each position in the 2x2 period, over an image."""
    return numpy.tile(numpy.reshape(values, (2, 2)),
                      ((shape[0] + 1) // 2, (shape[1] + 1) // 2))[:shape[0], :shape[1]]


def develop(mosaic, black, gain, matrix, sharpen, denoise, demosaic="bilinear", cfa="RGGB",
            gamma=2.2):
    """(H,W) float64 -> (3,H,W)."""
    linear = mosaic - by_phase(black, mosaic.shape)
    rgb = numpy.asarray(DEMOSAICERS[demosaic](linear, cfa), dtype=numpy.float64)
    rgb = (rgb * numpy.asarray(gain)) @ numpy.reshape(matrix, (3, 3)).T
    yuv = rgb2yuv(rgb)
    yuv[..., 0] = DENOISERS[denoise](SHARPENERS[sharpen](yuv[..., 0]))
    image = numpy.clip(yuv2rgb(yuv), 0, 1) ** (1 / gamma)
    return image.transpose(2, 0, 1)

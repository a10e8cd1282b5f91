"""Lens2Logit's parametrised pipeline in NumPy, in the luma form, to be timed beside ours.

Forward only. Filters are sums of shifted arrays. NumPy computes these on one thread.
"""
import peer
from constants import GAINS, GAMMA, K_G, K_RB, K_SHARP, LEVELS, LUMA, MATRIX

np = peer.need("numpy")


def filtered(planes, kernel, mode):
    """Cross-correlates the last two axes."""
    radius = len(kernel) // 2
    edges = [(0, 0)] * (planes.ndim - 2) + [(radius, radius)] * 2
    padded = np.pad(planes, edges, mode=mode)
    height, width = planes.shape[-2:]
    result = np.zeros_like(planes)
    for y, row in enumerate(kernel):
        for x, tap in enumerate(row):
            if tap:
                result += np.float32(tap) * padded[..., y:y + height, x:x + width]
    return result


def gaussian(size=5, sigma=0.5):
    taps = np.exp(-(np.arange(size) - size // 2) ** 2 / (2 * sigma ** 2))
    taps /= taps.sum()
    return np.outer(taps, taps)


def pipeline(mosaic):
    rgb = np.zeros((mosaic.shape[0], 3, *mosaic.shape[1:]), np.float32)
    for position, channel in enumerate((0, 1, 1, 2)):
        y, x = divmod(position, 2)
        rgb[:, channel, y::2, x::2] = mosaic[:, y::2, x::2] - np.float32(LEVELS[position])
    for channel, kernel in enumerate((K_RB, K_G, K_RB)):
        rgb[:, channel] = filtered(rgb[:, channel], kernel, "reflect")
    color = np.array(MATRIX) * np.array(GAINS)
    rgb = np.einsum("kc,bchw->bkhw", color.astype(np.float32), rgb, optimize=True)
    luma = np.einsum("c,bchw->bhw", np.array(LUMA, np.float32), rgb)
    sharp = filtered(luma, K_SHARP, "constant")
    rgb += (filtered(sharp, gaussian(), "reflect") - luma)[:, np.newaxis]
    return np.clip(rgb, 1e-5, 1) ** np.float32(1 / GAMMA)


def prepare(count, height, width):
    mosaic = np.random.default_rng(1).random((count, height, width), np.float32)
    return {"forward": lambda: pipeline(mosaic)}


if __name__ == "__main__":
    peer.main(__doc__, np.__version__, lambda threads: None, prepare)

"""The nearest chain of OpenCV's functions, to be timed beside ours.

Forward only, an image at a time: bilinear demosaic of 16-bit samples, colours as floats, sharpening
and blur of the luma plane, clip and power.
"""
import peer
from constants import GAINS, GAMMA, K_SHARP, LEVELS, LUMA, MATRIX

np = peer.need("numpy")
cv2 = peer.need("cv2")

COLOR = np.array(MATRIX) * np.array(GAINS)
OFFSET = -COLOR @ np.array(LEVELS)[[0, 1, 3]]
FROM_SAMPLES = np.column_stack([COLOR / 65535, OFFSET]).astype(np.float32)
TO_LUMA = np.array([LUMA], np.float32)
SHARP = np.array(K_SHARP, np.float32)


def image(mosaic):
    rgb = cv2.cvtColor(mosaic, cv2.COLOR_BayerRGGB2RGB).astype(np.float32)
    rgb = cv2.transform(rgb, FROM_SAMPLES)
    luma = cv2.transform(rgb, TO_LUMA)
    sharp = cv2.filter2D(luma, -1, SHARP, borderType=cv2.BORDER_CONSTANT)
    blurred = cv2.GaussianBlur(sharp, (5, 5), 0.5, borderType=cv2.BORDER_REFLECT_101)
    rgb = cv2.add(rgb, cv2.merge([blurred - luma] * 3))
    return cv2.pow(np.clip(rgb, 1e-5, 1), 1 / GAMMA)


def prepare(count, height, width):
    generator = np.random.default_rng(1)
    mosaics = generator.integers(0, 65536, (count, height, width), dtype=np.uint16)
    return {"forward": lambda: [image(mosaic) for mosaic in mosaics]}


if __name__ == "__main__":
    peer.main(__doc__, cv2.__version__, cv2.setNumThreads, prepare)

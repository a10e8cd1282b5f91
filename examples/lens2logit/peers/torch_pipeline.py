"""Lens2Logit's parametrised pipeline as its PyTorch code is built, to be timed beside ours.

The structure is the published one: zero-filled RGB, a 3->3 convolution with reflect padding, white
balance and colour matrix by einsum, RGB to YUV, sharpening (zero padding) and blur (reflect
padding) of Y, back to RGB, clip and power.
"""
import peer
from constants import GAINS, GAMMA, K_G, K_RB, K_SHARP, LEVELS, MATRIX

torch = peer.need("torch")
nn = torch.nn

RGB_TO_YUV = ((0.299, 0.587, 0.114),
              (-0.14714119, -0.28886916, 0.43601035),
              (0.61497538, -0.51496512, -0.10001026))
YUV_TO_RGB = ((1, 0, 1.13988303), (1, -0.394642334, -0.58062185), (1, 2.03206185, 0))


def gaussian(size=5, sigma=0.5):
    x = torch.arange(size) - size // 2
    taps = torch.exp(-x.double() ** 2 / (2 * sigma ** 2))
    taps /= taps.sum()
    return torch.outer(taps, taps).float()


class Debayer(nn.Module):
    """Zero-filled RGB, then a dense convolution that begins as bilinear interpolation."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1, padding_mode="reflect", bias=False)
        with torch.no_grad():
            self.conv.weight.zero_()
            for channel, kernel in enumerate((K_RB, K_G, K_RB)):
                self.conv.weight[channel, channel] = torch.tensor(kernel)

    def forward(self, mosaic):
        rgb = torch.zeros(mosaic.shape[0], 3, *mosaic.shape[1:])
        rgb[:, 0, 0::2, 0::2] = mosaic[:, 0::2, 0::2]
        rgb[:, 1, 0::2, 1::2] = mosaic[:, 0::2, 1::2]
        rgb[:, 1, 1::2, 0::2] = mosaic[:, 1::2, 0::2]
        rgb[:, 2, 1::2, 1::2] = mosaic[:, 1::2, 1::2]
        return self.conv(rgb)


def luma_filter(kernel, **padding):
    size = kernel.shape[0]
    conv = nn.Conv2d(1, 1, size, padding=size // 2, bias=False, **padding)
    with torch.no_grad():
        conv.weight[0, 0] = kernel
    return conv


class Pipeline(nn.Module):
    def __init__(self):
        super().__init__()
        self.black_level = nn.Parameter(torch.tensor(LEVELS))
        self.debayer = Debayer()
        self.white_balance = nn.Parameter(torch.tensor(GAINS))
        self.color_matrix = nn.Parameter(torch.tensor(MATRIX))
        self.sharpen = luma_filter(torch.tensor(K_SHARP))
        self.blur = luma_filter(gaussian(), padding_mode="reflect")
        self.gamma = nn.Parameter(torch.tensor([GAMMA]))
        self.register_buffer("to_yuv", torch.tensor(RGB_TO_YUV))
        self.register_buffer("to_rgb", torch.tensor(YUV_TO_RGB))

    def forward(self, mosaic):
        level = torch.zeros_like(mosaic)
        for position in range(4):
            level[:, position // 2::2, position % 2::2] = self.black_level[position]
        rgb = self.debayer(mosaic - level)
        rgb = torch.einsum("bchw,c->bchw", rgb, self.white_balance)
        rgb = torch.einsum("bchw,kc->bkhw", rgb, self.color_matrix)
        yuv = torch.einsum("bchw,kc->bkhw", rgb, self.to_yuv)
        for conv in (self.sharpen, self.blur):
            yuv = torch.cat((conv(yuv[:, :1]), yuv[:, 1:]), 1)
        rgb = torch.einsum("bchw,kc->bkhw", yuv, self.to_rgb)
        return torch.clip(rgb, 1e-5, 1) ** (1 / self.gamma)


def prepare(count, height, width):
    pipeline = Pipeline()
    mosaic = torch.rand(count, height, width).requires_grad_()
    cotangent = torch.randn(count, 3, height, width)

    def forward():
        with torch.no_grad():
            pipeline(mosaic)

    def both():
        mosaic.grad = None
        pipeline.zero_grad(set_to_none=True)
        pipeline(mosaic).backward(cotangent)

    return {"forward": forward, "forward_backward": both}


if __name__ == "__main__":
    peer.main(__doc__, torch.__version__, torch.set_num_threads, prepare)

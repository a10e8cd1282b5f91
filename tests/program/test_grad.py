"""grad: its files, and its gradients against differences of its own loss."""
import json
import os

from support import ProgramTest, main, noise, read_npy, read_png, write_dng, write_npy, write_png

SLICES = {"black_level.level": 4, "demosaic.weight": 81, "white_balance.gain": 3,
          "color_matrix.matrix": 9, "sharpen.kernel": 9, "denoise.kernel": 25, "gamma.gamma": 1}
HEIGHT, WIDTH = 7, 9
# 8x8 pixels of (200, 100, 50), a baseline JPEG.
JPEG = bytes.fromhex(
    "ffd8ffdb004300" + "01" * 64 + "ffdb004301" + "01" * 64 +
    "ffc00011080008000803012200021101031101ffc4001500010100000000000000000000000000000006"
    "ffc40014100100000000000000000000000000000000ffc40014010100000000000000000000000000000009"
    "ffc40014110100000000000000000000000000000000ffda000c03010002110311003f009f00579b07ffd9")


class Grad(ProgramTest):
    def setUp(self):
        super().setUp()
        self.values = noise(HEIGHT * WIDTH)
        write_npy(self.at("m.npy"), (HEIGHT, WIDTH), self.values)

    def grad(self, *options, source="m.npy", folder="g"):
        self.ok("grad", self.at(source), "-o", self.at(folder), *options)

    def loss(self, *options, source="m.npy"):
        self.grad("--dtype", "f64", "--no-stages", *options, source=source, folder="l")
        return self.json("l/loss.json")["value"]

    def json(self, name):
        with open(self.at(name)) as file:
            return json.load(file)

    def check_gradients(self, *options):
        """Every kind of parameter, and some of the mosaic, against central differences."""
        self.grad("--dtype", "f64", *options)
        grads, params = self.json("g/grad_params.json"), self.json("g/plan.json")["params"]
        self.assertEqual({name: len(values) for name, values in grads.items()}, SLICES)
        step, checked = 1e-5, 0
        for name, values in grads.items():
            for i in {0, len(values) // 2, len(values) - 1}:
                losses = []
                for sign in (1, -1):
                    moved = list(params[name])
                    moved[i] += sign * step
                    with open(self.at("p.json"), "w") as file:
                        json.dump({"lens2logit": 1, "params": {name: moved}}, file)
                    losses.append(self.loss(*options, "--params", self.at("p.json")))
                difference = (losses[0] - losses[1]) / (2 * step)
                scale = max(map(abs, values))
                self.assertAlmostEqual(values[i] / scale, difference / scale, delta=2e-5, msg=name)
                checked += abs(values[i]) > 0.01 * scale
        self.assertGreater(checked, len(SLICES), "most of what is compared is not near zero")
        descr, shape, mosaic = read_npy(self.at("g/grad_mosaic.npy"))
        self.assertEqual((descr, shape), ("<f8", (HEIGHT, WIDTH)))
        scale = max(map(abs, mosaic))
        for i in (0, 10, 31, HEIGHT * WIDTH - 1):
            losses = []
            for sign in (1, -1):
                moved = list(self.values)
                moved[i] += sign * step
                write_npy(self.at("moved.npy"), (HEIGHT, WIDTH), moved)
                losses.append(self.loss(*options, source="moved.npy"))
            difference = (losses[0] - losses[1]) / (2 * step)
            self.assertAlmostEqual(mosaic[i] / scale, difference / scale, delta=2e-5)

    def soft(self):
        """Parameters that keep all values away from the limits of clip."""
        kernel = [0, -0.1, 0, -0.1, 1.4, -0.1, 0, -0.1, 0]
        with open(self.at("camera.json"), "w") as file:
            json.dump({"lens2logit": 1, "params": {
                "sharpen.kernel": kernel, "white_balance.gain": [0.8, 0.7, 0.75],
                "black_level.level": [0.01, 0.02, 0.03, 0.01]}}, file)
        return "--camera", self.at("camera.json"), "--border", "mirror"

    def test_contrast(self):
        self.check_gradients(*self.soft())
        _, _, image = read_npy(self.at("g/image.npy"))
        count = HEIGHT * WIDTH
        luma = [0.299 * image[i] + 0.587 * image[count + i] + 0.114 * image[2 * count + i]
                for i in range(count)]
        mean = sum(luma) / count
        deviation = (sum((v - mean) ** 2 for v in luma) / count) ** 0.5
        self.assertAlmostEqual(self.json("g/loss.json")["value"], deviation, places=12)

    def test_target(self):
        target = noise(3 * HEIGHT * WIDTH, 5)
        write_npy(self.at("t.npy"), (3, HEIGHT, WIDTH), target)
        self.check_gradients(*self.soft(), "--target", self.at("t.npy"))
        image, seed = read_npy(self.at("g/image.npy"))[2], read_npy(self.at("g/grad_image.npy"))[2]
        loss = sum((y - t) ** 2 for y, t in zip(image, target)) / len(target)
        self.assertAlmostEqual(self.json("g/loss.json")["value"], loss, places=12)
        for got, y, t in zip(seed, image, target):
            self.assertAlmostEqual(got, 2 * (y - t) / len(target), places=14)

    def test_cotangent(self):
        cotangent = [v - 0.5 for v in noise(3 * HEIGHT * WIDTH, 7)]
        write_npy(self.at("c.npy"), (3, HEIGHT, WIDTH), cotangent)
        self.check_gradients(*self.soft(), "--cotangent", self.at("c.npy"))
        self.assertEqual(list(read_npy(self.at("g/grad_image.npy"))[2]), cotangent)

    def test_fortran_order_and_single_precision_are_read(self):
        count = HEIGHT * WIDTH
        cotangent = [round(v * 64) / 64 for v in noise(3 * count, 7)]
        write_npy(self.at("c.npy"), (3, HEIGHT, WIDTH), cotangent)
        self.grad("--cotangent", self.at("c.npy"), "--dtype", "f64")
        expected = read_npy(self.at("g/grad_mosaic.npy"))
        turned = [cotangent[c * count + y * WIDTH + x] for x in range(WIDTH)
                  for y in range(HEIGHT) for c in range(3)]
        write_npy(self.at("c.npy"), (3, HEIGHT, WIDTH), turned, "<f4", fortran=True)
        self.grad("--cotangent", self.at("c.npy"), "--dtype", "f64")
        self.assertEqual(read_npy(self.at("g/grad_mosaic.npy")), expected)

    def test_its_files(self):
        self.grad()
        names = ["black_level", "demosaic", "white_balance", "color_matrix", "sharpen", "denoise",
                 "clip", "gamma"]
        stages = sorted(f"{i:02d}_{name}.{kind}" for i, name in enumerate(names)
                        for kind in ("npy", "png"))
        self.assertEqual(sorted(os.listdir(self.at("g"))), sorted([
            "gradients", "stages", "grad_image.npy", "grad_image.png", "grad_mosaic.npy",
            "grad_mosaic.png", "grad_params.json", "image.npy", "image.png", "index.html",
            "loss.json", "plan.json"]))
        self.assertEqual(sorted(os.listdir(self.at("g/stages"))), stages)
        self.assertEqual(sorted(os.listdir(self.at("g/gradients"))), stages)
        with open(self.at("g/index.html")) as file:
            page = file.read()
        for name in stages:
            if name.endswith(".png"):
                self.assertIn(f"stages/{name}", page)
                self.assertIn(f"gradients/{name}", page)
        self.assertEqual(read_npy(self.at("g/image.npy"))[:2], ("<f4", (3, HEIGHT, WIDTH)))
        self.assertEqual(read_npy(self.at("g/stages/07_gamma.npy")), read_npy(self.at("g/image.npy")))
        self.assertEqual(read_npy(self.at("g/gradients/07_gamma.npy")),
                         read_npy(self.at("g/grad_image.npy")))
        # Black level passes the gradient of the mosaic on unchanged.
        self.assertEqual(read_npy(self.at("g/gradients/00_black_level.npy"))[2],
                         read_npy(self.at("g/grad_mosaic.npy"))[2])
        picture = read_png(self.at("g/grad_mosaic.png"))
        self.assertEqual(picture[:4], (WIDTH, HEIGHT, 3, 8))
        for value, rgb in zip(read_npy(self.at("g/grad_mosaic.npy"))[2],
                              zip(*[iter(picture[4])] * 3)):
            if value > 0:
                self.assertGreaterEqual(rgb[0], rgb[2], "red is positive")
            else:
                self.assertGreaterEqual(rgb[2], rgb[0], "blue is negative")

    def test_a_target_picture_is_upright(self):
        samples = [int(300 + 3000 * v) for v in noise(24 * 32)]
        write_dng(self.at("turned.dng"), 32, 24, samples, orientation=6)
        self.ok("develop", self.at("turned.dng"), "-o", self.at("t.png"), "--preset", "lens2logit")
        width, height, _, _, values = read_png(self.at("t.png"))
        self.assertEqual((width, height), (24, 32))
        self.assertLess(self.loss("--target", self.at("t.png"), source="turned.dng"), 1e-9)
        write_png(self.at("r.png"), width, height, 3, 16, values[::-1])
        self.assertGreater(self.loss("--target", self.at("r.png"), source="turned.dng"), 1e-4)

    def test_a_jpeg_target(self):
        write_npy(self.at("flat.npy"), (8, 8), [0.5] * 64)
        with open(self.at("t.jpg"), "wb") as file:
            file.write(JPEG)
        loss = self.loss("--preset", "static/bilinear/unsharp_masking/gaussian_denoising",
                         "--target", self.at("t.jpg"), source="flat.npy")
        image = 0.5 ** (1 / 2.2)
        expected = sum((image - v / 255) ** 2 for v in (200, 100, 50)) / 3
        self.assertAlmostEqual(loss, expected, delta=5e-3)
        with open(self.at("t.jpg"), "wb") as file:
            file.write(JPEG[:150])
        self.fails(1, "grad", self.at("flat.npy"), "-o", self.at("g"), "--target", self.at("t.jpg"),
                   says="cannot read")

    def test_what_does_not_fit_is_refused(self):
        write_npy(self.at("t.npy"), (3, HEIGHT, WIDTH + 1), noise(3 * HEIGHT * (WIDTH + 1)))
        for option in ("--target", "--cotangent"):
            self.fails(1, "grad", self.at("m.npy"), "-o", self.at("g"), option, self.at("t.npy"),
                       says=f"{HEIGHT}x{WIDTH}")
        write_npy(self.at("t.npy"), (HEIGHT, WIDTH), self.values)
        self.fails(1, "grad", self.at("m.npy"), "-o", self.at("g"), "--target", self.at("t.npy"))
        write_npy(self.at("t.npy"), (3, HEIGHT, WIDTH), [float("nan")] * (3 * HEIGHT * WIDTH))
        for option in ("--target", "--cotangent"):
            self.fails(1, "grad", self.at("m.npy"), "-o", self.at("g"), option, self.at("t.npy"),
                       says="nan at channel 0")
        self.assertFalse(os.path.exists(self.at("g/grad_params.json")))


main()

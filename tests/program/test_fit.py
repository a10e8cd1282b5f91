"""fit: from a neutral start to a known look, and to the preview of a real photograph."""
import json
import os

from support import (CR2, ProgramTest, main, noise, read_npy, read_png, skip_without, write_dng,
                     write_npy)


class Fit(ProgramTest):
    def json(self, name):
        with open(self.at(name)) as file:
            return json.load(file)

    def scene(self, width, height):
        """A DNG of soft coloured blobs with some texture."""
        blobs = noise(60, 3)
        grain = noise(width * height, 4)
        samples = []
        for y in range(height):
            for x in range(width):
                color = (0, 1, 1, 2)[2 * (y % 2) + x % 2]
                value = 0.1
                for k in range(0, 60, 6):
                    distance = ((x / width - blobs[k]) ** 2 + (y / height - blobs[k + 1]) ** 2)
                    value += 0.5 * blobs[k + 2 + color] / (1 + 60 * distance)
                value = min(value, 1) * (0.5, 1, 0.7)[color] * (0.98 + 0.04 * grain[y * width + x])
                samples.append(int(256 + 3800 * min(value, 1)))
        write_dng(self.at("scene.dng"), width, height, samples)

    def test_a_known_look_is_found(self):
        self.scene(160, 120)
        self.ok("develop", self.at("scene.dng"), "-o", self.at("target.png"))
        out = self.ok("fit", self.at("scene.dng"), "--target", self.at("target.png"), "-o",
                      self.at("fit"), "--steps", "300").out
        record = self.json("fit/fit.json")
        self.assertIn("times less", out)
        self.assertLess(record["loss_after"], record["loss_before"] / 10)
        self.assertGreater(record["psnr_after"], 30)
        self.assertEqual(len(record["losses"]), 300)
        self.assertAlmostEqual(record["losses"][0], record["loss_before"])
        self.assertEqual(sorted(os.listdir(self.at("fit"))), [
            "after.png", "after_full.png", "before.png", "comparison.png", "fit.json", "plan.json",
            "target.png"])
        width, height = read_png(self.at("fit/after.png"))[:2]
        self.assertEqual(read_png(self.at("fit/comparison.png"))[:2], (3 * width + 16, height))
        # The plan is that of the whole file: it develops the picture that was written.
        self.ok("develop", self.at("scene.dng"), "--plan", self.at("fit/plan.json"), "-o",
                self.at("again.png"), "--depth", "8")
        self.assertEqual(read_png(self.at("again.png")), read_png(self.at("fit/after_full.png")))

    def test_a_shifted_target_is_aligned(self):
        self.scene(160, 120)
        self.ok("develop", self.at("scene.dng"), "-o", self.at("t.npy"))
        image = read_npy(self.at("t.npy"))[2]
        part = [image[(c * 120 + y) * 160 + x] for c in range(3) for y in range(16, 112)
                for x in range(24, 152)]
        write_npy(self.at("part.npy"), (3, 96, 128), part)
        self.ok("fit", self.at("scene.dng"), "--target", self.at("part.npy"), "-o", self.at("fit"),
                "--steps", "2", "-q")
        record = self.json("fit/fit.json")
        for name, expected in (("area_left", 24), ("area_top", 16), ("area_width", 128),
                               ("area_height", 96)):
            self.assertAlmostEqual(record[name], expected, delta=2, msg=name)
        self.assertGreater(record["correlation"], 0.98)

    def test_no_preview_and_no_target_is_a_sentence(self):
        write_npy(self.at("m.npy"), (32, 32), noise(1024))
        self.fails(1, "fit", self.at("m.npy"), "-o", self.at("fit"), says="give a --target IMAGE")

    def test_the_preview_of_a_photograph(self):
        skip_without(CR2, "the fit to a real preview")
        self.ok("fit", CR2, "-o", self.at("fit"))
        record = self.json("fit/fit.json")
        self.assertEqual(read_png(self.at("fit/target.png"))[:2], (576, 384))
        self.assertLess(record["loss_after"], record["loss_before"] / 10)
        self.assertGreater(record["psnr_after"], 24)


main()

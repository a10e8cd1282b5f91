"""bench and info: their tables."""
import json

from support import ProgramTest, main, noise, write_npy


class Bench(ProgramTest):
    SMALL = ("--size", "64x48", "--repeat", "1", "--threads", "2")

    def test_json_has_every_stage_and_plan(self):
        for dtype in ("f32", "f64"):
            table = json.loads(self.ok("bench", *self.SMALL, "--json", "--dtype", dtype,
                                       "--batch", "2").out)
            self.assertEqual((table["width"], table["height"], table["batch"], table["threads"],
                              table["dtype"]), (64, 48, 2, 2, dtype))
            names = [row["name"] for row in table["rows"]]
            for name in ("black_level", "demosaic.bilinear", "demosaic.linear",
                         "demosaic.superpixel", "white_balance", "color_matrix", "sharpen.kernel",
                         "sharpen.unsharp", "denoise.kernel", "denoise.gaussian", "denoise.median",
                         "clip", "gamma", "additive", "normalize.given", "normalize.batch",
                         "lens2logit", "static/bilinear/unsharp_masking/median_denoising"):
                self.assertIn(name, names)
            for row in table["rows"]:
                for key in ("forward", "backward", "both"):
                    time = row[key]["ns_per_pixel"]
                    self.assertGreater(time, 0)
                    self.assertAlmostEqual(row[key]["mp_per_s"] * time, 1000, delta=1e-6)
                both = row["forward"]["ns_per_pixel"] + row["backward"]["ns_per_pixel"]
                self.assertAlmostEqual(row["both"]["ns_per_pixel"] / both, 1, delta=1e-9)

    def test_table_and_one_preset(self):
        lines = self.ok("bench", *self.SMALL).out.splitlines()
        self.assertIn("64x48 f32, 2 threads", lines[0])
        self.assertEqual(len(lines), 3 + 16 + 5)
        lines = self.ok("bench", *self.SMALL, "--preset", "lens2logit").out.splitlines()
        self.assertEqual(len(lines), 3 + 1)
        self.assertEqual(lines[3].split()[0], "lens2logit")
        self.assertEqual(len(lines[3].split()), 7)
        self.fails(1, "bench", *self.SMALL, "--preset", "static/nothing")

    def test_info_of_an_array(self):
        write_npy(self.at("m \"é\".npy"), (6, 8), noise(48))
        info = json.loads(self.ok("info", self.at("m \"é\".npy"), "--cfa", "gbrg").out)
        self.assertEqual((info["reader"], info["width"], info["height"], info["cfa"]),
                         ("npy", 8, 6, "GBRG"))
        self.assertEqual(info["file"], self.at("m \"é\".npy"))
        self.assertIsNone(info["gain"])
        self.assertIsNone(info["preview"])


main()

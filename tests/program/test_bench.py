"""bench and info: their tables."""
import json
import xml.etree.ElementTree

from support import ProgramTest, main, noise, write_npy


STAGES = ["black_level", "demosaic.bilinear", "demosaic.linear", "demosaic.superpixel",
          "demosaic.malvar2004", "white_balance", "color_matrix", "sharpen.kernel", "sharpen.unsharp",
          "denoise.kernel", "denoise.gaussian", "denoise.median", "clip", "gamma", "additive",
          "normalize.given", "normalize.batch"]
PASSES = ("forward", "backward", "both")  # of a stage; a plan has "loss" too
PLAN_PASSES = (*PASSES, "loss")


class Bench(ProgramTest):
    SMALL = ("--size", "64x48", "--repeat", "1", "--threads", "2")

    def table(self, *arguments):
        return json.loads(self.ok("bench", *arguments, "--json").out)

    def check_row(self, row, table):
        pixels = table["batch"] * row["width"] * row["height"]
        plan = row["name"] == "lens2logit" or row["name"].startswith("static/")
        timed = PLAN_PASSES if plan else PASSES
        self.assertEqual(tuple(key for key in PLAN_PASSES if key in row), timed)
        for key in timed:
            one = row[key]
            seconds = one["ns_per_pixel"] * pixels * 1e-9
            self.assertGreater(seconds, 0)
            self.assertAlmostEqual(one["mp_per_s"] * one["ns_per_pixel"], 1000, delta=1e-6)
            self.assertAlmostEqual(one["gb_per_s"] * 1e9 * seconds / one["bytes"], 1, delta=1e-9)
            self.assertAlmostEqual(one["of_copy"] * table["copy_gb_per_s"] / one["gb_per_s"], 1,
                                   delta=1e-9)
        self.assertEqual(row["both"]["bytes"], row["forward"]["bytes"] + row["backward"]["bytes"])
        if plan:  # the image too, but neither it nor the mosaic twice
            self.assertGreater(row["loss"]["bytes"], row["backward"]["bytes"])
            self.assertLess(row["loss"]["bytes"], row["both"]["bytes"])
            self.assertLess(row["loss"]["bytes"], row["array_bytes"])
        self.assertGreater(row["array_bytes"], row["forward"]["bytes"])

    def test_json_has_every_stage_and_plan(self):
        for dtype, size in (("f32", 4), ("f64", 8)):
            table = self.table(*self.SMALL, "--dtype", dtype, "--batch", "2")
            self.assertEqual([table[key] for key in ("batch", "threads", "dtype", "input", "output")],
                             [2, 2, dtype, dtype, dtype])
            self.assertGreater(table["copy_gb_per_s"], 0)
            self.assertGreater(table["peak_gflop_per_s"], 0)
            self.assertNotIn("peers", table)
            rows = {row["name"]: row for row in table["rows"]}
            for name in STAGES + ["lens2logit", "static/bilinear/unsharp_masking/median_denoising"]:
                self.assertIn(name, rows)
            for row in table["rows"]:
                self.assertEqual((row["width"], row["height"]), (64, 48))
                self.assertEqual([row[key]["calls"] for key in PASSES], [1, 1, 1])
                self.check_row(row, table)
            pixels = 2 * 64 * 48
            self.assertEqual(rows["black_level"]["forward"]["bytes"], 2 * size * pixels)
            self.assertEqual(rows["black_level"]["backward"]["bytes"], 3 * size * pixels)
            self.assertEqual(rows["lens2logit"]["both"]["bytes"], (4 + 5) * size * pixels)
            one_pass = rows["lens2logit"]["loss"]
            self.assertEqual(one_pass["bytes"], (5 + 3) * size * pixels)
            self.assertEqual(one_pass["calls"], 1)
            self.assertAlmostEqual(one_pass["gflop_per_s"] * one_pass["ns_per_pixel"], 533 + 4 * 3,
                                   delta=1e-6)
            self.assertNotIn("gflop_per_s", rows["denoise.median"]["forward"])
            gamma = rows["gamma"]["forward"]
            self.assertAlmostEqual(gamma["gflop_per_s"] * gamma["ns_per_pixel"], 60, delta=1e-6)

    def test_types_of_input_and_image(self):
        sizes = {"u8": 1, "u16": 2, "f16": 2, "bf16": 2, "f32": 4, "raw10": 1.25, "raw12": 1.5,
                 "bits14": 1.75}
        for source, image in (("u8", "u8"), ("u16", "u16"), ("u16", "f16"), ("f32", "bf16"),
                              ("u16", "f32"), ("raw10", "f32"), ("raw12", "u8"), ("bits14", "f32")):
            table = self.table("--preset", "lens2logit", *self.SMALL, "--input", source, "--output",
                               image)
            self.assertEqual((table["input"], table["output"]), (source, image))
            row, = table["rows"]
            self.check_row(row, table)
            pixels = 64 * 48
            self.assertEqual(row["forward"]["bytes"], (sizes[source] + 3 * sizes[image]) * pixels)
            cotangent = 4 if image in ("u8", "u16") else sizes[image]
            self.assertEqual(row["backward"]["bytes"],
                             (sizes[source] + 3 * cotangent + 4) * pixels)

    def test_several_sizes_and_steady_medians(self):
        table = self.table("--preset", "lens2logit", "--threads", "1", "--size", "16x8,1x1",
                           "--size", "33x17")
        self.assertEqual([(row["width"], row["height"]) for row in table["rows"]],
                         [(16, 8), (1, 1), (33, 17)])
        for row in table["rows"]:
            self.assertGreaterEqual(row["forward"]["calls"], 5)
        for size in ("64", "64x", "0x4", "4x4,", ",4x4", "4x4x4", ",".join(["4x4"] * 33)):
            self.fails(2, "bench", "--size", size, says="is not WIDTHxHEIGHT")

    def test_memory_is_the_rows_own(self):
        large, small = self.table("--preset", "lens2logit", "--repeat", "1", "--threads", "2",
                                  "--size", "2000x1500,64x64")["rows"]
        self.assertGreater(large["peak_bytes"], 0.9 * large["array_bytes"])
        self.assertLess(large["peak_bytes"], large["array_bytes"] + (64 << 20))
        self.assertGreater(large["scratch_bytes"], small["scratch_bytes"])
        self.assertLess(small["peak_bytes"], large["array_bytes"] / 4)

    def test_table_and_one_preset(self):
        lines = self.ok("bench", *self.SMALL).out.splitlines()
        self.assertIn("1 x 64x48, f32 in, f32 out, f32, 2 threads", lines[0])
        names = [line.split()[0] for line in lines[2:]]
        self.assertEqual({names.count(name) for name in STAGES}, {len(PASSES)})
        self.assertEqual({names.count(name) for name in set(names) - set(STAGES)},
                         {len(PLAN_PASSES)})
        lines = self.ok("bench", *self.SMALL, "--preset", "lens2logit").out.splitlines()
        self.assertEqual([line.split()[:2] for line in lines[2:]],
                         [["lens2logit", key] for key in PLAN_PASSES])
        self.assertEqual([len(line.split()) for line in lines[2:]], [6, 6, 6, 9])
        self.fails(1, "bench", *self.SMALL, "--preset", "static/nothing")

    def test_options_that_do_not_go_together(self):
        for says, arguments in {
            "--compare is about preset lens2logit": ["--compare", "--preset", "static/a/b/c"],
            "--compare is in single precision": ["--compare", "--dtype", "f64"],
            "--output is for --dtype f32": ["--output", "f32", "--dtype", "f64"],
            "'f64' is none of u8|u16|f32": ["--input", "f64"],
            "--input raw12 is a mosaic": ["--input", "raw12"],
            "'a.png' is none of": ["--output", "a.png"],
        }.items():
            with self.subTest(arguments=arguments):
                self.fails(2, "bench", *arguments, says=says)

    def plot(self, *arguments):
        """What is written in the picture, and how many marks the roofline has."""
        path = self.at("plot.svg")
        self.ok("bench", *self.SMALL, *arguments, "--plot", path)
        root = xml.etree.ElementTree.parse(path).getroot()
        self.assertTrue(root.tag.endswith("svg"))
        width, height = float(root.get("width")), float(root.get("height"))
        for node in root.iter():
            for key, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
                self.assertTrue(0 <= float(node.get(key, 0)) <= most, node.attrib)
        return ([node.text for node in root.iter() if node.tag.endswith("text")],
                len([node for node in root.iter() if node.get("r") == "8"]))

    def test_plot_is_svg_with_every_name(self):
        texts, _ = self.plot("--size", "32x32")
        for text in set(STAGES) - {"denoise.median"} | {"Speed against size", *PLAN_PASSES}:
            self.assertIn(text, texts)
        self.assertEqual(texts.count("lens2logit"), 2)  # a curve and a mark
        texts, marks = self.plot("--preset", "lens2logit")
        self.assertNotIn("Speed against size", texts)  # one size makes no curve
        self.assertEqual(texts.count("lens2logit"), 1)
        self.assertEqual(marks, len(("name", "forward", "backward", "loss")))
        self.assertEqual(self.left_over(), [])
        self.fails(1, "bench", *self.SMALL, "--preset", "lens2logit", "--plot",
                   self.at("nothing/plot.svg"))

    def test_info_of_an_array(self):
        write_npy(self.at("m \"é\".npy"), (6, 8), noise(48))
        info = json.loads(self.ok("info", self.at("m \"é\".npy"), "--cfa", "gbrg").out)
        self.assertEqual((info["reader"], info["width"], info["height"], info["cfa"]),
                         ("npy", 8, 6, "GBRG"))
        self.assertEqual(info["file"], self.at("m \"é\".npy"))
        self.assertIsNone(info["gain"])
        self.assertIsNone(info["preview"])


main()

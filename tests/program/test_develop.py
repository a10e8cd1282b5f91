"""develop: numbers, output files, orientation, many inputs, and every option that changes them."""
import json
import os
import signal
import subprocess
import time

from support import (PROGRAM, ProgramTest, main, noise, read_npy, read_png, read_tiff, write_dng, write_npy,
                     write_png)

GAMMA = 1 / 2.2


class Develop(ProgramTest):
    def develop(self, source, *options):
        """The image as (descr, shape, values)."""
        out = self.at("out.npy")
        self.ok("develop", source, "-o", out, *options)
        return read_npy(out)

    def assertClose(self, got, expected, tolerance):
        self.assertEqual(len(got), len(expected))
        worst = max(abs(a - b) for a, b in zip(got, expected))
        self.assertLessEqual(worst, tolerance)

    def mosaic(self, height=10, width=14, seed=1):
        path = self.at(f"mosaic{seed}.npy")
        write_npy(path, (height, width), noise(height * width, seed))
        return path

    # ---- numbers ----

    def test_a_flat_field_stays_flat_at_every_size_and_phase(self):
        for cfa in ("RGGB", "BGGR", "GRBG", "GBRG"):
            for height, width in ((2, 2), (3, 5), (8, 7), (33, 2)):
                write_npy(self.at("flat.npy"), (height, width), [0.25] * (height * width))
                _, shape, values = self.develop(self.at("flat.npy"), "--cfa", cfa, "--dtype", "f64")
                self.assertEqual(shape, (3, height, width))
                self.assertClose(values, [0.25 ** GAMMA] * len(values), 1e-12)

    def test_integers_are_divided_by_their_largest_value(self):
        counts = [int(1000 * v) for v in noise(48)]
        plain = ("--sharpen", "none", "--denoise", "none", "--dtype", "f64")
        for bits, options in ((16, ()), (10, ("--bits", "10"))):
            write_npy(self.at("f.npy"), (6, 8), [v / (2 ** bits - 1) for v in counts])
            expected = self.develop(self.at("f.npy"), *plain)[2]
            write_npy(self.at("i.npy"), (6, 8), counts, "<u2")
            self.assertClose(self.develop(self.at("i.npy"), *plain, *options)[2], expected, 1e-12)
            write_png(self.at("i.png"), 8, 6, 1, 16, counts)
            self.assertClose(self.develop(self.at("i.png"), *plain, *options)[2], expected, 1e-12)
            with open(self.at("i.raw"), "wb") as file:
                file.write(b"".join(v.to_bytes(2, "little") for v in counts))
            geometry = f"8x6:u16le:RGGB:0:{2 ** bits - 1}"
            self.assertClose(self.develop(self.at("i.raw"), *plain, "--exposure", "0",
                                          "--geometry", geometry)[2], expected, 1e-12)
        bytes_ = [int(255 * v) for v in noise(48)]
        write_npy(self.at("f.npy"), (6, 8), [v / 255 for v in bytes_])
        write_npy(self.at("b.npy"), (6, 8), bytes_, "|u1")
        self.assertClose(self.develop(self.at("b.npy"), *plain)[2],
                         self.develop(self.at("f.npy"), *plain)[2], 1e-12)

    def test_packed_dumps_are_as_good_as_wide_ones(self):
        height, width = 9, 26
        counts = [int(4095 * v) for v in noise(height * width)]
        with open(self.at("wide"), "wb") as file:
            file.write(b"".join(v.to_bytes(2, "little") for v in counts))
        with open(self.at("packed"), "wb") as file:
            for a, b in zip(counts[0::2], counts[1::2]):
                file.write(bytes((a >> 4, b >> 4, a & 15 | (b & 15) << 4)))
        for crop in ((), ("--crop", "4,1,17,6"), ("--crop", "7,2,13,5"), ("--crop", "14x8")):
            wide, packed = (
                self.develop(self.at(name), *crop, "--geometry",
                             f"{width}x{height}:{kind}:GRBG:64:4095")
                for name, kind in (("wide", "u16le"), ("packed", "p12")))
            self.assertEqual(packed, wide)

    def test_dtypes(self):
        source = self.mosaic()
        single, double = self.develop(source), self.develop(source, "--dtype", "f64")
        self.assertEqual((single[0], double[0]), ("<f4", "<f8"))
        self.assertClose(single[2], double[2], 2e-5)

    def test_camera_constants_on_a_flat_field(self):
        write_npy(self.at("flat.npy"), (6, 6), [0.4] * 36)
        black = (0.0625, 0.0626, 0.0626)  # red, green, blue sites of RGGB: blue is the last
        gain = (2.86653646, 1.0, 1.73079425)
        matrix = ((1.50768983, -0.33571374, -0.17197604), (-0.23048614, 1.70698738, -0.47650126),
                  (-0.03119153, -0.32803956, 1.35923111))
        # Both greens: black levels 0.0626 at (0,1), 0.0625 at (1,0); compare where they are equal.
        params = {"lens2logit": 1, "params": {"black_level.level": [0.0625, 0.0626, 0.0626, 0.0626]}}
        with open(self.at("p.json"), "w") as file:
            json.dump(params, file)
        camera = [g * (0.4 - b) for g, b in zip(gain, black)]
        expected = []
        for row in matrix:
            value = sum(m * c for m, c in zip(row, camera))
            expected += [min(max(value, 0), 1) ** GAMMA] * 36
        got = self.develop(self.at("flat.npy"), "--camera", "drone", "--params", self.at("p.json"),
                           "--dtype", "f64")[2]
        self.assertClose(got, expected, 1e-9)

    def test_presets_and_their_parts_are_the_same(self):
        source = self.mosaic()
        parts = ("--demosaic", "linear", "--sharpen", "sharpening_filter", "--denoise", "kernel")
        names = [("lens2logit", parts)]
        for demosaic in ("bilinear", "malvar2004"):
            for sharpen in ("sharpening_filter", "unsharp_masking"):
                for denoise in ("gaussian_denoising", "median_denoising"):
                    names.append((f"static/{demosaic}/{sharpen}/{denoise}",
                                  ("--demosaic", demosaic, "--sharpen", sharpen,
                                   "--denoise", denoise)))
        images = []
        for name, parts in names:
            for border in ("mirror", "symmetric", "replicate", "zero", "reference"):
                options = ("--preset", name, "--border", border, "--dtype", "f64")
                image = self.develop(source, *options)[2]
                self.assertEqual(image, self.develop(source, *options, *parts)[2], (name, border))
                if border in ("mirror", "zero"):
                    images.append(image)
            default = self.develop(source, "--preset", name, "--dtype", "f64")[2]
            self.assertEqual(default, self.develop(source, "--preset", name, "--dtype", "f64",
                                                   *parts)[2], name)
        for i, image in enumerate(images):
            self.assertFalse(image in images[:i], "every preset and border makes another image")

    def test_parts_change_the_image_and_superpixel_halves_it(self):
        source = self.mosaic()
        images = [self.develop(source, *options)[2] for options in
                  ((), ("--sharpen", "none"), ("--denoise", "none"),
                   ("--denoise", "median_denoising"), ("--sharpen", "sharpening_filter"))]
        for i, image in enumerate(images):
            self.assertFalse(image in images[:i])
        # The linear method begins as the bilinear one.
        self.assertClose(self.develop(source, "--demosaic", "linear")[2], images[0], 1e-5)
        self.assertEqual(self.develop(source, "--demosaic", "superpixel")[1], (3, 5, 7))

    def test_threads_and_instruction_sets_do_not_change_the_image(self):
        source = self.mosaic(70, 90)
        one = self.develop(source, "--threads", "1")[2]
        self.assertEqual(one, self.develop(source, "--threads", "7")[2])
        self.assertClose(self.develop(source, "--isa", "baseline")[2], one, 1e-5)

    def test_crops_keep_the_colours(self):
        height, width = 12, 16
        values = noise(height * width)
        write_npy(self.at("all.npy"), (height, width), values)
        part = [values[y * width + x] for y in range(3, 11) for x in range(5, 14)]
        write_npy(self.at("part.npy"), (8, 9), part)
        self.assertEqual(self.develop(self.at("all.npy"), "--crop", "5,3,9,8")[2],
                         self.develop(self.at("part.npy"), "--cfa", "BGGR")[2])
        self.fails(1, "develop", self.at("all.npy"), "-o", self.at("x.npy"), "--crop", "8,8,9,4",
                   says="is not inside the mosaic of 16x12")

    def test_parameters_and_plans_from_files(self):
        source = self.mosaic()
        with open(self.at("p.json"), "w") as file:
            json.dump({"lens2logit": 1, "params": {"gamma.gamma": [1.0]}}, file)
        plain = ("--sharpen", "none", "--denoise", "none", "--dtype", "f64")
        linear = self.develop(source, *plain, "--params", self.at("p.json"))[2]
        self.assertClose(self.develop(source, *plain)[2], [v ** GAMMA for v in linear], 1e-12)
        self.ok("grad", source, "-o", self.at("g"), "--camera", "drone", "--dtype", "f64")
        image = read_npy(self.at("g/image.npy"))[2]
        self.assertEqual(self.develop(source, "--plan", self.at("g/plan.json"), "--dtype", "f64")[2],
                         image)

    def test_a_plan_is_for_its_own_colour_filter_array(self):
        source = self.mosaic()
        self.ok("grad", source, "-o", self.at("g"), "--cfa", "GBRG", "--no-stages")
        self.fails(1, "develop", source, "-o", self.at("x.png"), "--plan", self.at("g/plan.json"),
                   says="is a plan for GBRG mosaics, and")
        self.ok("develop", source, "-o", self.at("x.png"), "--plan", self.at("g/plan.json"),
                "--crop", "0,1,8,8")

    def test_wrong_parameter_files_are_named(self):
        source = self.mosaic()
        for text, says in (('{"lens2logit": 1, "params": {"gama.gamma": [1]}}', "gama.gamma"),
                           ('{"lens2logit": 1, "params": {"gamma.gamma": [1, 2]}}', "gamma.gamma"),
                           ('{"lens2logit": 1, "params": {"gamma.gamma": ["x"]}}', "gamma.gamma"),
                           ('{"lens2logit": 1, "params": {"gamma.gamma": [1e999]}}', "gamma.gamma"),
                           ('{"lens2logit": 2, "params": {}}', "2"), ("{", "p.json"), ("", "p.json")):
            with open(self.at("p.json"), "w") as file:
                file.write(text)
            for option in ("--params", "--camera", "--plan"):
                if option == "--plan" and says.startswith("gam"):
                    continue
                result = self.fails(1, "develop", source, "-o", self.at("x.png"), option,
                                    self.at("p.json"))
                self.assertIn(says, result.err)
                self.assertFalse(os.path.exists(self.at("x.png")))

    # ---- output files ----

    def test_pictures_hold_the_image(self):
        source = self.mosaic(5, 7)
        image = self.develop(source)[2]
        interleaved = [image[c * 35 + i] for i in range(35) for c in range(3)]
        for depth, most in ((8, 255), (16, 65535)):
            rounded = [int(v * most + 0.5) for v in interleaved]
            out = self.at("o.png")
            self.ok("develop", source, "-o", out, "--depth", depth)
            self.assertEqual(read_png(out), (7, 5, 3, depth, rounded))
            out = self.at("o.tif")
            self.ok("develop", source, "-o", out, "--depth", depth)
            tiff = read_tiff(out)
            self.assertEqual(tiff[:5], (7, 5, 3, depth, 1))
            self.assertEqual(list(tiff[5]), rounded)
        self.ok("develop", source, "-o", self.at("o.TIFF"), "--depth", 32)
        tiff = read_tiff(self.at("o.TIFF"))
        self.assertEqual(tiff[:5], (7, 5, 3, 32, 3))
        self.assertEqual(list(tiff[5]), interleaved)
        self.ok("develop", source, "-o", self.at("o.png"))
        self.assertEqual(read_png(self.at("o.png"))[3], 16)

    def test_orientation_turns_pictures_and_never_arrays(self):
        height, width = 24, 32  # LibRaw takes no smaller ones
        samples = [300 + 4 * i for i in range(height * width)]
        write_dng(self.at("1.dng"), width, height, samples)
        self.ok("develop", self.at("1.dng"), "-o", self.at("1.png"))
        array = self.develop(self.at("1.dng"))
        flat = read_png(self.at("1.png"))[4]
        stored = [[flat[3 * (y * width + x):][:3] for x in range(width)] for y in range(height)]
        turns = {
            1: lambda r: r,
            2: lambda r: [row[::-1] for row in r],
            3: lambda r: [row[::-1] for row in r[::-1]],
            4: lambda r: r[::-1],
            5: lambda r: [list(c) for c in zip(*r)],
            6: lambda r: [list(c) for c in zip(*r[::-1])],
            7: lambda r: [list(c) for c in zip(*[row[::-1] for row in r[::-1]])],
            8: lambda r: [list(c) for c in zip(*r)][::-1],
        }
        for orientation, turn in turns.items():
            path = self.at(f"{orientation}.dng")
            write_dng(path, width, height, samples, orientation=orientation)
            told = json.loads(self.ok("info", path).out)["orientation"]
            self.assertEqual(told, orientation)
            self.ok("develop", path, "-o", self.at("turned.png"))
            expected = turn(stored)
            got = read_png(self.at("turned.png"))
            self.assertEqual(got[:2], (len(expected[0]), len(expected)))
            self.assertEqual(got[4], [v for row in expected for pixel in row for v in pixel])
            self.assertEqual(self.develop(path), array)

    def test_levels_gains_and_white_of_a_camera_file(self):
        height, width, black, white = 24, 32, 256, 4095
        neutral = (0.5, 1.0, 0.8)

        def grey(level):
            colors = [[0, 1], [1, 2]]
            return [round(black + (white - black) * level * neutral[colors[y % 2][x % 2]])
                    for y in range(height) for x in range(width)]

        write_dng(self.at("grey.dng"), width, height, grey(0.3))
        info = json.loads(self.ok("info", self.at("grey.dng")).out)
        self.assertEqual((info["cfa"], info["black"], info["white"]), ("RGGB", [black] * 4, white))
        self.assertEqual((info["width"], info["height"]), (width, height))
        for got, expected in zip(info["gain"], (2, 1, 1.25)):
            self.assertAlmostEqual(got, expected, places=4)
        for stops in (0, 0.5):
            values = self.develop(self.at("grey.dng"), "--dtype", "f64", "--exposure", stops)[2]
            self.assertClose(values, [(0.3 * 2 ** stops) ** GAMMA] * len(values), 2e-3)
        values = self.develop(self.at("grey.dng"))[2]  # as bright as it bears
        self.assertClose(values, [1] * len(values), 2e-3)
        for preset in ("lens2logit", "static/bilinear/unsharp_masking/gaussian_denoising"):
            values = self.develop(self.at("grey.dng"), "--preset", preset, "--border", "mirror")[2]
            self.assertClose(values, [0.3 ** GAMMA] * len(values), 2e-3)
        write_dng(self.at("burnt.dng"), width, height, [white] * (width * height))
        values = self.develop(self.at("burnt.dng"))[2]
        self.assertClose(values, [1] * len(values), 1e-3)
        # With a camera given the file's levels do not count: samples are divided by 2^16 - 1.
        raw = self.at("plain.npy")
        write_npy(raw, (height, width), [v / 65535 for v in grey(0.3)])
        self.assertClose(self.develop(self.at("grey.dng"), "--camera", "drone", "--dtype", "f64")[2],
                         self.develop(raw, "--camera", "drone", "--dtype", "f64")[2], 1e-12)

    def test_taps_hold_every_stage(self):
        source, taps = self.mosaic(), self.at("taps")
        image = self.develop(source, "--preset", "lens2logit", "--taps", taps)
        names = ["black_level", "demosaic", "white_balance", "color_matrix", "sharpen", "denoise",
                 "clip", "gamma"]
        expected = sorted(f"{i:02d}_{name}.{kind}" for i, name in enumerate(names)
                          for kind in ("npy", "png"))
        self.assertEqual(sorted(os.listdir(taps)), expected)
        self.assertEqual(read_npy(os.path.join(taps, "07_gamma.npy")), image)
        level = read_npy(os.path.join(taps, "00_black_level.npy"))
        self.assertEqual(level[1], (1, 10, 14))
        self.assertClose(level[2], read_npy(source)[2], 1e-7)
        self.assertEqual(read_png(os.path.join(taps, "00_black_level.png"))[:4], (14, 10, 1, 8))
        clip = read_npy(os.path.join(taps, "06_clip.npy"))[2]
        self.assertClose([v ** GAMMA for v in clip], image[2], 1e-5)

    # ---- many inputs ----

    def test_many_inputs_go_into_a_folder(self):
        sources = [self.mosaic(seed=seed) for seed in (1, 2, 3)]
        out = self.at("deep/er/out")
        told = self.ok("develop", *sources, "-o", out).err.splitlines()
        self.assertEqual(sorted(os.listdir(out)), ["mosaic1.png", "mosaic2.png", "mosaic3.png"])
        self.assertEqual([line.split()[0] for line in told], ["1/3", "2/3", "3/3"])
        self.assertEqual(self.ok("develop", *sources, "-o", out, "--format", "npy", "-q").err, "")
        for i, source in enumerate(sources):
            self.assertEqual(read_npy(f"{out}/mosaic{i + 1}.npy"), self.develop(source))
        self.ok("develop", sources[0], "-o", self.at("one") + "/", "--format", "tif",
                "--taps", self.at("taps"))
        self.assertEqual(os.listdir(self.at("one")), ["mosaic1.tif"])
        self.assertEqual(os.listdir(self.at("taps")), ["mosaic1"])

    def test_one_bad_input_does_not_stop_the_others(self):
        sources = [self.mosaic(seed=1), self.at("missing.cr2"), self.mosaic(seed=3)]
        result = self.run_program("develop", *sources, "-o", self.at("out"))
        self.assertEqual(result.code, 1)
        self.assertIn("missing.cr2", result.err)
        self.assertIn("1 of 3 inputs failed", result.err)
        self.assertEqual(sorted(os.listdir(self.at("out"))), ["mosaic1.png", "mosaic3.png"])

    def test_two_inputs_never_share_an_output(self):
        for folder in ("a", "b"):
            os.mkdir(self.at(folder))
            write_npy(self.at(f"{folder}/x.npy"), (4, 4), noise(16))
        result = self.fails(1, "develop", self.at("a/x.npy"), self.at("b/x.npy"), "-o", self.at("out"))
        self.assertIn("would both become", result.err)
        self.assertEqual(os.listdir(self.at("out")), ["x.png"])

    def everything(self, folder):
        """Every file in a folder and those in it, by name."""
        found = {}
        for at, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(at, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, folder)] = file.read()
        return found

    def test_inputs_side_by_side_are_as_one_after_the_other(self):
        # Large ones first, so that those after them are done before.
        sources = [self.mosaic(400 if i % 4 == 0 else 8 + i, 300, seed=i + 1) for i in range(9)]
        sources.insert(2, self.at("missing.cr2"))
        with open(self.at("bad.dng"), "w") as file:
            file.write("no photograph")
        sources.insert(6, self.at("bad.dng"))
        os.mkdir(self.at("again"))
        sources.append(self.at("again/mosaic3.npy"))
        write_npy(sources[-1], (4, 4), noise(16))
        files, told = [], []
        for threads in (("--threads", "1"), ("--threads", "2"), ("--threads", "5"), ()):
            out, taps = self.at("out"), self.at("taps")
            result = self.fails(1, "develop", *sources, "-o", out, "--taps", taps, *threads)
            files.append((self.everything(out), self.everything(taps)))
            told.append(result.err)
            self.assertEqual(self.left_over(), [])
            for folder in (out, taps):
                os.rename(folder, f"{folder}{len(told)}")
        self.assertEqual(len(files[0][0]), 9)
        self.assertEqual(len(files[0][1]), 9 * 2 * 8)  # picture and array of eight stages
        lines = told[0].splitlines()
        for i, (name, sign) in enumerate((("missing.cr2", "lens2logit:"), ("bad.dng", "lens2logit:"),
                                          ("mosaic9.png", "11/12"))):
            at = [k for k, line in enumerate(lines) if name in line and line.startswith(sign)]
            self.assertEqual(len(at), 1, told[0])
            lines = lines[at[0] + 1:]
        self.assertIn("3 of 12 inputs failed", lines[-1])
        for other in range(1, len(files)):
            self.assertEqual(told[0], told[other])
            self.assertTrue(files[0] == files[other], "the same files for any number of threads")

    def test_an_interrupt_ends_all_that_are_under_way(self):
        with open(self.at("1.raw"), "wb") as file:
            file.write(os.urandom(2000 * 1500 * 2))
        for i in range(2, 13):
            os.link(self.at("1.raw"), self.at(f"{i}.raw"))
        out = self.at("out")
        for number in (signal.SIGINT, signal.SIGTERM):
            child = subprocess.Popen([PROGRAM, "develop", "--geometry", "2000x1500:u16le",
                                      "--threads", "3", "-o", out,
                                      *(self.at(f"{i}.raw") for i in range(1, 13))],
                                     stderr=subprocess.PIPE)
            limit = time.monotonic() + 60
            while len(self.left_over()) < 2 and child.poll() is None and time.monotonic() < limit:
                time.sleep(0.002)
            self.assertGreater(len(self.left_over()), 1, "several are written at once")
            child.send_signal(number)
            child.communicate(timeout=60)
            self.assertEqual(child.returncode, -number)
            self.assertEqual(self.left_over(), [])
            whole = self.everything(out)
            self.assertLess(len(whole), 12)
            for name, data in whole.items():
                self.assertEqual(data[-8:-4], b"IEND", name)
                os.unlink(os.path.join(out, name))

    def test_files_may_be_read_by_whom_the_system_says(self):
        for mask in (0o022, 0o077, 0o002):
            self.ok("develop", self.mosaic(), self.mosaic(seed=2), "-o", self.at("out"),
                    preexec_fn=lambda: os.umask(mask))
            for name in os.listdir(self.at("out")):
                mode = os.stat(os.path.join(self.at("out"), name)).st_mode & 0o777
                self.assertEqual(mode, 0o666 & ~mask)


main()

"""The command line: what makes sense, what does not, and what is said then."""
import os
import subprocess

from support import PROGRAM, ProgramTest, main, write_npy


class Usage(ProgramTest):
    def test_help_and_version_succeed(self):
        self.assertIn("lens2logit 0.", self.ok("--version").out)
        for arguments in (["help"], ["--help"], ["-h"]):
            out = self.ok(*arguments).out
            for command in ("info", "develop", "grad", "fit", "bench"):
                self.assertIn(f"lens2logit {command}", out)
        self.assertIn("--demosaic bilinear|linear|superpixel|malvar2004",
                      self.ok("help", "develop").out)
        self.assertEqual(self.ok("grad", "--help").out, self.ok("help", "grad").out)
        self.assertNotIn("--cotangent", self.ok("help", "develop").out)

    def test_nonsense_is_exit_2_with_a_sentence(self):
        for says, arguments in {
            "a command is missing": [],
            "unknown command 'devlop'": ["devlop"],
            "no command 'devlop'": ["help", "devlop"],
            "did you mean --demosaic?": ["develop", "--demosiac", "linear"],
            "unknown option '--zzzzzzzz'": ["develop", "--zzzzzzzz"],
            "unknown option '--x'": ["develop", "-x"],
            "'nearest' is none of bilinear|linear|superpixel|malvar2004":
                ["develop", "--demosaic", "nearest"],
            "'linear|superpixel' is none of": ["develop", "--demosaic=linear|superpixel"],
            "--threads: '0' is not a whole number from 1 to 1024": ["develop", "--threads", "0"],
            "'2x' is not a whole number": ["develop", "--threads=2x"],
            "'99999999999999999999' is not": ["fit", "--steps", "99999999999999999999"],
            "--bits: '17'": ["develop", "--bits", "17"],
            "'64' is not WIDTHxHEIGHT": ["bench", "--size", "64"],
            "'0x4' is not WIDTHxHEIGHT": ["bench", "--size", "0x4"],
            "'1,2,3' is not LEFT,TOP,WIDTH,HEIGHT": ["develop", "--crop", "1,2,3"],
            "--preset: NAME is missing": ["develop", "a.npy", "--preset"],
            "--output: the value is empty": ["develop", "a.npy", "-o", ""],
            "--quiet takes no value": ["develop", "--quiet=yes"],
            "--cotangent is no option of this command": ["develop", "--cotangent", "a.npy"],
            "at least one FILE": ["develop", "-o", "a.png"],
            "develop needs -o": ["develop", "a.npy"],
            "'bright' is neither auto nor": ["develop", "a.npy", "-o", "a.png", "--exposure", "bright"],
            "ends in none of": ["develop", "a.npy", "-o", "a.gif"],
            "--depth 32 is for .tif": ["develop", "a.npy", "-o", "a.png", "--depth", "32"],
            "--depth: '33' is not a whole number from 8 to 32":
                ["develop", "a.npy", "-o", "a.png", "--depth", "33"],
            "--depth: 24 is none of 8, 16 and 32":
                ["develop", "a.npy", "-o", "a.png", "--depth", "24"],
            "--depth is for pictures": ["develop", "a.npy", "-o", "b.npy", "--depth", "8"],
            "--format is for folders": ["develop", "a.npy", "-o", "b.npy", "--format", "png"],
            "--preset: 'static/bilinear/none' is none of":
                ["develop", "a.npy", "-o", "a.png", "--preset", "static/bilinear/none"],
            "--plan stands for itself":
                ["develop", "a.npy", "-o", "a.png", "--plan", "p.json", "--sharpen", "none"],
            "do not go together":
                ["grad", "a.npy", "-o", "d", "--target", "t.npy", "--cotangent", "c.npy"],
            "info takes one FILE, 2 were given": ["info", "a", "b"],
            "grad needs -o DIR": ["grad", "a"],
            "fit needs -o DIR": ["fit", "a"],
            "bench takes no FILE": ["bench", "a"],
        }.items():
            with self.subTest(arguments=arguments):
                result = self.fails(2, *arguments, says=says)
                self.assertEqual(result.out, "")
                self.assertIn("lens2logit help", result.err)

    def test_values_after_equals_and_inputs_after_dashes(self):
        write_npy(self.at("-m.npy"), (4, 4), [0.5] * 16)
        self.ok("develop", f"--output={self.at('a.npy')}", "--dtype=f64", "--", "-m.npy",
                cwd=self.at(""))
        self.assertTrue(os.path.exists(self.at("a.npy")))

    def test_a_full_standard_output_is_a_failure(self):
        if os.path.exists("/dev/full"):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([PROGRAM, "help"], stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"cannot write to standard output", done.stderr)


main()

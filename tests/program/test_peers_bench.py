"""bench --compare: what it tells of the peers, and that the PyTorch one computes the same."""
import json
import os
import shutil
import subprocess
import sys

from support import PROGRAM, ProgramTest, main, noise, write_npy

PEER = """
import json, os, sys
if sys.argv[1:5:2] != ["--threads", "--repeats"] or sys.argv[5] != "--shape": sys.exit(3)
tuned = "mmap_threshold" in os.environ.get("GLIBC_TUNABLES", "")
print(json.dumps({"version": "7.1", "forward_mp_s": 0.25 if tuned else 0.5,
                  "forward_backward_mp_s": 0.125, "loss_mp_s": 0.0625, "peak_gib": 0.5,
                  "shape": sys.argv[6]}))
"""
# The largest difference of the image and of each gradient, of the largest magnitude.
TORCH = """
import json, sys
sys.path.insert(0, sys.argv[1])
from torch_pipeline import Pipeline, torch
import numpy as np
folder = sys.argv[2]
mosaic, cotangent = (torch.tensor(np.load(folder + name), dtype=torch.float32)[None]
                     for name in ("m.npy", "c.npy"))
pipeline, mosaic = Pipeline(), mosaic.requires_grad_()
image = pipeline(mosaic)
image.backward(cotangent)
theirs = {"image": image[0].detach(), "mosaic": mosaic.grad[0]}
ours = {"image": np.load(folder + "ours/image.npy"), "mosaic": np.load(folder + "ours/grad_mosaic.npy")}
with open(folder + "ours/grad_params.json") as file:
    ours.update(json.load(file))
for name, part in (("black_level.level", pipeline.black_level),
                   ("demosaic.weight", pipeline.debayer.weight),
                   ("white_balance.gain", pipeline.white_balance),
                   ("color_matrix.matrix", pipeline.color_matrix),
                   ("sharpen.kernel", pipeline.sharpen.weight),
                   ("denoise.kernel", pipeline.blur.weight), ("gamma.gamma", pipeline.gamma)):
    theirs[name] = part.grad
print(json.dumps({name: float(np.abs(np.ravel(ours[name]) - np.ravel(theirs[name])).max() /
                              np.abs(ours[name]).max()) for name in ours}))
"""


class Peers(ProgramTest):
    SMALL = ("--size", "64x48", "--repeat", "1", "--threads", "2")

    def copy_of_the_program(self, *scripts):
        """Installed with stand-ins for the peers, which say what the clock would."""
        os.makedirs(self.at("bin"))
        os.makedirs(self.at("share/lens2logit/peers"))
        for script, text in scripts:
            with open(self.at(f"share/lens2logit/peers/{script}"), "w") as file:
                file.write(text)
        shutil.copy(PROGRAM, self.at("bin/lens2logit"))
        return self.at("bin/lens2logit")

    def compare(self, program, *arguments):
        done = subprocess.run([program, "bench", *self.SMALL, "--preset", "lens2logit", "--compare",
                               *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_compare_runs_what_is_installed(self):
        program = self.copy_of_the_program(("torch_pipeline.py", PEER),
                                           ("opencv_pipeline.py", "raise SystemExit(77)"),
                                           ("numpy_pipeline.py", "raise SystemExit(5)"))
        done = self.compare(program, "--json")
        self.assertIn("OpenCV is not installed", done.stderr)
        self.assertIn("NumPy failed at 1x48x64 (status 5)", done.stderr)
        table = json.loads(done.stdout)
        row, = table["rows"]
        plain, tuned = table["peers"]
        self.assertEqual([plain["malloc_tuned"], tuned["malloc_tuned"]], [False, True])
        for peer, speed in (plain, 0.5), (tuned, 0.25):
            self.assertEqual((peer["name"], peer["version"]), ("PyTorch", "7.1"))
            self.assertEqual(peer["peak_bytes"], 1 << 29)
            self.assertAlmostEqual(peer["forward"]["ratio"], row["forward"]["mp_per_s"] / speed)
            self.assertAlmostEqual(peer["both"]["ratio"], row["both"]["mp_per_s"] / 0.125)
            self.assertAlmostEqual(peer["loss"]["ratio"], row["loss"]["mp_per_s"] / 0.0625)
            self.assertNotIn("backward", peer)
        told = self.compare(program, "--json", "--size", "8x8").stderr
        self.assertEqual(told.count("OpenCV is not installed"), 1)
        lines = self.compare(program, "--quiet").stdout.splitlines()
        self.assertEqual(len([line for line in lines if line.startswith("PyTorch 7.1")]), 6)

    def test_the_peers_beside_the_program_at_several_sizes(self):
        table = json.loads(self.compare(PROGRAM, "--json", "--size", "32x16").stdout)
        self.assertEqual(len(table["rows"]), 2)
        peers = table["peers"]
        for peer in peers:
            for key in {"forward", "both", "loss"} & set(peer):
                self.assertGreater(peer[key]["ratio"], 0)
        for module, name, keys in (("numpy", "NumPy", {"forward"}),
                                   ("torch", "PyTorch", {"forward", "both", "loss"})):
            with self.subTest(peer=name):
                if not any(self.has(python, module) for python in ("python3", "/usr/bin/python3")):
                    print(f"skipped: no module {module} for the peer {name}", file=sys.stderr)
                    self.skipTest(f"no module {module}")
                runs = [peer for peer in peers if peer["name"] == name]
                self.assertEqual([(run["width"], run["height"], run["malloc_tuned"]) for run in runs],
                                 [(w, h, tuned) for w, h in ((64, 48), (32, 16))
                                  for tuned in (False, True)])
                for run in runs:
                    self.assertEqual({"forward", "backward", "both", "loss"} & set(run), keys)

    def test_the_torch_peer_computes_what_the_program_does(self):
        pythons = [python for python in ("python3", "/usr/bin/python3") if self.has(python, "torch")]
        if not pythons:
            print("skipped: no module torch for the peer PyTorch", file=sys.stderr)
            self.skipTest("no module torch")
        height, width = 24, 40
        site = {(0, 0): 0.15, (0, 1): 0.4, (1, 0): 0.4, (1, 1): 0.2}  # grey, far from the clip
        mosaic = [0.0625 + site[i // width % 2, i % width % 2] * (0.95 + 0.1 * value)
                  for i, value in enumerate(noise(height * width))]
        write_npy(self.at("m.npy"), (height, width), mosaic)
        write_npy(self.at("c.npy"), (3, height, width), noise(3 * height * width))
        self.ok("grad", self.at("m.npy"), "--camera", "drone", "--exposure", "0", "--no-stages",
                "--cotangent", self.at("c.npy"), "-o", self.at("ours"))
        with open(self.at("peer_and_program.py"), "w") as file:
            file.write(TORCH)
        peers = os.path.join(os.path.dirname(PROGRAM), "peers")
        done = subprocess.run([pythons[0], "-B", self.at("peer_and_program.py"), peers, self.at("")],
                              stdout=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 0)
        differences = json.loads(done.stdout)
        self.assertEqual(len(differences), 9)
        for name, difference in differences.items():
            self.assertLess(difference, 2e-5, name)

    @staticmethod
    def has(python, module):
        try:
            find = f"import importlib.util as u; raise SystemExit(not u.find_spec('{module}'))"
            return subprocess.run([python, "-c", find]).returncode == 0
        except FileNotFoundError:
            return False


main()

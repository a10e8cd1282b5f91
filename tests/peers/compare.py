"""What `lens2logit bench --compare` says of PyTorch, held to a limit; compare.sh runs it."""
import json
import os
import subprocess
import sys

THREADS = "2"
AT_LEAST = 20  # times PyTorch's forward and backward
ROUNDS = 2     # the best of each counts: others may use the machine meanwhile
SHAPES = [(32, 256, 256)]
LARGE = (1, 4000, 6000)


def measure(count, height, width):
    """Ours and PyTorch's speeds, (forward, forward and backward), in MP/s."""
    done = subprocess.run(
        [os.environ["L2L_PROGRAM"], "bench", "--preset", "lens2logit", "--compare", "--json",
         "--batch", str(count), "--size", f"{width}x{height}", "--threads", THREADS],
        stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"bench ended with status {done.returncode}")
    result = json.loads(done.stdout)
    ours, = result["rows"]
    theirs, = (peer for peer in result["peers"]
               if peer["name"] == "PyTorch" and not peer["malloc_tuned"])
    return [[side[key]["mp_per_s"] for key in ("forward", "both")] for side in (theirs, ours)]


def main():
    large = "--large" in sys.argv[1:]
    passed = failed = 0
    for shape in SHAPES + [LARGE] * large:
        rounds = [measure(*shape) for _ in range(ROUNDS)]
        slow, fast = ([max(speeds) for speeds in zip(*side)] for side in zip(*rounds))
        ratios = [b / a for a, b in zip(slow, fast)]
        print("{}x{}x{}, {} threads:".format(*shape, THREADS))
        for what, a, b, ratio in zip(("forward", "forward+backward"), slow, fast, ratios):
            print(f"  {what:17} PyTorch {a:7.2f} MP/s  lens2logit {b:7.1f} MP/s  {ratio:6.1f} times")
        good = ratios[1] >= AT_LEAST
        passed += good
        failed += not good
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()

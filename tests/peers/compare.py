"""What `lens2logit bench --compare` says of PyTorch, held to a limit; compare.sh runs it."""
import json
import os
import subprocess
import sys

THREADS = "2"
# Times PyTorch's forward and backward, as one pass for a loss or as two calls, whichever is better:
# as installed, and with malloc told to keep its pages. Far below what a quiet machine gives.
AT_LEAST = {False: 40, True: 20}
ROUNDS = 2  # the best of each counts: others may use the machine meanwhile
SMALL = (32, 256, 256)
LARGE = (1, 4000, 6000)
PASSES = {"forward": "forward", "both": "two calls", "loss": "loss, one pass"}


def bench(count, height, width, repeats):
    """Ours and PyTorch's speeds in MP/s: {pass: speed}, and that for malloc as it is and tuned."""
    done = subprocess.run(
        [os.environ["L2L_PROGRAM"], "bench", "--preset", "lens2logit", "--input", "u16",
         "--compare", "--json", "--batch", str(count), "--size", f"{width}x{height}", "--threads",
         THREADS, *repeats],
        stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"bench ended with status {done.returncode}")
    result = json.loads(done.stdout)
    ours, = result["rows"]
    theirs = {peer["malloc_tuned"]: peer for peer in result["peers"] if peer["name"] == "PyTorch"}
    speeds = [{key: run[key]["mp_per_s"] for key in PASSES}
              for run in (ours, theirs[False], theirs[True])]
    return speeds[0], {False: speeds[1], True: speeds[2]}


def best(rounds):
    return {key: max(speeds[key] for speeds in rounds) for key in PASSES}


def compare(shape, repeats=()):
    """Prints the ratios of one shape; how many of the two limits hold."""
    measured = [bench(*shape, repeats) for _ in range(ROUNDS)]
    ours = best([own for own, _ in measured])
    print("{}x{}x{}, {} threads:".format(*shape, THREADS))
    held = 0
    for tuned, limit in AT_LEAST.items():
        theirs = best([peers[tuned] for _, peers in measured])
        ratios = {key: ours[key] / theirs[key] for key in PASSES}
        for key, name in PASSES.items():
            print(f"  {name:14}  lens2logit {ours[key]:7.1f} MP/s  PyTorch {theirs[key]:7.2f} MP/s"
                  f"{', malloc tuned' if tuned else ''}  {ratios[key]:6.1f} times")
        held += max(ratios["both"], ratios["loss"]) >= limit
    return held


def main():
    passed, limits = compare(SMALL), len(AT_LEAST)
    if "--large" in sys.argv[1:]:
        passed += compare(LARGE, ("--repeat", "3"))
        limits *= 2
    print(f"{passed} passed, {limits - passed} failed")
    sys.exit(passed != limits)


if __name__ == "__main__":
    main()

"""The program's bench against torch_pipeline.py, in the same run; compare.sh runs it."""
import json
import os
import pathlib
import subprocess
import sys

THREADS = "2"
AT_LEAST = 20  # times PyTorch's forward and backward
ROUNDS = 2     # of both in turn, the best of each counts: others may use the machine meanwhile
SHAPES = [(32, 256, 256)]
LARGE = (1, 4000, 6000)


def output(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with status {done.returncode}")
    return json.loads(done.stdout)


def ours(count, height, width):
    result = output(os.environ["L2L_PROGRAM"], "bench", "--preset", "lens2logit", "--batch",
                    str(count), "--size", f"{width}x{height}", "--threads", THREADS, "--json")
    row, = (row for row in result["rows"] if row["name"] == "lens2logit")
    return row["forward"]["mp_per_s"], row["both"]["mp_per_s"]


def theirs(*shape):
    script = pathlib.Path(__file__).with_name("torch_pipeline.py")
    result = output(sys.executable, script, "--threads", THREADS, "--shape",
                    "x".join(map(str, shape)))
    return result["forward_mp_s"], result["forward_backward_mp_s"]


def main():
    large = "--large" in sys.argv[1:]
    passed = failed = 0
    for shape in SHAPES + [LARGE] * large:
        rounds = [(theirs(*shape), ours(*shape)) for _ in range(ROUNDS)]
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

"""What the peers of `lens2logit bench --compare` share: the command line, the clock, the result.

A peer prints one line of JSON for each shape. Exit status 77 means that what it needs is not
installed.
"""
import argparse
import importlib
import json
import resource
import sys
import time


def need(module):
    try:
        return importlib.import_module(module)
    except ImportError:
        sys.exit(77)


def timed(run, repeats):
    """The median, in seconds, of `repeats` runs after one that does not count; 0: of at least 3,
    and of as many as fit in a fifth of a second."""
    run()
    times = []
    begun = time.perf_counter()
    while (len(times) < repeats if repeats else
           len(times) < 3 or (len(times) < 1000 and time.perf_counter() - begun < 0.2)):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def main(description, version, set_threads, prepare):
    """`prepare(count, height, width)` returns {"forward": run} and, where the peer has gradients,
    "forward_backward" and "loss" (forward, mean square against a target, backward)."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=0,
                        help="0: as many as give a steady median")
    parser.add_argument("--shape", action="append", metavar="NxHxW",
                        help="default: 32x256x256, then 1x4000x6000")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    for shape in arguments.shape or ("32x256x256", "1x4000x6000"):
        count, height, width = map(int, shape.split("x"))
        pixels = count * height * width
        speed = {f"{name}_mp_s": pixels / timed(run, arguments.repeats) / 1e6
                 for name, run in prepare(count, height, width).items()}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2 ** 20
        print(json.dumps({"version": version, "shape": [count, height, width], **speed,
                          "peak_gib": round(peak, 3)}), flush=True)

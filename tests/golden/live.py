"""What the live comparisons share: running the program, and counting what agrees."""
import os
import subprocess
import sys

import numpy

PROGRAM = os.environ.get("L2L_PROGRAM", "")


def relative_error(got, want):
    """max|got - want| / max|want|; infinite where the shapes differ."""
    got, want = numpy.asarray(got, numpy.float64), numpy.asarray(want, numpy.float64)
    if got.shape != want.shape:
        return numpy.inf
    return numpy.abs(got - want).max() / max(numpy.abs(want).max(), 1e-300)


class Score:
    def __init__(self):
        self.passed = self.failed = 0

    def compare(self, what, got, want, allowed):
        error = relative_error(got, want)
        good = bool(error <= allowed)  # not so for NaN
        self.passed += good
        self.failed += not good
        if not good:
            print(f"FAILED: {what}: error {error:.2e}, allowed {allowed:.0e}, shapes "
                  f"{numpy.shape(got)} and {numpy.shape(want)}")
        return error

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(self.failed != 0)


def run(*arguments):
    done = subprocess.run([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print("$", PROGRAM, *arguments)
        print(done.stdout)
        raise SystemExit(f"the program ended with status {done.returncode}")

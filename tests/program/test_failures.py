"""What goes wrong outside the program: damaged files, full disks, interrupts. Nothing is left half
written, and every failure is a sentence."""
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time

from support import (CR2, PROGRAM, ProgramTest, main, noise, skip_without, write_dng, write_npy,
                     write_png)


def small_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))


class Failures(ProgramTest):
    def setUp(self):
        super().setUp()
        write_npy(self.at("m.npy"), (64, 64), noise(4096))

    def test_missing_and_strange_inputs(self):
        for name in ("missing.dng", "."):
            self.fails(1, "info", self.at(name))
        for content in (b"", b"x", b"\0" * 1000, b"\x93NUMPY", b"II*\0" + b"\xff" * 64,
                        b"\x89PNG\r\n\x1a\n" + b"\0" * 40):
            with open(self.at("strange.dng"), "wb") as file:
                file.write(content)
            for command in (("info",), ("develop", "-o", self.at("x.png")),
                            ("grad", "-o", self.at("g"))):
                self.fails(1, command[0], self.at("strange.dng"), *command[1:], says="strange.dng")
        self.assertFalse(os.path.exists(self.at("x.png")))

    def test_truncated_inputs(self):
        write_dng(self.at("whole.dng"), 32, 32, [1000] * 1024)
        write_png(self.at("whole.png"), 32, 32, 1, 16, range(1024))
        sources = ["whole.dng", "whole.png", "m.npy"]
        for name in sources:
            with open(self.at(name), "rb") as file:
                data = file.read()
            for part in (0.1, 0.5, 0.9):
                with open(self.at("part"), "wb") as file:
                    file.write(data[:int(part * len(data))])
                result = self.run_program("develop", self.at("part"), "-o", self.at("x.png"))
                self.assertEqual(result.code, 1, (name, part))
                self.assertFalse(os.path.exists(self.at("x.png")))

    def test_numbers_that_are_none(self):
        for value in (float("nan"), float("inf"), -float("inf")):
            values = noise(64)
            values[37] = value
            for descr in ("<f4", "<f8"):
                write_npy(self.at("bad.npy"), (8, 8), values, descr)
                self.fails(1, "develop", self.at("bad.npy"), "-o", self.at("x.png"), says="bad.npy")

    def test_sizes_that_overflow(self):
        for shape in ("(4294967296, 4294967296)", "(-4, 4)", "(0, 4)", "(4,)", "(1000000, 1000000)"):
            text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
            text = text.ljust(117) + "\n"
            with open(self.at("bad.npy"), "wb") as file:
                file.write(b"\x93NUMPY\x01\x00" + bytes((118, 0)) + text.encode() + b"\0" * 64)
            self.fails(1, "develop", self.at("bad.npy"), "-o", self.at("x.png"))
            self.fails(1, "grad", self.at("m.npy"), "-o", self.at("g"), "--target",
                       self.at("bad.npy"), says="bad.npy")
        for geometry in ("0x4:u8", "99999999999x99999999999:u16le", "4x4:u99", "x", "-4x4:u8"):
            self.fails(1, "develop", self.at("m.npy"), "-o", self.at("x.png"), "--geometry", geometry)

    def test_places_that_cannot_be_written(self):
        self.fails(1, "develop", self.at("m.npy"), "-o", self.at("no/where/x.png"),
                   says="No such file or directory")
        for arguments in (("develop", self.at("m.npy"), "-o", self.at("m.npy/")),
                          ("grad", self.at("m.npy"), "-o", self.at("m.npy/x")),
                          ("develop", self.at("m.npy"), "-o", self.at("y.npy"), "--taps",
                           self.at("m.npy"))):
            self.fails(1, *arguments, says="cannot make the folder")
        if os.path.isdir("/proc/self"):
            self.fails(1, "develop", self.at("m.npy"), "-o", "/proc/self/x.png", says="cannot write")

    def test_the_input_is_not_overwritten(self):
        with open(self.at("m.npy"), "rb") as file:
            before = file.read()
        self.fails(1, "develop", self.at("m.npy"), "-o", self.at("m.npy"), says="is the input")
        os.link(self.at("m.npy"), self.at("same.npy"))
        self.fails(1, "develop", self.at("m.npy"), "-o", self.at("same.npy"), says="is the input")
        with open(self.at("m.npy"), "rb") as file:
            self.assertEqual(file.read(), before)

    def test_files_that_may_not_grow(self):
        """A limit on the size of files fails writes as a full disk does, without being root."""
        for name in ("x.png", "x.tif", "x.npy"):
            with open(self.at(name), "w") as file:
                file.write("what was there")
            self.fails(1, "develop", self.at("m.npy"), "-o", self.at(name), preexec_fn=small_files,
                       says=f"cannot write '{self.at(name)}': ")
            with open(self.at(name)) as file:
                self.assertEqual(file.read(), "what was there")
        self.fails(1, "grad", self.at("m.npy"), "-o", self.at("g"), preexec_fn=small_files,
                   says="File too large")
        self.assertEqual(self.left_over(), [])

    def test_a_full_disk(self):
        disk = tempfile.mkdtemp(prefix="l2lfull")
        try:
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "l2l", disk],
                                     stderr=subprocess.DEVNULL).returncode == 0
            if not mounted:
                print("skipped: a full disk (a small file system cannot be mounted here)")
                self.skipTest("no mount")
            for name in ("x.png", "x.tif", "x.npy"):
                self.fails(1, "develop", self.at("m.npy"), "-o", os.path.join(disk, name),
                           says="No space left on device")
            self.assertEqual(os.listdir(disk), [])
        finally:
            subprocess.run(["umount", disk], stderr=subprocess.DEVNULL)
            shutil.rmtree(disk, ignore_errors=True)

    def test_interrupts_leave_nothing(self):
        with open(self.at("big.raw"), "wb") as file:
            file.write(os.urandom(4000 * 3000 * 2))
        for number in (signal.SIGINT, signal.SIGTERM):
            child = subprocess.Popen([PROGRAM, "develop", self.at("big.raw"), "--geometry",
                                      "4000x3000:u16le", "-o", self.at("x.png")],
                                     stderr=subprocess.PIPE)
            limit = time.monotonic() + 60
            while not self.left_over() and child.poll() is None and time.monotonic() < limit:
                time.sleep(0.01)
            self.assertNotEqual(self.left_over(), [], "it was caught while writing")
            child.send_signal(number)
            child.communicate(timeout=60)
            self.assertEqual(child.returncode, -number)
            self.assertEqual(self.left_over(), [])
            self.assertFalse(os.path.exists(self.at("x.png")))

    def test_a_truncated_photograph(self):
        skip_without(CR2, "a truncated photograph")
        with open(CR2, "rb") as file:
            data = file.read()
        for length in (100, 10000, len(data) // 2):
            with open(self.at("part.cr2"), "wb") as file:
                file.write(data[:length])
            self.fails(1, "develop", self.at("part.cr2"), "-o", self.at("x.png"))
        self.assertFalse(os.path.exists(self.at("x.png")))


main()

"""What the tests of the program share: running it, and small files of every kind it reads."""
import array
import ast
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

PROGRAM = os.environ.get("L2L_PROGRAM", "")
CR2 = os.environ.get("L2L_SAMPLE_RAW") or "/usr/share/doc/rawtran/IMG_5952.CR2"


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own, `self.at("name")`."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="l2l")
        self.addCleanup(self._folder.cleanup)

    def at(self, name):
        return os.path.join(self._folder.name, name)

    def run_program(self, *arguments, **keywords):
        return Result(subprocess.run([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, timeout=300, **keywords))

    def ok(self, *arguments, **keywords):
        result = self.run_program(*arguments, **keywords)
        self.assertEqual(result.code, 0, f"{arguments}: {result.err}")
        return result

    def fails(self, code, *arguments, says="", **keywords):
        result = self.run_program(*arguments, **keywords)
        self.assertEqual(result.code, code, f"{arguments}: {result.err}")
        self.assertTrue(result.err.startswith("lens2logit: "), result.err)
        self.assertIn(says, result.err)
        return result

    def left_over(self):
        """Names of files that are being written, in the whole folder."""
        return [os.path.join(at, name) for at, _, names in os.walk(self._folder.name)
                for name in names if name.startswith(".")]


def skip_without(path, what):
    if not os.path.exists(path):
        print(f"skipped: {what} ({path} is not there)")
        raise unittest.SkipTest(f"{path} is not there")


# ---- arrays: (shape, flat list) ----

CODES = {"|u1": "B", "<u2": "H", "<f4": "f", "<f8": "d"}


def write_npy(path, shape, values, descr="<f8", fortran=False):
    shape_text = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
    text = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape_text}, }}"
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode())
        file.write(array.array(CODES[descr], values).tobytes())


def read_npy(path):
    """(descr, shape, array)"""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x93NUMPY\x01\x00", "NPY version 1 expected"
    length = struct.unpack("<H", data[8:10])[0]
    head = ast.literal_eval(data[10:10 + length].decode())
    assert (10 + length) % 64 == 0 and not head["fortran_order"]
    values = array.array(CODES[head["descr"]], data[10 + length:])
    count = 1
    for extent in head["shape"]:
        count *= extent
    assert len(values) == count, "as many values as the shape says"
    return head["descr"], head["shape"], values


# ---- pictures ----

def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(path, width, height, channels, bits, values):
    size = bits // 8
    row_bytes = width * channels * size
    raw = b"".join(int(v).to_bytes(size, "big") for v in values)
    rows = b"".join(b"\0" + raw[y * row_bytes:(y + 1) * row_bytes] for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, bits, 2 if channels == 3 else 0, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) +
                   png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b""))


def unfilter(kind, row, above, step):
    for i in range(len(row)):
        a = row[i - step] if i >= step else 0
        b = above[i]
        c = above[i - step] if i >= step else 0
        if kind == 0:
            add = 0
        elif kind == 1:
            add = a
        elif kind == 2:
            add = b
        elif kind == 3:
            add = (a + b) // 2
        else:
            p = a + b - c
            add = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
        row[i] = (row[i] + add) & 255


def read_png(path):
    """(width, height, channels, bits, interleaved values)"""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, bits, color = struct.unpack(">IIBB", body[:10])
        if kind == b"IDAT":
            packed += body
        at += 12 + length
    channels, size = {0: 1, 2: 3}[color], bits // 8
    rows, row_bytes = zlib.decompress(packed), width * channels * size
    above, values = bytearray(row_bytes), []
    for y in range(height):
        start = y * (row_bytes + 1)
        row = bytearray(rows[start + 1:start + 1 + row_bytes])
        unfilter(rows[start], row, above, channels * size)
        values += [int.from_bytes(row[i:i + size], "big") for i in range(0, row_bytes, size)]
        above = row
    return width, height, channels, bits, values


def read_tiff(path):
    """(width, height, channels, bits, format, interleaved values) of an uncompressed one"""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:4] == b"II*\0"
    start = struct.unpack("<I", data[4:8])[0]
    tags = {}
    for i in range(struct.unpack("<H", data[start:start + 2])[0]):
        entry = data[start + 2 + 12 * i:start + 14 + 12 * i]
        tag, kind, count = struct.unpack("<HHI", entry[:8])
        code, size = {3: ("H", 2), 4: ("I", 4)}.get(kind, ("B", 1))
        at = entry[8:]
        if size * count > 4:
            offset = struct.unpack("<I", at)[0]
            at = data[offset:offset + size * count]
        tags[tag] = struct.unpack(f"<{count}{code}", at[:size * count])
    assert tags.get(259, (1,)) == (1,), "uncompressed"
    pixels = b"".join(data[o:o + n] for o, n in zip(tags[273], tags[279]))
    bits, form = tags[258][0], tags.get(339, (1,))[0]
    values = array.array({(8, 1): "B", (16, 1): "H", (32, 3): "f"}[bits, form], pixels)
    return tags[256][0], tags[257][0], tags[277][0], bits, form, values


# ---- a camera's raw file ----

def write_dng(path, width, height, samples, black=256, white=4095, neutral=(0.5, 1.0, 0.8),
              orientation=1, cfa=(0, 1, 1, 2)):
    """A small uncompressed DNG; its colour matrix is that of linear sRGB under D65."""
    matrix = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)

    def rationals(values, form):
        return b"".join(struct.pack(form, round(v * 10000), 10000) for v in values)

    pixels = array.array("H", samples).tobytes()
    entries = [
        (254, 4, 1, struct.pack("<I", 0)), (256, 4, 1, struct.pack("<I", width)),
        (257, 4, 1, struct.pack("<I", height)), (258, 3, 1, struct.pack("<H", 16)),
        (259, 3, 1, struct.pack("<H", 1)), (262, 3, 1, struct.pack("<H", 32803)),
        (271, 2, 5, b"Test\0"), (272, 2, 7, b"Camera\0"), (273, 4, 1, None),
        (274, 3, 1, struct.pack("<H", orientation)), (277, 3, 1, struct.pack("<H", 1)),
        (278, 4, 1, struct.pack("<I", height)), (279, 4, 1, struct.pack("<I", len(pixels))),
        (284, 3, 1, struct.pack("<H", 1)), (33421, 3, 2, struct.pack("<HH", 2, 2)),
        (33422, 1, 4, bytes(cfa)), (50706, 1, 4, bytes((1, 4, 0, 0))),
        (50707, 1, 4, bytes((1, 1, 0, 0))), (50708, 2, 12, b"Test Camera\0"),
        (50714, 4, 1, struct.pack("<I", black)), (50717, 4, 1, struct.pack("<I", white)),
        (50721, 10, 9, rationals(matrix, "<ii")), (50728, 5, 3, rationals(neutral, "<II")),
        (50778, 3, 1, struct.pack("<H", 21)),
    ]
    extra_at = 8 + 2 + 12 * len(entries) + 4
    extra = b"".join(value + b"\0" * (len(value) % 2)
                     for _, _, _, value in entries if value and len(value) > 4)
    pixels_at, table = extra_at + len(extra), b""
    for tag, kind, count, value in entries:
        if value is None:
            value = struct.pack("<I", pixels_at)
        if len(value) > 4:
            place = struct.pack("<I", extra_at)
            extra_at += len(value) + len(value) % 2
        else:
            place = value.ljust(4, b"\0")
        table += struct.pack("<HHI", tag, kind, count) + place
    with open(path, "wb") as file:
        file.write(b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + struct.pack("<I", 0))
        file.write(extra + pixels)


def noise(count, seed=1):
    """Numbers in (0.1, 0.9), the same on every machine."""
    values, state = [], seed * 2654435761 % 2**32 or 1
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append(0.1 + 0.8 * (state >> 8) / 2**24)
    return values


def main():
    if not PROGRAM or not os.path.exists(PROGRAM):
        print("skipped: L2L_PROGRAM does not name the program")
        sys.exit(77)
    unittest.main(verbosity=1)

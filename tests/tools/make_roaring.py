# SPDX-License-Identifier: Apache-2.0
"""make_roaring.py FOLDER: makes bitmaps and a deletion vector with pyroaring (CRoaring);
tests/unit/test_roaring.c knows the same sets as formulas.  Called by tests/suites/roaring.py."""
import pathlib
import struct
import sys
import zlib

from pyroaring import BitMap

FOLDER = pathlib.Path(sys.argv[1])


def portable(values, optimize=False):
    bitmap = BitMap(values)
    if optimize:
        bitmap.run_optimize()
    return bitmap.serialize()


def vector(halves):
    body = b"\xd1\xd3\x39\x64" + struct.pack("<Q", len(halves))
    for key, bitmap in halves:
        body += struct.pack("<I", key) + bitmap
    return struct.pack(">I", len(body)) + body + struct.pack(">I", zlib.crc32(body))


SETS = {
    "array": portable(range(0, 3000, 3)),
    "bits": portable(i for i in range(100000) if i * i % 7 < 3),
    "runs": portable([*range(10, 5000), *range(70000, 200000)], True),
    "sparse": portable(i << 16 for i in range(100)),
    "mixed": portable([*range(0, 65536), *range(65536, 131072, 2), *range(131072, 200000, 100),
                       *range(300000, 400000)], True),
}
for name, data in SETS.items():
    (FOLDER / f"{name}.bin").write_bytes(data)
(FOLDER / "halves.dv").write_bytes(vector([
    (0, SETS["mixed"]), (1, portable([7])), (2**31 - 2, portable(range(0, 3000, 3)))]))

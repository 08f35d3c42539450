#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""avro_crosscheck.py TOOL [FOLDER]: firn's Avro against fastavro and PyIceberg.

TOOL is tests/unit/avro_tool of the build folder; FOLDER (or FIRN_SHARED/iceberg-tables) holds
tables of other writers.  Needs fastavro; PyIceberg, snappy and zstandard are used where they are.
For each container, real ones and one of all types made here:
  * every value that has a field id is the one fastavro reads;
  * rewritten by firn with each codec, fastavro finds the same schema text, metadata and records;
  * PyIceberg reads the same manifest entries and manifest files from both.
"""
import collections.abc
import io
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

import fastavro
import fastavro.read

fastavro.read.LOGICAL_READERS.clear()  # compare what is stored, not what it means

CODECS = ("null", "deflate", "zstandard", "snappy")
ALL_TYPES = {
    "type": "record", "name": "all_types", "namespace": "firn.test", "fields": [
        {"name": "b", "type": "boolean", "field-id": 1},
        {"name": "i", "type": "int", "field-id": 2},
        {"name": "l", "type": "long", "field-id": 3},
        {"name": "f", "type": "float", "field-id": 4},
        {"name": "d", "type": "double", "field-id": 5},
        {"name": "by", "type": "bytes", "field-id": 6},
        {"name": "s", "type": "string", "field-id": 7},
        {"name": "fx", "type": {"type": "fixed", "name": "dec", "size": 7,
                                "logicalType": "decimal", "precision": 16, "scale": 2},
         "field-id": 8},
        {"name": "fx2", "type": ["null", "dec"], "default": None, "field-id": 9},
        {"name": "e", "type": {"type": "enum", "name": "suit", "symbols": ["A", "B", "C"]},
         "field-id": 10},
        {"name": "n", "type": "null", "field-id": 11},
        {"name": "u", "type": ["null", "boolean", "long", "double", "string"], "field-id": 12},
        {"name": "al", "type": {"type": "array", "items": "long", "element-id": 14},
         "field-id": 13},
        {"name": "ao", "type": {"type": "array", "items": ["null", "string"], "element-id": 16},
         "field-id": 15},
        {"name": "aa", "type": {"type": "array", "items": {"type": "array", "items": "int"}},
         "field-id": 17},
        {"name": "m", "type": {"type": "map", "values": ["null", "double"],
                               "key-id": 19, "value-id": 20}, "field-id": 18},
        {"name": "im", "type": ["null", {
            "type": "array", "logicalType": "map", "items": {
                "type": "record", "name": "k22_v23", "fields": [
                    {"name": "key", "type": "int", "field-id": 22},
                    {"name": "value", "type": "bytes", "field-id": 23}]}}],
         "default": None, "field-id": 21},
        {"name": "r", "type": ["null", {
            "type": "record", "name": "inner", "fields": [
                {"name": "x", "type": ["null", "int"], "field-id": 25},
                {"name": "y", "type": "string", "field-id": 26},
                {"name": "z", "type": {"type": "map", "values": {
                    "type": "record", "name": "leaf", "fields": [
                        {"name": "v", "type": "float", "field-id": 28}]}}, "field-id": 27}]}],
         "field-id": 24},
        {"name": "empty", "type": {"type": "record", "name": "r102", "fields": []},
         "field-id": 29},
    ]}


def make_all_types(n, codec):
    rnd = random.Random(20)
    ints = (0, -1, 1, 63, 64, -64, -65, 2**31 - 1, -2**31)
    longs = ints + (2**31, 2**63 - 1, -2**63, 2**55)
    texts = ("", "a", "größe", "\U0001f600", "x" * 300)

    def record(i):
        pick = rnd.choice
        raw = rnd.randbytes(rnd.randrange(40))
        return {
            "b": i % 2 == 0, "i": pick(ints), "l": pick(longs), "f": pick((0.0, -0.0, 1.5, 1e38)),
            "d": pick((0.1, -1e308, float("inf"), 5e-324)), "by": raw, "s": pick(texts),
            "fx": rnd.randbytes(7), "fx2": pick((None, rnd.randbytes(7))), "e": pick("ABC"),
            "n": None, "u": pick((None, True, 7, 0.25, "text")),
            "al": [pick(longs) for _ in range(rnd.randrange(5))],
            "ao": [pick((None, "t")) for _ in range(rnd.randrange(5))],
            "aa": [[pick(ints)] * k for k in range(rnd.randrange(4))],
            "m": {f"k{k}": pick((None, 0.5)) for k in range(rnd.randrange(4))},
            "im": pick((None, [{"key": k, "value": raw} for k in range(rnd.randrange(70))])),
            "r": pick((None, {"x": pick((None, 5)), "y": pick(texts),
                              "z": {"q": {"v": 2.5}} if i % 3 else {}})),
            "empty": {},
        }

    out = io.BytesIO()
    try:
        fastavro.writer(out, ALL_TYPES, [record(i) for i in range(n)], codec=codec,
                        metadata={"format-version": "2"}, sync_interval=4000)
    except ValueError as e:
        if "need to install" not in str(e):
            raise
        return None
    return out.getvalue()


def branch_of(union, value):
    """The branch a value read by fastavro came from; the schemas here leave no choice."""
    if value is None:
        return "null"
    kinds = {bool: ("boolean",), int: ("int", "long"), float: ("float", "double"),
             str: ("string", "enum"), bytes: ("bytes", "fixed"), list: ("array",),
             dict: ("record", "map")}[type(value)]
    for branch in union:
        name = branch["type"] if isinstance(branch, dict) else branch
        if name in kinds or name == "dec":
            return branch
    raise ValueError(f"no branch for {value!r} in {union}")


def plain(schema, value):
    """A value as `avro_tool dump` prints it."""
    if isinstance(schema, list):
        return plain(branch_of(schema, value), value)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if not isinstance(kind, str):
        return plain(kind, value)
    if kind == "record":
        return [plain(f["type"], value[f["name"]]) for f in schema["fields"] if "field-id" in f]
    if kind == "array":
        return [plain(schema["items"], v) for v in value]
    if kind == "map":
        pairs = [(k.encode().hex(), plain(schema["values"], v)) for k, v in value.items()]
        return [x for pair in pairs for x in pair]
    if kind == "float":
        return "f" + struct.pack(">f", value).hex()
    if kind == "double":
        return "d" + struct.pack(">d", value).hex()
    if isinstance(value, str):
        return value.encode().hex()
    return value.hex() if isinstance(value, bytes) else value


def read(data):
    reader = fastavro.reader(io.BytesIO(data))
    meta = {k: v for k, v in reader.metadata.items() if k != "avro.codec"}
    return meta, list(reader)


def run(tool, *args):
    done = subprocess.run([tool, *map(str, args)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, args))}: {done.stderr.strip()}")
    return done.stdout


def unwrap(value):
    """PyIceberg's records and lazily read maps as lists and dicts."""
    if hasattr(value, "_data"):
        return [unwrap(v) for v in value._data]
    if isinstance(value, collections.abc.Mapping):
        return dict(value)
    return [unwrap(v) for v in value] if isinstance(value, list) else value


def pyiceberg_view(path, meta):
    """What PyIceberg makes of a manifest or manifest list."""
    try:
        from pyiceberg.avro.file import AvroFile
        from pyiceberg.io.pyarrow import PyArrowFileIO
        from pyiceberg.manifest import (MANIFEST_ENTRY_SCHEMAS, MANIFEST_LIST_FILE_SCHEMAS,
                                        DataFile, ManifestEntry, ManifestFile)
    except ImportError:
        return None
    source = PyArrowFileIO().new_input(f"file://{path}")
    version = int(meta.get("format-version", "2"))
    name = json.loads(meta["avro.schema"])["name"]
    if name == "manifest_entry":
        types = {-1: ManifestEntry, 2: DataFile}
        want = MANIFEST_ENTRY_SCHEMAS[version]
    elif name == "manifest_file":
        types = {-1: ManifestFile}
        want = MANIFEST_LIST_FILE_SCHEMAS[version]
    else:
        return None
    with AvroFile(source, want, read_types=types) as records:
        return [unwrap(r) for r in records]


def check(tool, name, data, scratch, counts):
    meta, records = read(data)
    schema = json.loads(meta["avro.schema"])
    path = scratch / "in.avro"
    path.write_bytes(data)
    lines = run(tool, "dump", path).splitlines()
    assert [json.loads(line) for line in lines] == [plain(schema, r) for r in records], name
    counts["records"] += len(records)
    for codec in CODECS:
        out = scratch / "out.avro"
        run(tool, "rewrite", path, out, codec)
        try:
            back_meta, back = read(out.read_bytes())
        except ValueError as e:
            if "need to install" not in str(e):
                raise
            counts["codecs not checked"].add(codec)
            continue
        assert back_meta == meta and back == records, (name, codec)
        counts["containers"] += 1
        if codec == "deflate":
            mine = pyiceberg_view(out, meta)
            assert mine == pyiceberg_view(path, meta), name
            counts["read by PyIceberg"] += mine is not None


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    tool = str(pathlib.Path(sys.argv[1]).resolve())
    shared = os.environ.get("FIRN_SHARED")
    folder = sys.argv[2] if len(sys.argv) > 2 else shared and f"{shared}/iceberg-tables"
    counts = {"files": 0, "records": 0, "containers": 0, "read by PyIceberg": 0,
              "codecs not checked": set()}
    with tempfile.TemporaryDirectory() as tmp:
        scratch = pathlib.Path(tmp)
        for codec in CODECS:
            data = make_all_types(500, codec)
            if data:
                check(tool, f"all types, {codec}", data, scratch, counts)
        if not folder:
            print("FIRN_SHARED is not set: no real tables were read")
        for path in sorted(pathlib.Path(folder).rglob("*.avro")) if folder else []:
            data = path.read_bytes()
            if data[:4] != b"Obj\1":
                print(f"{path.name}: not an Avro container, left out")
                continue
            counts["files"] += 1
            check(tool, str(path), data, scratch, counts)
    print(", ".join(f"{k}: {', '.join(sorted(v)) if isinstance(v, set) else v}"
                    for k, v in counts.items() if v))


if __name__ == "__main__":
    main()

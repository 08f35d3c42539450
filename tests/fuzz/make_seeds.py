#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes seeds for the fuzz targets: make_seeds.py FOLDER writes FOLDER/TARGET/NAME.  Avro by
fastavro, the shape of manifests by PyIceberg, all of it the same at every run; texts stand in
corpus/.  Needs the packages of tests/requirements.txt."""
import io
import json
import pathlib
import sys
import zlib

import fastavro
import pyroaring
import zstandard

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import bsonlab as bson  # noqa: E402
from treelab import entry_schema, field, list_schema, record  # noqa: E402

SYNC = bytes(range(16))
UUID = "9c12d441-03fe-4693-9a96-a0705ddf69c1"

# What fuzz_ice.c calls spec 0: field id, name, Avro type, a value.
PARTITION = [
    (1000, "i", "int", 7),
    (1001, "l_bucket", "int", 3),
    (1002, "s_trunc", "string", "abcd"),
    (1003, "d_year", "int", 54),
    (1004, "ts_hour", "int", 473000),
    (1005, "dec", {"type": "fixed", "name": "dec8", "size": 8, "logicalType": "decimal",
                   "precision": 18, "scale": 2}, None),
    (1006, "db", "double", -0.5),
    (1007, "u", {"type": "fixed", "name": "uuid_fixed", "size": 16, "logicalType": "uuid"}, None),
    (1008, "fx", {"type": "fixed", "name": "fixed_5", "size": 5}, b"12345"),
    (1009, "bo", "boolean", True),
    (1010, "ts_day", {"type": "int", "logicalType": "date"}, None),
]


def entry(i, version, partition, content=0):
    data = {"content": content, "file_path": f"file:///t/data/{i}.parquet",
            "file_format": "PUFFIN" if content == 1 and version == 3 else "PARQUET",
            "partition": {n: v for _, n, _, v in partition}, "record_count": 10 + i,
            "file_size_in_bytes": 1000, "block_size_in_bytes": 67108864,
            "column_sizes": [{"key": 1, "value": 40}, {"key": 3, "value": 90}],
            "value_counts": [{"key": 1, "value": 10}, {"key": 3, "value": 10}],
            "null_value_counts": [{"key": 1, "value": 0}, {"key": 3, "value": i}],
            "nan_value_counts": [{"key": 8, "value": 0}],
            "lower_bounds": [{"key": 1, "value": b"\1\0\0\0"}, {"key": 3, "value": b"abc"}],
            "upper_bounds": [{"key": 1, "value": b"\xff\0\0\0"}, {"key": 3, "value": b"abd"}],
            "key_metadata": None, "split_offsets": [4], "sort_order_id": 0,
            "equality_ids": [1, 3] if content == 2 else None,
            "referenced_data_file": "file:///t/data/0.parquet" if content == 1 else None,
            "first_row_id": 100 * i if content == 0 else None,
            "content_offset": 4 if content == 1 else None,
            "content_size_in_bytes": 42 if content == 1 else None}
    return {"status": i % 3, "snapshot_id": 3, "sequence_number": 1 + i,
            "file_sequence_number": 1 + i, "data_file": data}


def avro(schema, records, codec="null", metadata=None):
    out = io.BytesIO()
    ours = codec in PACKERS
    fastavro.writer(out, fastavro.parse_schema(schema), records, sync_marker=SYNC,
                    codec="null" if ours else codec, metadata=metadata or {})
    return repack(out.getvalue(), codec) if ours else out.getvalue()


def zigzag(n):
    return varint(n << 1 ^ n >> 63)


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


def snappy(data):
    """One literal, and the checksum that Avro adds."""
    head = varint(len(data)) + bytes([61 << 2]) + (len(data) - 1).to_bytes(2, "little")
    return head + data + zlib.crc32(data).to_bytes(4, "big")


def zstd(data):
    return zstandard.ZstdCompressor().compress(data)


PACKERS = {"snappy": snappy, "zstandard": zstd}


def repack(plain, codec):
    """A container of one block again, with a codec that fastavro has no library for."""
    head, _, block = plain.partition(SYNC)
    at = 1
    while block[at] > 127:  # behind the number of records stands the size
        at += 1
    packed = PACKERS[codec](block[at + 1:-len(SYNC)])
    name = codec.encode()
    head = head.replace(b"\x14avro.codec\x08null", b"\x14avro.codec" + zigzag(len(name)) + name)
    return head + SYNC + block[:1] + zigzag(len(packed)) + packed + SYNC


def manifests():
    for version in (1, 2, 3):
        for spec, partition in ((0, PARTITION), (1, [])):
            for content, name in ((0, "data"), (1, "position"), (2, "equality")):
                if version == 1 and content:
                    continue
                meta = {"schema": "{}", "partition-spec": "[]", "partition-spec-id": str(spec),
                        "format-version": str(version),
                        "content": "deletes" if content else "data"}
                entries = [entry(i, version, partition, content) for i in range(3)]
                schema_ = entry_schema(version, [p[:3] for p in partition])
                for codec in ("null", "deflate") if content == 0 else ("null",):
                    yield (f"v{version}-{spec}-{name}-{codec}",
                           avro(schema_, entries, codec, meta))


def manifest_lists():
    for version in (1, 2, 3):
        entries = [{"manifest_path": f"/m{i}.avro", "manifest_length": 500, "partition_spec_id": i,
                    "content": i % 2, "sequence_number": 4, "min_sequence_number": 2,
                    "added_snapshot_id": 3, "added_files_count": 1, "existing_files_count": 2,
                    "deleted_files_count": 0, "added_rows_count": 10, "existing_rows_count": 20,
                    "deleted_rows_count": 0, "key_metadata": None, "first_row_id": 0,
                    "partitions": [{"contains_null": i == 1, "contains_nan": None,
                                    "lower_bound": b"a", "upper_bound": b"b"}]}
                   for i in range(3)]
        for codec in ("null", "deflate", "zstandard"):
            yield (f"v{version}-{codec}",
                   avro(list_schema(version), entries, codec,
                        {"snapshot-id": "3", "format-version": str(version),
                         "firn.position": "{}"}))


TYPES = ["boolean", "int", "long", "float", "double", "date", "time", "timestamp", "timestamptz",
         "string", "uuid", "fixed[16]", "binary", "decimal(9,2)"]
NESTED = [{"type": "struct", "fields": [{"id": 30, "name": "in", "required": True, "type": "int"}]},
          {"type": "list", "element-id": 31, "element-required": False, "element": "string"},
          {"type": "map", "key-id": 32, "key": "string", "value-id": 33, "value-required": True,
           "value": {"type": "list", "element-id": 34, "element-required": True,
                     "element": "long"}}]


def schema(version):
    columns = [{"id": i + 1, "name": f"c{i}", "required": i == 1, "type": t}
               for i, t in enumerate(TYPES + NESTED)]
    if version == 3:
        columns.append({"id": 40, "name": "ns", "required": False, "type": "timestamptz_ns"})
        columns.append({"id": 41, "name": "d", "required": False, "type": "int",
                        "initial-default": 5, "write-default": 6})
    return {"type": "struct", "schema-id": 0, "identifier-field-ids": [2], "fields": columns}


def metadata(version):
    snapshots = [{"snapshot-id": 10 + i, "timestamp-ms": 1700000000000 + i, "schema-id": 0,
                  "summary": {"operation": "append", "added-records": "5", "firn.position":
                              '{"v":1,"streams":{"a.b":{"seq":1,"parts":{"p":[1]}}}}'},
                  "manifest-list": f"/t/metadata/snap-{i}.avro"} for i in range(3)]
    for i in range(1, 3):
        snapshots[i]["parent-snapshot-id"] = 9 + i
    made = {"format-version": version, "table-uuid": UUID, "location": "/t",
            "last-updated-ms": 1700000000002, "last-column-id": 41, "current-schema-id": 0,
            "schemas": [schema(version)], "default-spec-id": 0, "last-partition-id": 1001,
            "partition-specs": [{"spec-id": 0, "fields": [
                {"source-id": 3, "field-id": 1000, "name": "b", "transform": "bucket[16]"},
                {"source-id": 8, "field-id": 1001, "name": "d", "transform": "day"}]}],
            "default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}],
            "properties": {"write.metadata.path": "/t/m", "a": "b"}, "current-snapshot-id": 12,
            "snapshots": snapshots,
            "refs": {"main": {"snapshot-id": 12, "type": "branch"},
                     "t": {"snapshot-id": 10, "type": "tag", "max-ref-age-ms": 1}},
            "snapshot-log": [{"snapshot-id": s["snapshot-id"], "timestamp-ms": s["timestamp-ms"]}
                             for s in snapshots],
            "metadata-log": [{"timestamp-ms": 1, "metadata-file": "/t/metadata/0.json"}],
            "statistics": []}
    if version == 1:
        made |= {"schema": schema(1), "partition-spec": made["partition-specs"][0]["fields"]}
        del made["refs"]
        snapshots[0].pop("manifest-list")
        snapshots[0]["manifests"] = ["/t/metadata/m0.avro"]
    else:
        made["last-sequence-number"] = 3
        for i, s in enumerate(snapshots):
            s["sequence-number"] = i + 1
    if version == 3:
        made["next-row-id"] = 15
        for i, s in enumerate(snapshots):
            s |= {"first-row-id": 5 * i, "added-rows": 5}
    return made


def small_avro():
    node = record("node", field(2, "n", "node"), field(1, "v", "long", True))
    everything = record(
        "all", field(0, "s", "string"), field(1, "list", {"type": "array", "items": node}),
        field(2, "r", "node"), field(3, "e", {"type": "enum", "name": "e", "symbols": ["A", "B"]}),
        field(4, "m", {"type": "map", "values": "double"}), field(500, "b", "bytes", True),
        field(517, "f", {"type": "fixed", "name": "fx", "size": 3}))
    one = {"s": "text", "list": [{"n": None, "v": 5}, {"n": {"n": None, "v": 1}, "v": -9}],
           "r": {"n": {"n": None, "v": 2}, "v": 3}, "e": "B", "m": {"k": 0.5}, "b": b"xyz",
           "f": b"abc"}
    none = dict.fromkeys(one) | {"b": b""}
    for codec in ("null", "deflate", "snappy", "zstandard"):
        yield f"small-{codec}", avro(everything, [one, none, one], codec)


def bitmaps():
    """Deletion vectors without their head and checksum: an array, a bitset, runs."""
    sets = {"few": [1, 5, 70000, 1 << 33], "many": list(range(0, 20000, 3)),
            "runs": [*range(5, 9000), *range(1 << 32, (1 << 32) + 500)], "none": []}
    for name, positions in sets.items():
        b = pyroaring.BitMap64(positions)
        if name == "runs":
            b.run_optimize()
        yield name, b.serialize()


def puffin():
    vector = next(data for name, data in bitmaps() if name == "few")
    body = b"\xd1\xd3\x39\x64" + vector
    blob = len(body).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    footer = json.dumps({"blobs": [
        {"type": "deletion-vector-v1", "fields": [], "snapshot-id": -1, "sequence-number": -1,
         "offset": 4, "length": len(blob),
         "properties": {"referenced-data-file": "/t/data/0.parquet", "cardinality": "4"}},
        {"type": "apache-datasketches-theta-v1", "fields": [1], "snapshot-id": 1,
         "sequence-number": 1, "offset": 4, "length": 5, "compression-codec": "zstd"}],
        "properties": {"created-by": "nobody"}}).encode()
    yield ("two", b"PFA1" + blob + b"PFA1" + footer + len(footer).to_bytes(4, "little")
           + bytes(4) + b"PFA1")


def seeds():
    """(target, name, bytes)."""
    for name, data in bitmaps():
        yield "roaring", name, data
    for name, data in puffin():
        yield "puffin", name, data
    for name, data in small_avro():
        yield "avro", name, data
    for name, data in manifests():
        yield "manifest", name, data
        if "-1-" in name:
            yield "avro", "manifest-" + name, data
    for name, data in manifest_lists():
        yield "manifest_list", name, data
        yield "avro", "list-" + name, data
    for version in (1, 2, 3):
        text = json.dumps(metadata(version)).encode()
        yield "metadata", f"v{version}.json", text
        yield "schema", f"v{version}.json", json.dumps(schema(version)).encode()
        yield ("avro_schema", f"entry-v{version}",
               json.dumps(entry_schema(version, [p[:3] for p in PARTITION])).encode())
        yield "avro_schema", f"list-v{version}", json.dumps(list_schema(version)).encode()
    for name, data, canonical, relaxed in bson_files():
        yield "bson", f"{name}.bson", data
        yield "json", f"{name}-canonical.json", canonical.encode()
        yield "json", f"{name}-relaxed.json", relaxed.encode()
    packer = zlib.compressobj(wbits=31)
    yield "metadata", "v2.gz", packer.compress(json.dumps(metadata(2)).encode()) + packer.flush()


def bson_files():
    """(name, BSON, Extended JSON in both spellings)"""
    oid = "507d95d5719dbef170f15bf9"
    every = {
        "_id": bson.ObjectId(oid), "double": 1.5, "string": "text with ünïcode", "doc": {"a": {}},
        "list": [bson.Int(1), None, "x", [True]], "binary": b"abc", "old": bson.Binary(b"abc", 2),
        "uuid": bson.Binary(bytes(range(16)), 4), "undefined": bson.Undefined(), "bool": True,
        "date": bson.Date(1700000000123), "null": None, "regex": bson.Regex("^a.b$", "im"),
        "pointer": bson.DBPointer("db.c", oid), "code": bson.Code("f()"),
        "symbol": bson.Symbol("s"), "scoped": bson.ScopedCode("f(x)", {"x": bson.Int(1)}),
        "int": bson.Int(-7), "timestamp": bson.Timestamp(1700000000, 3), "long": bson.Long(2**62),
        "decimal": bson.Decimal("-1.50E-3"), "min": bson.MinKey(), "max": bson.MaxKey()}
    numbers = [{"n": n} for n in (bson.Int(1), bson.Long(2**53 + 1), 0.1, float("nan"), -0.0,
                                  bson.Decimal("1E+6111"), bson.Decimal("NaN"), 5e-324)]
    dates = [{"d": bson.Date(ms), "t": t} for ms, t in (
        (0, "2024-01-31"), (-62135596800001, "2024-02-29"), (253402300800000, "x"),
        (-1, "2024-01-31T10:00:00Z"))]
    keys = [bson.Pairs([("a", bson.Int(1)), ("A", "x"), ("a", bson.Int(2)), ("", None),
                        ("a.b", True), ("$c", 1.0), (" ", "y")])]
    journal = [{"_id": bson.ObjectId(oid), "n": bson.Long(i), "lines": [
        {"account": f"{j}", "debit": bson.Decimal(f"{j}.50")} for j in range(i)]} for i in range(4)]
    mixed = [{"v": v} for v in every.values()]
    for name, documents in (("every", [every]), ("mixed", mixed), ("numbers", numbers),
                            ("dates", dates),
                            ("keys", keys), ("journal", journal), ("empty", [{}, {}])):
        yield (name, bson.dump(*documents), bson.export(*documents),
               bson.export(*documents, relaxed=True))


def main():
    out = pathlib.Path(sys.argv[1])
    count = 0
    for target, name, data in seeds():
        (out / target).mkdir(parents=True, exist_ok=True)
        (out / target / name).write_bytes(data)
        count += 1
    print(f"{count} seeds")


if __name__ == "__main__":
    main()

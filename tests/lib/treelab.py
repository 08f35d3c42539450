# SPDX-License-Identifier: Apache-2.0
"""Iceberg tables made by hand, for tests that damage them: metadata with json, manifests with
fastavro, files with pyarrow; nothing of firn or of another Iceberg library.  A table has three
snapshots; what must be in it is in Tree.rows."""
import datetime
import io
import json
import pathlib
import zlib

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pyroaring

SNAPSHOTS = (101, 102, 103)
NOW = 1_700_000_000_000
DAY0 = datetime.date(2024, 1, 1)
EPOCH = datetime.date(1970, 1, 1)


# --- Avro ---------------------------------------------------------------------------------------

def field(number, name, type_, required=False):
    made = {"name": name, "field-id": number, "type": type_ if required else ["null", type_]}
    if not required:
        made["default"] = None
    return made


def record(name, *fields):
    return {"type": "record", "name": name, "fields": list(fields)}


def id_map(number, name, key, value, value_type):
    pair = record(f"k{key}_v{value}", field(key, "key", "int", True),
                  field(value, "value", value_type, True))
    return field(number, name, {"type": "array", "logicalType": "map", "items": pair})


def entry_schema(version, partition):
    """Of manifest entries; `partition` are (field id, name, Avro type)."""
    parts = [
        field(100, "file_path", "string", True), field(101, "file_format", "string", True),
        field(102, "partition", record("r102", *(field(*p) for p in partition)), True),
        field(103, "record_count", "long", True), field(104, "file_size_in_bytes", "long", True),
        id_map(108, "column_sizes", 117, 118, "long"),
        id_map(109, "value_counts", 119, 120, "long"),
        id_map(110, "null_value_counts", 121, 122, "long"),
        id_map(137, "nan_value_counts", 138, 139, "long"),
        id_map(125, "lower_bounds", 126, 127, "bytes"),
        id_map(128, "upper_bounds", 129, 130, "bytes"),
        field(131, "key_metadata", "bytes"),
        field(132, "split_offsets", {"type": "array", "items": "long", "element-id": 133}),
        field(140, "sort_order_id", "int")]
    if version == 1:
        parts.insert(5, field(105, "block_size_in_bytes", "long", True))
    else:
        parts.insert(0, field(134, "content", "int", True))
        parts += [field(135, "equality_ids",
                        {"type": "array", "items": "int", "element-id": 136}),
                  field(143, "referenced_data_file", "string")]
    if version == 3:
        parts += [field(142, "first_row_id", "long"), field(144, "content_offset", "long"),
                  field(145, "content_size_in_bytes", "long")]
    fields = [field(0, "status", "int", True), field(1, "snapshot_id", "long", version == 1)]
    if version > 1:
        fields += [field(3, "sequence_number", "long"), field(4, "file_sequence_number", "long")]
    return record("manifest_entry", *fields, field(2, "data_file", record("r2", *parts), True))


def list_schema(version):
    """Of manifest lists."""
    summary = record("r508", field(509, "contains_null", "boolean", True),
                     field(518, "contains_nan", "boolean"), field(510, "lower_bound", "bytes"),
                     field(511, "upper_bound", "bytes"))
    fields = [field(500, "manifest_path", "string", True),
              field(501, "manifest_length", "long", True),
              field(502, "partition_spec_id", "int", True)]
    if version > 1:
        fields += [field(517, "content", "int", True), field(515, "sequence_number", "long", True),
                   field(516, "min_sequence_number", "long", True)]
    fields.append(field(503, "added_snapshot_id", "long", True))
    fields += [field(i, n, t, version > 1) for i, n, t in (
        (504, "added_files_count", "int"), (505, "existing_files_count", "int"),
        (506, "deleted_files_count", "int"), (512, "added_rows_count", "long"),
        (513, "existing_rows_count", "long"), (514, "deleted_rows_count", "long"))]
    fields += [field(507, "partitions", {"type": "array", "items": summary, "element-id": 508}),
               field(519, "key_metadata", "bytes")]
    if version == 3:
        fields.append(field(520, "first_row_id", "long"))
    return record("manifest_file", *fields)


def write_avro(path, schema, records, header, codec="null"):
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(schema), records, codec=codec, metadata=header,
                    sync_marker=bytes(range(16)))
    path.write_bytes(out.getvalue())
    return len(out.getvalue())


# --- tables -------------------------------------------------------------------------------------

FIELDS = [{"id": 1, "name": "id", "required": True, "type": "long"},
          {"id": 2, "name": "kind", "required": False, "type": "string"},
          {"id": 3, "name": "amount", "required": False, "type": "decimal(9,2)"},
          {"id": 4, "name": "d", "required": False, "type": "date"},
          {"id": 5, "name": "x", "required": False, "type": "double"},
          {"id": 6, "name": "in", "required": False, "type":
           {"type": "struct", "fields": [
               {"id": 7, "name": "a", "required": False, "type": "int"},
               {"id": 8, "name": "tags", "required": False, "type":
                {"type": "list", "element-id": 9, "element-required": False,
                 "element": "string"}}]}}]
SPEC = [{"source-id": 2, "field-id": 1000, "name": "kind", "transform": "identity"},
        {"source-id": 4, "field-id": 1001, "name": "d_day", "transform": "day"}]
PARTITION = [(1000, "kind", "string"), (1001, "d_day", {"type": "int", "logicalType": "date"})]


def column(name, type_, number):
    return pa.field(name, type_, metadata={"PARQUET:field_id": str(number)})


ARROW = pa.schema([
    column("id", pa.int64(), 1), column("kind", pa.string(), 2),
    column("amount", pa.decimal128(9, 2), 3), column("d", pa.date32(), 4),
    column("x", pa.float64(), 5),
    column("in", pa.struct([column("a", pa.int32(), 7),
                            column("tags", pa.list_(column("element", pa.string(), 9)), 8)]), 6)])
POSITIONS = pa.schema([column("file_path", pa.string(), 2147483546),
                       column("pos", pa.int64(), 2147483545)])


def row(i, kind, day):
    return {"id": i, "kind": kind, "amount": None if i % 7 == 0 else f"{i}.{i % 100:02}",
            "d": DAY0 + datetime.timedelta(days=day), "x": i / 4 if i % 5 else None,
            "in": None if i % 6 == 0 else {"a": i, "tags": [f"t{k}" for k in range(i % 3)]}}


class Tree:
    """A table of `version`, partitioned or not, with deletes of a kind (None, "position",
    "equality", "vector"); `inline`: of version 1, manifests named in the metadata itself."""

    def __init__(self, folder, version, partitioned=True, deletes=None, inline=False, gzip=False):
        self.folder, self.version, self.deletes = pathlib.Path(folder), version, deletes
        self.inline, self.gzip, self.rows, self.files = inline, gzip, [], []
        self.spec = SPEC if partitioned else []
        self.partition = PARTITION if partitioned else []
        (self.folder / "metadata").mkdir(parents=True)
        (self.folder / "data").mkdir()
        self.live, self.snapshots = [], []
        for n, snapshot in enumerate(SNAPSHOTS):
            self.append(n, snapshot)
        self.location = self.write_metadata()

    def append(self, n, snapshot):
        """Two files; with the last snapshot, deletes of rows of the first one's."""
        places = [("a", n), ("b", n + 1)] if self.partition else [(None, n), (None, n + 1)]
        entries = [self.data_file(100 * n + 50 * k, kind, day, n) for k, (kind, day) in
                   enumerate(places)]
        self.live.append(self.manifest(f"m{n}", snapshot, entries, n, deletes=False))
        if self.deletes and n == len(SNAPSHOTS) - 1:
            gone = getattr(self, f"{self.deletes}_deletes")(n)
            self.live.append(self.manifest(f"m{n}-deletes", snapshot, gone, n, deletes=True))
        self.snapshot(n, snapshot)

    def place(self, kind, day):
        if not self.partition:
            return {}
        return {"kind": kind, "d_day": (DAY0 - EPOCH).days + day}

    def data_file(self, first, kind, day, n):
        rows = [row(i, kind or f"k{i % 2}", day) for i in range(first, first + 20)]
        path = self.folder / "data" / f"{first:05}.parquet"
        typed = [r | {"amount": pa.scalar(r["amount"]).cast(pa.decimal128(9, 2)).as_py()
                      if r["amount"] else None} for r in rows]
        pq.write_table(pa.Table.from_pylist(typed, schema=ARROW), path)
        self.rows += rows
        bound = lambda i: i.to_bytes(8, "little")  # noqa: E731
        return self.entry(n, path, 0, self.place(kind, day), 20) | {"made": {
            "value_counts": [{"key": 1, "value": 20}],
            "null_value_counts": [{"key": 1, "value": 0}],
            "lower_bounds": [{"key": 1, "value": bound(first)}],
            "upper_bounds": [{"key": 1, "value": bound(first + 19)}],
            "first_row_id": first}}

    def entry(self, n, path, content, place, count, **more):
        return {"path": path, "seq": n + 1, "made": {}, "file": {
            "content": content, "file_path": str(path), "file_format": "PARQUET",
            "partition": place, "record_count": count, "file_size_in_bytes": path.stat().st_size,
            "block_size_in_bytes": 0, "split_offsets": [4], "sort_order_id": 0, **more}}

    def first_file(self):
        """The path of the oldest data file, its rows, its place."""
        path = self.folder / "data" / "00000.parquet"
        return path, self.place("a" if self.partition else None, 0)

    def forget(self, ids):
        self.rows = [r for r in self.rows if r["id"] not in ids]

    def position_deletes(self, n):
        target, place = self.first_file()
        path = self.folder / "data" / "pos.parquet"
        pq.write_table(pa.Table.from_pylist(
            [{"file_path": str(target), "pos": p} for p in (0, 3, 19)], schema=POSITIONS), path)
        self.forget({0, 3, 19})
        return [self.entry(n, path, 1, place, 3, referenced_data_file=str(target))]

    def equality_deletes(self, n):
        _, place = self.first_file()
        path = self.folder / "data" / "eq.parquet"
        schema = pa.schema([ARROW.field("id")])
        pq.write_table(pa.Table.from_pylist([{"id": 1}, {"id": 7}, {"id": 999}], schema=schema),
                       path)
        self.forget({1, 7})
        return [self.entry(n, path, 2, place, 3, equality_ids=[1])]

    def vector_deletes(self, n):
        target, place = self.first_file()
        path = self.folder / "data" / "dv.puffin"
        body = b"\xd1\xd3\x39\x64" + pyroaring.BitMap64([2, 4, 18]).serialize()
        blob = len(body).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
        footer = json.dumps({"blobs": [
            {"type": "deletion-vector-v1", "fields": [2147483545], "snapshot-id": -1,
             "sequence-number": -1, "offset": 4, "length": len(blob),
             "properties": {"referenced-data-file": str(target), "cardinality": "3"}}]}).encode()
        path.write_bytes(b"PFA1" + blob + b"PFA1" + footer + len(footer).to_bytes(4, "little")
                         + bytes(4) + b"PFA1")
        self.forget({2, 4, 18})
        return [self.entry(n, path, 1, place, 3, file_format="PUFFIN", content_offset=4,
                           content_size_in_bytes=len(blob), referenced_data_file=str(target))]

    def manifest(self, name, snapshot, entries, n, deletes):
        path = self.folder / "metadata" / f"{name}.avro"
        records = [{"status": 1, "snapshot_id": snapshot, "sequence_number": None,
                    "file_sequence_number": None, "data_file": e["file"] | e["made"]}
                   for e in entries]
        header = {"schema": json.dumps(self.schema()), "partition-spec": json.dumps(self.spec),
                  "partition-spec-id": "0", "format-version": str(self.version),
                  "content": "deletes" if deletes else "data"}
        size = write_avro(path, entry_schema(self.version, self.partition), records, header)
        rows = sum(e["file"]["record_count"] for e in entries)
        return {"manifest_path": str(path), "manifest_length": size, "partition_spec_id": 0,
                "content": int(deletes), "sequence_number": n + 1, "min_sequence_number": n + 1,
                "added_snapshot_id": snapshot, "added_files_count": len(entries),
                "existing_files_count": 0, "deleted_files_count": 0, "added_rows_count": rows,
                "existing_rows_count": 0, "deleted_rows_count": 0,
                "first_row_id": 100 * n if not deletes else None}

    def snapshot(self, n, number):
        made = {"snapshot-id": number, "timestamp-ms": NOW + n, "schema-id": 0,
                "summary": {"operation": "append"}}
        if n:
            made["parent-snapshot-id"] = SNAPSHOTS[n - 1]
        if self.version > 1:
            made["sequence-number"] = n + 1
        if self.version == 3:
            made |= {"first-row-id": 100 * n, "added-rows": 40}
        if self.inline:
            made["manifests"] = [m["manifest_path"] for m in self.live]
        else:
            path = self.folder / "metadata" / f"snap-{number}.avro"
            write_avro(path, list_schema(self.version), self.live,
                       {"snapshot-id": str(number), "format-version": str(self.version)},
                       "deflate" if n == 1 else "null")
            made["manifest-list"] = str(path)
        self.snapshots.append(made)

    def schema(self):
        return {"type": "struct", "schema-id": 0, "fields": FIELDS}

    def metadata(self):
        made = {"format-version": self.version, "location": str(self.folder),
                "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1", "last-updated-ms": NOW + 2,
                "last-column-id": 9, "current-schema-id": 0, "schemas": [self.schema()],
                "default-spec-id": 0, "last-partition-id": 1001,
                "partition-specs": [{"spec-id": 0, "fields": self.spec}],
                "default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}],
                "properties": {}, "current-snapshot-id": SNAPSHOTS[-1],
                "snapshots": self.snapshots,
                "snapshot-log": [{"snapshot-id": s["snapshot-id"],
                                  "timestamp-ms": s["timestamp-ms"]} for s in self.snapshots],
                "metadata-log": []}
        if self.version == 1:
            made |= {"schema": self.schema(), "partition-spec": self.spec}
        else:
            made |= {"last-sequence-number": len(SNAPSHOTS), "refs": {
                "main": {"snapshot-id": SNAPSHOTS[-1], "type": "branch"}}}
        if self.version == 3:
            made["next-row-id"] = 1000
        return made

    def write_metadata(self):
        text = json.dumps(self.metadata(), indent=1).encode()
        name = "v3.gz.metadata.json" if self.gzip else "v3.metadata.json"
        if self.gzip:
            packer = zlib.compressobj(wbits=31)
            text = packer.compress(text) + packer.flush()
        path = self.folder / "metadata" / name
        path.write_bytes(text)
        return path

# SPDX-License-Identifier: Apache-2.0
"""Iceberg tables written by hand: metadata as JSON, manifests with fastavro, data with pyarrow.
For what no engine writes easily: deletes of any age, partition and spec, keys that were dropped
since, deletion vectors with containers of choice, defaults, row ids, files without field ids.
Source: the Iceberg table and Puffin specifications."""
import copy
import datetime
import json
import pathlib
import sqlite3
import struct
import uuid
import zlib

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from firnlab import TMP

CATALOG = """
CREATE TABLE IF NOT EXISTS iceberg_tables(catalog_name VARCHAR(255) NOT NULL,
 table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL,
 metadata_location VARCHAR(1000), previous_metadata_location VARCHAR(1000),
 iceberg_type VARCHAR(5), PRIMARY KEY (catalog_name, table_namespace, table_name));
CREATE TABLE IF NOT EXISTS iceberg_namespace_properties(catalog_name VARCHAR(255) NOT NULL,
 namespace VARCHAR(255) NOT NULL, property_key VARCHAR(255), property_value VARCHAR(1000),
 PRIMARY KEY (catalog_name, namespace, property_key));"""

PRIMITIVES = {
    "boolean": pa.bool_(), "int": pa.int32(), "long": pa.int64(), "float": pa.float32(),
    "double": pa.float64(), "date": pa.date32(), "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"), "timestamptz": pa.timestamp("us", "UTC"),
    "timestamp_ns": pa.timestamp("ns"), "timestamptz_ns": pa.timestamp("ns", "UTC"),
    "string": pa.string(), "binary": pa.binary(), "uuid": pa.binary(16)}


# --- schemas ------------------------------------------------------------------------------------

def field(id, name, type, required=False, **more):
    return {"id": id, "name": name, "required": required, "type": type, **more}


def struct_of(*fields):
    return {"type": "struct", "fields": list(fields)}


def list_of(id, element):
    return {"type": "list", "element-id": id, "element": element, "element-required": False}


def map_of(key_id, key, value_id, value):
    return {"type": "map", "key-id": key_id, "key": key, "value-id": value_id, "value": value,
            "value-required": False}


def arrow_type(t, ids):
    if isinstance(t, str) and t.startswith("decimal"):
        return pa.decimal128(*map(int, t[8:-1].split(",")))
    if isinstance(t, str) and t.startswith("fixed"):
        return pa.binary(int(t[6:-1]))
    if isinstance(t, str):
        return PRIMITIVES[t]
    if t["type"] == "struct":
        return pa.struct([arrow_field(f, ids) for f in t["fields"]])
    if t["type"] == "list":
        return pa.list_(arrow_field(field(t["element-id"], "element", t["element"]), ids))
    return pa.map_(arrow_field(field(t["key-id"], "key", t["key"], True), ids),
                   arrow_field(field(t["value-id"], "value", t["value"]), ids))


def arrow_field(f, ids=True):
    metadata = {b"PARQUET:field_id": str(f["id"]).encode()} if ids else None
    return pa.field(f["name"], arrow_type(f["type"], ids), not f["required"], metadata)


def last_id(t):
    if isinstance(t, str):
        return 0
    own = [f["id"] for f in t.get("fields", [])] + [
        v for k, v in t.items() if k in ("element-id", "key-id", "value-id")]
    below = [f["type"] for f in t.get("fields", [])] + [
        v for k, v in t.items() if k in ("element", "key", "value")]
    return max(own + [last_id(b) for b in below], default=0)


# --- Avro ---------------------------------------------------------------------------------------

AVRO = {"boolean": "boolean", "int": "int", "long": "long", "string": "string", "binary": "bytes",
        "date": {"type": "int", "logicalType": "date"}, "double": "double",
        "timestamp_ns": {"type": "long"}, "timestamp": {"type": "long"}}


def optional(name, type, id):
    return {"name": name, "type": ["null", type], "default": None, "field-id": id}


def needed(name, type, id):
    return {"name": name, "type": type, "field-id": id}


def map_type(key_id, value_id, value):
    return {"type": "array", "logicalType": "map", "items": {
        "type": "record", "name": f"k{key_id}_v{value_id}", "fields": [
            needed("key", "int", key_id), needed("value", value, value_id)]}}


def entry_schema(version, spec, results):
    partition = [optional(f["name"], AVRO[results[f["name"]]], f["field-id"])
                 for f in spec["fields"]]
    fields = [needed("content", "int", 134), needed("file_path", "string", 100),
              needed("file_format", "string", 101),
              needed("partition", {"type": "record", "name": "r102", "fields": partition}, 102),
              needed("record_count", "long", 103), needed("file_size_in_bytes", "long", 104),
              optional("lower_bounds", map_type(126, 127, "bytes"), 125),
              optional("upper_bounds", map_type(129, 130, "bytes"), 128),
              optional("key_metadata", "bytes", 131),
              optional("equality_ids", {"type": "array", "items": "int", "element-id": 136}, 135),
              optional("referenced_data_file", "string", 143)]
    if version > 2:
        fields += [optional("first_row_id", "long", 142), optional("content_offset", "long", 144),
                   optional("content_size_in_bytes", "long", 145)]
    return {"type": "record", "name": "manifest_entry", "fields": [
        needed("status", "int", 0), optional("snapshot_id", "long", 1),
        optional("sequence_number", "long", 3), optional("file_sequence_number", "long", 4),
        needed("data_file", {"type": "record", "name": "r2", "fields": fields}, 2)]}


def list_schema(version):
    fields = [needed("manifest_path", "string", 500), needed("manifest_length", "long", 501),
              needed("partition_spec_id", "int", 502), needed("content", "int", 517),
              needed("sequence_number", "long", 515), needed("min_sequence_number", "long", 516),
              needed("added_snapshot_id", "long", 503), needed("added_files_count", "int", 504),
              needed("existing_files_count", "int", 505), needed("deleted_files_count", "int", 506),
              needed("added_rows_count", "long", 512), needed("existing_rows_count", "long", 513),
              needed("deleted_rows_count", "long", 514)]
    if version > 2:
        fields.append(optional("first_row_id", "long", 520))
    return {"type": "record", "name": "manifest_file", "fields": fields}


def blob_of(bitmap_parts):
    """A deletion vector of (upper half, serialized 32-bit Roaring bitmap)."""
    body = b"\xd1\xd3\x39\x64" + struct.pack("<Q", len(bitmap_parts))
    body += b"".join(struct.pack("<I", key) + bits for key, bits in bitmap_parts)
    return struct.pack(">I", len(body)) + body + struct.pack(">I", zlib.crc32(body))


# --- tables -------------------------------------------------------------------------------------

class Made:
    """A table below TMP/lake, in the catalog of that folder."""
    home = TMP / "lake"

    def __init__(self, name, fields, version=2, specs=None, results=None, properties=None):
        self.name, self.version = name, version
        self.root = self.home / name
        (self.root / "data").mkdir(parents=True)
        (self.root / "metadata").mkdir()
        self.specs = specs or [{"spec-id": 0, "fields": []}]
        self.results = results or {}  # types of partition values by the field's name
        self.schemas = [struct_of(*fields) | {"schema-id": 0}]
        self.properties = properties or {}
        self.snapshots, self.manifests, self.sequence, self.files = [], [], 0, 0
        self.next_row_id, self.versions, self.default_spec = 0, 0, 0
        self.extra = {}

    @property
    def schema(self):
        return self.schemas[-1]

    def evolve(self, *fields):
        """From now on the table has these columns."""
        self.schemas.append(struct_of(*fields) | {"schema-id": len(self.schemas)})

    # --- files ---

    def path(self, suffix):
        self.files += 1
        return self.root / "data" / f"f{self.files:04}{suffix}"

    def record(self, path, count, content=0, spec=0, partition=None, **more):
        return {"content": content, "file_path": f"file://{path}", "file_format": "PARQUET",
                "partition": partition or {}, "record_count": count,
                "file_size_in_bytes": path.stat().st_size, "lower_bounds": None,
                "upper_bounds": None, "key_metadata": None, "equality_ids": None,
                "referenced_data_file": None, "first_row_id": None, "content_offset": None,
                "content_size_in_bytes": None, "_spec": spec, **more}

    def write(self, rows, fields, ids=True, suffix=".parquet"):
        path = self.path(suffix)
        schema = pa.schema([arrow_field(f, ids) for f in fields])
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, row_group_size=1000,
                       version="2.6")
        return path

    def data(self, rows, fields=None, ids=True, **more):
        fields = fields or self.schema["fields"]
        return self.record(self.write(rows, fields, ids), len(rows), **more)

    def positions(self, pairs, bounds=None, **more):
        """Position deletes: (data file's record, position)."""
        fields = [field(2147483546, "file_path", "string", True),
                  field(2147483545, "pos", "long", True)]
        rows = sorted(({"file_path": f["file_path"], "pos": p} for f, p in pairs),
                      key=lambda r: (r["file_path"], r["pos"]))
        if bounds == "full":
            names = [r["file_path"].encode() for r in rows]
            more["lower_bounds"] = [{"key": 2147483546, "value": min(names)}]
            more["upper_bounds"] = [{"key": 2147483546, "value": max(names)}]
        path = self.write(rows, fields, suffix="-deletes.parquet")
        return self.record(path, len(rows), content=1, **more)

    def equality(self, rows, fields, ids, **more):
        path = self.write(rows, fields, suffix="-keys.parquet")
        return self.record(path, len(rows), content=2, equality_ids=ids, **more)

    def vectors(self, wanted, damage=None, **more):
        """Deletion vectors of several files in one Puffin file: (record, positions)."""
        from pyroaring import BitMap
        path, out, blobs, records = self.path(".puffin"), b"PFA1", [], []
        for target, positions in wanted:
            bitmap = BitMap(positions)
            bitmap.run_optimize()
            blob = blob_of([(0, bitmap.serialize())])
            if damage:
                blob = damage(blob)
            blobs.append({"type": "deletion-vector-v1", "fields": [2147483545], "snapshot-id": -1,
                          "sequence-number": -1, "offset": len(out), "length": len(blob),
                          "properties": {"referenced-data-file": target["file_path"],
                                         "cardinality": str(len(positions))}})
            out += blob
        payload = json.dumps({"blobs": blobs, "properties": {}}).encode()
        out += b"PFA1" + payload + struct.pack("<ii", len(payload), 0) + b"PFA1"
        path.write_bytes(out)
        for (target, positions), blob in zip(wanted, blobs):
            records.append(self.record(
                path, len(positions), content=1, file_format="PUFFIN", spec=target["_spec"],
                partition=target["partition"], referenced_data_file=target["file_path"],
                content_offset=blob["offset"], content_size_in_bytes=blob["length"]) | more)
        return records

    # --- commits ---

    def manifest(self, records, snapshot_id, sequence):
        spec = self.specs[records[0]["_spec"]]
        content = int(records[0]["content"] != 0)
        path = self.root / "metadata" / f"{uuid.uuid4()}-m0.avro"
        entries = [{"status": r.get("_status", 1), "snapshot_id": snapshot_id,
                    "sequence_number": r.get("_sequence"),
                    "file_sequence_number": r.get("_sequence"), "data_file": r} for r in records]
        header = {"schema": json.dumps(self.schema), "schema-id": str(self.schema["schema-id"]),
                  "partition-spec": json.dumps(spec["fields"]),
                  "partition-spec-id": str(spec["spec-id"]),
                  "format-version": str(self.version),
                  "content": "deletes" if content else "data"}
        with open(path, "wb") as f:
            fastavro.writer(f, entry_schema(self.version, spec, self.results), entries,
                            codec="deflate", metadata=header)
        rows = sum(r["record_count"] for r in records)
        lowest = min([r["_sequence"] for r in records if "_sequence" in r], default=sequence)
        return {"manifest_path": f"file://{path}", "manifest_length": path.stat().st_size,
                "partition_spec_id": spec["spec-id"], "content": content,
                "sequence_number": sequence, "min_sequence_number": lowest,
                "added_snapshot_id": snapshot_id, "added_files_count": len(records),
                "existing_files_count": 0, "deleted_files_count": 0, "added_rows_count": rows,
                "existing_rows_count": 0, "deleted_rows_count": 0, "first_row_id": None}

    def commit(self, *records, manifest_rows=None):
        """One snapshot that adds these files."""
        self.sequence += 1
        snapshot_id = 1000 + self.sequence
        first, groups = self.next_row_id, {}
        for r in records:
            groups.setdefault((r["content"] != 0, r["_spec"]), []).append(r)
        for _, group in sorted(groups.items()):
            self.manifests.append(self.manifest(group, snapshot_id, self.sequence))
        for m in self.manifests:
            if self.version > 2 and not m["content"] and m["first_row_id"] is None:
                m["first_row_id"] = self.next_row_id
                self.next_row_id += m["added_rows_count"] + m["existing_rows_count"]
        path = self.root / "metadata" / f"snap-{snapshot_id}.avro"
        with open(path, "wb") as f:
            fastavro.writer(f, list_schema(self.version), self.manifests, codec="deflate",
                            metadata={"snapshot-id": str(snapshot_id)})
        snapshot = {"snapshot-id": snapshot_id, "sequence-number": self.sequence,
                    "timestamp-ms": 1700000000000 + self.sequence * 1000,
                    "manifest-list": f"file://{path}", "summary": {"operation": "overwrite"},
                    "schema-id": self.schema["schema-id"]}
        if self.snapshots:
            snapshot["parent-snapshot-id"] = self.snapshots[-1]["snapshot-id"]
        if self.version > 2:
            snapshot |= {"first-row-id": first, "added-rows": self.next_row_id - first}
        self.snapshots.append(snapshot)
        return self

    def metadata(self):
        last = max(last_id(s) for s in self.schemas)
        current = self.snapshots[-1]["snapshot-id"] if self.snapshots else -1
        m = {"format-version": self.version, "table-uuid": str(uuid.uuid5(uuid.NAMESPACE_URL,
                                                                          self.name)),
             "location": f"file://{self.root}", "last-sequence-number": self.sequence,
             "last-updated-ms": 1700000000000 + self.sequence * 1000, "last-column-id": last,
             "current-schema-id": self.schema["schema-id"], "schemas": self.schemas,
             "default-spec-id": self.default_spec, "partition-specs": self.specs,
             "last-partition-id": max([f["field-id"] for s in self.specs for f in s["fields"]],
                                      default=999),
             "default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}],
             "properties": self.properties, "current-snapshot-id": current,
             "refs": {"main": {"snapshot-id": current, "type": "branch"}} if self.snapshots else {},
             "snapshots": self.snapshots, "statistics": [], "partition-statistics": [],
             "snapshot-log": [{"timestamp-ms": s["timestamp-ms"], "snapshot-id": s["snapshot-id"]}
                              for s in self.snapshots], "metadata-log": []}
        if self.version > 2:
            m["next-row-id"] = self.next_row_id
        return copy.deepcopy(m | self.extra)

    def publish(self):
        """Writes metadata.json and enters the table as x.NAME."""
        path = self.root / "metadata" / f"{self.versions:05}-{uuid.uuid4()}.metadata.json"
        self.versions += 1
        path.write_text(json.dumps(self.metadata()), encoding="utf-8")
        with sqlite3.connect(self.home / "catalog.db") as db:
            db.executescript(CATALOG)
            db.execute("DELETE FROM iceberg_tables WHERE table_name = ?", (self.name,))
            db.execute("INSERT INTO iceberg_tables VALUES ('lake', 'x', ?, ?, NULL, 'TABLE')",
                       (self.name, f"file://{path}"))
        return self


def plain(value):
    """A value of Python as firn prints it in JSON."""
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, pathlib.Path):
        return str(value)
    return value

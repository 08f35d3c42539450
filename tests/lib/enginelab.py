# SPDX-License-Identifier: Apache-2.0
"""What the suites of src/engine share: running tests/tools/enginetool.c, Iceberg schemas as Python
data, and the same schemas and values for pyarrow.

A type is what stands in Iceberg's JSON: "int", "decimal(9,2)", {"type": "struct", "fields": […]}.
Values are None, bool, int (also dates as days, times and timestamps as microseconds), float,
Decimal, str, bytes (also of uuids), dict (structs), list, and for maps a list of pairs."""
import decimal
import json
import os
import pathlib
import subprocess

import pyarrow as pa

from firnlab import ROOT, TMP

BUILD = pathlib.Path(os.environ.get("FIRN_BUILD") or ROOT / "build")
decimal.getcontext().prec = 60


def engine(*steps, limit=280, **conf):
    """Runs steps in one session and returns their answers."""
    env = {**os.environ, "FIRN_ENGINE_MODULE": str(BUILD / "firn_engine_duckdb.so")}
    done = subprocess.run([BUILD / "tests/unit/enginetool"], env=env, capture_output=True,
                          timeout=limit, check=False,
                          input=json.dumps({"engine": conf, "steps": steps}).encode())
    assert done.returncode == 0, f"enginetool: {done.returncode} {done.stderr.decode()[-2000:]}"
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(steps)
    return answers


def good(answer):
    assert "error" not in answer, answer["error"]
    return answer


def folder(name):
    """A new empty folder."""
    path = TMP / name
    path.mkdir(parents=True)
    return path


# --- schemas ------------------------------------------------------------------------------------

def field(id_, name, type_, required=False):
    return {"id": id_, "name": name, "required": required, "type": type_}


def struct(*fields):
    return {"type": "struct", "fields": list(fields)}


def list_of(id_, type_):
    return {"type": "list", "element-id": id_, "element": type_, "element-required": False}


def map_of(key_id, key, value_id, value):
    return {"type": "map", "key-id": key_id, "key": key, "value-id": value_id, "value": value,
            "value-required": False}


def schema(*fields, schema_id=0):
    return {**struct(*fields), "schema-id": schema_id}


def kind(type_):
    return type_["type"] if isinstance(type_, dict) else type_.split("(")[0].split("[")[0]


def metadata(schemas, location="/t", properties=None):
    """metadata.json of a table that had these schemas, the last one being the current one."""
    last = max(max_id(s) for s in schemas)
    return {"format-version": 2, "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1",
            "location": location, "last-sequence-number": 0, "last-updated-ms": 1700000000000,
            "last-column-id": last, "current-schema-id": schemas[-1]["schema-id"],
            "schemas": schemas, "default-spec-id": 0,
            "partition-specs": [{"spec-id": 0, "fields": []}], "last-partition-id": 999,
            "default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}],
            "properties": properties or {}, "snapshots": [], "refs": {}}


def max_id(type_):
    if not isinstance(type_, dict):
        return 0
    if type_["type"] == "struct":
        return max([0] + [max(f["id"], max_id(f["type"])) for f in type_["fields"]])
    if type_["type"] == "list":
        return max(type_["element-id"], max_id(type_["element"]))
    return max(type_["key-id"], type_["value-id"], max_id(type_["key"]), max_id(type_["value"]))


# --- pyarrow ------------------------------------------------------------------------------------

PRIMITIVES = {"boolean": pa.bool_(), "int": pa.int32(), "long": pa.int64(), "float": pa.float32(),
              "double": pa.float64(), "date": pa.date32(), "time": pa.time64("us"),
              "timestamp": pa.timestamp("us"), "timestamptz": pa.timestamp("us", "UTC"),
              "string": pa.string(), "uuid": pa.binary(16), "binary": pa.binary()}


def arrow_field(id_, name, type_, nullable=True, ids=True):
    meta = {"PARQUET:field_id": str(id_)} if ids else None
    return pa.field(name, arrow_type(type_, ids), nullable=nullable, metadata=meta)


def arrow_type(type_, ids=True):
    k = kind(type_)
    if k == "struct":
        return pa.struct([arrow_field(f["id"], f["name"], f["type"], ids=ids)
                          for f in type_["fields"]])
    if k == "list":
        return pa.list_(arrow_field(type_["element-id"], "element", type_["element"], ids=ids))
    if k == "map":
        return pa.map_(arrow_field(type_["key-id"], "key", type_["key"], False, ids),
                       arrow_field(type_["value-id"], "value", type_["value"], ids=ids))
    if k == "decimal":
        return pa.decimal128(*precision_scale(type_))
    if k == "fixed":
        return pa.binary(int(type_[6:-1]))
    return PRIMITIVES[k]


def precision_scale(type_):
    return [int(n) for n in type_[8:-1].split(",")]


def arrow_schema(s, ids=True):
    return pa.schema([arrow_field(f["id"], f["name"], f["type"], ids=ids) for f in s["fields"]])


def arrow_table(s, rows, ids=True):
    """Rows are dicts by name."""
    target = arrow_schema(s, ids)
    return pa.Table.from_arrays(
        [pa.array([to_arrow(r[f["name"]], f["type"]) for r in rows], target.field(i).type)
         for i, f in enumerate(s["fields"])], schema=target)


def to_arrow(value, type_):
    k = kind(type_)
    if value is None:
        return None
    if k == "struct":
        return {f["name"]: to_arrow(value[f["name"]], f["type"]) for f in type_["fields"]}
    if k == "list":
        return [to_arrow(v, type_["element"]) for v in value]
    if k == "map":
        return [(to_arrow(a, type_["key"]), to_arrow(b, type_["value"])) for a, b in value]
    return value


# --- what enginetool prints ---------------------------------------------------------------------

def printed(value, type_):
    """A value as enginetool prints it in rows."""
    k = kind(type_)
    if value is None:
        return None
    if k == "struct":
        return {f["name"]: printed(value[f["name"]], f["type"]) for f in type_["fields"]}
    if k == "list":
        return [printed(v, type_["element"]) for v in value]
    if k == "map":
        return [{"key": printed(a, type_["key"]), "value": printed(b, type_["value"])}
                for a, b in value]
    if k == "decimal":
        return f"{value.quantize(decimal.Decimal(1).scaleb(-precision_scale(type_)[1])):f}"
    if k in ("binary", "uuid", "fixed"):
        return value.hex()
    if k == "float":
        return float(pa.array([value], pa.float32())[0].as_py())
    return value

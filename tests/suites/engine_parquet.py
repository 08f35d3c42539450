#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""Files as the engine writes them for firn: field ids, Parquet types, metrics, partitions, looked
at with pyarrow and PyIceberg."""
import datetime
import decimal
import math
import os
import pathlib
import random
import resource
import subprocess
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import FULL, Suite  # noqa: E402

suite = Suite()

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from pyiceberg import conversions, transforms  # noqa: E402
from pyiceberg.types import (BinaryType, BooleanType, DateType, DecimalType,  # noqa: E402
                             DoubleType, FloatType, IntegerType, LongType, StringType,
                             TimestampType, TimestamptzType, TimeType, UUIDType)

from enginelab import (arrow_schema, arrow_table, engine, field, folder, good, kind,  # noqa: E402
                       list_of, map_of, precision_scale, schema, struct)

EPOCH = datetime.datetime(1970, 1, 1)
ICEBERG = {"boolean": BooleanType(), "int": IntegerType(), "long": LongType(), "float": FloatType(),
           "double": DoubleType(), "date": DateType(), "time": TimeType(), "string": StringType(),
           "timestamp": TimestampType(), "timestamptz": TimestamptzType(), "uuid": UUIDType(),
           "binary": BinaryType()}


def iceberg_type(type_):
    return DecimalType(*precision_scale(type_)) if kind(type_) == "decimal" else ICEBERG[type_]


def sql_type(type_):
    k = kind(type_)
    if k == "struct":
        return "STRUCT(" + ", ".join(f'"{f["name"]}" {sql_type(f["type"])}'
                                     for f in type_["fields"]) + ")"
    if k == "list":
        return sql_type(type_["element"]) + "[]"
    if k == "map":
        return f"MAP({sql_type(type_['key'])}, {sql_type(type_['value'])})"
    return {"int": "INTEGER", "long": "BIGINT", "string": "VARCHAR", "binary": "BLOB",
            "timestamptz": "TIMESTAMPTZ"}.get(type_, type_)


def source(s, rows, home):
    """A SELECT of these rows with the columns of the schema: through Parquet by pyarrow."""
    path = home / "source.parquet"
    pq.write_table(arrow_table(s, rows), path)
    names = ['"' + f["name"].replace('"', '""') + '"' for f in s["fields"]]
    columns = ", ".join(f"CAST({name} AS {sql_type(f['type'])}) AS {name}"
                        for name, f in zip(names, s["fields"]))
    return f"SELECT {columns} FROM read_parquet('{path}', hive_partitioning=false)"


def copy(s, select, home, **more):
    target = home / "out"
    target.mkdir()
    return {"op": "copy", "schema": s, "select": select, "folder": str(target), **more}


# --- field ids and types ------------------------------------------------------------------------

WIDE = schema(
    field(1, "id", "long"), field(2, "s", struct(
        field(10, "a", "int"), field(11, "deep", struct(field(20, "b", "string"))))),
    field(3, "l", list_of(12, "string")),
    field(4, "ls", list_of(13, struct(field(21, "x", "double"),
                                      field(22, "ll", list_of(30, list_of(31, "int")))))),
    field(5, "m", map_of(14, "string", 15, "int")),
    field(6, "mm", map_of(16, "int", 17, struct(field(23, "y", "date"),
                                                field(24, "n", map_of(32, "string", 33, "uuid"))))))


@suite.case
def field_ids_at_all_levels():
    home = folder("ids")
    row = {"id": 1, "s": {"a": 1, "deep": {"b": "x"}}, "l": ["x"], "ls": [{"x": 1.0, "ll": [[1]]}],
           "m": [("k", 1)], "mm": [(1, {"y": 1, "n": [("k", b"0123456789abcdef")]})]}
    answer = good(engine(copy(WIDE, source(WIDE, [row], home), home))[0])
    got = pq.ParquetFile(answer["files"][0]["path"]).schema_arrow

    def ids(t):
        if pa.types.is_struct(t):
            return [(f.name, int(f.metadata[b"PARQUET:field_id"]), ids(f.type)) for f in t]
        if pa.types.is_list(t):
            f = t.value_field
            return [(int(f.metadata[b"PARQUET:field_id"]), ids(f.type))]
        if pa.types.is_map(t):
            return [(int(f.metadata[b"PARQUET:field_id"]), ids(f.type))
                    for f in (t.key_field, t.item_field)]
        return []
    want = arrow_schema(WIDE)
    assert ids(pa.struct(got)) == ids(pa.struct(want)), got.to_string(show_field_metadata=True)


@suite.case
def parquet_types():
    """ICEBERG.md §2: physical and logical types, and what the engine is known to do otherwise."""
    cases = [("boolean", "BOOLEAN", "None"), ("int", "INT32", "Int(bitWidth=32, isSigned=true)"),
             ("long", "INT64", "Int(bitWidth=64, isSigned=true)"), ("float", "FLOAT", "None"),
             ("double", "DOUBLE", "None"),
             ("decimal(4,1)", "INT32", "Decimal(precision=4, scale=1)"),
             ("decimal(9,2)", "INT32", "Decimal(precision=9, scale=2)"),
             ("decimal(18,3)", "INT64", "Decimal(precision=18, scale=3)"),
             ("decimal(38,10)", "FIXED_LEN_BYTE_ARRAY", "Decimal(precision=38, scale=10)"),
             ("date", "INT32", "Date"),
             ("time", "INT64", "Time(isAdjustedToUTC=false, timeUnit=microseconds)"),
             ("timestamp", "INT64", "Timestamp(isAdjustedToUTC=false, timeUnit=microseconds"),
             ("timestamptz", "INT64", "Timestamp(isAdjustedToUTC=true, timeUnit=microseconds"),
             ("string", "BYTE_ARRAY", "String"), ("uuid", "FIXED_LEN_BYTE_ARRAY", "UUID"),
             ("binary", "BYTE_ARRAY", "None")]
    s = schema(*[field(i + 1, f"c{i}", t) for i, (t, _, _) in enumerate(cases)])
    home = folder("types")
    nulls = ", ".join(f"CAST(NULL AS {sql_type(t)}) AS c{i}" for i, (t, _, _) in enumerate(cases))
    answer = good(engine(copy(s, f"SELECT {nulls}", home))[0])
    got = pq.ParquetFile(answer["files"][0]["path"]).schema
    for i, (t, physical, logical) in enumerate(cases):
        column = got.column(i)
        assert column.physical_type == physical, (t, column.physical_type)
        assert str(column.logical_type).startswith(logical), (t, str(column.logical_type))


TRAPS = [  # what a model may select → Iceberg type after the cast that describe() names
    ("1::HUGEINT", "decimal(38,0)", "1"), ("18446744073709551615::UBIGINT", "decimal(20,0)",
                                           "18446744073709551615"),
    ("1::TINYINT", "int", 1), ("1::SMALLINT", "int", 1), ("255::UTINYINT", "int", 255),
    ("65535::USMALLINT", "int", 65535), ("4294967295::UINTEGER", "long", 4294967295),
    ("'{\"a\": 1}'::JSON", "string", '{"a": 1}'), ("'a'::ENUM('a')", "string", "a"),
    ("'2024-01-01 00:00:00.123'::TIMESTAMP_MS", "timestamp", 1704067200123000),
    ("'2024-01-01 00:00:01'::TIMESTAMP_S", "timestamp", 1704067201000000),
    ("[1::TINYINT]", "list<int>", [1]), ("{'a': 1::HUGEINT}", "struct<a: decimal(38,0)>",
                                         {"a": "1"}),
    ("[1, 2]::INT[2]", "list<int>", [1, 2]), ("NULL", "int", None)]


@suite.case
def type_traps():
    """LIBRARIES.md §2: cast as describe() says, each is written as its Iceberg type."""
    home = folder("traps")
    described = engine(*[{"op": "describe", "sql": f"SELECT {v} AS v"} for v, _, _ in TRAPS])
    steps = []
    for i, (value, type_, _) in enumerate(TRAPS):
        c = good(described[i])["columns"][0]
        assert c["type"] == type_ and not c["refuse"], c
        t = {"list<int>": list_of(2, "int"), "struct<a: decimal(38,0)>":
             struct(field(2, "a", "decimal(38,0)"))}.get(type_, type_)
        (home / str(i)).mkdir()
        steps += [copy(schema(field(1, "v", t)), f"SELECT CAST(v AS {c['cast']}) AS v FROM "
                       f"(SELECT {value} AS v)", home / str(i))]
    for (value, _, want), answer in zip(TRAPS, engine(*steps)):
        path = good(answer)["files"][0]["path"]
        got = good(engine({"op": "query", "sql": f"FROM read_parquet('{path}')"})[0])["rows"]
        assert got == [{"v": want}], (value, got)
        text = str(pq.ParquetFile(path).schema)
        assert "bitWidth=8" not in text and "JSON" not in text and "milli" not in text, text
    for value in ("'2024-01-01'::TIMESTAMP_NS", "INTERVAL 1 DAY", "1::UHUGEINT", "'1'::BIT",
                  "[INTERVAL 1 DAY]", "{'a': '10:00:00+00'::TIMETZ}", "union_value(a := 1)"):
        c = good(engine({"op": "describe", "sql": f"SELECT {value} AS v"})[0])["columns"][0]
        assert c["refuse"], (value, c)


@suite.case
def moments_that_no_table_can_keep():
    """infinity and years beyond 1–9999 are written by the engine; the file must not get through."""
    home = folder("moments")
    values = [("date", "'infinity'"), ("date", "'-infinity'"), ("date", "'0044-03-15 (BC)'"),
              ("date", "'10000-01-01'"), ("timestamp", "'infinity'"), ("timestamp", "'-infinity'"),
              ("timestamptz", "'infinity'"), ("timestamp", "'10000-01-01 00:00:00'"),
              ("timestamptz", "'0044-03-15 (BC) 00:00:00+00'"), ("struct", "'infinity'")]
    steps = []
    for i, (t, text) in enumerate(values):
        (home / str(i)).mkdir()
        s = schema(field(1, "v", t))
        element = "DATE" if t == "struct" else sql_type(t)
        select = f"SELECT unnest([NULL, {text}, '2024-01-01']::{element}[]) AS v"
        if t == "struct":
            s = schema(field(1, "v", struct(field(2, "x", "date"))))
            select = f"SELECT {{'x': v}} AS v FROM ({select})"
        steps.append(copy(s, select, home / str(i)))
    for (t, text), answer in zip(values, engine(*steps)):
        error = answer["error"]
        assert error["code"] == "bad data", (t, text, error)
        assert "no table can keep" in error["text"], (t, text, error)
        assert "isfinite" in error["advice"]


@suite.case
def evil_names():
    names = ["it's", 'q"x', "a.b", "new\nline", "é", "select", "1", " ", "{:}", "a: 1, b", "}", "'",
             '"', "[", "list", "element", "filename", "__p1", "x" * 300]
    s = schema(*[field(i + 1, n, "int") for i, n in enumerate(names)],
               field(50, "s", struct(*[field(100 + i, n, "int") for i, n in enumerate(names)])),
               field(51, "l", list_of(52, struct(*[field(200 + i, n, "int")
                                                   for i, n in enumerate(names)]))))
    values = {n: i for i, n in enumerate(names)}
    home = folder("names")
    row = {**values, "s": values, "l": [values]}
    pq.write_table(arrow_table(s, [row]), home / "source.parquet")
    select = f"SELECT * FROM read_parquet('{home / 'source.parquet'}', hive_partitioning=false)"
    spec = [{"source-id": 1, "field-id": 1000, "name": "p", "transform": "identity"}]
    plain, parted = home / "plain", home / "parted"
    plain.mkdir()
    parted.mkdir()
    answers = engine(copy(s, select, plain), copy(s, select, parted, partition=spec))
    for answer in answers:
        file = good(answer)["files"][0]
        t = pq.read_table(file["path"], partitioning=None)
        assert t.schema.names == [*names, "s", "l"]
        assert [int(f.metadata[b"PARQUET:field_id"]) for f in t.schema] == [
            f["id"] for f in s["fields"]]
        # every leaf outside of lists has its own metrics
        leaves = s["fields"][:-2] + s["fields"][-2]["type"]["fields"]
        want = {f["id"]: values[f["name"]] for f in leaves}
        got = {m["id"]: int.from_bytes(bytes.fromhex(m["lower"]), "little")
               for m in file["metrics"]}
        assert got == want, (got, want)
    own = schema(field(1, "__duckdb_field_id", "int"))
    (home / "own").mkdir()
    error = engine(copy(own, "SELECT 1 AS __duckdb_field_id", home / "own"))[0]["error"]
    assert error["code"] == "sql" and "__duckdb_field_id" in error["text"], error
    p0 = schema(field(1, "__P0", "int"))
    (home / "p0").mkdir()
    error = engine(copy(p0, 'SELECT 1 AS "__P0"', home / "p0", partition=spec))[0]["error"]
    assert error["code"] == "not supported" and "__p0" in error["text"], error


# --- metrics ------------------------------------------------------------------------------------

LEAVES = ["boolean", "int", "long", "float", "double", "decimal(4,1)", "decimal(9,2)",
          "decimal(18,3)", "decimal(38,10)", "date", "time", "timestamp", "timestamptz", "string",
          "uuid", "binary"]


def random_leaf(rng, t):
    if rng.random() < 0.1:
        return None
    edge = rng.random() < 0.05
    if kind(t) == "decimal":
        p, scale = precision_scale(t)
        top = 10**p - 1
        return decimal.Decimal(rng.choice([-top, top, 0]) if edge
                               else rng.randint(-top, top)).scaleb(-scale)
    return {
        "boolean": lambda: rng.random() < 0.5,
        "int": lambda: rng.choice([-2**31, 2**31 - 1, 0]) if edge else rng.randint(-999, 999),
        "long": lambda: rng.choice([-2**63, 2**63 - 1]) if edge else rng.randint(-2**40, 2**40),
        "float": lambda: rng.choice([math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-45, 3.4e38])
        if edge else rng.uniform(-1, 1),
        "double": lambda: rng.choice([math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, 1.7e308])
        if edge else rng.uniform(-1, 1),
        "date": lambda: rng.choice([-719162, 2932896]) if edge else rng.randint(-40000, 40000),
        "time": lambda: rng.choice([0, 86399999999]) if edge else rng.randrange(86400000000),
        "timestamp": lambda: rng.choice([-62135596800000000, 253402300799999999, -1]) if edge
        else rng.randint(-10**15, 10**15),
        "timestamptz": lambda: rng.choice([-62135596800000000, 253402300799999999, -1]) if edge
        else rng.randint(-10**15, 10**15),
        "string": lambda: rng.choice(["", "é" * 20, "😀" * 300, "a" * 16 + "b", "z" * 1000, "\0",
                                      "\U0010ffff" * 20, "'", "\n"]) if edge
        else "".join(rng.choice("abcXYZ é") for _ in range(rng.randint(0, 30))),
        "uuid": lambda: rng.choice([b"\0" * 16, b"\xff" * 16]) if edge else rng.randbytes(16),
        "binary": lambda: rng.choice([b"", b"\xff" * 300, b"\xff" * 16, b"\0" * 20]) if edge
        else rng.randbytes(rng.randint(0, 30)),
    }[t]()


def order(value, t):
    """A key by which Iceberg orders values of a type; NaN has none."""
    if kind(t) == "float":
        return float(pa.array([value], pa.float32())[0].as_py())
    return value.encode() if isinstance(value, str) else value


def bound(hexed, t):
    value = conversions.from_bytes(iceberg_type(t), bytes.fromhex(hexed))
    if isinstance(value, uuid.UUID):
        value = value.bytes
    return order(value, t)


def successor(text, n):
    """Iceberg's upper bound of a text cut to n code points; None if there is none."""
    if len(text) <= n:
        return text
    for i in range(n - 1, -1, -1):
        cp = ord(text[i]) + 1
        if 0xD800 <= cp <= 0xDFFF:
            cp = 0xE000
        if cp <= 0x10FFFF:
            return text[:i] + chr(cp)
    return None


def check_metrics(m, t, values, path, column, exact):
    """One column's metrics against its values and against the footer."""
    meta = pq.ParquetFile(path).metadata
    chunks = [meta.row_group(i).column(column) for i in range(meta.num_row_groups)]
    assert m["size"] == sum(c.total_compressed_size for c in chunks), (t, m)
    assert m["values"] == len(values) and m["nulls"] == values.count(None), (t, m)
    real = [v for v in values if v is not None]
    nans = [v for v in real if isinstance(v, float) and math.isnan(v)]
    assert m["nans"] == (0 if kind(t) in ("float", "double") and not nans else -1), (t, m)
    keys = [order(v, t) for v in real if not (isinstance(v, float) and math.isnan(v))]
    if not keys:
        assert m["lower"] is None and m["upper"] is None, (t, m)
        return
    if m["lower"] is not None:
        assert bound(m["lower"], t) <= min(keys), (t, m, min(keys))
    if m["upper"] is not None:
        assert bound(m["upper"], t) >= max(keys), (t, m, max(keys))
    if t == "string" and exact:
        low, high = min(keys).decode()[:16], successor(max(keys).decode(), 16)
        assert m["lower"] == low.encode().hex(), (m, low)
        assert m["upper"] == (high.encode().hex() if high is not None else None), (m, high)
    elif t == "binary" and exact:
        assert bytes.fromhex(m["lower"]) == min(keys)[:16], (m, min(keys))
    elif t not in ("string", "binary"):
        assert bound(m["lower"], t) == min(keys), (t, m, min(keys))
        assert bound(m["upper"], t) == max(keys), (t, m, max(keys))
        if t in ("float", "double") and 0.0 in (min(keys), max(keys)):
            assert math.copysign(1, bound(m["lower"], t)) < 0 or min(keys) != 0
            assert math.copysign(1, bound(m["upper"], t)) > 0 or max(keys) != 0


@suite.case
def metrics_against_values_and_footer():
    s = schema(*[field(i + 1, f"c{i}", t) for i, t in enumerate(LEAVES)],
               field(90, "s", struct(*[field(100 + i, f"c{i}", t) for i, t in enumerate(LEAVES)])),
               field(91, "l", list_of(92, "int")))
    for seed in range(20 if FULL else 4):
        rng = random.Random(seed)
        home = folder(f"metrics-{seed}")
        count = rng.choice([1, 7, 3000, 9000])
        rows = [{**{f"c{i}": random_leaf(rng, t) for i, t in enumerate(LEAVES)},
                 "s": None if rng.random() < 0.1 else
                 {f"c{i}": random_leaf(rng, t) for i, t in enumerate(LEAVES)}, "l": [1]}
                for _ in range(count)]
        answer = good(engine(copy(s, source(s, rows, home), home, row_group_rows=2048))[0])
        assert len(answer["files"]) == 1
        file = answer["files"][0]
        assert file["rows"] == count and file["bytes"] == os.path.getsize(file["path"])
        metrics = {m["id"]: m for m in file["metrics"]}
        inside = set(range(100, 100 + len(LEAVES)))
        assert set(metrics) == {f["id"] for f in s["fields"][:-2]} | inside
        for i, t in enumerate(LEAVES):
            # bounds of long texts may be missing, where the engine gives none
            top = [r[f"c{i}"] for r in rows]
            inner = [r["s"] and r["s"][f"c{i}"] for r in rows]
            for values, m, at in ((top, metrics[i + 1], i),
                                  (inner, metrics[100 + i], len(LEAVES) + i)):
                exact = all(v is None or not isinstance(v, (str, bytes)) or
                            len(v if isinstance(v, bytes) else v.encode()) <= 256 for v in values)
                check_metrics(m, t, values, file["path"], at, exact)


@suite.case
def all_null_and_all_nan():
    s = schema(*[field(i + 1, f"c{i}", t) for i, t in enumerate(LEAVES)])
    home = folder("nulls")
    rows = [dict.fromkeys(f["name"] for f in s["fields"]) for _ in range(5)]
    (home / "nan").mkdir()
    n = schema(field(1, "f", "float"), field(2, "d", "double"))
    nans = [{"f": math.nan, "d": math.nan}, {"f": None, "d": math.nan}]
    answers = engine(copy(s, source(s, rows, home), home),
                     copy(n, source(n, nans, home / "nan"), home / "nan"))
    for m in good(answers[0])["files"][0]["metrics"]:
        assert (m["nulls"], m["values"], m["lower"], m["upper"]) == (5, 5, None, None), m
    for m, nulls in zip(good(answers[1])["files"][0]["metrics"], (1, 0)):
        assert (m["nulls"], m["nans"], m["lower"], m["upper"]) == (nulls, -1, None, None), m


# --- files --------------------------------------------------------------------------------------

@suite.case
def empty_results():
    s = schema(field(1, "a", "int"))
    home = folder("empty")
    more = [{}, {"file_bytes": 1 << 20},
            {"partition": [{"source-id": 1, "field-id": 1000, "name": "a",
                            "transform": "identity"}]}]
    for i, _ in enumerate(more):
        (home / str(i)).mkdir()
    for answer in engine(*[copy(s, "SELECT 1 AS a WHERE false", home / str(i), **m)
                           for i, m in enumerate(more)]):
        assert good(answer)["files"] == []


@suite.case
def compression():
    s = schema(field(1, "a", "string"))
    home = folder("compression")
    cases = [("snappy", 0), ("zstd", 0), ("zstd", 1), ("zstd", 19), ("uncompressed", 0)]
    for i, _ in enumerate(cases):
        (home / str(i)).mkdir()
    select = "SELECT md5((range % 5000)::VARCHAR) AS a FROM range(60000)"
    answers = engine(*[copy(s, select, home / str(i), compression=c, level=level)
                       for i, (c, level) in enumerate(cases)])
    sizes = []
    for (c, _), answer in zip(cases, answers):
        file = good(answer)["files"][0]
        meta = pq.ParquetFile(file["path"]).metadata
        assert meta.row_group(0).column(0).compression.lower() == c
        sizes.append(file["bytes"])
    assert sizes[3] <= sizes[2] < sizes[4] and sizes[0] < sizes[4], sizes
    error = engine(copy(s, select, folder("lzma"), compression="lz'ma"))[0]["error"]
    assert error["code"] == "sql" and "compression argument" in error["text"], error


@suite.case
def file_size():
    s = schema(field(1, "id", "long"), field(2, "a", "string"))
    home = folder("size")
    select = "SELECT range AS id, md5(range::VARCHAR) AS a FROM range(600000)"
    answer = good(engine(copy(s, select, home, file_bytes=4 << 20, row_group_rows=20480))[0])
    files = answer["files"]
    assert 3 <= len(files) <= 12, len(files)
    ids = sorted(i for f in files for i in pq.read_table(f["path"])["id"].to_pylist())
    assert ids == list(range(600000))
    for f in files:
        t = pq.read_table(f["path"])
        assert f["rows"] == t.num_rows and f["bytes"] == os.path.getsize(f["path"])
        low, high = [bound(f["metrics"][0][k], "long") for k in ("lower", "upper")]
        assert (low, high) == (min(t["id"].to_pylist()), max(t["id"].to_pylist()))
    assert [f["path"] for f in files] == sorted(f["path"] for f in files)


@suite.case
def select_that_ends_in_a_comment():
    s = schema(field(1, "a", "int"))
    assert good(engine(copy(s, "SELECT 1 AS a -- the end", folder("comment")))[0])["files"]


# --- partitions ---------------------------------------------------------------------------------

STRINGS = ["", " ", " lead", "trail ", "a/b", "it's", 'q"x', "k=v", "100%", "%2F", "new\nline",
           "tab\t", "é", "😀", "NULL", "null", "__HIVE_DEFAULT_PARTITION__", "..", ".", "*", "a?b",
           "[x]", "\\", "\x01", "x" * 1000, "A", "a", "ä", "a\u0308", "{", "$1", "--", ";", None]
VALUES = {
    "boolean": [True, False, None],
    "int": [0, -1, 1, 2**31 - 1, -2**31, None],
    "long": [0, -1, 2**63 - 1, -2**63, None],
    "float": [0.1, -1.5, math.inf, -math.inf, 3.4e38, 1e-45, None],
    "double": [0.1, -1.5, math.inf, -math.inf, 1.7e308, 5e-324, 123456789.123456789, None],
    "decimal(4,1)": [decimal.Decimal(x) for x in ("0.0", "-0.1", "999.9", "-999.9")] + [None],
    "decimal(9,2)": [decimal.Decimal(x) for x in ("0.01", "-9999999.99")] + [None],
    "decimal(18,3)": [decimal.Decimal(x) for x in ("0.001", "-999999999999999.999")] + [None],
    "decimal(38,10)": [decimal.Decimal(x) for x in ("1E-10", "-9999999999999999999999999999")]
    + [None],
    "date": [0, -1, -719162, 2932896, 19782, None],
    "time": [0, 1, 86399999999, 43200500000, None],
    "timestamp": [0, -1, 1, -62135596800000000, 253402300799999999, -58060800000000,
                  1512123175038194, None],
    "timestamptz": [0, -1, 1, -62135596800000000, 253402300799999999, 1709247600000000, None],
    "string": STRINGS,
    "uuid": [b"\0" * 16, b"\xff" * 16, bytes.fromhex("f79c3e09677c4bbda4793f349cb785e7"), None],
    "binary": [b"", b"\0", b"\xff\xfe", b"'", b"text", None],
}
TRANSFORMS = [(t, "identity") for t in VALUES] + [
    (t, tr) for t in ("date", "timestamp", "timestamptz") for tr in ("year", "month", "day")] + [
    (t, "hour") for t in ("timestamp", "timestamptz")] + [("int", "void")]


def read_back(file, names):
    t = pq.read_table(file["path"], partitioning=None)
    assert t.schema.names == names, t.schema
    return t


def plain(value):
    """Numbers behind what pyarrow makes of dates and times."""
    if isinstance(value, datetime.datetime):
        return (value.replace(tzinfo=None) - EPOCH) // datetime.timedelta(microseconds=1)
    if isinstance(value, datetime.date):
        return (value - EPOCH.date()).days
    if isinstance(value, datetime.time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 10**6 + value.microsecond
    return value.bytes if isinstance(value, uuid.UUID) else value


def transformed(value, t, transform):
    """PyIceberg's partition value, as a number, text, …"""
    if value is None or transform == "void":
        return None
    tr = {"identity": transforms.IdentityTransform, "year": transforms.YearTransform,
          "month": transforms.MonthTransform, "day": transforms.DayTransform,
          "hour": transforms.HourTransform}[transform]()
    return tr.transform(iceberg_type(t))(value)


def partition_value(shown, t, transform):
    """What enginetool printed, likewise."""
    if shown is None:
        return None
    if transform == "day" or transform == "identity" and t == "date":
        return (datetime.date.fromisoformat(shown) - EPOCH.date()).days
    if transform != "identity":
        return int(shown)
    if t in ("int", "long"):
        return int(shown)
    if t == "boolean":
        return {"true": True, "false": False}[shown]
    if t in ("float", "double"):
        return float(shown)
    if kind(t) == "decimal":
        return decimal.Decimal(shown)
    if t == "time":
        return plain(datetime.time.fromisoformat(shown))
    if t in ("timestamp", "timestamptz"):
        return plain(datetime.datetime.fromisoformat(shown))
    if t == "uuid":
        return uuid.UUID(shown).bytes
    if t == "binary":
        import base64
        return base64.b64decode(shown)
    return shown


def check_partitions(answer, s, t, transform, rows):
    names = [f["name"] for f in s["fields"]]
    seen, groups = [], []
    for file in good(answer)["files"]:
        got = partition_value(file["partition"][0], t, transform)
        groups.append((got, file["partition_text"]))
        table = read_back(file, names)
        assert file["rows"] == table.num_rows
        column = table["v"]
        if t in ("timestamp", "timestamptz", "time", "date"):
            column = column.cast(pa.int32() if t == "date" else pa.int64())
        for i, v in zip(table["n"].to_pylist(), map(plain, column.to_pylist())):
            want = transformed(v, t, transform)
            assert got == want, (t, transform, v, got, want)
            seen.append(i)
    assert sorted(seen) == list(range(len(rows))), (t, transform)
    values = [g for g, _ in groups]
    assert len(values) == len(set(values)), (t, transform, groups)
    texts = [(x[0] is not None, (x[0] or "").encode()) for _, x in groups]
    assert texts == sorted(texts), texts  # null first, then by text


@suite.case
def all_transforms():
    home = folder("transforms")
    steps, checks = [], []
    for i, (t, transform) in enumerate(TRANSFORMS):
        here = home / str(i)
        here.mkdir()
        s = schema(field(1, "n", "int"), field(2, "v", t))
        rows = [{"n": k, "v": v} for k, v in enumerate(VALUES[t] * 3)]
        spec = [{"source-id": 2, "field-id": 1000, "name": "p", "transform": transform}]
        steps.append(copy(s, source(s, rows, here), here, partition=spec))
        checks.append((s, t, transform, rows))
    for answer, args in zip(engine(*steps), checks):
        check_partitions(answer, *args)


@suite.case
def nan_as_a_partition():
    """No text of ours means NaN: an error that says so, never a wrong partition."""
    home = folder("nan-partition")
    s = schema(field(1, "n", "int"), field(2, "v", "double"))
    rows = [{"n": 1, "v": math.nan}, {"n": 2, "v": 1.0}]
    spec = [{"source-id": 2, "field-id": 1000, "name": "p", "transform": "identity"}]
    error = engine(copy(s, source(s, rows, home), home, partition=spec))[0]["error"]
    assert error["code"] == "bad data" and "nan" in error["text"], error


@suite.case
def several_partition_fields():
    """By a struct's field and a day; nulls on every level; the source columns stay in the files."""
    home = folder("several")
    s = schema(field(1, "n", "int"), field(2, "st", struct(field(3, "it's", "string"))),
               field(4, "ts", "timestamptz"))
    rng = random.Random(7)
    rows = [{"n": i, "st": rng.choice([None, {"it's": None}, {"it's": "a"}, {"it's": "b/c"}]),
             "ts": rng.choice([None, -1, 0, 86400000000])} for i in range(500)]
    pq.write_table(arrow_table(s, rows), home / "source.parquet")
    spec = [{"source-id": 3, "field-id": 1000, "name": "p", "transform": "identity"},
            {"source-id": 4, "field-id": 1001, "name": "d", "transform": "day"}]
    files = good(engine(copy(s, f"FROM read_parquet('{home / 'source.parquet'}')", home,
                             partition=spec))[0])["files"]
    assert len(files) == 3 * 4, [f["partition"] for f in files]
    seen = []
    for f in files:
        t = read_back(f, ["n", "st", "ts"])
        for r in t.to_pylist():
            day = None if r["ts"] is None else r["ts"].date().isoformat()
            assert f["partition"] == [(r["st"] or {}).get("it's"), day], (f["partition"], r)
            seen.append(r["n"])
    assert sorted(seen) == list(range(500))


@suite.case
def transforms_of_a_later_version():
    home = folder("bucket")
    s = schema(field(1, "n", "int"))
    for transform in ("zorder", "bucket[0]"):
        spec = [{"source-id": 1, "field-id": 1000, "name": "p", "transform": transform}]
        error = engine({**copy(s, "SELECT 1 AS n", folder(f"bucket/{transform[:6]}")),
                        "partition": spec})[0]["error"]
        assert error["code"] == "not supported" and transform in error["text"], error
    assert home.is_dir()


# --- results ------------------------------------------------------------------------------------

@suite.case
def results_do_not_pile_up():
    """A large result is made while it is read: the memory stays what it was."""
    def peak(rows):
        script = ("import resource, sys; sys.path.insert(0, sys.argv[1]); "
                  "from enginelab import engine; "
                  "a = engine({'op': 'query', 'max': 0, "
                  "'sql': \"SELECT range AS i, 'some longer text '"
                  f" || range AS s FROM range({rows})\"}}, memory=200000000); "
                  f"assert a[0]['count'] == {rows}, a; "
                  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        lib = str(pathlib.Path(__file__).resolve().parents[1] / "lib")
        return int(subprocess.run([sys.executable, "-c", script, lib], check=True,
                                  capture_output=True).stdout) / 1024
    small, large = peak(200000), peak(12000000)
    assert large < small + 60, (small, large)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0


suite.end()

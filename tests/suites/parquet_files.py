#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=600
"""Parquet files as a source: types and nesting as in the file, schemas that differ, rejects,
exactly once; compared with what pyarrow reads."""
import datetime
import decimal
import math
import os
import pathlib
import re
import shutil
import signal
import sys

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import crashlab  # noqa: E402
from firnlab import (FULL, Project, Skip, Suite, agree, close_catalogs, contains,  # noqa: E402
                     data_files, exists, lint, multiset, note, same, snapshots, table, types)

suite = Suite()
D = decimal.Decimal
MB = 1 << 20


def project(entry="", name="*.parquet", **more):
    return Project(f"{{from: 'drop.{name}', into: raw.t{entry}}}",
                   name=sys._getframe(1).f_code.co_name, **more)


def put(p, name, data, age=3600, **options):
    """Writes data/NAME as Parquet, from a table or columns."""
    path = p.folder / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(data if isinstance(data, pa.Table) else pa.table(data), path, **options)
    then = path.stat().st_mtime - age
    os.utime(path, (then, then))
    return path


# --- types --------------------------------------------------------------------------------------

def every_type():
    when = [0, 1_700_000_000_123_000, -1, None]
    days = pa.array([0, 19000, -1, None], pa.date32())
    return pa.table({
        "b": [True, False, None, True],
        "i8": pa.array([-128, 127, 0, None], pa.int8()),
        "u8": pa.array([0, 255, 1, None], pa.uint8()),
        "i16": pa.array([-(1 << 15), 1, 0, None], pa.int16()),
        "u16": pa.array([0, 65535, 1, None], pa.uint16()),
        "i32": pa.array([-(1 << 31), 1, 0, None], pa.int32()),
        "u32": pa.array([0, (1 << 32) - 1, 1, None], pa.uint32()),
        "i64": pa.array([-(1 << 63), (1 << 63) - 1, 0, None], pa.int64()),
        "u64": pa.array([0, (1 << 64) - 1, 1, None], pa.uint64()),
        "f32": pa.array([1.5, -0.0, math.inf, None], pa.float32()),
        "f64": pa.array([1.1, -0.0, -math.inf, None], pa.float64()),
        "dec": pa.array([D("1.50"), D("-99999999999999999999999999999999.99"), D(0), None],
                        pa.decimal128(38, 2)),
        "small": pa.array([D("1.5"), D("-9.9"), D(0), None], pa.decimal128(3, 1)),
        "s": ["", "ä€😀", "x" * 100, None],
        "dict": pa.array(["a", "b", "a", None]).dictionary_encode(),
        "bin": pa.array([b"", b"\x00\xff", b"x", None], pa.binary()),
        "fix": pa.array([b"1234", b"\x00\xff\x01\x02", b"abcd", None], pa.binary(4)),
        "day": days,
        "ms": pa.array([w and w // 1000 for w in when], pa.timestamp("ms")),
        "us": pa.array(when, pa.timestamp("us")),
        "utc": pa.array(when, pa.timestamp("us", "UTC")),
        "time": pa.array([0, 86_399_999_999, 1, None], pa.time64("us")),
        "list": [[1, 2, None], [], [3], None],
        "struct": [{"a": 1, "b": {"c": "x"}}, {"a": None, "b": None}, {"a": 2, "b": {"c": None}},
                   None],
        "rows": [[{"sku": "a", "n": 1}, {"sku": "b", "n": None}], [], [None], None],
        "map": pa.array([[("k", 1), ("l", None)], [], [("m", 2)], None],
                        pa.map_(pa.string(), pa.int64())),
        "deep": [[[1], []], [], [[2, 3], None], None],
    })


@suite.case
def types_and_nesting():
    p = project()
    t = every_type()
    put(p, "a.parquet", t)
    p.run(want=0)
    found = {k: re.sub(r"\d+: ", "", v) for k, v in types(p.lake, "raw.t").items()}
    same(found, {
        "b": "boolean", "i8": "int", "u8": "int", "i16": "int", "u16": "int", "i32": "int",
        "u32": "long", "i64": "long", "u64": "decimal(20, 0)", "f32": "float", "f64": "double",
        "dec": "decimal(38, 2)", "small": "decimal(3, 1)", "s": "string", "dict": "string",
        "bin": "binary", "fix": "binary", "day": "date", "ms": "timestamp", "us": "timestamp",
        "utc": "timestamptz", "time": "time", "list": "list<long>",
        "struct": "struct<a: optional long, b: optional struct<c: optional string>>",
        "rows": "list<struct<sku: optional string, n: optional long>>",
        "map": "map<string, long>", "deep": "list<list<long>>", "x_loaded_at": "timestamptz"})
    wanted = t.to_pylist()
    for row in wanted:
        row["u64"] = None if row["u64"] is None else D(row["u64"])
    # read as files: PyIceberg makes an empty list of a null list of structs
    found = [row for path in data_files(p.lake, "raw.t")
             for row in pq.read_table(path).drop_columns(["x_loaded_at"]).to_pylist()]
    same(multiset(found), multiset(wanted))
    for row in wanted:
        row["rows"] = row["rows"] or []
    same(multiset(p.rows("raw.t")), multiset(wanted))
    for row in found:  # dictionaries compare -0.0 and 0.0 as equal
        for name in ("f32", "f64"):
            if row[name] == 0:
                assert math.copysign(1, row[name]) < 0, f"{name} lost its sign"


@suite.case
def codecs_and_pages():
    t = pa.table({"i": range(50000), "s": [f"text {i % 100}" for i in range(50000)]})
    p = project()
    for k, options in enumerate(({"compression": "none"}, {"compression": "gzip"},
                                 {"compression": "zstd"}, {"compression": "lz4"},
                                 {"data_page_version": "2.0"}, {"use_dictionary": False},
                                 {"row_group_size": 777}, {"version": "1.0"},
                                 {"column_encoding": {"i": "DELTA_BINARY_PACKED"},
                                  "use_dictionary": ["s"]})):
        put(p, f"{k}.parquet", t, **options)
    p.run(want=0)
    same(p.sql("SELECT count(*) AS n, sum(i) AS i, count(DISTINCT s) AS s FROM raw.t"),
         [{"n": 450000, "i": 9 * sum(range(50000)), "s": 100}])


@suite.case
def nanoseconds():
    """Exact ones land; those that are not are rejects; instants must be asked for."""
    p = project()
    put(p, "a.parquet", {"id": [1, 2, 3],
                         "t": pa.array([1000, 1001, None], pa.timestamp("ns"))})
    p.run(want=3)
    same(p.rows("raw.t", sort="id"), [
        {"id": 1, "t": datetime.datetime(1970, 1, 1, 0, 0, 0, 1)}, {"id": 3, "t": None}])
    (reject,) = p.rejects("raw.t")
    same((reject["error"], reject["path"], reject["line"], reject["file"]),
         ("E2103", "t", 2, "a.parquet"))
    contains(reject["raw"], '"id":2', "00:00:00.000001001")
    q = project()
    put(q, "a.parquet", {"t": pa.array([1000, 1001], pa.timestamp("ns", "UTC"))})
    contains(q.run(want=1).err, "'t'", "a.parquet", "nanoseconds", "columns: {t: timestamptz}")
    assert not exists(q.lake, "raw.t")
    q.describe("{from: 'drop.*.parquet', into: raw.t, columns: {t: timestamptz}}")
    q.run(want=0)
    same({r["t"].microsecond for r in q.rows("raw.t")}, {1})


@suite.case
def columns_that_no_table_keeps():
    for column, words in ((pa.array([D("1.5")], pa.decimal256(50, 2)), ("38 digits",)),
                          (pa.array([1], pa.time64("ns")), ("nanoseconds", "columns: {x: time}"))):
        p = project()
        put(p, "a.parquet", {"x": column})
        contains(p.run(want=1).err, "'x'", "a.parquet", *words)
        assert not exists(p.lake, "raw.t")


@suite.case
def names():
    """Names that SQL would trip over; those that the engine has for itself."""
    t = {"select": [1], "two words": [2], 'a"b': [3], "ä": [4], "file_row_number": [5],
         "filename": ["f"], "file_index": [7], "x_loaded_at": [8], "a.b": [9]}
    p = project(name="*/*.parquet")
    put(p, "odd 'folder' [1]/a*.parquet", t)
    p.run(want=0)
    wanted = dict(zip(t, (v[0] for v in t.values())))
    wanted["x_loaded_at_2"] = wanted.pop("x_loaded_at")
    same(p.rows("raw.t"), [wanted])


@suite.case
def hive_folders_add_nothing():
    p = project(name="**/*.parquet")
    put(p, "year=2025/a.parquet", {"a": [1]})
    p.run(want=0)
    same(p.rows("raw.t"), [{"a": 1}])


@suite.case
def without_the_ending():
    """The first bytes say what it is; format: parquet too."""
    p = project(name="a")
    put(p, "a", {"a": [1]})
    p.run(want=0)
    same(p.rows("raw.t"), [{"a": 1}])
    q = project(", format: parquet", name="x.csv")
    put(q, "x.csv", {"a": [1]})
    q.run(want=0)
    same(q.rows("raw.t"), [{"a": 1}])
    r = project(", format: parquet, separator: ';'", name="x.csv")
    contains(r.firn("check", want=2).err, "separator", "parquet")


# --- schemas that differ ------------------------------------------------------------------------

@suite.case
def widening_and_new_columns():
    """In one landing, and from one to the next; the order of columns is that of appearance."""
    one = {"i": pa.array([1], pa.int32()), "f": pa.array([1.5], pa.float32()),
           "d": pa.array([D("1.50")], pa.decimal128(5, 2)), "s": [{"a": 1}]}
    two = {"n": ["new"], "i": pa.array([1 << 40], pa.int64()), "f": [0.1],
           "d": pa.array([D("12345678.25")], pa.decimal128(10, 2)), "s": [{"b": "x", "a": 2}]}
    wanted = [{"i": 1, "f": 1.5, "d": D("1.50"), "s": {"a": 1, "b": None}, "n": None},
              {"i": 1 << 40, "f": 0.1, "d": D("12345678.25"), "s": {"a": 2, "b": "x"}, "n": "new"}]
    for apart in (False, True):
        p = project()
        put(p, "1.parquet", one)
        if apart:
            p.run(want=0)
        put(p, "2.parquet", two)
        p.run(want=0)
        same(p.rows("raw.t", sort="i"), wanted, apart)
        same([types(p.lake, "raw.t")[c] for c in "ifd"], ["long", "double", "decimal(10, 2)"])
        same(list(types(p.lake, "raw.t")),
             ["i", "f", "d", "s", "n"] + ["x_loaded_at"] if not apart
             else ["i", "f", "d", "s", "x_loaded_at", "n"])
        lint(p.lake)
    agree(p.lake)


@suite.case
def fewer_columns():
    p = project()
    put(p, "1.parquet", {"a": [1], "b": ["x"]})
    put(p, "2.parquet", {"b": ["y"]})
    put(p, "3.parquet", {"A": [3]})
    p.run(want=0)
    same(multiset(p.rows("raw.t")), multiset([{"a": 1, "b": "x"}, {"a": None, "b": "y"},
                                              {"a": 3, "b": None}]))


@suite.case
def numbers_join():
    """Integers and decimals become decimals, integers and doubles doubles; what a double cannot
    hold is a reject."""
    p = project()
    put(p, "1.parquet", {"x": [1, 2], "y": pa.array([1, 2], pa.int64())})
    put(p, "2.parquet", {"x": pa.array([D("0.25"), None], pa.decimal128(10, 2)), "y": [0.5, 0.25]})
    put(p, "3.parquet", {"x": [7], "y": [(1 << 60) + 1]})
    p.run(want=3)
    same((types(p.lake, "raw.t")["x"], types(p.lake, "raw.t")["y"]), ("decimal(21, 2)", "double"))
    same(sorted(r["y"] for r in p.rows("raw.t")), [0.25, 0.5, 1.0, 2.0])
    (reject,) = p.rejects("raw.t")
    same((reject["file"], reject["line"], reject["path"]), ("3.parquet", 1, "y"))


@suite.case
def conflicts_are_said():
    p = project()
    put(p, "1.parquet", {"a": [1], "x": ["text"]})
    put(p, "2.parquet", {"a": [2], "x": [7]})
    done = p.run(want=1)
    contains(done.err, "E2004", "'x'", "string in file '1.parquet'", "long in file '2.parquet'",
             "columns: {x: string}")
    assert not exists(p.lake, "raw.t")
    contains(p.firn("help", "E2004", want=0).out, "columns")
    p.describe("{from: 'drop.*.parquet', into: raw.t, columns: {x: string}}")
    p.run(want=0)
    same(p.rows("raw.t", sort="a"), [{"a": 1, "x": "text"}, {"a": 2, "x": "7"}])
    put(p, "3.parquet", {"a": [[3]], "x": ["y"]})
    contains(p.run(want=1).err, "'a'", "list<long> in file '3.parquet'", "long in the table")
    same(len(p.rows("raw.t")), 2)


@suite.case
def contracts():
    one, two = {"a": pa.array([1, 2], pa.int32())}, {"a": pa.array([3, 1 << 40], pa.int64()),
                                                     "n": ["new", None]}
    for contract, end, wanted, rejects in (
            ("evolve", 0, [1, 2, 3, 1 << 40], []),
            ("freeze", 1, [1, 2], []),
            ("{columns: discard_value}", 0, [1, 2, 3, 1 << 40], []),
            ("{columns: reject}", 3, [1, 2, 1 << 40], [("n", 1)]),
            ("{data_type: reject}", 3, [1, 2, 3], [("a", 2)]),
            ("{data_type: freeze}", 1, [1, 2], [])):
        p = project(f", contract: {contract}")
        put(p, "1.parquet", one)
        p.run(want=0)
        put(p, "2.parquet", two)
        done = p.run(want=end)
        same(sorted(r["a"] for r in p.rows("raw.t")), wanted, contract)
        same([(r["path"], r["line"]) for r in p.rejects("raw.t")], rejects, contract)
        same("n" in types(p.lake, "raw.t"), contract in ("evolve", "{data_type: reject}"))
        if end == 1:
            contains(done.err, "2.parquet", "freeze", "contract: evolve")
        if contract == "{columns: discard_value}":
            contains(done.err, "'n' is left out")


@suite.case
def contracts_of_fields():
    x, xy = pa.struct([("x", pa.int32())]), pa.struct([("x", pa.int64()), ("y", pa.string())])
    one = {"id": [1], "s": pa.array([{"x": 1}], x), "l": pa.array([[{"x": 1}]], pa.list_(x))}
    two = {"id": [2, 3, 4], "s": pa.array([{"x": 2, "y": "s"}, None, {"x": 4}], xy),
           "l": pa.array([[], [{"x": 3, "y": "l"}], [{"x": 4}]], pa.list_(xy))}
    for contract, end, wanted, grown, rejects in (
            ("contract: {data_type: reject}", 0, [1, 2, 3, 4], True, []),
            ("contract: {columns: discard_value}", 0, [1, 2, 3, 4], False, []),
            ("contract: {columns: reject}", 3, [1, 4], False, [("l", 2), ("s", 1)]),
            ("contract: {columns: freeze}", 1, [1], False, []),
            ("columns: {s: {contract: reject}}", 3, [1, 3, 4], True, [("s", 1)]),
            ("columns: {l: {contract: freeze}}", 1, [1], False, [])):
        p = project(f", {contract}")
        put(p, "1.parquet", one)
        p.run(want=0)
        put(p, "2.parquet", two)
        done = p.run(want=end)
        rows = p.rows("raw.t", sort="id")
        same([r["id"] for r in rows], wanted, contract)
        same("y" in str(types(p.lake, "raw.t")["l"]), grown, contract)
        same(sorted((r["path"], r["line"]) for r in p.rejects("raw.t")) if end == 3 else [],
             rejects, contract)
        if contract == "contract: {data_type: reject}":
            same([(r["s"] or {}).get("y") for r in rows], [None, "s", None, None])
            same(rows[2]["l"], [{"x": 3, "y": "l"}])
        if contract == "contract: {columns: discard_value}":
            contains(done.err, "field 'y' in column 's' is left out")
        if end == 1:
            contains(done.err, "has a new field in column")


@suite.case
def given_structs_lose_nothing():
    p = project(", columns: {s: 'struct<x: long>'}")
    put(p, "1.parquet", {"id": [1, 2, 3], "s": [{"x": 1, "y": 2}, {"x": 2, "y": None}, None]})
    p.run(want=3)
    same(p.rows("raw.t", sort="id"), [{"id": 2, "s": {"x": 2}}, {"id": 3, "s": None}])
    same([(r["path"], r["line"]) for r in p.rejects("raw.t")], [("s", 1)])


# --- given columns ------------------------------------------------------------------------------

@suite.case
def given_types():
    p = project(", columns: {n: long, amount: decimal(9,2), d: {type: date, format: '%d.%m.%Y'},"
                " day: {from: when, type: date}, f: double, t: string, u: uuid, none: int}")
    put(p, "a.parquet", {
        "n": ["1", "2", "x", None], "amount": [1.25, 1.255, 2.0, None],
        "d": ["31.05.2025", "01.06.2025", "05.31.2025", None],
        "when": ["2025-05-31", "2025-05-31 10:00:00", "2025-05-31", None],
        "f": pa.array([1, 2, 3, None], pa.int64()), "t": [1.5, 2.0, 3.0, None],
        "u": ["0f05a8f1-2bdf-4be7-8c82-4c9b58f04898", "zz", None, None]})
    p.run(want=3)
    day = datetime.date(2025, 5, 31)
    found = p.rows("raw.t", sort=lambda r: r["n"] is None)
    same([{k: str(v) if k == "u" and v else v for k, v in r.items()} for r in found], [
        {"n": 1, "amount": D("1.25"), "d": day, "day": day, "f": 1.0, "t": "1.5",
         "u": "0f05a8f1-2bdf-4be7-8c82-4c9b58f04898", "none": None},
        {k: None for k in ("n", "amount", "d", "day", "f", "t", "u", "none")}])
    same([(r["line"], r["path"]) for r in p.rejects("raw.t")], [(2, "amount"), (3, "n")])
    p.run(want=0)
    lint(p.lake)


@suite.case
def required():
    p = project(", columns: {id: {type: long, required: true}, 'lines[].sku': {required: true}}")
    put(p, "a.parquet", {"id": [1, None, 3], "lines": [[{"sku": "a"}], [{"sku": "b"}],
                                                       [{"sku": "c"}, {"sku": None}]]})
    put(p, "b.parquet", {"lines": [[{"sku": "a"}]]})
    p.run(want=3)
    same(p.rows("raw.t"), [{"id": 1, "lines": [{"sku": "a"}]}])
    same([(r["file"], r["line"], r["path"], r["error"]) for r in p.rejects("raw.t")],
         [("a.parquet", 2, "id", "E2104"), ("a.parquet", 3, "lines", "E2103"),
          ("b.parquet", 1, "id", "E2104")])
    same(table(p.lake, "raw.t").schema().find_field("id").required, True)


@suite.case
def flood_of_rejects():
    p = project(", columns: {x: long}")
    put(p, "a.parquet", {"x": ["no"] * 5000})
    done = p.run(want=1)
    contains(done.err, "1000", "5000 records", "a.parquet", "row 1")
    assert not exists(p.lake, "raw.t")


@suite.case
def nothing_in_it():
    p = project()
    put(p, "a.parquet", {"a": pa.array([], pa.int64()), "n": pa.nulls(0)})
    p.run(want=0)
    same((types(p.lake, "raw.t"), p.rows("raw.t")),
         ({"a": "long", "x_loaded_at": "timestamptz"}, []))
    put(p, "b.parquet", {"a": [1], "n": pa.nulls(1)})
    p.run(want=0)
    same(p.rows("raw.t"), [{"a": 1}])
    put(p, "c.parquet", {"a": [2], "n": ["at last"]})
    p.run(want=0)
    same(p.rows("raw.t", sort="a"), [{"a": 1, "n": None}, {"a": 2, "n": "at last"}])


@suite.case
def nothing_in_a_part_of_it():
    """A part without any value is no reason to leave out a column of the same name."""
    p = project(", columns: {s: string}")
    part = pa.struct([("x", pa.null()), ("y", pa.struct([("z", pa.null())]))])
    put(p, "a.parquet", {"x": [7], "s": pa.array([{"x": None, "y": {"z": None}}], part),
                         "z": ["kept"], "n": pa.nulls(1)})
    p.run(want=0)
    got = p.rows("raw.t")
    same([(r["x"], r["z"]) for r in got], [(7, "kept")])
    assert "n" not in got[0]


# --- what landed ---------------------------------------------------------------------------------

@suite.case
def each_file_once():
    p = project()
    put(p, "a.parquet", {"a": [1]})
    p.run(want=0)
    p.run(want=0)
    same(len(snapshots(p.lake, "raw.t")), 1)
    put(p, "b.parquet", {"a": [2]})
    done = p.run("--json", want=0)
    same(done.event("node_finished", table="t")["files_landed"], 1)
    same(p.rows("raw.t", sort="a"), [{"a": 1}, {"a": 2}])
    put(p, "a.parquet", {"a": [3]}, age=60)
    contains(p.run(want=1).err, "E2003", "a.parquet")
    same(p.rows("raw.t", sort="a"), [{"a": 1}, {"a": 2}])


@suite.case
def replace():
    p = project(", write: replace")
    put(p, "a.parquet", {"a": [1], "gone": ["x"]})
    p.run(want=0)
    put(p, "a.parquet", {"a": ["text now"]}, age=60)
    p.run(want=0)
    same((p.rows("raw.t"), types(p.lake, "raw.t")),
         ([{"a": "text now"}], {"a": "string", "x_loaded_at": "timestamptz"}))


@suite.case
def partitioned():
    days = [datetime.date(2025, 1 + k % 12, 1 + k % 28) for k in range(6000)]
    p = project(", partition: ['month(day)', 'bucket(4, id)']")
    put(p, "a.parquet", {"id": range(6000), "day": days})
    p.run(want=0)
    tasks = list(table(p.lake, "raw.t").scan().plan_files())
    same(len(tasks), 48)
    same(sum(t.file.record_count for t in tasks), 6000)
    same(p.sql("SELECT count(*) AS n FROM raw.t WHERE day = DATE '2025-03-03'"),
         [{"n": days.count(datetime.date(2025, 3, 3))}])
    lint(p.lake)


@suite.case
def damaged():
    p = project()
    whole = put(p, "a.parquet", {"a": range(10000)}).read_bytes()
    for content in (whole[:-5], whole[:100], whole[:4] + b"\xff" * 500 + whole[504:], b"PAR1"):
        p.write("a.parquet", content)
        done = p.firn("run")
        same(done.exit, 1, len(content))
        contains(done.err, "a.parquet", "error E")
        assert "Traceback" not in done.err and "INTERNAL" not in done.err, done.err
        assert not exists(p.lake, "raw.t")
    p.write("a.parquet", b"")
    contains(p.run(want=0).err, "a.parquet", "empty")
    p.write("a.parquet", whole)
    p.run(want=0)
    same(len(p.rows("raw.t")), 10000)


@suite.case
def one_damaged_among_many():
    p = project()
    for k in range(5):
        put(p, f"{k}.parquet", {"a": [k]})
    p.write("2.parquet", (p.folder / "data/2.parquet").read_bytes()[:-9])
    contains(p.run(want=1).err, "2.parquet")
    assert not exists(p.lake, "raw.t")


@suite.case
def mixed_formats():
    p = project(name="*")
    put(p, "a.parquet", {"a": [1]})
    p.write("b.csv", "a\n1\n")
    contains(p.run(want=1).err, "a.parquet", "b.csv", "csv", "parquet")


@suite.case
def memory_and_many_files():
    rows = 400_000 if not FULL else 4_000_000
    p = project()
    big = {"id": range(rows), "text": [f"{i:050d}" for i in range(rows)]}
    put(p, "big.parquet", big, row_group_size=100_000)
    for k in range(300):
        put(p, f"small-{k}.parquet", {"id": [-k - 1], "text": ["x"]})
    done = p.run("--memory", "256MB", want=0)
    assert done.peak < 256 * MB, f"peak {done.peak >> 20} MB"
    same(p.sql("SELECT count(*) AS n, count(DISTINCT id) AS d FROM raw.t"),
         [{"n": rows + 300, "d": rows + 300}])
    note(f"{rows} rows and 300 files: {done.seconds:.2f} s, {done.peak >> 20} MB, "
         f"{len(data_files(p.lake, 'raw.t'))} data files")


# --- crashes ------------------------------------------------------------------------------------

def first_or_last(point):
    """Passed once by the run that is killed: behind the commit there is nothing left to do."""
    return point.startswith(("landing", "write", "commit", "catalog", "publish", "fs", "env"))


@suite.case
def killed_at_each_fail_point():
    """Then run again: every row once, nothing left over."""
    points = [x for x in crashlab.all_points() if first_or_last(x)]
    if not points:
        raise Skip("the program has no fail points")
    p = project(", columns: {id: {type: long, required: true}}")
    put(p, "a.parquet", {"id": [1, None, 2]})
    put(p, "b.parquet", {"id": [3, 4], "more": ["x", "y"]})
    missed = []
    for point in points:
        shutil.rmtree(p.lake, ignore_errors=True)
        done = crashlab.run(p.folder, points=f"{point}=nth:1:kill")
        if done.exit != -signal.SIGKILL:
            missed.append(point)
        crashlab.run(p.folder, want=(0, 3))
        same(sorted(r["id"] for r in p.rows("raw.t")), [1, 2, 3, 4], point)
        same(len(p.rejects("raw.t")), 1, point)
        same(crashlab.leftovers(p.lake), [], point)
        close_catalogs()
    assert len(missed) < len(points) / 2, missed
    note(f"{len(points)} fail points, not passed: {', '.join(missed) or 'none'}")
    lint(p.lake)


suite.end()

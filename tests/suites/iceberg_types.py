#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""Every type that firn writes, landed from JSON and CSV and made by models: PyIceberg reads the
values that the test itself computed, bit by bit, and the metrics in the manifests are those of the
values."""
import base64
import csv
import datetime
import decimal
import io
import json
import math
import pathlib
import random
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (Project, Suite, agree, check_tool, contains, exists, rows,  # noqa: E402
                     same, types)

suite = Suite()

from icelab import (canon, check_metrics, current_schema, decode, f32, live_files,  # noqa: E402
                    metadata_of, read_parquet, same_rows, as_map)

D = decimal.Decimal
UTC = datetime.timezone.utc
TOP = "\U0010ffff"
WIDTHS = [(1, 0), (2, 2), (4, 1), (6, 6), (9, 2), (10, 0), (11, 3), (14, 7), (18, 2), (18, 18),
          (19, 0), (22, 4), (27, 10), (31, 1), (35, 35), (38, 0), (38, 10), (38, 38)]

# Column: (type, values).  Column r numbers the rows.
VALUES = {
    "boolean": [True, False],
    "int": [-2**31, 2**31 - 1, 0, -1, 7],
    "long": [-2**63, 2**63 - 1, 0, -1, 2**53 + 1, 10**18],
    "float": [f32(v) for v in (3.4028235e38, -3.4028235e38, 1.4e-45, 0.1, -0.0, 0.0, 16777217)],
    "double": [1.7976931348623157e308, -1.7976931348623157e308, 5e-324, 0.1, -0.0, 0.0,
               9007199254740993.0, 1e22],
    "date": [datetime.date(1, 1, 1), datetime.date(9999, 12, 31), datetime.date(1970, 1, 1),
             datetime.date(1969, 12, 31), datetime.date(1968, 2, 29), datetime.date(2000, 2, 29)],
    "time": [datetime.time(0, 0), datetime.time(23, 59, 59, 999999), datetime.time(0, 0, 0, 1),
             datetime.time(12, 30)],
    "timestamp": [datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999),
                  datetime.datetime(1969, 12, 31, 23, 59, 59, 999999),
                  datetime.datetime(1970, 1, 1), datetime.datetime(2024, 2, 29, 12, 0, 0, 500000)],
    "string": ["", "a", " ", "null", "NULL", "é" * 20, "a" * 16, "a" * 17, "line\nbreak\r\n\ttab",
               'quote " and \' and ,', "\\N", "日本語", "😀" * 17, "x" * 100000, TOP, TOP * 17,
               "b" * 15 + TOP * 2, "\ud7ff" * 17, "\x01\x7f", "Ünïcödé \u202e"],
    "uuid": [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID(int=2**127),
             uuid.UUID(int=2**127 - 1), uuid.UUID("f79c3e09-677c-4bbd-a479-3f349cb785e7")],
    "binary": [b"", b"\0", b"\xff", b"\xff" * 17, b"\x00\x01\xff" * 6, b"abc" + b"\xff" * 30,
               bytes(range(256)), b"\\x41", b"'\"\n"],
}
VALUES["timestamptz"] = [v.replace(tzinfo=UTC) for v in VALUES["timestamp"]]
for p, s in WIDTHS:
    top = D(10**p - 1).scaleb(-s)
    VALUES[f"decimal({p},{s})"] = [top, -top, D(1).scaleb(-s), -D(1).scaleb(-s),
                                   D(0).scaleb(-s).copy_abs()]


def name_of(type_):
    return "c_" + type_.replace("(", "_").replace(",", "_").replace(")", "")


def text_of(value):
    """As JSON and CSV have it; JSON adds quotes where it is not a number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, D):
        return f"{value:f}"
    return repr(value) if isinstance(value, (int, float)) else str(value)


def json_of(value):
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{json_of(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(json_of(v) for v in value) + "]"
    bare = isinstance(value, (bool, int, float, D))
    return text_of(value) if bare else json.dumps(text_of(value))


def table_of_values(seed):
    """Rows with all values of all types, nulls between, everything shuffled."""
    rng = random.Random(seed)
    count = 2 + max(len(v) for v in VALUES.values())
    columns = {"r": list(range(count))}
    for type_, values in VALUES.items():
        column = values + [None] * (count - len(values))
        rng.shuffle(column)
        columns[name_of(type_)] = column
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def given():
    return ("{r: int, " + ", ".join(f'{name_of(t)}: "{t}"' for t in VALUES) + "}").replace("\n", "")


def exact(type_, values):
    """Of long texts and blobs the engine keeps less than the first 16 units it would take, and of
    some it knows no maximum: their bounds only have to enclose the values."""
    return type_ not in ("string", "binary") or all(len(v) <= 16 for v in values)


def check_types(p, name):
    found = types(p.lake, name)
    for type_ in VALUES:
        same(found[name_of(type_)].replace(" ", ""), type_)


def check_lake(lake):
    """The engine writes decimals of more than 18 digits as 16 bytes, which all readers take, where
    the specification has fewer (L045)."""
    check_tool("lint.py", "--strict", "--ignore", "L045", lake / "catalog.db")
    agree(lake)


# --- landed -------------------------------------------------------------------------------------

@suite.case
def from_json():
    wanted = table_of_values(1)
    p = Project(f"{{from: drop.a.json, into: raw.t, columns: {given()}}}")
    p.write("a.json", "".join(json_of(row) + "\n" for row in wanted))
    p.run()
    check_types(p, "raw.t")
    same_rows(rows(p.lake, "raw.t", sort="r"), wanted)
    assert check_metrics(p.lake, "raw.t", exact) == 2 * (len(VALUES) + 2) - 2
    check_lake(p.lake)


@suite.case
def from_csv():
    """An empty cell is null: an empty text is one in quotes."""
    wanted = table_of_values(2)
    for row in wanted:  # what a CSV file cannot say: an empty blob is written like an empty text
        row[name_of("binary")] = row[name_of("binary")] or None
    out = io.StringIO()
    out.write(",".join(wanted[0]) + "\r\n")
    for row in wanted:
        cells = []
        for value in row.values():
            buffer = io.StringIO()
            csv.writer(buffer, quoting=csv.QUOTE_ALL).writerow(
                ["" if value is None else text_of(value)])
            cells.append("" if value is None else buffer.getvalue()[:-2])
        out.write(",".join(cells) + "\r\n")
    p = Project(f"{{from: drop.a.csv, into: raw.t, columns: {given()}}}")
    p.write("a.csv", out.getvalue())
    p.run()
    check_types(p, "raw.t")
    same_rows(rows(p.lake, "raw.t", sort="r"), wanted)
    check_metrics(p.lake, "raw.t", exact)
    check_lake(p.lake)


NESTED = {
    "s": "struct<a: int, b: string, c: struct<d: decimal(20,4), e: list<uuid>>>",
    "l": "list<list<date>>",
    "ls": "list<struct<x: double, y: map<string, timestamptz>>>",
    "m": "map<string, struct<v: binary, w: time>>",
    "mi": "map<long, list<float>>",
    "md": "map<date, boolean>",
}
U = VALUES["uuid"][4]
NESTED_ROWS = [
    {"s": {"a": -2**31, "b": "", "c": {"d": D("-9999999999999999.9999"), "e": [U, None]}},
     "l": [[datetime.date(1969, 12, 31), None], [], None], "ls": [], "m": {}, "mi": {}, "md": None},
    {"s": {"a": None, "b": None, "c": None}, "l": [],
     "m": {"": None, "k": {"v": b"\xff", "w": None}},
     "ls": [None, {"x": -0.0, "y": {"now": VALUES["timestamptz"][2], "never": None}},
            {"x": None, "y": None}, {"x": 5e-324, "y": {}}],
     "mi": {2**63 - 1: [f32(0.1), None], -1: None, 0: []},
     "md": {datetime.date(1, 1, 1): True, datetime.date(9999, 12, 31): None}},
    {"s": {"a": 5, "b": TOP * 20, "c": {"d": None, "e": None}}, "l": None, "ls": None, "m": None,
     "mi": None, "md": {}},
    {"s": None, "l": [None], "ls": [{"x": 1.5, "y": None}], "m": {"a": {"v": None, "w": None}},
     "mi": {1: [None]}, "md": None},
]


def nested_wanted():
    found = []
    for row in NESTED_ROWS:
        row = dict(row)
        for name in ("m", "mi", "md"):
            row[name] = None if row[name] is None else list(row[name].items())
        row["ls"] = None if row["ls"] is None else [
            v if v is None else {**v, "y": None if v["y"] is None else list(v["y"].items())}
            for v in row["ls"]]
        found.append({"r": len(found), **{n: row[n] for n in ("s", "l", "ls", "m", "mi", "md")}})
    return found


def keys_as_text(value):
    if isinstance(value, dict):
        return {k if isinstance(k, str) else text_of(k): keys_as_text(v) for k, v in value.items()}
    return [keys_as_text(v) for v in value] if isinstance(value, list) else value


@suite.case
def nested_from_json():
    """Looked at in the file by pyarrow, and as a table by PyIceberg."""
    columns = ", ".join(f'{k}: "{v}"' for k, v in NESTED.items())
    p = Project(f"{{from: drop.a.json, into: raw.t, columns: {{r: int, {columns}}}}}")
    p.write("a.json", "".join(json_of(keys_as_text({"r": i, **row})) + "\n"
                              for i, row in enumerate(NESTED_ROWS)))
    p.run()
    file, = live_files(metadata_of(p.lake, "raw.t"))
    found = [{k: v for k, v in row.items() if k != "x_loaded_at"}
             for row in read_parquet(file["file_path"])]
    for row in found:  # pyarrow alone does not make UUIDs of them
        inner = row["s"] and row["s"]["c"]
        if inner and inner["e"]:
            inner["e"] = [v and uuid.UUID(bytes=getattr(v, "bytes", v)) for v in inner["e"]]
    same_rows(sorted(found, key=lambda row: row["r"]), nested_wanted())
    # PyIceberg 0.12 reads a null list or map of structs as an empty one
    same_rows(rows(p.lake, "raw.t", sort="r"),
              [{k: [] if v is None and k in ("ls", "m") else v for k, v in row.items()}
               for row in nested_wanted()])
    check_metrics(p.lake, "raw.t", exact)
    check_tool("lint.py", "--strict", "--ignore", "L045", p.lake / "catalog.db")
    check_tool("agree.py", "--without", "pyiceberg", p.lake / "catalog.db")


@suite.case
def ids_are_unique_and_given_level_by_level():
    """As Java and PyIceberg number a new table: the columns first, then what is in them."""
    columns = ", ".join(f'{k}: "{v}"' for k, v in NESTED.items())
    p = Project(f"{{from: drop.a.json, into: raw.t, columns: {{r: int, {columns}}}}}")
    p.write("a.json", '{"r": 1}\n')
    p.run()
    metadata = metadata_of(p.lake, "raw.t")
    schema = current_schema(metadata)
    same([f["id"] for f in schema["fields"]], list(range(1, len(schema["fields"]) + 1)))
    found = []

    def walk(t):
        if not isinstance(t, dict):
            return
        for key in ("element", "key", "value"):
            if key in t:
                found.append(t[key + "-id"])
                walk(t[key])
        for f in t.get("fields", ()):
            found.append(f["id"])
            walk(f["type"])
    walk(schema)
    same(sorted(found), list(range(1, metadata["last-column-id"] + 1)))


# --- made by models -----------------------------------------------------------------------------

SQL_TYPE = {"int": "INTEGER", "long": "BIGINT", "string": "VARCHAR", "binary": "BLOB",
            "timestamptz": "TIMESTAMPTZ"}


def sql_of(type_, value):
    sql = SQL_TYPE.get(type_, type_.upper())
    if value is None:
        return f"CAST(NULL AS {sql})"
    if isinstance(value, bytes):
        return "'" + "".join(f"\\x{b:02X}" for b in value) + "'::BLOB"
    text = text_of(value).replace("'", "''")
    return f"CAST('{text}' AS {sql})"


def select(wanted):
    """SELECT … UNION ALL …, a row each."""
    type_of = {name_of(t): t for t in VALUES} | {"r": "int"}
    return "\nUNION ALL\n".join(
        "SELECT " + ", ".join(f"{sql_of(type_of[k], v)} AS {k}" for k, v in row.items())
        for row in wanted)


@suite.case
def from_models():
    """Also what no file can say: NaN and the infinities."""
    wanted = table_of_values(3)
    for i, value in enumerate((math.nan, math.inf, -math.inf, math.nan)):
        wanted.append({**dict.fromkeys(wanted[0]), "r": len(wanted), name_of("float"): value,
                       name_of("double"): value})
    p = Project()
    p.model("m.t", select(wanted))
    p.run()
    check_types(p, "m.t")
    same_rows(rows(p.lake, "m.t", drop=(), sort="r"), wanted)
    check_metrics(p.lake, "m.t", exact)
    p.model("m.again", "SELECT * FROM m.t")
    p.run()
    same_rows(rows(p.lake, "m.again", drop=(), sort="r"), wanted)
    check_metrics(p.lake, "m.again", exact)
    check_lake(p.lake)


def one_column(*statements):
    """For models with the column v: the values and Iceberg's type of each."""
    p = Project(name=sys._getframe(1).f_code.co_name)
    for i, sql in enumerate(statements):
        p.model(f"m.t{i}", sql)
    p.run()
    for i in range(len(statements)):
        check_metrics(p.lake, f"m.t{i}")
    check_lake(p.lake)
    return [([r["v"] for r in rows(p.lake, f"m.t{i}", drop=())],
             types(p.lake, f"m.t{i}")["v"].replace(" ", "")) for i in range(len(statements))]


@suite.case
def nan_only():
    for values, _ in one_column(*(f"SELECT 'nan'::{type_} AS v FROM range(3)"
                                  for type_ in ("FLOAT", "DOUBLE"))):
        same([canon(v) for v in values], ["nan"] * 3)


@suite.case
def zeros_of_both_signs():
    """The lower bound of a column of zeros is -0.0, the upper one +0.0."""
    for type_, width in (("float", 4), ("double", 8)):
        for sql in ("0.0", "-0.0"):
            p = Project(name=f"zero-{type_}{sql}")
            p.model("m.t", f"SELECT '{sql}'::{type_} AS v")
            p.run()
            same_rows(rows(p.lake, "m.t", drop=()), [{"v": float(sql)}])
            file = live_files(metadata_of(p.lake, "m.t"))[0]
            same(as_map(file["lower_bounds"])[1], b"\0" * (width - 1) + b"\x80")
            same(as_map(file["upper_bounds"])[1], b"\0" * width)


@suite.case
def integers_that_iceberg_does_not_have():
    """Small and unsigned ones are widened, HUGEINT and UBIGINT become decimals, never doubles."""
    cases = (
            ("TINYINT", "int", -128, 127), ("SMALLINT", "int", -2**15, 2**15 - 1),
            ("UTINYINT", "int", 0, 255), ("USMALLINT", "int", 0, 2**16 - 1),
            ("UINTEGER", "long", 0, 2**32 - 1), ("UBIGINT", "decimal(20,0)", 0, 2**64 - 1),
            ("HUGEINT", "decimal(38,0)", -10**38 + 1, 10**38 - 1))
    found = one_column(*(f"SELECT unnest(['{low}', '{high}', NULL])::{sql} AS v ORDER BY v"
                         for sql, _, low, high in cases))
    for (values, found_type), (sql, type_, low, high) in zip(found, cases):
        same(found_type, type_, sql)
        same(sorted(int(v) for v in values if v is not None), [low, high], sql)


@suite.case
def sums_are_exact():
    same(one_column("SELECT sum(i) AS v FROM (SELECT 9223372036854775807 AS i FROM range(1000))",
                    "SELECT sum(d) AS v FROM (SELECT 0.1::DECIMAL(18,1) AS d FROM range(10))"),
         [([D(9223372036854775807000)], "decimal(38,0)"), ([D("1.0")], "decimal(38,1)")])


def refused(sql, *words, want=1):
    p = Project(name=sys._getframe(1).f_code.co_name)
    p.model("m.t", sql)
    done = p.run(want=want)
    contains(done.err, *words)
    assert not exists(p.lake, "m.t"), "a table was made"


@suite.case
def too_large_for_any_decimal():
    for value in ("170141183460469231731687303715884105727", "-1" + "0" * 38, "1" + "0" * 38):
        refused(f"SELECT '{value}'::HUGEINT AS v", "m.t")
    refused("SELECT '340282366920938463463374607431768211455'::UHUGEINT AS v", "UHUGEINT", "'v'")


@suite.case
def infinite_moments():
    for type_ in ("DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_S", "TIMESTAMP_MS"):
        for value in ("infinity", "-infinity"):
            refused(f"SELECT v FROM (VALUES ('{value}'::{type_}), (NULL)) t(v)", "v")
            refused(f"SELECT {{'a': [v]}} AS v FROM (VALUES ('{value}'::{type_})) t(v)", "v")


@suite.case
def years_that_others_do_not_read():
    """Below year 1 and above 9999 neither Spark nor Python shows them."""
    for value in ("0001-01-01 (BC)", "-0043-03-15", "10000-01-01"):
        for type_ in ("DATE", "TIMESTAMP", "TIMESTAMPTZ"):
            refused(f"SELECT '{value}'::{type_} AS v", "v")


@suite.case
def infinite_moments_among_many_rows():
    """Where the least and the greatest value are ordinary there is still one in the middle: the
    check must not rest on the first rows."""
    refused("SELECT CASE WHEN i = 250000 THEN 'infinity'::DATE ELSE DATE '2020-01-01' END AS v "
            "FROM range(300000) t(i)", "v")


@suite.case
def types_without_a_counterpart():
    for sql, word in (("INTERVAL 1 MONTH", "INTERVAL"), ("'101'::BIT", "BIT"),
                      ("TIME WITH TIME ZONE '10:00:00+02'", "TIME WITH TIME ZONE"),
                      ("TIMESTAMP_NS '2024-01-01 00:00:00.123456789'", "TIMESTAMP_NS"),
                      ("union_value(a := 1)", "UNION"), ("row(1, 2)", "STRUCT"),
                      ("[INTERVAL 1 DAY]", "INTERVAL"), ("{'a': '1'::BIT}", "BIT"),
                      ("MAP {1: INTERVAL 1 DAY}", "INTERVAL")):
        refused(f"SELECT {sql} AS v", word, "v")


@suite.case
def types_that_are_cast():
    cases = (("'{\"a\": 1}'::JSON", "string", '{"a": 1}'),
             ("'b'::ENUM('a', 'b')", "string", "b"),
             ("TIMESTAMP_S '1969-12-31 23:59:59'", "timestamp",
              datetime.datetime(1969, 12, 31, 23, 59, 59)),
             ("TIMESTAMP_MS '2024-01-01 00:00:00.123'", "timestamp",
              datetime.datetime(2024, 1, 1, 0, 0, 0, 123000)),
             ("NULL", "int", None))
    nested = ("{'j': ['1'::JSON], 'h': 5::HUGEINT, 'a': [1, 2]::TINYINT[2], "
              "'m': MAP {'k': 3::UBIGINT}}")
    found = one_column(*(f"SELECT {sql} AS v" for sql, _, _ in cases), f"SELECT {nested} AS v")
    for (values, found_type), (sql, type_, value) in zip(found, cases):
        same((found_type, values), (type_, [value]), sql)
    same(found[-1][0], [{"j": ["1"], "h": D(5), "a": [1, 2], "m": [("k", D(3))]}])


@suite.case
def fixed_is_refused_by_name():
    p = Project('{from: drop.a.json, into: raw.t, columns: {a: "fixed[16]"}}')
    p.write("a.json", '{"a": "AA=="}\n')
    contains(p.run(want=2).err, "fixed", "'a'", "use binary")
    p.describe('{from: drop.a.json, into: raw.t, columns: {a: "list<struct<b: fixed[3]>>"}}')
    contains(p.run(want=2).err, "fixed")


@suite.case
def what_does_not_fit_is_rejected():
    """Nothing is clipped, rounded or made null."""
    cases = [("int", "2147483648"), ("int", "-2147483649"), ("int", "1.5"), ("int", "true"),
             ("long", "9223372036854775808"), ("decimal(4,2)", "100.00"), ("decimal(4,2)", "1.001"),
             ("decimal(38,0)", "1" + "0" * 38), ("float", "3.5e38"), ("double", "1e400"),
             ("date", '"2023-02-29"'), ("date", '"10000-01-01"'), ("date", '"infinity"'),
             ("time", '"24:00:00"'), ("timestamp", '"2024-01-01T00:00:00.1234567"'),
             ("timestamp", '"2024-01-01T00:00:00+02:00"'),
             ("timestamptz", '"0000-01-01T00:00:00Z"'),
             ("uuid", '"f79c3e09677c4bbda4793f349cb785e7"'), ("uuid", '"x"'), ("binary", '"A"'),
             ("binary", '"AA=x"'), ("boolean", "1"), ("boolean", '"yes"'), ("double", '"nan"'),
             ("int", '{"a": 1}'), ("list<int>", "[1, 2.5]"), ("map<int, int>", '{"a": 1}'),
             ("struct<a: date>", '{"a": "no"}')]
    entries = [f'{{from: drop.{i}.json, into: raw.t{i}, columns: {{v: "{t}"}}}}'
               for i, (t, _) in enumerate(cases)]
    p = Project(entries)
    for i, (_, text) in enumerate(cases):
        p.write(f"{i}.json", f'{{"r": 1, "v": {text}}}\n{{"r": 2, "v": null}}\n')
    p.run(want=3)
    for i, (type_, text) in enumerate(cases):
        same([(r["r"], r["v"]) for r in rows(p.lake, f"raw.t{i}")], [(2, None)], f"{type_} {text}")
        rejected = p.rejects(f"raw.t{i}")
        same(len(rejected), 1, f"{type_} {text}")
        contains(rejected[0]["raw"], text)


# --- bounds -------------------------------------------------------------------------------------

BOUNDS = {
    # upper bounds that carry: the last unit that can be raised is, what follows is dropped
    "carry": ["abc" + TOP * 20, "a"], "carry2": ["a" * 15 + "\ud7ffzz", "a"],
    "none": [TOP * 17], "only": [TOP * 16], "emoji": ["😀" * 40, "é" * 40],
    "long": ["x" * 300, "y" * 300], "longer": ["x" * 10000 + "a", "x" * 10000 + "b"],
    "cut": ["é" * 127 + "x" * 10, "é" * 129], "empty": [""], "spaces": [" ", "  "],
    "zero": ["a\0b" * 8, "\0"],
}


@suite.case
def bounds_of_long_texts():
    """Whatever the engine cuts, a bound encloses the values, has at most 16 code points and is
    UTF-8; where a shorter text is the bound it is that text."""
    p = Project()
    for name, values in BOUNDS.items():
        texts = ", ".join("(" + " || ".join(
            f"chr({ord(c)})" if c == "\0" else "'" + c + "'" for c in v) + ")"
            if "\0" in v else f"('{v}')" for v in values)
        p.model(f"m.{name}", f"SELECT v FROM (VALUES {texts}) t(v)")
    p.run()
    for name, values in BOUNDS.items():
        same(sorted(r["v"] for r in rows(p.lake, f"m.{name}", drop=())), sorted(values), name)
        check_metrics(p.lake, f"m.{name}", exact)
        file = live_files(metadata_of(p.lake, f"m.{name}"))[0]
        for side in ("lower_bounds", "upper_bounds"):
            for data in as_map(file[side]).values():
                assert len(data.decode()) <= 16, (name, side, data)
    check_lake(p.lake)


@suite.case
def bounds_of_long_blobs():
    values = {"carry": [b"ab" + b"\xff" * 20], "none": [b"\xff" * 17], "long": [b"\x80" * 300],
              "zeros": [b"\0" * 40, b""], "quote": [b"'" * 20, b"\\x41\\\\"], "text": [b"abc"]}
    p = Project()
    for name, blobs in values.items():
        p.model(f"m.{name}", "SELECT v FROM (VALUES "
                + ", ".join(f"({sql_of('binary', b)})" for b in blobs) + ") t(v)")
    p.run()
    for name, blobs in values.items():
        same(sorted(r["v"] for r in rows(p.lake, f"m.{name}", drop=())), sorted(blobs), name)
        check_metrics(p.lake, f"m.{name}", exact)
        file, = live_files(metadata_of(p.lake, f"m.{name}"))
        for data in as_map(file["upper_bounds"]).values():
            assert len(data) <= 16, (name, data)
    check_lake(p.lake)


@suite.case
def random_columns():
    """Many files of random values: every bound and count of every file.  Zeros have one sign: of
    several in one column of a file the engine keeps the sign of the first (its dictionary takes
    them for one value)."""
    rng = random.Random(11)
    p = Project(f"{{from: drop.*.json, into: raw.t, columns: {given()}}}",
                "maintenance: {row_group_rows: 2048}\n")
    wanted, number = [], 0
    for i in range(3):
        lines = []
        for _ in range(700):
            row = {"r": number}
            for type_, values in VALUES.items():
                v = rng.choice(values) if rng.random() < 0.9 else None
                v = v[:40] if isinstance(v, str) else v
                row[name_of(type_)] = 0.0 if isinstance(v, float) and v == 0 else v
            number += 1
            wanted.append(row)
            lines.append(json_of(row) + "\n")
        p.write(f"{i}.json", "".join(lines))
        p.run()
    same_rows(rows(p.lake, "raw.t", sort="r"), wanted)
    assert len(live_files(metadata_of(p.lake, "raw.t"))) == 3
    check_metrics(p.lake, "raw.t", exact)
    check_lake(p.lake)


@suite.case
def bounds_of_numbers_decode_to_the_values():
    """Once more by hand, without the helper that all other cases rest on."""
    p = Project()
    p.model("m.t", "SELECT v, v::DECIMAL(9,2) / 8 AS d, (v * 1000)::BIGINT AS l, "
            "DATE '1970-01-01' + v AS day FROM (VALUES (-129), (NULL), (128)) t(v)")
    p.run()
    file = live_files(metadata_of(p.lake, "m.t"))[0]
    low, high = as_map(file["lower_bounds"]), as_map(file["upper_bounds"])
    same((low[1].hex(), high[1].hex()), ("7fffffff", "80000000"))
    same((low[3].hex(), high[3].hex()), ("1808feffffffffff", "00f4010000000000"))
    same((low[4].hex(), high[4].hex()), ("7fffffff", "80000000"))
    same((decode("double", low[2]), decode("double", high[2])), (-16.125, 16.0))
    same(as_map(file["null_value_counts"]), {1: 1, 2: 1, 3: 1, 4: 1})


suite.end()

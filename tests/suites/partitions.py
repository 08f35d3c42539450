#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""Partitions: every transform that firn writes on every type that it works on.  Values in the
manifests are those that PyIceberg's transforms compute, paths are those that Java writes, and a
condition on a column opens the files that PyIceberg plans for it."""
import datetime
import decimal
import pathlib
import re
import sys
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (Project, Suite, agree, check_tool, contains, exists,  # noqa: E402
                     path_of, rows, same, table)

suite = Suite()

import pyarrow as pa  # noqa: E402
from pyiceberg.expressions import parser  # noqa: E402
from pyiceberg.transforms import (BucketTransform, DayTransform, HourTransform,  # noqa: E402
                                  IdentityTransform, MonthTransform, TruncateTransform,
                                  YearTransform)

from icelab import (canon, days, decode, live_files, manifests,  # noqa: E402
                    metadata_of, micros, order, plain, read_parquet)

D = decimal.Decimal
UTC = datetime.timezone.utc
TRANSFORMS = {"identity": IdentityTransform(), "year": YearTransform(), "month": MonthTransform(),
              "day": DayTransform(), "hour": HourTransform(), "bucket[5]": BucketTransform(5),
              "truncate[3]": TruncateTransform(3)}
SUFFIX = {"identity": "", "bucket[5]": "_bucket", "truncate[3]": "_trunc"}
DATES = [datetime.date(*d) for d in (
    (1970, 1, 1), (1969, 12, 31), (1969, 12, 1), (1969, 1, 1), (1968, 12, 31), (1968, 2, 29),
    (1900, 1, 1), (1, 1, 1), (9999, 12, 31), (2024, 2, 29), (2024, 3, 1), (2017, 12, 1))]
MOMENTS = [datetime.datetime(d.year, d.month, d.day) for d in DATES] + [
    datetime.datetime(1969, 12, 31, 23, 59, 59, 999999), datetime.datetime(1970, 1, 1, 0, 59, 59),
    datetime.datetime(9999, 12, 31, 23, 59, 59, 999999), datetime.datetime(1, 1, 1, 0, 0, 0, 1),
    datetime.datetime(2017, 12, 1, 10, 12, 55, 38194), datetime.datetime(1968, 2, 29, 12, 30)]
TEXTS = ["", " ", "a b", "a+b", "a%b", "a/b", "..", ".", "a=b", "a&b", "~", "*", "-_.", "null",
         "NULL", "__HIVE_DEFAULT_PARTITION__", "é", "日本", "😀", "a\nb", "\t", "'", '"', "\\",
         "#?:;,", "A", "a", "%2F", "x" * 150, "\x7f", "\u00a0", "e\u0301", "[1]", "{a}", "$HOME",
         "1", "01"]
VALUES = {
    "boolean": [True, False], "int": [0, 1, -1, 2**31 - 1, -2**31],
    "long": [0, -1, 2**63 - 1, -2**63], "string": TEXTS, "date": DATES, "timestamp": MOMENTS,
    "decimal(4,2)": [D("0.00"), D("-0.01"), D("99.99"), D("1.50"), D("-99.99")],
    "decimal(18,0)": [D(10**18 - 1), D(0), D(-5)],
    "decimal(38,10)": [D("1234567890123456789012345678.0123456789"), D("-0.0000000001"),
                       D("0E-10")],
    "uuid": [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID(int=2**127)],
    "time": [datetime.time(0, 0), datetime.time(23, 59, 59, 999999), datetime.time(12, 30)],
    "binary": [b"", b"\0", b"\xff\xfe", b"a/b=c", b"\x00\x10\x83\x10Q\x87 \x92\x8b0\xd3\x8fA"],
    "float": [0.5, -1.25, 16777216.0], "double": [0.5, -1.25, 1e300, 5e-324],
}
VALUES["timestamptz"] = [v.replace(tzinfo=UTC) for v in MOMENTS]
TIMES = {"date": ("year", "month", "day"), "timestamp": ("year", "month", "day", "hour"),
         "timestamptz": ("year", "month", "day", "hour")}
CASES = ([("identity", t) for t in VALUES] + [(tr, t) for t, trs in TIMES.items() for tr in trs]
         + [("bucket[5]", t) for t in VALUES if t not in ("boolean", "float", "double")]
         + [("truncate[3]", t) for t in VALUES
            if t in ("int", "long", "string", "binary") or t.startswith("decimal")])
SQL_TYPE = {"int": "INTEGER", "long": "BIGINT", "string": "VARCHAR", "binary": "BLOB",
            "timestamptz": "TIMESTAMPTZ"}


def sql_of(type_, value):
    sql = SQL_TYPE.get(type_, type_.upper())
    if value is None:
        return f"CAST(NULL AS {sql})"
    if isinstance(value, bytes):
        return "'" + "".join(f"\\x{b:02X}" for b in value) + "'::BLOB"
    text = value if isinstance(value, str) else f"{value:f}" if isinstance(value, D) else (
        value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else str(value))
    return "CAST('" + text.replace("'", "''") + f"' AS {sql})"


def values_of(transform, type_):
    """lint.py and PyIceberg do not wrap below the smallest number; a unit test shows that."""
    if transform.startswith("truncate") and type_ in ("int", "long"):
        return [v for v in VALUES[type_] if v > -2**31]
    return VALUES[type_]


def name_of(transform, type_):
    word = type_.replace("(", "_").replace(",", "_").replace(")", "")
    return f"{transform.split('[')[0]}_{word}"


def values_sql(type_, values):
    return "SELECT i, v FROM (VALUES " + ", ".join(
        f"({i}, {sql_of(type_, v)})" for i, v in enumerate(values)) + ") t(i, v)"


def check_lake(lake):
    check_tool("lint.py", "--strict", "--ignore", "L045", lake / "catalog.db")
    agree(lake)


# --- what the specification and PyIceberg say ---------------------------------------------------

def internal(type_, value):
    """A value as PyIceberg's transforms take it."""
    return None if value is None else plain(type_, value)


def apply(transform, source, value):
    """The partition value by PyIceberg; source: PyIceberg's type."""
    return TRANSFORMS[transform].transform(source)(value)


def java_encoded(text):
    """java.net.URLEncoder: only letters, digits and .-*_ stay, a blank becomes +."""
    return urllib.parse.quote_plus(text, safe="*").replace("~", "%7E")


def human(transform, source, value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes) and str(source) == "uuid":  # as Java; PyIceberg writes base64
        return str(uuid.UUID(bytes=value))
    if transform == "identity" and str(source) in ("time", "timestamp", "timestamptz"):
        text = TRANSFORMS[transform].to_human_string(source, value)
        return re.sub(r"(\.\d*?)0+(?=$|\+)", r"\1", text)  # Java drops zeros behind a fraction
    if isinstance(value, D):
        return str(value)
    return TRANSFORMS[transform].to_human_string(source, value)


def in_manifest(value, type_):
    """A partition value as fastavro reads it, as the internal one."""
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return days(value)
    if isinstance(value, (datetime.datetime, datetime.time)):
        return micros(value)
    if isinstance(value, (uuid.UUID, str)) and type_ == "uuid":
        return uuid.UUID(str(value)).bytes
    return value


def key(value):
    return canon(value) if isinstance(value, float) else value


def check_table(lake, name, transform, type_, values):
    """One partition field on column v: manifests, files, paths, summaries."""
    metadata, ice = metadata_of(lake, name), table(lake, name)
    source = ice.schema().find_field("v").field_type
    field = metadata["partition-specs"][-1]["fields"][0]
    same(field["transform"], transform)
    same(field["name"], "v" + SUFFIX.get(transform, f"_{transform}"))
    wanted = {}
    for v in values:
        value = apply(transform, source, internal(type_, v))
        wanted[key(value)] = value
    files, seen = live_files(metadata), {}
    for file in files:
        value = in_manifest(file["partition"][field["name"]], type_)
        seen.setdefault(key(value), []).append(file)
        found = [internal(type_, r["v"]) for r in read_parquet(file["file_path"])]
        for v in found:
            got = key(apply(transform, source, v))
            assert got == key(value), f"{v!r} lies in the partition {value!r}"
        relative = path_of(file["file_path"])[len(path_of(metadata["location"])):]
        text = java_encoded(human(transform, source, value))
        if type_ in ("float", "double") and value is not None:  # suites/layout.py asks Java
            same(float(relative.split("=")[1].split("/")[0]), value)
        elif len(text) < 190:
            same(relative.rsplit("/", 1)[0], f"/data/{field['name']}={text}")
    same(set(seen), set(wanted), f"{name} partitions")
    if type_ != "double":  # PyIceberg 0.12 takes a double in a manifest for a float
        check_pyiceberg_agrees(ice, seen)
    result = {"day": "date", "identity": type_, "truncate[3]": type_}.get(transform, "int")
    check_summaries(metadata, result, list(wanted.values()))


def check_pyiceberg_agrees(ice, seen):
    """PyIceberg reads the same values out of the manifests."""
    found = {key(in_manifest(task.file.partition[0], "uuid" if isinstance(
        task.file.partition[0], uuid.UUID) else None)) for task in ice.scan().plan_files()}
    same(found, set(seen))


def check_summaries(metadata, type_, values):
    """Bounds of the partitions in the manifest list; they are never cut."""
    numbers = [v for v in values if v is not None]
    for m in manifests(metadata):
        summary, = m["partitions"]
        same(summary["contains_null"], None in values)
        assert not summary["contains_nan"]
        low, high = [decode(type_, summary[k]) for k in ("lower_bound", "upper_bound")]
        same(key(low), key(min(numbers, key=lambda v: order(type_, v))))
        same(key(high), key(max(numbers, key=lambda v: order(type_, v))))


@suite.case
def every_transform_on_every_type():
    p = Project()
    for transform, type_ in CASES:
        term = "v" if transform == "identity" else f"{transform}(v)"
        p.model(f"m.{name_of(transform, type_)}", f"/* firn\npartition: ['{term}']\n*/\n"
                + values_sql(type_, values_of(transform, type_) + [None] + VALUES[type_][:2]))
    p.run()
    for transform, type_ in CASES:
        name = f"m.{name_of(transform, type_)}"
        values = values_of(transform, type_) + [None] + VALUES[type_][:2]
        try:
            check_table(p.lake, name, transform, type_, values)
        except AssertionError as why:
            raise AssertionError(f"{name}: {why}") from None
        found = sorted(rows(p.lake, name, drop=()), key=lambda r: r["i"])
        same([canon(r["v"]) for r in found], [canon(v) for v in values], name)
    check_lake(p.lake)


@suite.case
def landed():
    """The same values out of JSON files; a second landing adds files to the partitions."""
    entries, p = [], Project()
    chosen = [("day", "timestamptz"), ("hour", "timestamp"), ("month", "date"),
              ("year", "timestamp"), ("identity", "string"), ("bucket[5]", "string"),
              ("truncate[3]", "string"), ("bucket[5]", "timestamptz"),
              ("identity", "decimal(4,2)"), ("identity", "boolean")]
    for transform, type_ in chosen:
        term = "v" if transform == "identity" else f"{transform}(v)"
        name = name_of(transform, type_)
        entries.append(f'{{from: "drop.{name}.*.json", into: raw.{name}, partition: ["{term}"], '
                       f'columns: {{i: int, v: "{type_}"}}}}')
    p.describe(entries)
    from json import dumps
    for n in (1, 2):
        for transform, type_ in chosen:
            lines = []
            for i, v in enumerate(VALUES[type_] + [None]):
                text = (None if v is None else v if isinstance(v, (bool, str)) else
                        f"{v:f}" if isinstance(v, D) else v.isoformat())
                lines.append(dumps({"i": i, "v": text}) + "\n")
            p.write(f"{name_of(transform, type_)}.{n}.json", "".join(lines))
        p.run()
        for transform, type_ in chosen:
            check_table(p.lake, f"raw.{name_of(transform, type_)}", transform, type_,
                        (VALUES[type_] + [None]) * n)
    check_lake(p.lake)


@suite.case
def infinities_and_nan():
    """Infinities are values like others.  NaN is refused: engines disagree whether it equals
    itself, so it would be a partition that some of them never find."""
    p = Project()
    for type_ in ("float", "double"):
        p.model(f"m.{type_}", f"/* firn\npartition: [v]\n*/\nSELECT v::{type_} AS v FROM "
                "(VALUES ('inf'), ('-inf'), ('1.5'), (NULL)) t(v)")
    p.run()
    for type_ in ("float", "double"):
        found = [f["partition"]["v"] for f in live_files(metadata_of(p.lake, f"m.{type_}"))]
        same(sorted(map(repr, found)), ["-inf", "1.5", "None", "inf"])
        for where, count in (("v > 5", 1), ("v = 'inf'", 1), ("v IS NULL", 1), ("v < 0", 1),
                             ("v >= 1.5", 2), ("v = 'nan'", 0), ("isnan(v)", 0), ("v < 'nan'", 3)):
            for extra in ((), ("--no-prune",)):
                same(p.sql(f"SELECT count(*) AS n FROM m.{type_} WHERE {where}", *extra),
                     [{"n": count}], f"{type_} {where} {extra}")
    check_lake(p.lake)
    p.model("m.nan", "/* firn\npartition: [v]\n*/\nSELECT 'nan'::DOUBLE AS v")
    contains(p.run(want=1).err, "m.nan", "'nan'", "partition 'v'")
    assert not exists(p.lake, "m.nan")


@suite.case
def several_fields_and_odd_names():
    """Names of fields are encoded in paths like values, and sanitised in Avro."""
    p = Project()
    p.model("m.t", """/* firn
partition: ["a b", "month(é-t)", "9", "s.x", "day(s.y)"]
*/
SELECT i % 3 AS "a b", DATE '1969-11-15' + (i * 9)::INTEGER AS "é-t", (i % 2)::VARCHAR AS "9",
       {'x': i % 2 = 0, 'y': TIMESTAMP '1969-12-31 12:00:00' + INTERVAL (i) HOUR} AS s, i
FROM range(24) t(i)""")
    p.run()
    metadata = metadata_of(p.lake, "m.t")
    same([f["name"] for f in metadata["partition-specs"][0]["fields"]],
         ["a b", "é-t_month", "9", "s.x", "s.y_day"])
    for file in live_files(metadata):
        found = read_parquet(file["file_path"])
        months = {(r["é-t"].year - 1970) * 12 + r["é-t"].month - 1 for r in found}
        same(len(months), 1)
        month = datetime.date(1970 + (m := months.pop()) // 12, m % 12 + 1, 1)
        wanted = (f"/data/a+b={found[0]['a b']}/%C3%A9-t_month={month:%Y-%m}/9={found[0]['9']}"
                  f"/s.x={str(found[0]['s']['x']).lower()}/s.y_day={found[0]['s']['y']:%Y-%m-%d}/")
        contains(file["file_path"], wanted)
    same(sorted(r["i"] for r in rows(p.lake, "m.t", drop=())), list(range(24)))
    p.model("m.again", "SELECT * FROM m.t WHERE s.x AND \"a b\" = 1")
    p.run()
    same(sorted(r["i"] for r in rows(p.lake, "m.again", drop=())), [4, 10, 16, 22])
    check_lake(p.lake)


@suite.case
def long_values():
    """A value longer than a file name may be: whole in the manifest, cut in the path, and two that
    begin alike are kept apart."""
    values = ["x" * 1000 + "a", "x" * 1000 + "b", "é" * 90, "日" * 300]
    p = Project()
    p.model("m.t", "/* firn\npartition: [v]\n*/\n" + values_sql("string", values))
    p.run()
    files = live_files(metadata_of(p.lake, "m.t"))
    same(sorted(f["partition"]["v"] for f in files), sorted(values))
    for f in files:
        assert all(len(part) < 256 for part in f["file_path"].split("/"))
    same(sorted(r["v"] for r in rows(p.lake, "m.t", drop=())), sorted(values))
    for v in values:
        same(p.sql(f"SELECT i FROM m.t WHERE v = '{v}'"), [{"i": values.index(v)}])
    check_lake(p.lake)


@suite.case
def refused():
    for term, word in (("hour(d)", "hour"), ("day(i)", "day"), ("year(s)", "year"), ("l", "'l'"),
                       ("nope", "'nope'"), ("bucket(16, b)", "bucket"),
                       ("truncate(4, d)", "truncate"), ("month(t)", "month"), ("l.x", "l.x"),
                       ("bucket(i)", "number"), ("bucket(0, i)", "number")):
        p = Project(name="refused")
        p.model("m.t", f"/* firn\npartition: ['{term}']\n*/\nSELECT DATE '2024-01-01' AS d, "
                "1 AS i, 'a' AS s, [{'x': 1}] AS l, TIME '10:00:00' AS t, true AS b")
        done = p.run(want=None)
        assert done.exit in (1, 2), f"{term}: {done}"
        contains(done.err, word)
        made = (p.lake / "catalog.db").exists() and exists(p.lake, "m.t")
        assert not made, term


# --- projection ---------------------------------------------------------------------------------

PROJECTED = {
    "day(ts)": [
        "ts = '2024-01-05T10:00:00'", "ts < '2024-01-05T00:00:00'", "ts <= '2024-01-05T00:00:00'",
        "ts > '2024-01-05T23:59:59.999999'", "ts >= '2024-01-05T23:59:59.999999'",
        "ts < '1970-01-01T00:00:00'", "ts > '1969-12-31T23:59:59.999999'",
        "ts >= '1969-12-30T00:00:00' and ts < '1970-01-02T00:00:00'", "ts is null",
        "ts is not null", "ts in ('2024-01-05T10:00:00', '1969-12-30T12:00:00')",
        "ts = '2024-01-05T10:00:00' or ts is null"],
    "month(d)": ["d = '2024-01-05'", "d < '2024-01-01'", "d <= '2024-01-01'", "d > '2024-01-31'",
                 "d >= '1969-12-31'", "d < '1970-01-01'", "d is null", "d is not null",
                 "d in ('1969-12-15', '2024-02-01')", "d > '1969-11-30' and d < '1970-02-01'"],
    "year(d)": ["d = '2024-01-05'", "d < '1970-01-01'", "d >= '1970-01-01'", "d > '2023-12-31'"],
    "hour(ts)": ["ts = '2024-01-05T10:00:00'", "ts < '1970-01-01T00:00:00'",
                 "ts >= '2024-01-05T10:00:00' and ts < '2024-01-05T12:00:00'", "ts is null"],
    "s": ["s = 'a'", "s > 'a'", "s >= 'b c'", "s is null", "s is not null", "s in ('a', 'zz', '')",
          "s = 'zz'", "s < 'b'", "s <= ''"],
    "bucket(7, i)": ["i = 5", "i in (3, 40)", "i > 5", "i is null", "i = 1000"],
    "bucket(3, s)": ["s = 'a'", "s in ('a', 'zz')", "s is null", "s is not null"],
    "truncate(10, i)": ["i = 5", "i < 10", "i <= 10", "i > 19", "i >= 20", "i in (3, 40)"],
    "truncate(1, s)": ["s = 'b c'", "s >= 'b c'", "s < 'b'", "s is null", "s in ('a', 'zz')"],
    "n": ["n = -1.50", "n > 0.00", "n <= -1.50", "n in (2.25, 0.00)", "n is null", "n < -100.00"],
}


def opened(p, name, where):
    """Rows and files opened by firn."""
    done = p.firn("sql", f"SELECT i FROM {name} WHERE {where}", "--json", want=0)
    stats, = done.event("query_finished")["tables"]
    return sorted(e["values"]["i"] for e in done.events() if e["event"] == "row"), stats


@suite.case
def projection():
    """A condition on the source column opens the files that PyIceberg plans, and gives its rows."""
    p = Project()
    for n, term in enumerate(PROJECTED):
        p.model(f"m.t{n}", f"""/* firn
partition: ['{term}']
*/
SELECT i, ts, ts::DATE AS d, s, n FROM (
  SELECT i, CASE WHEN i % 11 = 10 THEN NULL ELSE CASE WHEN i % 2 = 0
    THEN TIMESTAMP '1969-12-28 00:00:00' ELSE TIMESTAMP '2024-01-03 00:00:00' END
    + INTERVAL (i * 3) HOUR END AS ts,
    CASE WHEN i % 7 = 6 THEN NULL ELSE ['', 'a', 'b c', 'd', 'é', 'zz'][i % 7 + 1] END AS s,
    CASE WHEN i % 5 = 4 THEN NULL ELSE ((i % 5) * 1.25 - 1.5)::DECIMAL(9,2) END AS n
  FROM range(90) t(i))""")
    p.run()
    for n, (term, conditions) in enumerate(PROJECTED.items()):
        ice = table(p.lake, f"m.t{n}")
        total = len(list(ice.scan().plan_files()))
        assert total >= 3, (term, total)
        for where in conditions:
            scan = ice.scan(row_filter=parser.parse(where), selected_fields=("i",))
            wanted = sorted(r["i"] for r in scan.to_arrow().to_pylist())
            found, stats = opened(p, f"m.t{n}", where.replace("T", " ") if "ts" in where else where)
            same(found, wanted, f"{term}: {where}")
            planned = len(list(scan.plan_files()))
            same(stats["files_total"], total, f"{term}: {where}")
            if " or " in where:  # not taken apart: no file is left out that has a row
                assert stats["files_opened"] >= planned, f"{term}: {where}: {stats}"
            else:
                same(stats["files_opened"], planned, f"{term}: {where}: files")


@suite.case
def a_condition_on_the_day_of_a_timestamp():
    """What people write instead of two comparisons."""
    p = Project()
    p.model("m.t", """/* firn
partition: [day(ts)]
*/
SELECT i, TIMESTAMPTZ '1969-12-01 00:30:00+00' + INTERVAL (i) HOUR AS ts FROM range(2400) t(i)""")
    p.run()
    for where in ("ts::DATE = '1970-01-05'", "CAST(ts AS DATE) = DATE '1970-01-05'",
                  "ts::DATE BETWEEN '1970-01-05' AND '1970-01-05'",
                  "ts >= '1970-01-05' AND ts < '1970-01-06'",
                  "ts BETWEEN '1970-01-05 00:00:00+00' AND '1970-01-05 23:59:59+00'"):
        found, stats = opened(p, "m.t", where)
        same(len(found), 24, where)
        same((stats["files_total"], stats["files_opened"]), (100, 1), where)


@suite.case
def files_without_their_partition_column():
    """As Hive and Spark's add_files leave them: the value is the partition's, in every type, and
    conditions find it."""
    import pyarrow.parquet as pq
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
    from pyiceberg.typedef import Record
    p = Project()
    for type_ in VALUES:
        p.model(f"m.{name_of('identity', type_)}", "/* firn\npartition: [v]\n*/\n"
                + values_sql(type_, VALUES[type_][:1]))
    p.run()
    for type_, values in VALUES.items():
        ice, values = table(p.lake, f"m.{name_of('identity', type_)}"), [*VALUES[type_], None]
        schema = ice.schema().as_arrow()
        field = schema.field("i").with_metadata({"PARQUET:field_id": "1"})
        with ice.transaction() as tx, tx.update_snapshot().fast_append() as change:
            for n, v in enumerate(values):
                path = f"{p.folder}/{name_of('identity', type_)}-{n}.parquet"
                pq.write_table(pa.table([pa.array([100 + n], field.type)],
                                        schema=pa.schema([field])), path)
                internal_value = v if type_ in ("uuid", "decimal(4,2)") else internal(type_, v)
                file = DataFile.from_args(
                    content=DataFileContent.DATA, file_path=f"file://{path}",
                    file_format=FileFormat.PARQUET, partition=Record(internal_value),
                    record_count=1, file_size_in_bytes=pathlib.Path(path).stat().st_size,
                    column_sizes={}, value_counts={}, null_value_counts={}, nan_value_counts={},
                    lower_bounds={}, upper_bounds={}, key_metadata=None, split_offsets=[4],
                    equality_ids=None, sort_order_id=None)
                file.spec_id = ice.spec().spec_id
                change.append_data_file(file)
        name = f"m.{name_of('identity', type_)}"
        p.model(f"n.{name_of('identity', type_)}", f"SELECT * FROM {name}")
    p.run("n.*")
    for type_ in VALUES:
        name, values = name_of("identity", type_), [*VALUES[type_], None]
        found = sorted(rows(p.lake, f"n.{name}", drop=()), key=lambda r: r["i"])
        same([r["i"] for r in found], [0, *range(100, 100 + len(values))], name)
        same([canon(r["v"]) for r in found], [canon(v) for v in (values[0], *values)], name)
        for n in (0, len(values) - 2, len(values) - 1):
            where = "v IS NULL" if values[n] is None else f"v = {sql_of(type_, values[n])}"
            ids = [r["i"] for r in p.sql(f"SELECT i FROM m.{name} WHERE {where}")]
            assert 100 + n in ids and len(ids) <= 2, f"{name} {where}: {ids}"


@suite.case
def values_and_paths_beside_pyiceberg():
    """PyIceberg writes the same rows into a table of its own: the same partitions and folders, but
    for what Python encodes and prints unlike Java."""
    from pyiceberg.catalog.sql import SqlCatalog
    p = Project()
    names = [(tr, t) for tr, t in CASES
             if t not in ("binary", "time", "uuid", "float", "double", "decimal(38,10)")]
    for transform, type_ in names:
        term = "v" if transform == "identity" else f"{transform}(v)"
        p.model(f"m.{name_of(transform, type_)}",
                f"/* firn\npartition: ['{term}']\n*/\n"
                + values_sql(type_, values_of(transform, type_) + [None]))
    p.run()
    other = SqlCatalog("other", uri=f"sqlite:///{p.folder}/other.db",
                       warehouse=f"file://{p.folder}/other")
    other.create_namespace("m")
    for transform, type_ in names:
        name = name_of(transform, type_)
        ours = table(p.lake, f"m.{name}")
        theirs = other.create_table(f"m.{name}", ours.schema(), partition_spec=ours.spec())
        theirs.append(ours.scan().to_arrow())
        folders = [{t.file.file_path.split("/data/")[1].rsplit("/", 1)[0]
                    for t in x.scan().plan_files()} for x in (ours, theirs)]
        differ = {urllib.parse.unquote_plus(f) for f in folders[0] ^ folders[1]}
        texts = type_ == "string" and not transform.startswith("bucket")
        allowed = {f"v{SUFFIX[transform]}={x}" for x in ("*", "~")} if texts else set()
        same(differ, allowed, name)
        values = [sorted(repr(t.file.partition[0]) for t in x.scan().plan_files())
                  for x in (ours, theirs)]
        same(values[0], values[1], name)


suite.end()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: ci parallel needs=venv timeout=300
"""t$snapshots, t$files and the other metadata tables: names, order and types of their columns are
those of Iceberg's Java library, their rows those that PyIceberg's inspect finds, for partitions
that evolved, nulls, NaN, deletes, branches; and with --full those of Spark."""
import base64
import datetime
import decimal
import json
import math
import os
import pathlib
import subprocess
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (FULL, ROOT, TMP, Skip, Suite, catalog, contains, firn, note,  # noqa: E402
                     same)
from madelab import Made, field  # noqa: E402

suite = Suite()

import pyarrow as pa  # noqa: E402
from pyiceberg.partitioning import PartitionField, PartitionSpec  # noqa: E402
from pyiceberg.schema import Schema  # noqa: E402
from pyiceberg.transforms import (BucketTransform, DayTransform, HourTransform,  # noqa: E402
                                  IdentityTransform, MonthTransform, TruncateTransform,
                                  YearTransform)
from pyiceberg.types import (BinaryType, BooleanType, DateType, DecimalType,  # noqa: E402
                             DoubleType, FixedType, FloatType, IntegerType, ListType, LongType,
                             MapType, NestedField, StringType, StructType, TimestampType,
                             TimestamptzType, TimeType, UUIDType)

UTC = datetime.timezone.utc
LAKE = TMP / "warehouse"
ALL = ["snapshots", "history", "refs", "metadata_log_entries", "properties", "manifests",
       "partitions", "files", "data_files", "delete_files", "entries", "all_manifests", "all_files",
       "all_data_files", "all_delete_files", "all_entries"]

# From Iceberg's SnapshotsTable, HistoryTable, …; the struct of partitions and the readable metrics
# depend on the table.
COUNTS, BOUNDS = "MAP(INTEGER, BIGINT)", "MAP(INTEGER, BLOB)"
TIME = "TIMESTAMP WITH TIME ZONE"
DATA_FILE = {
    "content": "INTEGER", "file_path": "VARCHAR", "file_format": "VARCHAR", "spec_id": "INTEGER",
    "partition": "*", "record_count": "BIGINT", "file_size_in_bytes": "BIGINT",
    "column_sizes": COUNTS, "value_counts": COUNTS, "null_value_counts": COUNTS,
    "nan_value_counts": COUNTS, "lower_bounds": BOUNDS, "upper_bounds": BOUNDS,
    "key_metadata": "BLOB", "split_offsets": "BIGINT[]", "equality_ids": "INTEGER[]",
    "sort_order_id": "INTEGER", "first_row_id": "BIGINT", "referenced_data_file": "VARCHAR",
    "content_offset": "BIGINT", "content_size_in_bytes": "BIGINT"}
MANIFESTS = {
    "content": "INTEGER", "path": "VARCHAR", "length": "BIGINT", "partition_spec_id": "INTEGER",
    "added_snapshot_id": "BIGINT", "added_data_files_count": "INTEGER",
    "existing_data_files_count": "INTEGER", "deleted_data_files_count": "INTEGER",
    "added_delete_files_count": "INTEGER", "existing_delete_files_count": "INTEGER",
    "deleted_delete_files_count": "INTEGER",
    "partition_summaries": 'STRUCT(contains_null BOOLEAN, contains_nan BOOLEAN, '
                           'lower_bound VARCHAR, upper_bound VARCHAR)[]'}
COLUMNS = {
    "snapshots": {"committed_at": TIME, "snapshot_id": "BIGINT", "parent_id": "BIGINT",
                  "operation": "VARCHAR", "manifest_list": "VARCHAR",
                  "summary": "MAP(VARCHAR, VARCHAR)"},
    "history": {"made_current_at": TIME, "snapshot_id": "BIGINT", "parent_id": "BIGINT",
                "is_current_ancestor": "BOOLEAN"},
    "refs": {"name": "VARCHAR", "type": "VARCHAR", "snapshot_id": "BIGINT",
             "max_reference_age_in_ms": "BIGINT", "min_snapshots_to_keep": "INTEGER",
             "max_snapshot_age_in_ms": "BIGINT"},
    "metadata_log_entries": {"timestamp": TIME, "file": "VARCHAR", "latest_snapshot_id": "BIGINT",
                             "latest_schema_id": "INTEGER", "latest_sequence_number": "BIGINT"},
    "properties": {"key": "VARCHAR", "value": "VARCHAR"},
    "manifests": MANIFESTS,
    "all_manifests": {**MANIFESTS, "reference_snapshot_id": "BIGINT", "key_metadata": "BLOB"},
    "partitions": {"partition": "*", "spec_id": "INTEGER", "record_count": "BIGINT",
                   "file_count": "INTEGER", "total_data_file_size_in_bytes": "BIGINT",
                   "position_delete_record_count": "BIGINT",
                   "position_delete_file_count": "INTEGER",
                   "equality_delete_record_count": "BIGINT",
                   "equality_delete_file_count": "INTEGER",
                   "last_updated_at": TIME, "last_updated_snapshot_id": "BIGINT"},
    "files": {**DATA_FILE, "readable_metrics": "*"},
    "entries": {"status": "INTEGER", "snapshot_id": "BIGINT", "sequence_number": "BIGINT",
                "file_sequence_number": "BIGINT", "data_file": "*", "readable_metrics": "*"},
}
for word in ("data_files", "delete_files", "all_files", "all_data_files", "all_delete_files"):
    COLUMNS[word] = COLUMNS["files"]
COLUMNS["all_entries"] = COLUMNS["entries"]


# --- tables -------------------------------------------------------------------------------------

CATALOG = []


def lake():
    if not CATALOG:
        LAKE.mkdir(parents=True)
        CATALOG.append(catalog(LAKE))
        CATALOG[0].create_namespace("raw")
    return CATALOG[0]


def create(name, *fields, spec=(), properties=None, identifier=()):
    spec = PartitionSpec(*(PartitionField(source, 1000 + i, transform, label)
                           for i, (source, transform, label) in enumerate(spec)))
    lake().create_table(f"raw.{name}", Schema(*fields, identifier_field_ids=list(identifier)),
                        partition_spec=spec, properties=properties or {})


def table(name):
    return lake().load_table(f"raw.{name}")


def append(name, records):
    t = table(name)
    t.append(pa.Table.from_pylist(list(records), schema=t.schema().as_arrow()))


def sql(statement, want=0):
    done = firn("sql", LAKE, statement, "-o", "json", want=want)
    return json.loads(done.out) if want == 0 else done


def metadata(name, word, columns="*", behind=""):
    return sql(f'SELECT {columns} FROM raw."{name}${word}"{behind}')


TYPES = [
    ("i", IntegerType(), lambda n: n), ("x", DoubleType(), lambda n: n / 4 if n % 3 else math.nan),
    ("f", FloatType(), lambda n: n / 2), ("s", StringType(), lambda n: f"é{n}" * 9),
    ("d", DateType(), lambda n: datetime.date(1969, 12, 20) + datetime.timedelta(n)),
    ("ts", TimestampType(), lambda n: datetime.datetime(1969, 12, 31, n % 24, 5, 6, n)),
    ("tz", TimestamptzType(), lambda n: datetime.datetime(2020, 1, 1 + n % 9, n % 24, tzinfo=UTC)),
    ("dec", DecimalType(20, 3), lambda n: decimal.Decimal(n - 10) / 8),
    ("fx", FixedType(4), lambda n: bytes([n % 256] * 4)),
    ("b", BinaryType(), lambda n: bytes([255, n % 256])),
    ("t", BooleanType(), lambda n: n % 2 == 0),
]


def many_types():
    """A row of every type, and the fields for it."""
    fields = [NestedField(1, "id", LongType(), required=True)]
    fields += [NestedField(2 + i, name, kind) for i, (name, kind, _) in enumerate(TYPES)]
    fields += [NestedField(30, "st", StructType(NestedField(31, "z", IntegerType()),
                                                NestedField(32, "a", StringType()))),
               NestedField(33, "l", ListType(34, IntegerType(), False)),
               NestedField(35, "m", MapType(36, StringType(), 37, IntegerType(), False))]

    def row(n):
        made = {name: None if n % 11 == 5 else make(n) for name, _, make in TYPES}
        return {"id": n, **made, "st": {"z": n, "a": "q"}, "l": [n, None], "m": {"k": n}}
    return fields, row


def build():
    """The tables, each of them made once."""
    fields, row = many_types()
    create("types", *fields, identifier=(1,), properties={"a.b": "c", "owner": "me"})
    append("types", map(row, range(1, 30)))
    append("types", map(row, range(30, 40)))
    create("empty", *fields[:3])
    create("uuids", NestedField(1, "u", UUIDType()))  # which PyIceberg's inspect does not show
    create("times", NestedField(1, "tm", TimeType()), spec=[(1, IdentityTransform(), "tm")])
    append("times", [{"tm": datetime.time(1, n, 3, n)} for n in range(3)])  # Spark has none
    append("uuids", [{"u": uuid.UUID(int=n << 60).bytes} for n in (7, 1 << 67)])
    create("parts", *fields, spec=[(8, DayTransform(), "day"), (1, BucketTransform(4), "bucket"),
                                   (5, TruncateTransform(2), "s2"), (12, IdentityTransform(), "t")])
    append("parts", map(row, range(1, 30)))
    create("evolved", *fields, spec=[(7, MonthTransform(), "ts_month"),
                                     (6, YearTransform(), "year")])
    append("evolved", map(row, range(1, 8)))
    with table("evolved").update_spec() as u:
        u.remove_field("ts_month")
        u.add_field("tz", HourTransform(), "hour")
        u.add_field("dec", IdentityTransform(), "money")
    append("evolved", map(row, range(8, 14)))
    with table("evolved").update_spec() as u:
        u.remove_field("year")
        u.remove_field("hour")
        u.remove_field("money")
    append("evolved", map(row, range(14, 20)))
    table("evolved").delete("id == 17")
    with table("evolved").update_schema() as u:
        u.rename_column("i", "renamed").add_column("later", StringType())
        u.update_column("f", DoubleType())
    append("evolved", [{"id": 99, "renamed": 5, "later": "x", "f": 1e300}])
    create("refs", *fields[:4])
    for n in range(4):
        append("refs", [{"id": n}])
    t = table("refs")
    ids = [s.snapshot_id for s in t.snapshots()]
    t.manage_snapshots().create_tag(ids[0], "v1", max_ref_age_ms=86400000).commit()
    t.manage_snapshots().create_branch(ids[1], "b1", max_ref_age_ms=7, max_snapshot_age_ms=1000,
                                       min_snapshots_to_keep=3).commit()
    t = table("refs")
    t.append(pa.Table.from_pylist([{"id": 50}], schema=t.schema().as_arrow()), branch="b1")
    table("refs").manage_snapshots().rollback_to_snapshot(ids[2]).commit()
    append("refs", [{"id": 60}])


@suite.case
def tables_are_made():
    build()


# --- against PyIceberg --------------------------------------------------------------------------

def nothing(value):
    """Null, and what PyIceberg has in place of it: empty maps, metrics of structs as such."""
    return value is None or value in ([], {}) or (
        isinstance(value, dict) and all(map(nothing, value.values())))


def agrees(ours, theirs):
    """Whether a value of firn's JSON is PyIceberg's."""
    if nothing(theirs):
        return nothing(ours)
    if isinstance(theirs, datetime.datetime):
        found = datetime.datetime.fromisoformat(ours)
        return found.replace(tzinfo=None) == theirs.replace(tzinfo=None)
    if isinstance(theirs, (datetime.date, datetime.time)):
        return ours == theirs.isoformat()
    if isinstance(theirs, uuid.UUID):
        return ours == str(theirs)
    if isinstance(theirs, bytes):
        return ours == base64.b64encode(theirs).decode() or (
            len(theirs) == 16 and ours == str(uuid.UUID(bytes=theirs)))
    if isinstance(theirs, decimal.Decimal):
        return decimal.Decimal(str(ours)) == theirs
    if isinstance(theirs, float) and math.isnan(theirs):
        return ours == "nan"
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and all(agrees(ours.get(k), v) for k, v in theirs.items())
    if isinstance(theirs, list) and theirs and isinstance(theirs[0], tuple):
        pairs = sorted(ours.items() if isinstance(ours, dict) else map(tuple, ours))
        theirs = sorted(theirs)
        return [k for k, _ in pairs] == [k for k, _ in theirs] and all(
            agrees(a, b) for (_, a), (_, b) in zip(pairs, theirs))
    if isinstance(theirs, list):
        return len(ours) == len(theirs) and all(agrees(a, b) for a, b in zip(ours, theirs))
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)


def compare(name, word, found, inspected, key=None):
    theirs = inspected.to_pylist()
    key = key or (lambda r: 0)
    found, theirs = sorted(found, key=key), sorted(theirs, key=key)
    same(len(found), len(theirs), f"rows of {name}${word}")
    for ours, other in zip(found, theirs):
        for column, value in other.items():
            if value == {} and column == "partition":
                continue  # SQL has no empty structs
            assert column in ours, f"{name}${word} has no {column}"
            assert agrees(ours[column], value), (
                f"{name}${word} {column}: {ours[column]!r}, PyIceberg has {value!r}")


def path(row):
    return row.get("file_path") or (row["status"], row["data_file"]["file_path"])


def partition(row):
    return json.dumps(row.get("partition"), default=str, sort_keys=True)


@suite.case
def rows_as_pyiceberg_finds_them():
    for name in ("types", "parts", "evolved", "refs", "times"):
        inspect = table(name).inspect
        compare(name, "snapshots", metadata(name, "snapshots"), inspect.snapshots())
        compare(name, "history", metadata(name, "history"), inspect.history())
        compare(name, "refs", metadata(name, "refs"), inspect.refs(), lambda r: r["name"])
        compare(name, "metadata_log_entries", metadata(name, "metadata_log_entries"),
                inspect.metadata_log_entries())
        compare(name, "manifests", metadata(name, "manifests"), inspect.manifests(),
                lambda r: r["path"])
        compare(name, "all_manifests", metadata(name, "all_manifests"), inspect.all_manifests(),
                lambda r: (r["reference_snapshot_id"], r["path"]))
        for word in ("files", "data_files", "delete_files", "all_files", "all_data_files",
                     "all_delete_files"):
            compare(name, word, metadata(name, word), getattr(inspect, word)(), path)
        compare(name, "entries", metadata(name, "entries"), inspect.entries(), path)


def grouped(rows):
    """Rows of $partitions by what they say, with decimals and dates as text."""
    return sorted(json.dumps({k: str(v) if k == "partition" else v for k, v in r.items()},
                             sort_keys=True, default=str) for r in rows)


@suite.case
def partitions_as_pyiceberg_finds_them():
    for name in ("types", "parts"):
        found = metadata(name, "partitions")
        compare(name, "partitions", found, table(name).inspect.partitions(),
                lambda r: (r["record_count"], r["total_data_file_size_in_bytes"], partition(r)))
        live = metadata(name, "files")
        same(sum(r["record_count"] for r in found), sum(r["record_count"] for r in live))
        same(sum(r["file_count"] for r in found), len(live))
    # of specs that evolved PyIceberg shows only those in use: counted here by hand instead
    live = metadata("evolved", "files")
    wanted = {}
    for f in live:
        key = (f["spec_id"], json.dumps(f["partition"]))
        n, size = wanted.get(key, (0, 0))
        wanted[key] = (n + f["record_count"], size + f["file_size_in_bytes"])
    found = {(r["spec_id"], json.dumps(r["partition"])):
             (r["record_count"], r["total_data_file_size_in_bytes"])
             for r in metadata("evolved", "partitions")}
    same(found, wanted)
    same(list(live[0]["partition"]), ["ts_month", "year", "hour", "money"])


@suite.case
def snapshots_in_the_past():
    for name in ("types", "evolved", "refs"):
        t = table(name)
        for s in t.snapshots():
            at = f" AT (VERSION => {s.snapshot_id})"
            compare(name, "files", metadata(name, "files", behind=at),
                    t.inspect.files(s.snapshot_id), path)
            compare(name, "entries", metadata(name, "entries", behind=at),
                    t.inspect.entries(s.snapshot_id), path)
            same(len(metadata(name, "manifests", behind=at)), len(s.manifests(t.io)))
    found = metadata("refs", "files", behind=" AT (BRANCH => 'b1')")
    same(sum(r["record_count"] for r in found), 3)
    found = sql('SELECT * FROM raw."refs$snapshots" AT (BRANCH => \'b1\')', want=1)
    contains(found.err, "snapshots")


# --- deletes and version 3 ----------------------------------------------------------------------

BY_K = {"spec-id": 1, "fields": [{"source-id": 2, "field-id": 1000, "name": "k",
                                  "transform": "identity"}]}


def made_rows(name, word, columns="*", behind=""):
    done = firn("sql", Made.home, f'SELECT {columns} FROM x."{name}${word}"{behind}', "-o", "json",
                want=0)
    return json.loads(done.out)


@suite.case
def delete_files():
    fields = [field(1, "id", "long", True), field(2, "k", "string")]
    t = Made("positions", fields, specs=[{"spec-id": 0, "fields": []}, BY_K],
             results={"k": "string"})
    a = t.data([{"id": i, "k": "a"} for i in range(10)], spec=1, partition={"k": "a"})
    b = t.data([{"id": i, "k": "b"} for i in range(5)])
    t.commit(a, b)
    t.commit(t.positions([(a, 1), (a, 2)], spec=1, partition={"k": "a"},
                         referenced_data_file=a["file_path"]))
    t.commit(t.equality([{"id": 3}], fields[:1], [1]))
    t.publish()
    order = " ORDER BY content, record_count"
    same(made_rows("positions", "files", "content, spec_id, partition, record_count, equality_ids, "
                   "referenced_data_file AS r", order),
         [{"content": 0, "spec_id": 0, "partition": {"k": None}, "record_count": 5,
           "equality_ids": None, "r": None},
          {"content": 0, "spec_id": 1, "partition": {"k": "a"}, "record_count": 10,
           "equality_ids": None, "r": None},
          {"content": 1, "spec_id": 1, "partition": {"k": "a"}, "record_count": 2,
           "equality_ids": None, "r": a["file_path"]},
          {"content": 2, "spec_id": 0, "partition": {"k": None}, "record_count": 1,
           "equality_ids": [1], "r": None}])
    same(len(made_rows("positions", "data_files")), 2)
    same([r["content"] for r in made_rows("positions", "delete_files", behind=order)], [1, 2])
    found = made_rows("positions", "partitions", behind=" ORDER BY record_count")
    same([(r["partition"]["k"], r["spec_id"], r["record_count"], r["file_count"],
           r["position_delete_record_count"], r["position_delete_file_count"],
           r["equality_delete_record_count"], r["equality_delete_file_count"],
           r["last_updated_snapshot_id"]) for r in found],
         [(None, 0, 5, 1, 0, 0, 1, 1, 1003), ("a", 1, 10, 1, 2, 1, 0, 0, 1002)])
    same([(r["content"], r["added_data_files_count"], r["added_delete_files_count"])
          for r in made_rows("positions", "manifests", behind=" ORDER BY added_snapshot_id")],
         [(0, 1, 0), (0, 1, 0), (1, 0, 1), (1, 0, 1)])
    same([r["sequence_number"] for r in made_rows("positions", "entries",
                                                  behind=" ORDER BY sequence_number")],
         [1, 1, 2, 3])


@suite.case
def vectors_and_row_ids():
    t = Made("vectors", [field(1, "id", "long", True)], version=3)
    a, b = t.data([{"id": i} for i in range(10)]), t.data([{"id": i} for i in range(5)])
    t.commit(a)
    t.commit(b)
    t.commit(*t.vectors([(a, [1, 2]), (b, [3])]))
    t.publish()
    found = made_rows("vectors", "files", "content, file_format AS f, record_count AS n, "
                      "first_row_id AS r, referenced_data_file AS d, content_offset AS o, "
                      "content_size_in_bytes > 0 AS s", " ORDER BY content, record_count DESC")
    same([(r["content"], r["f"], r["n"], r["r"], r["d"]) for r in found],
         [(0, "PARQUET", 10, 0, None), (0, "PARQUET", 5, 10, None),
          (1, "PUFFIN", 2, None, a["file_path"]), (1, "PUFFIN", 1, None, b["file_path"])])
    same([r["s"] for r in found], [None, None, True, True])
    same(found[2]["o"], 4)
    same(found[3]["o"] > 4, True)


# --- columns ------------------------------------------------------------------------------------

def columns(name, word):
    """Names and types as the engine knows them."""
    described = sql(f'DESCRIBE SELECT * FROM raw."{name}${word}"')
    return {r["column_name"]: r["column_type"].replace('"', "") for r in described}


@suite.case
def names_and_types():
    for word in ALL:
        found, wanted = columns("parts", word), COLUMNS[word]
        same(list(found), list(wanted), word)
        for name, kind in wanted.items():
            assert kind in ("*", found[name]), f"{word}.{name} is {found[name]}, wanted {kind}"
    same(columns("parts", "files")["partition"],
         "STRUCT(day DATE, bucket INTEGER, s2 VARCHAR, t BOOLEAN)")
    inside = columns("parts", "entries")["data_file"]
    same(inside.startswith("STRUCT(content INTEGER, file_path VARCHAR, "), True, inside)


@suite.case
def unpartitioned_tables_have_no_partition():
    without = [c for c in COLUMNS["partitions"] if c not in ("partition", "spec_id")]
    same(list(columns("types", "partitions")), without)
    same(list(columns("types", "files")), [c for c in COLUMNS["files"] if c != "partition"])
    same("partition" in columns("types", "entries")["data_file"], False)


@suite.case
def readable_metrics():
    """All columns that hold values, by their names, whatever they lie in; bounds of their type."""
    found = metadata("types", "files", "readable_metrics")[0]["readable_metrics"]
    wanted = sorted(["id", *(n for n, _, _ in TYPES), "st.z", "st.a", "l.element", "m.key",
                     "m.value"])
    same(list(found), wanted)
    same(list(found["x"]), ["column_size", "value_count", "null_value_count", "nan_value_count",
                            "lower_bound", "upper_bound"])
    kinds = sql("""SELECT typeof(readable_metrics['d'].lower_bound) AS d,
        typeof(readable_metrics['dec'].upper_bound) AS dec,
        typeof(readable_metrics['st.z'].lower_bound) AS z FROM raw."types$files" LIMIT 1""")
    same(kinds, [{"d": "DATE", "dec": "DECIMAL(20,3)", "z": "INTEGER"}])
    found = metadata("uuids", "files", "readable_metrics.u AS u")[0]["u"]
    same((found["lower_bound"], found["upper_bound"]),
         (str(uuid.UUID(int=7 << 60)), str(uuid.UUID(int=1 << 127))))
    # a column that became wider, was renamed, or is new, over files that were written before
    rows = metadata("evolved", "files", "record_count, readable_metrics['f'] AS f, "
                    "readable_metrics['renamed'] AS r, readable_metrics['later'] AS l",
                    " ORDER BY record_count")
    same(rows[-1]["l"]["value_count"], None)
    same(rows[-1]["r"]["value_count"] > 0, True)
    same(isinstance(rows[-1]["f"]["lower_bound"], float), True)


# --- as SQL -------------------------------------------------------------------------------------

@suite.case
def in_statements():
    same(sql('SELECT count(*) AS n FROM raw."types$files" f JOIN raw."types$snapshots" s '
             'ON true'), [{"n": 4}])
    same(sql('SELECT count(*) AS n FROM raw."types$files" a JOIN raw."types$files" b '
             'USING (file_path)'), [{"n": 2}])
    same(sql("SELECT sum(record_count) AS n FROM raw.\"types$files\""),
         sql("SELECT count(*) AS n FROM raw.types"))
    same(sql('SELECT key, value FROM raw."types$properties" WHERE key = \'owner\''),
         [{"key": "owner", "value": "me"}])
    same(sql('SELECT count(*) AS n FROM lake.raw."TYPES$FILES"'), [{"n": 2}])


@suite.case
def tables_without_rows():
    for word in ALL:
        found = metadata("empty", word)
        same(len(found), {"metadata_log_entries": 1, "properties": len(found)}.get(word, 0), word)


@suite.case
def very_many_files():
    """Rows are read while they are asked for: memory does not grow with the table."""
    tool = pathlib.Path(os.environ.get("FIRN_BUILD") or ROOT / "build") / "tests/unit/manytool"
    if not tool.exists():
        raise Skip(f"there is no {tool}")
    files = 1_000_000 if FULL else 50_000
    peaks = []
    for name, count in (("few", 50), ("many", files)):
        folder = LAKE / "made" / name
        (folder / "metadata").mkdir(parents=True)
        made = subprocess.run([tool, "make", folder, "days", str(count), str(max(count // 12, 1))],
                              capture_output=True, text=True, check=True).stdout.strip()
        firn("register", LAKE, f"raw.{name}", made, want=0)
        done = firn("sql", LAKE, "SELECT count(*) AS n, sum(record_count) > 0 AS r, "
                    f'max(readable_metrics.id.upper_bound) > 0 AS m FROM raw."{name}$files"',
                    "-o", "json", want=0, limit=300)
        same(json.loads(done.out), [{"n": count, "r": True, "m": True}])
        peaks.append(done.peak)
        found = sql(f'SELECT count(*) AS n, sum(file_count) AS f FROM raw."{name}$partitions"')
        same(found[0]["f"], count)
    note(f"{files} files: {peaks[1] >> 20} MB, 50 files: {peaks[0] >> 20} MB")
    assert peaks[1] < peaks[0] + (100 << 20), peaks


@suite.case
def unknown_ones():
    found = sql('SELECT * FROM raw."types$filez"', want=1).err
    contains(found, "'filez'", "did you mean $files", "all_entries")


# --- against Spark ------------------------------------------------------------------------------

def comparable(value, name=""):
    """Values of Spark's JSON and of firn's in one form: maps by text, no null or empty parts, times
    as numbers."""
    if isinstance(value, list) and value and all(isinstance(v, list) and len(v) == 2
                                                 for v in value):
        value = {str(k): v for k, v in value}
    if isinstance(value, dict):
        made = {k: comparable(v, k) for k, v in value.items()}
        return {k: v for k, v in made.items() if not nothing(v)}
    if isinstance(value, list):
        return [comparable(v) for v in value]
    if isinstance(value, str) and (name.endswith("_at") or name in (
            "timestamp", "lower_bound", "upper_bound", "ts", "tz")):
        try:
            found = datetime.datetime.fromisoformat(value)
            epoch = datetime.datetime(1970, 1, 1, tzinfo=UTC)
            found = found.replace(tzinfo=found.tzinfo or UTC) - epoch
            return found // datetime.timedelta(milliseconds=1)  # as exact as Spark's JSON is
        except ValueError:
            pass
    return {"NaN": "nan", "null": None}.get(value, value) if isinstance(value, str) else value


def differences(ours, theirs, where=""):
    """The places where two values differ, for a message."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in {**ours, **theirs}:
            yield from differences(ours.get(key), theirs.get(key), f"{where}.{key}")
    elif ours != theirs:
        yield f"{where}: {ours!r}, Spark has {theirs!r}"


def same_rows(ours, theirs, what):
    ours, theirs = (sorted(map(comparable, rows), key=lambda r: json.dumps(r, sort_keys=True))
                    for rows in (ours, theirs))
    same(len(ours), len(theirs), what)
    found = [d for a, b in zip(ours, theirs) for d in differences(a, b)]
    same(found, [], f"{what} {found[:5]}")


def rows_of_spark(spark, name, word, at=""):
    found = spark.sql("SELECT to_json(struct(*), map('ignoreNullFields', 'false')) AS j "
                      f"FROM lake.raw.{name}.{word}{at}")
    return [json.loads(r["j"]) for r in found]


@suite.case
def rows_as_spark_finds_them():
    if not FULL:
        raise Skip("only with --full")
    import sparklab
    spark = sparklab.Spark(TMP / "spark.log")
    try:
        spark.open(LAKE)
        note(f"Spark {spark.version}")
        words = [w for w in ALL if w != "properties"]
        new = "first_row_id" in [r["col_name"] for r in spark.sql("DESCRIBE lake.raw.parts.files")]
        for name in ("types", "parts", "evolved", "refs"):  # of uuids Spark casts bounds wrongly
            for word in words:
                if (name, word) == ("evolved", "partitions") and not new:
                    continue  # Iceberg 1.5 takes partitions of two specs for one if all is null
                same_rows(metadata(name, word), rows_of_spark(spark, name, word),
                          f"{name}.{word}")
            first = table(name).snapshots()[0].snapshot_id
            for word in ("files", "entries", "manifests"):
                theirs = rows_of_spark(spark, name, word, f" VERSION AS OF {first}")
                ours = metadata(name, word, behind=f" FOR VERSION AS OF {first}")
                same_rows(ours, theirs, f"{name}.{word} then")
        for name in ("parts", "types", "empty"):
            for word in words:
                described = spark.sql(f"DESCRIBE lake.raw.{name}.{word}")
                names = [r["col_name"] for r in described]
                names = names[:names.index("")] if "" in names else names
                ours = list(columns(name, word))  # older Iceberg has fewer
                same([c for c in ours if c in names], names, f"{name}.{word}")
                later = [*list(DATA_FILE)[-4:], "key_metadata"]
                same([c for c in ours if c not in names and c not in later], [], word)
    finally:
        spark.end()


suite.end()

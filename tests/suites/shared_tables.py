#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=300
"""Every table of ../shared/iceberg-tables, where it lies and though its paths name another place:
FROM iceberg('…', moved => true) gives the rows that its writer meant, at every state of it.

The rows stand here as the scripts and tests that came with these tables have them (duckdb-iceberg's
persistent test data, made by Spark, PyIceberg, Flink and Impala); the evaluator of agree.py reads
all other states beside firn."""
import datetime
import decimal
import json
import os
import pathlib
import shutil
import sys
import types
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/lib"), str(ROOT / "tests/interop")]
from firnlab import BIN, SHARED, TMP, Suite, contains, firn, note, same  # noqa: E402

suite = Suite()

import model  # noqa: E402
import read  # noqa: E402

os.environ["FIRN_BIN"] = BIN
sys.path.append(SHARED + "/checks")
import agree as checker  # noqa: E402
import icefiles  # noqa: E402

TABLES = pathlib.Path(SHARED) / "iceberg-tables"
D, DAY = decimal.Decimal, datetime.date
FIRST = {  # table: (folder, columns, rows)
    "case_sensitive_names": ("default.db/case_sensitive_names", "user_id long, uSeR_Id_1 string",
                             [(1, "user_1"), (2, "user_2"), (3, "user_3")]),
    "column_mapping": (
        "warehouse/default.db/my_table",
        "id long, name string, age long, attributes map<string,string>, scores list<long>, "
        "profile struct<email:string, verified:boolean>", [
            (1, "Alice", 25, {"height": "5.5", "weight": "130"}, [85, 90],
             {"email": "alice@example.com", "verified": True}),
            (2, "Bob", 30, {"height": "6.0", "weight": "180"}, [78, 82, 88],
             {"email": "bob@example.com", "verified": False}),
            (3, "Charlie", 35, {"height": "5.8", "weight": "160"}, [92],
             {"email": "charlie@example.com", "verified": True})]),
    "equality_deletes": ("warehouse/mydb/mytable", "id int, name string, bir date",
                         [(4, "d", DAY(2025, 1, 4)), (5, "e", DAY(2025, 1, 5))]),
    "equality_deletes, partitioned": (
        "warehouse/mydb/mytable_partitioned", "id int, name string, bir date",
        [(1, "a", DAY(2025, 1, 1)), (4, "d", DAY(2025, 1, 4)), (5, "e", DAY(2025, 1, 5))]),
    "hive_partitioned_table": ("", "event_date date, user_id long, event_type string", [
        (DAY(2024, 1, 1), 12345, "click"), (DAY(2024, 1, 2), 67890, "purchase"),
        (DAY(2024, 1, 3), 24680, "click"), (DAY(2024, 1, 3), 13579, "view"),
        (DAY(2024, 1, 4), 97531, "purchase"), (DAY(2024, 1, 4), 86420, "view")]),
    "is_null_is_not_null": ("", "id long, value string", [
        (1, None), (2, None), (3, None), (4, "foo"), (5, "bar"), (6, "baz"), (7, None),
        (8, "blah")]),
    "map_stats": (
        "default.db/map_stats",
        "timestamp timestamptz, input string, output string, metadata map<string,string>", [
            (datetime.datetime(2026, 1, n, tzinfo=datetime.timezone.utc), "hello", "world",
             {"key": "value1"}) for n in (1, 2)]),
    "partition_bigint": ("", "partition_col long, user_id long, event_type string", [
        (2**63 - 1, 12345, "click"), (-2**63, 67890, "purchase")]),
    "partition_binary": ("", "partition_col binary, user_id long, event_type string", [
        (b"\x01\x02\x03", 12345, "click"), (b"\xaa\xbb\xcc", 67890, "purchase")]),
    "partition_bool": ("", "partition_col boolean, user_id long, event_type string", [
        (True, 12345, "click"), (False, 67890, "purchase")]),
    "partition_decimal_bigint": (
        "", "partition_col decimal(16,11), user_id long, event_type string", [
            (D("42.56378901234"), 12345, "click"), (D("1.23456789012"), 67890, "purchase"),
            (D("1234.54321098765"), 111213, "delete"), (D("-9876.54321098765"), 222333, "view"),
            (D("0.00000000001"), 444555, "scroll"), (D("9999.99999999999"), 666777, "hover"),
            (D("-0.12345678901"), 888999, "drag"), (D("123.45678901234"), 123456, "drop"),
            (D("-5432.10987654321"), 654321, "swipe"), (D("0"), 987654, "pinch")]),
    "partition_timestamp": (
        "default.db/partition_timestamp",
        "partition_col timestamp, user_id long, event_type string", [
            (datetime.datetime(2023, 5, 15, 14, 30, 45), 12345, "click"),
            (datetime.datetime(2023, 8, 22, 9, 15, 20), 67890, "purchase")]),
    "uuid": ("", "uuid uuid", [(uuid.UUID(u),) for u in (
        "1571effb-facd-42a3-90e9-0af522e9b6c2", "160a53fe-3d8b-443d-bd36-ad66287f585a",
        "37afa09a-f496-48a8-89a9-61ea7ccd85d5", "3ef257b8-e9c6-4c53-9c22-973729e1043f",
        "7fae299c-cf05-4777-9b42-57a52e1415ed", "8dc314d8-3fd4-4b3a-8bf5-c008f363c2e4",
        "a217c09f-06fa-4e91-8315-ff44753c4a54", "abd6f939-9b99-4e1d-9cda-0dc8ce60a161",
        "e6218567-354b-4a9c-8cd7-3d4b6a2470f8", "f9f28465-51cf-45f1-8985-e01d9a82253c")]),
}


# --- reading ------------------------------------------------------------------------------------

def located(path, more=", moved => true"):
    return f"iceberg('{path}'{more})"


def by_firn(source, schema):
    """The canonical rows of a FROM clause; names of columns are compared."""
    found = read.firn_ask(f"SELECT * FROM {source}")
    names = [f.name for f in schema.fields]
    for row in found:
        same([k for k, _ in row], names, "columns")
    return sorted(([read.from_json(f.type, v) for f, (_, v) in zip(schema.fields, row)]
                   for row in found), key=json.dumps)


def by_checker(top, path, snapshot=None):
    """(schema, rows) of a metadata file by agree.py's evaluator, or None: files are missing."""
    store = icefiles.Store(True, None, str(top))
    options = types.SimpleNamespace(snapshot=snapshot, columns=None)
    job = checker.Job(options, store, str(path), str(path))
    schema = model.from_iceberg({"type": "struct", "fields": job.fields})
    try:
        rows = list(checker.read_files(job)) if job.snapshot else []
    except FileNotFoundError:
        return schema, None
    return schema, sorted(([read.from_agree(f.type, v) for f, v in zip(schema.fields, r)]
                           for r in rows), key=json.dumps)


def seen(schema):
    """The names that firn gives to columns that differ only in case."""
    for i, f in enumerate(schema.fields):
        if f.name.lower() in {g.name.lower() for g in schema.fields[:i]}:
            f.name += "_1"
    return schema


def place(name):
    top = TABLES / name.partition(",")[0]
    return top, top / FIRST[name][0]


def metadata_files(folder):
    return sorted((folder / "metadata").glob("*.metadata.json"))


# --- cases --------------------------------------------------------------------------------------

def rows_case(name):
    def case():
        _, folder = place(name)
        schema = model.columns_of(FIRST[name][1])
        wanted = sorted(([model.canon(f.type, v) for f, v in zip(schema.fields, r)]
                         for r in FIRST[name][2]), key=json.dumps)
        for path in (folder, folder / "metadata", metadata_files(folder)[-1]):
            same(by_firn(located(path), schema), wanted, str(path))
    return case


def states_case(name):
    """Every metadata file, and every snapshot of the newest one."""
    def case():
        top, folder = place(name)
        told = {}
        for path in metadata_files(folder):
            schema, wanted = by_checker(top, path)
            if wanted is None:  # what the collection left out is refused, not half read
                same(firn("sql", f"FROM {located(path)}").exit, 1, path.name)
            else:
                same(by_firn(located(path), seen(schema)), wanted, path.name)
            word = "refused" if wanted is None else f"{len(wanted)} rows"
            told[word] = told.get(word, 0) + 1
        newest = metadata_files(folder)[-1]
        for s in json.loads(newest.read_text(encoding="utf-8"))["snapshots"]:
            schema, wanted = by_checker(top, newest, s["snapshot-id"])
            source = f"{located(folder)} AT (VERSION => {s['snapshot-id']})"
            if wanted is None:
                same(firn("sql", f"FROM {source}").exit, 1, source)
            else:
                same(by_firn(source, seen(schema)), wanted, source)
        note(f"{name}: " + ", ".join(f"{k} × {v}" for k, v in told.items()))
    return case


def filters_case(name):
    """Files are left out by the values of the partitions: the rows are those of a full scan."""
    def case():
        _, folder = place(name)
        schema = model.columns_of(FIRST[name][1])
        column = schema.fields[0]
        for row in FIRST[name][2]:
            value = read.sql_literal(column.type, row[0])
            found = read.firn_ask(f"SELECT user_id FROM {located(folder)} "
                                  f"WHERE {column.name} = {value}")
            wanted = [r[1] for r in FIRST[name][2] if r[0] == row[0]]
            same(sorted(r[0][1] for r in found), sorted(wanted), f"{column.name} = {value}")
    return case


for table in FIRST:
    word = "".join(c if c.isalnum() else "_" for c in table).replace("__", "_")
    suite.add(word, rows_case(table))
    suite.add(f"{word}_at_every_state", states_case(table))
    if "partition" in table and "equality" not in table:
        suite.add(f"{word}_by_filters", filters_case(table))


@suite.case
def all_tables_are_here():
    """A table that is new in the collection is a table that nobody looks at yet."""
    known = {name.partition(",")[0] for name in FIRST} | {"metadata-json"}
    same({p.name for p in TABLES.iterdir()}, known)


@suite.case
def without_the_option():
    """The error says that the table was moved, and what to write."""
    for name in ("uuid", "partition_bigint"):
        _, folder = place(name)
        done = firn("sql", f"FROM {located(folder, '')}", want=1)
        contains(done.err, "moved => true", f"data/persistent/{name}")


@suite.case
def copied_to_another_place():
    """A copy is a table of its own: nothing is read of the place that it came from."""
    _, folder = place("hive_partitioned_table")
    copy = TMP / "a copy" / "t"
    shutil.copytree(folder, copy)
    schema = model.columns_of(FIRST["hive_partitioned_table"][1])
    wanted = by_firn(located(folder), schema)
    same(by_firn(located(copy), schema), wanted)
    os.chmod(copy / "data", 0o755)
    lost = next(copy.rglob("*.parquet"))
    os.chmod(lost.parent, 0o755)
    lost.unlink()
    done = firn("sql", f"FROM {located(copy)}", want=1)
    contains(done.err, lost.name)


@suite.case
def recorded_with_a_dot():
    """Hadoop's catalogs record the location as it was given, "./t", and the files as t/…"""
    _, folder = place("hive_partitioned_table")
    copy = TMP / "dot" / "hive_partitioned_table"
    shutil.copytree(folder, copy)
    path = copy / "metadata/v4.metadata.json"
    os.chmod(path, 0o644)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"location":"data', '"location":"./data')
                    .replace('"location" : "data', '"location" : "./data'), encoding="utf-8")
    contains(path.read_text(encoding="utf-8"), "./data/persistent")
    schema = model.columns_of(FIRST["hive_partitioned_table"][1])
    same(by_firn(located(path), schema), by_firn(located(folder), schema))


@suite.case
def metadata_alone():
    """The metadata files of Iceberg's Rust tests: read as empty, or refused with a reason."""
    folder = TABLES / "metadata-json"
    told = {0: 0, 1: 0}
    for path in sorted(folder.rglob("*.json")):
        done = firn("sql", f"FROM {located(path)}")
        assert done.exit in told and (done.exit == 0 or done.err.startswith("error E")), \
            f"{path.name}: {done}"
        told[done.exit] += 1
    note(f"{told[0]} read, {told[1]} refused")
    assert told[1] > 10, told


suite.end()

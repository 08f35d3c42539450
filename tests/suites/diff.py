#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""firn diff: what it says of two states of a table is what a model in Python says of the rows that
were written, for random changes of rows and columns; keys, tables without shared files, two tables,
formats, exit codes and errors one by one."""
import collections
import csv
import datetime
import decimal
import io
import json
import math
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import FULL, TMP, Suite, catalog, contains, firn, note, same  # noqa: E402
from madelab import Made, field  # noqa: E402

suite = Suite()

import pyarrow as pa  # noqa: E402
from pyiceberg.expressions import In  # noqa: E402
from pyiceberg.partitioning import PartitionField, PartitionSpec  # noqa: E402
from pyiceberg.schema import Schema  # noqa: E402
from pyiceberg.transforms import BucketTransform  # noqa: E402
from pyiceberg.types import (BinaryType, DateType, DecimalType, DoubleType, FloatType,  # noqa: E402
                             IntegerType, ListType, LongType, MapType, NestedField, StringType,
                             StructType, TimestamptzType)

UTC = datetime.timezone.utc


# --- tables -------------------------------------------------------------------------------------

class Lake:
    """A warehouse of PyIceberg's, and the table raw.t in it."""

    def __init__(self):
        name = sys._getframe(1).f_code.co_name
        self.home = TMP / name
        self.home.mkdir(parents=True, exist_ok=True)
        self.catalog = catalog(self.home)
        self.catalog.create_namespace("raw")

    def create(self, *fields, name="raw.t", spec=None, identifier=()):
        schema = Schema(*fields, identifier_field_ids=list(identifier))
        more = {"partition_spec": spec} if spec else {}
        return self.catalog.create_table(name, schema, **more)

    def table(self, name="raw.t"):
        return self.catalog.load_table(name)

    def append(self, *records, name="raw.t"):
        t = self.table(name)
        t.append(pa.Table.from_pylist(list(records), schema=t.schema().as_arrow()))
        return self.table(name).current_snapshot().snapshot_id

    def diff(self, *args, want=0, table="raw.t"):
        return json.loads(firn("diff", self.home, table, *args, "-o", "json", want=want).out)


def number(value):
    """A number as JSON has it: NaN is a text."""
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def plain(value):
    """A value of the model in the form in which JSON gives it."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in sorted(value.items())}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, bytes):
        import base64
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return number(value)


def canon(row):
    return json.dumps(plain(row), sort_keys=True)


def same_bags(found, wanted, what):
    assert found == wanted, (
        f"{what}: too many {dict(found - wanted)}, missing {dict(wanted - found)}")


def bag(found):
    return collections.Counter(canon(r) for r in found)


def split(result):
    """The rows of a result by their kind, without it."""
    found = collections.defaultdict(list)
    for row in result["rows"]:
        found[row.pop("_change_type")].append(row)
    return found


# --- the model ----------------------------------------------------------------------------------

class State:
    """Columns as (own number, name, Iceberg's word), and rows by the columns' own numbers."""

    def __init__(self, columns, rows):
        self.columns, self.rows = list(columns), [dict(r) for r in rows]

    def in_columns(self, columns):
        return [{name: row.get(own) for own, name, _ in columns} for row in self.rows]


def model_diff(was, now, key=None, back=False):
    """(added, removed, pairs of before and after) as bags of the columns of `now`; back in time
    without those that `was` has dropped."""
    known = {own for own, _, _ in was.columns}
    columns = [c for c in now.columns if not back or c[0] in known]
    old, new = bag(was.in_columns(columns)), bag(now.in_columns(columns))
    added, removed = new - old, old - new
    if key is None:
        return added, removed, 0
    by_key = [collections.Counter(), collections.Counter()]
    for counter, source in zip(by_key, (removed, added)):
        for row, n in source.items():
            values = json.loads(row)
            counter[json.dumps([values[k] for k in key])] += n
    changed = sum((by_key[0] & by_key[1]).values())
    return added, removed, changed


def model_columns(was, now):
    """What differs between the columns of two states."""
    old = {own: (name, word) for own, name, word in was.columns}
    new = {own: (name, word) for own, name, word in now.columns}
    found = []
    for own, (name, word) in new.items():
        if own not in old:
            found.append(("added", name, None, word))
            continue
        if old[own][0] != name:
            found.append(("renamed", name, old[own][0], name))
        if old[own][1] != word:
            found.append(("type", name, old[own][1], word))
    found += [("dropped", name, word, None) for own, (name, word) in old.items() if own not in new]
    return sorted(found, key=str)


def check(result, was, now, key=None, back=False):
    """What firn said against the model."""
    added, removed, changed = model_diff(was, now, key, back)
    columns = sorted(((c["change"], c["column"], c["was"], c["now"]) for c in result["columns"]
                      if c["change"] != "moved"), key=str)
    same(columns, model_columns(was, now), "columns")
    found = split(result)
    same_bags(bag(found["INSERT"]) + bag(found["UPDATE_AFTER"]), added, "added rows")
    same_bags(bag(found["DELETE"]) + bag(found["UPDATE_BEFORE"]), removed, "removed rows")
    same((result["added"], result["removed"], result["changed"]),
         (sum(added.values()) - changed, sum(removed.values()) - changed, changed), "counts")
    same(len(found["UPDATE_BEFORE"]), changed, "before")
    same(len(found["UPDATE_AFTER"]), changed, "after")
    for before, after in zip(found["UPDATE_BEFORE"], found["UPDATE_AFTER"]):
        same([before[k] for k in key], [after[k] for k in key], "keys of a pair")
    same(result["equal"], not (columns or added or removed), "equal")


# --- random changes -----------------------------------------------------------------------------

FIELDS = [
    NestedField(1, "id", LongType(), required=True),
    NestedField(2, "x", DoubleType()),
    NestedField(3, "n", IntegerType()),
    NestedField(4, "s", StringType()),
    NestedField(5, "d", DecimalType(9, 2)),
    NestedField(6, "t", TimestamptzType()),
    NestedField(7, "b", BinaryType()),
    NestedField(8, "st", StructType(NestedField(11, "a", IntegerType()),
                                    NestedField(12, "c", StringType()))),
    NestedField(9, "l", ListType(13, DoubleType(), False)),
    NestedField(10, "m", MapType(14, StringType(), 15, IntegerType(), False)),
]
WORDS = ["long", "double", "int", "string", "decimal(9,2)", "timestamptz", "binary",
         "struct<a: int, c: string>", "list<double>", "map<string, int>"]


class Random:
    """A table that is changed at random, and what each of its snapshots must hold."""

    def __init__(self, lake, seed):
        self.r, self.lake = random.Random(seed), lake
        spec = PartitionSpec(PartitionField(1, 1000, BucketTransform(3), "id_bucket"))
        lake.create(*FIELDS, spec=spec if seed % 2 else None)
        self.now = State(((f.field_id, f.name, w) for f, w in zip(FIELDS, WORDS)), [])
        self.states, self.fresh = [], 100

    def value(self, own, word):
        r = self.r
        if own != 1 and r.random() < 0.15 and not word.startswith(("list", "map")):
            return None  # an empty list is what PyArrow makes of null
        few = r.randrange(4)
        made = {
            "double": lambda: r.choice([float("nan"), 0.5, -2.0, 1e300]),
            "float": lambda: r.choice([float("nan"), 0.5, -2.0]),
            "int": lambda: few, "long": lambda: few + 2**40, "string": lambda: "é" * few,
            "timestamptz": lambda: datetime.datetime(2020, 1, 1, few, 0, 0, few, tzinfo=UTC),
            "binary": lambda: bytes([255] * few),
            "list<double>": lambda: [r.choice([None, float("nan"), 1.0]) for _ in range(few)],
            "map<string, int>": lambda: {k: r.choice([None, 1]) for k in "abc"[:few]},
            "struct<a: int, c: string>": lambda: {"a": r.choice([None, few]), "c": "x"},
        }
        if word.startswith("decimal"):
            return decimal.Decimal(few).scaleb(-2)
        return r.randrange(30) if own == 1 else made[word]()

    def rows(self, count):
        return [{own: self.value(own, word) for own, _, word in self.now.columns}
                for _ in range(count)]

    def arrow(self, records):
        schema = self.lake.table().schema().as_arrow()
        names = {own: name for own, name, _ in self.now.columns}
        return pa.Table.from_pylist([{names[own]: v for own, v in r.items() if own in names}
                                     for r in records], schema=schema)

    def append(self):
        fresh = self.rows(self.r.randrange(1, 20))
        self.lake.table().append(self.arrow(fresh))
        self.now.rows += fresh

    def again(self):
        """Rows that are there already, once more."""
        found = self.r.sample(self.now.rows, min(5, len(self.now.rows)))
        if found:
            self.lake.table().append(self.arrow(found))
            self.now.rows += [dict(r) for r in found]

    def delete(self):
        ids = self.r.sample(range(30), 4)
        self.lake.table().delete(In(self.name(1), ids))
        self.now.rows = [r for r in self.now.rows if r[1] not in ids]

    def change(self):
        """New values in some columns of some rows."""
        ids = self.r.sample(range(30), 5)
        own, _, word = self.r.choice(self.now.columns)
        found = [r for r in self.now.rows if r[1] in ids]
        for row in found:
            if own != 1:
                row[own] = self.value(own, word)
        with self.lake.table().transaction() as tx:
            tx.delete(In(self.name(1), ids))
            if found:
                tx.append(self.arrow(found))

    def name(self, own):
        return next(name for o, name, _ in self.now.columns if o == own)

    def columns(self):
        """One change of the columns, seen with the next commit of rows."""
        kind = self.r.choice(["add", "rename", "drop", "widen"])
        own, name, word = self.r.choice(self.now.columns[1:])
        at = [c[0] for c in self.now.columns].index(own)
        wider = {"int": ("long", LongType()), "decimal(9,2)": ("decimal(20,2)", DecimalType(20, 2))}
        self.fresh += 1
        with self.lake.table().update_schema() as u:
            if kind == "add":
                u.add_column(f"c{self.fresh}", StringType())
                self.now.columns.append((self.fresh, f"c{self.fresh}", "string"))
            elif kind == "rename":
                u.rename_column(name, f"c{self.fresh}")
                self.now.columns[at] = (own, f"c{self.fresh}", word)
            elif kind == "drop" and len(self.now.columns) > 4:
                u.delete_column(name)
                del self.now.columns[at]
                for row in self.now.rows:
                    row.pop(own, None)
            elif kind == "widen" and word in wider:
                u.update_column(name, wider[word][1])
                self.now.columns[at] = (own, name, wider[word][0])

    def step(self):
        before = self.lake.table().current_snapshot()
        self.r.choice([self.append, self.again, self.delete, self.change, self.columns])()
        after = self.lake.table().current_snapshot()
        if after and after != before:
            self.states.append((after.snapshot_id, State(self.now.columns, self.now.rows)))


def random_changes(seed, steps, pairs):
    lake = Lake.__new__(Lake)
    lake.home = TMP / f"random-{seed}"
    lake.home.mkdir(parents=True)
    lake.catalog = catalog(lake.home)
    lake.catalog.create_namespace("raw")
    table = Random(lake, seed)
    table.append()
    first = lake.table().current_snapshot()
    table.states.append((first.snapshot_id, State(table.now.columns, table.now.rows)))
    for _ in range(steps):
        table.step()
    shared = 0
    for i in range(pairs):
        x, y = (table.r.randrange(len(table.states)) for _ in range(2))
        if i < len(table.states) - 1 and i % 3:
            x, y = i, i + 1
        (a, was), (b, now) = table.states[x], table.states[y]
        by = next((name for own, name, _ in now.columns if own == 1), None) if i % 2 else None
        found = lake.diff(a, b, *(["--key", by] if by else []))
        check(found, was, now, [by] if by else None, x > y)
        shared += found["files_shared"]
    assert shared, "no file was ever shared"
    note(f"seed {seed}: {len(table.states)} snapshots, {len(table.now.rows)} rows, "
         f"{shared} files shared")


@suite.case
def random_rows_and_columns():
    for seed in range(12 if FULL else 3):
        random_changes(seed, steps=14, pairs=12)


# --- one thing at a time ------------------------------------------------------------------------

A = NestedField(1, "id", LongType(), required=True)
B = NestedField(2, "v", StringType())


@suite.case
def defaults():
    lake = Lake()
    lake.create(A, B)
    found = firn("diff", lake.home, "raw.t", "--exit-code", want=0)
    contains(found.out, "without rows", "nothing differs")
    first = lake.append({"id": 1, "v": "a"}, {"id": 2, "v": "b"})
    same(lake.diff()["added"], 2)
    same(lake.diff()["from"]["snapshot_id"], None)
    second = lake.append({"id": 3, "v": None})
    found = lake.diff()
    same((found["from"]["snapshot_id"], found["to"]["snapshot_id"]), (first, second))
    same(found["rows"], [{"_change_type": "INSERT", "id": 3, "v": None}])
    same(lake.diff(first)["rows"], found["rows"])
    same(lake.diff(second, first)["rows"], [{"_change_type": "DELETE", "id": 3, "v": None}])
    same(found["files_shared"], 1)
    found = lake.diff(second, second)
    same((found["equal"], found["files_compared"]), (True, 0))


@suite.case
def states_by_name_and_time():
    lake = Lake()
    lake.create(A, B)
    first = lake.append({"id": 1, "v": "a"})
    lake.append({"id": 2, "v": "b"})
    t = lake.table()
    t.manage_snapshots().create_tag(first, "v1").create_branch(first, "b1").commit()
    when = datetime.datetime.fromtimestamp(t.snapshots()[0].timestamp_ms / 1000, UTC)
    wanted = [{"_change_type": "INSERT", "id": 2, "v": "b"}]
    for state in ("v1", "b1", first, when.isoformat()):
        same(lake.diff(state)["rows"], wanted, state)
        same(lake.diff(state, "main")["rows"], wanted, state)
    same(lake.diff("v1", "b1")["equal"], True)


@suite.case
def keys():
    lake = Lake()
    lake.create(A, B, NestedField(3, "k", StructType(NestedField(4, "a.b", IntegerType()),
                                                     NestedField(5, "c", IntegerType()))),
                identifier=(1,))
    first = lake.append({"id": 1, "v": "a", "k": {"a.b": 1, "c": 1}},
                        {"id": 2, "v": "b", "k": {"a.b": 1, "c": 2}}, {"id": 3, "v": "c"})
    t = lake.table()
    fresh = [{"id": 1, "v": "A", "k": {"a.b": 1, "c": 1}}, {"id": 4, "v": "b", "k": {"c": 2}},
             {"id": 3, "v": "c"}]
    t.overwrite(pa.Table.from_pylist(fresh, schema=t.schema().as_arrow()))
    found = lake.diff(first)  # an overwrite is two snapshots: deleted, appended
    same(found["key"], ["id"])
    same((found["added"], found["removed"], found["changed"]), (1, 1, 1))
    same([(r["_change_type"], r["id"], r["v"]) for r in found["rows"]],
         [("UPDATE_BEFORE", 1, "a"), ("UPDATE_AFTER", 1, "A"), ("DELETE", 2, "b"),
          ("INSERT", 4, "b")])
    found = lake.diff(first, "--key", "v")
    same((found["added"], found["removed"], found["changed"]), (1, 1, 1))
    found = lake.diff(first, "--key", "k.c")
    same((found["added"], found["removed"], found["changed"]), (0, 0, 2))
    found = lake.diff(first, "--key", "id, v")
    same((found["added"], found["removed"], found["changed"]), (2, 2, 0))
    contains(firn("diff", lake.home, "raw.t", first, "--key", "idd", want=2).err, "'idd'",
             "did you mean id?")
    contains(firn("diff", lake.home, "raw.t", first, "--key", "id,", want=2).err, "--key")


@suite.case
def keys_that_are_there_often_or_null():
    lake = Lake()
    lake.create(NestedField(1, "id", IntegerType()), B)
    first = lake.append(*({"id": i, "v": v} for i, v in
                          [(1, "a"), (1, "b"), (None, "n"), (2, "x"), (2, "x")]))
    t = lake.table()
    fresh = [{"id": i, "v": v} for i, v in
             [(1, "A"), (1, "b"), (1, "c"), (None, "N"), (2, "x"), (3, "x")]]
    t.overwrite(pa.Table.from_pylist(fresh, schema=t.schema().as_arrow()))
    found = lake.diff(first, "--key", "id")
    same((found["added"], found["removed"], found["changed"]), (2, 1, 2))
    found = lake.diff(first)
    same((found["added"], found["removed"], found["changed"]), (4, 3, 0))


@suite.case
def columns_by_id():
    lake = Lake()
    lake.create(A, B, NestedField(3, "n", IntegerType()), NestedField(4, "gone", DateType()),
                NestedField(5, "st", StructType(NestedField(6, "a", IntegerType()),
                                                NestedField(7, "b", FloatType()))))
    first = lake.append({"id": 1, "v": "a", "n": 1, "gone": datetime.date(2020, 1, 1),
                         "st": {"a": 1, "b": 0.5}})
    t = lake.table()
    with t.update_schema() as u:
        u.rename_column("v", "name").update_column("n", LongType(), doc="how many")
        u.delete_column("gone").add_column(("st", "c"), StringType()).move_first("n")
        u.rename_column(("st", "a"), "z").update_column(("st", "b"), DoubleType())
        u.add_column("gone", StringType())
    second = lake.append({"id": 2, "name": "b", "n": 2**40, "st": {"z": 2, "b": 1e300, "c": "x"}})
    found = lake.diff(first, second)
    same([(c["change"], c["column"], c["was"], c["now"]) for c in found["columns"]],
         [("type", "n", "int", "long"), ("doc", "n", None, "how many"),
          ("renamed", "name", "v", "name"), ("renamed", "st.z", "a", "z"),
          ("type", "st.b", "float", "double"), ("added", "st.c", None, "string"),
          ("added", "gone", None, "string"), ("dropped", "gone", "date", None),
          ("moved", "n", "3", "1")])
    same((found["added"], found["removed"], found["equal"]), (1, 0, False))
    back = lake.diff(second, first)
    same((back["added"], back["removed"]), (0, 1))
    same(back["rows"][0]["n"], 2**40)  # as wide as it must be
    shown = firn("diff", lake.home, "raw.t", first, second, want=0).out
    contains(shown, "~ name: renamed name, was v", "- gone date", "+ gone string",
             "~ n: type long, was int", "+ st.c string")


@suite.case
def columns_alone():
    """Columns that changed without any commit of rows: the current schema against a snapshot's."""
    lake = Lake()
    lake.create(A, B)
    first = lake.append({"id": 1, "v": "a"})
    with lake.table().update_schema() as u:
        u.add_column("w", StringType(), doc="new")
    found = lake.diff(first, "main")
    same([(c["change"], c["column"]) for c in found["columns"]], [("added", "w")])
    same((found["added"], found["removed"], found["equal"], found["files_compared"]),
         (0, 0, False, 0))
    same(firn("diff", lake.home, "raw.t", first, "main", "--exit-code").exit, 5)


@suite.case
def maps_have_no_order():
    lake = Lake()
    inner = StructType(NestedField(4, "m", MapType(5, StringType(), 6, IntegerType(), False)))
    lake.create(A, NestedField(2, "m", MapType(7, IntegerType(), 8, inner, False)),
                NestedField(3, "l", ListType(9, inner, False)))
    one = {"m": [("a", 1), ("b", None)]}
    two = {"m": [("b", None), ("a", 1)]}
    first = lake.append({"id": 1, "m": [(1, one), (2, None)], "l": [one, None]},
                        {"id": 2, "m": None, "l": None}, {"id": 3, "m": [], "l": [{"m": []}]},
                        {"id": 4, "m": [(1, {"m": None})], "l": [{"m": None}]})
    t = lake.table()
    fresh = [{"id": 1, "m": [(2, None), (1, two)], "l": [two, None]},
             {"id": 2, "m": None, "l": None}, {"id": 3, "m": [], "l": [{"m": []}]},
             {"id": 4, "m": [(1, {"m": None})], "l": [{"m": None}]}]
    t.overwrite(pa.Table.from_pylist(fresh, schema=t.schema().as_arrow()))
    same(lake.diff(first)["equal"], True)
    t = lake.table()
    fresh[0]["l"] = [None, two]
    fresh[1]["m"] = [(1, None)]
    fresh[2]["l"] = [{"m": None}]
    t.overwrite(pa.Table.from_pylist(fresh, schema=t.schema().as_arrow()))
    found = lake.diff(first, "--key", "id")
    same((found["added"], found["removed"], found["changed"]), (0, 0, 3))


@suite.case
def odd_names():
    """Names that SQL does not tell apart, or that it would read as something else."""
    t = Made("odd", [field(1, "a", "long", True), field(2, "A", "int"),
                     field(3, 'we"ird\'; DROP', "string"), field(4, "_change_type", "string")])
    names = [f["name"] for f in t.schema["fields"]]
    t.commit(t.data([dict(zip(names, (1, 2, "x", "y")))]))
    t.commit(t.data([dict(zip(names, (1, 3, "x'\n", "z")))]))
    t.publish()
    done = firn("diff", Made.home, "x.odd", "-o", "csv", want=0)
    found = list(csv.reader(io.StringIO(done.out)))
    same(found, [["_change_type", *names], ["INSERT", "1", "3", "x'\n", "z"]])
    done = firn("diff", Made.home, "x.odd", "1001", "--key", "A", "--summary", want=0)
    contains(done.out, "1 added")


def made_diff(t, was, now):
    found = json.loads(firn("diff", Made.home, f"x.{t.name}", was, now, "-o", "json", want=0).out)
    kinds = [(r["_change_type"], r["id"]) for r in found["rows"]]
    return kinds, found["files_shared"], found["files_compared"]


@suite.case
def rows_deleted_without_a_rewrite():
    """Files that both states have, with other deletes."""
    for version in (2, 3):
        t = Made(f"v{version}", [field(1, "id", "long", True), field(2, "k", "string")],
                 version=version)
        a, b = (t.data([{"id": n + i, "k": "x"} for i in range(10)]) for n in (0, 10))
        t.commit(a, b)
        if version == 2:
            t.commit(t.positions([(a, 3)], referenced_data_file=a["file_path"]))
            t.commit(t.positions([(b, 5), (b, 6)], referenced_data_file=b["file_path"]))
        else:
            t.commit(*t.vectors([(a, [3])]))
            t.commit(*t.vectors([(b, [5, 6])]))
        t.commit(t.data([{"id": 20, "k": "y"}]))
        t.publish()
        same(made_diff(t, 1001, 1002), ([("DELETE", 3)], 1, 2))
        same(made_diff(t, 1002, 1003), ([("DELETE", 15), ("DELETE", 16)], 1, 2))
        same(made_diff(t, 1003, 1004), ([("INSERT", 20)], 2, 1))
        same(made_diff(t, 1004, 1001), ([("INSERT", 3), ("INSERT", 15), ("INSERT", 16),
                                         ("DELETE", 20)], 0, 5))
    t = Made("keys", [field(1, "id", "long", True), field(2, "k", "string")])
    a = t.data([{"id": i, "k": f"k{i % 3}"} for i in range(9)])
    t.commit(a)
    t.commit(t.equality([{"k": "k1"}], [field(2, "k", "string")], [2]),
             t.data([{"id": 1, "k": "k1"}]))
    t.publish()
    found, _, _ = made_diff(t, 1001, 1002)
    same(found, [("DELETE", 4), ("DELETE", 7)])  # 1 is there again


@suite.case
def two_tables():
    lake = Lake()
    lake.create(A, B, NestedField(3, "only", IntegerType()))
    lake.create(NestedField(1, "other", StringType()), NestedField(2, "V", StringType()),
                NestedField(3, "ID", IntegerType()), name="raw.u")
    lake.append({"id": 1, "v": "a", "only": 1}, {"id": 2, "v": "b"})
    lake.append({"ID": 1, "V": "a", "other": "x"}, {"ID": 3, "V": "c"}, name="raw.u")
    found = lake.diff("--with", "raw.u", "--key", "ID")
    same((found["added"], found["removed"], found["changed"], found["files_shared"]), (1, 1, 0, 0))
    same([(c["change"], c["column"]) for c in found["columns"] if c["change"] != "moved"],
         [("added", "other"), ("type", "ID"), ("required", "ID"), ("dropped", "only")])
    same(lake.diff("--with", "raw.t")["equal"], True)
    lake.create(NestedField(1, "nothing", IntegerType()), name="raw.none")
    contains(firn("diff", lake.home, "raw.t", "--with", "raw.none", want=1).err,
             "no column in common")


@suite.case
def formats_and_exit_codes():
    lake = Lake()
    lake.create(A, B, identifier=(1,))
    first = lake.append(*({"id": i, "v": f"v{i}"} for i in range(30)))
    t = lake.table()
    t.overwrite(pa.Table.from_pylist([{"id": i, "v": f"w{i}"} for i in range(30)],
                                     schema=t.schema().as_arrow()))
    args = ("diff", lake.home, "raw.t", first)
    found = list(csv.DictReader(io.StringIO(firn(*args, "-o", "csv", want=0).out)))
    same(len(found), 60)
    same(found[0], {"_change_type": "UPDATE_BEFORE", "id": "0", "v": "v0"})
    same(firn(*args, "-o", "csv", "-n", "3", want=0).out.count("\n"), 4)
    shown = firn(*args, want=0).out
    contains(shown, "0 added, 0 removed, 30 changed (by id)", "20 rows", "60 rows differ")
    same("UPDATE" in firn(*args, "--summary", want=0).out, False)
    same("rows" in json.loads(firn(*args, "--json", "-s", want=0).out), False)
    same(len(json.loads(firn(*args, "--json", "-n", "5", want=0).out)["rows"]), 5)
    same(firn(*args, "--exit-code").exit, 5)
    same(firn("diff", lake.home, "raw.t", first, first, "--exit-code").exit, 0)


@suite.case
def refusals():
    lake = Lake()
    lake.create(A, B)
    lake.append({"id": 1, "v": "a"})
    for args, status, words in (
            ((), 2, ("which table",)),
            (("raw.tt",), 1, ("no table 'raw.tt'", "did you mean raw.t?")),
            (("raw.t", "1", "2", "3"), 2, ("'3' is one argument too many",)),
            (("raw.t", "no-such-branch"), 1, ("no-such-branch",)),
            (("raw.t", "17"), 1, ("17",)),
            (("raw.t", "-o", "xml"), 2, ("table, csv or json",)),
            (("raw.t", "-n", "-3"), 2, ("--limit",))):
        done = firn("diff", lake.home, *args)
        same(done.exit, status, str(args) + done.err)
        contains(done.err, *words)


suite.end()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""Tables that firn and PyIceberg change in turn: columns renamed, added, dropped, widened and moved
at every level, specs that evolve, rows from both.  After each step both read the same rows."""
import datetime
import decimal
import json
import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (FULL, Project, Suite, agree, check_tool, contains, note,  # noqa: E402
                     rows, same, table, types)

suite = Suite()

import pyarrow as pa  # noqa: E402
from pyiceberg.transforms import (BucketTransform, DayTransform, IdentityTransform,  # noqa: E402
                                  MonthTransform)
from pyiceberg.types import (DateType, DecimalType, DoubleType, IntegerType, ListType,  # noqa: E402
                             LongType, MapType, NestedField, StringType, StructType)

from icelab import metadata_of  # noqa: E402

D = decimal.Decimal


def comparable(value):
    """What PyIceberg reads, as firn prints it in JSON; 2.0 and 2 are one number."""
    if isinstance(value, dict):
        return {k: comparable(v) for k, v in value.items()}
    if isinstance(value, list) and value and all(isinstance(v, tuple) for v in value):
        if all(isinstance(k, str) for k, _ in value):
            return {k: comparable(v) for k, v in value}
        return [[comparable(k), comparable(v)] for k, v in value]
    if isinstance(value, list):
        return [comparable(v) for v in value]
    if isinstance(value, (D, float)):
        return int(value) if value == int(value) and abs(value) < 10**15 else float(value)
    if isinstance(value, (int, str, bool)) or value is None:
        return value
    return value.isoformat()


def printed(row):
    return json.dumps(row, sort_keys=True)


def empty_maps(value, like):
    """PyIceberg gives an empty map as [], firn as {}."""
    if like == {} and value == []:
        return {}
    if isinstance(value, dict) and isinstance(like, dict):
        return {k: empty_maps(v, like.get(k)) for k, v in value.items()}
    if isinstance(value, list) and isinstance(like, list) and len(value) == len(like):
        return [empty_maps(v, x) for v, x in zip(value, like)]
    return value


def compare(p, name="raw.t", key="r"):
    """firn and PyIceberg read the same; returns the rows without x_loaded_at, by key."""
    ours = [comparable(r) for r in
            p.sql(f"SELECT * EXCLUDE (x_loaded_at) FROM {name} ORDER BY {key}")]
    theirs = [comparable(r) for r in rows(p.lake, name, sort=key)]
    theirs = [empty_maps(t, o) for t, o in zip(theirs, ours)] + theirs[len(ours):]
    for o, t in zip(ours, theirs):
        same(list(o), list(t), "columns")
        assert printed(o) == printed(t), f"firn {printed(o)}\nPyIceberg {printed(t)}"
    same(len(ours), len(theirs), "rows")
    return ours


def land(p, name, records):
    p.write(name, "".join(json.dumps(r) + "\n" for r in records))
    return p.run()


def landed(entry="", **more):
    return Project(f"{{from: 'drop.*.json', into: raw.t{entry}}}",
                   name=sys._getframe(1).f_code.co_name, **more)


def append(p, records, name="raw.t"):
    """Rows from PyIceberg; columns that a record does not have are null."""
    ice = table(p.lake, name)
    schema = ice.schema().as_arrow()
    stamp = {"x_loaded_at": ice.scan().to_arrow()["x_loaded_at"][0].as_py()}
    ice.append(pa.Table.from_pylist([{**stamp, **r} for r in records], schema=schema))


def evolve(p, name="raw.t"):
    return table(p.lake, name).update_schema()


def check_lake(lake):
    """Errors only: PyIceberg's own manifests have a few things that are legal but unwise."""
    check_tool("lint.py", lake / "catalog.db")


def finish(p):
    check_lake(p.lake)
    agree(p.lake)


# --- one kind of change at a time ---------------------------------------------------------------

@suite.case
def top_level():
    p = landed(', columns: {a: int, f: float, d: "decimal(9,2)", s: string}')
    land(p, "0.json", [{"r": 0, "a": 1, "f": 0.5, "d": 1.25, "s": "x"}, {"r": 1}])
    compare(p)
    with evolve(p) as u:
        u.rename_column("a", "renamed").delete_column("s").add_column("s", DateType())
        u.update_column("f", DoubleType()).update_column("d", DecimalType(38, 2))
        u.move_first("d")
    found = compare(p)
    same(found[0], {"d": 1.25, "r": 0, "renamed": 1, "f": 0.5, "s": None})
    append(p, [{"r": 2, "renamed": 7, "f": 0.1, "d": D("12.25"), "s": datetime.date(2024, 1, 1)}])
    compare(p)
    for where, count in (("renamed = 1", 1), ("s IS NULL", 2), ("f = 0.1", 1), ("d > 10", 1),
                         ("renamed IS NOT NULL", 2), ("s = '2024-01-01'", 1)):
        for extra in ((), ("--no-prune",)):
            same(p.sql(f"SELECT count(*) AS n FROM raw.t WHERE {where}", *extra), [{"n": count}])
    finish(p)


NESTED = {"r": 0, "s": {"a": 1, "b": "x", "in": {"c": 2}}, "l": [{"x": 1, "y": "p"}, {"x": 2}],
          "m": {"k": {"v": 1}, "j": {"v": 2}}, "li": [1, 2], "mi": {"k": 1}}
NESTED_COLUMNS = (', columns: {r: int, s: "struct<a: int, b: string, in: struct<c: int>>", '
                  'l: "list<struct<x: int, y: string>>", m: "map<string, struct<v: int>>", '
                  'li: "list<int>", mi: "map<string, int>"}')


@suite.case
def inside_of_structs_lists_and_maps():
    p = landed(NESTED_COLUMNS)
    land(p, "0.json", [NESTED, {**NESTED, "r": 1, "s": {"a": None}, "l": [], "m": {}, "li": []}])
    compare(p)
    changes = [
        lambda u: u.rename_column("s.a", "z").rename_column("s.in.c", "cc"),
        lambda u: u.rename_column("l.element.x", "xx").add_column(("l", "element", "new"),
                                                                  LongType()),
        lambda u: u.rename_column("m.value.v", "w"),
        lambda u: u.add_column(("m", "value", "v"), StringType()),
        lambda u: u.update_column("s.z", LongType()).update_column("l.element.xx", LongType()),
        lambda u: u.update_column(("li", "element"), LongType()).update_column(
            ("mi", "value"), LongType()),
        lambda u: u.delete_column("s.b").add_column(("s", "b"), IntegerType()),
        lambda u: u.move_first("s.b").move_after("s.z", "s.in"),
        lambda u: u.add_column("late", StructType(NestedField(1, "q", ListType(
            2, StringType(), element_required=False), required=False))),
        lambda u: u.rename_column("s", "t").rename_column("l", "s"),
        lambda u: u.add_column(("t", "in", "deep"), MapType(1, StringType(), 2, IntegerType(),
                                                            value_required=False)),
    ]
    for n, change in enumerate(changes):
        with evolve(p) as u:
            change(u)
        compare(p)
        if n == 5:
            append(p, [{"r": 10, "s": {"z": 1 << 40, "b": "y", "in": {"cc": 5}},
                        "l": [{"xx": 1 << 40, "y": "q", "new": 9}],
                        "m": [("k", {"w": 3, "v": "text"})], "li": [1 << 40],
                        "mi": [("k", 1 << 40)]}])
            compare(p)
    append(p, [{"r": 20, "t": {"in": {"cc": 1, "deep": [("k", 1)]}, "z": 2, "b": 3}, "late":
                {"q": ["a", None]}, "s": [{"xx": 1, "y": "y", "new": 2}], "m": [], "li": [],
                "mi": []}])
    found = compare(p)
    same([r["r"] for r in found], [0, 1, 10, 20])
    same(found[0]["t"]["z"], 1)
    same(found[3]["t"]["b"], 3)
    same(p.sql("SELECT r FROM raw.t WHERE t.b = 3"), [{"r": 20}])
    same(p.sql("SELECT r FROM raw.t WHERE t.z > 1000"), [{"r": 10}])
    finish(p)


# --- landing into such a table ------------------------------------------------------------------

@suite.case
def landing_goes_by_field_id():
    """Columns in another order, a wider type, a dropped and an added column: the next landing
    writes ids, and PyIceberg finds the values."""
    p = landed(", columns: {r: int, a: int, b: string, f: float, n: long}")
    land(p, "0.json", [{"r": 0, "a": 1, "b": "x", "f": 0.5, "n": 1}])
    with evolve(p) as u:
        u.move_first("f").move_after("r", "b").update_column("a", LongType())
        u.update_column("f", DoubleType()).delete_column("n").add_column("extra", StringType())
    p.describe("{from: 'drop.*.json', into: raw.t}")
    land(p, "1.json", [{"r": 1, "a": 1 << 40, "b": "y", "f": 0.1, "extra": "e"}])
    found = compare(p)
    same(found[1], {"f": 0.1, "b": "y", "r": 1, "a": 1 << 40, "extra": "e"})
    land(p, "2.json", [{"r": 2, "n": "text now", "extra": None}])
    same(types(p.lake, "raw.t")["n"], "string")
    same(compare(p)[2], {"f": None, "b": None, "r": 2, "a": None, "extra": None, "n": "text now"})
    finish(p)


@suite.case
def nested_landing_goes_by_field_id():
    p = landed(NESTED_COLUMNS)
    land(p, "0.json", [NESTED])
    with evolve(p) as u:
        u.update_column("s.a", LongType()).move_first("s.in").add_column(("s", "n"), IntegerType())
        u.add_column(("l", "element", "z"), IntegerType())
    p.describe("{from: 'drop.*.json', into: raw.t}")
    land(p, "1.json", [{
        "r": 1, "s": {"a": 1 << 40, "b": "y", "in": {"c": 3}, "n": 5, "fresh": True},
        "l": [{"x": 5, "y": "q", "z": 6, "w": 1.5}], "m": {"k": {"v": 9, "u": "new"}},
        "li": [1 << 40], "mi": {}}])
    found = compare(p)
    same(found[1]["s"], {"in": {"c": 3}, "a": 1 << 40, "b": "y", "n": 5, "fresh": True})
    same(found[1]["l"], [{"x": 5, "y": "q", "z": 6, "w": 1.5}])
    same(found[1]["m"], {"k": {"v": 9, "u": "new"}})
    same(found[0]["m"], {"k": {"v": 1, "u": None}, "j": {"v": 2, "u": None}})
    finish(p)


@suite.case
def a_renamed_column_and_its_key():
    """The project says which key goes to it, and the table remembers that: firn.columns."""
    p = landed(", columns: {r: int, a: int, when: {type: date, format: '%d.%m.%Y', from: ' W '}}")
    land(p, "0.json", [{"r": 0, "a": 1, " W ": "31.05.2024"}])
    contains(metadata_of(p.lake, "raw.t")["properties"]["firn.columns"], " W ", "%d.%m.%Y")
    with evolve(p) as u:
        u.rename_column("a", "amount").rename_column("when", "day")
    p.describe("{from: 'drop.*.json', into: raw.t, columns: {amount: {from: a}, "
               "day: {type: date, format: '%d.%m.%Y', from: ' W '}}}")
    land(p, "1.json", [{"r": 1, "a": 2, " W ": "01.06.2024"}])
    same(compare(p), [{"r": 0, "amount": 1, "day": "2024-05-31"},
                      {"r": 1, "amount": 2, "day": "2024-06-01"}])
    p.describe("{from: 'drop.*.json', into: raw.t}")
    land(p, "2.json", [{"r": 2, "a": 3, " W ": "02.06.2024"}])
    same(compare(p)[2], {"r": 2, "amount": 3, "day": "2024-06-02"})
    same(list(types(p.lake, "raw.t")), ["r", "amount", "day", "x_loaded_at"])
    finish(p)


@suite.case
def a_key_whose_column_was_renamed():
    """Where the project does not say that the key belongs to the renamed column it becomes a column
    of its own again, with a new id: the renamed one keeps its rows and nothing is lost."""
    p = landed(", columns: {r: int, a: int}")
    land(p, "0.json", [{"r": 0, "a": 1}])
    with evolve(p) as u:
        u.rename_column("a", "b")
    p.describe("{from: 'drop.*.json', into: raw.t}")
    land(p, "1.json", [{"r": 1, "a": 2}])
    same(compare(p), [{"r": 0, "b": 1, "a": None}, {"r": 1, "b": None, "a": 2}])
    fields = {f.name: f.field_id for f in table(p.lake, "raw.t").schema().fields}
    assert fields["a"] > fields["x_loaded_at"], fields
    p.describe("{from: 'drop.*.json', into: raw.t, columns: {b: {from: c}}}")
    land(p, "2.json", [{"r": 2, "c": 3}])
    same(compare(p)[2], {"r": 2, "b": 3, "a": None})
    finish(p)


# --- specs --------------------------------------------------------------------------------------

@suite.case
def specs_that_evolve():
    """PyIceberg changes how the table is partitioned between two landings: each file keeps its
    spec, conditions prune by all of them."""
    p = landed(", columns: {r: int, d: date, k: string}, partition: [month(d)]")
    day = lambda i: f"2024-0{i % 6 + 1}-1{i % 9}"  # noqa: E731

    def records(n):
        return [{"r": n * 12 + i, "d": day(i), "k": "abc"[i % 3]} for i in range(12)]
    land(p, "0.json", records(0))
    with table(p.lake, "raw.t").update_spec() as u:
        u.add_identity("k")
    land(p, "1.json", records(1))
    with table(p.lake, "raw.t").update_spec() as u:
        u.remove_field("d_month").add_field("d", DayTransform(), "by_day")
    land(p, "2.json", records(2))
    append(p, [{"r": 100, "d": datetime.date(2024, 1, 10), "k": "b"}])
    with table(p.lake, "raw.t").update_spec() as u:
        u.remove_field("by_day").remove_field("k")
    land(p, "3.json", records(4))
    found = compare(p)
    same(len(found), 49)
    metadata = metadata_of(p.lake, "raw.t")
    assert len(metadata["partition-specs"]) >= 4, metadata["partition-specs"]
    cases = {"d = '2024-01-10'": lambda r: r["d"] == "2024-01-10",
             "k = 'b'": lambda r: r["k"] == "b",
             "d >= '2024-05-01'": lambda r: r["d"] >= "2024-05-01", "d IS NULL": lambda r: False,
             "k = 'b' AND d < '2024-03-01'": lambda r: r["k"] == "b" and r["d"] < "2024-03-01",
             "k IS NOT NULL": lambda r: True}
    for where, test in cases.items():
        done = p.firn("sql", f"SELECT r FROM raw.t WHERE {where}", "--json", want=0)
        same(sorted(e["values"]["r"] for e in done.events() if e["event"] == "row"),
             [r["r"] for r in found if test(r)], where)
        stats, = done.event("query_finished")["tables"]
        if "=" in where:
            assert stats["files_opened"] < stats["files_total"], f"{where}: {stats}"
    finish(p)


@suite.case
def a_spec_with_buckets():
    """PyIceberg adds buckets between two landings: firn's rows lie where PyIceberg looks for them,
    and firn finds PyIceberg's."""
    p = landed(", columns: {r: int, k: string}")
    land(p, "0.json", [{"r": 0, "k": "a"}])
    with table(p.lake, "raw.t").update_spec() as u:
        u.add_field("r", BucketTransform(4), "b").add_field("k", IdentityTransform(), "k")
    append(p, [{"r": i, "k": "abc"[i % 3]} for i in range(1, 20)])
    found = compare(p)
    same(p.sql("SELECT count(*) AS n FROM raw.t WHERE k = 'b'"),
         [{"n": sum(r["k"] == "b" for r in found)}])
    p.write("1.json", '{"r": 99}\n{"r": 100, "k": "b"}\n{"r": 102, "k": "z"}\n')
    p.run()
    added = [{"r": 99, "k": None}, {"r": 100, "k": "b"}, {"r": 102, "k": "z"}]
    same(sorted(map(repr, compare(p))), sorted(map(repr, found + added)))
    for r in (0, 7, 19, 99, 100, 103):
        done = p.firn("sql", f"SELECT r FROM raw.t WHERE r = {r}", "--json", want=0)
        stats, = done.event("query_finished")["tables"]
        scan = table(p.lake, "raw.t").scan(row_filter=f"r = {r}")
        same(sum(e["event"] == "row" for e in done.events()), len(scan.to_arrow()), f"r = {r}")
        same(stats["files_opened"], len(list(scan.plan_files())), f"r = {r}: files")
    with table(p.lake, "raw.t").update_spec() as u:
        u.remove_field("b")
    land(p, "2.json", [{"r": 200, "k": "c"}])
    finish(p)


@suite.case
def a_partition_column_is_dropped_and_renamed():
    p = landed(", columns: {r: int, d: date, k: string}, partition: [month(d), k]")
    land(p, "0.json", [{"r": i, "d": f"2024-0{i + 1}-01", "k": "ab"[i % 2]} for i in range(4)])
    with evolve(p) as u:
        u.rename_column("k", "kind")
    same(p.sql("SELECT r FROM raw.t WHERE kind = 'b' ORDER BY r"), [{"r": 1}, {"r": 3}])
    p.describe("{from: 'drop.*.json', into: raw.t, columns: {kind: {from: k}}}")
    land(p, "1.json", [{"r": 4, "d": "2024-01-05", "k": "b"}])
    same(p.sql("SELECT r FROM raw.t WHERE kind = 'b' ORDER BY r"), [{"r": 1}, {"r": 3}, {"r": 4}])
    compare(p)
    with table(p.lake, "raw.t").update_spec() as u:
        u.remove_field("d_month")
    with evolve(p) as u:
        u.delete_column("d")
    found = compare(p)
    same(found[0], {"r": 0, "kind": "a"})
    land(p, "2.json", [{"r": 5, "k": "a"}])
    same(compare(p)[5], {"r": 5, "kind": "a"})


# --- in turn ------------------------------------------------------------------------------------

def same_records(found, wanted):
    same([printed(r) for r in found], [printed(comparable(r)) for r in wanted])


@suite.case
def both_append_in_turn():
    """PyIceberg appends to a table of firn, deletes and overwrites in it; firn lands on."""
    p = landed(", partition: [k]")
    total = []
    for n in range(5):
        records = [{"r": n * 10 + i, "k": "ab"[i % 2], "v": i / 4} for i in range(4)]
        land(p, f"{n}.json", records)
        total += records
        more = [{"r": n * 10 + i, "k": "ac"[i % 2], "v": i / 8} for i in range(5, 8)]
        append(p, more)
        total += more
        same_records(compare(p), total)
    done = p.run()
    contains(done.out, "unchanged")
    table(p.lake, "raw.t").delete("r >= 30")
    total = [r for r in total if r["r"] < 30]
    same_records(compare(p), total)
    land(p, "9.json", [{"r": 90, "k": "z", "v": 0.5}])
    same(compare(p)[-1], {"r": 90, "k": "z", "v": 0.5})
    same(len(compare(p)), len(total) + 1)
    finish(p)


# --- at random ----------------------------------------------------------------------------------

class Walk:
    """A table that changes at random by the hands of both."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.p = Project("{from: 'drop.*.json', into: raw.t" + NESTED_COLUMNS + "}",
                         name=f"walk{seed}")
        self.n, self.files = 0, 0
        self.land()
        self.p.describe("{from: 'drop.*.json', into: raw.t}")

    def fields(self):
        """Paths of what may change: (path, field) but not r and x_loaded_at."""
        found = []

        def walk(path, t):
            if isinstance(t, StructType):
                for f in t.fields:
                    if path or f.name not in ("r", "x_loaded_at"):
                        found.append(((*path, f.name), f))
                        walk((*path, f.name), f.field_type)
            elif isinstance(t, ListType):
                walk((*path, "element"), t.element_type)
            elif isinstance(t, MapType):
                walk((*path, "value"), t.value_type)
        walk((), table(self.p.lake, "raw.t").schema().as_struct())
        return found

    def name(self):
        self.n += 1
        return self.rng.choice(["x y", "ü", "q", "sel'ect", "w-w", "z"]) + str(self.n)

    def change(self):
        r, fields = self.rng, self.fields()
        path, f = r.choice(fields)
        parent = path[:-1]
        with table(self.p.lake, "raw.t").update_schema() as u:
            op = r.choice(["rename", "add", "delete", "widen", "move"])
            if op == "rename":
                u.rename_column(path, self.name())
            elif op == "delete" and sum(x[:-1] == parent for x, _ in fields) > 1:
                u.delete_column(path)
            elif op == "widen" and isinstance(f.field_type, IntegerType):
                u.update_column(path, LongType())
            elif op == "move":
                u.move_first(path)
            else:
                u.add_column((*parent, self.name()), r.choice([
                    IntegerType(), StringType(), DoubleType(), ListType(1, IntegerType(), False),
                    StructType(NestedField(1, "g", IntegerType(), required=False),
                               NestedField(2, "h", StringType(), required=False))]))

    def value(self, t):
        """Never a null list or map: PyIceberg 0.12 reads those of structs as empty."""
        r = self.rng
        if isinstance(t, ListType):
            return [self.value(t.element_type) for _ in range(r.randint(0, 2))]
        if isinstance(t, MapType):
            return {f"k{i}": self.value(t.value_type) for i in range(r.randint(0, 2))}
        if isinstance(t, StructType):
            return {f.name: self.value(f.field_type) for f in t.fields}
        if r.random() < 0.2:
            return None
        if isinstance(t, StringType):
            return r.choice(["", "a", "é", "text"])
        return r.choice([0.5, -2.25] if isinstance(t, DoubleType) else [1, -5, 2**31 - 1])

    def record(self):
        self.n += 1
        return {f.name: self.value(f.field_type)
                for f in table(self.p.lake, "raw.t").schema().fields
                if f.name not in ("r", "x_loaded_at")} | {"r": self.n}

    def land(self):
        records = [{**NESTED, "r": 0}] if not self.files else [self.record() for _ in range(2)]
        land(self.p, f"{self.files:03}.json", records)
        self.files += 1

    def append(self):
        append(self.p, [self.record() for _ in range(2)])

    def step(self):
        r = self.rng.random()
        (self.change if r < 0.5 else self.append if r < 0.75 else self.land)()


@suite.case
def random_walks():
    seed, checks = int(os.environ.get("FIRN_SEED", "0")), 0
    for s in range(seed, seed + (60 if FULL else 4)):
        walk = Walk(s)
        for n in range(14):
            try:
                walk.step()
                found = compare(walk.p)
            except Exception as why:
                raise AssertionError(f"seed {s}, step {n}: {why}") from why
            assert len(found) == len({r["r"] for r in found})
            checks += 1
        check_lake(walk.p.lake)
    note(f"{checks} comparisons")


suite.end()

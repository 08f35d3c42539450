#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: ci parallel needs=venv,shared timeout=600
"""Random sequences of 50 changes and appends: firn changes the table with `firn alter` and lands
records in it, PyIceberg appends too.  What the table must hold is kept in a model here, which knows
columns by a number of its own and never asks anybody; firn and PyIceberg (with FIRN_FULL Spark too)
read the model's rows.  A seed of its own: FIRN_SEED=7."""
import datetime
import decimal
import json
import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import FULL, TMP, Project, Suite, note, rows, same, table  # noqa: E402

suite = Suite()

import pyarrow as pa  # noqa: E402

import crashlab  # noqa: E402

D = decimal.Decimal
STEPS = 50
WIDER = {"int": "bigint", "float": "double", "decimal(9,2)": "decimal(18,2)",
         "decimal(18,2)": "decimal(30,2)"}
SIMPLE = ["int", "bigint", "float", "double", "decimal(9,2)", "string", "boolean", "date",
          "timestamp"]
TRANSFORMS = {"int": ["{}", "bucket(3, {})", "truncate(10, {})"],
              "bigint": ["{}", "bucket(4, {})", "truncate(100, {})"],
              "string": ["{}", "bucket(2, {})", "truncate(2, {})"],
              "date": ["{}", "month({})", "year({})", "day({})"],
              "timestamp": ["month({})", "day({})", "year({})", "hour({})"],
              "decimal(9,2)": ["truncate(500, {})", "bucket(3, {})"], "boolean": ["{}"]}


# --- the model ----------------------------------------------------------------------------------

class Column:
    """A column, or a part of one: `key` is the model's own number, what rows are kept by."""
    count = 0

    def __init__(self, name, type_, parts=None, default=None):
        Column.count += 1
        self.key, self.name, self.type, self.parts = Column.count, name, type_, parts or []
        self.default = default

    def is_struct(self):
        return self.type in ("struct", "list")


class Model:
    """Columns in their order, and rows as {key: value}; a struct's value is such a row too."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.columns, self.rows, self.names, self.last = [Column("id", "bigint")], [], 0, 0
        self.spec, self.ever, self.order = [], set(), []
        self.beyond = False  # a date became a timestamp: only firn reads that
        self.columns += [new_column(self, n < 4) for n in range(6)]

    def name(self):
        self.names += 1
        return f"c{self.names}"

    def value(self, c):
        r = self.random
        if r.random() < 0.15 and c.name != "id":
            return None
        if c.type == "struct":
            return {p.key: self.value(p) for p in c.parts}
        if c.type == "list":
            return [{p.key: self.value(p) for p in c.parts} for _ in range(r.randrange(3))]
        return {"int": lambda: r.randrange(-2**31, 2**31), "bigint": lambda: r.randrange(-10**12,
                                                                                        10**12),
                "float": lambda: r.randrange(-1000, 1000) / 8,
                "double": lambda: r.randrange(-10**6, 10**6) / 64,
                "string": lambda: r.choice(["", "a", "b'c", "日本", "x" * 30, "null", "Z9"]),
                "boolean": lambda: r.random() < 0.5,
                "date": lambda: datetime.date(1969, 12, 1) + datetime.timedelta(r.randrange(20000)),
                "timestamp": lambda: datetime.datetime(1969, 12, 1) + datetime.timedelta(
                    seconds=r.randrange(10**9), microseconds=r.randrange(10**6)),
                }.get(c.type, lambda: D(r.randrange(-10**8, 10**8)).scaleb(-2))()

    def row(self):
        self.last += 1
        found = {c.key: self.value(c) for c in self.columns}
        found[self.columns[[c.name for c in self.columns].index("id")].key] = self.last
        return found

    def seen(self, c, row):
        """A column's value in a row that may be older than the column, or than its type."""
        value = row[c.key] if c.key in row else c.default
        if value is None:
            return None
        if c.type == "struct":
            return {p.name: self.seen(p, value) for p in c.parts}
        if c.type == "list":
            return [{p.name: self.seen(p, v) for p in c.parts} for v in value]
        if c.type == "timestamp" and not isinstance(value, datetime.datetime):
            return datetime.datetime.combine(value, datetime.time())
        return value

    def table(self):
        return [{c.name: self.seen(c, r) for c in self.columns} for r in self.rows]

    def everything(self, columns=None, path=()):
        """(path, column, the list that it is in) of all columns and parts."""
        for c in (self.columns if columns is None else columns):
            yield path + (c.name,), c, (self.columns if columns is None else columns)
            yield from self.everything(c.parts, path + (c.name,)) if c.parts else ()

    def used(self, c):
        """Whether a partition or the order stands on the column, or on a part of it."""
        keys = {k for k, _ in self.spec} | set(self.order)
        return c.key in keys or any(self.used(p) for p in c.parts)


def type_text(c):
    parts = ", ".join(f"{p.name}: {type_text(p)}" for p in c.parts)
    return {"struct": f"struct<{parts}>", "list": f"array<struct<{parts}>>"}.get(c.type, c.type)


def plain(value):
    """As firn prints it in JSON; 2.0 and 2 are one number."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, (D, float, int)):
        return int(value) if value == int(value) else float(value)
    return value.isoformat()


def without_null_lists(value):
    """PyIceberg 0.12 reads a list that is null as an empty one once its elements have changed."""
    if isinstance(value, dict):
        return {k: without_null_lists(v) for k, v in value.items()}
    return None if value == [] else value


def as_json(value):
    """A record to be landed: decimals keep their digits."""
    if isinstance(value, D):
        return float(value)
    if isinstance(value, dict):
        return {k: as_json(v) for k, v in value.items()}
    if isinstance(value, list):
        return [as_json(v) for v in value]
    return value if not isinstance(value, datetime.date) else value.isoformat()


# --- changes ------------------------------------------------------------------------------------

def new_column(m, depth=0, default=False):
    kind = m.random.choices(["simple", "struct", "list"], [8, 1, 1])[0] if depth == 0 else "simple"
    if kind == "simple":
        c = Column(m.name(), m.random.choice(SIMPLE))
        if default and m.random.random() < 0.5:
            c.default = m.value(c)
        return c
    return Column(m.name(), kind, [new_column(m, 1) for _ in range(m.random.randrange(1, 4))])


def literal(value):
    if isinstance(value, bool) or isinstance(value, (int, float, D)):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def add(m, version):
    holders = [(p, c) for p, c, _ in m.everything() if c.is_struct()]
    inside = bool(holders) and m.random.random() < 0.35
    path, into = ((), m.columns)
    if inside:
        path, holder = m.random.choice(holders)
        path, into = path, holder.parts
        if holder.type == "list" and m.random.random() < 0.5:
            path = path + ("element",)
    c = new_column(m, 1 if inside else 0, version == 3)
    at, where = len(into), ""
    if m.random.random() < 0.5:
        at = m.random.randrange(len(into) + 1)
        where = f" AFTER {into[at - 1].name}" if at else " FIRST"
    into.insert(at, c)
    default = f" DEFAULT {literal(c.default)}" if c.default is not None else ""
    return f"ADD COLUMN {'.'.join(path + (c.name,))} {type_text(c)}{default}{where}"


def dotted(m, path):
    """With or without `element` behind a list."""
    found, columns = [], m.columns
    for i, name in enumerate(path):
        c = next(c for c in columns if c.name == name)
        found.append(name)
        if c.type == "list" and i + 1 < len(path) and m.random.random() < 0.5:
            found.append("element")
        columns = c.parts
    return ".".join(found)


def drop(m, _):
    can = [(p, c, inside) for p, c, inside in m.everything()
           if c.name != "id" and len(inside) > 1 and not m.used(c)
           and (p[0] != c.name or len(m.columns) > 3)]
    if not can:
        return None
    path, c, inside = m.random.choice(can)
    text = f"DROP COLUMN {dotted(m, path)}"
    inside.remove(c)
    return text


def rename(m, _):
    path, c, inside = m.random.choice(list(m.everything()))
    if c.name == "id":
        return None
    taken = {x.name.lower() for x in inside}
    old = [f"c{n}" for n in range(1, m.names) if f"c{n}" not in taken]  # names that were there
    name = m.random.choice(old) if old and m.random.random() < 0.3 else m.name()
    text = f"RENAME COLUMN {dotted(m, path)} TO {name}"
    c.name = name
    return text


def move(m, _):
    path, c, inside = m.random.choice(list(m.everything()))
    if len(inside) < 2:
        return None
    text = f"ALTER COLUMN {dotted(m, path)} "
    inside.remove(c)
    at = m.random.randrange(len(inside) + 1)
    text += f"AFTER {inside[at - 1].name}" if at else "FIRST"
    inside.insert(at, c)
    return text


def widen(m, version):
    can = [(p, c) for p, c, _ in m.everything() if c.type in WIDER
           or (version == 3 and c.type == "date" and c.key not in m.ever)]
    if not can:
        return None
    path, c = m.random.choice(can)
    m.beyond |= c.type == "date"
    c.type = WIDER.get(c.type, "timestamp")
    return f"ALTER COLUMN {dotted(m, path)} TYPE {c.type}"


def doc(m, _):
    path, _c, _in = m.random.choice(list(m.everything()))
    return f"ALTER COLUMN {dotted(m, path)} COMMENT 'the column {m.random.randrange(100)}'"


def partition(m, _):
    if m.spec and (len(m.spec) > 1 or m.random.random() < 0.5):
        key, term = m.spec.pop(m.random.randrange(len(m.spec)))
        path = next(p for p, c, _ in m.everything() if c.key == key)
        return f"DROP PARTITION FIELD {term.format('.'.join(path))}"
    taken = {k for k, _ in m.spec}
    can = [(p, c) for p, c, _ in m.everything() if c.type in TRANSFORMS and c.key not in taken
           and not any(x.type == "list" for x in m.columns if x.name == p[0])]
    path, c = m.random.choice(can)
    term = m.random.choice(TRANSFORMS[c.type])
    m.spec.append((c.key, term))
    m.ever.add(c.key)
    m.names += 1
    return f"ADD PARTITION FIELD {term.format('.'.join(path))} AS p{m.names}"


def order(m, _):
    can = [c for c in m.columns if not c.is_struct()]
    chosen = m.random.sample(can, min(len(can), m.random.randrange(3)))
    m.order = [c.key for c in chosen]
    if not chosen:
        return "WRITE UNORDERED"
    return "WRITE ORDERED BY " + ", ".join(
        f"{c.name} {m.random.choice(['ASC', 'DESC', 'DESC NULLS FIRST'])}" for c in chosen)


def tag(m, _):
    m.names += 1
    return m.random.choice([f"CREATE TAG t{m.names}", f"CREATE BRANCH b{m.names} RETAIN 5 DAYS",
                            f"SET TBLPROPERTIES ('k{m.names}' = 'v')"])


CHANGES = [(add, 8), (drop, 4), (rename, 5), (move, 4), (widen, 3), (doc, 1), (partition, 4),
           (order, 2), (tag, 1)]

# What must be refused, whatever the table is.
WRONG = ["DROP COLUMN id, DROP COLUMN never_there", "ADD COLUMN ID int", "RENAME COLUMN id TO _pos",
         "ALTER COLUMN id TYPE int", "ADD COLUMN x int NOT NULL", "DROP TAG firn",
         "ADD PARTITION FIELD hour(id)", "ALTER COLUMN id AFTER id"]


# --- one sequence -------------------------------------------------------------------------------

class Sequence(Project):
    def __init__(self, seed, version):
        super().__init__(name=f"seed{seed}v{version}")
        self.m, self.version, self.files, self.seed = Model(seed), version, 0, seed

    def append(self, count=5):
        """Records for firn to land: each has all columns."""
        found = [self.m.row() for _ in range(count)]
        self.files += 1
        self.write(f"a/{self.files:03}.json", "".join(
            json.dumps({c.name: as_json(self.m.seen(c, r)) for c in self.m.columns}) + "\n"
            for r in found))
        done = self.run("--json")
        same(done.event("node_finished", table="t").get("rows"), count, done)
        self.m.rows += found

    def theirs(self, count=3):
        t = table(self.lake, "raw.t")
        found = [self.m.row() for _ in range(count)]
        for c in self.m.columns:  # PyIceberg 0.12 writes null lists as empty ones
            for r in found if c.type == "list" else ():
                r[c.key] = r[c.key] or []
        now = datetime.datetime.now(datetime.timezone.utc)
        given = [{c.name: self.m.seen(c, r) for c in self.m.columns} | {"x_loaded_at": now}
                 for r in found]
        t.append(pa.Table.from_pylist(given, schema=t.schema().as_arrow()))
        self.m.rows += found

    def change(self):
        texts = []
        for _ in range(self.m.random.choice([1, 1, 1, 2, 3])):
            act = self.m.random.choices([c for c, _ in CHANGES], [w for _, w in CHANGES])[0]
            texts.append(act(self.m, self.version))
        text = ", ".join(t for t in texts if t)
        if text:
            self.firn("alter", "raw.t", text, want=0)
        return text

    def wrong(self):
        before = table(self.lake, "raw.t").metadata_location
        self.firn("alter", "raw.t", self.m.random.choice(WRONG), want=1)
        same(table(self.lake, "raw.t").metadata_location, before)

    def check(self):
        wanted = sorted((plain(r) for r in self.m.table()), key=lambda r: r["id"])
        mine = self.sql("SELECT * EXCLUDE (x_loaded_at) FROM raw.t ORDER BY id")
        same([plain(r) for r in mine], wanted, "firn")
        if not self.m.beyond:
            theirs = rows(self.lake, "raw.t", sort="id")
            same([without_null_lists(plain(r)) for r in theirs],
                 [without_null_lists(r) for r in wanted], "PyIceberg")
        names = [f.name for f in table(self.lake, "raw.t").schema().fields]
        same([n for n in names if n != "x_loaded_at"], [c.name for c in self.m.columns],
             "order of columns")

    def play(self):
        said = []
        entry = "{from: 'drop.a/*.json', into: raw.t"
        try:
            self.describe(entry + ", columns: {" + ", ".join(
                f'{c.name}: "{type_text(c)}"' for c in self.m.columns) + "}}")
            self.append()
            self.describe(entry + "}")
            if self.version == 3:
                self.firn("alter", "raw.t", "upgrade to 3", want=0)
            for step in range(STEPS):
                chance = self.m.random.random()
                if chance < 0.22:
                    said.append("append")
                    self.append()
                elif chance < 0.28 and self.version == 2:
                    said.append("PyIceberg appends")
                    self.theirs()
                elif chance < 0.33:
                    self.wrong()
                else:
                    said.append(self.change())
                if step % 10 == 9:
                    self.check()
            same(crashlab.tool("lint", "--strict", "--ignore", "L021,L022,L045",
                               self.lake / "catalog.db"), [])
        except Exception:
            note(f"seed {self.seed}: " + "; ".join(str(s) for s in said[-12:]))
            raise


def sequence(seed, version):
    p = Sequence(seed, version)
    p.play()
    if FULL and p.m.beyond:
        note("Spark does not read dates that became timestamps either (docs/INTEROP.md)")
    elif FULL:
        spark_reads(p)


def spark_reads(p):
    from sparklab import NEWEST, Spark
    if not started:  # older ones stop at int columns that have become long (docs/INTEROP.md)
        started.append(Spark(TMP / "spark.log", NEWEST))
    started[0].open(p.lake)
    found = started[0].sql("SELECT * FROM lake.raw.t ORDER BY id")
    wanted = sorted(p.m.table(), key=lambda r: r["id"])
    same([r["id"] for r in found], [r["id"] for r in wanted], "Spark")
    for f, w in zip(found, wanted):
        for name, value in w.items():
            if isinstance(value, (str, int, bool)) or value is None:
                same(f[name], value, f"Spark: row {w['id']} column {name}")


started = []
SEEDS = ([int(os.environ["FIRN_SEED"])] if os.environ.get("FIRN_SEED")
         else range(1, 13) if FULL else range(1, 4))
for seed_ in SEEDS:
    suite.add(f"seed_{seed_}_version_2", lambda s=seed_: sequence(s, 2))
for seed_ in SEEDS:
    if seed_ % 3 == 1 or len(SEEDS) == 1:
        suite.add(f"seed_{seed_}_version_3", lambda s=seed_: sequence(s + 1000, 3))
suite.end()

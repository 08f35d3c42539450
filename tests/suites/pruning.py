#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=600
"""Pruning: a query on one day of 10,000 opens one file, and random conditions give the same rows
with pruning, without it, and from DuckDB over the files themselves."""
import json
import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import FULL, Project, Suite, data_files, note, same  # noqa: E402

suite = Suite()

import duckdb  # noqa: E402

SEED = int(os.environ.get("FIRN_SEED", "0"))
DAYS = 10000


def answers(p, statements, *args):
    """Rows (as sorted lists of id) and table statistics of each statement, in one process."""
    script = p.folder / "script.sql"
    script.write_text(";\n".join(statements) + ";\n", encoding="utf-8")
    done = p.firn("sql", "-f", str(script), "--json", *args, limit=400)
    found, ids = [], []
    for event in done.events():
        if event["event"] == "row":
            ids.append(event["values"]["id"])
        elif event["event"] == "query_finished":
            found.append((sorted(ids), event["tables"]))
            ids = []
    same(len(found), len(statements), f"{statements[min(len(found), len(statements) - 1)]}\n{done}")
    same(done.exit, 0)
    return found


# --- ten thousand days --------------------------------------------------------------------------

@suite.case
def one_day_of_ten_thousand():
    p = Project()
    p.model("m.days", "/* firn\npartition: [day(ts)]\n*/\nSELECT i AS id, TIMESTAMP '1990-01-01 "
            f"12:00:00' + INTERVAL (i) DAY AS ts, i % 7 AS n FROM range({DAYS}) t(i)")
    note(f"{DAYS} partitions written in {p.run(limit=500).seconds:.1f} s")
    day = "2004-03-05"
    ids = [5177]
    cases = [f"ts::DATE = DATE '{day}'", f"ts >= '{day}' AND ts < DATE '{day}' + 1",
             f"ts BETWEEN '{day} 00:00:00' AND '{day} 23:59:59'",
             f"date_trunc('day', ts) = '{day}'", f"ts = '{day} 12:00:00'",
             f"ts IN ('{day} 12:00:00', '{day} 13:00:00')", f"ts::DATE = DATE '2004-03-04' + 1"]
    statements = [f"SELECT id FROM m.days WHERE {c}" for c in cases]
    statements += [f"WITH c AS (SELECT * FROM m.days) SELECT id FROM c WHERE ts = '{day} 12:00:00'",
                   f"SELECT a.id FROM m.days a JOIN (SELECT 5177 AS k) b ON a.id = b.k "
                   f"WHERE ts::DATE = '{day}'", f"SELECT id FROM m.days WHERE id = {ids[0]}"]
    opened = []
    for statement, (found, stats) in zip(statements, answers(p, statements)):
        same(found, ids, statement)
        same(stats[0]["files_total"], DAYS, statement)
        opened.append(stats[0]["files_opened"])
        assert stats[0]["files_opened"] <= DAYS // 100, f"{statement}: {stats}"
    note(f"files opened: {opened}")
    (found, stats), (none, empty) = answers(
        p, ["SELECT id FROM m.days WHERE ts >= '1990-01-31' AND ts < '1990-03-01'",
            "SELECT id FROM m.days WHERE ts > '2100-01-01'"])
    same((found, stats[0]["files_opened"]), (list(range(30, 59)), 29))
    same((none, empty[0]["files_opened"]), ([], 0))
    same(empty[0]["manifests_read"], 0, "the manifest list alone tells")
    count, = p.sql("SELECT count(*) AS n, sum(id) AS s FROM m.days", "--no-prune")
    same(count, {"n": DAYS, "s": DAYS * (DAYS - 1) // 2})


# --- conditions at random -----------------------------------------------------------------------

ROWS = """SELECT i AS id,
 CASE WHEN i % 17 = 16 THEN NULL ELSE TIMESTAMP '1969-12-20 03:00:00'
      + INTERVAL ((i * 37) % 500) HOUR END AS ts,
 CASE WHEN i % 19 = 18 THEN NULL ELSE TIMESTAMPTZ '2024-02-27 00:00:00+00'
      + INTERVAL ((i * 13) % 61) HOUR + INTERVAL (i % 3) MICROSECOND END AS tz,
 CASE WHEN i % 13 = 12 THEN NULL ELSE DATE '1969-11-01' + ((i * 7) % 200)::INTEGER END AS d,
 CASE WHEN i % 11 = 10 THEN NULL
      ELSE ['a', 'ab', 'abc', 'b', 'B', '', 'é', 'zz', ' x', 'a''b'][i % 10 + 1] END AS k,
 CASE WHEN i % 9 = 8 THEN NULL ELSE ((i * 31) % 40 * 12 - 240)::INTEGER END AS n,
 CASE WHEN i % 7 = 6 THEN NULL ELSE ((i * 17) % 1000 / 8 - 60)::DECIMAL(9,2) END AS m,
 CASE i % 23 WHEN 22 THEN 'nan'::DOUBLE WHEN 21 THEN 'inf'::DOUBLE WHEN 20 THEN NULL
      ELSE ((i * 29) % 300) / 4 - 30 END AS x,
 CASE WHEN i % 120 < 40 THEN 'nan'::FLOAT ELSE (i % 50) / 2 END AS f,
 CASE WHEN i % 5 = 4 THEN NULL ELSE i % 3 = 0 END AS b,
 CASE WHEN i % 29 = 28 THEN NULL ELSE TIME '00:00:00' + INTERVAL ((i * 7) % 1440) MINUTE END AS t,
 CASE WHEN i % 31 = 30 THEN NULL ELSE
      ('00000000-0000-0000-0000-' || lpad(((i * 41) % 997)::VARCHAR, 12, '0'))::UUID END AS u,
 CASE WHEN i % 6 = 5 THEN NULL ELSE 'prefix ' || (i % 40)::VARCHAR END AS s,
 CASE WHEN i % 10 = 9 THEN NULL ELSE {'a': CASE WHEN i % 4 = 3 THEN NULL ELSE (i % 16)::INTEGER END,
      'b': (i % 8)::VARCHAR} END AS st,
 NULL::INTEGER AS nothing
FROM range(2500) t(i)"""
TABLES = {"m.by_day": "[day(ts), b]", "m.by_key": "[k]", "m.by_month": "['month(d)', 'year(ts)']",
          "m.by_hour": "[hour(tz)]", "m.by_number": "[n]", "m.by_struct": "[st.a, 'day(tz)']",
          "m.by_bucket": "['bucket(4, n)', 'bucket(3, s)']",
          "m.by_prefix": "['truncate(1, k)', 'truncate(10, n)', 'bucket(2, ts)']", "m.flat": None}
TYPES = {"id": "long", "ts": "timestamp", "tz": "timestamptz", "d": "date", "k": "string",
         "n": "int", "m": "decimal", "x": "double", "f": "float", "b": "boolean", "t": "time",
         "u": "uuid", "s": "string", "st.a": "int", "st.b": "string", "nothing": "int"}
PATTERNS = ["a%", "prefix 1%", "%", "é%", "z", "%b", "_b%"]


class Conditions:
    """SQL conditions on the columns above."""

    def __init__(self, rng):
        self.rng = rng

    def literal(self, type_):
        r = self.rng
        minute = f"{r.randint(0, 23):02}:{r.choice([0, 30, 59]):02}:{r.choice([0, 59]):02}"
        date = r.choice([f"1969-{r.randint(11, 12)}-{r.randint(1, 30):02}",
                         f"1970-{r.randint(1, 5):02}-{r.randint(1, 28):02}",
                         f"2024-{r.randint(2, 3):02}-{r.randint(1, 29):02}", "1970-01-01"])
        return {
            "long": lambda: str(r.randint(-5, 2600)),
            "int": lambda: r.choice([str(r.randint(-260, 260)), "-0", "2147483648", "7.0", "7.5"]),
            "decimal": lambda: r.choice([
                f"{r.randint(-61, 66)}.{r.choice(['00', '5', '25', '125'])}",
                str(r.randint(-60, 65)), "1e1", "99999999999"]),
            "double": lambda: r.choice([str(r.randint(-120, 200) / 4), "0", "'nan'::DOUBLE",
                                        "'inf'::DOUBLE", "'-inf'::DOUBLE", "-0.0", "0.1", "1e300"]),
            "float": lambda: r.choice([str(r.randint(0, 50) / 2), "'nan'::FLOAT", "0.1", "3"]),
            "boolean": lambda: r.choice(["true", "false"]),
            "date": lambda: r.choice([f"DATE '{date}'", f"'{date}'", f"DATE '{date}' + 3",
                                      f"(DATE '{date}' - INTERVAL 1 MONTH)::DATE",
                                      f"TIMESTAMP '{date} {minute}'"]),
            "timestamp": lambda: r.choice([f"TIMESTAMP '{date} {minute}'", f"'{date}'",
                                           f"DATE '{date}'", f"'{date} {minute}'",
                                           f"TIMESTAMP '{date} 00:00:00' + INTERVAL 1 DAY"]),
            "timestamptz": lambda: r.choice([f"TIMESTAMPTZ '{date} {minute}+00'",
                                             f"TIMESTAMPTZ '{date} {minute}+02'", f"'{date}'",
                                             f"TIMESTAMPTZ '{date} {minute}-11:30'"]),
            "time": lambda: f"TIME '{minute}'",
            "uuid": lambda: f"UUID '00000000-0000-0000-0000-{r.randint(0, 1000):012}'",
            "string": lambda: "'" + r.choice(
                ["a", "ab", "b", "B", "", "é", "zz", "zzz", " x", "a''b", "prefix 1", "prefix 30",
                 "prefix", "8", "3"]) + "'",
        }[type_]()

    def term(self):
        r = self.rng
        column = r.choice(list(TYPES))
        type_ = TYPES[column]
        lit = lambda: self.literal(type_)  # noqa: E731
        special = {
            "string": [f"{column} LIKE '{r.choice(PATTERNS)}'", f"{column} NOT LIKE 'a%'",
                       f"starts_with({column}, 'ab')", f"lower({column}) = 'b'",
                       f"length({column}) > 1", f"{column} ILIKE 'B%'",
                       f"{column} || 'x' = 'abx'", f"{column} BETWEEN 'a' AND 'b'",
                       f"{column} > 'a' COLLATE NOCASE"],
            "date": [f"year({column}) = 1970", f"date_trunc('month', {column}) = '1970-01-01'",
                     f"{column} + 1 = DATE '1970-01-02'", f"extract(month FROM {column}) = 12",
                     f"{column}::TIMESTAMP >= TIMESTAMP '1970-01-01 12:00:00'",
                     f"{column}::VARCHAR LIKE '1970-01%'"],
            "timestamp": [f"{column}::DATE = DATE '1970-01-0{r.randint(1, 9)}'",
                          f"CAST({column} AS DATE) <= DATE '1969-12-31'", f"hour({column}) = 5",
                          f"{column}::DATE BETWEEN '1969-12-25' AND '1970-01-05'",
                          f"date_trunc('day', {column}) = '1970-01-03'", f"epoch({column}) < 0",
                          f"{column} - INTERVAL 1 DAY > TIMESTAMP '1970-01-10'"],
            "timestamptz": [f"{column}::DATE = '2024-02-28'", f"{column}::DATE >= '2024-03-01'",
                            f"{column}::TIMESTAMP < TIMESTAMP '2024-02-28 05:00:00'",
                            f"date_trunc('hour', {column}) = '2024-02-29 10:00:00+00'"],
            "double": [f"isnan({column})", f"NOT isnan({column})", f"abs({column}) < 3",
                       f"isfinite({column})", f"{column} = {column}", f"round({column}) = 5",
                       f"{column} = 0"],
            "float": [f"isnan({column})", f"{column} > 20", f"{column} = 2.5::DOUBLE"],
            "int": [f"{column} % 7 = 3", f"{column} + 1 > 200", f"-{column} = 5",
                    f"{column}::VARCHAR = '5'", f"{column}::BIGINT = 5", f"{column} = 5::DOUBLE",
                    f"{column} IN (SELECT 5)", f"{column} & 1 = 1"],
            "boolean": [column, f"NOT {column}", f"{column} IS TRUE", f"{column} IS NOT TRUE",
                        f"{column} IS DISTINCT FROM false", f"{column} = (id > 100)"],
            "long": [f"{column} < n", f"{column} = n", f"{column} > 5 + 5"],
            "decimal": [f"{column} > n", f"{column}::DOUBLE > 1.5", f"{column} * 2 < 5"],
            "time": [f"hour({column}) < 3"], "uuid": [f"{column}::VARCHAR LIKE '%7'"],
        }[type_]
        choice = r.random()
        if choice < 0.45:
            return f"{column} {r.choice(['=', '<>', '<', '<=', '>', '>=', '!='])} {lit()}"
        if choice < 0.5:
            return f"{lit()} {r.choice(['=', '<', '>='])} {column}"
        if choice < 0.58:
            values = ", ".join(lit() for _ in range(r.randint(1, 5)))
            return f"{column} {r.choice(['', 'NOT '])}IN ({values})"
        if choice < 0.64:
            return f"{column} {r.choice(['', 'NOT '])}BETWEEN {lit()} AND {lit()}"
        if choice < 0.72:
            return f"{column} IS {r.choice(['', 'NOT '])}NULL"
        if choice < 0.75:
            return f"{column} IS {r.choice(['', 'NOT '])}DISTINCT FROM {lit()}"
        if choice < 0.78:
            return f"coalesce({column}, {lit()}) = {lit()}"
        return r.choice(special)

    def condition(self, depth=0):
        r = self.rng
        choice = r.random()
        if depth >= 3 or choice < (0.35, 0.5, 0.75)[min(depth, 2)]:
            return self.term()
        if choice < 0.9:
            word = r.choice([" AND ", " OR "])
            return "(" + word.join(self.condition(depth + 1)
                                   for _ in range(r.randint(2, 3))) + ")"
        return f"(NOT {self.condition(depth + 1)})"

    def statement(self):
        r = self.rng
        first, second = r.sample(list(TABLES), 2)
        choice = r.random()
        if choice < 0.8:
            return f"SELECT id FROM {first} WHERE {self.condition()}"
        if choice < 0.85:
            return f"WITH c AS (SELECT * FROM {first}) SELECT id FROM c WHERE {self.condition()}"
        if choice < 0.9:
            return (f"SELECT id FROM {first} WHERE {self.condition()} UNION ALL "
                    f"SELECT id FROM {first} WHERE {self.condition()}")
        if choice < 0.95:
            return (f"SELECT id FROM (FROM {first} WHERE {self.condition()}) WHERE id IN "
                    f"(SELECT id FROM {second} WHERE {self.condition()})")
        join = r.choice(["JOIN", "LEFT JOIN", "SEMI JOIN", "ANTI JOIN"])
        return (f"SELECT c.id FROM (FROM {first} WHERE {self.condition()}) c {join} "
                f"(SELECT id AS id2 FROM {second} WHERE {self.condition()}) ON c.id = id2")


def beside(p):
    """DuckDB with views over the files themselves; each table once over all of its files."""
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'; CREATE SCHEMA m")
    for name in TABLES:
        files = ", ".join("'" + f.replace("'", "''") + "'" for f in data_files(p.lake, name))
        db.execute(f"CREATE TABLE {name} AS FROM read_parquet([{files}], "
                   "hive_partitioning = false)")
    return db


def check_random(p, seed, count):
    conditions = Conditions(random.Random(seed))
    db = beside(p)
    statements, wanted = [], []
    while len(statements) < count:
        statement = conditions.statement()
        try:
            found = sorted(r[0] for r in db.execute(statement).fetchall())
        except duckdb.Error:  # this one means nothing, 5 = 'é' or the like
            continue
        statements.append(statement)
        wanted.append(found)
    total = opened = pruned = 0
    for args in ((), ("--no-prune",)):
        for i, (found, stats) in enumerate(answers(p, statements, *args)):
            same(found, wanted[i], f"seed {seed} {args} {statements[i]}\n")
            for s in stats if not args else ():
                total += s["files_total"]
                opened += s["files_opened"]
                pruned += s["files_opened"] < s["files_total"]
    return total, opened, pruned, sum(1 for w in wanted if w)


@suite.case
def zeros_of_both_signs():
    """-0.0 equals 0.0 in SQL.  The engine keeps both as one entry of a column's dictionary, with
    the sign of the first, and fills the Parquet bloom filter with the bits of that one: a filter
    for such a column hides rows from every reader that looks into it."""
    p = Project()
    for type_ in ("float", "double"):
        p.model(f"m.{type_}", f"SELECT i AS id, CASE i % 3 WHEN 0 THEN '-0.0' WHEN 1 THEN "
                f"'0.0' ELSE '5' END::{type_} AS x FROM range(300) t(i)")
    p.run()
    filters = [r for t in ("m.float", "m.double") for f in data_files(p.lake, t)
               for r in duckdb.sql("SELECT bloom_filter_offset FROM parquet_metadata("
                                   f"'{f}') WHERE path_in_schema = 'x'").fetchall() if r[0]]
    same(filters, [])
    zeros = [i for i in range(300) if i % 3 < 2]
    for type_ in ("float", "double"):
        cases = ["x = 0", "x = -0.0", "x IN (0, 7)", "x <= 0", "x >= 0 AND x < 1", "NOT x <> 0"]
        for args in ((), ("--no-prune",)):
            found = answers(p, [f"SELECT id FROM m.{type_} WHERE {c}" for c in cases], *args)
            for where, (ids, _) in zip(cases, found):
                same(ids, zeros, f"{type_} {where} {args}")


@suite.case
def random_conditions():
    """500 of them over seven tables, 2,000 with --full."""
    p = Project()
    for name, partition in TABLES.items():
        head = f"/* firn\npartition: {partition}\n*/\n" if partition else ""
        p.model(name, head + ROWS)
    p.run()
    count = 2000 if FULL else 500
    total, opened, pruned, with_rows = check_random(p, SEED, count)
    note(f"{count} conditions: {with_rows} found rows, {pruned} pruned, "
         f"{opened} of {total} files opened")
    assert with_rows > count // 2 and pruned > count // 10, (with_rows, pruned)


@suite.case
def random_conditions_after_evolution():
    """The same where files have other schemas: ids prune, not names, and a column that a file does
    not have is null there."""
    from firnlab import table
    from pyiceberg.types import DoubleType, IntegerType, LongType
    p = Project('{from: "drop.*.json", into: raw.t, columns: {id: long, a: int, b: int, f: float}}')

    def land(name, rows):
        p.write(f"{name}.json", "".join(json.dumps(r) + "\n" for r in rows))
        p.run()
    land("0", [{"id": i, "a": i, "b": -i, "f": i / 2} for i in range(100)])
    with table(p.lake, "raw.t").update_schema() as u:  # a and b change their names
        u.rename_column("a", "tmp").rename_column("b", "other")
    with table(p.lake, "raw.t").update_schema() as u:
        u.rename_column("tmp", "b").rename_column("other", "a")
    with table(p.lake, "raw.t").update_schema() as u:
        u.update_column("b", LongType())
        u.update_column("f", DoubleType())
        u.add_column("c", IntegerType())
    other = table(p.lake, "raw.t")
    import pyarrow as pa
    stamp = other.scan().to_arrow()["x_loaded_at"][0]
    other.append(pa.table({
        "id": pa.array(range(100, 200), pa.int64()),
        "b": pa.array(range(2**40, 2**40 + 100), pa.int64()),
        "a": pa.array(range(100), pa.int32()), "f": pa.array([float("nan")] * 100, pa.float64()),
        "x_loaded_at": pa.array([stamp.as_py()] * 100, pa.timestamp("us", "UTC")),
        "c": pa.array(range(100), pa.int32())}, schema=other.schema().as_arrow()).select(
            other.schema().column_names))
    rows = [{"id": i, "b": i, "a": -i, "f": i / 2, "c": None} for i in range(100)]
    rows += [{"id": i, "b": 2**40 + i - 100, "a": i - 100, "f": float("nan"), "c": i - 100}
             for i in range(100, 200)]
    cases = {
        "b > 1000000": (lambda r: r["b"] > 10**6, 1), "b = 5": (lambda r: r["b"] == 5, 1),
        "a < 0": (lambda r: r["a"] < 0, 1), "a = -5": (lambda r: r["a"] == -5, 1),
        "a = 5": (lambda r: r["a"] == 5, 1), "c IS NULL": (lambda r: r["c"] is None, 1),
        # nothing is known of a column that a file does not have: it is opened
        "c IS NOT NULL": (lambda r: r["c"] is not None, 2), "c = 7": (lambda r: r["c"] == 7, 2),
        "c < 0": (lambda r: False, 1), "f > 1000": (lambda r: r["id"] >= 100, 1),
        "f <= 1.5": (lambda r: r["f"] <= 1.5, 2), "f IS NULL": (lambda r: False, 0),
        "f = 'nan'::DOUBLE": (lambda r: r["id"] >= 100, 2), "b < 2147483648": (
            lambda r: r["b"] < 2**31, 1), "b >= 2147483648": (lambda r: r["b"] >= 2**31, 1)}
    statements = [f"SELECT id FROM raw.t WHERE {c}" for c in cases]
    for args in ((), ("--no-prune",)):
        for (where, (test, most)), (found, stats) in zip(cases.items(),
                                                         answers(p, statements, *args)):
            same(found, [r["id"] for r in rows if test(r)], f"{where} {args}")
            assert args or stats[0]["files_opened"] <= most, f"{where}: {stats}"


suite.end()

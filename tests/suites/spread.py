#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel timeout=300 needs=venv
"""Rows in no order into many partitions: few files, all rows, whatever the memory.

Peaks of memory are measured by `bench/run partitions`; here --memory is small, so that a plan that
does not hold ends in an error."""
import collections
import datetime
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import FULL, Project, Suite, data_files, note, same  # noqa: E402

suite = Suite()
STRIDE = 7919  # shares no factor with the counts: neighbours fall into different partitions
TEXT = "a text that is long enough to count "


def scattered(rows, partitions, more="", first=0):
    """A CSV file whose rows fall into `partitions` days in no order."""
    epoch = datetime.date(1990, 1, 1).toordinal()
    days = [datetime.date.fromordinal(epoch + d).isoformat() for d in range(partitions)]
    body = "\n".join(f"{i},{days[i * STRIDE % partitions]},{TEXT}{i % 977}"
                     for i in range(first, first + rows))
    return f"id,day,words\n{more}{body}\n"


def wanted(rows, partitions):
    """How many rows each day gets."""
    return collections.Counter(i * STRIDE % partitions for i in range(rows))


def check(p, name, rows, partitions):
    epoch = datetime.date(1990, 1, 1)
    found = p.sql(f"SELECT day, count(*) AS n, count(DISTINCT id) AS d FROM {name} GROUP BY day")
    days = {(datetime.date.fromisoformat(r["day"]) - epoch).days: r["n"] for r in found}
    same(days, dict(wanted(rows, partitions)))
    same(sum(r["d"] for r in found), rows, "different ids")
    files = data_files(p.lake, name)
    assert partitions <= len(files) <= 2 * partitions, f"{len(files)} files"
    note(f"{rows} rows, {partitions} partitions, {len(files)} files")


def land(rows, partitions, *args):
    p = Project("{from: drop.r.csv, into: raw.t, partition: [day]}", name=f"land-{partitions}")
    p.write("r.csv", scattered(rows, partitions))
    p.run(*args)
    check(p, "raw.t", rows, partitions)
    return p


@suite.case
def hundred_partitions():
    land(600_000, 100, "--memory", "256MB")


@suite.case
def thousand_partitions():
    land(600_000, 1000, "--memory", "256MB")


@suite.case
def nearly_all_rows_in_partitions_of_their_own():
    if FULL:
        land(200_000, 10_000, "--memory", "256MB")
    else:
        land(10_000, 3_000, "--memory", "256MB")


@suite.case
def models():
    rows = 600_000
    p = Project("{from: drop.r.csv, into: raw.t}")
    p.write("r.csv", scattered(rows, 1000))
    p.model("c.many", "/* firn\npartition: [day]\n*/\nSELECT * FROM raw.t")
    p.run("--memory", "256MB")
    check(p, "c.many", rows, 1000)


@suite.case
def first_rows_are_of_one_day():
    """What the look at the first rows promises does not hold for the others."""
    rows, partitions = 600_000, 1000
    same_day = "".join(f"-{i},1989-12-31,{TEXT}\n" for i in range(1, 400_001))
    p = Project("{from: drop.r.csv, into: raw.t, partition: [day]}")
    p.write("r.csv", scattered(rows, partitions, same_day))
    p.run("--memory", "256MB")
    (found,) = p.sql("SELECT count(*) AS n, count(DISTINCT id) AS d, count(DISTINCT day) AS p "
                     "FROM raw.t")
    same(found, {"n": rows + 400_000, "d": rows + 400_000, "p": partitions + 1})


@suite.case
def columns_grow_behind_the_first_rows():
    p = Project("{from: drop.*.jsonl, into: raw.t, partition: [p]}")
    def head(count):
        return "".join(f'{{"p":"{i % 7}","a":{i},"t":"{TEXT}"}}\n' for i in range(count))

    tail = "".join(f'{{"p":"{i % 7}","a":{i},"b":true}}\n' for i in range(100))
    p.write("r1.jsonl", head(1_200_000) + tail)  # more than is looked at before a table is made
    p.run()
    (found,) = p.sql("SELECT count(*) AS n, sum(a) AS s, count(b) AS b, count(t) AS t FROM raw.t")
    same((found["n"], int(found["s"]), found["b"], found["t"]),
         (1_200_100, sum(range(1_200_000)) + sum(range(100)), 100, 1_200_000))
    p.write("r2.jsonl", head(200_000) + tail.replace('"b"', '"c"'))
    p.run()
    (found,) = p.sql("SELECT count(*) AS n, count(b) AS b, count(c) AS c, count(t) AS t FROM raw.t")
    same(found, {"n": 1_400_200, "b": 100, "c": 100, "t": 1_400_000})


@suite.case
def folder_with_the_signs_of_a_glob():
    p = Project("{from: drop.r.csv, into: raw.t, partition: [day]}", name="a[1]*b")
    p.write("r.csv", scattered(5_000, 2_000))
    p.run()
    check(p, "raw.t", 5_000, 2_000)


suite.end()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: ci parallel needs=venv timeout=900
"""Very many files and snapshots: which manifests a plan reads, which files it finds, and that
PyIceberg finds the same.  The tables are tests/tools/manytool.c's: 50,000 files, with --full
1,000,000.  Times and memory are bench/run's matter."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (FULL, ROOT, TMP, Project, Suite, contains, lines, note,  # noqa: E402
                     rows, same)

suite = Suite()

from pyiceberg.table import StaticTable  # noqa: E402

from icelab import manifests, metadata_of  # noqa: E402

BUILD = pathlib.Path(os.environ.get("FIRN_BUILD") or ROOT / "build")
FILES = 1_000_000 if FULL else 50_000
PER = FILES // 12  # 13 manifests, the newest a small one
DAY = FILES // 1000
made = {}


def tool(*args, want=0):
    done = subprocess.run([BUILD / "tests/unit/manytool", *map(str, args)], capture_output=True,
                          text=True, check=False)
    same(done.returncode, want, done.stderr)
    return done


def many(kind):
    """The metadata file of a table with very many files."""
    if kind not in made:
        folder = TMP / f"many-{kind}"
        (folder / "metadata").mkdir(parents=True)
        made[kind] = tool("make", folder, kind, FILES, PER).stdout.strip()
    return made[kind]


def plan(kind, *conditions):
    return json.loads(tool("plan", many(kind), *conditions).stdout)


def counts(found):
    return {k: found[k] for k in ("files", "files_total", "manifests_total", "manifests_read")}


def of(files, read, total=13):
    return {"files": files, "files_total": FILES, "manifests_total": total, "manifests_read": read}


@suite.case
def a_day():
    """The partition leaves out manifests, and files of those that are read."""
    day = ("ts", ">=", "2020-01-11 00:00:00+00", "ts", "<", "2020-01-12 00:00:00+00")
    found = plan("days", *day)
    same(counts(found), of(DAY, 1))
    same(found["rows"], DAY * 1000)
    contains(found["first"], "/data/ts_day=2020-01-11/")
    # the last day of one manifest and the first ones of the next: 1000 / 12 days each
    edge = ("ts", ">=", "2020-03-24 00:00:00+00", "ts", "<", "2020-03-26 00:00:00+00")
    found = plan("days", *edge)
    same(counts(found), of(2 * DAY, 2))
    hour = ("ts", ">=", "2020-01-11 05:00:00+00", "ts", "<", "2020-01-11 06:00:00+00")
    found = plan("days", *hour)
    assert DAY // 24 <= found["files"] <= DAY // 24 + 1, found
    same(found["manifests_read"], 1)


@suite.case
def a_column_that_is_no_partition():
    """All manifests are read, and the bounds decide."""
    for i in (0, 1, FILES // 2, FILES - 1):
        found = plan("ids", "id", "=", i * 1000 + 500)
        same(counts(found), of(1, 13), f"file {i}")
        contains(found["first"], f"/{i % 100000:05}-")
    same(plan("ids", "id", "<", 123000)["files"], 123)
    same(plan("ids", "id", ">=", (FILES - 7) * 1000)["files"], 7)
    same(plan("ids", "id", "=", -1)["files"], 0)
    same(counts(plan("ids", "day", "=", "2020-02-01")), of(DAY, 13))
    both = plan("ids", "id", ">=", DAY * 5000, "day", "<", "2020-01-11")
    same(both["files"], DAY * 5)


@suite.case
def everything():
    """In the order of the manifests, at every run, whatever the threads do."""
    first = plan("ids")
    same(counts(first), of(FILES, 13))
    same(first["rows"], FILES * 1000)
    contains(first["first"], f"/{12 * PER % 100000:05}-")  # the newest manifest comes first
    for _ in range(5):
        same(plan("ids")["order"], first["order"])
    all_by_filter = plan("ids", "id", ">=", 0)
    same(all_by_filter["order"], first["order"])
    same(counts(all_by_filter), of(FILES, 13))


@suite.case
def as_pyiceberg():
    """The same files, by the same conditions; it takes its time, so of a million only a day."""
    from pyiceberg.expressions import And, EqualTo, GreaterThanOrEqual, LessThan
    ice = StaticTable.from_metadata(many("days"))
    day = And(GreaterThanOrEqual("ts", "2020-01-11T00:00:00+00:00"),
              LessThan("ts", "2020-01-12T00:00:00+00:00"))
    files = [t.file for t in ice.scan(row_filter=day).plan_files()]
    found = plan("days", "ts", ">=", "2020-01-11 00:00:00+00", "ts", "<", "2020-01-12 00:00:00+00")
    same(len(files), found["files"])
    same(sum(f.record_count for f in files), found["rows"])
    same(sum(f.file_size_in_bytes for f in files), found["bytes"])
    if FULL:
        return
    ice = StaticTable.from_metadata(many("ids"))
    for condition, args in ((EqualTo("id", 123456), ("id", "=", 123456)),
                            (EqualTo("country", "country-03"),
                             ("country", "=", "country-03")),
                            (EqualTo("quantity", 91), ("quantity", "=", 91))):
        files = [t.file.file_path for t in ice.scan(row_filter=condition).plan_files()]
        same(plan("ids", *args)["files"], len(files), str(condition))


@suite.case
def damaged_manifests():
    """The first one in the list is named, whichever thread meets its end first."""
    folder = TMP / "many-damaged"
    (folder / "metadata").mkdir(parents=True)
    path = tool("make", folder, "ids", 40000, 4000).stdout.strip()
    for number in (2, 5, 7):  # the list begins with the highest
        manifest = folder / f"metadata/many-m{number}.avro"
        data = manifest.read_bytes()
        manifest.write_bytes(data[:len(data) // (number + 1)])
    for _ in range(5):
        done = tool("plan", path, want=1)
        contains(done.stderr, "many-m7.avro")
        assert "many-m2" not in done.stderr, done.stderr
    (folder / "metadata/many-m8.avro").unlink()
    contains(tool("plan", path, "id", "=", 1, want=1).stderr, "many-m8.avro")


def with_snapshots(p, count):
    """Gives the table raw.t a long history: copies of its last snapshot."""
    import sqlite3
    metadata = metadata_of(p.lake, "raw.t")
    last, chain = metadata["snapshots"][-1], []
    for k in range(count):
        s = {**last, "snapshot-id": 10**15 + k * 7919, "sequence-number": k + 1}
        s.pop("parent-snapshot-id", None)
        if chain:
            s["parent-snapshot-id"] = chain[-1]["snapshot-id"]
        chain.append(s)
    chain[-1]["snapshot-id"] = last["snapshot-id"]
    metadata |= {"snapshots": chain, "last-sequence-number": count, "snapshot-log": [
        {"timestamp-ms": s["timestamp-ms"], "snapshot-id": s["snapshot-id"]} for s in chain]}
    path = p.lake / "raw/t/metadata/00099-long.metadata.json"
    path.write_text(json.dumps(metadata), encoding="utf-8")
    with sqlite3.connect(p.lake / "catalog.db") as db:
        db.execute("UPDATE iceberg_tables SET metadata_location = ? WHERE table_name = 't'",
                   (f"file://{path}",))


@suite.case
def a_long_history():
    """Landing goes on behind thousands of snapshots: the position is found where it is, older
    metadata is not looked at, and one manifest list is read and written."""
    p = Project("{from: drop.t.*.json, into: raw.t}")
    p.write("t.0.json", lines({"id": 0}))
    p.run()
    count = 10000 if FULL else 2000
    with_snapshots(p, count)
    for older in (p.lake / "raw/t/metadata").glob("*.metadata.json"):
        if "long" not in older.name:
            older.unlink()
    for i in (1, 2, 3):
        p.write(f"t.{i}.json", lines({"id": i}))
        p.run()
    contains(p.run().out, "unchanged")
    metadata = metadata_of(p.lake, "raw.t")
    same(len(metadata["snapshots"]), count + 3)
    same(len(manifests(metadata)), 4)
    same(sorted(r["id"] for r in rows(p.lake, "raw.t")), [0, 1, 2, 3])
    note(f"{count} snapshots")


try:
    suite.end()
finally:
    for kind in made:
        shutil.rmtree(TMP / f"many-{kind}", ignore_errors=True)

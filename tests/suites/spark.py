#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: ci full needs=venv,shared timeout=900
"""Spark at work on firn's tables: its JdbcCatalog opens the same catalog file.  Between two runs,
in the middle of one and at the same time it appends, deletes, compacts, changes columns, expires
and rolls back.  Nothing is lost, doubled or skipped, or SOURCE_LOST says what to do.  Where Spark
comes from: tests/lib/sparklab.py."""
import datetime
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import crashlab  # noqa: E402
import firnlab  # noqa: E402
from crashlab import hold, release  # noqa: E402
from firnlab import TMP, Skip, Suite, lines, multiset, note, same  # noqa: E402
from lakelab import Lake, lake, refused  # noqa: E402
from sparklab import Spark  # noqa: E402

suite = Suite()
started = []


def spark(p, create=False):
    """The one Spark, with the catalog of this warehouse; `create`: it makes the catalog."""
    if not started:
        try:
            started.append(Spark(TMP / "spark.log"))
        except Skip as why:
            started.append(why)
    if isinstance(started[0], Skip):
        raise started[0]
    started[0].open(p.lake, create)
    return started[0]


def append(s, p, first, count=50):
    given = {"id": "id", "text": "'theirs'", "x_loaded_at": "now()"}
    values = ", ".join(given.get(name, "NULL") for name in firnlab.types(p.lake, "raw.t"))
    s.sql(f"INSERT INTO lake.raw.t SELECT {values} FROM range({first}, {first + count})")
    p.theirs += range(first, first + count)


def check(s, p, **more):
    """As Lake.check; Spark reads the same rows."""
    p.check(**more)
    same(sorted(r["id"] for r in s.sql("SELECT id FROM lake.raw.t")), sorted(p.mine + p.theirs),
         "Spark reads")
    found = [(row["n"], int(row["total"])) for row in s.sql("SELECT * FROM lake.curated.m")]
    same(found, [(len(p.mine + p.theirs), sum(p.mine + p.theirs))], "Spark reads the model")


def ids(p):
    """The ids that firn reads."""
    told = json.loads(p.firn("sql", "SELECT id FROM raw.t ORDER BY id", "-o", "json", want=0).out)
    return [row["id"] for row in told]


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")


def expire(s):
    s.sql(f"CALL lake.system.expire_snapshots(table => 'raw.t', retain_last => 1, "
          f"older_than => TIMESTAMP '{now()}')")


def rollback(s, snapshot):
    s.sql(f"CALL lake.system.rollback_to_snapshot('raw.t', {snapshot})")


def current(p):
    return p.table().current_snapshot().snapshot_id


# --- one catalog file ---------------------------------------------------------------------------

@suite.case
def reads_types():
    """Nested documents, decimals, dates, partitions: Spark reads what PyIceberg reads."""
    lab = crashlab.Lab(TMP / "types")
    crashlab.run(lab.folder, want=3)
    s = spark(lab)
    note(f"Spark {s.version}")
    for name in ("raw.events", "raw.places", "raw.rates", "curated.by_kind", "curated.rated"):
        wanted = firnlab.rows(lab.lake, name)
        found = [{k: v for k, v in row.items() if k != "x_loaded_at"}
                 for row in s.sql(f"SELECT * FROM lake.{name}")]
        assert multiset(map(as_text, found)) == multiset(map(as_text, wanted)), name


def as_text(value):
    if isinstance(value, dict):
        return {k: as_text(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_text(v) for v in value]
    return value if value is None else str(value)


@suite.case
def appends():
    """Both append in turn, and firn lands only what is new."""
    p = lake("appends")
    s = spark(p)
    for i in range(3):
        append(s, p, 900000 + i * 1000)
        p.drop()
        same(p.landed(), 1)
    check(s, p, snapshots=7)


@suite.case
def appends_in_the_middle():
    p = lake("middle")
    s = spark(p)
    p.drop()
    first = hold(p.folder, "commit.before_swap")
    append(s, p, 900000)
    end = release(first)
    same((end.exit, crashlab.error_lines(end.err)), (0, []), end.err)
    check(s, p, snapshots=3)


@suite.case
def appends_at_the_same_time():
    """Both commit as fast as they can; Spark tries again when it was too late."""
    p = lake("same-time")
    s = spark(p)
    refused_first, wrong = [0], []

    def others():
        for i in range(6):
            for _ in range(20):
                try:
                    append(s, p, 900000 + i * 1000)
                    break
                except AssertionError as error:
                    if "Commit" not in str(error) and "locked" not in str(error):
                        wrong.append(error)
                    refused_first[0] += 1
                    time.sleep(0.1)

    thread = threading.Thread(target=others)
    thread.start()
    runs = 0
    while thread.is_alive() or runs < 3:
        p.drop(20)
        same(p.landed(), 1)
        runs += 1
        time.sleep(1)  # firn needs a tenth of the time that Spark needs for a commit: leave it some
    thread.join()
    same((wrong, len(p.theirs)), ([], 300))
    note(f"{runs} runs, 6 appends, {refused_first[0]} of them refused at first")
    check(s, p, snapshots=1 + 6 + runs)


@suite.case
def catalog_of_spark():
    """Spark makes the catalog file and the table; firn lands into it."""
    p = Lake("of-spark")
    p.lake.mkdir()
    s = spark(p, create=True)
    s.sql("CREATE NAMESPACE lake.raw")
    s.sql("CREATE TABLE lake.raw.t (id BIGINT, text STRING) USING iceberg "
          "TBLPROPERTIES ('format-version' = '2')")
    s.sql("INSERT INTO lake.raw.t SELECT id, 'theirs' FROM range(900000, 900050)")
    p.theirs = list(range(900000, 900050))
    p.drop()
    same(p.landed(), 1)
    append(s, p, 901000)
    p.drop()
    same(p.landed(), 1)
    check(s, p, snapshots=4)


# --- rows and columns ---------------------------------------------------------------------------

@suite.case
def deletes():
    """Rows that Spark deletes stay deleted, also in the middle of a run."""
    p = lake("deletes", files=2)
    s = spark(p)
    s.sql("DELETE FROM lake.raw.t WHERE id % 10 = 3")
    p.mine = [i for i in p.mine if i % 10 != 3]
    p.drop()
    first = hold(p.folder, "commit.before_swap")
    s.sql("DELETE FROM lake.raw.t WHERE id % 10 = 4")
    p.mine = [i for i in p.mine if i % 10 != 4 or i >= 3000]
    same(release(first).exit, 0)
    check(s, p)


@suite.case
def deletes_by_position():
    """Spark's delete files are read, before firn's next commit and after it, and compacted away."""
    p = lake("deletes-by-position", files=2)
    s = spark(p)
    s.sql("ALTER TABLE lake.raw.t SET TBLPROPERTIES ('write.delete.mode' = 'merge-on-read')")
    s.sql("DELETE FROM lake.raw.t WHERE id % 10 = 3")
    p.mine = [i for i in p.mine if i % 10 != 3]
    same(ids(p), sorted(p.mine + p.theirs))
    p.drop()
    same(p.landed(), 1)
    same(ids(p), sorted(p.mine + p.theirs))
    s.sql("CALL lake.system.rewrite_data_files(table => 'raw.t', "
          "options => map('rewrite-all', 'true', 'remove-dangling-deletes', 'true'))")
    check(s, p)


@suite.case
def columns():
    """Spark adds columns, one of them in the middle; so does firn."""
    p = lake("columns")
    s = spark(p)
    s.sql("ALTER TABLE lake.raw.t ADD COLUMN theirs DOUBLE AFTER id")
    p.drop()
    same(p.landed(), 1)
    p.drop()
    first = hold(p.folder, "commit.before_swap")
    s.sql("ALTER TABLE lake.raw.t ADD COLUMN more STRING")
    same(release(first).exit, 0)
    p.files += 1
    p.write("a/more.json", lines({"id": 1, "text": "t", "ours": [1, 2]}))
    p.mine.append(1)
    same(p.landed(), 1)
    append(s, p, 900000)
    check(s, p, snapshots=5)


# --- upkeep -------------------------------------------------------------------------------------

def compact(s):
    found = s.sql("CALL lake.system.rewrite_data_files(table => 'raw.t', "
                  "options => map('min-input-files', '2'))")
    assert found[0]["rewritten_data_files_count"] >= 2, found
    s.sql("CALL lake.system.rewrite_manifests('raw.t')")


@suite.case
def compacts():
    """Between two runs, and in the middle of one."""
    p = lake("compacts")
    s = spark(p)
    for _ in range(3):
        p.drop()
        p.run()
    compact(s)
    p.drop()
    same(p.landed(), 1)
    p.drop()
    first = hold(p.folder, "commit.before_swap")
    compact(s)
    same(release(first).exit, 0)
    check(s, p)


@suite.case
def expires_to_one_snapshot():
    """After compaction and appends: the tag keeps what firn must know."""
    p = lake("expires", files=2)
    s = spark(p)
    p.drop()
    p.run()
    compact(s)
    append(s, p, 900000)
    expire(s)
    assert len(p.table().metadata.snapshots) == 2, p.table().metadata.snapshots
    p.drop()
    same(p.landed(), 1)
    expire(s)
    same(len(p.table().metadata.snapshots), 1)
    p.drop()
    same(p.landed(), 1)
    check(s, p)


@suite.case
def lost():
    """The chain is cut, and the table keeps one older metadata file only: SOURCE_LOST, and
    --accept-position settles it."""
    p = lake("lost", files=2)
    s = spark(p)
    stamped = current(p)
    s.sql("ALTER TABLE lake.raw.t SET TBLPROPERTIES ('write.metadata.previous-versions-max' = '1',"
          " 'write.metadata.delete-after-commit.enabled' = 'true')")
    append(s, p, 900000)
    append(s, p, 901000)
    expire(s)
    s.sql("ALTER TABLE lake.raw.t SET TBLPROPERTIES ('a' = 'b')")
    p.drop()
    refused(p, f"tag 'firn' names snapshot {stamped}", f"--accept-position {stamped}",
            "--full-refresh")
    same(p.landed("--accept-position", stamped), 1)
    check(s, p)


# --- rolling back -------------------------------------------------------------------------------

@suite.case
def rolls_back():
    """What was taken away is landed again; also when it happens in the middle of a run."""
    p = lake("rolls-back")
    s = spark(p)
    start = current(p)
    p.drop()
    p.run()
    append(s, p, 900000)
    rollback(s, start)
    p.theirs = []
    p.drop()
    same(p.landed(), 2)
    check(s, p)
    p.drop()
    first = hold(p.folder, "commit.before_swap")
    rollback(s, start)
    assert release(first).exit in (0, 1)
    p.run()
    check(s, p)


@suite.case
def rolls_back_and_expires():
    """What was rolled back is expired too: only the first landing is left."""
    p = lake("rolls-back-expires")
    s = spark(p)
    start = current(p)
    p.drop()
    p.run()
    rollback(s, start)
    s.sql("ALTER TABLE lake.raw.t DROP TAG firn")
    expire(s)
    same([x.snapshot_id for x in p.table().metadata.snapshots], [start])
    same(p.landed(), 1)
    check(s, p)


try:
    suite.end()
finally:
    if started and isinstance(started[0], Spark):
        started[0].end()

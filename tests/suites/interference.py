#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=900
"""PyIceberg at work on firn's tables, through the same catalog file, between two runs and in the
middle of one: it appends, deletes, replaces, adds columns, expires, rolls back.  Nothing is lost,
doubled or skipped; or firn says that it cannot know, and what it advises then works."""
import pathlib
import sqlite3
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import crashlab  # noqa: E402
import firnlab  # noqa: E402
from crashlab import hold, release  # noqa: E402
from firnlab import Suite, contains, note, same  # noqa: E402
from lakelab import Lake, expire, forget, lake, refused  # noqa: E402

suite = Suite()
# --- rows ---------------------------------------------------------------------------------------

@suite.case
def appends_between_runs():
    p = lake("appends")
    for i in range(3):
        p.append(900000 + i * 1000)
        p.drop()
        same(p.landed(), 1)
    p.check(snapshots=7)


@suite.case
def appends_in_the_middle():
    """firn has prepared its commit when PyIceberg's comes: it is put on top of it."""
    p = lake("middle")
    for i, point in enumerate(("commit.before_swap", "commit.before_manifest",
                               "write.before_copy")):
        p.drop()
        first = hold(p.folder, point)
        p.append(900000 + i * 1000)
        end = release(first)
        same((end.exit, crashlab.error_lines(end.err)), (0, []), end.err)
    p.check(snapshots=7)


@suite.case
def appends_at_the_same_time():
    """Both commit as fast as they can."""
    from pyiceberg.exceptions import CommitFailedException
    p = lake("same-time")
    refused = [0]

    def others():
        for i in range(12):
            while True:
                try:
                    p.append(900000 + i * 1000)
                    break
                except CommitFailedException:
                    refused[0] += 1

    thread = threading.Thread(target=others)
    thread.start()
    runs = 0
    while thread.is_alive() or runs < 4:
        p.drop(20)
        same(p.landed(), 1)
        runs += 1
    thread.join()
    same(len(p.theirs), 12 * 50, "appends of PyIceberg")
    note(f"{runs} runs, 12 appends, {refused[0]} of them refused at first")
    p.check(snapshots=1 + 12 + runs)


@suite.case
def deletes():
    """Rows that others delete stay deleted, also when it happens in the middle of a run."""
    p = lake("deletes", files=2)
    p.table().delete("id < 1010")
    p.mine = [i for i in p.mine if i >= 1010]
    new = p.drop()
    first = hold(p.folder, "commit.before_swap")
    p.table().delete("id >= 2090 and id < 2100")
    p.mine = [i for i in p.mine if not 2090 <= i < 2100]
    same(release(first).exit, 0)
    assert set(new) <= set(p.mine)
    p.check(snapshots=4)


@suite.case
def overwrites():
    """PyIceberg puts other rows in the place of all: firn goes on with what is new."""
    p = lake("overwrites", files=2)
    p.table().overwrite(p.rows_of(range(900000, 900010)))
    p.mine, p.theirs = [], list(range(900000, 900010))
    p.nothing_new()
    p.drop()
    same(p.landed(), 1)
    p.check()


# --- schema -------------------------------------------------------------------------------------

@suite.case
def columns():
    """A column more, between runs and in the middle of one."""
    from pyiceberg.types import StringType
    p = lake("columns")
    for i, held in enumerate((False, True)):
        p.drop()
        first = hold(p.folder, "commit.before_swap") if held else None
        with p.table().update_schema() as update:
            update.add_column(f"theirs_{i}", StringType())
        if first:
            same(release(first).exit, 0)
        else:
            same(p.landed(), 1)
        p.append(900000 + i * 1000)
    p.check(snapshots=5)
    same({r["theirs_0"] for r in p.rows("raw.t")}, {None})


# --- expiry -------------------------------------------------------------------------------------

@suite.case
def expires_to_one_snapshot():
    """The tag keeps the newest stamped snapshot; what was landed is known."""
    p = lake("expires", files=2)
    p.drop()
    p.run()
    p.append(900000)
    p.append(901000)
    expire(p)
    same(len(p.table().metadata.snapshots), 2)
    p.drop()
    same(p.landed(), 1)
    p.check()


@suite.case
def expires_without_the_tag():
    """Only an unstamped snapshot is left: older metadata files tell."""
    p = lake("no-tag", files=2)
    p.append(900000)
    p.table().manage_snapshots().remove_tag("firn").commit()
    expire(p)
    same(len(p.table().metadata.snapshots), 1)
    p.drop()
    same(p.landed(), 1)
    p.check()


@suite.case
def lost_beyond_the_tag():
    """The chain from main to the tag is cut, and no older metadata tells: SOURCE_LOST names both,
    and --accept-position settles it."""
    p = lake("lost", files=2)
    stamped = p.table().current_snapshot().snapshot_id
    p.append(900000)
    p.append(901000)
    expire(p)
    forget(p)
    p.drop()
    refused(p, f"tag 'firn' names snapshot {stamped}", f"--accept-position {stamped}",
            "--full-refresh")
    same(p.landed("--accept-position", stamped), 1)
    p.check()


@suite.case
def lost_without_the_tag():
    """No stamp is left at all: --full-refresh, as advised, lands everything anew."""
    p = lake("lost-all", files=2)
    p.append(900000)
    p.table().manage_snapshots().remove_tag("firn").commit()
    expire(p)
    forget(p)
    p.drop()
    refused(p, "there is no tag 'firn'", "--full-refresh")
    same(p.landed("--full-refresh"), 3)
    p.theirs = []
    p.check()


# --- rolling back -------------------------------------------------------------------------------

@suite.case
def rolls_back():
    """The position goes back with the rows: what was taken away is landed again."""
    p = lake("rolls-back")
    first = p.table().current_snapshot().snapshot_id
    p.drop()
    p.run()
    p.append(900000)
    p.table().manage_snapshots().rollback_to_snapshot(first).commit()
    p.theirs = []
    same(len(p.rows("raw.t")), 100)
    p.drop()
    same(p.landed(), 2)
    p.check()


@suite.case
def rolls_back_in_the_middle():
    """firn's append was prepared on rows that are taken away: they are landed again."""
    p = lake("rolls-back-middle")
    start = p.table().current_snapshot().snapshot_id
    p.drop()
    p.run()
    p.drop()
    first = hold(p.folder, "commit.before_swap")
    p.table().manage_snapshots().rollback_to_snapshot(start).commit()
    end = release(first)
    assert end.exit in (0, 1), end
    if end.exit == 1:
        contains(end.err, "error E3004", "run again")
    p.run()
    p.check()


@suite.case
def rolls_back_to_before_firn():
    """To a snapshot of the table's maker, from before anything was landed."""
    p = Lake("before-firn")
    p.drop()
    p.run()
    schema = p.table().schema()
    rows = p.rows_of(range(900000, 900020))
    catalog = firnlab.catalog(p.lake)
    catalog.drop_table("raw.t")
    catalog.create_table("raw.t", schema).append(rows)
    p.theirs = list(range(900000, 900020))
    start = p.table().current_snapshot().snapshot_id
    same(p.landed(), 1)
    p.drop()
    same(p.landed(), 1)
    p.table().manage_snapshots().rollback_to_snapshot(start).commit()
    same(p.landed(), 2)
    p.check()


# --- the catalog --------------------------------------------------------------------------------

@suite.case
def drops_the_table():
    """A table that is gone is landed from the beginning."""
    p = lake("drops", files=2)
    firnlab.catalog(p.lake).drop_table("raw.t")
    p.drop()
    same(p.landed(), 3)
    p.check()


@suite.case
def catalog_of_pyiceberg():
    """A catalog and a table that PyIceberg made; also a catalog of version 0."""
    import pyarrow as pa
    from pyiceberg.schema import Schema
    from pyiceberg.types import LongType, NestedField, StringType
    for version in (1, 0):
        p = Lake(f"of-pyiceberg-{version}")
        p.lake.mkdir()
        if version == 0:
            with sqlite3.connect(p.lake / "catalog.db") as db:
                db.executescript(VERSION_0)
        catalog = firnlab.catalog(p.lake)
        catalog.create_namespace("raw")
        made = catalog.create_table("raw.t", Schema(
            NestedField(1, "id", LongType()), NestedField(2, "text", StringType())))
        made.append(pa.table({"id": range(900000, 900030), "text": ["theirs"] * 30}))
        p.theirs = list(range(900000, 900030))
        p.drop()
        same(p.landed(), 1)
        p.append(901000)
        p.drop()
        same(p.landed(), 1)
        p.check(snapshots=4)
        with sqlite3.connect(p.lake / "catalog.db") as db:
            names = [row[1] for row in db.execute("PRAGMA table_info(iceberg_tables)")]
        same("iceberg_type" in names, version == 1, f"columns {names}")


VERSION_0 = """
CREATE TABLE iceberg_tables (catalog_name VARCHAR(255) NOT NULL,
    table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL,
    metadata_location VARCHAR(1000), previous_metadata_location VARCHAR(1000),
    PRIMARY KEY (catalog_name, table_namespace, table_name));
CREATE TABLE iceberg_namespace_properties (catalog_name VARCHAR(255) NOT NULL,
    namespace VARCHAR(255) NOT NULL, property_key VARCHAR(255) NOT NULL,
    property_value VARCHAR(1000) NOT NULL, PRIMARY KEY (catalog_name, namespace, property_key));
"""


@suite.case
def catalog_is_held():
    """Somebody changes the catalog for a second: firn waits."""
    p = lake("held")
    p.drop()
    db = sqlite3.connect(p.lake / "catalog.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    process = crashlab.popen(p.folder, "run")
    time.sleep(1.2)
    same(process.poll(), None, "it did not wait")
    db.execute("COMMIT")
    db.close()
    same(crashlab.done(process).exit, 0)
    assert time.monotonic() - began < 20
    p.check(snapshots=2)


suite.end()

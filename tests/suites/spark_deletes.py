#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: ci full needs=venv,shared timeout=900
"""Tables that Spark deletes from, updates and merges into, row by row: position deletes (version
2), deletion vectors and row ids (version 3), equality deletes of Iceberg's own Java writers.  firn
reads what Spark reads; appended to by firn, Spark reads what firn wrote.  The version of Iceberg is
that of FIRN_SPARK_JARS; deletion vectors need 1.8 at least."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import crashlab  # noqa: E402
from firnlab import TMP, Project, Skip, Suite, check_tool, lines, same  # noqa: E402
from icelab import metadata_of  # noqa: E402
from lakelab import THEIRS  # noqa: E402
from sparklab import Spark  # noqa: E402

suite = Suite()
started = []
MERGE_ON_READ = ("'write.delete.mode'='merge-on-read','write.update.mode'='merge-on-read',"
                 "'write.merge.mode'='merge-on-read'")


def spark(p):
    if not started:
        try:
            started.append(Spark(TMP / "spark.log"))
        except Skip as why:
            started.append(why)
    if isinstance(started[0], Skip):
        raise started[0]
    started[0].open(p.lake, not (p.lake / "catalog.db").exists())
    return started[0]


def lake(name, version, columns="id INT, k STRING, v INT", more=""):
    p = Project(f"{{from: 'drop.a/*.json', into: raw.{name}}}", name=name)
    p.lake.mkdir()
    s = spark(p)
    s.sql("CREATE NAMESPACE IF NOT EXISTS lake.raw")
    try:
        s.sql(f"CREATE TABLE lake.raw.{name} ({columns}) USING iceberg {more} TBLPROPERTIES "
              f"('format-version'='{version}',{MERGE_ON_READ})")
    except AssertionError as why:
        if version == 3:
            raise Skip(f"this Iceberg makes no table of version 3 ({why})") from None
        raise
    return p, s, f"lake.raw.{name}"


def key(row):
    return [(v is not None, str(v)) for v in row.values()]


def agree(p, s, name, columns="id, k, v", spark_reads=True):
    """firn, Spark and the independent reader find the same rows."""
    mine = sorted(p.sql(f"SELECT {columns} FROM raw.{name}"), key=key)
    if spark_reads:
        same(mine, sorted(s.sql(f"SELECT {columns} FROM lake.raw.{name}"), key=key), name)
    check_tool("agree.py", "--sqlite", p.lake / "catalog.db", "--table", f"raw.{name}")
    return mine


def work(s, t):
    """Changes of all kinds over several files and commits."""
    s.sql(f"INSERT INTO {t} SELECT CAST(id AS INT), CONCAT('k', id % 7), CAST(id % 10 AS INT) "
          "FROM range(0, 5000)")
    s.sql(f"INSERT INTO {t} SELECT CAST(id AS INT), CONCAT('k', id % 7), CAST(id % 10 AS INT) "
          "FROM range(5000, 6000)")
    s.sql(f"DELETE FROM {t} WHERE id % 11 = 3")
    s.sql(f"UPDATE {t} SET v = 100 WHERE id BETWEEN 4000 AND 5100 AND id % 2 = 0")
    s.sql(f"MERGE INTO {t} AS t USING (SELECT CAST(id AS INT) AS id FROM range(5900, 6100)) AS n "
          "ON t.id = n.id WHEN MATCHED AND t.id % 3 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET "
          "v = -1 WHEN NOT MATCHED THEN INSERT (id, k, v) VALUES (n.id, 'new', 0)")
    s.sql(f"DELETE FROM {t} WHERE v = 7")


def then_firn(p, s, name):
    """firn appends; the deletes hold, for Spark too."""
    p.write("a/1.json", lines(*({"id": i, "k": "firn", "v": 7} for i in range(9000, 9010))))
    p.run()
    found = agree(p, s, name)
    same(len([r for r in found if r["k"] == "firn"]), 10)
    s.sql(f"DELETE FROM lake.raw.{name} WHERE id = 9003")
    same(len(agree(p, s, name)), len(found) - 1)
    faultless(p)


def faultless(p):
    """Nothing is to be said of what firn wrote; Spark's own files are as lakelab.py knows them."""
    same(crashlab.tool("lint", "--strict", "--ignore", THEIRS, p.lake / "catalog.db"), [])


@suite.case
def positions():
    p, s, t = lake("mor", 2)
    work(s, t)
    agree(p, s, "mor")
    then_firn(p, s, "mor")


@suite.case
def positions_in_partitions():
    p, s, t = lake("parts", 2, more="PARTITIONED BY (bucket(4, id), k)")
    work(s, t)
    agree(p, s, "parts")
    s.sql(f"ALTER TABLE {t} DROP PARTITION FIELD k")
    s.sql(f"DELETE FROM {t} WHERE id % 13 = 5")
    agree(p, s, "parts")
    then_firn(p, s, "parts")


@suite.case
def vectors():
    p, s, t = lake("dv", 3)
    work(s, t)
    agree(p, s, "dv")
    then_firn(p, s, "dv")


def lineage(p, s, name):
    columns = "id, _row_id AS r, _last_updated_sequence_number AS s"
    mine = p.sql(f"SELECT {columns} FROM raw.{name} ORDER BY id")
    same(mine, s.sql(f"SELECT {columns} FROM lake.raw.{name} ORDER BY id"), name)
    return mine


@suite.case
def row_ids():
    """As Spark has them, through updates, compaction and firn's appends."""
    p, s, t = lake("lineage", 3)
    work(s, t)
    try:
        s.sql(f"SELECT _row_id FROM {t} LIMIT 1")
    except AssertionError as why:
        raise Skip(f"this Iceberg reads no row ids ({why})") from None
    lineage(p, s, "lineage")
    p.write("a/1.json", lines(*({"id": i, "k": "firn", "v": 7} for i in range(9000, 9010))))
    p.run()
    before = lineage(p, s, "lineage")
    same(len({r["r"] for r in before}), len(before))
    s.sql("CALL lake.system.rewrite_data_files(table => 'raw.lineage', "
          "options => map('rewrite-all', 'true'))")
    same([r["r"] for r in lineage(p, s, "lineage")], [r["r"] for r in before])


@suite.case
def keys():
    """Equality deletes of Iceberg's own writers."""
    p, s, t = lake("keys", 2)
    work(s, t)
    s.ask({"equality": {"table": t, "columns": ["id"], "rows": [[i] for i in range(0, 6000, 5)]}})
    s.ask({"equality": {"table": t, "columns": ["k", "v"], "rows": [["k1", 3], ["k2", None]]}})
    s.sql(f"INSERT INTO {t} VALUES (10, 'k1', 3)")
    same(agree(p, s, "keys").count({"id": 10, "k": "k1", "v": 3}), 1)
    s.sql(f"ALTER TABLE {t} RENAME COLUMN v TO value")
    agree(p, s, "keys", "id, k, value")
    wanted = agree(p, s, "keys", "id, k")
    s.sql(f"ALTER TABLE {t} DROP COLUMN value")
    # Iceberg 1.10's own reader knows no key that was dropped
    same(agree(p, s, "keys", "id, k", spark_reads=False), wanted)


@suite.case
def upgraded():
    """Position deletes of version 2, then vectors: Spark upgrades, firn appends in between."""
    p, s, t = lake("up", 2)
    work(s, t)
    p.firn("alter", "raw.up", "set", "format-version=3", want=0)
    same(metadata_of(p.lake, "raw.up")["format-version"], 3)
    then_firn(p, s, "up")


@suite.case
def made_by_firn():
    """A table of version 3 that firn made is one for Spark."""
    p = Project("{from: 'drop.a/*.json', into: raw.made, format_version: 3}")
    p.write("a/1.json", lines(*({"id": i, "k": f"k{i}", "v": i % 10} for i in range(100))))
    p.run()
    s = spark(p)
    agree(p, s, "made")
    s.sql("ALTER TABLE lake.raw.made SET TBLPROPERTIES (" + MERGE_ON_READ + ")")
    s.sql("DELETE FROM lake.raw.made WHERE v = 3")
    s.sql("UPDATE lake.raw.made SET v = 50 WHERE v = 4")
    p.write("a/2.json", lines({"id": 500, "k": "x", "v": 3}))
    p.run()
    same(len(agree(p, s, "made")), 91)
    faultless(p)


suite.end()
if started and not isinstance(started[0], Skip):
    started[0].end()

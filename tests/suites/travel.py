#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: ci parallel needs=venv timeout=300
"""Earlier states of tables in statements and models, in every form that people type; tables in no
catalog; long names.  What the rows are says PyIceberg, which wrote them."""
import datetime
import gzip
import json
import pathlib
import shutil
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (FULL, TMP, Project, Skip, Suite, catalog, close_catalogs,  # noqa: E402
                     contains, firn, multiset, path_of, same, table)

suite = Suite()

import pyarrow as pa  # noqa: E402
from pyiceberg.partitioning import PartitionField, PartitionSpec  # noqa: E402
from pyiceberg.schema import Schema  # noqa: E402
from pyiceberg.table import StaticTable  # noqa: E402
from pyiceberg.transforms import IdentityTransform  # noqa: E402
from pyiceberg.types import DateType, LongType, NestedField, StringType  # noqa: E402

LAKE = TMP / "lake"
DAY = datetime.date
UTC = datetime.timezone.utc
# When the four snapshots of raw.events were made, as the metadata says.
TIMES = [datetime.datetime(2026, 10, 30, 23, 30, tzinfo=UTC),
         datetime.datetime(2026, 11, 1, 10, 0, tzinfo=UTC),
         datetime.datetime(2026, 11, 1, 10, 0, 0, 500000, tzinfo=UTC),
         datetime.datetime(2026, 11, 2, 0, 0, tzinfo=UTC)]


# --- the tables ---------------------------------------------------------------------------------

def batch(n, *days):
    return pa.table({"id": pa.array([n * 10 + i for i in range(len(days))], pa.int64()),
                     "day": pa.array(days, pa.date32()),
                     "kind": [f"k{n}" for _ in days]})


def rewrite_times(t, times):
    """Lets the metadata say that the snapshots of main were made at these times."""
    path = pathlib.Path(path_of(t.metadata_location))
    m = json.loads(path.read_text(encoding="utf-8"))
    ids = {entry["snapshot-id"]: int(when.timestamp() * 1000)
           for entry, when in zip(m["snapshot-log"], times)}
    for item in m["snapshots"] + m["snapshot-log"]:
        item["timestamp-ms"] = ids.get(item["snapshot-id"], int(times[-1].timestamp() * 1000))
    m["metadata-log"] = []
    m["last-updated-ms"] = int(times[-1].timestamp() * 1000)
    path.write_text(json.dumps(m), encoding="utf-8")


def make_events(lake, name="raw.events"):
    """Two appends, a renamed column, another append, a deletion; tags and a branch."""
    c = catalog(lake)
    c.create_namespace_if_not_exists(tuple(name.split(".")[:-1]))
    schema = Schema(NestedField(1, "id", LongType()), NestedField(2, "day", DateType()),
                    NestedField(3, "kind", StringType()))
    spec = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "day"))
    t = c.create_table(tuple(name.split(".")), schema, partition_spec=spec)
    t.append(batch(1, DAY(2026, 10, 1), DAY(2026, 10, 2)))
    t.append(batch(2, DAY(2026, 10, 2), DAY(2026, 10, 3)))
    with t.update_schema() as change:
        change.rename_column("kind", "sort")
        change.add_column("note", StringType())
    t.append(batch(3, DAY(2026, 10, 3)).rename_columns(["id", "day", "sort"]))
    t.delete("day = '2026-10-01'")
    ids = [entry.snapshot_id for entry in t.metadata.snapshot_log]
    t.manage_snapshots().create_tag(ids[0], "v1").create_tag(ids[1], "end-of-october") \
        .create_branch(ids[1], "audit").create_tag(ids[2], "2026").commit()
    t.append(batch(4, DAY(2026, 10, 4)).rename_columns(["id", "day", "sort"]), branch="audit")
    rewrite_times(t, TIMES)
    close_catalogs()
    return ids


LAKE.mkdir(parents=True)
IDS = make_events(LAKE)
AUDIT = table(LAKE, "raw.events").metadata.refs["audit"].snapshot_id


def told(value):
    return value.isoformat() if isinstance(value, datetime.date) else value


def expected(snapshot_id=None, t=None, schema=None):
    """The rows at a snapshot, with the names it had then."""
    scan = (t or table(LAKE, "raw.events")).scan(snapshot_id=snapshot_id)
    found = scan.to_arrow().to_pylist()
    return [{k: told(v) for k, v in row.items()} for row in found]


def sql(statement, lake=LAKE):
    done = firn("sql", *([lake] if lake else []), statement, "-o", "json", want=0, cwd=TMP)
    return json.loads(done.out)


def fails(statement, lake=LAKE):
    """What is said of a statement that is refused."""
    done = firn("sql", *([lake] if lake else []), statement, "-o", "json", cwd=TMP)
    assert done.exit in (1, 2), f"{statement}: {done}"
    return done.err


def check_all(cases):
    """Runs statements as one script; each has the rows of a snapshot."""
    script = TMP / "script.sql"
    script.write_text(";\n".join(statement for statement, _ in cases), encoding="utf-8")
    out = firn("sql", LAKE, "-f", script, "-o", "json", want=0).out
    rows = {snapshot: multiset(expected(snapshot)) for _, snapshot in cases}
    for statement, snapshot in cases:
        found, end = json.JSONDecoder().raw_decode(out)
        out = out[end:].lstrip()
        same(multiset(found), rows[snapshot], statement)
    same(out, "")


# --- the forms ----------------------------------------------------------------------------------

@suite.case
def every_form_of_a_snapshot():
    cases = [(f"FROM raw.events.snapshot_id_{IDS[1]}", IDS[1]),
             (f"FROM lake.raw.events AT (VERSION => {IDS[1]})", IDS[1])]
    for clause in ("AT (VERSION => {})", "AT (VERSION {})", "at(version:={})", "AT (VERSION = {})",
                   "AT (VERSION => '{}')", "FOR VERSION AS OF {}", "FOR SYSTEM_VERSION AS OF {}",
                   "VERSION AS OF {}", "version as of '{}'",
                   "AT -- a comment\n (VERSION /* AT (TAG x) */ => {})"):
        for snapshot in IDS:
            text = clause.format(snapshot)
            cases += [(f"SELECT * FROM raw.events {where.format(c=text)} ORDER BY id", snapshot)
                      for where in ("{c}", "{c} o", "{c} AS o", "o {c}", "AS o {c}")]
    check_all(cases)


@suite.case
def every_form_of_a_branch_or_tag():
    check_all([(f"FROM {form}", snapshot) for form, snapshot in (
            ("raw.events AT (TAG => 'v1')", IDS[0]), ("raw.events AT (TAG v1)", IDS[0]),
            ("raw.events AT (TAG \"end-of-october\")", IDS[1]),
            ("raw.events AT (TAG end-of-october) x", IDS[1]),
            ("raw.events x AT (TAG => 'end-of-october')", IDS[1]),
            ("raw.events FOR VERSION AS OF 'v1'", IDS[0]),
            ("raw.events VERSION AS OF 'end-of-october'", IDS[1]),
            ("raw.events VERSION AS OF '2026'", IDS[2]),  # digits, and no snapshot of that id
            ("raw.events AT (VERSION => 'v1')", IDS[0]),
            ("raw.events AT (BRANCH main)", None), ("raw.events.tag_v1", IDS[0]))])
    # a branch is read with the schema of now
    t = table(LAKE, "raw.events")
    now = [f.name for f in t.schema().fields]
    for form in ("AT (BRANCH => 'audit')", "AT (BRANCH audit)", "FOR VERSION AS OF 'audit'", ):
        found = sql(f"FROM raw.events {form} ORDER BY id")
        same(list(found[0]), now, form)
        same([r["id"] for r in found], [10, 11, 20, 21, 40], form)
    same(len(sql("FROM raw.events.branch_audit")), 5)
    same(AUDIT in [s.snapshot_id for s in t.metadata.snapshots], True)


@suite.case
def every_form_of_a_time():
    cases = []
    for text in ("TIMESTAMP '2026-11-01 10:00:00'", "'2026-11-01 10:00:00'", "'2026-11-01T10:00Z'",
                 "TIMESTAMP '2026-11-01 11:00:00+01:00'", "TIMESTAMPTZ '2026-11-01 05:00:00-05'",
                 "TIMESTAMP '2026-11-01 11:00:00 Europe/Vienna'", "'2026-11-01 10:00:00 UTC'",
                 "TIMESTAMP WITH TIME ZONE '2026-11-01 10:00:00.499+00'",
                 str(int(TIMES[1].timestamp())), "DATE '2026-11-01' + INTERVAL 10 HOUR",
                 "TIMESTAMP '2026-11-01 19:00:00' AT TIME ZONE 'Asia/Tokyo'",
                 "CAST('2026-11-01 10:00:00' AS TIMESTAMP)",
                 "'2026-11-01 10:00:00'::TIMESTAMP"):
        for form in (f"AT (TIMESTAMP => {text})", f"AT (TIMESTAMP {text})",
                     f"FOR TIMESTAMP AS OF {text}", f"FOR SYSTEM_TIME AS OF {text} x",
                     f"x TIMESTAMP AS OF {text}"):
            cases.append((f"SELECT * FROM raw.events {form}", IDS[1]))
    cases.append((f"FROM raw.events.at_timestamp_{int(TIMES[1].timestamp() * 1000)}", IDS[1]))
    for text, snapshot in (("DATE '2026-11-01'", IDS[0]), ("'2026-11-01'", IDS[0]),
                           ("'2026-11-02'", IDS[3]), ("'2026-11-01 09:59:59.999'", IDS[0]),
                           ("'2026-11-01 10:00:00.5'", IDS[2]), ("now()", IDS[3]),
                           ("'2026-10-31 01:30:00+02:00'", IDS[0])):
        cases.append((f"FROM raw.events AT (TIMESTAMP => {text})", snapshot))
    # behind AS OF nothing but the statement ends the expression
    for rest in ("TIMESTAMP AS OF now() - INTERVAL '1' SECOND WHERE true",
                 "FOR TIMESTAMP AS OF current_timestamp ORDER BY id"):
        cases.append((f"SELECT * FROM raw.events {rest}", IDS[3]))
    check_all(cases)


@suite.case
def one_statement_reads_several_states():
    v1, now = {r["id"]: r for r in expected(IDS[0])}, {r["id"]: r for r in expected()}
    found = sql("SELECT a.id AS old, b.id AS new FROM raw.events AT (TAG v1) a "
                "FULL JOIN raw.events b USING (id) ORDER BY ALL")
    same(found, [{"old": i if i in v1 else None, "new": i if i in now else None}
                 for i in sorted(v1.keys() | now.keys(),
                                 key=lambda i: (i not in v1, i))], "full join")
    found = sql(f"WITH old AS (FROM raw.events AT (VERSION {IDS[0]})), "
                f"mid AS (SELECT id FROM raw.events VERSION AS OF {IDS[1]}) "
                "SELECT (SELECT count(*) FROM old) AS a, (SELECT count(*) FROM mid) AS b, "
                "count(*) AS c FROM raw.events")
    same(found, [{"a": 2, "b": 4, "c": 4}])
    same(sql(f"SELECT id FROM raw.events AT (VERSION {IDS[2]}) EXCEPT "
             "SELECT id FROM raw.events"), [{"id": 10}])
    same(sql("PIVOT raw.events AT (TAG v1) ON kind USING count(*) GROUP BY day ORDER BY day"),
         [{"day": "2026-10-01", "k1": 1}, {"day": "2026-10-02", "k1": 1}])
    # the name of the table stands for the state that is read
    same(sql("SELECT events.kind, raw.events.id, lake.raw.events.day FROM raw.events AT (TAG v1) "
             "ORDER BY raw.events.id LIMIT 1"),
         [{"kind": "k1", "id": 10, "day": "2026-10-01"}])


@suite.case
def each_state_is_pruned_for_itself():
    done = firn("sql", LAKE, f"SELECT * FROM raw.events AT (VERSION {IDS[1]}) a, "
                f"raw.events AT (VERSION {IDS[0]}) b, raw.events c WHERE a.day = '2026-10-03' "
                "AND b.day < '2026-10-02' AND c.id = 30", "--json", want=0)
    tables = {t["snapshot_id"]: t for t in done.event("query_finished")["tables"]}
    same({k: (t["files_total"], t["files_opened"]) for k, t in tables.items()},
         {IDS[1]: (4, 1), IDS[0]: (2, 1), IDS[3]: (4, 1)})


@suite.case
def look_alikes_are_left_alone():
    c = catalog(LAKE)
    t = c.create_table("raw.words", Schema(NestedField(1, "version", LongType()),
                                           NestedField(2, "timestamp", LongType()),
                                           NestedField(3, "at", LongType()),
                                           NestedField(4, "branch", StringType())))
    t.append(pa.table({"version": pa.array([1, 2]), "timestamp": [3, 4], "at": [5, 6],
                       "branch": ["a", "b"]}))
    close_catalogs()
    same(sql("SELECT version, timestamp, \"at\" FROM raw.words WHERE version = 1"),
         [{"version": 1, "timestamp": 3, "at": 5}])
    same(sql("SELECT version.version AS x FROM raw.words version WHERE version.branch = 'b'"),
         [{"x": 2}])
    same(sql("SELECT t.timestamp FROM raw.words AS t (a, timestamp) LIMIT 1"), [{"timestamp": 3}])
    same(sql("SELECT TIMESTAMP '2026-11-01 10:00:00' AT TIME ZONE 'UTC' = "
             "TIMESTAMPTZ '2026-11-01 10:00:00+00' AS x FROM raw.words LIMIT 1"), [{"x": True}])
    same(sql("SELECT 'raw.events AT (VERSION 1)' AS x -- FROM raw.nope AT (TAG x)\n"
             "FROM raw.words /* AT (VERSION 5) */ LIMIT 1"), [{"x": "raw.events AT (VERSION 1)"}])
    same(sql("SELECT $$ VERSION AS OF 3 $$ AS x FROM raw.words AS version LIMIT 1"),
         [{"x": " VERSION AS OF 3 "}])


# --- mistakes -----------------------------------------------------------------------------------

@suite.case
def what_is_not_there_is_told():
    for form, place, words in (
            ("AT (VERSION 12)", 17, ["no snapshot 12", str(IDS[3]), "2026-11-02 00:00:00 UTC"]),
            ("AT (TIMESTAMP '2026-10-30')", 17, ["no snapshot of 2026-10-30", str(IDS[0]),
                                                 "2026-10-30 23:30:00 UTC"]),
            ("AT (TAG 'v2')", 17, ["no tag 'v2'", "did you mean tag 'v1'?"]),
            ("AT (BRANCH v1)", 17, ["'v1' is a tag", "AT (TAG => 'v1')"]),
            ("FOR VERSION AS OF 'nothing'", 17, ["no branch or tag 'nothing'", "branch 'audit'"]),
            ("AT (OFFSET => -60)", 21, ["VERSION, TIMESTAMP, BRANCH or TAG"]),
            ("AT (TIMESTAMP => 'yesterday')", 17, ["no time", "TIMESTAMP '2026-11-01"]),
            ("FOR SYSTEM_TIME FROM 1 TO 2", 33, ["only AS OF"]),
            (".tag_v9", 17, ["no tag 'v9'"]),
            (".nope", 6, ["no table 'raw.events.nope'"])):
        space = "" if form[0] == "." else " "
        err = fails(f"FROM raw.events{space}{form}")
        contains(err, f"line 1, column {place}:", *words)
    for statement, words in (
            ("FROM raw.evnts AT (VERSION 1)", ["column 6", "raw.evnts", "raw.events"]),
            ("FROM events VERSION AS OF 1", ["column 6", "did you mean raw.events"]),
            ("WITH x AS (SELECT 1) FROM x AT (VERSION 1)", ["column 27", "no table 'x'"])):
        contains(fails(statement), *words)


@suite.case
def places_stay_true():
    for statement in ("SELECT id FROM raw.events AT (TAG v1) WHERE nope = 1",
                      "FROM lake.raw.events FOR VERSION AS OF 'v1' AS o\nWHERE nope = 1",
                      "FROM lake.raw.events o AT (TAG v1) WHERE nope = 1",
                      "FROM raw.events o VERSION AS OF 'v1'\n JOIN raw.events.tag_v1 p "
                      "USING (id) WHERE nope = 1",
                      "SELECT id FROM raw.events AT (\n TAG => 'v1'\n ) WHERE nope = 1",
                      "SELECT 'äöü', id FROM raw.events AT (TAG 'v1')\n, raw.events$refs "
                      "WHERE nope = 1"):
        before = statement[:statement.index("nope")]
        line = before.count("\n") + 1
        column = len(before.rsplit("\n", maxsplit=1)[-1]) + 1
        contains(fails(statement), f"line {line}, column {column}:")


@suite.case
def expired_snapshots_are_told():
    lake = TMP / "expired"
    lake.mkdir()
    ids = make_events(lake)
    t = table(lake, "raw.events")
    path = pathlib.Path(path_of(t.metadata_location))
    m = json.loads(path.read_text(encoding="utf-8"))
    gone = ids[0]
    m["snapshots"] = [s for s in m["snapshots"] if s["snapshot-id"] != gone]
    m["snapshot-log"] = [s for s in m["snapshot-log"] if s["snapshot-id"] != gone]
    del m["refs"]["v1"]
    path.write_text(json.dumps(m), encoding="utf-8")
    contains(fails(f"FROM raw.events AT (VERSION {gone})", lake), "expired", str(ids[1]))
    contains(fails("FROM raw.events AT (TIMESTAMP '2026-10-31')", lake),
             "no snapshot of 2026-10-31", "earlier ones are expired")


@suite.case
def spark_says_the_same():
    if not FULL:
        raise Skip("only with --full")
    from sparklab import Spark
    zone = "+00:00"  # Spark reads times without a zone in that of its session
    forms = [f"{where}{word} AS OF {what}" for where in (" ", " FOR ") for word, what in (
        ("VERSION", IDS[0]), ("VERSION", f"'{IDS[2]}'"), ("VERSION", "'v1'"),
        ("VERSION", "'end-of-october'"), ("VERSION", "'audit'"), ("SYSTEM_VERSION", IDS[1]),
        ("TIMESTAMP", f"'2026-11-01 10:00:00{zone}'"), ("TIMESTAMP", int(TIMES[2].timestamp())),
        ("SYSTEM_TIME", f"TIMESTAMP '2026-11-01 10:00:00.499{zone}'"),
        ("TIMESTAMP", f"'2026-10-31 01:30:00{zone}'"))]
    forms += [".branch_audit", ".tag_v1", f".snapshot_id_{IDS[1]}", ".branch_main",
              f".at_timestamp_{int(TIMES[2].timestamp() * 1000)}"]
    spark = Spark(TMP / "spark.log")
    try:
        spark.open(LAKE)
        for form in forms:
            found = spark.sql("SELECT to_json(struct(*), map('ignoreNullFields', 'false')) AS j "
                              f"FROM lake.raw.events{form}")
            same(multiset(sql(f"SELECT * FROM lake.raw.events{form}")),
                 multiset([json.loads(r["j"]) for r in found]), form)
        shown = spark.sql("SHOW TABLES IN lake.raw")
        same(sorted(r["table_name"] for r in sql("SHOW TABLES IN lake.raw")),
             sorted(r["tableName"] for r in shown))
        described = [(r["col_name"], r["data_type"])
                     for r in spark.sql("DESCRIBE TABLE lake.raw.events") if r["col_name"][:1]
                     not in ("", "#") and not r["col_name"].startswith("Part")]
        same([(r["col_name"], r["data_type"]) for r in sql("DESCRIBE TABLE lake.raw.events")],
             described[:len(table(LAKE, "raw.events").schema().fields)])
    finally:
        spark.end()


# --- models -------------------------------------------------------------------------------------

@suite.case
def models_read_states():
    p = Project(name="models")
    p.lake.mkdir()
    ids = make_events(p.lake)
    copy = TMP / "elsewhere"
    shutil.copytree(p.lake / "raw" / "events", copy)
    p.model("out.october", "SELECT id, kind FROM raw.events AT (TAG 'end-of-october')")
    p.model("out.diff", "SELECT n.id FROM raw.events n ANTI JOIN raw.events VERSION AS OF 'v1' o "
                        "USING (id)")
    p.model("out.files", "SELECT count(*) AS n FROM raw.events$files")
    p.model("out.foreign", f"SELECT count(*) AS n FROM iceberg('{copy}', moved => true)")
    p.run()
    same(sorted(r["id"] for r in p.rows("out.october")), [10, 11, 20, 21])
    same(sorted(r["id"] for r in p.rows("out.diff")), [20, 21, 30])
    same(p.rows("out.files"), [{"n": 4}])
    same(p.rows("out.foreign"), [{"n": 4}])
    same(p.run("--json").event("run_finished")["unchanged"], 4)
    count = {n: len(table(p.lake, n).metadata.snapshots) for n in ("out.october", "out.foreign")}
    same(count, {"out.october": 1, "out.foreign": 1}, "nothing changed: nothing is written")
    t = table(p.lake, "raw.events")
    t.manage_snapshots().remove_tag("end-of-october").commit()
    t.manage_snapshots().create_tag(ids[2], "end-of-october").commit()
    close_catalogs()
    path = p.model("out.october", "SELECT id FROM raw.events AT (TAG 'end-of-october')")
    p.run()
    same(sorted(r["id"] for r in p.rows("out.october")), [10, 11, 20, 21, 30])
    path.write_text("SELECT id\nFROM raw.events AT (TAG 'nothing')", encoding="utf-8")
    done = p.run(want=None)
    assert done.exit != 0, done
    contains(done.err, "out/october.sql:2:17", "no tag 'nothing'")
    path.write_text("SELECT id\nFROM raw.evnts AT (TAG 'v1')", encoding="utf-8")
    contains(p.firn("check").err, "out/october.sql:2:6", "raw.events")


# --- tables in no catalog -----------------------------------------------------------------------

def hadoop_copy(name, forms):
    """The table of LAKE copied, its metadata files renamed: {file name: index of the version}."""
    home = TMP / name
    shutil.copytree(LAKE / "raw" / "events", home)
    folder = home / "metadata"
    versions = sorted(folder.glob("*.metadata.json"))
    texts = [v.read_bytes() for v in versions]
    for v in versions:
        v.unlink()
    for file, index in forms.items():
        text = texts[index]
        (folder / file).write_bytes(gzip.compress(text) if ".gz" in file else text)
    return home


def of_file(path):
    return expected(t=StaticTable.from_metadata(f"file://{path}"))


@suite.case
def a_folder_is_a_table():
    home = LAKE / "raw" / "events"
    for place in (home, f"{home}/", f"{home}/metadata", f"file://{home}", f"file:{home}",
                  home.relative_to(TMP), path_of(table(LAKE, "raw.events").metadata_location)):
        same(multiset(sql(f"FROM iceberg('{place}')", lake=None)), multiset(expected()), place)
    for clause, snapshot in ((" AT (TAG v1)", IDS[0]), (f" VERSION AS OF {IDS[1]} o", IDS[1]),
                             (" o FOR TIMESTAMP AS OF DATE '2026-11-01'", IDS[0])):
        same(multiset(sql(f"FROM iceberg('{home}'){clause}", lake=None)),
             multiset(expected(snapshot)), clause)
    same(multiset(sql(f"FROM iceberg('{home}', snapshot => {IDS[2]})", lake=None)),
         multiset(expected(IDS[2])))
    same(sql(f"SELECT a.id FROM iceberg('{home}') a JOIN iceberg('{home}') AT (TAG v1) b "
             "USING (id) JOIN raw.events c USING (id)"), [{"id": 11}])
    done = firn("sql", f"FROM iceberg('{home}') WHERE day = '2026-10-03' AND id < 30", "--json",
                want=0)
    stats = done.event("query_finished")["tables"][0]
    same((stats["files_total"], stats["files_opened"]), (4, 1))


@suite.case
def the_newest_metadata_is_found():
    last = len(list((LAKE / "raw" / "events" / "metadata").glob("*.metadata.json"))) - 1
    newest, older = multiset(expected()), multiset(expected(IDS[0]))
    first = 1  # of the versions: the first append
    cases = {
        "v": ({"v1.metadata.json": first, "v10.metadata.json": last, "v9.metadata.json": first},
              None, newest),
        "hint": ({"v1.metadata.json": first, "v3.metadata.json": last}, "1", older),
        "behind": ({"v1.metadata.json": first, "v2.metadata.json": last}, "1\n", newest),
        "named": ({"00001-a.metadata.json": first, "00002-b.metadata.json": last}, "00001-a",
                  older),
        "vnamed": ({"v1.metadata.json": first, "v3.metadata.json": last}, "v1", older),
        "stale": ({"v4.metadata.json": last}, "2", newest),
        "gz": ({"v1.metadata.json": first, "v2.gz.metadata.json": last}, "2", newest),
        "oldgz": ({"v1.metadata.json": first, "v2.metadata.json.gz": last}, None, newest),
        "uuid": ({"00001-aa.metadata.json": first, "00012-bb.gz.metadata.json": last}, None,
                 newest),
        "only": ({"current.metadata.json": last}, None, newest),
    }
    for name, (forms, hint, rows) in cases.items():
        home = hadoop_copy(f"find-{name}", forms)
        if hint:
            (home / "metadata" / "version-hint.text").write_text(hint)
        found = sql(f"FROM iceberg('{home}', moved => true)", lake=None)
        same(multiset(found), rows, name)
    home = TMP / "find-v"
    same(multiset(sql(f"FROM iceberg('{home}', moved => true, version => 9)", lake=None)), older)
    contains(fails(f"FROM iceberg('{home}', version => 5)", lake=None), "of version 5")
    tie = hadoop_copy("tie", {"00003-a.metadata.json": first, "00003-b.metadata.json": last})
    contains(fails(f"FROM iceberg('{tie}')", lake=None), "00003-a", "00003-b",
             "cannot be told", "line 1, column 6")
    one = tie / "metadata" / "00003-b.metadata.json"
    same(multiset(sql(f"FROM iceberg('{one}', moved => true)", lake=None)), newest)


@suite.case
def moved_tables_are_read_where_they_are():
    newest = multiset(expected())
    home = TMP / "far" / "away"
    shutil.copytree(LAKE / "raw" / "events", home)
    original = LAKE / "raw" / "events"
    hidden = original.with_name("hidden")
    original.rename(hidden)
    try:
        contains(fails(f"FROM iceberg('{home}')", lake=None), str(original), str(home),
                 "moved => true")
        for option in ("moved => true", "moved := true", "allow_moved_paths = true",
                       f"moved_from => '{original}'", f"moved_from => 'file://{original}/'"):
            same(multiset(sql(f"FROM iceberg('{home}', {option})", lake=None)), newest, option)
        same(multiset(sql(f"FROM iceberg('{home}', moved => true) AT (TAG v1)", lake=None)),
             multiset(expected_moved(home, IDS[0])))
        files = sql(f"SELECT DISTINCT _file FROM iceberg('{home}', moved => true)", lake=None)
        same({f["_file"].startswith(f"file://{original}/") for f in files}, {True},
             "recorded paths stay what they are")
        # the folders above moved along: their names tell which part of the paths changed
        twin = TMP / "twin" / "raw" / "events"
        shutil.copytree(hidden, twin)
        for option in ("moved => true", f"moved_from => '{LAKE}'", f"moved_from => '{LAKE}/raw'"):
            same(multiset(sql(f"FROM iceberg('{twin}', {option})", lake=None)), newest, option)
        contains(fails(f"FROM iceberg('{home}', moved_from => '/elsewhere')", lake=None),
                 "not below '/elsewhere'")
        contains(fails(f"FROM iceberg('{home}', moved_from => '{LAKE}')", lake=None),
                 "does not end with")
    finally:
        hidden.rename(original)


def expected_moved(home, snapshot_id):
    """The rows of a snapshot, read by PyIceberg from the files where they lie now."""
    from pyiceberg.io.pyarrow import schema_to_pyarrow  # noqa: F401  (PyIceberg is there)
    import pyarrow.parquet as pq
    original = LAKE / "raw" / "events"
    hidden = original.with_name("hidden")
    metadata = sorted((hidden / "metadata").glob("*.metadata.json"))[-1]
    hidden.rename(original)
    try:
        t = StaticTable.from_metadata(
            f"file://{original}/metadata/{metadata.name}")
        paths = [path_of(task.file.file_path)
                 for task in t.scan(snapshot_id=snapshot_id).plan_files()]
    finally:
        original.rename(hidden)
    rows = []
    for path in paths:
        rows += pq.read_table(str(home) + path.removeprefix(str(original))).to_pylist()
    return [{k: told(v) for k, v in row.items()} for row in rows]


@suite.case
def wrong_places_are_told():
    empty = TMP / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("x")
    for call, words in ((f"'{empty}'", ["holds no Iceberg table"]),
                        (f"'{empty}/nothing'", ["nothing", "line 1, column 6"]),
                        (f"'{empty}/notes.txt'", ["neither a folder nor a metadata file"]),
                        ("'s3://bucket/t'", ["s3://bucket/t", "local"]),
                        (f"'{empty}', moved => maybe", ["column", "not right"]),
                        (f"'{empty}', colour => 1", ["moved, moved_from, version and snapshot"]),
                        ("", ["takes the place"])):
        contains(fails(f"FROM iceberg({call})", lake=None), *words)


# --- names --------------------------------------------------------------------------------------

@suite.case
def projects_with_nested_namespaces():
    p = Project("{from: 'drop.a.json', into: raw.deep.down.a}")
    p.write("a.json", '{"x": 1}\n')
    p.model("curated/shared.b", "SELECT x, x + 1 AS y FROM lake.raw.deep.down.a")
    p.model("curated.c", 'SELECT b.x FROM curated.shared.b JOIN "curated.shared".b c USING (x)')
    for _ in range(2):  # also when the catalog has them all
        p.firn("check", want=0)
        p.run()
    same(p.sql("FROM lake.curated.shared.b"), [{"x": 1, "y": 2}])
    same(p.sql("SELECT lake.raw.deep.down.a.x FROM lake.raw.deep.down.a, curated.c"), [{"x": 1}])
    done = p.firn("load", p.folder / "data" / "a.json", "--into", p.folder / "other", "--table",
                  "one.two.three.t", want=0)
    contains(done.out + done.err, "one.two.three.t")
    same(sql("SELECT x FROM lake.one.two.three.t", p.folder / "other"), [{"x": 1}])
    p.model("curated.d", "SELECT x\nFROM lake.raw.deep.down.aa")
    contains(p.firn("check").err, "curated/d.sql:2:6", "did you mean raw.deep.down.a")


@suite.case
def long_and_quoted_names():
    lake = TMP / "names"
    lake.mkdir()
    c = catalog(lake)
    simple = Schema(NestedField(1, "x", LongType()))

    def make(levels, value):
        c.create_namespace_if_not_exists(levels[:-1])
        c.create_table(levels, simple).append(pa.table({"x": pa.array([value])}))
    make(("curated", "shared", "dim_products"), 1)
    make(("curated", "shared", "deep", "er"), 2)
    make(("My NS", "Order Lines"), 3)
    make(("raw", "Orders"), 4)
    make(("raw", "orders"), 5)
    make(("Raw", "t"), 6)
    make(("raw", "t"), 7)
    make(("lake", "self"), 8)
    close_catalogs()
    for name, value in (("curated.shared.dim_products", 1), ("lake.curated.shared.dim_products", 1),
                        ('"curated.shared".dim_products', 1),
                        ('curated."shared"."dim_products"', 1),
                        ("LAKE.Curated.Shared.DIM_PRODUCTS", 1), ("curated.shared.deep.er", 2),
                        ("lake.curated.shared.deep.er", 2), ('"My NS"."Order Lines"', 3),
                        ('lake."my ns"."order lines"', 3), ("raw.Orders", 4), ("raw.orders", 5),
                        ('lake.raw."Orders"', 4), ("Raw.t", 6), ("raw.t", 7), ("lake.self", 8),
                        ("lake.lake.self", 8)):
        same(sql(f"FROM {name}", lake), [{"x": value}], name)
    same(sql("SELECT curated.shared.dim_products.x AS a, lake.raw.orders.x AS b FROM "
             "curated.shared.dim_products, lake.raw.orders", lake), [{"a": 1, "b": 5}])
    same(sql("SELECT a.x AS a, b.x AS b, c.x AS c, d.x AS d FROM raw.Orders a, raw.orders b, Raw.t "
             "c, raw.t d", lake), [{"a": 4, "b": 5, "c": 6, "d": 7}])
    contains(fails("FROM raw.ORDERS", lake), "raw.Orders", "raw.orders", "only in case")
    contains(fails("FROM curated.shared.dim_product", lake), "line 1, column 6",
             "did you mean curated.shared.dim_products")
    contains(fails("FROM lake.curated.shared.nope.x", lake), "there is no table")
    # the places of what stands behind long names
    for name in ("curated.shared.dim_products", "lake.curated.shared.deep.er"):
        statement = f"FROM {name} x WHERE nope"
        contains(fails(statement, lake), f"column {statement.index('nope') + 1}:")
    listed = firn("tables", lake, want=0).out
    contains(listed, "curated.shared.deep.er", "My NS.Order Lines", "raw.Orders")


suite.end()

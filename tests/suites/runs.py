#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""The run record, `firn status` and `firn history RUN`: what ran, how it went, what it cost; a run
that goes on, one that was killed, two at once, records that are old, new, held or forbidden."""
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (BIN, ROOT, TMP, Project, Skip, Suite, contains, environment, firn, lines, one,
                     same, start, table, text)  # noqa: E402

suite = Suite()

VERSION_1 = """
CREATE TABLE runs(run TEXT PRIMARY KEY, command TEXT, project TEXT, version TEXT,
 started_at TEXT NOT NULL, finished_at TEXT, exit INTEGER, seconds REAL, cpu_seconds REAL,
 peak_memory INTEGER, rows INTEGER, rejects INTEGER);
CREATE TABLE nodes(run TEXT NOT NULL, namespace TEXT NOT NULL, "table" TEXT NOT NULL,
 stream TEXT NOT NULL, kind TEXT NOT NULL, started_at TEXT, finished_at TEXT, status TEXT,
 seconds REAL, rows INTEGER, rejects INTEGER, bytes_read INTEGER, bytes_written INTEGER,
 data_files INTEGER, snapshot_id INTEGER, error TEXT,
 PRIMARY KEY (run, namespace, "table", stream));
CREATE TABLE checks(run TEXT NOT NULL, namespace TEXT NOT NULL, "table" TEXT NOT NULL,
 name TEXT NOT NULL, severity TEXT, failing INTEGER, samples TEXT);
PRAGMA user_version = 1;
"""


def record(p):
    return sqlite3.connect(p.lake / ".firn/runs.db")


def status(p, *args):
    return json.loads(p.firn("status", "--json", *args, want=0).out)


def node(found, name):
    (n,) = [n for n in found["nodes"] if f"{n['namespace']}.{n['table']}" == name]
    return n


def shop():
    """Two streams and a model; one stream fails, the other has a reject and checks."""
    p = Project(["{from: drop.a.json, into: raw.a, checks: ['a > 0', {check: 'a > 5', "
                 "severity: warn, name: big}]}", "{from: drop.c.json, into: raw.c}"],
                name=sys._getframe(1).f_code.co_name)
    p.write("a.json", '{"a": 1}\n{"a": 9}\n{x\n')
    p.write("c.json", '[{"a": 1}')
    p.model("curated.n", "SELECT count(*) AS n FROM raw.a")
    return p


# --- what is recorded ---------------------------------------------------------------------------

@suite.case
def all_of_a_run():
    p = shop()
    done = p.run("--json", "-t", "1", want=1)
    last = done.event("run_finished")
    found = json.loads(p.firn("history", "last", "--json", want=0).out)
    same(found["command"], "run --json --threads 1")
    same((found["state"], found["exit"], found["node_count"], found["done"], found["failed"]),
         ("finished", 1, 3, 2, 1))
    for key in ("rows", "rejects", "cpu_seconds", "peak_memory", "bytes_read", "bytes_written",
                "files_landed", "data_files", "seconds"):
        same(found[key], last[key], key)
    same((found["rows"], found["rejects"], found["bytes_read"], found["files_landed"]),
         (3, 1, 21, 1))
    assert abs(found["cpu_us_per_row"] - found["cpu_seconds"] * 1e6 / 3) < 0.001
    assert found["seconds"] > 0 and found["peak_memory"] > 10 << 20
    nodes = {n["table"]: n for n in found["nodes"]}
    same(sorted(nodes), ["a", "c", "n"])
    a, c = nodes["a"], nodes["c"]
    same((a["rows"], a["rejects"], a["bytes_read"], a["status"], a["stream"], a["kind"]),
         (2, 1, 21, "done", "drop.a.json", "ingest"))
    same(a["snapshot_id"], table(p.lake, "raw.a").current_snapshot().snapshot_id)
    # with one thread nothing runs beside it: its CPU is known
    assert 0 < a["cpu_seconds"] <= found["cpu_seconds"] and a["cpu_us_per_row"] > 0, a
    same((c["status"], c["error"]["id"], c["progress"]), ("failed", "E2001", None))
    same(set(c["error"]), {"id", "code", "where", "text", "advice"})
    same([(k["name"], k["severity"], k["failing"]) for k in found["checks"]],
         [("a > 0", "error", 0), ("big", "warn", 1)])
    shown = p.firn("history", found["run"][:8], want=0).out
    contains(shown, found["run"], "firn run --json --threads 1", "exit status 1",
             "3 rows, 1 reject", "of CPU", "of memory",
             "raw.a", "E2001", "c.json", "big", str(a["snapshot_id"]))


@suite.case
def as_the_page_says():
    """docs/formats/runs.md names every column."""
    p = shop()
    p.run(want=1)
    page = (ROOT / "docs/formats/runs.md").read_text(encoding="utf-8")
    db = record(p)
    for name in ("runs", "nodes", "checks"):
        (row,) = re.findall(rf"^\| `{name}` \| (.*) \|$", page, re.M)
        row = re.sub(r"\([^()]*\)", "", row)
        columns = {r[1] for r in db.execute(f"PRAGMA table_info({name})")}
        same(set(re.findall(r"`(\w+)`", row)), columns, name)
    found = status(p)
    listed = json.loads(p.firn("history", "--runs", "--json", want=0).out)
    same((found["v"], listed["v"], set(listed)), (1, 1, {"v", "runs"}))
    same(set(found), {"v", "project", "warehouse", "running", "last_run", "nodes"})


@suite.case
def commands_without_secrets():
    folder = TMP / "secrets"
    folder.mkdir()
    (folder / "x y.json").write_text('{"a": 1}\n', encoding="utf-8")
    firn("load", "x y.json", "--table", "raw.t", cwd=folder, want=0)
    found = json.loads(firn("history", "lake", "last", "--json", cwd=folder, want=0).out)
    same(found["command"], "load 'x y.json' --table raw.t")
    p = one("a.json", lines({"a": 1}))
    p.run("--project", "./firn.yml", want=0)
    same(status(p)["last_run"]["command"], "run --project ./firn.yml")
    for typed, kept in (("site=https://me:hush@host/a", "'site=https://***@host/a'"),
                        ("token=hush&x=1", "'token=***&x=1'"),
                        ("my_api_key=hush", "'my_api_key=***'"),
                        ("rate=0.06", "rate=0.06")):
        p.run("--var", typed)
        runs = json.loads(p.firn("history", "--runs", "--json", want=0).out)["runs"]
        same(runs[0]["command"], f"run --var {kept}")
        assert "hush" not in json.dumps(runs), runs


# --- status -------------------------------------------------------------------------------------

@suite.case
def before_the_first_run():
    p = shop()
    found = status(p)
    same([(n["table"], n["status"], n["in_project"]) for n in found["nodes"]],
         [("a", "never", True), ("c", "never", True), ("n", "never", True)])
    same((found["running"], found["last_run"]), ([], None))
    contains(p.firn("status", want=0).out, "nothing ran here yet", "never", "next: firn run")
    assert not p.lake.exists(), "status made a warehouse"
    contains(p.firn("history", "--runs", want=1).err, "nothing ran here yet", "firn run")


@suite.case
def what_failed_and_how_fresh():
    p = shop()
    p.run(want=1)
    p.run(want=1)
    found = status(p)
    a, c = node(found, "raw.a"), node(found, "raw.c")
    same((a["status"], a["state"], c["status"]), ("unchanged", "finished", "failed"))
    assert a["done_at"] < a["looked_at"] <= a["finished_at"], a
    same((c["done_at"], c["looked_at"], c["error"]["id"]), (None, None, "E2001"))
    shown = p.firn("status", want=0).out
    contains(shown, "raw.a", "unchanged", "failed", "E2001", "c.json", "exit status 1",
             "next: firn history ")
    p.firn(*re.search(r"next: firn (.*)", shown)[1].split(), want=0)
    p.write("c.json", '[{"a": 1}]')
    p.run("raw.c", want=0)
    found = status(p)
    same((node(found, "raw.c")["status"], node(found, "raw.a")["status"]), ("done", "unchanged"))
    same((node(found, "raw.c")["checks"], node(found, "raw.a")["in_project"]), (0, True))
    assert "E2001" not in p.firn("status", want=0).out


@suite.case
def of_a_warehouse_and_of_tables_that_went():
    p = shop()
    p.run(want=1)
    p.describe("{from: drop.a.json, into: raw.a}")
    found = status(p)
    same((node(found, "raw.c")["in_project"], node(found, "raw.a")["in_project"]), (False, True))
    contains(p.firn("status", want=0).out, "not in the project")
    bare = json.loads(firn("status", p.lake, "--json", cwd="/", want=0).out)
    same((bare["project"], len(bare["nodes"])), (None, 3))
    contains(firn("status", p.lake, cwd="/", want=0).out, "raw.c", "failed")
    contains(firn("status", "./nowhere", cwd=p.folder, want=1).err, "nowhere", "warehouse")
    contains(p.firn("status", "raw.a", want=2).err, "raw.a", "firn show raw.a")
    # a project that is not right does not hide what ran
    p.model("curated.bad", "/* firn\nmaterialise: table\n*/ SELECT 1")
    done = p.firn("status", want=0)
    contains(done.out, "raw.a")
    contains(done.err, "note: ", "E1102")


# --- runs that go on, and that were killed ------------------------------------------------------

def slow(records=900000, width=600):
    """A project whose run takes some seconds."""
    p = one("a.json", "")
    line = json.dumps({"id": 1, "t": "x" * width}) + "\n"
    with open(p.folder / "data/a.json", "w", encoding="utf-8") as f:
        for _ in range(records // 1000):
            f.write(line * 1000)
    return p


def wait_for(p, wanted, process):
    """The first status that `wanted` likes."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if (p.lake / ".firn/runs.db").exists():
            found = status(p)
            if wanted(found):
                return found
        if process.poll() is not None:
            raise Skip("the machine was faster than the questions")
        time.sleep(0.02)
    raise AssertionError("nothing came in 30 s")


@suite.case
def a_run_that_goes_on_then_dies():
    p = slow()
    process = start("run", "-t", "1", cwd=p.folder)
    try:
        found = wait_for(p, lambda s: s["running"] and s["running"][0]["nodes"], process)
        (run,) = found["running"]
        same((run["state"], run["pid"], run["node_count"]), ("running", process.pid, 1))
        same((node(found, "raw.t")["status"], node(found, "raw.t")["state"]),
             ("running", "running"))
        contains(p.firn("status", want=0).out, "is going on", str(process.pid), "raw.t",
                 "0 of 1 done")
        found = wait_for(p, lambda s: s["running"] and s["running"][0]["nodes"][0]["progress"],
                         process)
        progress = found["running"][0]["nodes"][0]["progress"]
        assert 0 < progress["stored_bytes"] <= progress["stored_total"], progress
        contains(p.firn("status", want=0).out, " rows, ", " of ")
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    found = status(p)
    same((found["running"], found["last_run"]["state"]), ([], "killed"))
    same(node(found, "raw.t")["state"], "killed")
    shown = p.firn("status", want=0).out
    contains(shown, "killed", "next: firn run")
    contains(p.firn("history", "last", want=0).out, "killed", "its process is gone")
    contains(p.firn("history", "--runs", want=0).out, "killed")
    p.run(want=0)
    runs = json.loads(p.firn("history", "--runs", "--json", want=0).out)["runs"]
    same([(r["state"], r["exit"]) for r in runs], [("finished", 0), ("killed", None)])
    same(node(status(p), "raw.t")["status"], "done")


@suite.case
def two_at_once():
    p = Project([f"{{from: drop.{i}.json, into: raw.t{i}}}" for i in range(2)])
    for i in range(2):
        p.write(f"{i}.json", lines({"id": i}))
    p.run("raw.t0", want=0)  # the catalog and the record are there
    for _ in range(3):
        both = [start("run", f"raw.t{i}", "--full-refresh", cwd=p.folder) for i in range(2)]
        for process in both:
            out, err = process.communicate(timeout=60)
            same(process.returncode, 0, text(out + err))
    runs = json.loads(p.firn("history", "--runs", "--json", want=0).out)["runs"]
    same([(r["state"], r["exit"], r["rows"]) for r in runs], [("finished", 0, 1)] * 7)
    same({n["status"] for n in status(p)["nodes"]}, {"done"})


@suite.case
def two_that_make_the_record():
    for _ in range(3):
        p = Project([f"{{from: drop.{i}.json, into: raw.t{i}}}" for i in range(2)])
        for i in range(2):
            p.write(f"{i}.json", lines({"id": i}))
        both = [start("run", f"raw.t{i}", cwd=p.folder) for i in range(2)]
        for process in both:
            out, err = process.communicate(timeout=60)
            same((process.returncode, text(err)), (0, ""), text(out))
        same(record(p).execute("SELECT count(*) FROM runs").fetchone()[0], 2)


# --- time ---------------------------------------------------------------------------------------

def old_run(db, days, name, run):
    at = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days))
    at = at.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    db.execute("INSERT INTO runs(run, command, started_at, finished_at, exit) VALUES (?,?,?,?,0)",
               (run, "run", at, at))
    db.execute("INSERT INTO nodes(run, namespace, \"table\", stream, kind, started_at, finished_at,"
               " status) VALUES (?, 'raw', ?, '', 'model', ?, ?, 'done')", (run, name, at, at))
    db.execute("INSERT INTO checks(run, namespace, \"table\", name) VALUES (?, 'raw', ?, 'c')",
               (run, name))


@suite.case
def kept_for_a_time():
    p = one("a.json", lines({"a": 1}), more="run_record: {keep: 10d}\n")
    p.run(want=0)
    db = record(p)
    for days, name, run in ((40, "x", "40x"), (30, "x", "30x"), (40, "y", "40y"), (9, "y", "9y")):
        old_run(db, days, name, run)
    db.commit()
    same(len(json.loads(p.firn("history", "--runs", "--json", want=0).out)["runs"]), 5)
    p.run(want=0)
    kept = {r[0] for r in db.execute("SELECT run FROM runs WHERE length(run) < 5")}
    same(kept, {"30x", "9y"}, "old runs go, the newest of each table stays")
    for name in ("nodes", "checks"):
        same({r[0] for r in db.execute(f"SELECT run FROM {name} WHERE length(run) < 5")}, kept)
    shown = p.firn("status", want=0).out
    contains(shown, "30 days ago", "9 days ago")
    contains(one("a.json", "", more="run_record: {kep: 1d}\n").run(want=2).err, "keep")
    contains(one("a.json", "", more="run_record: {keep: soon}\n").run(want=2).err, "soon")


@suite.case
def older_record():
    """Version 1 is read as it is, and made version 2 by a run; nothing is lost."""
    p = one("a.json", lines({"a": 1}))
    (p.lake / ".firn").mkdir(parents=True)
    db = record(p)
    db.executescript(VERSION_1)
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    db.execute("INSERT INTO runs VALUES ('abcd1234-0', 'run', 'firn.yml', '0.0.9', "
               "?, ?, 0, 1.0, 2.0, 1000, 4, "
               "0)", (at, at))
    db.execute("INSERT INTO nodes(run, namespace, \"table\", stream, kind, status, finished_at, "
               "rows) VALUES ('abcd1234-0', 'raw', 't', 'drop.a.json', 'ingest', 'done', ?, "
               "4)", (at,))
    db.commit()
    found = status(p)
    same((node(found, "raw.t")["rows"], found["last_run"]["cpu_us_per_row"]), (4, 500000.0))
    contains(p.firn("history", "abcd1234", want=0).out, "0.0.9", "4 rows")
    same(db.execute("PRAGMA user_version").fetchone()[0], 1)
    p.run(want=0)
    same(db.execute("PRAGMA user_version").fetchone()[0], 2)
    same(db.execute("SELECT count(*) FROM runs").fetchone()[0], 2)
    same(node(status(p), "raw.t")["files_landed"], 1)


@suite.case
def newer_record():
    p = one("a.json", lines({"a": 1}))
    p.run(want=0)
    db = record(p)
    db.execute("PRAGMA user_version = 3")
    db.close()
    for args in (("run",), ("status",), ("history", "--runs"), ("history", "last")):
        contains(p.firn(*args, want=1).err, "version 3", "runs.db", "newer firn")


# --- records that cannot be written or read -----------------------------------------------------

@suite.case
def held_by_somebody():
    """A program that holds the file delays a run, and does not fail it."""
    p = Project([f"{{from: drop.{i}.json, into: raw.t{i}}}" for i in range(4)])
    for i in range(4):
        p.write(f"{i}.json", lines({"id": i}))
    p.run("raw.t0", want=0)
    db = record(p)
    db.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    p.run(want=0)
    took = time.monotonic() - began
    db.execute("ROLLBACK")
    assert took < 10, f"{took:.1f} s"
    same(p.rows("raw.t3"), [{"id": 3}])


@suite.case
def damaged():
    p = one("a.json", lines({"a": 1}))
    p.run(want=0)
    (p.lake / ".firn/runs.db").write_bytes(b"this is no database, but it is long enough" * 50)
    for args in (("status",), ("history", "--runs"), ("history", "last")):
        contains(p.firn(*args, want=1).err, "runs.db", "move the file away")
    contains(p.run(want=0).err, "not recorded")


@suite.case
def forbidden():
    """A warehouse that may only be read: its record is read."""
    p = one("a.json", lines({"a": 1}))
    p.run(want=0)
    copy = pathlib.Path("/tmp") / f"firn-runs-{os.getpid()}"
    try:
        shutil.copytree(p.lake, copy / "lake")
        for path in [*copy.rglob("*"), copy]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        bare = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        for args, words in ((("status",), "raw.t"), (("history", "--runs"), "load"),
                            (("history", "last"), "raw.t")):
            done = subprocess.run([*bare, BIN, args[0], str(copy / "lake"), *args[1:]], cwd="/",
                                  env=environment(), capture_output=True, timeout=60, check=False)
            if b"Permission denied" in done.stderr and b"exec" in done.stderr:
                raise Skip("the program is in root's home")
            same(done.returncode, 0, text(done.stderr))
            contains(text(done.stdout), words if words != "load" else "run")
    finally:
        for path in [copy, *copy.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(copy, ignore_errors=True)


@suite.case
def wrong_questions():
    p = one("a.json", lines({"a": 1}))
    p.run(want=0)
    contains(p.firn("history", "ffffffff-0000", want=1).err, "no run 'ffffffff-0000'",
             "firn history --runs")
    db = record(p)
    for run in ("abcd0001", "abcd0002"):
        db.execute("INSERT INTO runs(run, started_at) VALUES (?, '2020-01-01T00:00:00.000000Z')",
                   (run,))
    db.commit()
    contains(p.firn("history", "abcd", want=2).err, "2 runs begin with 'abcd'")
    contains(p.firn("history", "abcd0001", want=0).out, "abcd0001", "killed")
    contains(p.firn("history", "--runs", "-n", "0", want=2).err, "--rows")
    same(len(json.loads(p.firn("history", "--runs", "-n", "2", "--json", want=0).out)["runs"]), 2)


suite.end()

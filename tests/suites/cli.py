#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""The command as a person, a script and a pipe meet it: every verb and option of `firn help`, exit
codes, the three forms of output, events, terminals, signals, folders that cannot be written."""
import csv
import fcntl
import io
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (BIN, ROOT, TMP, Project, Skip, Suite, contains, environment, exists, firn,
                     lines, one, rows, same, start, table, text)  # noqa: E402

suite = Suite()
VERBS = ["init", "demo", "peek", "load", "check", "plan", "run", "test", "graph", "sql", "tables",
         "show", "history", "status", "diff", "alter", "register", "completion", "version", "help"]
ESC = "\033["


def empty(name=None):
    """A folder with nothing in it."""
    folder = TMP / f"empty-{name or sys._getframe(1).f_code.co_name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def small(name=None):
    """A project with two tables that was run."""
    p = Project("{from: drop.a.json, into: raw.t}", name=name or sys._getframe(1).f_code.co_name)
    p.write("a.json", lines({"id": 1, "name": "Zoë", "v": 1.5}, {"id": 2, "name": None, "v": 2.5}))
    p.model("curated.n", "SELECT count(*) AS n FROM raw.t")
    p.run(want=0)
    return p


# --- help ---------------------------------------------------------------------------------------

@suite.case
def help_lists_what_works():
    for args in ((), ("help",), ("--help",), ("-h",)):
        done = firn(*args, want=0)
        same(re.findall(r"^  ([a-z]+) ", done.out, re.M), VERBS, args)
    for verb in VERBS:
        asked = firn("help", verb, want=0).out
        same(firn(verb, "--help", want=0).out, asked, verb)
        same(firn(verb, "-h", want=0).out, asked, verb)
        contains(asked, f"usage: firn {verb}", "--help")
        assert all(len(line) <= 100 for line in asked.splitlines()), verb


@suite.case
def help_on_errors_and_the_project():
    contains(firn("help", "E1102", want=0).out, "E1102", "unknown key")
    contains(firn("help", "e2003", want=0).out, "E2003")
    contains(firn("help", "project", want=0).out, "sources", "ingest", "rejects", "partition")
    contains(firn("help", "E7777", want=2).err, "E7777")
    contains(firn("help", "rnu", want=2).err, "rnu", "run")


@suite.case
def documents_are_up_to_date():
    """docs/CONFIGURATION.md is what the program says of itself."""
    same((ROOT / "docs/CONFIGURATION.md").read_text(encoding="utf-8").strip(),
         firn("help", "--markdown", want=0).out.strip())
    contains(firn("help", "--man", want=0).out, ".TH", *VERBS)


@suite.case
def version():
    for args in (("version",), ("--version",), ("-V",)):
        done = firn(*args, want=0)
        assert re.fullmatch(r"firn \d+\.\d+\.\d+\S*\n", done.out), done.out
    times = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run([BIN, "version"], stdout=subprocess.DEVNULL, check=True)
        times.append(time.monotonic() - began)
    assert min(times) < 0.25, times  # it must not load the engine; the bench has the real limit


# --- wrong use ----------------------------------------------------------------------------------

@suite.case
def wrong_verbs_and_options():
    folder = empty()
    for args, words in (
            (("rnu",), ("'rnu'", "did you mean firn run?")),
            (("tabels",), ("'tabels'", "did you mean firn tables?")),
            (("xyzzy",), ("'xyzzy'", "firn help")),
            (("run", "--qiet"), ("--qiet", "did you mean --quiet?")),
            (("run", "--fullrefresh"), ("did you mean --full-refresh?",)),
            (("run", "-z"), ("-z", "firn help run")),
            (("run", "--threads"), ("--threads", "wants N")),
            (("run", "--threads", "0"), ("--threads", "1 to 256", "'0'")),
            (("run", "--threads", "many"), ("'many'",)),
            (("run", "--memory", "64MB"), ("at least 256MB", "'64MB'")),
            (("run", "--memory", "lots"), ("'lots'", "512MB")),
            (("run", "--quiet=yes"), ("--quiet takes no value",)),
            (("run", "--only", "tests"), ("'tests'",)),
            (("run", "--accept-position", "x"), ("--accept-position", "'x'")),
            (("sql", "-o", "xml", "SELECT 1"), ("--format takes", "csv", "'xml'")),
            (("sql", "-n", "-5", "SELECT 1"), ("--rows", "'-5'")),
            (("sql", "-c", "SELECT 1", "-f", "x.sql"), ("not both",)),
            (("sql", "SELECT 1", "SELECT 2"), ("no folder 'SELECT 1'",)),
            (("sql", ".", "SELECT 1", "SELECT 2"), ("one argument too many",)),
            (("sql", "  ;; -- nothing"), ("no statement",)),
            (("load",), ("which files", "firn load data/*.json --into ./lake")),
            (("show",), ("which table",)),
            (("history",), ("which table",)),
            (("init", "nowhere"), ("nowhere",))):
        project = ("-p", str(small_project())) if args[0] in ("run",) else ()
        done = firn(args[0], *project, *args[1:], cwd=folder)
        assert done.exit in ((1, 2) if args[0] == "init" else (2,)), f"{args}: {done}"
        contains(done.err, "error ", *words)
        same(done.out, "", args)
    same(os.listdir(folder), [], "a wrong command leaves nothing behind")


def small_project():
    folder = empty("project")
    (folder / "firn.yml").write_text(
        "name: x\nwarehouse: ./lake\nsources: {d: {type: files, path: .}}\n", encoding="utf-8")
    return folder / "firn.yml"


@suite.case
def no_project():
    folder = empty()
    for args in (("run",), ("check",), ("tables",), ("show", "raw.t"), ("history", "raw.t")):
        done = firn(*args, cwd=folder, want=2)
        contains(done.err, "E1109", "firn.yml", "firn init")
    contains(firn("run", "-p", "nowhere.yml", cwd=folder).err, "nowhere.yml")


@suite.case
def wrong_project():
    folder = empty()
    (folder / "firn.yml").write_text("name: x\nwarehouse: ./lake\nsorces: {}\n", encoding="utf-8")
    for args in (("run",), ("check",), ("tables",), ("show", "raw.t"), ("sql", "SELECT 1")):
        done = firn(*args, cwd=folder, want=2)
        contains(done.err, "E1102", "firn.yml:3:1", "'sorces'", "sources")
        same(done.out, "")
    assert not (folder / "lake").exists()


@suite.case
def wrong_tables():
    p = small()
    for args in (("show", "raw.tt"), ("history", "raw.tt")):
        done = p.firn(*args)
        assert done.exit in (1, 2), done
        contains(done.err, "raw.tt", "raw.t")
    contains(p.firn("sql", "FROM raw.tt", want=1).err, "did you mean raw.t?")
    done = p.firn("sql", "SELECT id,\n  nmae FROM raw.t", want=1)
    contains(done.err, "E4001", "line 2, column 3", "nmae")
    (p.folder / "q.sql").write_text("SELECT 1;\nSELECT *\n FROM raw.x;", encoding="utf-8")
    contains(p.firn("sql", "-f", "q.sql", want=1).err, "q.sql:3:7", "raw.x")


# --- run ----------------------------------------------------------------------------------------

@suite.case
def run_as_a_person():
    p = Project("{from: drop.a.json, into: raw.t}")
    p.write("a.json", lines(*({"id": i} for i in range(12345))))
    done = p.run(want=0)
    contains(done.out, "raw.t", "done", "12,345", "next: firn sql")
    same(done.err, "")
    assert ESC not in done.out, "colours without a terminal"
    following = re.search(r"next: firn (.*)", done.out)[1]
    assert "raw.t" in following, following
    again = p.run(want=0)
    contains(again.out, "unchanged", "next: ")


@suite.case
def next_commands_work():
    """Every run ends with a command that can be typed as it is."""
    def follow(done, folder):
        word = re.search(r"next: (firn .*)", done.out + done.err)
        assert word, f"no next command\n{done}"
        found = subprocess.run(["/bin/sh", "-c", word[1].replace("firn ", f"{BIN} ", 1)],
                               cwd=folder,
                               env=environment(), capture_output=True, text=True, check=False)
        assert found.returncode == 0, f"{word[1]}: {found.stderr}"
    p = small()
    follow(p.run(want=0), p.folder)
    follow(p.firn("check", want=0), p.folder)
    q = one("a.json", '{"a": 1}\n{broken\n')
    follow(q.run(want=3), q.folder)
    r = one("a.json", '{"a": 1}\n', entry=", checks: ['a > 1']")
    follow(r.run(want=4), r.folder)
    folder = empty()
    (folder / "x.csv").write_text("a\n1\n", encoding="utf-8")
    follow(firn("load", "x.csv", cwd=folder, want=0), folder)
    (folder / "in").mkdir()
    (folder / "in/x.csv").write_text("a\n1\n", encoding="utf-8")
    follow(firn("init", "in", cwd=folder, want=0), folder)


@suite.case
def quiet():
    p = one("a.json", lines({"a": 1}))
    done = p.run("--quiet", want=0)
    same((done.out, done.err), ("", ""))
    done = p.run("-q", want=0)
    same((done.out, done.err), ("", ""))
    q = one("a.json", "[")
    done = q.run("-q", want=1)
    same(done.out, "")
    contains(done.err, "E2001", "a.json")
    r = one("a.json", lines({"a": 1}), entry=", checks: [{check: 'a > 1', severity: warn}]")
    same(r.run("-q", want=0).err, "")


@suite.case
def exit_codes():
    """0 done, 1 failed, 2 wrong use, 3 rejects, 4 a check."""
    one("a.json", lines({"a": 1})).run(want=0)
    one("a.json", '[{"a": 1}').run(want=1)
    one("a.json", "{}", more="rejcts: {}\n").run(want=2)
    one("a.json", '{"a": 1}\n{x\n').run(want=3)
    one("a.json", '{"a": 1}\n{x\n', more="rejects: {exit: 0}\n").run(want=0)
    one("a.json", lines({"a": 1}), entry=", checks: ['a > 1']").run(want=4)
    # what failed weighs more than what was rejected
    p = Project(["{from: drop.a.json, into: raw.a}", "{from: drop.b.json, into: raw.b}"])
    p.write("a.json", '{"a": 1}\n{x\n')
    p.write("b.json", '[{"a": 1}')
    p.run(want=1)


@suite.case
def memory_and_threads():
    p = Project("{from: drop.a.json, into: raw.t}", more="memory: 300MB\nthreads: 3\n")
    p.write("a.json", lines({"a": 1}))
    for args, memory, threads in (((), 300 * 10**6, 3), (("--memory", "512MB"), 512 * 10**6, 3),
                                  (("-m", "1GB", "-t", "5"), 10**9, 5),
                                  (("-m1GB", "-t5"), 10**9, 5), (("--threads=7",), 300 * 10**6, 7)):
        begun = p.run("--json", *args, want=0).event("run_started")
        assert begun["memory"] in (memory, round(memory * 1.048576), memory // 10**6 << 20,
                                   memory // 10**9 << 30), begun
        same(begun["threads"], threads, args)
    q = one("a.json", lines(*({"id": i, "t": f"{i:0100}"} for i in range(400000))))
    done = q.run("--memory", "256MB", want=0)
    assert done.peak < 256 << 20, f"{done.peak >> 20} MB"


# --- events -------------------------------------------------------------------------------------

def described():
    """docs/formats/events.md: {event: members}."""
    page = (ROOT / "docs/formats/events.md").read_text(encoding="utf-8")
    found = {}
    for name, members in re.findall(r"^\| `(\w+)`[^|]*\| (.*) \|$", page, re.M):
        members = re.sub(r"\([^()]*\)|\{[^{}]*\}|«[^«»]*»", "", members)
        found[name] = set(re.findall(r"`(\w+)`", members))
    for name in ("v", "event", "at", "run"):
        found.pop(name, None)
    found["node_finished"] |= found["node_started"]
    return found


KINDS = {"v": int, "event": str, "at": str, "run": str, "threads": int, "memory": int,
         "nodes": list,
         "kind": str, "namespace": str, "table": str, "records": int, "bytes": int, "text": str,
         "check": str, "severity": str, "failing": int, "samples": list, "status": str, "rows": int,
         "rejects": int, "files_found": int, "files_landed": int, "bytes_read": int,
         "bytes_written": int, "data_files": int, "duplicate_keys": int, "warnings": int,
         "snapshot_id": int, "error": dict, "exit": int, "done": int, "unchanged": int,
         "failed": int, "skipped": int, "peak_memory": int, "files_published": int, "syncs": int,
         "exists": bool, "command": str, "version": str}


def valid_events(done, *, rows_too=False):
    """Each line is an event that the page describes, with the members it says, and no other."""
    known = described()
    runs = set()
    for e in done.events():
        name = e["event"]
        assert name in known, f"{name} is not in events.md"
        if name == "row":
            assert rows_too and set(e) <= {"event", "values", "v", "at", "run"}, e
            continue
        same(e["v"], 1)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", e["at"]), e["at"]
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", e["run"]), e["run"]
        runs.add(e["run"])
        extra = set(e) - known[name] - {"v", "event", "at", "run"}
        assert not extra, f"{name}: {extra} are not in events.md"
        for key, value in e.items():
            kind = KINDS.get(key)
            assert kind is None or isinstance(value, kind), f"{name}.{key}: {value!r}"
        if "error" in e:
            same(set(e["error"]), {"id", "code", "where", "text", "advice"})
            assert re.fullmatch(r"E\d{4}", e["error"]["id"])
    assert len(runs) == 1, runs
    return done.events()


@suite.case
def events_are_as_described():
    p = Project(["{from: drop.a.json, into: raw.a, checks: ['a > 0']}",
                 "{from: drop.b.csv, into: raw.b}", "{from: drop.c.json, into: raw.c}"])
    p.write("a.json", '{"a": 1, "a": 2}\n{x\n')
    p.write("b.csv", "id,day\n1,01/02/03\n")
    p.write("c.json", '[{"a": 1}')
    p.model("curated.n", "/* firn\nchecks: [{check: 'n > 5', severity: warn}]\n*/\n"
            "SELECT count(*) AS n FROM raw.a")
    p.model("curated.c", "SELECT * FROM raw.c")
    done = p.run("--json", want=1)
    same(done.err, "")
    found = valid_events(done)
    same((found[0]["event"], found[-1]["event"]), ("run_started", "run_finished"))
    same({(n["kind"], f"{n['namespace']}.{n['table']}", n["stream"]) for n in found[0]["nodes"]},
         {("ingest", "raw.a", "drop.a.json"), ("ingest", "raw.b", "drop.b.csv"),
          ("ingest", "raw.c", "drop.c.json"), ("model", "curated.n", None),
          ("model", "curated.c", None)})
    begun = [(e["namespace"], e["table"]) for e in found if e["event"] == "node_started"]
    ended = [(e["namespace"], e["table"]) for e in found if e["event"] == "node_finished"]
    same((len(begun), len(set(begun)), len(ended), len(set(ended))), (4, 4, 5, 5))
    a = done.event("node_finished", table="a")
    same((a["rows"], a["rejects"], a["duplicate_keys"], a["files_found"], a["files_landed"],
          a["bytes_read"], a["status"]), (1, 1, 1, 1, 1, 20, "done"))
    c = done.event("node_finished", namespace="raw", table="c")
    same((c["status"], c["error"]["id"]), ("failed", "E2001"))
    same(done.event("node_finished", namespace="curated", table="c")["status"], "skipped")
    same(done.event("check", severity="warn")["failing"], 1)
    contains(done.event("note", table="b")["text"], "day", "01/02/03")
    last = found[-1]
    same((last["exit"], last["done"], last["failed"], last["skipped"], last["unchanged"],
          last["rejects"]), (1, 3, 1, 1, 0, 1))
    assert last["peak_memory"] > 1 << 20 and last["files_published"] > 3 and last["syncs"] > 3
    valid_events(p.run("--json", want=1))


@suite.case
def events_of_load_and_sql():
    folder = empty()
    (folder / "x.json").write_text('{"a": 1}\n{"a": 2}\n', encoding="utf-8")
    done = firn("load", "x.json", "--json", cwd=folder, want=0)
    found = valid_events(done)
    same((found[0]["project"], done.event("node_finished")["rows"]), ("", 2))
    done = firn("sql", "./lake", "FROM raw.x ORDER BY a", "--json", cwd=folder, want=0)
    found = valid_events(done, rows_too=True)
    same([e["values"]["a"] for e in found if e["event"] == "row"], [1, 2])
    end = done.event("query_finished")
    (seen,) = end["tables"]
    same((end["rows"], seen["table"], seen["files_total"], seen["files_opened"]), (2, "x", 1, 1))


@suite.case
def progress_of_a_long_run():
    p = one("a.json", lines(*({"id": i, "t": f"{i:0200}"} for i in range(300000))))
    for e in valid_events(p.run("--json", "--threads", "1", want=0)):
        if e["event"] == "progress":
            same((e["namespace"], e["table"], e["stream"]), ("raw", "t", "drop.a.json"))
            assert 0 <= e["records"] <= 300000, e


# --- sql ----------------------------------------------------------------------------------------

ODD = ("SELECT * FROM (VALUES (1, 'plain', DATE '2025-05-31', 1.50::DECIMAL(9,2), NULL, true), "
       "(2, 'a,b', NULL, -0.01, '', false), (3, 'say \"hi\"', DATE '0001-01-01', 0, 'x', NULL), "
       "(4, 'two\nlines', NULL, 99.99, 'ünï 😀', true)) AS t(id, s, day, d, n, flag) ORDER BY id")
ODD_ROWS = [[1, "plain", "2025-05-31", "1.50", None, True], [2, "a,b", None, "-0.01", "", False],
            [3, 'say "hi"', "0001-01-01", "0.00", "x", None],
            [4, "two\nlines", None, "99.99", "ünï 😀", True]]


@suite.case
def sql_as_csv():
    folder = empty()
    done = firn("sql", ODD, "-o", "csv", cwd=folder, want=0)
    header, *found = csv.reader(io.StringIO(done.out))
    same(header, ["id", "s", "day", "d", "n", "flag"])
    same(found, [["" if v is None else str(v).lower() if isinstance(v, bool) else str(v)
                  for v in row] for row in ODD_ROWS])
    assert ',"",' in done.out, "an empty text is told from null"
    same(firn("sql", "SELECT 1 AS a WHERE false", "-o", "csv", cwd=folder, want=0).out, "a\n")


@suite.case
def sql_as_json():
    folder = empty()
    found = json.loads(firn("sql", ODD, "-o", "json", cwd=folder, want=0).out, parse_float=str)
    same([[r[k] for k in ("id", "s", "day", "d", "n", "flag")] for r in found], ODD_ROWS)
    (row,) = json.loads(firn(
        "sql", "SELECT 9223372036854775807 AS big, [1, NULL] AS l, {'a': {'b': [1]}} AS o, "
        "MAP {'k': 1} AS m, '\\xff'::BLOB AS bin, 'nan'::DOUBLE AS nan, 0.1::DOUBLE AS f, "
        "TIMESTAMP '2025-05-31 10:00:00.5' AS at, 170141183460469231731687303715884105727::HUGEINT"
        " AS huge, TIMESTAMPTZ '2025-05-31 10:00:00+02' AS tz",
        "-o", "json", cwd=folder, want=0).out)
    same((row["big"], row["l"], row["o"], row["f"]),
         (2**63 - 1, [1, None], {"a": {"b": [1]}}, 0.1))
    same((int(row["huge"]), row["m"]), (2**127 - 1, {"k": 1}))
    contains(row["at"], "2025-05-31", "10:00:00.5")
    contains(row["tz"], "08:00:00")
    same(json.loads(firn("sql", "SELECT 1 AS a WHERE false", "-o", "json", cwd=folder).out), [])


@suite.case
def sql_as_a_table():
    folder = empty()
    done = firn("sql", "SELECT 1 AS id, 'x' AS name, NULL AS n", cwd=folder, want=0)
    contains(done.out, "│ id │ name │", "NULL", "1 row")
    assert "1 rows" not in done.out
    plain = firn("sql", "SELECT 1 AS id", cwd=folder, want=0, env={"LC_ALL": "C"})
    assert plain.out.isascii(), plain.out
    wide = firn("sql", "SELECT i FROM range(2500) AS t(i)", cwd=folder, want=0)
    assert re.search(r"2,?500 rows", wide.out) and re.search(r"1,?000 ", wide.out), wide.out[-200:]
    few = firn("sql", "-n", "3", "SELECT i + 70 AS i FROM range(10) AS t(i)", cwd=folder, want=0)
    contains(few.out, "70", "72", "10 rows")
    assert "73" not in few.out, few.out
    odd = firn("sql", "SELECT 'a\tb\nc\033[31m' AS x", cwd=folder, want=0).out
    assert ESC not in odd, "what a source sent reaches the terminal as it is"


@suite.case
def sql_from_everywhere():
    """From an argument, -c, -f, standard input; several statements."""
    folder = empty()
    (folder / "q.sql").write_text("-- one\nSELECT 1 AS a;\nSELECT 2 AS b;\n", encoding="utf-8")
    for args, stdin in ((("SELECT 1 AS a; SELECT 2 AS b",), b""),
                        (("-c", "SELECT 1 AS a; SELECT 2 AS b"), b""), (("-f", "q.sql"), b""),
                        (("-f", "-"), b"SELECT 1 AS a; SELECT 2 AS b"),
                        ((), b"SELECT 1 AS a;\nSELECT 2 AS b;")):
        done = firn("sql", "-o", "csv", *args, cwd=folder, stdin=stdin, want=0)
        same([x for x in done.out.splitlines() if x], ["a", "1", "b", "2"], args)


@suite.case
def sql_without_a_project():
    folder = empty()
    (folder / "x.json").write_text('{"a": 1, "b": {"c": "x"}}\n{"a": 2}\n', encoding="utf-8")
    (folder / "y.csv").write_text("id,v\n1,x\n2,y\n", encoding="utf-8")
    same(json.loads(firn("sql", "FROM 'x.json'", "-o", "json", cwd=folder, want=0).out),
         [{"a": 1, "b": {"c": "x"}}, {"a": 2, "b": None}])
    same(json.loads(firn("sql", "SELECT j.a, y.v FROM 'x.json' AS j JOIN 'y.csv' AS y "
                         "ON y.id = j.a ORDER BY 1", "-o", "json", cwd=folder, want=0).out),
         [{"a": 1, "v": "x"}, {"a": 2, "v": "y"}])
    done = firn("sql", "FROM 'z.json'", cwd=folder, want=1)
    contains(done.err, "z.json")
    same(sorted(os.listdir(folder)), ["x.json", "y.csv"], "sql left something behind")
    contains(firn("sql", "./nowhere", "FROM raw.t", cwd=folder).err, "nowhere")


@suite.case
def sql_changes_nothing():
    p = small()
    for statement in ("DELETE FROM raw.t", "INSERT INTO raw.t VALUES (1)", "DROP TABLE raw.t",
                      "CREATE TABLE raw.x AS SELECT 1", "UPDATE raw.t SET id = 1",
                      "INSTALL httpfs",
                      "LOAD httpfs",
):
        done = p.firn("sql", statement)
        assert done.exit in (1, 2), f"{statement}: {done}"
    same(len(p.rows("raw.t")), 2)
    same(sorted(os.listdir(p.folder)), ["data", "firn.yml", "lake", "models"])
    p.firn("sql", "COPY (SELECT id FROM raw.t ORDER BY id) TO 'out.csv'", want=0)
    same((p.folder / "out.csv").read_text(encoding="utf-8"), "id\n1\n2\n")


@suite.case
def sql_sees_tables_by_both_names():
    p = small()
    for name in ("raw.t", "lake.raw.t", '"raw"."t"', "RAW.T"):
        same(p.sql(f"SELECT count(*) AS n FROM {name}"), [{"n": 2}])
    same(firn("sql", str(p.lake), "SELECT n FROM curated.n", "-o", "csv", cwd="/", want=0).out,
         "n\n2\n")
    same(p.sql("SELECT id FROM raw.t WHERE id = 2", "--no-prune"), [{"id": 2}])


# --- load, init ---------------------------------------------------------------------------------

@suite.case
def load():
    folder = empty()
    (folder / "data").mkdir()
    (folder / "data/orders.json").write_text(lines({"id": 1}, {"id": 2}), encoding="utf-8")
    (folder / "data/My Names.csv").write_text("id,name\n1,x\n", encoding="utf-8")
    done = firn("load", "data/orders.json", "data/My Names.csv", "--into", "./wh", cwd=folder,
                want=0)
    contains(done.out, "raw.orders", "raw.my_names", "next: ")
    same([sorted(r.values()) for r in rows(folder / "wh", "raw.orders", sort="id")], [[1], [2]])
    same(rows(folder / "wh", "raw.my_names"), [{"id": 1, "name": "x"}])
    same(firn("sql", "./wh", "SELECT sum(id) AS s FROM raw.orders", "-o", "csv", cwd=folder,
              want=0).out, "s\n3\n")
    again = firn("load", "data/orders.json", "--into", "wh", cwd=folder, want=0)
    contains(again.out, "unchanged")
    then = time.time() - 900
    (folder / "data/orders.json").write_text(lines({"id": 7}), encoding="utf-8")
    os.utime(folder / "data/orders.json", (then, then))
    done = firn("load", "data/orders.json", "--into", "wh", cwd=folder, want=1)
    contains(done.err, "E2003", "orders.json")
    firn("load", "data/orders.json", "--into", "wh", "--replace", cwd=folder, want=0)
    same(rows(folder / "wh", "raw.orders"), [{"id": 7}])
    contains(firn("tables", "wh", cwd=folder, want=0).out, "raw.orders", "raw.my_names")
    contains(firn("load", "data/orders.json", "--table", "t", cwd=folder, want=2).err, "'t'")
    contains(firn("load", "nowhere.json", cwd=folder, want=1).err, "nowhere.json")
    assert not (folder / "lake").exists(), "a load that failed made a warehouse"


@suite.case
def load_into_one_table():
    folder = empty()
    for i in range(3):
        (folder / f"{i}.json").write_text(json.dumps({"data": {"rows": [{"i": i}]}}),
                                          encoding="utf-8")
    firn("load", "0.json", "1.json", "2.json", "--table", "sales.all", "--records", "data.rows",
         "-i", "lake", "-t", "2", "-m", "300MB", "-q", cwd=folder, want=0)
    same(sorted(r["i"] for r in rows(folder / "lake", "sales.all")), [0, 1, 2])
    (folder / "bad.json").write_text('{"a": 1}\n{x\n', encoding="utf-8")
    done = firn("load", "bad.json", cwd=folder, want=3)
    contains(done.out, "__rejects")


@suite.case
def init_then_run():
    folder = empty()
    (folder / "data/sub").mkdir(parents=True)
    (folder / "data/orders.json").write_text(lines({"id": 1, "v": 2.5}), encoding="utf-8")
    (folder / "data/people.csv").write_text("id,name\n1,x\n", encoding="utf-8")
    done = firn("init", "data", cwd=folder, want=0)
    contains(done.out, "firn.yml", "next: firn run")
    firn("check", cwd=folder, want=0)
    done = firn("run", cwd=folder, want=0)
    contains(done.out, "raw.orders", "raw.people", "curated.")
    for args in ((), ("./lake",)):  # the lake is the same without its project
        done = firn("sql", *args, "SELECT id, name FROM raw.people", "-o", "csv", cwd=folder,
                    want=0)
        same(done.out, "id,name\n1,x\n", args)
    contains(firn("tables", folder / "lake", cwd="/", want=0).out, "raw.people", "raw.orders")
    written = (folder / "firn.yml").read_text(encoding="utf-8")
    assert written.count("#") > 3, "the project has no comments"
    done = firn("init", "data", cwd=folder)
    assert done.exit in (1, 2), done
    contains(done.err, "firn.yml")
    same((folder / "firn.yml").read_text(encoding="utf-8"), written)


@suite.case
def init_of_nothing():
    folder = empty()
    done = firn("init", cwd=folder)
    if done.exit == 0:
        firn("check", cwd=folder)
    else:
        contains(done.err, "error ")
    same("Traceback" in done.err, False)


@suite.case
def check_touches_nothing():
    p = Project("{from: drop.a.json, into: raw.t}")
    p.write("a.json", lines({"a": 1}))
    p.model("curated.n", "SELECT count(*) AS n FROM raw.t")
    before = sorted(str(f) for f in p.folder.rglob("*"))
    contains(p.firn("check", want=0).out, "right", "1 stream", "1 model", "next: firn run")
    same(p.firn("check", "-q", want=0).out, "")
    same(sorted(str(f) for f in p.folder.rglob("*")), before)
    (p.folder / "sub").mkdir()
    contains(firn("check", cwd=p.folder / "sub", want=0).out, "right")  # the project above
    contains(firn("check", "-p", str(p.folder), cwd="/", want=0).out, "right")


# --- tables, show, history ----------------------------------------------------------------------

@suite.case
def tables_show_history():
    p = small()
    p.describe("{from: 'drop.*.json', into: raw.t}")
    p.write("b.json", "")
    (p.folder / "data/b.json").unlink()
    for args, cwd in (((), p.folder), ((str(p.lake),), "/")):
        contains(firn("tables", *args, cwd=cwd, want=0).out, "raw.t", "curated.n", "2")
        contains(firn("show", *args, "raw.t", cwd=cwd, want=0).out, "id", "long", "name", "string",
                 "v", "double", "x_loaded_at", "timestamptz", "drop.a.json", "2 rows", "file://")
        found = firn("history", *args, "raw.t", cwd=cwd, want=0).out
        contains(found, "append")
    meta_id = str(table(p.lake, "raw.t").current_snapshot().snapshot_id)
    contains(p.firn("history", "raw.t", want=0).out, meta_id)
    contains(p.firn("show", "raw.t", want=0).out, meta_id)
    q = Project("{from: drop.a.json, into: raw.t}", name="before_the_first_run")
    done = q.firn("tables")
    assert done.exit in (0, 1), done
    assert not q.lake.exists(), "tables made a warehouse"


# --- pipes, terminals, signals ------------------------------------------------------------------

@suite.case
def closed_output():
    """A reader that has gone is no crash and no long wait."""
    folder = empty()
    for form, count in (("table", 20000), ("csv", 3000000), ("json", 3000000)):
        process = start("sql", f"SELECT i, repeat('x', 99) AS t FROM range({count}) AS t(i)", "-o",
                        form, "-n", count, cwd=folder)
        process.stdout.read(100)
        process.stdout.close()
        err = process.stderr.read()
        code = process.wait(30)
        assert code in (0, 1, 141, -signal.SIGPIPE), f"{form}: {code} {text(err)}"
        assert b"E9001" not in err and b"Sanitizer" not in err, text(err)
    p = one("a.json", lines({"a": 1}))
    process = start("run", "--json", cwd=p.folder)
    process.stdout.close()
    process.wait(30)
    same(p.rows("raw.t"), [{"a": 1}], "the run ends though nobody listens")


@suite.case
def full_output():
    """What cannot be written is said; not half a result with exit 0."""
    folder = empty()
    if not os.path.exists("/dev/full"):
        raise Skip("no /dev/full")
    with open("/dev/full", "wb") as full:
        for args in (("sql", "SELECT * FROM range(100000)", "-o", "csv"),
                     ("sql", "SELECT 1", "-o", "json"), ("sql", "SELECT 1 AS a", "--json")):
            process = start(*args, cwd=folder, stdout=full)
            err = process.communicate(timeout=30)[1]
            same(process.returncode, 1, f"{args} {text(err)}")
            contains(text(err), "error ")


def on_terminal(*args, cwd, env=None, columns=80, keys=b"", wait=60):
    """Runs firn with all three streams on a terminal; returns (exit, everything it showed)."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen([BIN, *map(str, args)], cwd=cwd, stdin=slave, stdout=slave,
                               stderr=slave, start_new_session=True,
                               env=environment({"TERM": "xterm-256color", **(env or {})}))
    os.close(slave)
    if keys:
        os.write(master, keys)
    shown, until = b"", time.monotonic() + wait
    while time.monotonic() < until:
        if select.select([master], [], [], 0.2)[0]:
            try:
                block = os.read(master, 65536)
            except OSError:
                break
            if not block:
                break
            shown += block
        elif process.poll() is not None:
            break
    os.close(master)
    return process.wait(10), text(shown)


@suite.case
def terminal_and_none():
    p = one("a.json", lines(*({"id": i, "t": f"{i:0300}"} for i in range(200000))))
    code, shown = on_terminal("run", cwd=p.folder)
    same(code, 0, shown[-500:])
    contains(shown, "raw.t", "200,000", "next: ")
    for line in re.split(r"[\r\n]+", re.sub(r"\033\[[0-9;]*[A-Za-z]", "", shown)):
        assert "rows/s" not in line or len(line) < 80, f"progress wraps: {line!r}"
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        code, shown = on_terminal("sql", "SELECT 1 AS a, 'x' AS b, NULL AS n", cwd=p.folder,
                                  env=env)
        same((code, re.findall(r"\033\[[0-9;]*m", shown)), (0, []), env)
        code, shown = on_terminal("rnu", cwd=p.folder, env=env)
        same((code, re.findall(r"\033\[[0-9;]*m", shown)), (2, []), env)
    code, shown = on_terminal("rnu", cwd=p.folder)
    assert re.search(r"\033\[[0-9;]*m", shown), "no colour on a terminal"
    code, shown = on_terminal("sql", cwd=p.folder, wait=20, keys=b"SELECT 6 * 7 AS x;\r.quit\r")
    same(code, 0, shown)  # the shell: tests/suites/shell.py
    contains(shown, "│ 42 │")
    code, shown = on_terminal("run", "--json", cwd=p.folder)
    for line in shown.splitlines():
        json.loads(line)


@suite.case
def colours_as_asked():
    """--color wins over what the environment says, and that over whether there is a terminal."""
    folder = empty()
    for args, env, coloured in (((), {}, False), (("--color", "always"), {}, True),
                                (("--color=always",), {"NO_COLOR": "1"}, True),
                                ((), {"CLICOLOR_FORCE": "1"}, True),
                                ((), {"CLICOLOR_FORCE": "0"}, False),
                                ((), {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False),
                                (("--color", "auto"), {}, False),
                                (("--color", "never"), {"CLICOLOR_FORCE": "1"}, False)):
        done = firn("rnu", *args, cwd=folder, env=env, want=2)
        same(ESC in done.err, coloured, f"{args} {env}")
    code, shown = on_terminal("rnu", "--color", "never", cwd=folder)
    same((code, re.findall(r"\033\[[0-9;]*m", shown)), (2, []))
    code, shown = on_terminal("rnu", "--color", "always", cwd=folder, env={"TERM": "dumb"})
    assert re.search(r"\033\[[0-9;]*m", shown), shown
    firn("sql", "SELECT '--color' AS a", "-o", "csv", "--", cwd=folder, want=0)


@suite.case
def manual_pages():
    """One of the program and one of each verb; man's own formatter finds nothing wrong."""
    folder = empty()
    firn("help", "--man-pages", folder / "man1", want=0)
    same(sorted(p.name for p in (folder / "man1").iterdir()),
         sorted(["firn.1", *(f"firn-{verb}.1" for verb in VERBS)]))
    for page in (folder / "man1").iterdir():
        written = page.read_text(encoding="utf-8")
        contains(written, ".TH FIRN", ".SH NAME", ".SH SYNOPSIS", "\\-\\-help", ".SH EXIT STATUS")
        if shutil.which("groff"):
            done = subprocess.run(["groff", "-man", "-Tutf8", "-K", "utf8", "-ww", str(page)],
                                  capture_output=True, check=False)
            same((done.returncode, text(done.stderr)), (0, ""), page.name)
    same((folder / "man1/firn-run.1").read_text(encoding="utf-8"),
         firn("help", "--man", "run", want=0).out)
    contains(firn("help", "--man", "rnu", want=2).err, "rnu")


@suite.case
def interrupted():
    """Ctrl-C: nothing half is visible, and the next run does it all."""
    p = one("a.json", "")
    with open(p.folder / "data/a.json", "w", encoding="utf-8") as f:
        line = json.dumps({"id": 1, "t": "x" * 500}) + "\n"
        for _ in range(400):
            f.write(line * 1000)
    size = 400000
    process = start("run", "--json", "--threads", "1", cwd=p.folder, start_new_session=True)
    head = b""
    while b"node_started" not in head and process.poll() is None:
        head += process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    began = time.monotonic()
    out, err = process.communicate(timeout=30)
    took = time.monotonic() - began
    if process.returncode == 0:
        raise Skip("the machine was faster than the signal")
    same(process.returncode, 1, text(err) + text(out)[-500:])
    assert took < 10, f"it took {took:.1f} s to stop"
    contains(text(out), '"E6002"')
    if (p.lake / "catalog.db").exists():
        assert not exists(p.lake, "raw.t")
    same([str(f) for f in p.lake.rglob("*.parquet")], [])
    same([str(f) for f in (p.lake / ".firn/tmp").rglob("*")], [])
    p.run(want=0)
    same(p.sql("SELECT count(*) AS n FROM raw.t"), [{"n": size}])
    folder = empty()
    process = start("sql", "SELECT 1; SELECT count(*) FROM range(100000000000) AS a(i) "
                    "WHERE i % 7 = 3", "--json", cwd=folder, start_new_session=True)
    if not select.select([process.stdout], [], [], 20)[0]:
        process.kill()
        raise AssertionError("the first result is held back until the second one is there")
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    began = time.monotonic()
    process.communicate(timeout=30)
    assert process.returncode != 0 and time.monotonic() - began < 10, process.returncode


# --- folders that cannot be written -------------------------------------------------------------

def restrained(*args):
    """firn without root's right to write where the permissions say no."""
    bare = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    return [*bare, BIN, *map(str, args)]


def reads(lake, folder):
    """The three verbs that only read, in a warehouse that cannot be written."""
    env = environment({"TMPDIR": str(folder)})
    for args, words in ((("tables", str(lake)), ("raw.t", "curated.n")),
                        (("show", str(lake), "raw.t"), ("x_loaded_at", "2 rows")),
                        (("history", str(lake), "raw.t"), ("append",)),
                        (("sql", str(lake), "SELECT sum(id) AS s FROM raw.t", "-o", "csv"),
                         ("s\n3\n",))):
        done = subprocess.run(restrained(*args), cwd="/", env=env, capture_output=True,
                              timeout=60, check=False)
        assert done.returncode == 0, f"{args}: {text(done.stderr)}"
        contains(text(done.stdout), *words)


@suite.case
def read_only_warehouse():
    """A lake that may only be read is read: no journal, no lock and no scratch is made in it."""
    p = small()
    copy = pathlib.Path("/tmp") / f"firn-ro-{os.getpid()}"
    try:
        scratch = copy / "tmp"
        scratch.mkdir(parents=True)
        shutil.copytree(p.lake, copy / "lake")
        for db in (copy / "lake").glob("catalog.db-*"):
            db.unlink()
        for f in (copy / "lake").rglob("*"):
            f.chmod(0o555 if f.is_dir() else 0o444)
        (copy / "lake").chmod(0o555)
        copy.chmod(0o755)
        scratch.chmod(0o777)
        before = sorted((str(f), f.stat().st_mtime_ns) for f in (copy / "lake").rglob("*"))
        reads(copy / "lake", scratch)
        same(sorted((str(f), f.stat().st_mtime_ns) for f in (copy / "lake").rglob("*")), before)
        same(list(scratch.rglob("*.parquet")), [])
        done = subprocess.run(restrained("load", p.folder / "data/a.json", "--into",
                                         copy / "lake"), env=environment(), capture_output=True,
                              timeout=60, check=False, cwd="/")
        same(done.returncode, 1, text(done.stderr))
        contains(text(done.stderr), "error E5006")
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(copy)], check=False)
        shutil.rmtree(copy, ignore_errors=True)


@suite.case
def read_only_mount():
    """The same on a file system that is mounted for reading only, with a WAL left behind."""
    if os.geteuid() != 0:
        raise Skip("needs root to mount")
    p = small()
    scratch = empty("scratch")
    db = sqlite3.connect(p.lake / "catalog.db")  # an open connection keeps the WAL in place
    db.execute("SELECT count(*) FROM iceberg_tables").fetchone()
    mounts = [["mount", "--bind", str(p.lake), str(p.lake)],
              ["mount", "-o", "remount,bind,ro", str(p.lake)]]
    if subprocess.run(mounts[0], capture_output=True, check=False).returncode:
        raise Skip("mounting is not allowed here")
    try:
        if subprocess.run(mounts[1], capture_output=True, check=False).returncode:
            raise Skip("mounting for reading only is not allowed here")
        reads(p.lake, scratch)
        done = p.firn("run", "--full-refresh")
        same(done.exit, 1, done)
        contains(done.err, "error E500", "lake")
        db.close()
        reads(p.lake, scratch)
    finally:
        subprocess.run(["umount", "-l", str(p.lake)], check=False)
    same(len(p.rows("raw.t")), 2)


@suite.case
def full_disk():
    """No space: said, nothing half is visible, and with space it goes on."""
    if os.geteuid() != 0:
        raise Skip("needs root to mount")
    p = Project("{from: drop.a.json, into: raw.t}")
    p.lake.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(p.lake)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        raise Skip("mounting is not allowed here")
    try:
        p.write("a.json", lines({"id": 0, "t": "x"}))
        p.run(want=0)
        p.describe("{from: 'drop.*.json', into: raw.t}",
                   more="maintenance: {compression: uncompressed}\n")
        p.write("b.json", lines(*({"id": i, "t": os.urandom(200).hex()} for i in range(40000))))
        p.describe("{from: 'drop.[a-b].json', into: raw.t}")
        done = p.firn("run")
        same(done.exit, 1, done)
        contains(done.err, "E5003", "space")
        same(len(p.rows("raw.t")), 1)
        same([str(f) for f in (p.lake / ".firn/tmp").rglob("*.parquet")], [])
        contains(p.firn("status", want=0).out, "with exit status 1", "E5003")
        subprocess.run(["mount", "-o", "remount,size=64m", str(p.lake)], check=True)
        p.run(want=0)
        assert len(p.rows("raw.t")) >= 40000
    finally:
        subprocess.run(["umount", "-l", str(p.lake)], check=False)


@suite.case
def record_that_cannot_be_written():
    """docs/formats/runs.md: a run whose record cannot be written still runs."""
    p = one("a.json", lines({"a": 1}))
    (p.lake / ".firn").mkdir(parents=True)
    (p.lake / ".firn/runs.db").write_bytes(b"this is no database, but it is long enough" * 50)
    contains(p.run(want=0).err, "not recorded", "runs.db")
    same(p.rows("raw.t"), [{"a": 1}])
    same(p.run("-q", want=0).err, "")
    (p.lake / ".firn/runs.db").unlink()
    db = sqlite3.connect(p.lake / ".firn/runs.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    contains(p.firn("run", want=1).err, "version 99")


@suite.case
def catalog_that_is_none():
    folder = empty()
    (folder / "lake").mkdir()
    (folder / "lake/catalog.db").write_bytes(b"this is no database, but it is long enough" * 50)
    for args in (("tables", "lake"), ("sql", "lake", "FROM raw.t"), ("show", "lake", "raw.t")):
        done = firn(*args, cwd=folder, want=1)
        contains(done.err, "catalog.db")
    (folder / "lake/catalog.db").unlink()
    sqlite3.connect(folder / "lake/catalog.db").execute("CREATE TABLE x (a)").connection.commit()
    contains(firn("tables", "lake", cwd=folder, want=1).err, "Iceberg")


@suite.case
def names_of_catalogs():
    """A warehouse is read by the name that its catalog has; of several the one called lake."""
    p = small()
    db = sqlite3.connect(p.lake / "catalog.db")
    db.execute("UPDATE iceberg_tables SET catalog_name = 'prod'")
    db.execute("UPDATE iceberg_namespace_properties SET catalog_name = 'prod'")
    db.commit()
    contains(firn("tables", p.lake, want=0).out, "raw.t", "curated.n")
    contains(firn("sql", p.lake, "SELECT n FROM prod.curated.n", "-o", "csv", want=0).out, "2")
    firn("load", p.folder / "data/a.json", "--into", p.lake, "--table", "raw.more", want=0)
    same(db.execute("SELECT DISTINCT catalog_name FROM iceberg_tables").fetchall(), [("prod",)])
    db.execute("INSERT INTO iceberg_tables SELECT 'test', table_namespace, table_name, "
               "metadata_location, NULL, iceberg_type FROM iceberg_tables WHERE table_name = 'n'")
    db.commit()
    contains(firn("tables", p.lake).err, "2 catalogs", "catalog: {type: sqlite, name: ")
    db.execute("UPDATE iceberg_tables SET catalog_name = 'lake' WHERE catalog_name = 'test'")
    db.commit()
    found = firn("tables", p.lake, want=0).out
    contains(found, "curated.n")
    assert "raw.t" not in found, found


@suite.case
def secrets_stay_secret():
    """What a variable holds is not repeated in a message."""
    folder = empty()
    (folder / "firn.yml").write_text("name: x\nwarehouse: ./lake\nthreads: ${SECRET}\n",
                                     encoding="utf-8")
    done = firn("check", cwd=folder, env={"SECRET": "hunter2"}, want=2)
    contains(done.err, "${SECRET}", "firn.yml:3")
    assert "hunter2" not in done.err + done.out


suite.end()

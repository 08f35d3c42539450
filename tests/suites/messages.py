#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""What a new user does wrong in the first ten minutes, and what firn says to it: whole outputs,
compared with tests/golden/messages/*.txt (paths, times and ids normalised).  Every refusal says
what, where and what to do or type.

FIRN_BLESS=1 writes the files anew: read what changed before it is kept."""
import gzip
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
from firnlab import (BIN, ROOT, TMP, Skip, Suite, contains, environment, firn, lines, same,
                     start, text)  # noqa: E402

suite = Suite()
GOLDEN = ROOT / "tests/golden/messages"
BLESS = bool(os.environ.get("FIRN_BLESS"))
SEEN = set()
HEAD = "name: shop\nwarehouse: ./lake\nsources: {drop: {type: files, path: ./data}}\n"
DATA = {"data/a.json": lines({"a": 1, "name": "x"}), "data/b.csv": "id,day\n1,2025-05-31\n"}


# --- outputs ------------------------------------------------------------------------------------

def normal(said, folder):
    """Without what differs from run to run and machine to machine."""
    said = said.replace(str(folder), "HERE").replace(str(folder)[1:], "HERE")
    for pattern, word in (
            (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
            (r"\brun [0-9a-f]{8}\b", "run ID"),
            (r"history [0-9a-f]{8}\b", "history ID"), (r"last run: [0-9a-f]{8}", "last run: ID"),
            (r"\b\d{15,19}\b", "SNAPSHOT"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?(\+00)?", "TIME"),
            (r" *\d+\.\d\d s(?=\W)", " N s"), (r"[\d.]+ MB of memory", "N MB of memory"),
            (r"process \d+", "process N"), (r"firn \d+\.\d+\.\d+\S*", "firn VERSION"),
            (r"\d+ seconds? ago|just now", "NOW"), (r"[\d.]+ (KB|MB|bytes)(?= [│|])", "SIZE"),
            (r"[\d.]+ .B free", "N free"), (r"\d+ threads$", "N threads"),
            (r"[─-]{5,}", "-----"), (r" {2,}(?=[│|])", " ")):
        said = re.sub(pattern, word, said, flags=re.M)
    return said


def compare(name, said):
    path = GOLDEN / f"{name}.txt"
    SEEN.add(path.name)
    if BLESS:
        GOLDEN.mkdir(parents=True, exist_ok=True)
        path.write_text(said, encoding="utf-8")
        return
    assert path.exists(), f"there is no {path.name} (FIRN_BLESS=1 writes it): {said}"
    wanted = path.read_text(encoding="utf-8")
    for i, (a, b) in enumerate(zip(said.splitlines(), wanted.splitlines())):
        assert a == b, f"{name}, line {i + 1}: {a!r}, wanted {b!r}\n{said}"
    same(said, wanted, name)


def helps(said, name):
    """An error that nobody is left alone with: an id, and under it something to do or type."""
    found, rows = [], said.splitlines()
    for row, below in zip(rows, [*rows[1:], ""]):
        error = re.match(r"( *)error +E\d{4}", row)
        if error:
            found.append(below)
            deeper = re.match(rf"{error[1]}  +\S", below)
            assert deeper and "` says more" not in below, f"{name}: nothing to do or type\n{said}"
    return found


def write(folder, files):
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        then = time.time() - 3600
        os.utime(path, (then, then))


def case(name, *commands, files=None, before=None, project=None, data=True, env=None, need=None):
    """A golden case: files (relative names), `project` (firn.yml behind its head; a text that
    begins with '=' is the whole file), `before` (a function of the folder), then the commands."""
    def run():
        if need:
            need()
        folder = TMP / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write(folder, DATA if data else None)
        write(folder, files)
        if project is not None:
            whole = project[1:] if project.startswith("=") else HEAD + project
            write(folder, {"firn.yml": whole})
        if before:
            before(folder)
        said, failed = "", False
        for command in commands:
            done = firn(*command, cwd=folder, env=env)
            said += f"$ firn {' '.join(map(quoted, command))}\n{done.out}{done.err}"
            said += f"[exit {done.exit}]\n"
            failed = failed or done.exit in (1, 2)
        said = normal(said, folder)
        compare(name, said)
        advice = helps(said, name)
        assert advice or not failed, f"{name}: it failed without an error\n{said}"
    suite.add(name, run)


def quoted(word):
    word = str(word)
    return word if re.fullmatch(r"[\w./:=+@%,-]+", word) else "'" + word + "'"


def ingest(*entries):
    return "ingest:\n" + "".join(f"  - {e}\n" for e in entries)


A = "{from: drop.a.json, into: raw.a}"
RUN = ("run",)
CHECK = ("check",)

# --- verbs and options --------------------------------------------------------------------------

case("verb-typo", ("rnu",), ("tabels",), ("halp",))
case("verb-unknown", ("xyzzy",))
case("option-typo", ("run", "--qiet"), ("sql", "--fromat", "csv", "SELECT 1"))
case("option-unknown", ("run", "-z"), ("run", "--frobnicate"))
case("option-value-missing", ("run", "--threads"), ("sql", "-o"))
case("option-value-not-taken", ("run", "--quiet=yes"))
case("threads-wrong", ("run", "--threads", "0"), ("run", "-t", "many"), project=ingest(A))
case("memory-wrong", ("run", "--memory", "64MB"), ("run", "-m", "lots"), project=ingest(A))
case("only-wrong", ("run", "--only", "tests"), project=ingest(A))
case("color-wrong", ("--color", "sometimes", "run"))
case("accept-position-wrong", ("run", "--accept-position", "x"), project=ingest(A))
case("help-unknown", ("help", "rnu"), ("help", "E7777"), ("help", "xyzzy"))
case("select-nothing", ("run", "raw.aa"), ("run", "nothing.*"), ("run", "--exclude", "raw.b"),
     project=ingest(A))
case("completion-unknown", ("completion",), ("completion", "tcsh"))

# --- no project, or not the one -----------------------------------------------------------------

case("no-project", RUN, CHECK, ("tables",), ("status",), ("show", "raw.a"), data=False)
case("project-not-there", ("run", "-p", "nowhere.yml"), ("run", "-p", "data"))
case("project-empty", CHECK, project="=")
case("project-not-a-map", CHECK, project="=- a\n- b\n")
case("project-binary", CHECK, project="=\0\1\2 PK\3\4")
case("project-for-later-version", CHECK, project="version: 2\n")

# --- the project file ---------------------------------------------------------------------------

case("yaml-tab", CHECK, project="ingest:\n\t- {from: drop.a.json, into: raw.a}\n")
case("yaml-no-blank", CHECK, project="=name:shop\nwarehouse: ./lake\n")
case("yaml-open-bracket", CHECK, project="ingest: [{from: drop.a.json, into: raw.a}\n")
case("yaml-anchor", CHECK, project="models: &m models\n")
case("key-typo", CHECK, project="ingset:\n  - {from: drop.a.json, into: raw.a}\n")
case("key-typo-in-entry", CHECK, project=ingest("{from: drop.a.json, inot: raw.a}"))
case("key-of-another-place", CHECK, project="into: raw.a\n")
case("key-twice", CHECK, project="threads: 2\nthreads: 4\n")
case("key-missing", CHECK, project=ingest("{from: drop.a.json}"))
case("key-missing-name", CHECK, project="=warehouse: ./lake\n")
case("value-empty", CHECK, project="memory:\n")
case("value-list-for-map", CHECK, project="catalog: [sqlite]\n")
case("value-map-for-list", CHECK, project="ingest: {from: drop.a.json, into: raw.a}\n")
case("value-word", CHECK, project=ingest("{from: drop.a.json, into: raw.a, write: replaced}"))
case("value-number", CHECK, project="threads: four\n")
case("value-size", CHECK, project="memory: 1\n")
case("value-time", CHECK, project="run_record: {keep: soon}\n")
case("value-percent", CHECK, project="rejects: {max_ratio: 5}\n")
case("value-yes", CHECK, project=ingest("{from: drop.b.csv, into: raw.b, header: yes}"))
case("variable-unset", CHECK, project="timezone: ${ZONE}\n")
case("timezone-typo", CHECK, project="timezone: Europe/Berln\n")
case("warehouse-in-a-cloud", CHECK, project="=name: x\nwarehouse: s3://bucket/lake\n")
case("catalog-unknown", CHECK, project="catalog: {type: hive}\n")
case("source-type-unknown", CHECK,
     project="=name: x\nwarehouse: ./lake\nsources: {db: {type: mysql, path: x}}\n")
case("source-unknown", CHECK, project=ingest("{from: dorp.a.json, into: raw.a}"))
case("stream-without-source", CHECK, project=ingest("{from: a.json, into: raw.a}"))
case("stream-typo", RUN, project=ingest("{from: drop.aa.json, into: raw.a}"))
case("stream-glob-of-nothing", RUN, project=ingest("{from: 'drop.*.parquet', into: raw.a}"))
case("folder-not-there", RUN, project=ingest(A), data=False)
case("table-without-namespace", CHECK, project=ingest("{from: drop.a.json, into: orders}"))
case("table-with-kept-suffix", CHECK,
     project=ingest("{from: drop.a.json, into: raw.a__rejects}"))
case("table-twice", CHECK, project=ingest(A, "{from: drop.b.csv, into: raw.A}"))
case("type-unknown", CHECK,
     project=ingest("{from: drop.a.json, into: raw.a, columns: {a: number}}"))
case("type-typo", CHECK, project=ingest("{from: drop.a.json, into: raw.a, columns: {a: strnig}}"))
case("date-format-wrong", CHECK, project=ingest(
    "{from: drop.b.csv, into: raw.b, columns: {day: {type: date, format: 'DD.MM.YYYY'}}}"))
case("partition-unknown", CHECK,
     project=ingest("{from: drop.b.csv, into: raw.b, partition: [months(day)]}"))
case("partition-of-no-column", RUN,
     project=ingest("{from: drop.b.csv, into: raw.b, partition: [month(dya)]}"))
case("sort-of-no-column", RUN,
     project=ingest("{from: drop.b.csv, into: raw.b, sort: [dya]}"))
case("check-key-typo", CHECK,
     project=ingest("{from: drop.a.json, into: raw.a, checks: [{chek: 'a > 0'}]}"))
case("check-wrong-sql", RUN,
     project=ingest("{from: drop.a.json, into: raw.a, checks: ['a >> > 0']}"))
case("check-of-no-column", RUN,
     project=ingest("{from: drop.a.json, into: raw.a, checks: ['amount > 0']}"))

# --- models -------------------------------------------------------------------------------------


def model(name, sql, *more, project=ingest(A), commands=(CHECK,), **other):
    project += "threads: 1\n"  # what does not wait for another comes in one order
    case(name, *commands, project=project, files={"models/curated/m.sql": sql, **dict(more)},
         **other)


model("model-no-select", "INSERT INTO raw.x SELECT 1")
model("model-empty", "-- nothing\n")
model("model-two-statements", "SELECT 1; SELECT 2")
model("model-syntax", "SELECT a,\n  FORM raw.a")
model("model-unknown-table", "SELECT * FROM raw.b", commands=(CHECK, RUN))
model("model-table-typo", "SELECT * FROM raw.aa", commands=(RUN,))
model("model-unknown-column", "SELECT nmae FROM raw.a", commands=(RUN,))
model("model-unknown-function", "SELECT uper(name) FROM raw.a", commands=(RUN,))
model("model-cycle", "SELECT * FROM curated.n",
      ("models/curated/n.sql", "SELECT * FROM curated.m"))
model("model-header-key", "/* firn\nmaterialise: table\n*/\nSELECT 1 AS a")
model("model-header-word", "/* firn\nmaterialize: incremental\n*/\nSELECT 1 AS a")
model("model-bad-cast", "SELECT name::INTEGER AS n FROM raw.a", commands=(RUN,))
model("model-columns-twice", "SELECT a, a FROM raw.a", commands=(RUN,))
model("model-variable-unset", "SELECT '${region}' AS r", commands=(CHECK, RUN))
case("model-without-namespace", CHECK, project=ingest(A), files={"models/m.sql": "SELECT 1 AS a"})
case("models-folder-typo", CHECK, project=ingest(A) + "models: modles\n")

# --- data ---------------------------------------------------------------------------------------


def landed(name, content, file="x.json", entry="", commands=(RUN,), more="", **other):
    case(name, *commands, project=ingest(f"{{from: drop.{file}, into: raw.x{entry}}}") + more,
         files={f"data/{file}": content}, **other)


landed("json-array-cut-off", '[{"a": 1}, {"a": 2')
landed("json-no-records", "42\n")
landed("json-line-broken", '{"a": 1}\n{"a": \n{"a": 3}\n')
landed("json-list-inside", '{"data": {"rows": [{"a": 1}]}}', entry=", records: data.rwos")
landed("csv-cells", "id,name\n1,x\n2,y,z\n3,w\n", "x.csv")
landed("csv-open-quote", 'id,name\n1,"x\n2,y\n', "x.csv")
landed("csv-head-twice", "id,ID\n1,2\n", "x.csv")
landed("csv-not-utf8", "id,name\n1,Zo\xeb\n2,x\n".encode("latin-1"), "x.csv")
landed("csv-wrong-encoding", "id\n1\n", "x.csv", ", encoding: windows-125")
landed("value-not-a-number", "id\n1\nn/a\n", "x.csv", ", columns: {id: long}")
landed("value-required", "id,b\n1,\n", "x.csv", ", columns: {b: {type: string, required: true}}")
landed("too-many-rejects", '{"a": 1}\n' + "{x\n" * 5, more="rejects: {max: 2}\n")
landed("check-failed", lines({"a": 1}, {"a": -1}), entry=", checks: ['a > 0']")
landed("check-warns", lines({"a": 1}, {"a": -1}),
       entry=", checks: [{check: 'a > 0', severity: warn}]")
landed("file-empty", "")
case("file-a-folder", RUN, project=ingest("{from: drop.x, into: raw.x}"),
     files={"data/x/y.txt": "hello\n"})
landed("file-gzip-cut-off", gzip.compress(b'{"a": 1}\n' * 1000, mtime=0)[:-20], "x.json.gz")
landed("file-not-gzip", '{"a": 1}\n', "x.json.gz")
landed("file-zip", b"PK\3\4" + b"\0" * 100, "x.json")
landed("file-excel", b"PK\3\4" + b"\0" * 100, "x.xlsx")
landed("file-parquet-broken", b"PAR1" + b"\0" * 100, "x.parquet")
landed("file-unknown-format", "hello\n", "x.txt", ", format: xml")


def change(folder):
    firn("run", cwd=folder)
    write(folder, {"data/a.json": lines({"a": 2, "name": "yy"})})


case("file-changed", RUN, project=ingest(A), before=change)

# --- load ---------------------------------------------------------------------------------------

case("load-nothing", ("load",))
case("load-not-there", ("load", "nowhere.json"), ("load", "data/*.jsn"))
case("load-folder", ("load", "data"))
case("load-table-name", ("load", "data/a.json", "--table", "a"))
case("load-into-a-file", ("load", "data/a.json", "--into", "data/b.csv"))
case("load-changed", ("load", "data/a.json"),
     before=lambda f: (firn("load", "data/a.json", cwd=f),
                       write(f, {"data/a.json": lines({"a": 3})})))
case("load-other-type", ("load", "data/b.csv", "--table", "raw.a"),
     before=lambda f: firn("load", "data/a.json", cwd=f))

# --- asking -------------------------------------------------------------------------------------


def lake(folder):
    firn("load", "data/a.json", cwd=folder, want=0)


def asked(name, *statements, **more):
    case(name, *[("sql", "./lake", s) for s in statements], before=more.pop("before", lake), **more)


case("sql-nothing", ("sql",), ("sql", "  -- nothing"))
case("sql-format", ("sql", "-o", "xml", "SELECT 1"))
case("sql-rows", ("sql", "-n", "-5", "SELECT 1"))
case("sql-both", ("sql", "-c", "SELECT 1", "-f", "x.sql"))
case("sql-file-not-there", ("sql", "-f", "nowhere.sql"))
case("sql-unquoted", ("sql", "SELECT", "1"))
case("sql-not-a-warehouse", ("sql", "./data", "SELECT 1"), ("sql", "./nowhere", "SELECT 1"))
case("sql-file-in-statement", ("sql", "FROM 'nowhere.csv'"), ("sql", "FROM 'data/c.csv'"))
case("sql-without-tables", ("sql", "FROM raw.a"))
asked("sql-table-typo", "FROM raw.aa", "FROM rwa.a", "SELECT * FROM orders")
asked("sql-column-typo", "SELECT nmae FROM raw.a")
asked("sql-function-typo", "SELECT uper(name) FROM raw.a")
asked("sql-syntax", "SELEC 1", "SELECT (1", "SELECT 'x")
asked("sql-changes", "DELETE FROM raw.a", "DROP TABLE raw.a", "CREATE TABLE raw.z AS SELECT 1")
asked("sql-cast", "SELECT name::INT FROM raw.a")
asked("sql-at", "FROM raw.a AT (VERSION => 17)", "FROM raw.a AT (TIMESTAMP => '2001-01-01')")
case("show-nothing", ("show",), ("history",), ("diff",), before=lake)
case("show-table-typo", ("show", "lake", "raw.aa"), ("history", "lake", "raw.aa"),
     ("show", "lake", "a"), before=lake)
case("show-at", ("show", "lake", "raw.a", "--at", "v1"), ("show", "lake", "raw.a", "--at", "17"),
     before=lake)
case("show-too-much", ("show", "lake", "raw.a", "raw.b"), ("tables", "lake", "raw.a"), before=lake)
case("tables-nowhere", ("tables", "./nowhere"), ("tables", "data"))
case("tables-before-the-first-run", ("tables",), ("show", "raw.a"), ("sql", "FROM raw.a"),
     ("history", "--runs"), project=ingest(A))
case("history-of-no-run", ("history", "lake", "ffffffff"), ("history", "lake", "--runs", "-n", "x"),
     before=lake)
case("alter-wrong", ("alter", "lake", "raw.a", "ADD COLUMN"),
     ("alter", "lake", "raw.a", "DROP COLUMN nmae"),
     ("alter", "lake", "raw.a", "ALTER COLUMN a TYPE boolean"), ("alter", "lake"), before=lake)
case("diff-wrong", ("diff", "lake", "raw.a", "v1"), ("diff", "lake", "raw.a", "--key", "nope"),
     before=lake)
case("register-wrong", ("register",), ("register", "raw.z"), ("register", "raw.z", "./nowhere"),
     project=ingest(A))
case("init-nothing", ("init", "nowhere"), ("init", "."), data=False)
case("init-twice", ("init", "data"), project=ingest(A))

# --- peek, plan, demo, graph, test --------------------------------------------------------------

case("peek-wrong", ("peek",), ("peek", "nowhere.json"), ("peek", "data/a.json", "-n", "x"),
     ("peek", "data/a.json", "--format", "xml"), ("peek", "data/a.json", "--records", "b.c"))
case("peek-stream-typo", ("peek", "drop.aa.json"), ("peek", "dorp.a.json"), project=ingest(A))
case("peek-model", ("peek", "curated.m"), project=ingest(A),
     files={"models/curated/m.sql": "SELECT 1 AS a"})
case("load-into-a-project", ("load", "data/a.json"), project=ingest(A))
case("sql-without-quotes", ("sql", "FROM", "raw.a", "LIMIT", "1"), ("sql", "SELECT", "1"))
case("demo-unknown", ("demo", "oders"))
case("plan-wrong", ("plan", "raw.aa"), ("plan", "--memory", "lots"), project=ingest(A))
case("plan-of-what-fails", ("plan",), project=ingest("{from: drop.aa.json, into: raw.a}"))
case("graph-wrong", ("graph", "raw.aa"), ("graph", "-o", "png"), project=ingest(A))
case("test-select-nothing", ("test", "nothing"), project=ingest(A))


def unit(name, tests, sql="SELECT a * 2 AS b FROM raw.a", **more):
    case(name, ("test",), project=ingest(A),
         files={"models/curated/m.sql": sql, "tests/m.yml": tests}, **more)


unit("unit-differs", "unit_tests:\n  - name: doubles\n    model: curated.m\n"
     "    given: {raw.a: [{a: 1}, {a: 2}]}\n    expect: [{b: 2}, {b: 5}]\n")
unit("unit-key-typo", "unit_tests:\n  - {name: x, modle: curated.m, expect: []}\n")
unit("unit-model-typo", "unit_tests:\n  - {name: x, model: curated.mm, expect: []}\n")
unit("unit-table-typo", "unit_tests:\n  - name: x\n    model: curated.m\n"
     "    given: {raw.aa: [{a: 1}]}\n    expect: []\n")
unit("unit-column-typo", "unit_tests:\n  - name: x\n    model: curated.m\n"
     "    given: {raw.a: [{a: 1}]}\n    expect: [{c: 2}]\n")
unit("unit-wrong-sql", "unit_tests:\n  - name: x\n    model: curated.m\n"
     "    given: {raw.a: [{a: 1}]}\n    expect: [{b: 2}]\n", "SELECT a * 2 AS b FORM raw.a")

# --- views, variables, contracts, checks with parameters ----------------------------------------

VIEW = "/* firn\nmaterialize: view\n*/\n"
model("view-unknown-column", VIEW + "SELECT nmae FROM raw.a", commands=(RUN,))
model("view-of-itself", VIEW + "SELECT * FROM curated.m")
model("view-with-partition", "/* firn\nmaterialize: view\npartition: [a]\n*/\nSELECT 1 AS a")
model("variable-word-wrong", "SELECT '${region}' AS r",
      commands=(("run", "--var", "region"), ("run", "--var", "2x=1"),
                ("run", "--var", "regoin=x")))
model("model-memory-wrong", "/* firn\nmemory: lots\n*/\nSELECT 1 AS a")
model("model-tag-unknown", "SELECT 1 AS a", commands=(("run", "tag:daily"),))
landed("contract-word", '{"a": 1}\n', entry=", contract: frezze", commands=(CHECK,))
landed("contract-key", '{"a": 1}\n', entry=", contract: {colums: freeze}", commands=(CHECK,))
landed("conflicts-word", '{"a": 1}\n', entry=", on_conflict_of_types: text", commands=(CHECK,))
landed("nested-word", '{"a": 1}\n', entry=", nested: flat", commands=(CHECK,))
landed("conflict-fails", lines({"a": 1}, {"a": "x"}), entry=", on_conflict_of_types: fail")


def add_a_key(folder):
    firn("run", cwd=folder, want=0)
    write(folder, {"data/y.json": lines({"a": 2, "b": 3})})


case("contract-broken", RUN, before=add_a_key, files={"data/x.json": lines({"a": 1})},
     project=ingest("{from: 'drop.[xy].json', into: raw.x, contract: freeze}"))
landed("check-values-none", '{"a": 1}\n', entry=", columns: {a: {checks: [accepted_values]}}",
       commands=(CHECK,))
landed("check-unknown", '{"a": 1}\n', entry=", columns: {a: {checks: [not_nul]}}",
       commands=(CHECK,))
landed("check-relationship-typo", '{"a": 1}\n', commands=(CHECK, RUN),
       entry=", columns: {a: {checks: [{relationships: {to: raw.xx, field: a}}]}}")
landed("check-severity-typo", '{"a": 1}\n', entry=", checks: [{check: 'a > 0', severity: wran}]",
       commands=(CHECK,))
landed("check-unique-no-column", '{"a": 1}\n', entry=", checks: [{unique: [a, b]}]")
landed("check-max-age", '{"a": 1}\n', commands=(CHECK,),
       entry=", checks: [{freshness: {column: a, max_age: soon}}]")

# --- the machine --------------------------------------------------------------------------------


def restrained(name, *commands, project=None, before=None, mend=None):
    """As another user, to whom folders say no."""
    def run():
        folder = pathlib.Path("/tmp") / f"firn-messages-{os.getpid()}-{name}"
        bare = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
        try:
            folder.mkdir()
            write(folder, DATA)
            if project is not None:
                write(folder, {"firn.yml": HEAD + project})
            before(folder)
            said = ""
            for command in commands:
                done = subprocess.run([*bare, BIN, *command], cwd=folder, env=environment(),
                                      capture_output=True, timeout=60, check=False)
                said += f"$ firn {' '.join(command)}\n{text(done.stdout)}{text(done.stderr)}"
                said += f"[exit {done.returncode}]\n"
            compare(name, normal(said, folder))
            helps(said, name)
        finally:
            subprocess.run(["chmod", "-R", "u+rwx", str(folder)], check=False)
            shutil.rmtree(folder, ignore_errors=True)
    suite.add(name, run)


restrained("warehouse-not-writable", RUN, ("load", "data/a.json", "-i", "lake"), project=ingest(A),
           before=lambda f: ((f / "lake").mkdir(), (f / "lake").chmod(0o555)))
restrained("folder-not-writable", RUN, ("load", "data/a.json"), ("init", "data"),
           before=lambda f: f.chmod(0o555))
restrained("file-not-readable", RUN, ("load", "data/a.json", "-i", "lake"), project=ingest(A),
           before=lambda f: (f / "data/a.json").chmod(0))
restrained("folder-not-readable", RUN, CHECK, project=ingest(A),
           before=lambda f: (f / "data").chmod(0))
restrained("project-not-readable", RUN, project=ingest(A),
           before=lambda f: (f / "firn.yml").chmod(0))


def full_disk():
    """A file system without space."""
    folder = TMP / "disk-full"
    folder.mkdir()
    write(folder, {"data/a.json": lines(*({"id": i, "t": os.urandom(200).hex()}
                                          for i in range(20000)))})
    write(folder, {"firn.yml": HEAD + ingest(A) + "maintenance: {compression: uncompressed}\n"})
    (folder / "lake").mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder / "lake"],
                          capture_output=True, check=False)
    if done.returncode:
        raise Skip("nothing can be mounted here")
    try:
        done = firn("run", "-t", "1", cwd=folder)
        (folder / "data/a.json").unlink()
        said = normal(f"$ firn run -t 1\n{done.out}{done.err}[exit {done.exit}]\n", folder)
        said = re.sub(r"'[^']*lake/[^']*'", "'HERE/lake/FILE'", said)
        compare("disk-full", said)
        helps(said, "disk-full")
    finally:
        subprocess.run(["umount", "-l", folder / "lake"], check=False)


suite.add("disk-full", full_disk)


def damage(name):
    def before(folder):
        firn("run", cwd=folder)
        (folder / "lake" / name).write_bytes(b"this is no database, but it is long enough" * 50)
    return before


def catalog_of_another(folder):
    (folder / "lake").mkdir()
    db = sqlite3.connect(folder / "lake/catalog.db")
    db.execute("CREATE TABLE x (a)")
    db.commit()


def newer_record(folder):
    firn("run", cwd=folder)
    sqlite3.connect(folder / "lake/.firn/runs.db").execute("PRAGMA user_version = 99")


def metadata_gone(folder):
    firn("run", cwd=folder)
    shutil.rmtree(folder / "lake/raw/a/metadata")


case("catalog-damaged", RUN, ("tables",), project=ingest(A), before=damage("catalog.db"))
case("catalog-of-another-program", ("tables",), project=ingest(A), before=catalog_of_another)
case("record-damaged", ("status",), project=ingest(A), before=damage(".firn/runs.db"))
case("record-of-a-newer-firn", RUN, ("status",), project=ingest(A), before=newer_record)
case("metadata-gone", RUN, ("show", "raw.a"), project=ingest(A), before=metadata_gone)


def interrupted():
    """Ctrl-C while a run works."""
    folder = TMP / "ctrl-c"
    folder.mkdir()
    write(folder, {"firn.yml": HEAD + ingest(A)})
    line = '{"id": 1, "t": "' + "x" * 500 + '"}\n'
    write(folder, {"data/a.json": line * 400000})
    process = start("run", "-t", "1", cwd=folder, start_new_session=True)
    scratch = folder / "lake/.firn/tmp"
    until = time.monotonic() + 20
    while not list(scratch.glob("*/0")) and time.monotonic() < until and process.poll() is None:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGINT)
    out, err = map(text, process.communicate(timeout=60))
    (folder / "data/a.json").unlink()
    if process.returncode == 0:
        raise Skip("the machine was faster than the signal")
    compare("ctrl-c", normal(f"$ firn run -t 1\n^C{out}{err}[exit {process.returncode}]\n", folder))
    helps(err, "ctrl-c")


suite.add("ctrl-c", interrupted)


# --- ids ----------------------------------------------------------------------------------------

def raised_ids():
    """The ids that the source can raise: those of codes, those given by number or by name."""
    found, names = {}, {}
    sources = [*(ROOT / "src").rglob("*.c"), *(ROOT / "src").rglob("*.h")]
    texts = {p: p.read_text(encoding="utf-8") for p in sources}
    for path, source in texts.items():
        for name, number in re.findall(r"\b(\w*ID_[A-Z_]+)\s*=?\s*(\d{4})\b", source):
            names[name] = int(number)
    policies = (ROOT / "src/base/err.c").read_text(encoding="utf-8")
    for number in re.findall(r"\[FIRN_E_\w+\] = \{\"[^\"]*\", (\d{4}),", policies):
        found[int(number)] = "err.c"
    for path, source in texts.items():
        for name, number in names.items():
            if re.search(rf"\b{name}\b", source):
                found[number] = path.name
        for number in re.findall(r"firn_err_id\([^,]+, (\d{4})\)", source):
            found[int(number)] = path.name
    return found


@suite.case
def every_id_is_explained():
    found = raised_ids()
    assert len(found) > 40, found
    listed = re.findall(r"^  E(\d{4})  ", firn("help", "errors", want=0).out, re.M)
    listed = {int(n) for n in listed}
    same(sorted(set(found) - listed), [], "ids that are raised and not explained")
    for number in sorted(listed):
        said = subprocess.run([BIN, "help", f"E{number:04}"], capture_output=True, text=True,
                              check=True).stdout
        head, _, rest = said.partition("\n\n")
        assert re.fullmatch(rf"E{number:04}: .+", head), said
        explained, _, example = rest.partition("\n\n")
        assert len(explained) > 20, said
        assert re.search(r"^  \S", example, re.M), f"E{number} has no example\n{said}"
        assert all(len(line) <= 100 for line in said.splitlines()), said


@suite.case
def golden_files_are_used():
    """No outcome is kept of a case that is gone; there are enough of them."""
    if len(sys.argv) > 1:
        raise Skip("only some cases ran")
    there = {p.name for p in GOLDEN.glob("*.txt")}
    if BLESS:
        for name in there - SEEN:
            (GOLDEN / name).unlink()
    else:
        same(sorted(there - SEEN), [], "files without a case")
    assert len(there) >= 80, len(there)


suite.end()

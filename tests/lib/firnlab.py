# SPDX-License-Identifier: Apache-2.0
"""What the suites in tests/suites share: running firn, making small projects, reading tables with
PyIceberg, the checks of ../shared, and printing the outcome of a case.

A suite is
    from firnlab import Suite, Project, ...
    suite = Suite()
    @suite.case
    def name_of_the_case():      # prints `ok name_of_the_case`, or FAIL and why
        assert ...
    suite.end()                  # runs the cases, in the order in which they stand there
"""
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback

ROOT = pathlib.Path(os.environ.get("FIRN_ROOT") or pathlib.Path(__file__).resolve().parents[2])
BIN = os.environ.get("FIRN_BIN") or str(ROOT / "build" / "firn")
SHARED = os.environ.get("FIRN_SHARED") or ""
PYTHON = os.environ.get("FIRN_PYTHON") or sys.executable
TMP = pathlib.Path(os.environ.get("FIRN_TMP") or ROOT / "build-test" / "tmp" / "by-hand").resolve()
FULL = bool(os.environ.get("FIRN_FULL")) or "--full" in sys.argv

# What would make a run differ from one machine to the next.
UNSET = {"NO_COLOR", "FIRN_LOG", "LC_ALL", "LC_CTYPE", "LANG", "TMPDIR"}


# --- running firn -------------------------------------------------------------------------------

class Done(collections.namedtuple("Done", "exit out err seconds peak")):
    """A command that ended: status (-N: killed by signal N), standard output and error as text,
    seconds, peak of its memory in bytes."""

    def __str__(self):
        return f"exit {self.exit}\n{self.out[-1500:]}{self.err[-1500:]}"

    def events(self):
        """The lines of --json."""
        return [json.loads(line) for line in self.out.splitlines()]

    def event(self, name, **fields):
        """The one event of this name with these fields."""
        found = [e for e in self.events() if e["event"] == name
                 and all(e.get(k) == v for k, v in fields.items())]
        assert len(found) == 1, f"{len(found)} events {name} {fields}\n{self}"
        return found[0]


def environment(extra=None):
    env = {k: v for k, v in os.environ.items() if k not in UNSET}
    env.update(extra or {})
    return {k: v for k, v in env.items() if v is not None}


def start(*args, cwd=None, env=None, **more):
    """Starts firn and returns the subprocess.Popen."""
    more.setdefault("stdin", subprocess.DEVNULL)
    more.setdefault("stdout", subprocess.PIPE)
    more.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen([BIN, *map(str, args)], cwd=cwd, env=environment(env), **more)


def firn(*args, cwd=None, env=None, stdin=b"", limit=120, want=None):
    """Runs firn to its end; with `want`, asserts its exit status."""
    began = time.monotonic()
    # The peak of the children is kept for all of them together: a small program tells this one's.
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", PEAK, BIN, *map(str, args)], cwd=cwd, env=environment(env),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True)
    try:
        out, err = process.communicate(stdin, limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise AssertionError(f"firn {' '.join(map(str, args))}: no end after {limit} s") from None
    err, _, told = err.rpartition(b"\0")
    status, peak = map(int, told.split())
    done = Done(status, text(out), text(err), time.monotonic() - began, peak * 1024)
    if want is not None:
        assert done.exit == want, f"firn {' '.join(map(str, args))}: exit {want} wanted\n{done}"
    return done


PEAK = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
os.write(2, b"\\0%d %d" % (code, usage.ru_maxrss))
"""


def text(data):
    return data.decode("utf-8", "surrogateescape")


# --- projects -----------------------------------------------------------------------------------

class Project:
    """A folder of its own with a firn.yml: source `drop` is the folder data, the warehouse is
    lake."""
    count = 0

    def __init__(self, ingest="", more="", source="", name=None):
        Project.count += 1
        self.folder = TMP / f"{Project.count:03d}-{name or sys._getframe(1).f_code.co_name}"
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "data").mkdir(parents=True)
        self.lake = self.folder / "lake"
        self.describe(ingest, more, source)

    def describe(self, ingest="", more="", source=""):
        """Writes firn.yml: `ingest` is the list of entries, `more` other keys, `source` more keys
        of the source."""
        entries = "".join(f"  - {entry.strip()}\n" for entry in
                          ([ingest] if isinstance(ingest, str) else ingest) if entry)
        self.write("../firn.yml", "name: test\nwarehouse: ./lake\n"
                   "catalog: {type: sqlite, name: lake}\n"
                   f"sources: {{drop: {{type: files, path: ./data{source}}}}}\n"
                   + (f"ingest:\n{entries}" if entries else "") + more)

    def write(self, name, content, age=3600):
        """Writes data/NAME, as if `age` seconds ago."""
        path = self.folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        then = time.time() - age
        os.utime(path, (then, then))
        return path

    def model(self, name, sql):
        """Writes the model NS.TABLE."""
        namespace, _, table = name.rpartition(".")
        path = self.folder / "models" / namespace / f"{table}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql, encoding="utf-8")
        return path

    def firn(self, *args, **more):
        return firn(*args, cwd=self.folder, **more)

    def run(self, *args, want=0, **more):
        return firn("run", *args, cwd=self.folder, want=want, **more)

    def rows(self, name, **more):
        return rows(self.lake, name, **more)

    def rejects(self, name):
        """Rows of the rejects table, by file and offset; [] if there is none."""
        if not exists(self.lake, name + "__rejects"):
            return []
        return sorted(rows(self.lake, name + "__rejects", drop=()),
                      key=lambda r: (r["file"], r["offset"]))

    def sql(self, statement, *args, want=0):
        """The rows of a statement as `firn sql -o json` gives them."""
        return json.loads(self.firn("sql", statement, "-o", "json", *args, want=want).out)


def one(name, content, entry="", more="", source="", write=""):
    """A project with one file in one stream, into raw.t."""
    caller = sys._getframe(1).f_code.co_name
    p = Project(f"{{from: 'drop.{name}', into: raw.t{entry}{write}}}", more, source, name=caller)
    p.write(name.replace("*", "a"), content)
    return p


def lines(*records):
    """Records as NDJSON."""
    return "".join(json.dumps(r) + "\n" for r in records)


# --- reading tables -----------------------------------------------------------------------------

opened = []  # catalogs whose connections may be open


def catalog(lake, name="lake"):
    from pyiceberg.catalog.sql import SqlCatalog
    opened.append(SqlCatalog(name, uri=f"sqlite:///{lake}/catalog.db", warehouse=f"file://{lake}"))
    return opened[-1]


def close_catalogs():
    """Closes the connections of this process to catalogs; they open again when they are used."""
    while opened:
        opened.pop().engine.dispose()


def table(lake, name):
    """The table as PyIceberg sees it."""
    return catalog(lake).load_table(tuple(name.rsplit(".", 1)))


def exists(lake, name):
    return catalog(lake).table_exists(tuple(name.rsplit(".", 1)))


def rows(lake, name, drop=("x_loaded_at",), sort=None):
    """The rows as PyIceberg reads them: dictionaries without the columns in `drop`, sorted by
    `sort` if it is given (a column or a function)."""
    data = table(lake, name).scan().to_arrow()
    found = data.drop_columns([c for c in drop if c in data.column_names]).to_pylist()
    if sort:
        found.sort(key=sort if callable(sort) else lambda row: row[sort])
    return found


def data_files(lake, name):
    """The paths of the current data files."""
    return [path_of(task.file.file_path) for task in table(lake, name).scan().plan_files()]


def path_of(uri):
    """The path of file:///x, of Hadoop's file:/x, or of /x."""
    return uri.removeprefix("file://").removeprefix("file:")


def snapshots(lake, name):
    return table(lake, name).metadata.snapshots


def position(lake, name):
    """The position that the newest snapshot is stamped with, as its text."""
    return table(lake, name).current_snapshot().summary["firn.position"]


def types(lake, name):
    """Columns as {name: Iceberg's word for the type}, in their order."""
    return {f.name: str(f.field_type) for f in table(lake, name).schema().fields}


def multiset(found):
    """A form of rows that can be compared without order."""
    return collections.Counter(json.dumps(r, sort_keys=True, default=repr) for r in found)


# --- checks of ../shared ------------------------------------------------------------------------

def check_tool(tool, *args):
    """Runs lint.py or agree.py; asserts that it found nothing.  Without ../shared nothing is
    checked: suites that rest on it name `shared` in their header."""
    if not SHARED:
        return
    done = subprocess.run([PYTHON, f"{SHARED}/checks/{tool}", *map(str, args)], text=True,
                          capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, f"{tool}: {done.stdout[-1500:]}{done.stderr[-1500:]}"


def lint(lake):
    check_tool("lint.py", "--strict", lake / "catalog.db")


def agree(lake):
    check_tool("agree.py", lake / "catalog.db")


# --- cases --------------------------------------------------------------------------------------

class Skip(Exception):
    """Raised by a case that cannot run here; its text says why."""


class Suite:
    """Runs cases and prints a line for each.  Names on the command line choose some of them."""

    def __init__(self):
        self.cases, self.failed = [], 0
        shutil.rmtree(TMP, ignore_errors=True)
        TMP.mkdir(parents=True)

    def case(self, function):
        self.cases.append((function.__name__, function))
        return function

    def add(self, name, function):
        self.cases.append((name, function))

    def run(self, name, function):
        began = time.monotonic()
        try:
            function()
            print(f"ok {name}", flush=True)
        except Skip as why:
            print(f"SKIP {name}: {why}", flush=True)
        except Exception as error:  # an outcome, whatever it is
            self.failed += 1
            print(f"FAIL {name}: {reason(error)}", flush=True)
        took = time.monotonic() - began
        if took > 5:
            print(f"  ({name} took {took:.1f} s)", flush=True)

    def end(self):
        wanted = [name for name in sys.argv[1:] if name != "--full"]
        for name, function in self.cases:
            if not wanted or any(re.fullmatch(w.replace("*", ".*"), name) for w in wanted):
                self.run(name, function)
        sys.exit(1 if self.failed else 0)


def reason(error):
    """One line: the place in the suite, and what was said."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/suites/" in f.filename]
    place = f"line {frames[-1].lineno} ({frames[-1].line})" if frames else ""
    said = " | ".join(str(error).split("\n")) or type(error).__name__
    kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
    return f"{place} {kind}{said}"[:3000].strip()


def note(words):
    """A line that is only for the log."""
    print(f"  {words}", flush=True)


def same(found, wanted, what=""):
    """Asserts equality with a message that shows the first difference."""
    if found == wanted:
        return
    if isinstance(found, list) and isinstance(wanted, list):
        for i, (f, w) in enumerate(zip(found, wanted)):
            if f != w:
                raise AssertionError(f"{what} element {i}: {f!r}, wanted {w!r}")
        raise AssertionError(f"{what} {len(found)} elements, wanted {len(wanted)}: "
                             f"{found[len(wanted):][:3]!r} {wanted[len(found):][:3]!r}")
    raise AssertionError(f"{what} {found!r}, wanted {wanted!r}")


def contains(where, *words):
    """Asserts that all words stand in the text."""
    for word in words:
        assert word in where, f"'{word}' is not in: {where}"

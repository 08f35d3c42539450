#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: needs=venv,asan,gcc timeout=3600
"""The n-th allocation and the n-th call to the file system fail, once and from then on.

A small pipeline (JSON and CSV landed, a model, a query) is run again and again, each time with
another call failing: firn's own allocations under AddressSanitizer (FIRN_FAIL_MEMORY; leaks are
found too), those of SQLite, zlib, zstd and libfyaml, and every read, write, sync, rename, … of
firn, SQLite and DuckDB on the project's files (tests/tools/nth.c).  Each time: the program ends by
itself, with success or with one clear error; the tables hold the rows of before or those of after;
and the same command run again gives the right rows.

A sample, with --full a larger one; FIRN_SEED chooses another, FIRN_NTH=all takes all."""
import collections
import concurrent.futures
import errno
import itertools
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import crashlab  # noqa: E402
import icelab  # noqa: E402
import treelab  # noqa: E402
from firnlab import FULL, ROOT, TMP, Suite, environment, note, path_of  # noqa: E402

suite = Suite()
SEED = int(os.environ.get("FIRN_SEED") or 1)
WORKERS = 2
ASAN = os.environ["FIRN_BUILD_ASAN"]
PLAIN = os.environ["FIRN_BUILD_FAILPOINTS"]
LIBRARY = TMP / "nth.so"
QUERY = ("SELECT e.id, e.kind, p.country FROM raw.events e JOIN raw.places p ON p.place = e.kind "
         "ORDER BY e.id")
FIRN_YML = """name: lab
warehouse: ./lake
catalog: {name: lake}
sources:
  drop: {type: files, path: ./data}
ingest:
  - {from: drop.events/*.json, into: raw.events, columns: {amount: "decimal(18,2)"}}
  - {from: drop.places/*.csv, into: raw.places, partition: [country], write: replace}
"""
MODEL = "SELECT kind, count(*) AS n, sum(amount) AS total FROM raw.events GROUP BY kind\n"
VOLATILE = ("x_loaded_at",)


# --- the pipeline -------------------------------------------------------------------------------

class Lab:
    """A project; `create` lands the first files, `grow` more of them and other content."""

    def __init__(self, folder):
        self.folder, self.lake = folder, folder / "lake"
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("data/events", "data/places", "models/curated"):
            (folder / name).mkdir(parents=True)
        (folder / "firn.yml").write_text(FIRN_YML, encoding="utf-8")
        (folder / "models/curated/by_kind.sql").write_text(MODEL, encoding="utf-8")
        self.phase("create")

    def write(self, name, text):
        path = self.folder / "data" / name
        path.write_text(text, encoding="utf-8")
        os.utime(path, (1_700_000_000, 1_700_000_000 + len(text)))

    def phase(self, name):
        """The files of a phase."""
        grown = self.folder / "data/events/b.json"
        self.write("events/a.json", events(0, 40))
        if name == "grow":
            self.write("events/b.json", events(100, 40))
        else:
            grown.unlink(missing_ok=True)
        rows = [f"k{i},{'AT' if i % 2 else 'BE'}\n" for i in range(7 if name == "grow" else 5)]
        self.write("places/p.csv", "place,country\n" + "".join(rows))

    def keep(self, name):
        crashlab.copy_lake(self.lake, self.folder / name)

    def restore(self, name):
        crashlab.copy_lake(self.folder / name, self.lake)

    def firn(self, *args, binary=PLAIN, env=None):
        return subprocess.run([f"{binary}/firn", *args], cwd=self.folder, capture_output=True,
                              check=False, timeout=120, stdin=subprocess.DEVNULL,
                              env=environment({**SANITIZER, "TMPDIR": str(self.folder),
                                               **(env or {})}))


SANITIZER = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=1",
             "FIRN_FAILPOINTS_LOG": None}


def events(first, count):
    return "".join(json.dumps({"id": first + i, "kind": f"k{i % 5}", "amount": f"{i}.25",
                               "in": {"x": i, "tags": ["a", "b"][:i % 3]}}) + "\n"
                   for i in range(count))


def read_rows(metadata):
    found = collections.Counter()
    for file in icelab.live_files(metadata):
        for row in icelab.read_parquet(file["file_path"]):
            found[repr({k: v for k, v in row.items() if k not in VOLATILE})] += 1
    return found


def contents(lake):
    """{table: rows as a multiset}, read with fastavro and pyarrow."""
    if not (lake / "catalog.db").exists():
        return {}
    with sqlite3.connect(lake / "catalog.db") as db:
        has = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'iceberg_tables'").fetchone()
        rows = db.execute("SELECT table_namespace || '.' || table_name, metadata_location FROM "
                          "iceberg_tables").fetchall() if has else []
    db.close()
    return {name: read_rows(json.loads(pathlib.Path(path_of(where)).read_text("utf-8")))
            for name, where in rows}


class Task:
    """What is run, and over which warehouse; `reads`: it changes nothing, and what it prints is
    known."""

    def __init__(self, name, phase, args, reads=False):
        self.name, self.phase, self.args, self.reads = name, phase, args, reads


DELETES = {"position": {"version": 2, "deletes": "position"},
           "equality": {"version": 2, "deletes": "equality"},
           "vector": {"version": 3, "deletes": "vector"}}
ALTER = ("ALTER TABLE raw.events ADD COLUMN IF NOT EXISTS note string, "
         "ADD PARTITION FIELD IF NOT EXISTS bucket(4, id)")


def tasks_of(folder):
    """All tasks; those that read delete files have tables of their own in `folder`."""
    trees = " UNION ALL ".join(f"SELECT id, kind FROM iceberg('{folder}/{name}')"
                               for name in DELETES)
    found = [Task("create", "create", ["run"]), Task("grow", "grow", ["run"]),
             Task("alter", "grow", ["sql", ALTER]),
             Task("query", "grow", ["sql", QUERY, "-o", "json"], reads=True),
             Task("deletes", "grow", ["sql", f"{trees} ORDER BY ALL", "-o", "json"], reads=True),
             Task("metadata", "grow", ["sql", METADATA, "-o", "json"], reads=True)]
    return {t.name: t for t in found}


METADATA = ("SELECT count(*) AS n, sum(record_count) AS rows FROM raw.\"events$files\" UNION ALL "
            "SELECT count(*), 0 FROM raw.\"events$snapshots\"")


class Bench:
    """The project of one worker, with what undisturbed runs give."""

    def __init__(self, folder):
        self.lab = Lab(folder)
        self.tasks = tasks_of(folder)
        for name, kind in DELETES.items():
            treelab.Tree(folder / name, **kind)
        self.rows = {"nothing": {}}
        for phase in ("create", "grow"):
            self.lab.phase(phase)
            if phase == "grow":
                self.lab.keep("lake-grow")
            done = self.lab.firn("run")
            assert done.returncode == 0, done.stderr
            self.rows[phase] = contents(self.lab.lake)
        self.answers = {}
        for task in self.tasks.values():
            if task.reads:
                self.begin(task)
                done = self.lab.firn(*task.args)
                assert done.returncode == 0, done.stderr
                self.answers[task.name] = done.stdout
        assert len(json.loads(self.answers["query"])) == 40
        assert len(json.loads(self.answers["deletes"])) == 117 + 118 + 117

    def begin(self, task):
        self.lab.phase(task.phase)
        self.lab.restore(f"lake-{task.phase}")

    def before(self, task):
        return self.rows["nothing" if task.name == "create" else "create"]

    def after(self, task):
        return self.rows[task.phase if task.args == ["run"] else "create"]


# --- one failure --------------------------------------------------------------------------------

def judge_end(done, task, bench, refused):
    """What is wrong about how a run ended."""
    said = done.stderr.decode(errors="replace")
    if done.returncode < 0 or "Sanitizer" in said or "runtime error" in said:
        return f"exit {done.returncode}: {said[-1500:]}"
    if done.returncode == 1:
        lines = crashlab.error_lines(said)
        return None if lines and "firn: bug" not in said else f"exit 1 without an error: {said}"
    if done.returncode != 0:
        return f"exit {done.returncode}: {said[-500:]}"
    if task.reads and done.stdout != bench.answers[task.name]:
        return f"another answer, refused {refused}: {done.stdout[:200]}"
    return None


def judge_tables(found, before, after):
    """Each table as it was or as it shall be."""
    for name in found.keys() | before.keys():
        if found.get(name) not in (before.get(name), after.get(name)):
            rows = found.get(name, collections.Counter()).total()
            return f"{name}: {rows} rows, neither those of before nor of after"
    return None


def again(bench, task):
    """The same command once more, undisturbed."""
    done = bench.lab.firn(*task.args)
    if done.returncode != 0:
        return f"run again: exit {done.returncode}: {done.stderr.decode()[-600:]}"
    if task.reads:
        return None if done.stdout == bench.answers[task.name] else "run again: another answer"
    return None if contents(bench.lab.lake) == bench.after(task) else "run again: other rows"


def try_one(bench, task, env, binary):
    """(whether anything was refused, exit status, what is wrong or None)."""
    log = bench.lab.folder / "nth.log"
    log.unlink(missing_ok=True)
    bench.begin(task)
    env = {**env, "NTH_LOG": str(log), "FIRN_FAILPOINTS_LOG": str(log),
           "NTH_BELOW": str(bench.lab.folder)}
    try:
        done = bench.lab.firn(*task.args, binary=binary, env=env)
    except subprocess.TimeoutExpired:
        return True, None, "no end"
    told = log.read_text("utf-8") if log.exists() else ""
    refused = any(int(line.split()[2]) for line in told.splitlines()
                  if line.startswith(("io ", "memory ")))
    wrong = judge_end(done, task, bench, refused)
    wrong = wrong or judge_tables(contents(bench.lab.lake), bench.before(task), bench.after(task))
    return refused, done.returncode, wrong or again(bench, task)


def count(bench, task, env, binary, word):
    """How many calls there are to fail."""
    log = bench.lab.folder / "count.log"
    log.unlink(missing_ok=True)
    bench.begin(task)
    done = bench.lab.firn(*task.args, binary=binary, env={
        **env, "NTH_LOG": str(log), "FIRN_FAILPOINTS_LOG": str(log),
        "NTH_BELOW": str(bench.lab.folder)})
    assert done.returncode == 0, done.stderr
    return max(int(line.split()[1]) for line in log.read_text("utf-8").splitlines()
               if line.startswith(word + " "))


def chosen(total, wanted):
    """A sample of all n, spread over them; with FIRN_NTH=all, all."""
    wanted *= 15 if FULL else 1
    if total <= wanted or os.environ.get("FIRN_NTH") == "all":
        return range(1, total + 1)
    rng = random.Random(SEED)
    edges = [1 + total * i // wanted for i in range(wanted + 1)]
    return [rng.randrange(a, b) for a, b in zip(edges, edges[1:])]


# --- cases --------------------------------------------------------------------------------------

local = threading.local()
numbers = itertools.count()


def bench_of_thread():
    if not hasattr(local, "bench"):
        local.bench = Bench(TMP / f"bench-{next(numbers)}")
    return local.bench


def sweep(label, names, make_env, binary, word, wanted, upto=None):
    """Fails one call after the other; `make_env` gives the environment for "12" or "12+".
    `upto`: how many there are, if that is not counted."""
    bench = bench_of_main()
    jobs, totals = [], {}
    for name in names:
        totals[name] = upto or count(bench, bench.tasks[name], make_env("1000000000"), binary, word)
        jobs += [(name, f"{n}{'+' * sticky}") for n in chosen(totals[name], wanted)
                 for sticky in (0, 1)]

    def one(job):
        name, nth = job
        worker = bench_of_thread()
        return (name, nth, *try_one(worker, worker.tasks[name], make_env(nth), binary))
    results = list(POOL.map(one, jobs))
    failed = [r for r in results if r[2] or (upto and r[3] == 1)]
    ends = collections.Counter(end for _, _, _, end, _ in failed)
    note(f"{label}: calls {totals}, {len(results)} runs, {len(failed)} with a failure; exits "
         f"{dict(ends)}")
    bad = [f"{name} {nth}: {wrong}" for name, nth, _, _, wrong in results if wrong]
    for line in bad:
        note(line.replace("\n", " | "))
    assert not bad, f"{len(bad)} of {len(results)}: " + " || ".join(bad)[:1800]
    assert failed, "nothing ever failed"


def bench_of_main():
    if not benches:
        benches.append(Bench(TMP / "bench-main"))
    return benches[0]


benches = []


ALL = ("create", "grow", "alter", "query", "deletes", "metadata")


@suite.case
def memory_of_firn():
    sweep("allocations of firn", ALL, lambda nth: {"FIRN_FAIL_MEMORY": nth}, ASAN, "memory", 3)


@suite.case
def memory_of_the_engine_module():
    sweep("allocations of the engine module", ("grow", "deletes"),
          lambda nth: {"FIRN_FAIL_ENGINE_MEMORY": nth}, ASAN, "memory", 3, upto=60 if FULL else 6)


def of_library(name, tasks, wanted):
    def body():
        sweep(f"allocations of {name}", tasks,
              lambda nth: {"LD_PRELOAD": str(LIBRARY), "NTH_MEMORY": nth, "NTH_LIBS": name}, PLAIN,
              "memory", wanted)
    return body


suite.add("memory_of_sqlite", of_library("libsqlite3", ("create", "grow"), 5))
suite.add("memory_of_zlib", of_library("libz.", ("create", "query"), 3))
suite.add("memory_of_libfyaml", of_library("libfyaml", ("create",), 4))


def of_files(number):
    def body():
        sweep(f"calls to the file system, {errno.errorcode[number]}", ALL,
              lambda nth: {"LD_PRELOAD": str(LIBRARY), "NTH_IO": nth, "NTH_ERRNO": str(number)},
              PLAIN, "io", 4)
    return body


suite.add("files_io_error", of_files(errno.EIO))
suite.add("files_no_space", of_files(errno.ENOSPC))

TMP.mkdir(parents=True, exist_ok=True)
subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", LIBRARY, ROOT / "tests/tools/nth.c",
                "-ldl"], check=True)
with concurrent.futures.ThreadPoolExecutor(WORKERS) as POOL:
    suite.end()

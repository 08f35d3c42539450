#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: ci needs=venv,asan timeout=3600
"""Damaged tables: an error or the right rows, never a crash, a hang or a gigabyte.

Tables of all versions, with and without deletes, are made by hand (tests/lib/treelab.py); one file
of a table at a time is damaged (tests/lib/mutatelab.py) and the table read by treetool, which does
what `firn sql` does, under AddressSanitizer.  Where other rows come than those of the sound table,
an independent reader of the damaged one must give the same: the evaluator of ../shared/checks, or
PyIceberg.  10,000 damages with --full, 1,000 without.  FIRN_SEED and FIRN_CASE choose one."""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import select
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import mutatelab  # noqa: E402
import treelab  # noqa: E402
from firnlab import FULL, SHARED, TMP, Suite, note, same  # noqa: E402

suite = Suite()
COUNT = 10_000 if FULL else 1_000
SEED = int(os.environ.get("FIRN_SEED") or 1)
WORKERS = 2
SECONDS = 5  # a damaged table of some KB is read in less, also under a sanitizer
PEAK_KB = 256 << 10
KINDS = {
    "v1": {"version": 1}, "v1-inline": {"version": 1, "inline": True},
    "v2": {"version": 2, "gzip": True}, "v2-position": {"version": 2, "deletes": "position"},
    "v2-equality": {"version": 2, "deletes": "equality", "partitioned": False},
    "v3-vector": {"version": 3, "deletes": "vector"},
    "v3": {"version": 3, "partitioned": False},
}
BUILD = os.environ["FIRN_BUILD_ASAN"]


# --- reading ------------------------------------------------------------------------------------

class Tool:
    """treetool, started again after it died."""

    def __init__(self, folder):
        self.folder, self.process, self.count = folder, None, 0

    def start(self):
        self.stderr = open(self.folder / "stderr", "w+b")
        env = {**os.environ, "FIRN_ENGINE_MODULE": f"{BUILD}/firn_engine_duckdb.so",
               "TMPDIR": str(self.folder), "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
               ":hard_rss_limit_mb=1500:quarantine_size_mb=8:detect_leaks=1"}
        self.process = subprocess.Popen([f"{BUILD}/tests/unit/treetool"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.stderr, env=env)

    def ask(self, sql, seconds=120):
        """The reply to a statement, or {"died": why}."""
        if not self.process:
            self.start()
        try:
            self.process.stdin.write(sql.encode() + b"\n")
            self.process.stdin.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], seconds)
            line = self.process.stdout.readline() if ready else None
        except BrokenPipeError:
            line = b""
        if line:
            self.count += 1
            return json.loads(line)
        return {"died": self.ended("no end" if line is None else "")}

    def ended(self, why):
        if why:
            self.process.kill()
        why = why or f"status {self.process.wait(60)}"
        self.process.wait()
        self.process = None
        self.stderr.seek(0)
        return f"{why} {self.stderr.read().decode(errors='replace')[-1500:]}"

    def close(self):
        """Ends it; what it says of leaks."""
        if not self.process:
            return ""
        self.process.stdin.close()
        status = self.process.wait(60)
        self.stderr.seek(0)
        said = self.stderr.read().decode(errors="replace")
        return "" if status == 0 else f"exit {status}: {said[-1500:]}"


def statement(tree, where=""):
    return f"SELECT * FROM iceberg('{tree.location}'){where}"


# --- judging ------------------------------------------------------------------------------------

def evaluator():
    """The modules of ../shared/checks."""
    checks = f"{SHARED}/checks"
    if checks not in sys.path:
        sys.path.insert(0, checks)
    import agree
    import icefiles
    return agree, icefiles


def read_files(tree, trust_counts):
    """What the evaluator reads, as canonical rows, and the columns.  trust_counts: manifests that
    hold nothing alive, as their list says, are passed over, as Java does."""
    agree, icefiles = evaluator()
    plain = icefiles.manifests_of

    def alive(store, snapshot):
        header, schema, rows = plain(store, snapshot)
        return header, schema, [r for r in rows if (r.get("added_files_count"),
                                                    r.get("existing_files_count")) != (0, 0)]
    try:
        icefiles.manifests_of = alive if trust_counts else plain
        job = agree.Job(argparse.Namespace(snapshot=None, columns=None), icefiles.Store(), "t",
                        str(tree.location))
        return collections.Counter(agree.read_files(job) if job.snapshot else ()), job.fields
    finally:
        icefiles.manifests_of = plain


def canonical(values, fields):
    agree, _ = evaluator()
    return collections.Counter(
        tuple(agree.canon(f["type"], v) for f, v in zip(fields, json.loads(row))) for row in values)


def differs(tree, values, trust_counts):
    """None if the evaluator reads the same of the damaged table, else why not."""
    try:
        wanted, fields = read_files(tree, trust_counts)
    except Exception as why:  # whatever a reader throws
        return f"the evaluator cannot: {type(why).__name__} {why}"[:300]
    try:
        found = canonical(values, fields)
    except Exception as why:
        return f"not comparable: {type(why).__name__} {why}"
    lost, more = (wanted - found).total(), (found - wanted).total()
    return f"{lost} rows lost, {more} too many" if lost or more else None


def pyiceberg_differs(tree, values):
    """The same with PyIceberg, which takes some damage that the evaluator refuses."""
    agree, icefiles = evaluator()
    try:
        job = agree.Job(argparse.Namespace(snapshot=None, columns=None), icefiles.Store(), "t",
                        str(tree.location))
        wanted = collections.Counter(agree.read_pyiceberg(job))
        return None if canonical(values, job.fields) == wanted else "PyIceberg reads other rows"
    except Exception as why:  # whatever a reader throws
        return f"PyIceberg cannot: {type(why).__name__}"


def justified(tree, values):
    """None if an independent reader reads the same of the damaged table, else why not."""
    if not SHARED:
        return None
    why = differs(tree, values, False)
    return why and differs(tree, values, True) and pyiceberg_differs(tree, values) and why


# What no reader can know, or need know, from the metadata alone:
EXCUSES = [
    # A column of another type in a schema that stayed the same (firn casts), a nested field of
    # another name (firn looks for that): a history that never happened, seen only in each file.
    re.compile(r"schemas?\.(\d+\.)?fields\.\d+(\.type\b|\.type\.\S*|)( |$|;)"),
    # A manifest of data listed as one of deletes, older than all data: it need not be opened.
    re.compile(r"^snap-\d+\.avro:.*entry \d content = '1'"),
]


def excused(said):
    return any(excuse.search(said) for excuse in EXCUSES)


def judge(reply, sound, tree, said):
    """(what became of it, what is wrong with it or None)."""
    if "died" in reply:
        return "died", reply["died"]
    if reply["ms"] > SECONDS * 1000:
        return "slow", f"{reply['ms']} ms"
    if reply["peak_kb"] > PEAK_KB:
        return "memory", f"{reply['peak_kb']} KB"
    if reply["code"] != "ok":
        good = reply["error"] and reply["code"] not in ("bug", "nomem")
        return "error", None if good else f"{reply['code']}: {reply['error']}"
    if sorted(reply["values"]) == sound:
        return "same", None
    wrong = justified(tree, reply["values"])
    return ("excused", None) if wrong and excused(said) else ("other rows", wrong)


# --- a worker -----------------------------------------------------------------------------------

class Bench:
    """The tables of one process, what is in them, and the tool."""

    def __init__(self):
        folder = TMP / f"worker-{os.getpid()}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self.tool = Tool(folder)
        self.trees = {name: treelab.Tree(folder / name, **kind) for name, kind in KINDS.items()}
        self.sound = {}
        for name, tree in self.trees.items():
            reply = self.tool.ask(statement(tree))
            assert reply.get("code") == "ok", f"{name}: {reply}"
            self.sound[name] = sorted(reply["values"])
            ids = sorted(json.loads(v)[0] for v in reply["values"])
            same(ids, sorted(r["id"] for r in tree.rows), name)


def part_of(reply, whole):
    """Rows found with a condition are some of those without."""
    if reply.get("code") != "ok" or whole.get("code") != "ok":
        return None
    more = collections.Counter(reply["values"]) - collections.Counter(whole["values"])
    return f"{more.total()} rows that are not there without the condition" if more else None


def try_case(bench, number):
    """One damage: (kind of table, outcome, what was done, what is wrong or None)."""
    rng = random.Random(SEED * 1_000_003 + number)
    name = list(KINDS)[number % len(KINDS)]
    tree = bench.trees[name]
    path, data, said = mutatelab.mutate(tree, rng)
    keep = path.read_bytes()
    path.write_bytes(data)
    try:
        reply = bench.tool.ask(statement(tree))
        outcome, wrong = judge(reply, bench.sound[name], tree, f"{path.name}: {said}")
        if not wrong:
            some = bench.tool.ask(statement(tree, " WHERE id >= 60 AND id < 220"))
            wrong = some.get("died") or part_of(some, reply)
    finally:
        path.write_bytes(keep)
    return name, outcome, f"{path.name}: {said}", wrong


def work(numbers):
    bench = Bench()
    found, began = [], time.monotonic()
    for number in numbers:
        try:
            found.append((number, *try_case(bench, number)))
        except Exception as why:  # the test's own
            found.append((number, "?", "broken", "?", f"{type(why).__name__}: {why}"))
    leaks = bench.tool.close()
    if leaks:
        found.append((-1, "all", "leak", "at the end", leaks))
    return found, time.monotonic() - began


@suite.case
def damaged_tables():
    one = os.environ.get("FIRN_CASE")
    numbers = [int(one)] if one else range(COUNT)
    shares = [numbers[i::WORKERS] for i in range(WORKERS)]
    with concurrent.futures.ProcessPoolExecutor(WORKERS) as pool:
        results = [r for found, _ in pool.map(work, [s for s in shares if s]) for r in found]
    outcomes = collections.Counter((name, outcome) for _, name, outcome, _, _ in results)
    for name in KINDS:
        note(f"{name:<12} " + ", ".join(f"{outcome} {n}" for (kind, outcome), n in
                                        sorted(outcomes.items()) if kind == name))
    bad = [f"{number} ({name}): {said}: {outcome}: {wrong}"
           for number, name, outcome, said, wrong in results if wrong]
    for line in bad:
        note(line.replace("\n", " | "))
    assert not bad, f"{len(bad)} of {len(results)}, seed {SEED}: " + " || ".join(bad)[:2000]


suite.end()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel timeout=600 needs=venv,strace
"""`firn plan`: what it says is what the run that follows does, and it opens nothing for writing.

Every plan runs under strace, and the project's folder is compared before and after, byte for byte.
The matrix makes projects by chance and compares each plan with the run behind it: rows, rejects,
data files, columns."""
import gzip
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (BIN, FULL, TMP, Project, Skip, Suite, environment, firn, lines,  # noqa: E402
                     note, same, start, types)

suite = Suite()

# What changes a file system, or may.
CALLS = ("open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,unlink,unlinkat,rmdir,rename,"
         "renameat,renameat2,link,linkat,symlink,symlinkat,truncate,ftruncate,chmod,fchmod,"
         "fchmodat,chown,fchown,fchownat,utime,utimes,utimensat,futimesat,fallocate,setxattr")
OPEN = re.compile(r"(?:open|openat|openat2|creat)\(")
WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE|creat\(")


def changes(trace):
    """The calls of a trace that open something for writing, or change a name or an attribute."""
    found = []
    for line in trace.read_text(errors="replace").splitlines():
        call = line.split(None, 1)[-1]
        if "resumed>" in call or call.startswith(("---", "+++")) or " = -1 " in call:
            continue  # what failed did nothing, but is looked at below
        if OPEN.match(call):
            if WRITING.search(call) and '"/dev/null"' not in call:
                found.append(line)
        else:
            found.append(line)
    return found


def attempts(trace, folder):
    """The same below a folder, whether it worked or not."""
    return [line for line in trace.read_text(errors="replace").splitlines()
            if str(folder) in line and (WRITING.search(line) or
                                        not OPEN.match(line.split(None, 1)[-1]))
            and "readlink" not in line]


def tree(folder):
    """Everything below a folder: kind, bytes, times."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        st = path.lstat()
        content = path.read_bytes() if path.is_file() and st.st_size < 1 << 26 else st.st_size
        found[str(path)] = (st.st_mode, st.st_mtime_ns, st.st_ctime_ns, st.st_ino, content)
    return found


def plan(p, *args, want=0, traced=True, frozen=True, env=None):
    """The document of `firn plan --json`; nothing is opened for writing meanwhile."""
    trace = TMP / "trace.txt"
    before = tree(p.folder) if frozen else None
    command = [BIN, "plan", "--json", *args]
    if traced:
        command = ["strace", "-f", "-s", "300", "-e", f"trace={CALLS}", "-o", str(trace),
                   *command]
    done = subprocess.run(command, cwd=p.folder, env=environment(env), capture_output=True,
                          text=True, check=False, timeout=300)
    assert done.returncode == want, (f"plan: exit {want} wanted, {done.returncode} came\n"
                                     f"{done.stdout[-2500:]}{done.stderr[-1500:]}")
    if frozen:
        same(tree(p.folder), before, "the folder of the project")
    if traced:
        same(changes(trace), [], "calls that change something")
        same(attempts(trace, p.lake), [], "attempts below the warehouse")
    return json.loads(done.stdout) if done.stdout else None


def nodes(document):
    """The entries by table and stream."""
    return {(f"{n['namespace']}.{n['table']}", n.get("stream")): n
            for n in document["streams"] + document["models"]}


def node(document, table):
    found = [n for (name, _), n in nodes(document).items() if name == table]
    assert len(found) == 1, f"{table}: {found}"
    return found[0]


STATUS = {"create": "done", "append": "done", "replace": "done", "view": "done",
          "nothing": "unchanged", "fail": "failed", "skip": "skipped"}


def near(planned, ran, slack):
    """Within 10 %; small numbers by `slack`."""
    return abs(planned - ran) <= max(slack, 0.1 * max(planned, ran))


def agree(p, *args, exact=True, before=None, want=0):
    """Plans, runs, and compares; returns the plan and the events of the run."""
    document = before or plan(p, *args, want=want)
    done = p.firn("run", "--json", *args)
    events = {(f"{e['namespace']}.{e['table']}", e["stream"]): e for e in done.events()
              if e["event"] == "node_finished"}
    planned = nodes(document)
    same(sorted(map(str, planned)), sorted(map(str, events)), "tables")
    for key, n in planned.items():
        e = events[key]
        what = f"{key[0]} {n['action']} ({n['why']})"
        same(STATUS[n["action"]], e["status"], what)
        if e["status"] == "failed":
            same(n["error"]["id"], e["error"]["id"], what)
            same(n["error"]["text"], e["error"]["text"], what)
            continue
        if e["status"] != "done":
            continue
        for member in ("rows", "data_files") + (("rejects",) if key[1] else ()):
            slack = 0 if exact and member != "data_files" else 1
            assert near(n[member], e[member], slack) and (
                not exact or member == "data_files" or n[member] == e[member]), (
                    f"{what}: {member} {n[member]} planned, {e[member]} came\n{n}\n{e}")
        if n["action"] != "view" and e["rows"]:
            columns(p, n)
    return document, done


def columns(p, n):
    """The columns that the plan adds are there, as it said."""
    found = types(p.lake, f"{n['namespace']}.{n['table']}")
    for change in n["schema"]:
        name = change["column"]
        if change["change"] in ("added", "type") and "." not in name:
            assert name in found, f"{name} is planned, and not there: {found}"
            if "<" not in change["now"]:
                same(found[name].replace(" ", ""), change["now"].replace(" ", ""), name)
        if change["change"] == "dropped" and "." not in name:
            assert name not in found, f"{name} was to be dropped"


# --- nothing is written -------------------------------------------------------------------------

def orders(count, first=0, bad=()):
    return "id,day,amount,name\n" + "".join(
        f"{i},2025-{1 + i % 12:02d}-{1 + i % 28:02d},{'x' if i in bad else i * 1.5},n{i % 7}\n"
        for i in range(first, first + count))


def shop(**more):
    p = Project("{from: 'drop.*.csv', into: raw.orders}", **more)
    p.write("a.csv", orders(100))
    p.model("curated.names", "SELECT name, count(*) AS n FROM raw.orders GROUP BY name")
    p.model("curated.top", "SELECT * FROM curated.names WHERE n > 14")
    return p


@suite.case
def no_warehouse_yet():
    p = shop()
    document = plan(p)
    assert not p.lake.exists()
    same([n["action"] for n in document["streams"] + document["models"]], ["create"] * 3)
    same([n["rows"] for n in document["streams"] + document["models"]], [100, 7, 2])
    same(document["totals"]["create"], 3)
    agree(p)


@suite.case
def nothing_new():
    p = shop()
    p.run()
    document, _ = agree(p)
    same(document["totals"]["nothing"], 3)
    same({n["why"] for n in document["models"]},
         {"its statement and what it reads are as they were"})


@suite.case
def twice_the_same():
    p = shop()
    p.run()
    p.write("b.csv", orders(50, 100))
    one, two = plan(p), plan(p)
    for d in (one, two):
        d.pop("at"), d.pop("seconds"), d.pop("scratch")
        for n in d["streams"] + d["models"]:
            n.pop("seconds"), n.pop("bytes_written")  # the order of rows may differ
        d["totals"].pop("bytes_written")
    same(one, two)



# --- any project --------------------------------------------------------------------------------

def csv_text(records, separator=","):
    names = list(records[0])
    return "".join(separator.join("" if r.get(n) is None else str(r[n]) for n in names) + "\n"
                   for r in [dict(zip(names, names)), *records])


def some_records(rnd, count, first, extra):
    """Records of the matrix: a key, a day, a number, words; `extra`: columns of later files."""
    day = rnd.choice([12, 40, 400])
    width = rnd.choice([1, 8, 60])
    made = []
    for i in range(first, first + count):
        r = {"id": i, "day": f"{2020 + i % day // 336:04d}-{1 + i % day // 28 % 12:02d}-"
                             f"{1 + i % day % 28:02d}",
             "amount": i * 7 % 1000 / 4, "name": f"n{i % 11}" * width}
        for name, value in extra.items():
            r[name] = value(i)
        made.append(r)
    return made


def write_file(rnd, p, kind, name, records, bad):
    """Writes records as a file of a kind; of `bad` ones the amount is no number."""
    for i in bad:
        records[i]["amount"] = "nix"
    if kind in ("csv", "tsv"):
        text = csv_text(records, "," if kind == "csv" else "\t")
    elif kind == "json":
        text = json.dumps(records)
    else:
        text = lines(*records)
    suffix = {"jsonl": "json"}.get(kind, kind)
    if rnd.random() < 0.3:
        return p.write(f"{name}.{suffix}.gz", gzip.compress(text.encode(), mtime=0))
    return p.write(f"{name}.{suffix}", text)


PARTITIONS = ["", "", "month(day)", "day(day)", "bucket(4, id)", "truncate(2, name)", "year(day)"]
MODELS = [
    ("curated.days", "SELECT day, count(*) AS n, sum(amount) AS amount FROM raw.t GROUP BY day"),
    ("curated.copy", "SELECT * EXCLUDE (x_loaded_at) FROM raw.t"),
    ("curated.big", "SELECT id, name FROM raw.t WHERE amount > 100"),
    ("curated.pairs", "SELECT a.id, b.day FROM raw.t a JOIN raw.t b ON a.id = b.id + 1"),
    ("curated.names", "/* firn\nmaterialize: view\n*/ SELECT DISTINCT name FROM raw.t"),
    ("curated.days2", "/* firn\npartition: [month(day)]\nchecks: [\"n > 0\"]\n*/"
                      " SELECT * FROM curated.days WHERE n > 1"),
    ("curated.words", "SELECT name, length(name) AS n FROM curated.names"),
]


class Chance:
    """A project by chance, and steps that change it."""

    def __init__(self, seed):
        self.rnd = rnd = random.Random(seed)
        self.kind = rnd.choice(["csv", "jsonl", "json", "tsv"])
        self.replace = rnd.random() < 0.3
        self.bad = rnd.random() < 0.4
        self.threads = rnd.choice(["1", "2", "4"])
        entry = f"from: 'drop.in/*', into: raw.t"
        partition = rnd.choice(PARTITIONS)
        if partition:
            entry += f", partition: [\"{partition}\"]"
        elif rnd.random() < 0.3:
            entry += ", sort: [name]"
        if self.replace:
            entry += ", mode: full, write: replace"
        if self.bad:
            entry += ", columns: {amount: {type: double}}, on_conflict_of_types: reject"
        size = rnd.choice(["64KB", "256KB", "128MB"])
        self.p = Project(f"{{{entry}}}", f"maintenance: {{target_file_size: {size}}}\n"
                         "rejects: {max: 100000, max_ratio: 100%}\n", name=f"chance{seed}")
        self.count, self.files, self.extra = 0, 0, {}
        chosen = [m for m in MODELS[:5] if rnd.random() < 0.6]
        names = {name for name, _ in chosen}
        chosen += [m for m in MODELS[5:] if re.search(r"FROM (curated\.\w+)", m[1]).group(1) in names]
        for name, sql in chosen:
            self.p.model(name, sql)

    def add(self):
        rnd = self.rnd
        for _ in range(rnd.randint(1, 4)):
            n = rnd.choice([1, 10, 300, 3000, 40000 if FULL else 9000])
            bad = rnd.sample(range(n), n // 10) if self.bad else []
            records = some_records(rnd, n, self.count, self.extra)
            write_file(rnd, self.p, self.kind, f"in/f{self.files:03d}", records, bad)
            self.count += n
            self.files += 1

    def step(self):
        """New files, perhaps with more columns, or wider ones; or nothing at all."""
        rnd = self.rnd
        what = rnd.choice(["nothing", "files", "columns", "wider", "model"])
        if what == "columns":
            self.extra = {"city": lambda i: f"c{i % 3}", "stock": lambda i: i}
        if what == "wider" and "stock" in self.extra:
            self.extra["stock"] = lambda i: i / 8
        if what == "model":
            self.p.model("curated.late", f"SELECT name, {rnd.randint(1, 99)} AS k FROM raw.t")
        if what not in ("nothing", "model"):
            self.add()
        return what


def try_chance(seed):
    c = Chance(seed)
    c.add()
    for i in range(3):
        try:
            agree(c.p, "--threads", c.threads)
        except AssertionError as error:
            raise AssertionError(f"seed {seed} step {i} ({c.p.folder.name}): {error}") from error
        c.step()


@suite.case
def any_project():
    first = int(os.environ.get("FIRN_SEED", "1"))
    for seed in range(first, first + (60 if FULL else 8)):
        try_chance(seed)


suite.end()

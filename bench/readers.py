# SPDX-License-Identifier: Apache-2.0
"""Reading Iceberg tables: planning over a million files, scanning with and without deletes; firn
beside PyIceberg and DuckDB's iceberg extension."""
import json
import os
import shutil
import subprocess
import threading
import time

import contestants
from contestants import BENCH, FIRN, ROOT, python, say

JOBS = ROOT / "bench/readers"
READERS = {"firn": "**firn**", "pyiceberg": "PyIceberg",
           "duckdb-iceberg": "DuckDB's iceberg extension"}
PLANS = {"one day of 1,000 (partition)": ("days", ("ts", "2021-03-01 00:00:00+00",
                                                   "2021-03-02 00:00:00+00")),
         "one id (bounds; all manifests are read)": ("ids", ("id", "500000500", "500000501")),
         "everything": ("ids", ("all",))}
SLOW = 60  # s; a contestant that takes longer runs once …
LIMIT = 600  # … and is stopped then


def timed(command):
    """(what it printed, wall s, CPU s, peak MB) of a command."""
    out = BENCH / "readers.out"
    with open(out, "wb") as stdout, open(BENCH / "readers.err", "wb") as stderr:
        begin = time.monotonic()
        child = subprocess.Popen(list(map(str, command)), stdout=stdout, stderr=stderr,
                                 env={**os.environ, "TZ": "UTC"})
        stop = threading.Timer(LIMIT, child.kill)
        stop.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - begin
        stop.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        say(f"{command[0]} failed: {(BENCH / 'tables.err').read_text(errors='replace')[-300:]}")
        return None, wall, 0, 0
    return out.read_text(), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def readers():
    return [name for name in READERS if contestants.prepare(name)]


def rounds(args, commands, check):
    """Runs contestants in turns; {name: [(wall, CPU, MB)]}, those that failed with none."""
    results = {name: [] for name in commands}
    for run in range(args.runs):
        for name, command in commands.items():
            done = results[name]
            if run and (not done or done[0][0] > SLOW):
                continue
            printed, *numbers = timed(command)
            if printed is not None:
                check(name, printed)
                done.append(numbers)
                say(f"{name}: {numbers[0]:.2f} s, {numbers[1]:.2f} s of CPU, {numbers[2]:.0f} MB")
    return results


def show(results, first):
    for name, runs in results.items():
        cells = f"fails, or takes more than {LIMIT} s | | |"
        if runs:
            low, high = [min(c) for c in zip(*runs)], [max(c) for c in zip(*runs)]
            cells = (f"{low[0]:.2f}–{high[0]:.2f} | {low[1]:.2f}–{high[1]:.2f} "
                     f"| {low[2]:.0f}–{high[2]:.0f} |")
        print(f"| {first} | {READERS[name]} | {cells}")
    print(end="", flush=True)


def many(kind):
    """The metadata of a table of 1,000,000 files, made once."""
    folder = BENCH / f"many-{kind}"
    done = folder / "metadata/00001-many.metadata.json"
    if not done.exists():
        say(f"making a table of 1,000,000 files: {folder}")
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "metadata").mkdir(parents=True)
        subprocess.run([FIRN.parent / "tests/unit/manytool", "make", folder, kind, "1000000",
                        "80000"], check=True, stdout=subprocess.DEVNULL)
    return done


def plan(args):
    """Planning scans of a table of 1,000,000 files, none of which exists.  DuckDB's time is that of
    EXPLAIN."""
    names = readers()
    print("\n## Planning over 1,000,000 data files (ten columns with bounds, 13 manifests)\n")
    print("| scan | by | wall s | CPU s | peak MB |\n|---|---|---:|---:|---:|")
    found = {}
    for title, (kind, condition) in PLANS.items():
        path, commands, answers = many(kind), {}, {}
        column, *bounds = condition
        own = [x for op, v in zip((">=", "<"), bounds) for x in (column, op, v)]
        for name in names:
            iso = [b.replace(" ", "T").replace("+00", "+00:00") for b in bounds]
            commands[name] = (
                [FIRN.parent / "tests/unit/manytool", "plan", path, *own] if name == "firn" else
                [python(name), JOBS / f"{name.split('-', maxsplit=1)[0]}_job.py", "plan", path,
                 column, *(bounds if name != "pyiceberg" else iso)])

        def check(name, printed):
            answer = json.loads(printed)
            if answers.setdefault("files", answer.get("files")) != answer.get(
                    "files", answers["files"]):
                raise SystemExit(f"bench: {name} plans {answer}, others {answers}")
        results = rounds(args, commands, check)
        show(results, title)
        found[title] = results
    return found


def scan(args):
    """Sums over 4,000,000 rows in 20 files; every twentieth row deleted, or none."""
    names, rows = readers(), 4_000_000
    if "pyiceberg" not in names:
        return say("scan: its tables are made with PyArrow, which cannot be had")
    folder = BENCH / f"scan-{rows}"
    if not (folder / "made.json").exists():
        say(f"making three tables of {rows:,} rows: {folder}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        made = subprocess.run([python("pyiceberg"), JOBS / "make_scan.py", folder, str(rows)],
                              check=True, capture_output=True, text=True).stdout
        (folder / "made.json").write_text(made)
    made, found = json.loads((folder / "made.json").read_text()), {}
    print(f"\n## Scanning {rows:,} rows in 20 files: count and sum of one column\n")
    print("| table and condition | by | wall s | CPU s | peak MB |\n|---|---|---:|---:|---:|")
    for table, wanted in made.items():
        for condition in (("all",), ("id", "1234567", "1244567")):
            column, *bounds = condition
            where = f" WHERE id >= {bounds[0]} AND id < {bounds[1]}" if bounds else ""
            sql = (f"SELECT count(*) AS rows, (sum(amount) * 100)::BIGINT AS cents FROM "
                   f"x.{table}{where}")
            commands = {name: [FIRN, "sql", folder / "lake", sql, "-o", "json"] if name == "firn"
                        else [python(name), JOBS / f"{name.split('-', maxsplit=1)[0]}_job.py",
                              "scan", wanted["path"], column, *bounds] for name in names}
            answers = {k: wanted[k] for k in ("rows", "cents")} if not bounds else {}

            def check(name, printed, answers=answers):
                answer = json.loads(printed)
                answer = answer[0] if isinstance(answer, list) else answer
                for key in ("rows", "cents"):
                    if answers.setdefault(key, int(answer[key])) != int(answer[key]):
                        raise SystemExit(f"bench: {name} finds {answer}, wanted {answers}")
            title = f"{table}, {'everything' if not bounds else '10,000 ids'}"
            results = rounds(args, commands, check)
            show(results, title)
            found[title] = results
    return found


BENCHMARKS = {"plan": plan, "scan": scan}

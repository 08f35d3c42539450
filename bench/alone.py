# SPDX-License-Identifier: Apache-2.0
"""Benchmarks of firn alone: starting, many partitions, few files of many."""
import os
import pathlib
import shutil
import statistics
import subprocess
import time

from contestants import BENCH, FIRN, ROOT, say

# A constant stride that shares no factor with the counts spreads rows over all partitions.
SCATTER = 7919


def firn(*arguments, cwd=None, env=None, check=True):
    """(standard output, wall s, CPU s, peak MB) of a firn command."""
    out = BENCH / "alone.out"
    with open(out, "wb") as stdout:
        begin = time.monotonic()
        child = subprocess.Popen([FIRN, *arguments], cwd=cwd, stdout=stdout,
                                 env={**os.environ, **(env or {})})
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if check and child.returncode != 0:
        raise SystemExit(f"bench: firn {' '.join(map(str, arguments))} failed: {child.returncode}")
    return out.read_text(), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def fresh(name):
    folder = BENCH / "out" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def repeat(count, *arguments, cwd=None):
    runs = [firn(*arguments, cwd=cwd)[1:] for _ in range(count)]
    return {"median_ms": 1000 * statistics.median(r[0] for r in runs),
            "worst_ms": 1000 * max(r[0] for r in runs),
            "cpu_ms": 1000 * statistics.median(r[1] for r in runs),
            "peak_mb": max(r[2] for r in runs)}


def start(args):
    """How long the smallest things take, twenty times each."""
    folder = fresh("start")
    shutil.copytree(ROOT / "examples/accounting", folder, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("lake", ".firn"))
    first = firn("run", "-q", cwd=folder)
    rows = {"firn version": repeat(20, "version"),
            "firn run, nothing new": repeat(20, "run", "-q", cwd=folder),
            "firn tables": repeat(20, "tables", cwd=folder),
            "firn sql, one small table": repeat(
                20, "sql", "-c", "select count(*) from raw.journal_entries", cwd=folder)}
    print("\n## Small things (examples/accounting)\n\n"
          "| command | median ms | worst ms | CPU ms | peak MB |")
    print("|---|---:|---:|---:|---:|")
    print(f"| firn run, everything new | {1000 * first[1]:.0f} | | {1000 * first[2]:.0f} "
          f"| {first[3]:.0f} |")
    for name, row in rows.items():
        print(f"| {name} | {row['median_ms']:.0f} | {row['worst_ms']:.0f} | {row['cpu_ms']:.0f} "
              f"| {row['peak_mb']:.0f} |")
    return rows


def scattered(folder, rows, parts):
    """A CSV file whose rows fall into `parts` days in no order, and a project that lands it."""
    if (folder / "data").exists():
        return
    (folder / "data").mkdir(parents=True)
    partial = folder / "data/.rows.csv"
    with open(partial, "w", encoding="ascii", buffering=1 << 20) as out:
        out.write("id,day,amount,note\n")
        days = [time.strftime("%Y-%m-%d", time.gmtime(86400 * (10957 + d))) for d in range(parts)]
        for i in range(rows):
            out.write(f"{i},{days[i * SCATTER % parts]},{i % 9973}.{i % 100:02d},note {i % 977}\n")
    os.rename(partial, folder / "data/rows.csv")
    (folder / "firn.yml").write_text("""name: scattered
warehouse: ./lake
sources: {d: {type: files, path: ./data}}
ingest:
  - from: d.rows.csv
    into: b.rows
    columns: {id: long, day: date, amount: "decimal(12,2)", note: string}
    partition: [day]
""")


def live_files(lake):
    return sum(1 for _ in pathlib.Path(lake).rglob("*.parquet"))


def partitions(args):
    """5,000,000 rows in no order into 100 and into 1,000 partitions, with 512 MB."""
    print("\n## 5,000,000 rows in no order into partitions, --memory 512MB\n")
    print("| partitions | wall s | CPU s | peak MB | files |\n|---|---:|---:|---:|---:|")
    results = {}
    for parts in (100, 1000):
        folder = BENCH / f"scattered-{parts}"
        scattered(folder, 5_000_000, parts)
        runs = []
        for _ in range(args.runs):
            shutil.rmtree(folder / "lake", ignore_errors=True)
            _, wall, cpu, peak = firn("run", "-q", "--memory", "512MB", "--threads",
                                      str(args.threads), cwd=folder)
            runs.append((wall, cpu, peak, live_files(folder / "lake")))
        results[parts] = runs
        low, high = [min(c) for c in zip(*runs)], [max(c) for c in zip(*runs)]
        print(f"| {parts:,} | {low[0]:.1f}–{high[0]:.1f} | {low[1]:.1f}–{high[1]:.1f} "
              f"| {low[2]:.0f}–{high[2]:.0f} | {high[3]:,} |")
    return results


def prune(args):
    """A query on one day of 10,000 day partitions."""
    folder = BENCH / "scattered-10000"
    scattered(folder, 200_000, 10_000)
    if not (folder / "lake").exists():
        say("landing 10,000 day partitions")
        firn("run", "-q", cwd=folder)
    query = "select count(*), sum(amount) from b.rows where day = date '2013-05-17'"
    answer = firn("sql", "--json", "-c", query, cwd=folder)[0]
    row = repeat(10, "sql", "-c", query, cwd=folder)
    whole = repeat(3, "sql", "-c", "select count(*), sum(amount) from b.rows", cwd=folder)
    print("\n## One day of a table with 10,000 day partitions\n")
    print("| query | median ms | worst ms | CPU ms | peak MB |\n|---|---:|---:|---:|---:|")
    for name, one in (("one day", row), ("all days", whole)):
        print(f"| {name} | {one['median_ms']:.0f} | {one['worst_ms']:.0f} | {one['cpu_ms']:.0f} "
              f"| {one['peak_mb']:.0f} |")
    print(f"\n`--json` of one day: {answer.strip().splitlines()[-1]}")
    return {"one day": row, "all days": whole, "answer": answer}


BENCHMARKS = {"start": start, "partitions": partitions, "prune": prune}

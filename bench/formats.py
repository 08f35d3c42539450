# SPDX-License-Identifier: Apache-2.0
"""Writing a large result in each format of `firn sql -o`, beside DuckDB's COPY of the same rows."""
import json
import os
import subprocess
import time

import contestants
from contestants import BENCH, FIRN, say

ROWS = 10_000_000
MAKE = """
import duckdb, sys
duckdb.sql("set enable_progress_bar = false")
duckdb.sql(f'''COPY (SELECT i AS id, DATE '2020-01-01' + (i % 1500)::INT AS d,
    (i * 37 % 1000000 / 100)::DECIMAL(12, 2) AS amount, 'customer ' || (i % 5000) AS customer,
    i * 1.5 / 7 AS ratio, TIMESTAMP '2024-01-01' + INTERVAL (i) SECOND AS ts,
    CASE WHEN i % 10 = 0 THEN NULL ELSE 'note, ' || (i % 100) END AS note
    FROM range({sys.argv[2]}) t(i)) TO '{sys.argv[1]}' ''')
"""
COPY = """
import duckdb, json, sys
source, out, form, threads = sys.argv[1:]
duckdb.sql(f"set enable_progress_bar = false")
duckdb.sql(f"set threads = {threads}")
more = ", compression zstd" if form == "parquet" else ""
duckdb.sql(f"COPY (FROM '{source}') TO '{out}' (FORMAT {form}{more})")
"""
PEER = {"csv": "csv", "jsonl": "json", "parquet": "parquet"}


def measure(command):
    begin = time.monotonic()
    child = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"bench: {command[0]} failed with {child.returncode}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def count(path, form):
    """Rows of what was written."""
    if form == "parquet":
        told = subprocess.run([FIRN, "sql", f"SELECT count(*) AS n FROM '{path}'", "-o", "json"],
                              capture_output=True, check=True).stdout
        return json.loads(told)[0]["n"]
    with open(path, "rb") as f:
        lines = sum(block.count(b"\n") for block in iter(lambda: f.read(1 << 22), b""))
    return lines - {"csv": 1, "table": 5}.get(form, 0)


def formats(args):
    """Ten million rows of seven columns, from one Parquet file."""
    if not contestants.prepare("duckdb"):
        return {}
    python = contestants.python("duckdb")
    source = BENCH / f"formats-{ROWS}.parquet"
    if not source.exists():
        subprocess.run([python, "-c", MAKE, source, str(ROWS)], check=True)
    print(f"\n## Results of {ROWS:,} rows, {args.threads} threads\n\n"
          "| format | firn wall s | CPU s | peak MB | DuckDB's COPY wall s | CPU s | peak MB |\n"
          "|---|---:|---:|---:|---:|---:|---:|")
    results = {}
    for form in ("csv", "json", "jsonl", "parquet", "table"):
        out = BENCH / "out" / f"result.{form}"
        out.parent.mkdir(parents=True, exist_ok=True)
        runs = {"firn": [], "duckdb": []}
        for _ in range(args.runs):
            runs["firn"].append(measure(
                [FIRN, "sql", f"FROM '{source}'", "-o", form, "-n", "all", "--output", out,
                 "--threads", args.threads]))
            found = count(out, form)
            if found != ROWS:
                raise SystemExit(f"bench: {form}: {found} rows")
            if form in PEER:
                runs["duckdb"].append(measure([python, "-c", COPY, source, out, PEER[form],
                                               args.threads]))
            out.unlink()
        best = {name: [min(r[i] for r in list_) for i in range(3)]
                for name, list_ in runs.items() if list_}
        cells = [f"{wall:.1f} | {cpu:.1f} | {peak:,.0f}" for wall, cpu, peak in best.values()]
        print(f"| {form} | {' | '.join(cells)} |{'' if form in PEER else ' | | |'}", flush=True)
        results[form] = runs
    say(f"{source} stays for the next time")
    return results


BENCHMARKS = {"formats": formats}

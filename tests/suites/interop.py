#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: ci parallel needs=venv,shared timeout=2400
"""Other engines' tables and ours, over types, partitions, evolution, deletes, names and versions
(tests/interop/features.py): each reader gives the rows that the writer meant, or stops with its own
error, as docs/INTEROP.md says.

By default the writers are PyIceberg and firn, and the readers firn, PyIceberg and the evaluator of
agree.py.  With --full all take part: Spark with two versions of Iceberg, and DuckDB's extension;
what is not here is fetched into the cache (tests/interop/install.py)."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/lib"), str(ROOT / "tests/interop")]
from firnlab import (BIN, FULL, PYTHON, SHARED, TMP, Skip, Suite, check_tool, note,  # noqa: E402
                     same)

suite = Suite()

os.environ.update(FIRN_BIN=BIN, FIRN_SHARED=SHARED)
import features  # noqa: E402
import install  # noqa: E402
import interop  # noqa: E402
import page  # noqa: E402

RECORD = interop.Matrix.load()
HERE = interop.Matrix()
SMALL = (["PyIceberg", "firn"], ["firn", "files", "PyIceberg"])
corpora = []


def wanted_of(writer):
    """All features; of firn's own tables, which take longest to make, a third unless --full."""
    every = features.every()
    if writer != "firn" or FULL:
        return every
    return [f for i, f in enumerate(every) if i % 3 == 0 or "truncate" in f.name]


def compared(writers, readers):
    """What came out now against what is recorded."""
    count = 0
    for key, cells in HERE.cells.items():
        for writer in (w for w in cells if w in writers):
            then, now = RECORD.cells.get(key, {}).get(writer, {}), cells[writer]
            for what in ["made", *(r for r in readers if r in now)]:
                assert now[what] == then.get(what), (
                    f"{what} of {key} by {writer}: {now[what]}; recorded: {then.get(what)} "
                    "(tools/interop records anew)")
                count += 1
    assert count > 300, count
    note(f"{count} outcomes as recorded")


@suite.case
def the_matrix():
    """Reader by reader what is recorded."""
    writers, readers = (interop.WRITERS, interop.READERS) if FULL else SMALL
    corpora[:] = HERE.run(writers, readers, TMP / "tables", {w: wanted_of(w) for w in writers},
                          say=note)
    compared([c.writer for c in corpora], [r for r in readers if r not in HERE.missing])
    for name, why in HERE.missing.items():
        note(f"not run: {name}: {why}")


def differing():
    for key, cells in RECORD.cells.items():
        for writer, cell in cells.items():
            for reader, told in cell.items():
                if told.startswith("differs"):
                    yield reader, key, writer, told


@suite.case
def firn_differs_nowhere():
    for reader, key, writer, told in differing():
        assert reader != "firn", f"firn of {writer}'s {key}: {told}"


@suite.case
def every_difference_has_a_reason():
    """A mistake of another reader that nobody knows of may be ours, or the test's."""
    for reader, key, writer, told in differing():
        assert page.known(reader, key, writer), f"{reader} of {writer}'s {key}: {told}"


@suite.case
def the_page():
    """docs/INTEROP.md is the record, in words."""
    found = (ROOT / "docs/INTEROP.md").read_text(encoding="utf-8")
    same(found.split("\n"), page.render(RECORD).split("\n"), "docs/INTEROP.md (tools/interop)")


@suite.case
def lint_is_silent():
    """About firn's own tables.  L045: the engine writes long decimals as 16 bytes.  L046: codecs
    that firn does not write.  L020: manifests in codecs that fastavro lacks here."""
    own = [c for c in corpora if c.writer == "firn"]
    assert own, "there are none"
    check_tool("lint.py", "--strict", "--ignore", "L020,L045,L046", own[0].home / "catalog.db")


@suite.case
def row_lineage():
    """Tables of version 3: firn and Spark know each row by the same id and sequence number."""
    if not FULL:
        raise Skip("with --full")
    both = {k: v for k, v in interop.LINEAGE.items() if len(v) > 1}
    for (writer, key), found in both.items():
        same(found["firn"], found["Spark 1.12.0"], f"{writer}'s {key}")
    if "Spark 1.12.0" in HERE.missing:
        raise Skip(HERE.missing["Spark 1.12.0"])
    assert len(both) > 40, sorted(both)
    note(f"{len(both)} tables")


@suite.case
def agree_with_spark():
    """agree.py with Spark over all tables of all writers."""
    if not FULL:
        raise Skip("with --full")
    try:
        python, jars = install.spark(install.VERSIONS[-1])
    except install.Missing as why:
        raise Skip(str(why)) from None
    home = subprocess.run([python, "-c", "import pyspark; print(pyspark.__path__[0])"], text=True,
                          capture_output=True, check=True).stdout.strip()
    runtime = jars.split(",", maxsplit=1)[0]
    for c in corpora:
        agree(c, pathlib.Path(home).parent, runtime)


def agree(c, packages, runtime):
    """A001: rows differ.  Tables that fewer than two readers can read prove nothing (A004)."""
    log = TMP / f"agree-{c.writer}.log"
    env = {**os.environ, "PYTHONPATH": str(packages), "SPARK_LOCAL_IP": "127.0.0.1"}
    with open(log, "w", encoding="utf-8") as out:
        tables = [interop.local(t["metadata"]) for t in c.tables.values() if "metadata" in t]
        subprocess.run([PYTHON, f"{SHARED}/checks/agree.py", *tables, "--spark",
                        "--spark-jar", runtime, "--without", "duckdb,iceberg_scan,pyiceberg"],
                       stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env,
                       timeout=600, check=False)
    said = log.read_text(encoding="utf-8")
    wrong = [line for line in said.split("\n") if line.startswith(("A001", "A005"))]
    counted = said.count(" spark: ") - said.count(" spark: cannot")
    same(wrong, [], f"{c.writer}: {log}")
    assert counted > 100, f"Spark read {counted} tables of {c.writer}: {said[-300:]}"
    note(f"{c.writer}: Spark and the evaluator agree on {counted} tables")


suite.end()

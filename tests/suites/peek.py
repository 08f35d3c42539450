#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=600
"""firn peek: files, folders and streams, what is said of them, that it is quick and writes
nothing."""
import gzip
import os
import pathlib
import shutil
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (BIN, FULL, TMP, Project, Skip, Suite, contains,  # noqa: E402
                     environment, firn, lines, note, same)

suite = Suite()
MB = 1 << 20


def folder(**files):
    path = TMP / sys._getframe(1).f_code.co_name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    for name, content in files.items():
        (path / name.replace("_", ".")).write_bytes(
            content if isinstance(content, bytes) else content.encode())
    return path


def state(path):
    return sorted((str(f), f.stat().st_mtime_ns, f.stat().st_size) for f in path.rglob("*"))


def table_of(out):
    """Columns and types of the last table that was printed."""
    table = out[out.rindex("│ column "):]
    cells = [[c.strip() for c in line.split("│")[1:-1]] for line in table.splitlines()
             if line.startswith("│")]
    return {row[0]: row[1] for row in cells[1:]}


@suite.case
def a_file():
    path = folder(a_csv="id;name;day\n1;x;2025-01-01\n2;y;\n3;z;2025-01-03\n")
    before = state(path)
    done = firn("peek", "a.csv", "-n", "2", cwd=path, want=0)
    contains(done.out, "a.csv: CSV, separator ';'", "2 rows", "│ y ", "NULL",
             "next: firn load a.csv --into ./lake")
    assert "│ z " not in done.out, done.out
    same(table_of(done.out), {"id": "long", "name": "string", "day": "date"})
    same(state(path), before)
    same(done.err, "")


@suite.case
def formats():
    path = folder(a_json=lines({"a": 1, "b": [{"c": 1.5}]}), b_tsv="a\tb\n1\tx\n",
                  c_jsonl_gz=gzip.compress(b'{"a": 1}\n'),
                  d_csv=("a,b\n" + "München,1\n" * 20).encode("latin-1"),
                  e=b'[{"a": true}]')
    pq.write_table(pa.table({"a": [1], "s": [{"x": "y"}]}), path / "f.parquet")
    for name, words, columns in (
            ("a.json", ("JSON, one object", "[{c: 1.5}]"), {"a": "long",
                                                            "b": "list<struct<c: double>>"}),
            ("b.tsv", ("TSV, separator tab",), {"a": "long", "b": "string"}),
            ("c.jsonl.gz", ("JSON (gzip)",), {"a": "long"}),
            ("d.csv", ("CSV, windows-1252", "München"), {"a": "string", "b": "long"}),
            ("e", ("JSON, an array of records",), {"a": "boolean"}),
            ("f.parquet", ("Parquet", "1 rows", "{x: y}"), {"a": "long",
                                                            "s": "struct<x: string>"})):
        done = firn("peek", name, cwd=path, want=0)
        contains(done.out, *words)
        same(table_of(done.out), columns, name)


@suite.case
def records_in_a_document():
    path = folder(a_json='{"data": {"rows": [{"id": 1}, {"id": 2}]}, "more": [{"x": 1}]}')
    done = firn("peek", "a.json", cwd=path, want=0)
    contains(done.out, "data.rows", "next: firn load a.json --into ./lake --records data.rows")
    same(table_of(done.out), {"id": "long"})
    done = firn("peek", "a.json", "--records", "more", cwd=path, want=0)
    same(table_of(done.out), {"x": "long"})


@suite.case
def notes():
    path = folder(a_csv="id,when,x\n1,01/02/03,1\n2,02/03/04,2\n3,9\n")
    done = firn("peek", "a.csv", cwd=path, want=0)
    contains(done.out, "'when' stays text", "1 of these records would be rejects", "line 4")


@suite.case
def a_folder():
    path = folder(a_csv="id\n1\n")
    for k in (1, 2, 3):
        (path / f"day-{k}.json").write_text(lines(*({"k": i} for i in range(9))))
    done = firn("peek", path, cwd="/", want=0)
    contains(done.out, "a.csv: CSV", "day-*.json: JSON", "in 3 files", "3 rows",
             f"next: firn init {path}")


@suite.case
def a_stream():
    p = Project("{from: 'drop.*.csv', into: raw.t, columns: {id: {type: string, from: nr}}}")
    p.write("a.csv", "nr,x\n007,1\n")
    p.write("b.csv", "nr,x\n008,2\n")
    before = state(p.folder)
    for word in ("drop.*.csv", "raw.t"):
        done = p.firn("peek", word, want=0)
        contains(done.out, "in 2 files", "007", "008", "next: firn run raw.t")
        same(table_of(done.out), {"id": "string", "x": "long"})
    contains(p.firn("peek", "drop.b.csv", want=0).out, "│ 008", "│ nr")
    same(state(p.folder), before)
    assert not p.lake.exists()
    contains(p.firn("peek", "drop.*.cvs").err, "*.cvs")
    contains(p.firn("peek", "dorp.a.csv").err, "there is no file, folder or stream", "firn peek")


@suite.case
def refusals():
    path = folder(empty_json="", damaged_gz=b"\x1f\x8b\x08", sheet_csv=b"PK\x03\x04xxxxxxx")
    for args, words in ((("nowhere",), ("nowhere", "firn.yml")), ((), ("firn peek data",)),
                        (("a", "b"), ("one file",)), (("s3://b/x",), ("s3://b/x",)),
                        (("-n", "0", "empty.json"), ("1 to 10000",)),
                        (("damaged.gz",), ("damaged.gz",)),
                        (("sheet.csv",), ("spreadsheet", "CSV"))):
        done = firn("peek", *args, cwd=path)
        assert done.exit in (1, 2), done
        contains(done.err, "error E", *words)
    contains(firn("peek", "empty.json", cwd=path, want=0).out, "no record in it")


@suite.case
def writes_nothing():
    """Not even in a folder that may not be written to."""
    path = folder(a_csv="id\n1\n")
    trace = path.parent / "writes.strace"
    if not shutil.which("strace"):
        raise Skip("needs strace")
    subprocess.run(["strace", "-f", "-e", "trace=openat,mkdir,unlink,rename", "-o", trace, BIN,
                    "peek", path / "a.csv"], check=True, capture_output=True, env=environment())
    written = [x for x in trace.read_text().splitlines()
               if ("O_WRONLY" in x or "O_RDWR" in x or "mkdir(" in x) and str(path) in x]
    same(written, [])


@suite.case
def quick_on_large_files():
    """The same time for 10 GB as for 10 MB; a sparse file would be read as zeros, so it begins
    with records, and what is behind the first megabyte must not be looked at."""
    path = folder()
    for name, head in (("big.csv", "id,name\n" + "1,some text\n" * 200000),
                       ("big.json", '{"id": 1, "name": "some text"}\n' * 100000)):
        with open(path / name, "wb") as f:
            f.write(head.encode())
            f.truncate(10 << 30)
        done = firn("peek", name, cwd=path, want=0)
        contains(done.out, "10.7 GB", "10 rows", "first MB")
        assert done.seconds < 2, f"{name}: {done.seconds:.2f} s"
        assert done.peak < 256 * MB, f"{name}: {done.peak >> 20} MB"
        note(f"{name} of 10 GB: {done.seconds:.2f} s, {done.peak >> 20} MB")
    line = b"".join(b'{"id": %d, "name": "%s"}\n' % (i, os.urandom(16).hex().encode())
                    for i in range(2_000_000 if FULL else 300_000))
    (path / "big.json.gz").write_bytes(gzip.compress(line, 1))
    done = firn("peek", "big.json.gz", cwd=path, want=0)
    contains(done.out, "JSON (gzip)", "10 rows")
    assert done.seconds < 2, f"{done.seconds:.2f} s"


suite.end()

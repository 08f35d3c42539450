# SPDX-License-Identifier: Apache-2.0
"""DuckDB's iceberg extension as a reader; runs under a Python that has duckdb, duckdb-ext and
pyarrow: duckdb_job.py JOBS OUT, as spark_job.py read."""
import json
import pathlib
import sys
import time

import duckdb
import duckdb_ext

import features
import read
from writers import shortened


def main():
    jobs, out = sys.argv[1:]
    known = {f.key: f for f in features.every()}
    with open(out, "w", encoding="utf-8") as file:
        for job in json.loads(pathlib.Path(jobs).read_text(encoding="utf-8")):
            schema, began = features.schema_of(job, known), time.monotonic()
            try:
                path = job["metadata"].removeprefix("file://").removeprefix("file:")
                names, rows = one(path, schema, job.get("ref"))
                found = {"columns": names, "rows": rows}
            except Exception as error:  # the outcome, whatever it is
                found = {"cannot": shortened(f"{type(error).__name__}: {error}")}
            found.update(job, seconds=round(time.monotonic() - began, 2))
            print(json.dumps(found), file=file, flush=True)


def one(metadata, schema, ref):
    # A connection for each: an internal error of the engine ends the one in which it happened.
    with duckdb_ext.init(duckdb.connect()) as db:
        db.execute("SET autoinstall_known_extensions = false; SET TimeZone = 'UTC'; LOAD iceberg")
        more = ""
        if ref:
            refs = json.loads(pathlib.Path(metadata).read_text(encoding="utf-8"))["refs"]
            more = f", snapshot_from_id = {refs[ref]['snapshot-id']}"
        table = db.execute(f"FROM iceberg_scan(?{more})", [metadata]).fetch_arrow_table()
        return read.arrow_rows(table, schema)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""DuckDB's part, with its iceberg extension; arguments as of pyiceberg_job.py.  It has no plan
without a scan: EXPLAIN, which makes it read the manifests, stands for one."""
import json
import sys

import duckdb
import duckdb_ext


def main(what, path, column, low=None, high=None):
    db = duckdb_ext.init(duckdb.connect())
    db.execute("SET autoinstall_known_extensions = false; LOAD iceberg; SET TimeZone = 'UTC'")
    where = "" if column == "all" else f"WHERE {column} >= '{low}' AND {column} < '{high}'"
    select = (f"SELECT count(*), (coalesce(sum(amount), 0) * 100)::BIGINT "
              f"FROM iceberg_scan('{path}') {where}")
    if what == "plan":
        db.execute(f"EXPLAIN {select}").fetchall()
        return {}
    rows, cents = db.execute(select).fetchone()
    return {"rows": rows, "cents": cents}


print(json.dumps(main(*sys.argv[1:])))

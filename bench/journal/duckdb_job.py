# SPDX-License-Identifier: Apache-2.0
"""duckdb_job.py INPUT OUT THREADS: the floor — DuckDB's own COPY to plain Parquet, no table
format."""
import sys

import duckdb

source, out, threads = sys.argv[1:4]
HEAD = "_id, entry_number, company, date, currency"
LINES = "struct(account varchar, debit decimal(18,2), credit decimal(18,2), description varchar)[]"
db = duckdb.connect()
db.execute(f"set threads = {threads}")
db.execute("set preserve_insertion_order = false")


def copy(query, table):
    db.execute(f"copy ({query}) to '{out}/{table}.parquet' (format parquet, compression snappy)")


copy(f"""from read_json('{source}', format = 'newline_delimited', columns = {{
    _id: 'varchar', entry_number: 'bigint', company: 'varchar', date: 'date', currency: 'varchar',
    memo: 'varchar', updated_at: 'timestamptz', lines: '{LINES}'}})""", "entries")
copy(f"""select {HEAD}, line_no, l.account, l.debit, l.credit, l.description
    from (select *, unnest(lines) as l, generate_subscripts(lines, 1) as line_no
          from '{out}/entries.parquet')""", "lines")
copy(f"""select {HEAD}, list_sum(list_transform(lines, lambda x: x.debit)) as total_debit,
    list_sum(list_transform(lines, lambda x: x.credit)) as total_credit, len(lines) as n
    from '{out}/entries.parquet'""", "totals")

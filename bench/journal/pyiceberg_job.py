# SPDX-License-Identifier: Apache-2.0
"""pyiceberg_job.py INPUT OUT THREADS: written by hand with PyArrow and PyIceberg, in blocks."""
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from pyiceberg.catalog.sql import SqlCatalog

source, out, threads = sys.argv[1:4]
pa.set_cpu_count(int(threads))
BLOCK_ROWS = 500_000
MONEY = pa.decimal128(18, 2)
TEXT = pa.string()


def line_type(money):
    return pa.struct([("account", TEXT), ("debit", money), ("credit", money),
                      ("description", TEXT)])


def entries_schema(date, moment, money):
    return pa.schema([("_id", TEXT), ("entry_number", pa.int64()), ("company", TEXT),
                      ("date", date), ("currency", TEXT), ("memo", TEXT), ("updated_at", moment),
                      ("lines", pa.list_(line_type(money)))])


RAW = entries_schema(TEXT, TEXT, pa.float64())  # PyArrow's JSON reader knows no decimals in time
ENTRIES = entries_schema(pa.date32(), pa.timestamp("us", "UTC"), MONEY)
HEAD = ["_id", "entry_number", "company", "date", "currency"]
head_fields = [ENTRIES.field(name) for name in HEAD]
LINES = pa.schema(head_fields + [pa.field("line_no", pa.int32())] + list(line_type(MONEY)))
TOTALS = pa.schema(head_fields + [pa.field("total_debit", MONEY), pa.field("total_credit", MONEY),
                                  pa.field("n", pa.int32())])
catalog = SqlCatalog("bench", uri=f"sqlite:///{out}/catalog.db", warehouse=f"file://{out}")
catalog.create_namespace("b")
properties = {"write.parquet.compression-codec": "snappy"}
entries_table, lines_table, totals_table = (
    catalog.create_table(f"b.{name}", schema=schema, properties=properties)
    for name, schema in (("entries", ENTRIES), ("lines", LINES), ("totals", TOTALS)))


def money(values):
    return pc.round(values, 2).cast(MONEY, safe=False)


def cents_per_entry(values, offsets):
    cents = np.rint(values.to_numpy(zero_copy_only=False) * 100).astype("int64")
    running = np.concatenate([[0], np.cumsum(cents)])
    whole = pa.array(running[offsets[1:]] - running[offsets[:-1]])
    decimal = whole.cast(pa.decimal128(19, 0)).cast(pa.decimal128(28, 2))
    return pc.divide(decimal, pa.scalar(100, pa.decimal128(3, 0))).cast(MONEY, safe=False)


def append(batches):
    table = pa.Table.from_batches(batches, schema=RAW).combine_chunks()
    lists = table["lines"].chunk(0)
    account, debit, credit, description = lists.flatten().flatten()
    items = [account, money(debit), money(credit), description]
    lines = pa.StructArray.from_arrays(items, fields=list(line_type(MONEY)))
    columns = [table[name] for name in RAW.names[:-1]]
    columns[3] = columns[3].cast(pa.date32())
    columns[6] = columns[6].cast(pa.timestamp("us", "UTC"))
    entries = pa.Table.from_arrays(columns + [pa.ListArray.from_arrays(lists.offsets, lines)],
                                   schema=ENTRIES)
    entries_table.append(entries)

    offsets, parents = lists.offsets.to_numpy(), pc.list_parent_indices(lists)
    line_no = (np.arange(len(parents)) - offsets[parents.to_numpy()] + 1).astype("int32")
    head = entries.select(HEAD).take(parents)
    lines_table.append(pa.Table.from_arrays(head.columns + [pa.array(line_no)] + items,
                                            schema=LINES))
    sums = [cents_per_entry(values, offsets) for values in (debit, credit)]
    count = pa.array((offsets[1:] - offsets[:-1]).astype("int32"))
    totals_table.append(pa.Table.from_arrays(entries.select(HEAD).columns + sums + [count],
                                             schema=TOTALS))


pending = []
for batch in pj.open_json(source, read_options=pj.ReadOptions(block_size=16 << 20),
                          parse_options=pj.ParseOptions(explicit_schema=RAW)):
    pending.append(batch)
    if sum(b.num_rows for b in pending) >= BLOCK_ROWS:
        append(pending)
        pending = []
if pending:
    append(pending)

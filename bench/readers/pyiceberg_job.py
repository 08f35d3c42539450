# SPDX-License-Identifier: Apache-2.0
"""PyIceberg's part of `bench/run plan` and `bench/run scan`.  Arguments: plan | scan, metadata
file, all | a column, its least value, the value that it must be below.  Prints JSON."""
import json
import sys

import pyarrow.compute as pc
from pyiceberg.expressions import AlwaysTrue, And, GreaterThanOrEqual, LessThan
from pyiceberg.table import StaticTable


def main(what, path, column, low=None, high=None):
    ice = StaticTable.from_metadata(path)
    where = AlwaysTrue()
    if column != "all":
        given = [int(v) if v.isdigit() else v for v in (low, high)]
        where = And(GreaterThanOrEqual(column, given[0]), LessThan(column, given[1]))
    if what == "plan":
        return {"files": sum(1 for _ in ice.scan(row_filter=where).plan_files())}
    rows, total = 0, 0
    scan = ice.scan(row_filter=where, selected_fields=("id", "amount"))
    for batch in scan.to_arrow_batch_reader():
        rows += batch.num_rows
        total += pc.sum(batch["amount"]).as_py() or 0
    return {"rows": rows, "cents": int(total * 100)}


print(json.dumps(main(*sys.argv[1:])))

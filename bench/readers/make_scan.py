# SPDX-License-Identifier: Apache-2.0
"""Makes the tables of `bench/run scan` in a folder: the same rows without deletes, with position
deletes (version 2) and with deletion vectors (version 3); every twentieth row is deleted.
Arguments: the folder, the number of rows.  Prints {table: {"path", "rows", "sum", "deleted"}}."""
import json
import pathlib
import sys

HOME, ROWS = pathlib.Path(sys.argv[1]), int(sys.argv[2])
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lib"))

import firnlab  # noqa: E402
firnlab.TMP = HOME
import madelab  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.compute as pc  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

FILES, EACH = 20, 20  # every EACH-th row is deleted
FIELDS = [madelab.field(1, "id", "long"), madelab.field(2, "kind", "string"),
          madelab.field(3, "amount", "decimal(12,2)"), madelab.field(4, "at", "timestamptz"),
          madelab.field(5, "note", "string")]
BOUND = {"key": 1}


def cents(i):
    return i * 7919 % 10_000_019


def columns(first, count):
    ids = range(first, first + count)
    amounts = pa.array([cents(i) for i in ids], pa.int64()).cast(pa.decimal128(19, 0))
    hundred = pa.scalar(100, pa.decimal128(3, 0))
    return [pa.array(ids, pa.int64()), pa.array([f"kind-{i % 50}" for i in ids]),
            pc.divide(amounts.cast(pa.decimal128(21, 2)), hundred).cast(pa.decimal128(12, 2)),
            pa.array([i * 1_000_000 + 1_600_000_000_000_000 for i in ids],
                     pa.timestamp("us", "UTC")),
            pa.array([f"note {i * 31 % 99991} of row {i}" for i in ids])]


def data(t, first, count):
    path = t.path(".parquet")
    schema = pa.schema([madelab.arrow_field(f) for f in FIELDS])
    pq.write_table(pa.Table.from_arrays(columns(first, count), schema=schema), path,
                   row_group_size=100_000, compression="zstd")
    record = t.record(path, count)
    record["lower_bounds"] = [BOUND | {"value": first.to_bytes(8, "little")}]
    record["upper_bounds"] = [BOUND | {"value": (first + count - 1).to_bytes(8, "little")}]
    return record


def main():
    madelab.Made.home = HOME / "lake"
    made, count = {}, ROWS // FILES
    gone = list(range(0, count, EACH))
    for name, version in (("plain", 2), ("positions", 2), ("vectors", 3)):
        t = madelab.Made(name, FIELDS, version)
        files = [data(t, n * count, count) for n in range(FILES)]
        t.commit(*files)
        if name == "positions":
            t.commit(*[t.positions([(f, p) for p in gone], bounds="full") for f in files])
        if name == "vectors":
            t.commit(*[v for f in files for v in t.vectors([(f, gone)])])
        t.publish()
        live = [i for i in range(ROWS) if name == "plain" or i % count % EACH]
        path = next((t.root / "metadata").glob("*.metadata.json"))
        made[name] = {"path": str(path), "rows": len(live),
                      "cents": sum(map(cents, live))}
    print(json.dumps(made))


main()

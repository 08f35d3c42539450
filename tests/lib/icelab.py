# SPDX-License-Identifier: Apache-2.0
"""What the suites that look at Iceberg's own files share: manifests read with fastavro (nothing of
firn or PyIceberg in between), bounds decoded as the specification has them, values in a form that
can be compared, and the metrics of a table held against its Parquet files."""
import datetime
import decimal
import io
import json
import math
import pathlib
import re
import sqlite3
import struct
import uuid

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from firnlab import path_of

decimal.getcontext().prec = 60
EPOCH = datetime.datetime(1970, 1, 1)
EPOCH_UTC = EPOCH.replace(tzinfo=datetime.timezone.utc)
US = datetime.timedelta(microseconds=1)


# --- values -------------------------------------------------------------------------------------

def canon(value):
    """A form in which equal means the same to the last bit: NaN equals NaN, -0.0 is not 0.0."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else ("float", struct.pack(">d", value).hex())
    if isinstance(value, decimal.Decimal):
        return ("decimal", f"{value:f}")
    if isinstance(value, uuid.UUID):
        return ("uuid", value.hex)
    if isinstance(value, dict):
        return tuple((k, canon(v)) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(canon(v) for v in value)
    return (type(value).__name__, value)


def f32(value):
    """The double that a float column holds for this one."""
    return struct.unpack("f", struct.pack("f", value))[0]


def same_rows(found, wanted, what=""):
    """Rows by rows, in order, bit by bit; a message names the first column that differs."""
    assert len(found) == len(wanted), f"{what} {len(found)} rows, wanted {len(wanted)}"
    for i, (f, w) in enumerate(zip(found, wanted)):
        assert list(f) == list(w), f"{what} row {i}: columns {list(f)}, wanted {list(w)}"
        for name, value in w.items():
            assert canon(f[name]) == canon(value), (
                f"{what} row {i}, {name}: {f[name]!r}, wanted {value!r}")


def days(date):
    return date.toordinal() - 719163


def micros(value):
    """Microseconds of a time, a timestamp, or one with a zone."""
    if isinstance(value, datetime.time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 10**6 + value.microsecond
    return (value - (EPOCH_UTC if value.tzinfo else EPOCH)) // US


def unscaled(value, scale):
    return int(value.scaleb(scale))


# --- metadata and manifests ---------------------------------------------------------------------

def metadata_of(lake, name, catalog="lake"):
    """metadata.json of a table, found through the catalog's own row."""
    namespace, _, table = name.rpartition(".")
    with sqlite3.connect(f"{lake}/catalog.db") as db:
        row = db.execute("SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ? AND "
                         "table_namespace = ? AND table_name = ?",
                         (catalog, namespace, table)).fetchone()
    assert row, f"{name} is not in the catalog"
    return json.loads(pathlib.Path(path_of(row[0])).read_text(encoding="utf-8"))


def current_schema(metadata):
    return next(s for s in metadata["schemas"] if s["schema-id"] == metadata["current-schema-id"])


def avro(path):
    """Records and header of an Avro file."""
    with open(path_of(path), "rb") as f:
        reader = fastavro.reader(io.BytesIO(f.read()))
        return list(reader), reader.metadata


def manifests(metadata):
    """Entries of the manifest list of the current snapshot."""
    wanted = metadata.get("current-snapshot-id")
    found = [s for s in metadata["snapshots"] if s["snapshot-id"] == wanted]
    return avro(found[0]["manifest-list"])[0] if found else []


def live_files(metadata):
    """The data files of the current snapshot, each with its partition spec under `spec`."""
    specs = {s["spec-id"]: s["fields"] for s in metadata["partition-specs"]}
    files = []
    for m in manifests(metadata):
        for entry in avro(m["manifest_path"])[0]:
            if entry["status"] != 2:
                files.append({**entry["data_file"], "spec": specs[m["partition_spec_id"]]})
    return files


def as_map(pairs):
    return {p["key"]: p["value"] for p in pairs or ()}


# --- single values (specification, Appendix D) --------------------------------------------------

def decode(type_, data):
    """A bound as the value in memory: int for dates and times, Decimal, float, str, bytes."""
    if type_ == "boolean":
        return data != b"\0"
    if type_ in ("int", "date"):
        assert len(data) == 4, data
        return struct.unpack("<i", data)[0]
    if type_ in ("long", "time", "timestamp", "timestamptz"):
        assert len(data) == 8, data
        return struct.unpack("<q", data)[0]
    if type_ == "float":
        return struct.unpack("<f", data)[0]
    if type_ == "double":
        return struct.unpack("<d", data)[0]
    if type_.startswith("decimal"):
        n = int.from_bytes(data, "big", signed=True)
        assert len(data) == (max(n, ~n).bit_length() + 8) // 8, f"{data.hex()} is not minimal"
        return decimal.Decimal(n).scaleb(-decimal_of(type_)[1])
    return data.decode() if type_ == "string" else data


def decimal_of(type_):
    return tuple(int(n) for n in re.findall(r"\d+", type_))


def plain(type_, value):
    """What Python gave for a value, as decode gives it."""
    if type_ == "date":
        return days(value)
    if type_ in ("time", "timestamp", "timestamptz"):
        return micros(value)
    if type_ == "uuid":
        return value.bytes if isinstance(value, uuid.UUID) else value
    return value


# --- metrics ------------------------------------------------------------------------------------

def leaves(fields, path=()):
    """(path, field) of the primitive columns that lie in no list or map."""
    for f in fields:
        here = path + (f["name"],)
        if not isinstance(f["type"], dict):
            yield here, f
        elif f["type"]["type"] == "struct":
            yield from leaves(f["type"]["fields"], here)


def at(row, path):
    for name in path:
        row = row[name] if row is not None else None
    return row


def truncated_lower(type_, value, n=16):
    return value[:n] if type_ in ("string", "binary") else value


def truncated_upper(type_, value, n=16):
    """The least legal upper bound of n units, or None if there is none."""
    if type_ not in ("string", "binary") or len(value) <= n:
        return value
    units = [ord(c) for c in value[:n]] if type_ == "string" else list(value[:n])
    last = 0x10FFFF if type_ == "string" else 0xFF
    while units:
        if units[-1] < last:
            units[-1] += 1
            if type_ == "string" and 0xD800 <= units[-1] <= 0xDFFF:
                units[-1] = 0xE000
            return "".join(map(chr, units)) if type_ == "string" else bytes(units)
        units.pop()
    return None


def order(type_, value):
    """Strings are ordered by their UTF-8, -0.0 stands before 0.0."""
    if type_ == "string":
        return value.encode()
    if type_ in ("float", "double"):
        return (value, math.copysign(1, value))
    return value


def check_bounds(type_, values, lower, upper, tight):
    """`values`: those that are neither null nor NaN.  `tight`: the bounds are what a writer that
    knows all values would give; else they only have to enclose them."""
    if not values:
        assert lower is None and upper is None, f"bounds {lower!r} {upper!r} of no value"
        return
    key = lambda v: order(type_, v)  # noqa: E731
    low, high = min(values, key=key), max(values, key=key)
    if type_ in ("float", "double"):  # zero has two signs, and both are zero
        low, high = (-0.0 if low == 0 else low), (0.0 if high == 0 else high)
    if lower is not None:
        assert key(lower) <= key(low), f"lower bound {lower!r} is above {low!r}"
        assert not tight or lower == truncated_lower(type_, low), f"{lower!r} for {low!r}"
    if upper is not None:
        assert key(upper) >= key(high), f"upper bound {upper!r} is below {high!r}"
        assert not tight or upper == truncated_upper(type_, high), f"{upper!r} for {high!r}"
    if tight:
        assert lower is not None, f"no lower bound; {low!r} is the least value"
        assert upper is not None or truncated_upper(type_, high) is None, f"no bound for {high!r}"


def check_file_metrics(schema, file, rows, tight):
    """The metrics of one data file against its rows.  Returns the number of bounds."""
    counts, nulls = as_map(file["value_counts"]), as_map(file["null_value_counts"])
    nans = as_map(file["nan_value_counts"])
    lower, upper = as_map(file["lower_bounds"]), as_map(file["upper_bounds"])
    assert file["record_count"] == len(rows)
    known = {f["id"] for _, f in leaves(schema["fields"])}
    for name, ids in (("counts", counts), ("lower", lower), ("upper", upper)):
        assert set(ids) <= known, f"{name} of fields {set(ids) - known} inside lists or maps"
    for path, f in leaves(schema["fields"]):
        t = f["type"]
        values = [plain(t, v) for v in (at(row, path) for row in rows) if v is not None]
        numbers = [v for v in values if not (isinstance(v, float) and math.isnan(v))]
        try:
            assert counts.get(f["id"]) == len(rows), f"value count {counts.get(f['id'])}"
            assert nulls.get(f["id"]) == len(rows) - len(values), f"null count {nulls.get(f['id'])}"
            if f["id"] in nans:
                assert nans[f["id"]] == len(values) - len(numbers), f"NaN count {nans[f['id']]}"
            else:  # unknown: only where there may be one
                assert t not in ("float", "double") or len(values) > len(numbers), "no NaN count"
            b = [decode(t, x[f["id"]]) if f["id"] in x else None for x in (lower, upper)]
            check_bounds(t, numbers, *b, tight(t, numbers))
        except AssertionError as why:
            raise AssertionError(f"{'.'.join(path)} {t}: {why}") from None
    return len(lower) + len(upper)


def read_parquet(path):
    """Rows of one Parquet file by pyarrow, maps as lists of pairs."""
    return pq.ParquetFile(path_of(path)).read().to_pylist()


def always(_type, _values):
    return True


def check_metrics(lake, name, tight=always, catalog="lake"):
    """All data files of a table: what the manifests say of each against what is in it; the summary
    of the snapshot against their sum.  Returns the number of bounds looked at."""
    metadata = metadata_of(lake, name, catalog)
    schema, bounds, rows = current_schema(metadata), 0, 0
    files = live_files(metadata)
    for file in files:
        found = read_parquet(file["file_path"])
        size = pathlib.Path(path_of(file["file_path"])).stat().st_size
        assert file["file_size_in_bytes"] == size, f"{file['file_path']} has {size} bytes"
        bounds += check_file_metrics(schema, file, found, tight)
        rows += len(found)
    snapshot = next(s for s in metadata["snapshots"]
                    if s["snapshot-id"] == metadata["current-snapshot-id"])
    assert snapshot["summary"]["total-records"] == str(rows), snapshot["summary"]
    assert snapshot["summary"]["total-data-files"] == str(len(files)), snapshot["summary"]
    return bounds


def arrow_rows(table):
    """Rows of a PyIceberg scan, extension types as Python's own."""
    return pa.table(table).to_pylist()

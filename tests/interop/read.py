# SPDX-License-Identifier: Apache-2.0
"""The readers: each gives the rows of a metadata file in the canonical form of model.py.

Those that need a Python of their own (Spark, DuckDB) are in jobs.py."""
import base64
import datetime
import decimal
import json
import os
import pathlib
import subprocess
import sys
import types
import uuid

import model

D = decimal.Decimal


class Cannot(Exception):
    """The reader does not read this; its text is the reader's own error."""


def ordered(columns, rows):
    return columns, sorted(rows, key=json.dumps)


# --- firn ---------------------------------------------------------------------------------------

def firn_command(*arguments, cwd=None, given=""):
    done = subprocess.run([os.environ["FIRN_BIN"], *map(str, arguments)], capture_output=True,
                          cwd=cwd, input=given.encode(), timeout=120, check=False)
    assert done.returncode >= 0, f"firn was killed by signal {-done.returncode}"
    if done.returncode:
        raise Cannot(done.stderr.decode("utf-8", "replace"))
    return done.stdout.decode()


def firn_ask(sql, *arguments):
    text = firn_command("sql", *arguments, "-f", "-", "-o", "json", given=sql)
    return json.loads(text, parse_float=D, object_pairs_hook=Pairs)


class Pairs(list):
    """A JSON object with its order and its doubles."""


def firn(metadata, schema, ref=None, where=""):
    """`FROM iceberg('…')` by the metadata file."""
    source = "iceberg('" + metadata.replace("'", "''") + "')"
    if ref:
        source += f" AT (TAG => '{ref}')"
    found = firn_ask(f"SELECT * FROM {source}{where}")
    names = [f.name for f in schema.fields]
    for row in found:
        assert [k for k, _ in row] == names, f"columns {[k for k, _ in row]}, wanted {names}"
    return ordered(names, [[from_json(f.type, v) for f, (_, v) in zip(schema.fields, row)]
                           for row in found])


def lineage(metadata):
    source = "iceberg('" + metadata.replace("'", "''") + "')"
    return sorted([v for _, v in row] for row in firn_ask(
        f"SELECT id, _row_id, _last_updated_sequence_number FROM {source}"))


# --- filters: firn leaves out files by partitions and bounds ------------------------------------

SQL_TYPES = {"int": "INTEGER", "long": "BIGINT", "string": "VARCHAR", "binary": "BLOB",
             "timestamptz": "TIMESTAMPTZ"}


def sql_literal(type_, value):
    sql = "BLOB" if type_.startswith("fixed") else SQL_TYPES.get(type_, type_.upper())
    if isinstance(value, bytes):
        return "'" + "".join(f"\\x{b:02X}" for b in value) + "'::BLOB"
    if isinstance(value, (datetime.date, datetime.time)):
        value = value.isoformat()
    return f"CAST('{str(value).replace(chr(39), chr(39) * 2)}' AS {sql})"


def rank(value):
    """The engine's order of values: NaN is the greatest and equal to itself."""
    if isinstance(value, float):
        return (value != value, 0.0 if value != value else value)
    return value


OPERATORS = {"=": lambda a, b: a == b, "<": lambda a, b: a < b, ">=": lambda a, b: a >= b}


def check_filters(metadata, feature, made):
    """Asks by the values of some columns: the ids must be those of the model."""
    asked, wanted = [], []
    for name in feature.filters:
        type_ = made.schema.field(name).type
        if type_.endswith("_ns"):
            continue
        values = {r[name] for r in made.rows if r[name] is not None}
        values = {v for v in values if "\0" not in str(v)}  # which no statement may hold
        for value in sorted(values, key=rank)[:7]:
            for word, same in OPERATORS.items():
                asked.append(f"{quoted(name)} {word} {sql_literal(type_, value)}")
                wanted.append([r["id"] for r in made.rows if r[name] is not None
                               and same(rank(r[name]), rank(value))])
        for word, null in (("IS NULL", True), ("IS NOT NULL", False)):
            asked.append(f"{quoted(name)} {word}")
            wanted.append([r["id"] for r in made.rows if (r[name] is None) == null])
    if not asked:
        return
    source = "iceberg('" + metadata.replace("'", "''") + "')"
    found = [[] for _ in asked]
    for row in firn_ask(" UNION ALL ".join(f"SELECT {i} AS q, id FROM {source} WHERE {a}"
                                           for i, a in enumerate(asked))):
        (_, q), (_, number) = row
        found[q].append(number)
    for a, f, w in zip(asked, found, wanted):
        assert sorted(f) == sorted(w), f"WHERE {a} gives ids {sorted(f)}, wanted {sorted(w)}"


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def from_json(type_, value):
    """firn's JSON in canonical form."""
    if value is None:
        return None
    if isinstance(type_, model.Struct):
        assert [k for k, _ in value] == [f.name for f in type_.fields], value
        return [[f.name, from_json(f.type, v)] for f, (_, v) in zip(type_.fields, value)]
    if isinstance(type_, model.List):
        return [from_json(type_.element, v) for v in value]
    if isinstance(type_, model.Map):
        return sorted(([from_json(type_.key, k), from_json(type_.value, v)] for k, v in value),
                      key=json.dumps)
    return primitive(type_, value)


def primitive(type_, value):
    if type_ in ("float", "double"):
        return model.canon(type_, float(value))
    if type_ == "binary" or type_.startswith("fixed"):
        return base64.b64decode(value).hex()
    if type_ == "date":
        return datetime.date.fromisoformat(value).toordinal() - 719163
    if type_ == "time":
        return model.micros(datetime.time.fromisoformat(value))
    if type_ in ("timestamp", "timestamptz"):
        moment = datetime.datetime.fromisoformat(value)
        assert bool(moment.tzinfo) == (type_ == "timestamptz"), value
        return model.micros(moment)
    if type_ in ("timestamp_ns", "timestamptz_ns"):
        whole, _, rest = value.partition(".")
        digits = rest[:9] if rest else ""
        digits = "".join(c for c in digits if c.isdigit())
        moment = datetime.datetime.fromisoformat(whole[:19])
        return model.micros(moment) * 1000 + int(digits.ljust(9, "0"))
    return model.canon(type_, value)


# --- readers with Arrow -------------------------------------------------------------------------

def from_arrow(type_, scalar):
    """An Arrow scalar in canonical form."""
    if not scalar.is_valid:
        return None
    if hasattr(scalar, "type") and hasattr(scalar.type, "extension_name"):
        scalar = scalar.value if scalar.type.extension_name == "arrow.uuid" else scalar
    if isinstance(type_, model.Struct):
        keys = list(scalar.keys())
        assert keys == [f.name for f in type_.fields], f"fields {keys}"
        return [[f.name, from_arrow(f.type, scalar[i])] for i, f in enumerate(type_.fields)]
    if isinstance(type_, model.List):
        return [from_arrow(type_.element, v) for v in scalar.values]
    if isinstance(type_, model.Map):
        return sorted(([from_arrow(type_.key, e[0]), from_arrow(type_.value, e[1])]
                       for e in scalar.values), key=json.dumps)
    unit = getattr(scalar.type, "unit", None)
    if type_ == "time":
        return scalar.value // (1 if unit == "us" else 1000)
    if type_.startswith("timestamp"):
        scale = {"s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}[unit]
        assert bool(scalar.type.tz) == type_.startswith("timestamptz"), str(scalar.type)
        nanos = scalar.value * scale
        return nanos if type_.endswith("_ns") else nanos // 1000
    value = scalar.as_py()
    return model.canon(type_, value)


def arrow_rows(table, schema):
    names = [f.name for f in schema.fields]
    assert table.column_names == names, f"columns {table.column_names}, wanted {names}"
    columns = [[from_arrow(f.type, v) for chunk in table.column(i).chunks for v in chunk]
               for i, f in enumerate(schema.fields)]
    return ordered(names, [list(r) for r in zip(*columns)])


def pyiceberg(metadata, schema, ref=None):
    from pyiceberg.table import StaticTable
    table = StaticTable.from_metadata(metadata)
    snapshot = table.metadata.refs[ref].snapshot_id if ref else None
    return arrow_rows(table.scan(snapshot_id=snapshot).to_arrow(), schema)


# --- agree.py's own evaluator -------------------------------------------------------------------

def files(metadata, schema, ref=None):
    """The reader `files` of ../shared/checks/agree.py."""
    sys.path[:0] = [p for p in [os.environ["FIRN_SHARED"] + "/checks"] if p not in sys.path]
    import agree
    import icefiles
    store = icefiles.Store()
    refs = icefiles.load_json(store.read(metadata)).get("refs") or {}
    options = types.SimpleNamespace(snapshot=refs[ref]["snapshot-id"] if ref else None,
                                    columns=None)
    job = agree.Job(options, store, metadata, metadata)
    rows = list(agree.read_files(job)) if job.snapshot else []
    names = [f["name"] for f in job.fields]
    return ordered(names, [[from_agree(f.type, v) for f, v in zip(schema.fields, r)]
                           for r in rows])


def from_agree(type_, value):
    if value is None:
        return None
    if isinstance(type_, model.Struct):
        return [[f.name, from_agree(f.type, v)] for f, v in zip(type_.fields, value)]
    if isinstance(type_, model.List):
        return [from_agree(type_.element, v) for v in value]
    if isinstance(type_, model.Map):
        return sorted(([from_agree(type_.key, k), from_agree(type_.value, v)] for k, v in value),
                      key=json.dumps)
    if type_ in ("float", "double"):
        return value.lower().replace("infinity", "inf")
    if type_.startswith("decimal"):
        return model.canon(type_, D(value).scaleb(-model.two_numbers(type_)[1]))
    return str(uuid.UUID(hex=value)) if type_ == "uuid" else value


HERE = {"firn": firn, "PyIceberg": pyiceberg, "files": files}

# SPDX-License-Identifier: Apache-2.0
"""Damage to the metadata of tables: bytes changed blindly, and what a file says changed so that the
file itself stays sound.  A mutation is a function of a random.Random: the same seed, the same
damage."""
import copy
import datetime
import io
import json
import zlib

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pyroaring

# Stand for numbers that json cannot print.
RAW = {"@huge": "1" + "0" * 40, "@inf": "1e400", "@zero": "00", "@deep": "[" * 300 + "]" * 300}
NUMBERS = [0, 1, -1, 2, 3, 7, 2**31 - 1, 2**31, -2**31, 2**32, 2**63 - 1, -2**63, "@huge", "@inf",
           "@zero", 0.5]
ODD = [None, True, False, "", "x", [], {}, "\0", "\ud800", "é" * 300, "@deep", [[]], {"a": 1}]
FORMATS = ["parquet", "PARQUET ", "ORC", "AVRO", "PUFFIN", "", "\0"]


# --- bytes --------------------------------------------------------------------------------------

def blind(data, rng):
    """A few bytes changed, lost, doubled, or the end cut off."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(data) + 1)
        n = min(rng.choice((1, 1, 2, 4, 16, 100)), len(data) - at)
        kind = rng.randrange(7)
        if kind == 0:
            del data[at:]
        elif kind == 1:
            del data[at:at + n]
        elif kind == 2:
            data[at:at] = data[at:at + n]
        elif kind == 3:
            data[at:at + n] = bytes(n)
        elif kind == 4:
            data[at:at + n] = b"\xff" * n
        elif kind == 5 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        else:
            data[at:at + n] = bytes(rng.randrange(256) for _ in range(n))
        if not data:
            break
    return bytes(data)


# --- JSON ---------------------------------------------------------------------------------------

def places(node, path=()):
    """The paths of everything below a node."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(
        node, list) else ()
    for key, child in items:
        yield path + (key,)
        yield from places(child, path + (key,))


def parent_of(tree, path):
    for key in path[:-1]:
        tree = tree[key]
    return tree


def other_text(text, rng, paths):
    if "/" in text:
        return other_path(text, rng, paths)
    if text.startswith("{"):
        return "{"
    return rng.choice(ODD[3:5] + ["append", "overwrite", "string", "long", "decimal(38,0)",
                                  "fixed[0]", "struct", "branch", "tag", "main", "identity",
                                  "bucket[0]", "truncate[-1]", "void", "list", text + " ",
                                  text.upper(), text * 2])


def other_path(text, rng, paths):
    elsewhere = ["", "/", "/nonexistent", "/etc/passwd", "/dev/zero", "/proc/self/mem",
                 "s3://bucket/key.parquet", "http://127.0.0.1:9/x.parquet", "relative.parquet",
                 "file:///nonexistent", "file://host" + text, "file://" + text, "file:" + text,
                 text + "?", text + "/", text.rsplit("/", 1)[0] + "/*", text[:-1] + "[a-z]",
                 text.replace("/data/", "/data/../data/"), text.upper(), text + "\0", "'" + text,
                 text + "';--", "/" + "x" * 5000, "[" + text + "]", text.rsplit("/", 1)[0]]
    return rng.choice(elsewhere + paths * 3)


def other_value(value, rng, paths):
    if rng.random() < 0.25:
        return rng.choice(ODD)
    if isinstance(value, bool) or value is None:
        return rng.choice([True, False, None, 1, "true"])
    if isinstance(value, (int, float)):
        return rng.choice(NUMBERS + [value + 1, value - 1, str(value), -value])
    if isinstance(value, str):
        return other_text(value, rng, paths)
    if isinstance(value, list):
        return rng.choice([[], value * 2, value[:-1], value[::-1], value + [None], {"0": value}])
    return rng.choice([{}, [value], list(value.values()), {k: None for k in value}])


def change_tree(tree, rng, paths):
    """Changes one thing of a tree; says what."""
    all_places = list(places(tree))
    if not all_places:
        return "nothing"
    path = rng.choice(all_places)
    holder, key = parent_of(tree, path), path[-1]
    kind = rng.randrange(8)
    where = ".".join(map(str, path))
    if kind == 0:
        del holder[key]
        return f"without {where}"
    if kind == 1:
        other = rng.choice(all_places)
        holder[key] = copy.deepcopy(parent_of(tree, other)[other[-1]])
        return f"{where} is {'.'.join(map(str, other))}"
    if kind == 2 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
        return f"{where} twice"
    if kind == 3 and isinstance(holder, dict):
        holder[str(key) + "@twice"] = other_value(holder[key], rng, paths)
        return f"key {where} twice"
    holder[key] = other_value(holder[key], rng, paths)
    return f"{where} = {str(holder[key])[:60]!r}"


def cycle(tree, rng):
    """Snapshots whose ancestors never end, or that are others."""
    snapshots = tree.get("snapshots") if isinstance(tree, dict) else None
    if not isinstance(snapshots, list):
        return "nothing"
    snapshots = [s for s in snapshots if isinstance(s, dict) and "snapshot-id" in s]
    ids = [s["snapshot-id"] for s in snapshots] or [0]
    for s in snapshots:
        if rng.random() < 0.7:
            s["parent-snapshot-id"] = rng.choice(ids + [5])
    if snapshots and rng.random() < 0.3:
        rng.choice(snapshots)["snapshot-id"] = rng.choice(ids)
    if rng.random() < 0.3:
        tree["current-snapshot-id"] = rng.choice(ids + [-1, 5])
    return "ancestors"


def print_json(tree):
    text = json.dumps(tree).replace('@twice"', '"')
    for word, raw in RAW.items():
        text = text.replace(f'"{word}"', raw)
    return text.encode()


def json_text(data, rng, paths):
    tree = json.loads(data)
    said = []
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        said.append(cycle(tree, rng) if rng.random() < 0.1 else change_tree(tree, rng, paths))
    return print_json(tree), "; ".join(said)


def pack(data):
    packer = zlib.compressobj(wbits=31)
    return packer.compress(data) + packer.flush()


def metadata(data, rng, paths):
    packed = data[:2] == b"\x1f\x8b"
    plain = zlib.decompress(data, 31) if packed else data
    if rng.random() < 0.2:
        return (pack(blind(plain, rng)), "packed bytes") if packed else (blind(data, rng), "bytes")
    if packed and rng.random() < 0.1:
        return blind(data, rng), "bytes of the gzip"
    changed, said = json_text(plain, rng, paths)
    return pack(changed) if packed else changed, said


# --- Avro ---------------------------------------------------------------------------------------

def branch(schema):
    return next((s for s in schema if s != "null"), "null") if isinstance(schema, list) else schema


def kind_of(schema):
    schema = branch(schema)
    return schema["type"] if isinstance(schema, dict) else schema


def avro_value(schema, value, rng, paths):
    """Another value of the same Avro type."""
    if isinstance(schema, list) and "null" in schema and rng.random() < 0.3:
        return None
    kind = kind_of(schema)
    value = 19723 if isinstance(value, datetime.date) else value
    if kind == "int":
        return rng.choice([n for n in NUMBERS if isinstance(n, int) and -2**31 <= n < 2**31]
                          + [(value or 0) ^ 1])
    if kind == "long":
        return rng.choice([n for n in NUMBERS if isinstance(n, int)] + [(value or 0) ^ 1])
    if kind == "boolean":
        return not value
    if kind == "string":
        if value and "/" in value:
            return other_path(value, rng, paths)
        return rng.choice(FORMATS + ["a", "b", "c" * 1000])
    if kind == "bytes":
        return rng.choice([b"", b"\0", b"\xff" * 8, b"x" * 1000, (value or b"1")[:-1]])
    if kind == "array":
        value = value or []
        return rng.choice([[], value * 2, value[:-1], value * 500])
    return value


def record_places(schema, value, path=()):
    """(path, Avro type) of all values in a record."""
    schema = branch(schema)
    if not isinstance(schema, dict) or value is None:
        return
    if schema["type"] == "record":
        for f in schema["fields"]:
            yield path + (f["name"],), f["type"]
            yield from record_places(f["type"], value[f["name"]], path + (f["name"],))
    elif schema["type"] == "array":
        for i, item in enumerate(value):
            yield path + (i,), schema["items"]
            yield from record_places(schema["items"], item, path + (i,))


def change_record(schema, records, rng, paths):
    n = rng.randrange(len(records))
    path, type_ = rng.choice(list(record_places(schema, records[n])))
    holder = parent_of(records[n], path)
    holder[path[-1]] = avro_value(type_, holder[path[-1]], rng, paths)
    return f"entry {n} {'.'.join(map(str, path))} = {str(holder[path[-1]])[:60]!r}"


def fields_of(schema, found):
    """All record fields of a schema with the record they stand in."""
    schema = branch(schema)
    if isinstance(schema, dict) and schema["type"] == "record":
        for f in schema["fields"]:
            found.append((schema, f))
            fields_of(f["type"], found)
    elif isinstance(schema, dict) and schema["type"] == "array":
        fields_of(schema["items"], found)
    return found


def change_schema(schema, rng):
    """Another name, id or type of a field; the values follow, as fastavro writes by name."""
    holder, f = rng.choice(fields_of(schema, []))
    kind = rng.randrange(4)
    if kind == 0:
        f.pop("field-id", None)
        return f"{f['name']} without id"
    if kind == 1:
        f["field-id"] = rng.choice([0, 1, 2, 100, 102, 103, 134, 500, -1, 2**31 - 1,
                                    f.get("field-id", 0) + 1])
        return f"{f['name']} has the id {f['field-id']}"
    if kind == 2 and not holder["name"].startswith("k1"):  # pairs of maps stay pairs
        holder["fields"].remove(f)
        return f"without {f['name']}"
    if f["type"] in ("int", ["null", "int"]):
        f["type"] = "long" if f["type"] == "int" else ["null", "long"]
        return f"{f['name']} is long"
    if isinstance(f["type"], str):
        f["type"] = ["null", f["type"]]
        return f"{f['name']} is optional"
    return "nothing"


def change_header(header, rng):
    key = rng.choice([k for k in header if not k.startswith("avro.")] or ["x"])
    header[key] = rng.choice(["", "0", "-1", "7", "x", "[]", "{}", "deletes", "data", "@"])
    if rng.random() < 0.3:
        del header[key]
        return f"header without {key}"
    return f"header {key} = {header[key]!r}"


def avro(data, rng, paths):
    if rng.random() < 0.2:
        return blind(data, rng), "bytes"
    reader = fastavro.reader(io.BytesIO(data))
    schema, records = json.loads(json.dumps(reader.writer_schema)), list(reader)
    header = {k: v for k, v in reader.metadata.items() if not k.startswith("avro.")}
    said = []
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        kind = rng.randrange(12)
        if kind == 0 and records:
            said.append(f"without entry {len(records) - 1}")
            records.pop()
        elif kind == 1 and records:
            records.append(copy.deepcopy(rng.choice(records)))
            said.append("an entry twice")
        elif kind == 2:
            records.reverse()
            said.append("reversed")
        elif kind == 3:
            said.append(change_header(header, rng))
        elif kind == 4:
            said.append(change_schema(schema, rng))
        elif records:
            said.append(change_record(schema, records, rng, paths))
    schema.pop("__fastavro_parsed__", None)
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(schema, _force=True), records, metadata=header,
                    codec=rng.choice(("null", "deflate")))
    return out.getvalue(), "; ".join(said)


# --- delete files -------------------------------------------------------------------------------

def deletes(path, rng, paths):
    """A Parquet file of deletes with other content."""
    table = pq.read_table(path)
    rows, schema = table.to_pylist(), table.schema
    kind = rng.randrange(7)
    column = rng.randrange(len(schema))
    name = schema.names[column]
    if kind < 3:
        value = rng.choice([None, -1, 0, 5, 2**40, 2**63 - 1]) if schema.types[column] == \
            pa.int64() else rng.choice([None, "", *paths])
        rng.choice(rows)[name] = value
        said = f"{name} = {value!r}"
    elif kind == 3:
        rows, said = rows * rng.choice((0, 2, 500)), "other rows"
    elif kind == 4:
        rows.reverse()
        said = "reversed"
    elif kind == 5:
        metadata = rng.choice([None, {"PARQUET:field_id": rng.choice(["1", "2", "99"])}])
        schema = schema.set(column, schema.field(column).with_metadata(metadata))
        said = f"{name} has the id {metadata}"
    else:
        schema = schema.set(column, schema.field(column).with_type(pa.string()))
        rows = [r | {name: None if r[name] is None else str(r[name])} for r in rows]
        said = f"{name} is a string"
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), out)
    return out.getvalue(), said


def vector_blob(positions):
    body = b"\xd1\xd3\x39\x64" + pyroaring.BitMap64(positions).serialize()
    return len(body).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def puffin(data, rng, paths):
    if rng.random() < 0.4:
        return blind(data, rng), "bytes"
    size = int.from_bytes(data[-12:-8], "little")
    footer = data[-12 - size:-12]
    body, said = data[4:-16 - size], "footer: "
    if rng.random() < 0.5:  # other positions, or damage, behind a good checksum
        inner = vector_blob(rng.choice([[], [0, 19, 20, 5000], [2, 4, 18], [2**40, 2**62],
                                        range(0, 70000, 2)]))
        broken = blind(inner[4:-4], rng)
        body = rng.choice([inner, len(broken).to_bytes(4, "big") + broken
                           + zlib.crc32(broken).to_bytes(4, "big")])
        said = "another vector; "
    else:
        footer, more = json_text(footer, rng, paths)
        said += more
    return (b"PFA1" + body + b"PFA1" + footer + len(footer).to_bytes(4, "little") + bytes(4)
            + b"PFA1"), said


def mutate(tree, rng):
    """Damage to one file of a treelab.Tree: (path, new bytes, what was done)."""
    files = sorted((tree.folder / "metadata").iterdir()) + sorted(
        p for p in (tree.folder / "data").iterdir() if not p.name[0].isdigit())
    current = [tree.location] * 6 + [tree.folder / "metadata/snap-103.avro"] * (
        0 if tree.inline else 3)
    path = rng.choice(files + current)
    paths = [str(p) for p in sorted(tree.folder.rglob("*.*")) if p.is_file()]
    data = path.read_bytes()
    if path.suffix == ".json":
        return path, *metadata(data, rng, paths)
    if path.suffix == ".avro":
        return path, *avro(data, rng, paths)
    if path.suffix == ".puffin":
        return path, *puffin(data, rng, paths)
    return path, *deletes(path, rng, paths)

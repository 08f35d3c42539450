#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=600
"""BSON dumps and Extended JSON: every type and its column (docs/reference/documents.md), the three
spellings of one dump, damage, limits.  What is expected comes from bsonspec.org, the specification
of Extended JSON v2 and IEEE 754; the bytes from an encoder of our own (tests/lib/bsonlab.py)."""
import datetime
import decimal
import gzip
import json
import pathlib
import random
import re
import struct
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import bsonlab as b  # noqa: E402
from firnlab import (FULL, ROOT, SHARED, Project, Skip, Suite, contains, exists, lint, one, same,
                     snapshots, types)  # noqa: E402

suite = Suite()
OID = "507d95d5719dbef170f15bf9"
UTC = datetime.timezone.utc
D = decimal.Decimal
FIELD_ID = re.compile(r"(?<=[<, ])\d+: ")


def land(documents, spelling="bson", entry="", want=0, name="t"):
    """A project with these documents landed; spelling: bson, canonical or relaxed."""
    file, data = {"bson": ("a.bson", b.dump), "canonical": ("a.json", b.export),
                  "relaxed": ("a.json", lambda *d: b.export(*d, relaxed=True))}[spelling]
    p = one(file, data(*documents), entry)
    p.done = p.run(want=want)
    return p


def plain(type_text):
    """Iceberg's word for a type without the ids of fields."""
    return FIELD_ID.sub("", type_text).replace("optional ", "")


def columns(p, without=("x_loaded_at",)):
    return {k: plain(v) for k, v in types(p.lake, "raw.t").items() if k not in without}


def comparable(value):
    """Values as something equal when they are: NaN is, -0.0 is not 0.0."""
    if isinstance(value, dict):
        return {k: comparable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [comparable(v) for v in value]
    return repr(value) if isinstance(value, float) else value


def table_of(p):
    found = comparable(p.rows("raw.t"))
    for row in found:  # in a file of JSON a value stands there as it is written
        if row.get("_residual"):
            row["_residual"] = json.loads(row["_residual"], object_hook=bare)
    return found


def bare(j):
    """Canonical numbers as relaxed ones."""
    read = {"$numberInt": int, "$numberLong": int, "$numberDouble": float}
    key = next(iter(j), "")
    return read[key](j[key]) if key in read else j


# --- one type after the other -------------------------------------------------------------------

def utc(*parts):
    return datetime.datetime(*parts, tzinfo=UTC)


# Name in docs/reference/documents.md, value, type of the column, value of the column, and whether
# the relaxed spelling says the same.
TYPES = [
    ("double", 1.5, "double", 1.5, True),
    ("double", 4.0, "double", 4.0, False),
    ("double", float("nan"), "double", float("nan"), True),
    ("double", float("-inf"), "double", float("-inf"), True),
    ("double", -0.0, "double", -0.0, True),
    ("double", 5e-324, "double", 5e-324, True),
    ("double", 1.7976931348623157e308, "double", 1.7976931348623157e308, True),
    ("string", "naïve \0 text", "string", "naïve \0 text", True),
    ("string", "", "string", "", True),
    ("string", "2024-01-31", "date", datetime.date(2024, 1, 31), True),
    ("document", {"a": {"b": "c"}}, "struct<a: struct<b: string>>", {"a": {"b": "c"}}, True),
    ("array", ["a", None, "b"], "list<string>", ["a", None, "b"], True),
    ("array", [[True], []], "list<list<boolean>>", [[True], []], True),
    ("binary", b"abc\0", "binary", b"abc\0", True),
    ("binary", b.Binary(b"", 0x80), "binary", b"", True),
    ("binary (old, subtype 2)", b.Binary(b"abc", 2), "binary", b"abc", True),
    ("binary (old UUID, subtype 3)", b.Binary(bytes(16), 3), "binary", bytes(16), True),
    ("binary (UUID, subtype 4)", b.Binary(bytes(range(16)), 4), "uuid",
     uuid.UUID(bytes=bytes(range(16))), True),
    ("binary (UUID, subtype 4)", b.Binary(b"short", 4), "binary", b"short", True),
    ("undefined", b.Undefined(), None, None, True),
    ("ObjectId", b.ObjectId(OID), "string", OID, True),
    ("boolean", True, "boolean", True, True),
    ("date", b.Date(1356351330501), "timestamptz", utc(2012, 12, 24, 12, 15, 30, 501000), True),
    ("date", b.Date(-62135596800000), "timestamptz", utc(1, 1, 1), True),
    ("date", b.Date(253402300799999), "timestamptz",
     utc(9999, 12, 31, 23, 59, 59, 999000), True),
    ("null", None, None, None, True),
    ("regular expression", b.Regex("^a.b$", "im"), "struct<pattern: string, options: string>",
     {"pattern": "^a.b$", "options": "im"}, True),
    ("DBPointer", b.DBPointer("db.c", OID), "struct<$ref: string, $id: string>",
     {"$ref": "db.c", "$id": OID}, True),
    ("JavaScript", b.Code("function() {}"), "string", "function() {}", True),
    ("symbol", b.Symbol("name"), "string", "name", True),
    ("JavaScript with scope", b.ScopedCode("x", {"x": True}),
     "struct<$code: string, $scope: struct<x: boolean>>",
     {"$code": "x", "$scope": {"x": True}}, True),
    ("int32", b.Int(-2147483648), "int", -2147483648, False),
    ("timestamp", b.Timestamp(4294967295, 1), "struct<t: long, i: long>",
     {"t": 4294967295, "i": 1}, True),
    ("int64", b.Long(9223372036854775807), "long", 9223372036854775807, True),
    ("int64", b.Long(-9223372036854775808), "long", -9223372036854775808, True),
    ("Decimal128", b.Decimal("-123.450"), "decimal(6, 3)", D("-123.450"), True),
    ("Decimal128", b.Decimal("1234567890123456789012345678901234"), "decimal(34, 0)",
     D("1234567890123456789012345678901234"), True),
    ("Decimal128", b.Decimal("1E+3"), "decimal(4, 0)", D("1000"), True),
    ("Decimal128", b.Decimal("1E-38"), "decimal(38, 38)", D("1E-38"), True),
    ("Decimal128", b.Decimal("-0"), "decimal(1, 0)", D("0"), True),
    ("Decimal128 (others)", b.Decimal("1E+6111"), "string", "1E+6111", True),
    ("Decimal128 (others)", b.Decimal("1E-6176"), "string", "1E-6176", True),
    ("MinKey", b.MinKey(), "struct<$minKey: long>", {"$minKey": 1}, True),
    ("MaxKey", b.MaxKey(), "struct<$maxKey: long>", {"$maxKey": 1}, True),
]


def each_type(spelling):
    document = {f"c{i:02d}": row[1] for i, row in enumerate(TYPES)}
    p = land([document], spelling)
    found, (row,) = columns(p, ("x_loaded_at", "_residual")), p.rows("raw.t")
    for i, (name, value, kind, wanted, relaxed_too) in enumerate(TYPES):
        if spelling == "relaxed" and not relaxed_too:
            continue
        column = f"c{i:02d}"
        same((name, value, found.get(column)), (name, value, kind))
        same((name, comparable(row.get(column))), (name, comparable(wanted)))


suite.add("each_type_bson", lambda: each_type("bson"))
suite.add("each_type_canonical", lambda: each_type("canonical"))
suite.add("each_type_relaxed", lambda: each_type("relaxed"))


@suite.case
def each_type_is_documented():
    """The table of docs/reference/documents.md has the rows of TYPES, and no other."""
    text = (ROOT / "docs/reference/documents.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| `(0x[0-9A-F]{2})` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", text, re.M)
    documented = {name: (int(number, 16), column.replace("`", "").strip())
                  for number, name, _, column in ((n, k.strip(), s, c) for n, k, s, c in lines)}
    same(sorted(documented), sorted({row[0] for row in TYPES}))
    for name, value, kind, _, _ in TYPES:
        number, column = documented[name]
        same((name, number), (name, b.encode_value(value)[0]))
        base = re.split(r"[<(]", kind)[0] if kind else "null"
        assert base in re.split(r"\W+", column), f"{name}: {kind} is not in {column!r}"
    same({number for number, _ in documented.values()},
         set(range(0x01, 0x14)) | {0x7F, 0xFF}, "types of bsonspec.org")


@suite.case
def decimal128_bits():
    """Bits and texts from IEEE 754-2008 and the definition of the format."""
    known = {
        "30400000000000000000000000000000": "0", "b0400000000000000000000000000000": "-0",
        "30400000000000000000000000000001": "1", "303e0000000000000000000000000001": "0.1",
        "30420000000000000000000000000001": "1E+1",
        "3040000000000000002bdc545d6b4b87": "12345678901234567",
        "5fffed09bead87c0378d8e63ffffffff": "9.999999999999999999999999999999999E+6144",
        "00000000000000000000000000000001": "1E-6176",
        "78000000000000000000000000000000": "Infinity",
        "f8000000000000000000000000000000": "-Infinity",
        "7c000000000000000000000000000000": "NaN", "fe000000000000000000000000000001": "NaN",
        # not canonical: 10^34 and more, and the other place of the exponent, are 0
        "3041ed09bead87c0378d8e6400000000": "0", "6c100000000000000000000000000000": "0",
    }
    p = land([{"i": b.Int(i), "v": b.DecimalBits(bits)} for i, bits in enumerate(known)],
             entry=", columns: {v: string}")
    same([r["v"] for r in p.rows("raw.t")], list(known.values()))
    assert known["30420000000000000000000000000001"] == str(D("1E+1"))


@suite.case
def decimal128_precisions():
    """What 38 digits hold, and what not: by digits before and behind the point of all values."""
    for texts, kind in ((("1", "0.01"), "decimal(3, 2)"), (("1.0", "0.25"), "decimal(3, 2)"),
                        (("1E+20", "1E-18"), "decimal(39, 18)"),
                        (("1E+19", "1E-18"), "decimal(38, 18)"), (("NaN",), "string"),
                        (("0E+10",), "decimal(1, 0)"), (("0.000",), "decimal(3, 3)")):
        p = land([{"v": b.Decimal(t)} for t in texts])
        found = columns(p)["v"]
        if kind == "decimal(39, 18)":
            same(found, "string")
            same([r["v"] for r in p.rows("raw.t")], list(texts))
        else:
            same(found, kind, str(texts))
            wanted = (['{"$numberDecimal":"NaN"}'] if kind == "string" else
                      [D(t) for t in texts])
            same([r["v"] for r in p.rows("raw.t")], wanted)


# --- numbers of several types -------------------------------------------------------------------

@suite.case
def mixed_numbers():
    pairs = (((b.Int(1), b.Long(2)), "long", [1, 2]),
             ((b.Int(1), 0.5), "double", [1.0, 0.5]),
             ((b.Long(2**53), 0.5), "double", [2.0**53, 0.5]),
             ((b.Long(2**53 + 1), 0.5), "decimal(17, 1)", [D(2**53 + 1), D("0.5")]),
             ((b.Int(7), b.Decimal("0.25")), "decimal(3, 2)", [D(7), D("0.25")]),
             ((0.1, b.Decimal("0.25")), "decimal(2, 2)", [D("0.1"), D("0.25")]))
    documents = [{f"v{k}": values[i] for k, (values, _, _) in enumerate(pairs)} for i in (0, 1)]
    for spelling in ("bson", "canonical"):
        p = land(documents, spelling)
        found = columns(p)
        for k, (_, kind, wanted) in enumerate(pairs):
            same((spelling, k, found[f"v{k}"]), (spelling, k, kind))
            same([r[f"v{k}"] for r in p.rows("raw.t")], wanted)


@suite.case
def wider_later():
    """A second dump: int becomes long, decimals grow, new keys are new columns."""
    p = one("*.bson", b.dump({"_id": b.Int(1), "n": b.Int(1), "d": b.Decimal("1.5")}))
    p.run()
    p.write("b.bson", b.dump({"_id": b.Int(2), "n": b.Long(2**40), "d": b.Decimal("1234.5"),
                              "more": b.Date(0)}), age=1800)
    p.run(want=0)
    same(columns(p), {"_id": "int", "n": "long", "d": "decimal(5, 1)", "more": "timestamptz"})
    same(sorted(r["n"] for r in p.rows("raw.t")), [1, 2**40])


# --- the same in three spellings ----------------------------------------------------------------

def random_value(rnd, depth):
    small = [lambda: b.Int(rnd.randint(-2**31, 2**31 - 1)), lambda: b.Long(rnd.getrandbits(62)),
             lambda: rnd.random() * 10**rnd.randint(-3, 3), lambda: rnd.choice(["", "x", "é" * 9]),
             lambda: rnd.random() < 0.5, lambda: None, lambda: b.ObjectId(rnd.randbytes(12).hex()),
             lambda: b.Date(rnd.randint(0, 2**41)), lambda: rnd.randbytes(rnd.randint(0, 20)),
             lambda: b.Binary(rnd.randbytes(16), 4), lambda: b.Regex("a", "i"),
             lambda: b.Decimal(f"{rnd.randint(-10**9, 10**9)}E{rnd.randint(-6, 3)}"),
             lambda: b.Timestamp(rnd.getrandbits(32), 1), lambda: b.Undefined()]
    if depth < 3 and rnd.random() < 0.25:
        return {f"k{i}": random_value(rnd, depth + 1) for i in range(rnd.randint(0, 4))}
    if depth < 3 and rnd.random() < 0.2:
        make = rnd.choice(small)
        return [make() for _ in range(rnd.randint(0, 4))]
    return rnd.choice(small)()


def random_documents(seed):
    """Documents whose keys have mostly, but not always, values of one kind."""
    rnd = random.Random(seed)
    usual = {f"f{i}": random_value(rnd, 0) for i in range(rnd.randint(1, 12))}
    documents = []
    for i in range(rnd.randint(1, 60)):
        document = {"_id": b.Int(i)}
        for key, value in usual.items():
            if rnd.random() < 0.85:
                document[key] = random_value(rnd, 0) if rnd.random() < 0.03 else value
        documents.append(document)
    return documents


@suite.case
def three_spellings():
    """BSON and canonical Extended JSON make the same table, byte for byte of every value."""
    for seed in range(40 if FULL else 4):
        documents = random_documents(seed)
        first, second = land(documents, "bson"), land(documents, "canonical")
        same(columns(first), columns(second), f"seed {seed}")
        same(table_of(first), table_of(second), f"seed {seed}")


@suite.case
def relaxed_values():
    """What the relaxed spelling can say is the same as well: ints are longs there."""
    documents = [{"i": b.Long(i), "s": "x", "o": b.ObjectId(OID), "d": b.Date(i * 86400001),
                  "x": 0.5 + i, "e": b.Decimal(f"{i}.5"), "b": bytes([i]), "a": [b.Long(i)],
                  "u": b.Binary(bytes(range(i, i + 16)), 4), "n": {"r": b.Regex("a", "")}}
                 for i in range(20)]
    tables = [land(documents, s) for s in ("bson", "canonical", "relaxed")]
    same(columns(tables[0]), columns(tables[1]))
    same(columns(tables[0]), columns(tables[2]))
    same(table_of(tables[0]), table_of(tables[1]))
    same(table_of(tables[0]), table_of(tables[2]))


@suite.case
def blanks_and_order():
    """Extended JSON as people and other programs write it."""
    p = one("a.json", """
      [{ "_id" : { "$oid" : "507D95D5719DBEF170F15BF9" } , "n" : { "$numberInt" : "007" } },
      {"_id": {"$oid": "507d95d5719dbef170f15bf9"}, "n": {"$numberInt": "-5"},
       "b": {"$binary": {"subType": "0", "base64": "YWJj"}},
       "d": {"$date": "2020-01-01T01:00:00+01:00"}},
      {"b": {"$binary": {"base64": "\\u0059WJj", "subType": "80"}},
       "d": {"$date": "2020-01-01T00:00:00.5Z"}}]
    """)
    p.run()
    same(columns(p), {"_id": "string", "n": "int", "b": "binary", "d": "timestamptz"})
    same(p.rows("raw.t"), [
        {"_id": OID, "n": 7, "b": None, "d": None},
        {"_id": OID, "n": -5, "b": b"abc", "d": utc(2020, 1, 1)},
        {"_id": None, "n": None, "b": b"abc", "d": utc(2020, 1, 1, 0, 0, 0, 500000)}])


@suite.case
def objects_like_others():
    """What only looks like a value of Extended JSON stays an object."""
    odd = [{"$oid": "xyz"}, {"$oid": OID, "more": 1}, {"$numberInt": 5}, {"$numberInt": "5.0"},
           {"$numberInt": "3000000000"}, {"$date": "yesterday"}, {"$binary": "YWJj"},
           {"$uuid": "x"}, {"$numberDecimal": "1" * 35}, {"$numberDouble": "0x1p3"},
           {"$oid": OID, "$date": "x"}, {"a": {"$symbol": 1}}, {"$date": 5}]
    p = one("a.json", json.dumps({f"v{i}": v for i, v in enumerate(odd)}))
    p.run()
    (row,) = p.rows("raw.t")
    same([row[f"v{i}"] for i in range(len(odd))], odd)
    p = one("a.json", json.dumps({"$oid": OID, "n": 1}))
    p.run()
    same(p.rows("raw.t"), [{"$oid": OID, "n": 1}])


@suite.case
def extended_option():
    text = json.dumps({"a": {"$oid": OID}, "d": {"$date": 1500},
                       "b": {"$binary": "YWJj", "$type": "00"}})
    auto, true, false = (one("a.json", text, e) for e in ("", ", extended: true",
                                                          ", extended: false"))
    for p in (auto, true, false):
        p.run()
    same(columns(auto), {"a": "string", "d": "struct<$date: long>",
                         "b": "struct<$binary: string, $type: string>"})
    same(columns(true), {"a": "string", "d": "timestamptz", "b": "binary"})
    same(true.rows("raw.t"), [{"a": OID, "d": utc(1970, 1, 1, 0, 0, 1, 500000), "b": b"abc"}])
    same(columns(false)["a"], "struct<$oid: string>")
    done = one("a.json", text, ", extended: perhaps").run(want=2)
    contains(done.err, "extended", "auto", "true", "false")
    done = one("a.bson", b.dump({}), ", format: bson, extended: true").run(want=2)
    contains(done.err, "extended", "JSON", "bson")


# --- keys ---------------------------------------------------------------------------------------

@suite.case
def keys():
    """Keys with dots, dollars, blanks, nothing, another case; twice: the last wins, counted."""
    document = b.Pairs([("a.b", b.Int(1)), ("$c", b.Int(2)), (" ", b.Int(3)), ("", b.Int(4)),
                        ("Name", b.Int(5)), ("name", b.Int(6)), ("x", b.Int(7)), ("x", b.Int(8)),
                        ("sub", b.Pairs([("y", "first"), ("y", "last")]))])
    for spelling in ("bson", "canonical"):
        p = one("a.bson" if spelling == "bson" else "a.json",
                b.dump(document) if spelling == "bson" else b.export(document))
        done = p.run("--json")
        same(p.rows("raw.t"), [{"a.b": 1, "$c": 2, " ": 3, "_": 4, "Name": 5, "name_2": 6, "x": 8,
                                "sub": {"y": "last"}}])
        told = [e for e in done.events() if e.get("duplicate_keys")]
        same(told[0]["duplicate_keys"], 2)


@suite.case
def array_keys():
    """The keys of an array say nothing: its order is that of the bytes."""
    odd = b.Raw(0x04, b.encode(b.Pairs([("7", "a"), ("", "b"), ("x", "c"), ("0", "d")])))
    p = land([{"v": ["z"]}, {"v": odd}])
    same([r["v"] for r in p.rows("raw.t")], [["z"], ["a", "b", "c", "d"]])
    long = [b.Int(i) for i in range(1200)]
    p = land([{"v": long}])
    same(p.rows("raw.t")[0]["v"], list(range(1200)))


# --- limits -------------------------------------------------------------------------------------

def nested(levels, inner):
    """A document of so many levels."""
    for _ in range(levels - 1):
        inner = {"a": inner}
    return inner


@suite.case
def depth():
    deepest = nested(100, {"v": b.ObjectId(OID), "t": b.Timestamp(1, 2), "d": b.Date(5)})
    too_deep = nested(101, {"v": b.Int(1)})
    p = land([{"a": None}, deepest, too_deep], want=3)
    same(len(p.rows("raw.t")), 2)
    (reject,) = p.rejects("raw.t")
    same((reject["error"], reject["line"], reject["path"][:5]), ("E2106", 3, "a.a.a"))
    same(reject["raw_bytes"], b.encode(too_deep))


@suite.case
def far_dates():
    """Dates that no reader of tables can show: beyond the year 9999, before 1."""
    far = [253402300800000, -62135596800001, 2**63 - 1, -2**63]
    documents = [{"_id": b.Int(0), "d": b.Date(0)}] + \
        [{"_id": b.Int(i + 1), "d": b.Date(ms)} for i, ms in enumerate(far)]
    for spelling in ("bson", "canonical"):
        p = land(documents, spelling)
        same(columns(p), {"_id": "int", "d": "timestamptz", "_residual": "string"})
        found = p.rows("raw.t")
        same([r["d"] for r in found], [utc(1970, 1, 1)] + [None] * 4)
        same([json.loads(r["_residual"]) for r in found[1:]],
             [{"d": {"$date": {"$numberLong": str(ms)}}} for ms in far])
    p = land(documents, entry=", on_conflict_of_types: reject", want=3)
    same(len(p.rows("raw.t")), 1)
    for reject in p.rejects("raw.t"):
        same((reject["error"], reject["path"]), ("E2103", "d"))
        contains(reject["reason"], "out of range")


@suite.case
def large_documents():
    """16 MB is the largest document; a longer one is a reject, with its beginning."""
    limit = 16 << 20
    text = "x" * (limit - len(b.encode({"s": ""})))
    whole, longer = b.encode({"s": text}), b.encode({"s": text + "y"})
    same(len(whole), limit)
    p = one("a.bson", whole + b.encode({"s": "between"}) + longer + b.encode({"s": "behind"}))
    p.run(want=3)
    same(sorted(len(r["s"]) for r in p.rows("raw.t")), [6, 7, len(text)])
    (reject,) = p.rejects("raw.t")
    same((reject["error"], reject["line"], reject["cut"], reject["raw"]), ("E2105", 3, True, None))
    assert longer.startswith(reject["raw_bytes"]) and len(reject["raw_bytes"]) >= 1000


@suite.case
def begins_like_gzip():
    """A first document of 0x8b1f bytes has the two bytes in front that gzip has."""
    text = "x" * (0x8b1f - len(b.encode({"s": ""})))
    for name in ("a.bson", "a.dump"):
        p = one(name, b.dump({"s": text}, {"s": "behind"}))
        p.run(want=0)
        same(sorted(len(r["s"]) for r in p.rows("raw.t")), [6, len(text)])


# --- damage -------------------------------------------------------------------------------------

@suite.case
def broken_lengths():
    """Where documents end cannot be told: nothing of the file lands, and the byte is said."""
    good = b.encode({"a": b.Int(1)})
    n = len(good)
    tail = good * 3
    for what, data, byte in (
            ("length 4", good + b"\x04\0\0\0" + tail, n),
            ("length 0", good + b"\0\0\0\0" + tail, n),
            ("negative", good + struct.pack("<i", -1) + tail, n),
            ("too long", good + struct.pack("<i", 1000) + good[4:] + tail, n),
            ("huge", good + struct.pack("<i", 2**31 - 1) + good[4:] + tail, n),
            ("no zero", good + good[:-1] + b"\x01" + tail, 2 * n - 1),
            ("cut", tail[:-1], 2 * n),
            ("rest", tail + b"\0", 3 * n),
            ("rest of 3", tail + b"\0\0\0", 3 * n)):
        p = one("a.bson", data)
        done = p.run(want=1)
        contains(done.err, "a.bson", f"byte {byte}:", "E2001")
        assert not exists(p.lake, "raw.t"), what
    p.write("a.bson", tail)
    p.run(want=0)
    same(len(p.rows("raw.t")), 3)


@suite.case
def no_bson():
    for data, words in ((b'{"a": 1}\n', ["not BSON"]), (b"\xff" * 100, ["not BSON"]),
                        (struct.pack("<I", 0x8199E26D) + b"\0" * 50, ["mongodump", "--archive"]),
                        (b"ab", ["not BSON"])):
        done = one("a.bson", data).run(want=1)
        contains(done.err, "a.bson", *words)
    p = one("a.bson", b"")  # an empty collection
    p.run(want=0)
    assert not exists(p.lake, "raw.t")


def element(kind, key, data):
    return bytes([kind]) + key + b"\0" + data


def document(*elements):
    body = b"".join(elements)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


BAD = [
    ("text longer than the document", "E2101", "t",
     document(element(2, b"t", struct.pack("<i", 999) + b"x\0"))),
    ("text of length 0", "E2101", "t", document(element(2, b"t", struct.pack("<i", 0) + b"\0"))),
    ("negative length of a text", "E2101", "t",
     document(element(2, b"t", struct.pack("<i", -1) + b"\0"))),
    ("text without its zero", "E2101", "t",
     document(element(2, b"t", struct.pack("<i", 2) + b"xy"))),
    ("text that is no UTF-8", "E2102", "t",
     document(element(2, b"t", struct.pack("<i", 2) + b"\xff\0"))),
    ("key that is no UTF-8", "E2102", None, document(element(8, b"\xff", b"\1"))),
    ("unknown type", "E2101", "t", document(element(0x14, b"t", b""))),
    ("type 0x80", "E2101", "t", document(element(0x80, b"t", b""))),
    ("boolean 2", "E2101", "t", document(element(8, b"t", b"\2"))),
    ("key without an end", "E2101", None, document(b"\x08aaaa")),
    ("number that is cut", "E2101", "t", document(element(0x12, b"t", b"\0\0\0"))),
    ("inner document too long", "E2101", "s",
     document(element(3, b"s", struct.pack("<i", 100) + b"\0"))),
    ("inner document of 4 bytes", "E2101", "s",
     document(element(3, b"s", struct.pack("<i", 4) + b"\0"))),
    ("inner document without its zero", "E2101", "s",
     document(element(3, b"s", struct.pack("<i", 5) + b"\1"))),
    ("inner text", "E2102", "s.x.0",
     document(element(3, b"s", document(element(4, b"x", document(
         element(2, b"0", struct.pack("<i", 2) + b"\xc3\0"))))))),
    ("zero inside", "E2101", None, document(element(8, b"t", b"\1"), b"\0\0\0")),
    ("binary too long", "E2101", "b", document(element(5, b"b", struct.pack("<iB", 99, 0)))),
    ("old binary with two lengths", "E2101", "b",
     document(element(5, b"b", struct.pack("<iBi", 6, 2, 3) + b"ab"))),
    ("scope that does not fill", "E2101", "c",
     document(element(0x0F, b"c", struct.pack("<i", 20) + b.string("x") + b.encode({})
                      + b"\0" * 9))),
    ("regular expression without an end", "E2101", "r", document(element(0x0B, b"r", b"ab"))),
]


@suite.case
def bad_documents():
    """A document that cannot be read, between others: a reject with its bytes, path and reason."""
    good = b.encode({"_id": b.Int(1), "t": "x"})
    data, offsets = good, []
    for _, _, _, bad in BAD:
        offsets.append(len(data))
        data += bad + good
    p = one("a.bson", data)
    p.run(want=3)
    same(len(p.rows("raw.t")), len(BAD) + 1)
    found = p.rejects("raw.t")
    same(len(found), len(BAD))
    for reject, offset, number, (what, error, path, bad) in zip(found, offsets, range(2, 99, 2),
                                                                BAD):
        same((what, reject["error"], reject["offset"], reject["line"], reject["raw_bytes"]),
             (what, error, offset, number, bad))
        if path:
            same((what, reject["path"]), (what, path))
        contains(reject["reason"], "at byte")
        same(reject["raw"], None)


@suite.case
def readable_rejects():
    """A document that does not fit its column stands in the rejects as bytes and as JSON."""
    good = {"_id": b.Int(1), "n": b.Int(1)}
    bad = {"_id": b.ObjectId(OID), "n": "no number", "d": b.Decimal("1.50"), "l": [1.0, None]}
    p = land([good, bad], entry=", columns: {n: {type: int, required: true}, _id: string}", want=3)
    (reject,) = p.rejects("raw.t")
    same((reject["error"], reject["path"], reject["line"]), ("E2103", "n", 2))
    same(reject["raw_bytes"], b.encode(bad))
    same(json.loads(reject["raw"]), json.loads(b.extjson(bad)))
    same(reject["raw"], b.extjson(bad))
    p = land([good, {"_id": b.Int(2)}], entry=", columns: {n: {type: int, required: true}}", want=3)
    (reject,) = p.rejects("raw.t")
    same((reject["error"], reject["path"]), ("E2104", "n"))


@suite.case
def mutations():
    """Whatever the bytes, firn ends with one of its statuses, and what lands can be read."""
    rnd = random.Random(5)
    seed = b.dump(*random_documents(3))
    for _ in range(200 if FULL else 6):
        data = bytearray(seed)
        for _ in range(rnd.randint(1, 4)):
            data[rnd.randrange(len(data))] = rnd.randrange(256)
        p = one("a.bson", bytes(data), more="rejects: {max_ratio: 100%}\n")
        done = p.firn("run")
        assert done.exit in (0, 1, 3), done
        if done.exit != 1:
            p.rows("raw.t")
        p.done = done


# --- given columns, policies --------------------------------------------------------------------

@suite.case
def given_columns():
    columns_given = ("{a: long, b: double, c: 'decimal(10,2)', d: date, e: timestamp, f: string, "
                     "g: uuid, h: binary, i: int, j: string, k: string, l: float}")
    row = {"a": b.Int(1), "b": b.Int(2), "c": 1.25, "d": b.Date(86400000), "e": b.Date(1500),
           "f": b.Long(5), "g": "00010203-0405-0607-0809-0a0b0c0d0e0f",
           "h": b.Binary(bytes(16), 4), "i": b.Decimal("7.0"), "j": b.Date(1500),
           "k": b.Binary(bytes(range(16)), 4), "l": 0.5}
    wanted = {"a": 1, "b": 2.0, "c": D("1.25"), "d": datetime.date(1970, 1, 2),
              "e": datetime.datetime(1970, 1, 1, 0, 0, 1, 500000), "f": "5",
              "g": uuid.UUID(bytes=bytes(range(16))), "h": bytes(16), "i": 7,
              "j": "1970-01-01T00:00:01.500Z", "k": "00010203-0405-0607-0809-0a0b0c0d0e0f",
              "l": 0.5}
    for spelling in ("bson", "canonical"):
        p = land([row], spelling, entry=f", columns: {columns_given}")
        same((spelling, p.rows("raw.t")), (spelling, [wanted]))
    bad = [{"a": 1.5}, {"c": b.Decimal("1.255")}, {"d": b.Date(1)},
           {"g": bytes(15)}, {"i": b.Long(2**31)}, {"l": b.Decimal("1E+300")},
           {"c": float("nan")}, {"a": b.Decimal("Infinity")}]
    for spelling in ("bson", "canonical"):
        p = land([row] + bad, spelling, entry=f", columns: {columns_given}", want=3)
        same([r["path"] for r in p.rejects("raw.t")], [next(iter(r)) for r in bad])
        same(p.rows("raw.t"), [wanted])


@suite.case
def texts_of_conflicts():
    """on_conflict_of_types: string: everything as text, objects as relaxed Extended JSON."""
    values = ["x", b.Int(5), b.Long(2**40), 1.5, 4.0, b.Decimal("1.50"), True, b.Date(0),
              b.ObjectId(OID), b"abc", b.Binary(bytes(range(16)), 4),
              {"a": b.Int(1), "d": b.Date(1), "o": b.ObjectId(OID), "x": [0.5, None]},
              [b.Int(1), "y"], b.Timestamp(1, 2), float("inf"), b.Regex("a", "i"), b.Symbol("s")]
    wanted = ["x", "5", "1099511627776", "1.5", "4.0", "1.50", "true", "1970-01-01T00:00:00Z", OID,
              "YWJj", "00010203-0405-0607-0809-0a0b0c0d0e0f",
              '{"a":1,"d":{"$date":"1970-01-01T00:00:00.001Z"},"o":{"$oid":"' + OID +
              '"},"x":[0.5,null]}', '[1,"y"]', '{"$timestamp":{"t":1,"i":2}}', "Infinity",
              '{"$regularExpression":{"pattern":"a","options":"i"}}', "s"]
    for spelling in ("bson", "canonical"):
        p = land([{"v": v} for v in values], spelling, ", on_conflict_of_types: string")
        same((spelling, [r["v"] for r in p.rows("raw.t")]), (spelling, wanted))


@suite.case
def residuals():
    """By default what is not of the usual kind goes to _residual, as canonical Extended JSON."""
    documents = [{"v": b.Int(i)} for i in range(5)] + \
        [{"v": "text"}, {"v": b.Date(5)}, {"v": {"a": b.Decimal("1.5")}}]
    wanted = ['{"v":"text"}', '{"v":{"$date":{"$numberLong":"5"}}}',
              '{"v":{"a":{"$numberDecimal":"1.5"}}}']
    for spelling in ("bson", "canonical"):
        p = land(documents, spelling)
        same(columns(p), {"v": "int", "_residual": "string"})
        found = p.rows("raw.t")
        same([r["v"] for r in found], [0, 1, 2, 3, 4, None, None, None])
        same([json.loads(r["_residual"]) for r in found[5:]], [json.loads(w) for w in wanted])


@suite.case
def object_ids_and_texts():
    """Both are texts: no conflict."""
    p = land([{"_id": b.ObjectId(OID)}, {"_id": "ac3"}])
    same((columns(p), p.rows("raw.t")), ({"_id": "string"}, [{"_id": OID}, {"_id": "ac3"}]))


@suite.case
def nested_json():
    document = {"v": {"a": b.Int(1), "d": b.Date(0), "t": b.Timestamp(1, 2), "s": "\"\0é"},
                "l": [b.Decimal("1.5"), -0.0, b.Date(-1), b.Undefined()], "x": b.Int(1)}
    for spelling in ("bson", "canonical"):
        p = land([document], spelling, ", nested: json")
        same(columns(p), {"v": "string", "l": "string", "x": "int"})
        same(p.rows("raw.t"), [{
            "v": '{"a":1,"d":{"$date":"1970-01-01T00:00:00Z"},"t":{"$timestamp":{"t":1,"i":2}},'
                 '"s":"\\"\\u0000é"}',
            "l": '[{"$numberDecimal":"1.5"},-0.0,{"$date":{"$numberLong":"-1"}},'
                 '{"$undefined":true}]', "x": 1}])


@suite.case
def json_columns():
    """A column of the type json holds any value as JSON text."""
    values = ["x\"", b.Int(5), 0.5, float("nan"), True, b.Date(5), b.ObjectId(OID), {"a": None},
              b.Decimal("1.50"), b"abc", [b.Long(1)], None, b.Undefined(), b.Symbol("s")]
    wanted = ['"x\\""', "5", "0.5", '{"$numberDouble":"NaN"}', "true",
              '{"$date":"1970-01-01T00:00:00.005Z"}', f'{{"$oid":"{OID}"}}', '{"a":null}', "1.50",
              '{"$binary":{"base64":"YWJj","subType":"00"}}', "[1]", None, None, '{"$symbol":"s"}']
    for spelling in ("bson", "canonical"):
        p = land([{"v": v} for v in values], spelling, ", columns: {v: json}")
        same((spelling, [r["v"] for r in p.rows("raw.t")]), (spelling, wanted))


# --- files of mongodump -------------------------------------------------------------------------

@suite.case
def a_dump():
    """A folder as mongodump leaves it: the metadata beside the documents is no data."""
    p = Project("{from: 'drop.*', into: raw.t}")
    metadata = json.dumps({"indexes": [{"v": {"$numberInt": "2"}, "key": {"_id": 1}}],
                           "uuid": "0" * 32, "collectionName": "a", "type": "collection"})
    p.write("a.bson", b.dump({"_id": b.Int(1)}))
    p.write("a.metadata.json", metadata)
    p.write("b.bson.gz", gzip.compress(b.dump({"_id": b.Int(2)})))
    p.write("b.metadata.json.gz", gzip.compress(metadata.encode()))
    p.run()
    same(sorted(r["_id"] for r in p.rows("raw.t")), [1, 2])
    same(columns(p), {"_id": "int"})
    before = len(snapshots(p.lake, "raw.t"))
    p.run()
    same(len(snapshots(p.lake, "raw.t")), before)
    lint(p.lake)
    renamed = one("dump.data", b.dump({"a": b.Int(1)}), ", format: bson")
    renamed.run()
    same(renamed.rows("raw.t"), [{"a": 1}])
    looked_at = one("dump.data", b.dump({"a": b.Int(1)}))
    looked_at.run()
    same(looked_at.rows("raw.t"), [{"a": 1}])


@suite.case
def many_batches():
    """More than one batch, a type that changes in the middle, several threads: the same table."""
    documents = b.dump(*({"_id": b.Int(i), "t": "x" * 100} for i in range(90000)))
    later = b.dump(*({"_id": b.Long(2**33 + i), "t": "y", "new": b.Date(i)} for i in range(100)))
    first = one("a.bson", documents + later, ", infer: lookahead")
    first.run("--threads", "2")
    found = first.rows("raw.t", sort="_id")
    same(len(found), 90100)
    same((found[0]["_id"], found[-1]["_id"], found[-1]["new"]),
         (0, 2**33 + 99, utc(1970, 1, 1, 0, 0, 0, 99000)))
    full = one("a.bson", documents + later, ", infer: full")
    full.run("--threads", "1")
    same(columns(full), columns(first))


# --- real exports -------------------------------------------------------------------------------

def real(name):
    path = pathlib.Path(SHARED) / "data/mongodb" / name
    if not SHARED or not path.exists():
        raise Skip("no ../shared/data/mongodb")
    return path.read_text(encoding="utf-8")


def value_of(j):
    """A value of canonical or relaxed Extended JSON as the encoder wants it."""
    if isinstance(j, list):
        return [value_of(x) for x in j]
    if isinstance(j, int) and not isinstance(j, bool):
        return b.Long(j)
    if not isinstance(j, dict):
        return j
    read = {"$oid": b.ObjectId, "$numberInt": lambda t: b.Int(int(t)),
            "$numberLong": lambda t: b.Long(int(t)), "$numberDouble": float}
    if len(j) == 1 and next(iter(j)) in read:
        ((key, text),) = j.items()
        return read[key](text)
    return {k: value_of(x) for k, x in j.items()}


def real_export(name, count):
    """The export, and the dump it came from, make the same table."""
    text = real(name)
    documents = [value_of(json.loads(line)) for line in text.splitlines() if line.strip()]
    same(len(documents), count)
    as_json, as_bson = one("a.json", text), one("a.bson", b.dump(*documents))
    for p in (as_json, as_bson):
        p.run()
        same(len(p.rows("raw.t")), count)
        same(p.rejects("raw.t"), [])
    same(columns(as_json), columns(as_bson))
    same(table_of(as_json), table_of(as_bson))
    lint(as_bson.lake)
    return as_bson


@suite.case
def real_accounts():
    p = real_export("accounts.json", 1746)
    same(columns(p), {"_id": "string", "account_id": "int", "limit": "int",
                      "products": "list<string>"})
    same(p.rows("raw.t")[0], {"_id": "5ca4bbc7a2dd94ee5816238c", "account_id": 371138,
                              "limit": 9000, "products": ["Derivatives", "InvestmentStock"]})
    same(sum(r["limit"] for r in p.rows("raw.t")),
         sum(int(json.loads(line)["limit"]["$numberInt"])
             for line in real("accounts.json").splitlines()))


@suite.case
def real_theaters():
    p = real_export("theaters.json", 1564)
    same(columns(p)["location"],
         "struct<address: struct<street1: string, city: string, state: string, zipcode: string, "
         "street2: string>, geo: struct<type: string, coordinates: list<double>>>")
    same(p.rows("raw.t")[0]["location"]["geo"]["coordinates"], [-93.24565, 44.85466])


@suite.case
def real_products():
    p = real_export("products.json", 11)
    found = p.rows("raw.t")
    same([r["_id"] for r in found[:3]], ["ac3", "ac7", "507d95d5719dbef170f15bf9"])
    same(columns(p)["_id"], "string")


@suite.case
def real_countries():
    p = real_export("countries-small.json", 248)
    same(sum(r["area"] is not None for r in p.rows("raw.t")), 248)


suite.end()

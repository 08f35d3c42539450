# SPDX-License-Identifier: Apache-2.0
"""BSON written by hand from bsonspec.org, and the same values as Extended JSON v2 in both
spellings: an encoder that shares nothing with the program under test, and can write what no driver
would.

A document is a dict, or Pairs where keys repeat.  Python's None, bool, str, float, list, bytes are
their BSON counterparts; everything else is one of the classes below.
"""
import base64
import datetime
import decimal
import json
import math
import struct


class Pairs(list):
    """A document as pairs of key and value."""

    def items(self):
        return iter(self)


class Value:
    """A value that Python has no type for: what its class is made of, in order."""
    names = ()

    def __init__(self, *args):
        assert len(args) == len(self.names), args
        for name, value in zip(self.names, args):
            setattr(self, name, value)

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(repr(getattr(self, n)) for n in self.names)})"


class Int(Value):
    names = ("n",)


class Long(Value):
    names = ("n",)


class Decimal(Value):
    """Decimal128 from its text."""
    names = ("text",)


class DecimalBits(Value):
    """Decimal128 from its 16 bytes, the highest first."""
    names = ("hex",)


class ObjectId(Value):
    names = ("hex",)


class Date(Value):
    """Milliseconds since 1970."""
    names = ("ms",)


class Binary(Value):
    names = ("data", "subtype")


class Regex(Value):
    names = ("pattern", "options")


class DBPointer(Value):
    names = ("ref", "hex")


class Code(Value):
    names = ("text",)


class ScopedCode(Value):
    names = ("text", "scope")


class Symbol(Value):
    names = ("text",)


class Timestamp(Value):
    names = ("t", "i")


class Raw(Value):
    """A type byte and the bytes of a value, right or wrong."""
    names = ("type", "data")


class Undefined(Value):
    pass


class MinKey(Value):
    pass


class MaxKey(Value):
    pass


# --- BSON ---------------------------------------------------------------------------------------

def cstring(text):
    data = text if isinstance(text, bytes) else text.encode()
    return data + b"\0"


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<i", len(data) + 1) + data + b"\0"


def decimal128(text):
    """The bits of a decimal: sign, exponent + 6176, coefficient (IEEE 754-2008, binary)."""
    sign = 1 << 127 if text.startswith("-") else 0
    bare = text.lstrip("+-").lower()
    if bare in ("inf", "infinity"):
        bits = 0x78 << 120
    elif bare == "nan":
        bits = 0x7c << 120
        sign = 0
    else:
        with decimal.localcontext() as context:
            context.prec = 100
            context.Emax, context.Emin = decimal.MAX_EMAX, decimal.MIN_EMIN
            _, digits, exponent = decimal.Decimal(text).as_tuple()
        coefficient = int("".join(map(str, digits)))
        assert coefficient < 10 ** 34 and -6176 <= exponent <= 6111, text
        bits = exponent + 6176 << 113 | coefficient
    return (sign | bits).to_bytes(16, "little")


def encode_value(v):
    """Returns (type, bytes)."""
    if isinstance(v, bool):
        return 0x08, bytes([v])
    plain = {
        float: lambda: (0x01, struct.pack("<d", v)),
        str: lambda: (0x02, string(v)),
        dict: lambda: (0x03, encode(v)),
        Pairs: lambda: (0x03, encode(v)),
        list: lambda: (0x04, encode(Pairs((str(i), x) for i, x in enumerate(v)))),
        bytes: lambda: (0x05, struct.pack("<iB", len(v), 0) + v),
        Binary: lambda: (0x05, binary(v)),
        Undefined: lambda: (0x06, b""),
        ObjectId: lambda: (0x07, bytes.fromhex(v.hex)),
        Date: lambda: (0x09, struct.pack("<q", v.ms)),
        type(None): lambda: (0x0a, b""),
        Regex: lambda: (0x0b, cstring(v.pattern) + cstring(v.options)),
        DBPointer: lambda: (0x0c, string(v.ref) + bytes.fromhex(v.hex)),
        Code: lambda: (0x0d, string(v.text)),
        Symbol: lambda: (0x0e, string(v.text)),
        ScopedCode: lambda: (0x0f, scoped(v)),
        Int: lambda: (0x10, struct.pack("<i", v.n)),
        Timestamp: lambda: (0x11, struct.pack("<II", v.i, v.t)),
        Long: lambda: (0x12, struct.pack("<q", v.n)),
        Decimal: lambda: (0x13, decimal128(v.text)),
        DecimalBits: lambda: (0x13, bytes.fromhex(v.hex)[::-1]),
        MinKey: lambda: (0xff, b""),
        MaxKey: lambda: (0x7f, b""),
        Raw: lambda: (v.type, v.data),
    }
    return plain[type(v)]()


def binary(v):
    inner = struct.pack("<i", len(v.data)) if v.subtype == 2 else b""
    return struct.pack("<iB", len(inner + v.data), v.subtype) + inner + v.data


def scoped(v):
    rest = string(v.text) + encode(v.scope)
    return struct.pack("<i", 4 + len(rest)) + rest


def encode(document):
    """A document as bytes."""
    body = bytearray()
    for key, v in document.items():
        kind, data = encode_value(v)
        body += bytes([kind]) + cstring(key) + data
    return struct.pack("<i", len(body) + 5) + bytes(body) + b"\0"


def dump(*documents):
    """A file as mongodump writes it."""
    return b"".join(map(encode, documents))


# --- Extended JSON ------------------------------------------------------------------------------

def decimal_text(v):
    """As IEEE 754-2008 prints it, which is what Python's decimal does but for specials."""
    text = str(decimal.Decimal(v.text))
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text.lower(), text)


def double_text(d):
    if math.isnan(d):
        return "NaN"
    if math.isinf(d):
        return "Infinity" if d > 0 else "-Infinity"
    return repr(d)


def iso(ms):
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=ms)
    return moment.isoformat(timespec="milliseconds" if ms % 1000 else "seconds") + "Z"


def tree(v, relaxed):
    """What json.dumps makes Extended JSON of."""
    if v is None or isinstance(v, (bool, str)):
        return v
    if isinstance(v, list) and not isinstance(v, Pairs):
        return [tree(x, relaxed) for x in v]
    if isinstance(v, dict):
        return {k: tree(x, relaxed) for k, x in v.items()}
    if isinstance(v, bytes):
        v = Binary(v, 0)
    if isinstance(v, Date):
        iso_fits = relaxed and 0 <= v.ms < 253402300800000
        return {"$date": iso(v.ms) if iso_fits else {"$numberLong": str(v.ms)}}
    if isinstance(v, float):
        bare = relaxed and math.isfinite(v)
        return v if bare else {"$numberDouble": double_text(v)}
    if isinstance(v, (Int, Long)):
        name = "$numberInt" if isinstance(v, Int) else "$numberLong"
        return v.n if relaxed else {name: str(v.n)}
    return {
        Decimal: lambda: {"$numberDecimal": decimal_text(v)},
        ObjectId: lambda: {"$oid": v.hex},
        Binary: lambda: {"$binary": {"base64": base64.b64encode(v.data).decode(),
                                     "subType": f"{v.subtype:02x}"}},
        Regex: lambda: {"$regularExpression": {"pattern": v.pattern, "options": v.options}},
        DBPointer: lambda: {"$dbPointer": {"$ref": v.ref, "$id": {"$oid": v.hex}}},
        Code: lambda: {"$code": v.text},
        ScopedCode: lambda: {"$code": v.text, "$scope": tree(v.scope, relaxed)},
        Symbol: lambda: {"$symbol": v.text},
        Timestamp: lambda: {"$timestamp": {"t": v.t, "i": v.i}},
        Undefined: lambda: {"$undefined": True},
        MinKey: lambda: {"$minKey": 1},
        MaxKey: lambda: {"$maxKey": 1},
    }[type(v)]()


def extjson(v, relaxed=False):
    """A value as Extended JSON, without blanks, characters as they are."""
    if isinstance(v, Pairs):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{extjson(x, relaxed)}"
                              for k, x in v.items()) + "}"
    return json.dumps(tree(v, relaxed), ensure_ascii=False, separators=(",", ":"))


def export(*documents, relaxed=False):
    """A file as mongoexport writes it."""
    return "".join(extjson(d, relaxed) + "\n" for d in documents)

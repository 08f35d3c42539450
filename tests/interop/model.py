# SPDX-License-Identifier: Apache-2.0
"""What a writer means: types, values in one form whoever reads them, and a table in memory to which
the steps of a feature are applied.  Knows nothing of field ids, files or snapshots."""
import copy
import dataclasses
import datetime
import decimal
import json
import re
import struct
import uuid

D = decimal.Decimal
decimal.getcontext().prec = decimal.DefaultContext.prec = 60  # of this thread, of others
EPOCH = datetime.datetime(1970, 1, 1)
US = datetime.timedelta(microseconds=1)


# --- types --------------------------------------------------------------------------------------

@dataclasses.dataclass
class Field:
    name: str
    type: object  # text, or Struct, List, Map
    required: bool = False
    doc: str = ""


@dataclasses.dataclass
class Struct:
    fields: list

    def field(self, name):
        return next(f for f in self.fields if f.name == name)


@dataclasses.dataclass
class List:
    element: object
    required: bool = False


@dataclasses.dataclass
class Map:
    key: object
    value: object
    required: bool = False


class Reader:
    """Reads `name type [not null], …`, where a type is a primitive of Iceberg, struct<…>, list<…>
    or map<…>; names that are not plain stand in backticks."""

    TOKEN = re.compile(r"\s*(`[^`]*`|[\w\[\]]+(?:\(\d+, *\d+\))?|[<>,:])")

    def __init__(self, text):
        self.tokens = self.TOKEN.findall(text)
        self.at = 0

    def peek(self, ahead=0):
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def take(self, wanted=None):
        token = self.peek()
        assert wanted in (None, token), f"'{wanted}' wanted in {self.tokens}, not '{token}'"
        self.at += 1
        return token

    def not_null(self):
        if (self.peek(), self.peek(1)) == ("not", "null"):
            self.at += 2
            return True
        return False

    def fields(self, end=""):
        found = []
        while self.peek() != end:
            name = self.take().strip("`")
            if self.peek() == ":":
                self.take()
            type_ = self.type()
            found.append(Field(name, type_, self.not_null()))
            if self.peek() == ",":
                self.take()
        return found

    def type(self):
        word = self.take()
        if word not in ("struct", "list", "map"):
            return word.replace(" ", "")
        self.take("<")
        if word == "struct":
            made = Struct(self.fields(">"))
        elif word == "list":
            made = List(self.type(), self.not_null())
        else:
            key = self.type()
            self.take(",")
            made = Map(key, self.type(), self.not_null())
        self.take(">")
        return made


def columns_of(text):
    return Struct(Reader(text).fields())


def type_of(text):
    return Reader(text).type()


def two_numbers(type_):
    return tuple(int(n) for n in re.findall(r"\d+", type_))


# --- values -------------------------------------------------------------------------------------

def micros(value):
    if isinstance(value, datetime.time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 10**6 + value.microsecond
    if value.tzinfo:
        value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return (value - EPOCH) // US


def f32(value):
    """The double that a float column holds for this one."""
    return struct.unpack("f", struct.pack("f", value))[0]


def canon(type_, value):
    """A value of Python in the form in which all readers' values are compared; JSON can hold it.
    Times are whole numbers, floats and decimals text, binary hexadecimal, maps sorted pairs."""
    if value is None:
        return None
    if isinstance(type_, Struct):
        return [[f.name, canon(f.type, value[f.name])] for f in type_.fields]
    if isinstance(type_, List):
        return [canon(type_.element, v) for v in value]
    if isinstance(type_, Map):
        pairs = value.items() if isinstance(value, dict) else value
        return sorted(([canon(type_.key, k), canon(type_.value, v)] for k, v in pairs),
                      key=json.dumps)
    return canon_primitive(type_, value)


def canon_primitive(type_, value):
    if type_ in ("float", "double"):
        value = f32(value) if type_ == "float" else float(value)
        return "nan" if value != value else repr(value)
    if type_.startswith("decimal"):
        return str(D(value).quantize(D(1).scaleb(-two_numbers(type_)[1])) + 0)
    if type_ == "date":
        return value if isinstance(value, int) else value.toordinal() - 719163
    if type_ in ("time", "timestamp", "timestamptz"):
        return value if isinstance(value, int) else micros(value)
    if type_ in ("timestamp_ns", "timestamptz_ns"):
        return value if isinstance(value, int) else micros(value) * 1000
    if type_ == "uuid":
        return str(uuid.UUID(bytes=value) if isinstance(value, bytes) else
                   uuid.UUID(str(value)))
    if type_ == "binary" or type_.startswith("fixed"):
        return bytes(value).hex()
    return value


def widened(value, old, new):
    """What becomes of a value when its column gets a wider type."""
    if value is None or old == new:
        return value
    if (old, new) == ("date", "timestamp"):
        return datetime.datetime(value.year, value.month, value.day)
    return value


# --- the table ----------------------------------------------------------------------------------

class Model:
    """Rows as dictionaries by the names of now; every change is applied to all of them."""

    def __init__(self, columns):
        self.schema, self.rows, self.refs = columns, [], {}

    def place(self, path):
        """(struct, name) of a column's path; `element`, `key` and `value` lead into lists and
        maps."""
        *outer, name = path.split(".")
        here = self.schema
        for step in outer:
            here = self.into(here, step)
        return here, name

    @staticmethod
    def into(type_, step):
        if isinstance(type_, List):
            return type_.element
        if isinstance(type_, Map):
            return type_.key if step == "key" else type_.value
        return type_.field(step).type

    def change(self, path, change):
        """Applies change(dictionary of the struct) in every row, at every place of the path."""
        *outer, _ = path.split(".")
        for row in self.rows:
            self.visit(self.schema, row, outer, change)

    def visit(self, type_, value, outer, change):
        if value is None:
            return
        if isinstance(type_, List) and outer and outer[0] == "element":
            for v in value:
                self.visit(type_.element, v, outer[1:], change)
        elif isinstance(type_, Map) and outer:
            for k, v in value.items() if isinstance(value, dict) else value:
                self.visit(type_.value, v, outer[1:], change)
        elif outer:
            self.visit(type_.field(outer[0]).type, value[outer[0]], outer[1:], change)
        else:
            change(value)

    # Steps, by their names.

    def insert(self, rows):
        self.rows += copy.deepcopy(rows)

    def overwrite(self, rows):
        self.rows = copy.deepcopy(rows)

    def delete(self, ids, how=None, by=None):  # pylint: disable=unused-argument
        self.rows = [r for r in self.rows if r["id"] not in ids]

    def upsert(self, rows):
        self.delete([r["id"] for r in rows])
        self.insert(rows)

    def add(self, path, type_, default=None, where=None, required=False):
        within, name = self.place(path)
        self.change(path, lambda v: v.__setitem__(name, copy.deepcopy(default)))
        within.fields.append(Field(name, type_of(type_), required))
        if where:
            self.move(path, where)

    def drop(self, path):
        within, name = self.place(path)
        self.change(path, lambda v: v.pop(name))
        within.fields.remove(within.field(name))

    def rename(self, path, to):
        within, name = self.place(path)
        self.change(path, lambda v: v.__setitem__(to, v.pop(name)))
        within.field(name).name = to

    def move(self, path, where):
        """`where`: "first", "after x" or "before x"."""
        within, name = self.place(path)
        field = within.field(name)
        within.fields.remove(field)
        word, _, other = where.partition(" ")
        names = [f.name for f in within.fields]
        at = 0 if word == "first" else names.index(other) + (word == "after")
        within.fields.insert(at, field)

    def widen(self, path, type_):
        within, name = self.place(path)
        if isinstance(within, (List, Map)):  # numbers: their values stay
            setattr(within, name, type_)
            return
        old = within.field(name).type
        self.change(path, lambda v: v.__setitem__(name, widened(v[name], old, type_)))
        within.field(name).type = type_

    def optional(self, path):
        within, name = self.place(path)
        within.field(name).required = False

    def document(self, path, text):
        within, name = self.place(path)
        within.field(name).doc = text

    def tag(self, name):
        self.refs[name] = (copy.deepcopy(self.schema), copy.deepcopy(self.rows))

    def files(self, rows):
        self.insert(rows)

    def nothing(self, *_):
        """Steps after which the table holds the same rows."""

    partition = unpartition = upgrade = property = compact = sort = rewrite_manifests = nothing

    def apply(self, step):
        name, *arguments = step
        options = arguments.pop() if arguments and isinstance(arguments[-1], dict) and \
            name not in ("insert",) else {}
        getattr(self, name)(*arguments, **options)

    # What readers are held against.

    def wanted(self, ref=None):
        """(names of the columns, sorted canonical rows) now or at a ref."""
        schema, rows = self.refs[ref] if ref else (self.schema, self.rows)
        found = [[canon(f.type, r[f.name]) for f in schema.fields] for r in rows]
        return [f.name for f in schema.fields], sorted(found, key=json.dumps)


def from_iceberg(type_):
    """The type of Iceberg's JSON."""
    if not isinstance(type_, dict):
        return type_.replace(" ", "")
    if type_["type"] == "struct":
        return Struct([Field(f["name"], from_iceberg(f["type"]), f["required"])
                       for f in type_["fields"]])
    if type_["type"] == "list":
        return List(from_iceberg(type_["element"]), type_["element-required"])
    return Map(from_iceberg(type_["key"]), from_iceberg(type_["value"]), type_["value-required"])

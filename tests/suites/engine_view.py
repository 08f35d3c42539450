#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""Reading by field id: files as pyarrow writes them, tables whose columns were renamed, added,
dropped and widened at every level, against a projection by ids in Python."""
import decimal
import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import FULL, Suite  # noqa: E402

suite = Suite()

import pyarrow.parquet as pq  # noqa: E402

from enginelab import (arrow_table, engine, field, folder, good, kind, list_of,  # noqa: E402
                       map_of, metadata, precision_scale, printed, schema, struct)


def project(value, have, want):
    """The value of a file's field as the table's field of the same id."""
    if value is None:
        return None
    k = kind(want)
    if k == "struct":
        old = {f["id"]: f for f in have["fields"]}
        return {f["name"]: project(value[old[f["id"]]["name"]], old[f["id"]]["type"], f["type"])
                if f["id"] in old else None for f in want["fields"]}
    if k == "list":
        return [project(v, have["element"], want["element"]) for v in value]
    if k == "map":
        return [(project(a, have["key"], want["key"]), project(b, have["value"], want["value"]))
                for a, b in value]
    if kind(have) == "float" and k == "double":
        return printed(value, "float")
    return value


def write(path, s, rows, ids=True):
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(arrow_table(s, rows, ids), path)
    return str(path)


def view_step(schemas, files, tail="ORDER BY n", properties=None):
    return {"op": "view", "metadata": metadata(schemas, properties=properties), "files": files,
            "tail": tail}


def expected(files, want):
    """files: (schema, rows) pairs."""
    rows = [printed(project(r, s, want), want) for s, rs in files for r in rs]
    return sorted(rows, key=lambda r: r["n"])


def check(name, files, schemas, **more):
    """Writes the files (schema, rows), reads them as the last of `schemas`."""
    home = folder(name)
    paths = [write(home / f"{i}.parquet", s, rows) for i, (s, rows) in enumerate(files)]
    answer = good(engine(view_step(schemas, paths, **more))[0])
    want = expected(files, schemas[-1])
    assert answer["rows"] == want, f"{answer['rows']}\n{want}\n{answer['sql']}"
    return answer


N = field(1, "n", "long")


# --- one thing at a time ------------------------------------------------------------------------

@suite.case
def top_level():
    """Renamed, swapped, dropped, added, added again under an old name, widened."""
    v0 = schema(N, field(2, "a", "int"), field(3, "b", "string"), field(4, "c", "float"),
                field(5, "d", "decimal(9,2)"), field(6, "e", "string"))
    v1 = schema(N, field(3, "a", "string"), field(2, "b", "long"), field(4, "c", "double"),
                field(5, "d", "decimal(38,2)"), field(7, "e", "int"), field(8, "new", "date"),
                schema_id=1)
    check("top", [(v0, [{"n": 1, "a": -5, "b": "x", "c": 0.1, "d": decimal.Decimal("-1.50"),
                         "e": "old"},
                        {"n": 2, "a": None, "b": None, "c": None, "d": None, "e": None}]),
                  (v1, [{"n": 3, "a": "y", "b": 1 << 40, "c": 0.1, "d": decimal.Decimal("7e30"),
                         "e": 4, "new": 20000}])], [v0, v1])


@suite.case
def plain_struct_is_read_by_the_engine():
    """Nothing was renamed: the engine's own reading by id is enough, no footer is opened."""
    v0 = schema(N, field(2, "s", struct(field(3, "a", "int"), field(4, "b", "string"))))
    v1 = schema(N, field(2, "s", struct(field(3, "a", "long"), field(4, "b", "string"),
                                        field(5, "c", "int"))), schema_id=1)
    answer = check("plain", [(v0, [{"n": 1, "s": {"a": 1, "b": "x"}}, {"n": 2, "s": None},
                                   {"n": 3, "s": {"a": None, "b": None}}]),
                             (v1, [{"n": 4, "s": {"a": 1 << 40, "b": "y", "c": 7}}])], [v0, v1])
    assert "schema = MAP" in answer["sql"], answer["sql"]


def evolve_struct(name, wrap, unwrap):
    """The same changes to the struct's fields, at the place where `wrap` puts them."""
    before = struct(field(10, "a", "int"), field(11, "b", "int"), field(12, "c", "string"),
                    field(13, "d", "float"))
    changes = {
        "renamed": [field(10, "x", "int"), field(11, "b", "int"), field(12, "c", "string"),
                    field(13, "d", "float")],
        "swapped": [field(10, "b", "int"), field(11, "a", "int"), field(12, "c", "string"),
                    field(13, "d", "float")],
        "again": [field(14, "a", "int"), field(11, "b", "int"), field(12, "c", "string"),
                  field(13, "d", "float")],
        "widened": [field(10, "a", "long"), field(11, "b", "int"), field(12, "c", "string"),
                    field(13, "d", "double")],
        "dropped": [field(13, "d", "float")],
        "reordered": [field(13, "d", "float"), field(12, "c", "string"), field(10, "a", "int")],
        "replaced": [field(14, "k", "int")],
        "odd": [field(10, "a b", "int"), field(11, "it's", "int"), field(12, 'q"', "string")],
    }
    for change, fields in changes.items():
        v0 = schema(N, field(2, "col", wrap(before)))
        v1 = schema(N, field(2, "col", wrap(struct(*fields))), schema_id=1)
        old = {"a": 1, "b": 2, "c": "three", "d": 0.1}
        nulls = dict.fromkeys(old)
        new = {f["name"]: {"int": 7, "long": 1 << 40, "string": "y", "float": 0.5,
                           "double": 0.1}[f["type"]] for f in fields}
        rows0 = [{"n": i, "col": v} for i, v in enumerate(unwrap(old, nulls))]
        rows1 = [{"n": 50 + i, "col": v} for i, v in enumerate(unwrap(new, dict.fromkeys(new)))]
        check(f"{name}-{change}", [(v0, rows0), (v1, rows1)], [v0, v1])


@suite.case
def struct_fields():
    evolve_struct("struct", lambda s: s, lambda v, n: [v, n, None])


@suite.case
def fields_in_a_list():
    evolve_struct("list", lambda s: list_of(5, s), lambda v, n: [[v, n, None, v], [], None, [None]])


@suite.case
def fields_in_a_map():
    evolve_struct("map", lambda s: map_of(5, "string", 6, s),
                  lambda v, n: [[("k", v), ("l", n), ("m", None)], [], None])


@suite.case
def fields_in_a_struct_in_a_struct():
    evolve_struct("deep", lambda s: struct(field(5, "p", struct(field(6, "q", s)))),
                  lambda v, n: [{"p": {"q": v}}, {"p": {"q": None}}, {"p": None}, None])


@suite.case
def fields_in_lists_of_lists():
    evolve_struct("lists", lambda s: list_of(5, struct(field(6, "l", list_of(7, list_of(8, s))))),
                  lambda v, n: [[{"l": [[v, None], [], None]}, {"l": None}, None], [], None])


@suite.case
def list_and_map_of_widened_numbers():
    v0 = schema(N, field(2, "l", list_of(3, "int")), field(4, "m", map_of(5, "int", 6, "float")),
                field(7, "x", struct(field(8, "a", "int"))))
    v1 = schema(N, field(2, "l", list_of(3, "long")), field(4, "m", map_of(5, "int", 6, "double")),
                field(7, "x", struct(field(8, "b", "int"))), schema_id=1)
    check("widened", [(v0, [{"n": 1, "l": [1, None], "m": [(1, 0.1), (2, None)], "x": {"a": 1}},
                            {"n": 2, "l": [], "m": None, "x": None}]),
                      (v1, [{"n": 3, "l": [1 << 40], "m": [(1, 0.1)], "x": {"b": 2}}])], [v0, v1])


@suite.case
def files_of_other_types_are_not_read_as_the_first():
    """The same names, int in the first file, long in the second, in a table read by footer."""
    v0 = schema(N, field(2, "a", "int"), field(3, "s", struct(field(4, "x", "int"))))
    v1 = schema(N, field(2, "a", "long"), field(3, "s", struct(field(4, "x", "int"))), schema_id=1)
    v2 = schema(N, field(2, "a", "long"), field(3, "s", struct(field(4, "y", "int"))), schema_id=2)
    check("types", [(v0, [{"n": 1, "a": 1, "s": {"x": 1}}]),
                    (v1, [{"n": 2, "a": 5000000000, "s": {"x": 2}}])], [v0, v1, v2])


@suite.case
def schemas_that_are_no_longer_listed():
    """The metadata forgot the schema in which a field had another name."""
    v0 = schema(N, field(2, "s", struct(field(3, "a", "int"), field(4, "b", "int"))))
    v1 = schema(N, field(2, "s", struct(field(3, "b", "int"), field(4, "a", "int"))), schema_id=1)
    check("expired", [(v0, [{"n": 1, "s": {"a": 1, "b": 2}}])], [v1])


@suite.case
def names_as_other_writers_put_them_into_files():
    """Java and PyIceberg write a_x20b for "a b": found by id, at every level."""
    table = schema(N, field(2, "a b", "int"),
                   field(3, "s", struct(field(4, "c-d", "int"), field(5, "9", "int"))),
                   field(6, "l", list_of(7, struct(field(8, "é", "int")))))
    names = {"a b": "a_x20b", "c-d": "c_x2Dd", "9": "_9", "é": "_xE9"}

    def sanitised(type_):
        if kind(type_) == "struct":
            return struct(*[{**f, "name": names.get(f["name"], f["name"]),
                             "type": sanitised(f["type"])} for f in type_["fields"]])
        return list_of(type_["element-id"], sanitised(type_["element"])) \
            if kind(type_) == "list" else type_
    as_written = {**sanitised(table), "schema-id": 0}
    rows = [{"n": 1, "a_x20b": 1, "s": {"c_x2Dd": 2, "_9": 3}, "l": [{"_xE9": 4}]}]
    home = folder("sanitised")
    path = write(home / "f.parquet", as_written, rows)
    answer = good(engine(view_step([table], [path]))[0])
    assert answer["rows"] == [{"n": 1, "a b": 1, "s": {"c-d": 2, "9": 3}, "l": [{"é": 4}]}], answer


@suite.case
def files_without_ids():
    """A table with a name mapping may hold files without ids: their columns are found by name."""
    v0 = schema(N, field(2, "a", "int"))
    home = folder("noids")
    path = write(home / "f.parquet", v0, [{"n": 1, "a": 5}], ids=False)
    mapping = {"schema.name-mapping.default": '[{"field-id": 1, "names": ["n"]}]'}
    with_ids = write(home / "g.parquet", v0, [{"n": 2, "a": 6}])
    answers = engine(view_step([v0], [path], properties=mapping),
                     view_step([v0], [with_ids], properties=mapping))
    assert answers[0]["rows"] == [{"n": 1, "a": None}], answers[0]
    assert answers[1]["rows"] == [{"n": 2, "a": 6}]


@suite.case
def a_column_that_changed_its_shape():
    """A struct where the file has a number: an error that names the column."""
    v0 = schema(N, field(2, "s", "int"))
    v1 = schema(N, field(2, "s", struct(field(3, "it's", "int"))), schema_id=1)
    home = folder("shape")
    path = write(home / "f.parquet", v0, [{"n": 1, "s": 5}])
    error = engine(view_step([v1], [path]))[0]["error"]
    assert error["code"] == "bad data" and "'s' of a file is no struct" in error["text"], error


@suite.case
def a_column_of_another_type():
    """What is no wider type of the file's is refused, with file and column: 1.5 is not made 2, nor
    '7' a number.  Such files come with a name mapping, or from writers that err."""
    mapping = {"schema.name-mapping.default":
               '[{"field-id": 1, "names": ["n"]}, {"field-id": 2, "names": ["a"]}]'}
    home = folder("othertype")
    for i, (have, value, want) in enumerate((
            ("double", 1.5, "int"), ("float", 1.5, "long"), ("string", "7", "int"),
            ("decimal(4,1)", decimal.Decimal("1.5"), "long"), ("double", 0.1, "float"),
            ("string", "2020-01-01", "date"), ("string", "true", "boolean"))):
        then, now = (schema(N, field(2, "a", kind)) for kind in (have, want))
        for ids in (False, True):
            path = write(home / f"f{i}{ids}.parquet", then, [{"n": 1, "a": value}], ids=ids)
            error = engine(view_step([now], [path], properties=mapping))[0]["error"]
            assert (error["code"] == "bad data" and f"f{i}{ids}.parquet" in error["text"]
                    and f"column 'a' is {want}" in error["text"]), error


@suite.case
def no_files():
    v0 = schema(N, field(2, "a b", list_of(3, struct(field(4, "x", "decimal(9,2)")))),
                field(5, "u", "uuid"), field(6, "t", "timestamptz"), field(7, "f", "fixed[4]"))
    answer = good(engine(view_step([v0], []))[0])
    assert answer["rows"] == [] and answer["type"] == (
        "struct<n: long, a b: list<struct<x: decimal(9,2)>>, u: uuid, t: timestamptz, f: binary>")


@suite.case
def every_type():
    v0 = schema(N, *[field(2 + i, f"c{i}", t) for i, t in enumerate(
        ["boolean", "int", "long", "float", "double", "decimal(4,1)", "decimal(18,3)",
         "decimal(38,10)", "date", "time", "timestamp", "timestamptz", "string", "binary",
         "fixed[3]"])])
    rows = [dict(zip([f["name"] for f in v0["fields"]], values)) for values in (
        [1, True, -2**31, -2**63, 0.1, 0.1, decimal.Decimal("-999.9"),
         decimal.Decimal("999999999999999.999"), decimal.Decimal("-1e27"), -719162, 0,
         -62135596800000000, 253402300799999999, "é\0x", b"\0\xff", b"abc"],
        [2, False, 2**31 - 1, 2**63 - 1, float("inf"), float("-inf"), *[decimal.Decimal(0)] * 3,
         2932896, 86399999999, -1, 1, "", b"", b"\0\0\0"], [3] + [None] * 15)]
    home = folder("types-all")
    path = write(home / "f.parquet", v0, rows)
    answer = good(engine(view_step([v0], [path]))[0])
    want = [printed(r, v0) for r in rows]
    want[1]["c3"], want[1]["c4"] = "inf", "-inf"
    for got, row in zip(answer["rows"], want):
        assert got == row, {k: (got[k], v) for k, v in row.items() if got[k] != v}


# --- paths --------------------------------------------------------------------------------------

EVIL = ["it's", 'q"x', "k=v", "n=9", "a b", "é😀", "new\nline", "{a,b}", "~", "100%25", "a;b", "$x",
        "--", "\\n", "#", "a,b", "a*b", "a**", "?", "[a]", "[", "a]b", "[!x]", "*"]


@suite.case
def evil_paths():
    """One file a folder; siblings that a pattern would match are not read with it.  Folders like
    n=9 do not become partitions."""
    v0 = schema(N, field(2, "a", "int"))
    home = folder("evil")
    for sibling in ("axb", "x", "a", "ab", "b", "i", "y"):
        write(home / sibling / "f.parquet", v0, [{"n": 77, "a": 77}])
    paths = [write(home / name / "f.parquet", v0, [{"n": i, "a": i}])
             for i, name in enumerate(EVIL)]
    nested = schema(N, field(2, "a", "int"), field(3, "s", struct(field(4, "x y", "int"))))
    steps = [view_step([v0], [p]) for p in paths]
    steps += [view_step([v0], ["file://" + p]) for p in paths]
    steps += [view_step([v0], paths), view_step([nested], paths)]
    answers = engine(*steps)
    for i, name in enumerate(EVIL * 2):
        want = [{"n": i % len(EVIL), "a": i % len(EVIL)}]
        assert good(answers[i])["rows"] == want, (name, answers[i])
    whole = [{"n": i, "a": i} for i in range(len(EVIL))]
    assert good(answers[-2])["rows"] == whole, answers[-2]["rows"]
    assert good(answers[-1])["rows"] == [{**r, "s": None} for r in whole], answers[-1]


@suite.case
def backslash_beside_a_star():
    """The engine has no way to say this path: an error, not another file's rows."""
    v0 = schema(N)
    path = write(folder("backslash") / "a\\b*c" / "f.parquet", v0, [{"n": 1}])
    error = engine(view_step([v0], [path]))[0]["error"]
    assert error["code"] == "not supported" and "backslash" in error["text"], error


@suite.case
def evil_column_names():
    names = ["it's", 'q"x', "a.b", "new\nline", "é", "select", "1", " ", "{:}", "a'b\"c", "\\",
             "filename", "file_row_number", "$1", "e0", "element", "key", "list", "CAST(x", "--"]

    def columns(first, shift):
        return [field(first + i, names[i - shift], "int") for i in range(len(names))]
    v0, v1 = [schema(N, *columns(2, shift), field(50, "s", struct(*columns(100, shift))),
                     field(51, "l", list_of(52, struct(*columns(200, shift)))), schema_id=shift)
              for shift in (0, 1)]
    values = {name: i for i, name in enumerate(names)}
    files = [(v0, [{"n": 1, **values, "s": values, "l": [values, None]}]),
             (v1, [{"n": 2, **values, "s": None, "l": [values]}])]
    check("columns", files[:1], [v0])
    check("columns-moved", files, [v0, v1])


@suite.case
def many_files():
    """Footers of all files are read at once."""
    v0 = schema(N, field(2, "s", struct(field(3, "a", "int"))))
    v1 = schema(N, field(2, "s", struct(field(3, "b", "int"))), schema_id=1)
    check("many", [((v0, v1)[i % 2], [{"n": i, "s": {("a", "b")[i % 2]: i}}]) for i in range(400)],
          [v0, v1])


# --- at random ----------------------------------------------------------------------------------

NAMES = ["a", "b", "c", "d", "e", "f g", "it's", 'q"', "é", "x.y", "select"]
LEAVES = ["int", "long", "float", "double", "decimal(9,2)", "string", "boolean", "date", "binary"]
WIDER = {"int": "long", "float": "double", "decimal(9,2)": "decimal(18,2)",
         "decimal(18,2)": "decimal(38,2)"}


class Table:
    """A schema that evolves as Iceberg allows."""

    def __init__(self, rng):
        self.rng, self.last_id = rng, 1
        taken = []
        self.fields = [N] + [self.new_field(taken) for _ in range(rng.randint(1, 3))]

    def next_id(self):
        self.last_id += 1
        return self.last_id

    def new_field(self, taken, depth=0):
        name = self.rng.choice([n for n in NAMES if n not in taken])
        taken.append(name)
        return field(self.next_id(), name, self.new_type(depth))

    def new_type(self, depth):
        choice = self.rng.random()
        if depth >= 3 or choice < 0.35:
            return self.rng.choice(LEAVES)
        if choice < 0.7:
            taken = []
            return struct(*[self.new_field(taken, depth + 1)
                            for _ in range(self.rng.randint(1, 3))])
        if choice < 0.9:
            return list_of(self.next_id(), self.new_type(depth + 1))
        return map_of(self.next_id(), self.rng.choice(["int", "string"]), self.next_id(),
                      self.new_type(depth + 1))

    def structs(self, type_):
        """All lists of fields below a type, outermost first."""
        k = kind(type_)
        if k == "struct":
            yield type_["fields"]
            for f in type_["fields"]:
                yield from self.structs(f["type"])
        elif k == "list":
            yield from self.structs(type_["element"])
        elif k == "map":
            yield from self.structs(type_["value"])

    def widen(self, holder, key):
        t = holder[key]
        if not isinstance(t, dict):
            holder[key] = WIDER.get(t, t)
        elif kind(t) == "list":
            self.widen(t, "element")
        elif kind(t) == "map":
            self.widen(t, "value")

    def change(self):
        top = {"type": "struct", "fields": self.fields}
        fields = self.rng.choice(list(self.structs(top)))
        own = [f for f in fields if f is not N]
        op = self.rng.choice(["add", "drop", "rename", "widen", "swap", "move", "again"])
        taken = [f["name"] for f in fields]
        if op == "add" and len(taken) < 6:
            fields.insert(self.rng.randint(1, len(fields)), self.new_field(taken, 2))
        elif op == "drop" and len(own) > 1:
            fields.remove(self.rng.choice(own))
        elif op == "rename" and own:
            self.rng.choice(own)["name"] = self.rng.choice([n for n in NAMES if n not in taken])
        elif op == "widen" and own:
            self.widen(self.rng.choice(own), "type")
        elif op == "swap" and len(own) > 1:
            x, y = self.rng.sample(own, 2)
            x["name"], y["name"] = y["name"], x["name"]
        elif op == "move" and len(own) > 1:
            f = self.rng.choice(own)
            fields.remove(f)
            fields.append(f)
        elif op == "again" and own:
            f = self.rng.choice(own)
            fields[fields.index(f)] = field(self.next_id(), f["name"], self.new_type(2))

    def version(self, number):
        return schema(*copy(self.fields), schema_id=number)


def copy(x):
    if isinstance(x, dict):
        return {k: copy(v) for k, v in x.items()}
    return [copy(v) for v in x] if isinstance(x, list) else x


def random_value(rng, type_):
    if rng.random() < 0.2:
        return None
    k = kind(type_)
    if k == "struct":
        return {f["name"]: random_value(rng, f["type"]) for f in type_["fields"]}
    if k == "list":
        return [random_value(rng, type_["element"]) for _ in range(rng.randint(0, 3))]
    if k == "map":
        keys = rng.sample(range(9), rng.randint(0, 3))
        return [(i if kind(type_["key"]) == "int" else f"k{i}", random_value(rng, type_["value"]))
                for i in keys]
    if k == "decimal":
        return decimal.Decimal(rng.randint(-9999999, 9999999)).scaleb(-precision_scale(type_)[1])
    return {"int": lambda: rng.randint(-2**31, 2**31 - 1),
            "long": lambda: rng.randint(-2**63, 2**63 - 1),
            "float": lambda: rng.randint(-1000, 1000) / 8, "double": rng.random,
            "string": lambda: "x" * rng.randint(0, 20), "boolean": lambda: rng.random() < 0.5,
            "date": lambda: rng.randint(-1000, 20000),
            "binary": lambda: rng.randbytes(rng.randint(0, 20))}[k]()


def random_case(seed, home):
    rng = random.Random(seed)
    table = Table(rng)
    versions, files, paths, n = [], [], [], 0
    for number in range(rng.randint(2, 5)):
        for _ in range(rng.randint(0, 3) if number else 0):
            table.change()
        versions.append(table.version(number))
        for _ in range(rng.randint(0, 2)):
            rows = []
            for _ in range(rng.randint(1, 6)):
                n += 1
                rows.append({f["name"]: n if f["id"] == 1 else random_value(rng, f["type"])
                             for f in versions[-1]["fields"]})
            files.append((versions[-1], rows))
            paths.append(write(home / f"{seed}-{len(paths)}.parquet", versions[-1], rows))
    listed = versions if rng.random() < 0.8 else versions[-1:]
    return view_step(listed, paths), expected(files, versions[-1])


@suite.case
def random_evolution():
    home = folder("random")
    seed = int(os.environ.get("FIRN_SEED", "0"))
    cases = [random_case(s, home) for s in range(seed, seed + (3000 if FULL else 300))]
    read_by_footer = 0
    for i, answer in enumerate(engine(*[step for step, _ in cases])):
        assert "error" not in answer, f"seed {seed + i}: {answer['error']}"
        assert answer["rows"] == cases[i][1], (f"seed {seed + i}:\n{answer['rows']}\n{cases[i][1]}"
                                               f"\n{answer['sql']}")
        read_by_footer += "schema = MAP" not in answer["sql"]
    assert len(cases) // 4 < read_by_footer < len(cases), read_by_footer


suite.end()

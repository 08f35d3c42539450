# SPDX-License-Identifier: Apache-2.0
"""What is tried: each feature is a table by its columns, its partition spec and the steps that make
it.  The same steps go to every writer and to the model, which tells the rows that were meant."""
import dataclasses
import datetime
import decimal
import hashlib
import itertools
import uuid

import model

D = decimal.Decimal
UTC = datetime.timezone.utc
NAN, INF = float("nan"), float("inf")


@dataclasses.dataclass
class Feature:
    group: str
    name: str
    columns: str
    steps: list
    version: int = 2
    spec: tuple = ()
    properties: dict = dataclasses.field(default_factory=dict)
    refs: tuple = ()       # tags and branches to read as well
    filters: tuple = ()    # columns by whose values firn is asked, too
    table: str = ""        # the table's name, where it matters
    api: bool = False      # Java: by its API, not by Spark's SQL
    refused: str = ""      # firn refuses the table, with this word
    session: dict = dataclasses.field(default_factory=dict)  # Spark's settings while it writes

    @property
    def key(self):
        return f"{self.group}/{self.name}/v{self.version}"

    @property
    def digest(self):
        """Of what there is to make."""
        made = (self.columns, self.steps, self.version, self.spec, self.properties, self.api,
                *([self.session] if self.session else []))
        return hashlib.sha256(repr(made).encode()).hexdigest()[:12]

    @property
    def title(self):
        return f"{self.name} (v{self.version})"

    def model(self):
        made = model.Model(model.columns_of(self.columns))
        for step in self.steps:
            made.apply(list(step))
        return made


# --- values -------------------------------------------------------------------------------------

DATES = [datetime.date(1, 1, 1), datetime.date(9999, 12, 31), datetime.date(1970, 1, 1),
         datetime.date(1969, 12, 31), datetime.date(2024, 2, 29)]
TIMES = [datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999),
         datetime.datetime(1969, 12, 31, 23, 59, 59, 999999), datetime.datetime(1970, 1, 1),
         datetime.datetime(2024, 2, 29, 23, 0, 0, 1), datetime.datetime(1500, 3, 1, 1)]
VALUES = {
    "boolean": [True, False],
    "int": [-2**31, 2**31 - 1, 0, -1, 34],
    "long": [-2**63, 2**63 - 1, 0, -1, 34, 2**53 + 1],
    "float": [model.f32(3.4e38), -1.5, 0.0, -0.0, INF, -INF, NAN, model.f32(1e-45)],
    "double": [1.7e308, -1.5, 0.0, -0.0, INF, -INF, NAN, 0.1],
    "decimal(9,2)": [D("9999999.99"), D("-9999999.99"), D("0.01"), D("-0.05"), D("0.00")],
    "decimal(18,4)": [D("99999999999999.9999"), D("-99999999999999.9999"), D("0.0001"), D(0)],
    "decimal(38,10)": [D(10**38 - 1).scaleb(-10), -D(10**38 - 1).scaleb(-10), D("0.0000000001"),
                       D(0)],
    "date": DATES,
    "time": [datetime.time(0), datetime.time(23, 59, 59, 999999), datetime.time(12, 30)],
    "timestamp": TIMES,
    "timestamptz": [t.replace(tzinfo=UTC) for t in TIMES],
    "timestamp_ns": [-1, 0, 1, 1709247600000000001, 2**62, -2**62],
    "timestamptz_ns": [-1, 0, 1, 1709247600000000001, 2**62, -2**62],
    "string": ["", "a", "iceberg", "é" * 20, "😀" * 17, "null", "x" * 40, "日本", "\u007f\u0001",
               "a\nb\t'\"`\\%"],
    "uuid": [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID(int=2**127),
             uuid.UUID("f79c3e09-677c-4bbd-a479-3f349cb785e7")],
    "fixed[3]": [b"\0\0\0", b"\xff\xff\xff", b"\x01\x02\x03"],
    "binary": [b"", b"\0", b"\xff" * 17, bytes(range(40))],
    "unknown": [None],
}
V3_TYPES = ("timestamp_ns", "timestamptz_ns", "unknown")
ALL = [t for t in VALUES if t not in V3_TYPES]


def table_of(values, start=0, name="c"):
    """Rows with these values, and one without."""
    return [{"id": start + i, name: v} for i, v in enumerate([*values, None])]


def ids(*numbers, **more):
    """Rows with an id and columns that are made of it."""
    return [{"id": n, **{k: v(n) for k, v in more.items()}} for n in numbers]


def text(n):
    return f"t{n}"


# --- types --------------------------------------------------------------------------------------

def types():
    for t in VALUES:
        version = 3 if t in V3_TYPES else 2
        yield Feature("types", t, f"id long, c {t}", [("insert", table_of(VALUES[t]))], version,
                      filters=("c",) if t not in ("unknown",) else ())
    names = {t: "c_" + "".join(x if x.isalnum() else "_" for x in t) for t in ALL}
    longest = max(len(VALUES[t]) for t in ALL)
    rows = [{"id": i, **{names[t]: [*VALUES[t], None][i % (len(VALUES[t]) + 1)] for t in ALL}}
            for i in range(longest + 1)]
    common = [t for t in ALL if t not in ("time", "uuid", "fixed[3]")]
    for version in (1, 2, 3):
        yield Feature("types", "all that Spark has", "id long, " + ", ".join(
            f"{names[t]} {t}" for t in common), [("insert", [
                {k: v for k, v in r.items() if k in {"id", *(names[t] for t in common)}}
                for r in rows])], version)
        yield Feature("types", "all", "id long, " + ", ".join(f"{names[t]} {t}" for t in ALL),
                      [("insert", rows)], version, api=True)
    yield Feature("types", "required columns", "id long not null, c string not null",
                  [("insert", ids(1, 2, c=text))])


NESTED = {
    "struct": ("struct<x:int, y:string>", [{"x": 1, "y": "a"}, {"x": None, "y": None}, None]),
    "struct in struct": ("struct<a:struct<b:struct<c:long, d:date>>>", [
        {"a": {"b": {"c": 1, "d": datetime.date(2024, 2, 29)}}}, {"a": {"b": None}}, {"a": None},
        None]),
    "list": ("list<string>", [["a", None, ""], [], None, ["z"] * 100]),
    "list of lists": ("list<list<int>>", [[[1, None], [], None], [], None]),
    "list of structs": ("list<struct<k:string, v:double>>", [
        [{"k": "a", "v": 1.5}, {"k": None, "v": None}, None], [], None]),
    "map": ("map<string,long>", [{"a": 1, "b": None}, {}, None]),
    "map with int keys": ("map<int,string>", [[(1, "a"), (-1, None)], [], None]),
    "map of structs": ("map<string,struct<x:int, l:list<int>>>", [
        {"a": {"x": 1, "l": [1, None]}, "b": None}, {"c": {"x": None, "l": []}}, None]),
    "map of lists": ("map<date,list<decimal(10,2)>>", [
        [(datetime.date(2024, 2, 29), [D("1.50"), None])], None]),
    "list of maps": ("list<map<string,int>>", [[{"a": 1}, {}, None], None]),
    "struct of all": ("struct<a:boolean, b:int, c:long, d:float, e:double, f:decimal(20,3), g:date,"
                      " h:timestamp, i:timestamptz, j:string, k:binary>", [
                          {"a": True, "b": 1, "c": 2**40, "d": 1.5, "e": NAN, "f": D("-1.125"),
                           "g": datetime.date(1969, 12, 31),
                           "h": datetime.datetime(1969, 12, 31, 23, 59, 59, 999999),
                           "i": datetime.datetime(2024, 2, 29, tzinfo=UTC), "j": "é",
                           "k": b"\0\xff"},
                          dict.fromkeys("abcdefghijk"), None]),
    "required inside": ("struct<x:int not null, l:list<int not null>>", [
        {"x": 1, "l": [1, 2]}, {"x": 2, "l": None}, None]),
}


def nested():
    for name, (type_, values) in NESTED.items():
        yield Feature("nested", name, f"id long, c {type_}", [("insert", table_of(values)[:-1])])
    some = [v for k, v in NESTED.items() if k != "required inside"]
    yield Feature("nested", "in one table", "id long, " + ", ".join(
        f"c{i} {t}" for i, (t, _) in enumerate(some)), [("insert", [
            {"id": n, **{f"c{i}": v[n % len(v)] for i, (_, v) in enumerate(some)}}
            for n in range(4)])], 3)


# --- partitions ---------------------------------------------------------------------------------

TRANSFORMED = {
    "identity": ["boolean", "int", "long", "decimal(9,2)", "decimal(38,10)", "date", "timestamp",
                 "timestamptz", "string", "binary", "float", "double", "time", "uuid", "fixed[3]"],
    "bucket[4]": ["int", "long", "decimal(9,2)", "decimal(38,10)", "date", "timestamp",
                  "timestamptz", "string", "binary", "time", "uuid", "fixed[3]"],
    "truncate[10]": ["int", "long", "decimal(9,2)", "decimal(38,10)", "string", "binary"],
    "year": ["date", "timestamp", "timestamptz"],
    "month": ["date", "timestamp", "timestamptz"],
    "day": ["date", "timestamp", "timestamptz"],
    "hour": ["timestamp", "timestamptz"],
}
V3_TRANSFORMED = [("identity", "timestamp_ns"), ("bucket[4]", "timestamp_ns"),
                  ("day", "timestamptz_ns"), ("hour", "timestamp_ns")]
# Values whose partitions are what is tried: near 10000 years other readers have bugs of their own.
NEAR = {"timestamp": [datetime.datetime(1969, 12, 31, 23, 59, 59, 999999),
                      datetime.datetime(1970, 1, 1), datetime.datetime(2024, 2, 29, 23, 0, 0, 1),
                      datetime.datetime(1900, 1, 1)],
        "date": DATES[2:] + [datetime.date(1900, 1, 1)],
        "string": ["", "a", "iceberg", "é" * 20, "😀" * 17, "x" * 40, "a/b", "a=b&c", "%2F", "..",
                   " ", "null"],
        "long": [-2**63 + 10, 2**63 - 1, 0, -1, -10, -11, 34],
        "int": [-2**31 + 10, 2**31 - 1, 0, -1, -10, -11, 34],
        "timestamp_ns": [-1, 0, 1, 1709247600000000001]}
NEAR["timestamptz"] = [t.replace(tzinfo=UTC) for t in NEAR["timestamp"]]
NEAR["timestamptz_ns"] = NEAR["timestamp_ns"]


def partitions():
    pairs = [(w, t) for w, found in TRANSFORMED.items() for t in found]
    for word, t in [*pairs, *V3_TRANSFORMED]:
        values = NEAR.get(t, VALUES[t])
        if word.startswith("truncate") and t == "decimal(38,10)":
            values = values[2:]  # the least ones have no truncation of 38 digits
        if word.startswith("truncate") and t == "decimal(9,2)":
            values = [D("9999999.99"), D("10.65"), D("-0.05"), D("-12.34"), D(0)]
        yield Feature("partitions", f"{word}({t})", f"id long, c {t}",
                      [("insert", table_of(values)), ("insert", table_of(values, 100)[:2])],
                      3 if t in V3_TYPES else 2, spec=(f"{word}(c)",), filters=("c",))
    rows = [{"id": n, "a": n % 3, "s": f"s{n % 4}", "t": TIMES[4] + datetime.timedelta(days=n)}
            for n in range(12)]
    spec = ("identity(a)", "bucket[3](s)", "month(t)")
    for version in (1, 2, 3):
        yield Feature("partitions", "three fields", "id long, a int, s string, t timestamp",
                      [("insert", rows)], version, spec=spec, filters=("a", "s", "t"))
    yield Feature("partitions", "two fields of one column", "id long, c timestamp",
                  [("insert", table_of(NEAR["timestamp"]))], spec=("year(c)", "bucket[3](c)"),
                  filters=("c",))
    yield Feature("partitions", "a field of a struct", "id long, st struct<x:int, y:string>", [
        ("insert", [{"id": 1, "st": {"x": 1, "y": "a"}}, {"id": 2, "st": {"x": 2, "y": "b"}},
                    {"id": 3, "st": None}])], spec=("identity(st.x)",))


def specs():
    """Partition specs that change."""
    rows = [ids(*range(i, i + 6), c=lambda n: n % 3, s=text) for i in (0, 10, 20, 30)]
    columns = "id long, c int, s string"
    a, b, c, d = (("insert", r) for r in rows)
    for version in (1, 2, 3):
        yield Feature("partitions", "spec evolution", columns, [
            a, ("partition", "bucket[4](s)"), b, ("unpartition", "identity(c)"), c,
            ("partition", "truncate[5](id)"), d], version, spec=("identity(c)",),
            filters=("c", "s", "id"))
    yield Feature("partitions", "a field dropped and added again", columns, [
        a, ("unpartition", "identity(c)"), b, ("partition", "identity(c)"), c],
        spec=("identity(c)",), filters=("c",))
    yield Feature("partitions", "another number of buckets", columns, [
        a, ("unpartition", "bucket[4](s)"), ("partition", "bucket[8](s)"), b],
        spec=("bucket[4](s)",), filters=("s",))
    yield Feature("partitions", "no spec, then one", columns, [a, ("partition", "identity(c)"), b],
                  filters=("c",))
    yield Feature("partitions", "a partition column renamed", columns, [
        a, ("rename", "c", "k"), *[("insert", [{"id": r["id"], "k": r["c"], "s": r["s"]}
                                               for r in rows[1]])]],
        spec=("identity(c)",), filters=("k",))
    yield Feature("partitions", "a partition column widened", columns, [
        a, ("widen", "c", "long"), ("insert", [{"id": 90, "c": 2**40, "s": "t"}])],
        spec=("identity(c)",), filters=("c",))
    yield Feature("partitions", "a column dropped after its field", columns, [
        a, ("unpartition", "identity(c)"), ("drop", "c"),
        ("insert", [{"id": 90, "s": "t"}])], spec=("identity(c)",), filters=("s",))


# --- evolution ----------------------------------------------------------------------------------

def evolution():
    two = "id long, v string"
    first = ("insert", ids(1, 2, v=text))
    for version in (1, 2, 3):
        yield Feature("evolution", "add", two, [
            first, ("add", "n", "int"), ("insert", ids(3, v=text, n=lambda n: n))], version,
            filters=("n",))
        yield Feature("evolution", "drop", two, [
            first, ("drop", "v"), ("insert", ids(3))], version)
        yield Feature("evolution", "rename", two, [
            first, ("rename", "v", "w"), ("insert", ids(3, w=text))], version, filters=("w",))
        yield Feature("evolution", "a name used again", two, [
            first, ("drop", "v"), ("add", "v", "string"), ("insert", ids(3, v=text))], version,
            filters=("v",))
        yield Feature("evolution", "a name used again, for another type", two, [
            first, ("drop", "v"), ("add", "v", "long"), ("insert", ids(3, v=lambda n: n))],
            version, filters=("v",))
    yield Feature("evolution", "two names exchanged", "id long, a string, b string", [
        ("insert", ids(1, 2, a=text, b=lambda n: f"b{n}")), ("rename", "a", "x"),
        ("rename", "b", "a"), ("rename", "x", "b"),
        ("insert", ids(3, b=text, a=lambda n: f"b{n}"))], filters=("a",))
    yield Feature("evolution", "reorder", "id long, a int, b string", [
        ("insert", ids(1, a=lambda n: n, b=text)), ("move", "b", "first"),
        ("move", "id", "after a"), ("insert", ids(2, a=lambda n: n, b=text))])
    yield Feature("evolution", "add in the middle", "id long, b string", [
        ("insert", ids(1, b=text)), ("add", "a", "date", {"where": "after id"}),
        ("add", "z", "int", {"where": "first"}), ("insert", [
            {"z": 1, "id": 2, "a": DATES[4], "b": "b"}])])
    for old, new, before, after in (
            ("int", "long", 2**31 - 1, 2**40), ("float", "double", model.f32(0.1), 0.1),
            ("decimal(9,2)", "decimal(18,2)", D("-9999999.99"), D("9999999999999999.99")),
            ("decimal(18,3)", "decimal(38,3)", D("-1.125"), D(10**30))):
        yield Feature("evolution", f"{old} to {new}", f"id long, c {old}", [
            ("insert", table_of([before])), ("widen", "c", new),
            ("insert", table_of([after], 10))], filters=("c",))
    yield Feature("evolution", "date to timestamp", "id long, c date", [
        ("insert", table_of(DATES[2:])), ("widen", "c", "timestamp"),
        ("insert", table_of(TIMES[2:4], 10))], 3, filters=("c",), api=True)
    yield Feature("evolution", "required to optional", "id long, c string not null", [
        ("insert", ids(1, c=text)), ("optional", "c"), ("insert", [{"id": 2, "c": None}])],
        filters=("c",))
    yield Feature("evolution", "an id column, dropped and back", "id long, c int, d int", [
        ("insert", ids(1, 2, c=lambda n: n, d=lambda n: n)), ("drop", "c"),
        ("insert", ids(3, d=lambda n: n)), ("add", "c", "int"),
        ("insert", ids(4, d=lambda n: n, c=lambda n: n)), ("drop", "d"), ("add", "d", "double"),
        ("insert", ids(5, c=lambda n: n, d=float))], filters=("c", "d"))
    yield from nested_evolution()
    many = [("insert", [{"id": 0}])]
    for i in range(30):
        many += [("add", f"c{i}", "int")]
        if i % 6 == 5:
            many += [("rename", f"c{i - 1}", f"r{i - 1}"), ("drop", f"c{i - 3}")]
    done = model.Model(model.columns_of("id long"))
    for step in many:
        done.apply(list(step))
    row = {f.name: 7 for f in done.schema.fields}
    yield Feature("evolution", "many schemas", "id long", many + [("insert", [row])])


def nested_evolution():
    st = "id long, st struct<x:int, y:string>"
    a = ("insert", [{"id": 1, "st": {"x": 1, "y": "a"}}, {"id": 2, "st": None}])
    for version in (2, 3):
        yield Feature("evolution", "add in a struct", st, [
            a, ("add", "st.z", "long"), ("insert", [{"id": 3, "st": {"x": 3, "y": "c", "z": 3}}])],
            version)
        yield Feature("evolution", "drop in a struct", st, [
            a, ("drop", "st.x"), ("insert", [{"id": 3, "st": {"y": "c"}}])], version)
        yield Feature("evolution", "rename in a struct", st, [
            a, ("rename", "st.x", "w"), ("insert", [{"id": 3, "st": {"w": 3, "y": "c"}}])],
            version)
    yield Feature("evolution", "a name used again in a struct", st, [
        a, ("drop", "st.x"), ("add", "st.x", "string"),
        ("insert", [{"id": 3, "st": {"y": "c", "x": "new"}}])])
    yield Feature("evolution", "all fields of a struct replaced", st, [
        a, ("add", "st.z", "long"), ("drop", "st.x"), ("drop", "st.y"),
        ("insert", [{"id": 3, "st": {"z": 5}}, {"id": 4, "st": None}])])
    yield Feature("evolution", "widen in a struct", st, [
        a, ("widen", "st.x", "long"), ("insert", [{"id": 3, "st": {"x": 2**40, "y": "c"}}])])
    yield Feature("evolution", "reorder in a struct", st, [
        a, ("move", "st.y", "first"), ("insert", [{"id": 3, "st": {"x": 3, "y": "c"}}])])
    yield Feature("evolution", "add a struct", "id long", [
        ("insert", [{"id": 1}]), ("add", "st", "struct<x:int, l:list<string>>"),
        ("insert", [{"id": 2, "st": {"x": 1, "l": ["a"]}}])])
    yield Feature("evolution", "add in a list's structs", "id long, l list<struct<x:int>>", [
        ("insert", [{"id": 1, "l": [{"x": 1}, None]}, {"id": 2, "l": []}]),
        ("add", "l.element.y", "string"),
        ("insert", [{"id": 3, "l": [{"x": 3, "y": "c"}]}])])
    yield Feature("evolution", "rename in a map's structs", "id long, m map<string,struct<x:int>>",
                  [("insert", [{"id": 1, "m": {"a": {"x": 1}, "b": None}}]),
                   ("rename", "m.value.x", "w"),
                   ("insert", [{"id": 3, "m": {"c": {"w": 3}}}])])
    yield Feature("evolution", "widen a list's elements", "id long, l list<int>", [
        ("insert", [{"id": 1, "l": [1, None]}]), ("widen", "l.element", "long"),
        ("insert", [{"id": 2, "l": [2**40]}])])
    yield Feature("evolution", "widen a map's values", "id long, m map<string,float>", [
        ("insert", [{"id": 1, "m": {"a": model.f32(0.1)}}]), ("widen", "m.value", "double"),
        ("insert", [{"id": 2, "m": {"a": 0.1}}])])


def defaults():
    """Columns that are added with a default: files that lack them have it."""
    given = {"boolean": True, "int": -1, "long": 2**53 + 1, "float": 1.5, "double": -0.5,
             "decimal(9,2)": D("-1.50"), "decimal(38,10)": D("12345678901234567890.5"),
             "date": DATES[4], "time": datetime.time(22, 31, 8, 123456), "timestamp": TIMES[4],
             "timestamptz": TIMES[4].replace(tzinfo=UTC), "string": "é'\"\\",
             "uuid": VALUES["uuid"][3], "fixed[3]": b"\x01\x02\xff", "binary": b"\0\xff"}
    for t, value in given.items():
        yield Feature("defaults", t, "id long", [
            ("insert", [{"id": 1}]), ("add", "c", t, {"default": value}),
            ("insert", table_of([VALUES[t][0]], 10))], 3, filters=("c",), api=True)
    yield Feature("defaults", "required", "id long", [
        ("insert", [{"id": 1}]), ("add", "c", "int", {"default": 5, "required": True}),
        ("insert", [{"id": 2, "c": 6}])], 3, filters=("c",), api=True)
    yield Feature("defaults", "in a struct", "id long, st struct<x:int>", [
        ("insert", [{"id": 1, "st": {"x": 1}}, {"id": 2, "st": None}]),
        ("add", "st.y", "string", {"default": "d"}),
        ("insert", [{"id": 3, "st": {"x": 3, "y": None}}])], 3, api=True)
    yield Feature("defaults", "then renamed and widened", "id long", [
        ("insert", [{"id": 1}]), ("add", "c", "int", {"default": 7}), ("rename", "c", "d"),
        ("widen", "d", "long"), ("insert", [{"id": 2, "d": 2**40}])], 3, filters=("d",), api=True)
    yield Feature("defaults", "a partition column", "id long", [
        ("insert", [{"id": 1}]), ("add", "c", "int", {"default": 7}), ("partition", "identity(c)"),
        ("insert", [{"id": 2, "c": 7}, {"id": 3, "c": 8}])], 3, filters=("c",), api=True)


# --- deletes ------------------------------------------------------------------------------------

MERGE = {"write.delete.mode": "merge-on-read", "write.update.mode": "merge-on-read",
         "write.merge.mode": "merge-on-read"}


def deletes():
    columns, rows = "id long, c int, s string", ids(*range(10), c=lambda n: n % 3, s=text)
    more = ids(*range(10, 16), c=lambda n: n % 3, s=text)
    yield Feature("deletes", "copy on write", columns, [
        ("insert", rows), ("delete", [2, 5, 9]), ("insert", more), ("delete", [0, 12])])
    yield Feature("deletes", "all rows, copy on write", columns, [
        ("insert", rows), ("delete", list(range(10)))])
    yield Feature("deletes", "overwrite", columns, [("insert", rows), ("overwrite", more)])
    for version, how in ((2, "position"), (3, "vectors")):
        yield Feature("deletes", how, columns, [
            ("insert", rows), ("delete", [2, 5], {"how": "rows"})], version, properties=MERGE,
            filters=("id",))
        yield Feature("deletes", f"{how}, of two commits", columns, [
            ("insert", rows), ("delete", [2, 5], {"how": "rows"}), ("insert", more),
            ("delete", [3, 4, 12], {"how": "rows"}), ("delete", [15], {"how": "rows"})], version,
            properties=MERGE)
        yield Feature("deletes", f"{how}, all rows", columns, [
            ("insert", rows), ("delete", list(range(10)), {"how": "rows"})], version,
            properties=MERGE)
        yield Feature("deletes", f"{how}, partitioned", columns, [
            ("insert", rows), ("insert", more), ("delete", [1, 2, 12, 14], {"how": "rows"})],
            version, spec=("identity(c)",), properties=MERGE, filters=("c",))
        yield Feature("deletes", f"{how}, over a change of spec", columns, [
            ("insert", rows), ("partition", "identity(c)"), ("insert", more),
            ("delete", [1, 2, 12, 14], {"how": "rows"})], version, properties=MERGE,
            filters=("c",))
        yield Feature("deletes", f"{how}, then evolution", columns, [
            ("insert", rows), ("delete", [2, 5], {"how": "rows"}), ("rename", "id", "id2"),
            ("drop", "c"), ("rename", "id2", "id"), ("add", "c", "string"),
            ("delete", [7], {"how": "rows"})], version, properties=MERGE)
        yield Feature("deletes", f"{how}, by a merge", columns, [
            ("insert", rows), ("upsert", ids(5, 50, c=lambda n: n % 3, s=lambda n: "new"))],
            version, properties=MERGE)
        yield Feature("deletes", f"{how}, then compaction", columns, [
            ("insert", rows), ("insert", more), ("delete", [2, 12], {"how": "rows"}),
            ("compact",), ("delete", [3], {"how": "rows"})], version, properties=MERGE)
    yield Feature("deletes", "position, a file for a partition", columns, [
        ("insert", rows), ("insert", more), ("delete", [1, 2, 12, 14], {"how": "rows"})], 2,
        properties={**MERGE, "write.delete.granularity": "partition"}, filters=("id",))
    yield Feature("deletes", "position, then vectors after the upgrade", columns, [
        ("insert", rows), ("delete", [2, 5], {"how": "rows"}), ("upgrade", 3),
        ("delete", [3, 4], {"how": "rows"}), ("insert", more)], 2, properties=MERGE)
    yield from equality(columns, rows, more)


def equality(columns, rows, more):
    by = {"how": "equality"}
    for version in (2, 3):
        yield Feature("deletes", "equality", columns, [
            ("insert", rows), ("delete", [2, 5], by)], version, filters=("id",))
        yield Feature("deletes", "equality, inserted again", columns, [
            ("insert", rows), ("delete", [2, 5], by), ("insert", rows[2:4]),
            ("delete", [3], by)], version)
    yield Feature("deletes", "equality, upserts", columns, [
        ("insert", rows), ("upsert", [{**r, "s": "new"} for r in rows[3:6]]),
        ("upsert", [{**r, "s": "newer"} for r in rows[4:7]])], 2, api=True)
    yield Feature("deletes", "equality, by two columns", columns, [
        ("insert", rows), ("delete", [2, 5], {"how": "equality", "by": ["c", "s"]})], 2)
    yield Feature("deletes", "equality, by a null", columns, [
        ("insert", [*rows, {"id": 77, "c": None, "s": None}]),
        ("delete", [77], {"how": "equality", "by": ["s"]})], 2)
    yield Feature("deletes", "equality, partitioned", columns, [
        ("insert", rows), ("insert", more), ("delete", [1, 12], by)], 2, spec=("identity(c)",),
        filters=("c",))
    yield Feature("deletes", "equality, the column renamed", columns, [
        ("insert", rows), ("delete", [2], {"how": "equality", "by": ["s"]}),
        ("rename", "s", "z"), ("add", "s", "string"),
        ("delete", [3], {"how": "equality", "by": ["z"]})], 2)
    yield Feature("deletes", "equality, the column dropped", columns, [
        ("insert", rows), ("delete", [2], {"how": "equality", "by": ["s"]}), ("drop", "s")], 2)
    yield Feature("deletes", "equality, the column widened", columns, [
        ("insert", rows), ("delete", [2], {"how": "equality", "by": ["c", "s"]}),
        ("widen", "c", "long"), ("insert", [{"id": 99, "c": 2**40, "s": "t2"}]),
        ("delete", [99], {"how": "equality", "by": ["c"]})], 2)
    yield Feature("deletes", "equality, the column newer than the files", columns, [
        ("insert", rows), ("add", "k", "string"), ("insert", [{**r, "k": f"k{r['id']}"}
                                                              for r in more]),
        ("delete", [11], {"how": "equality", "by": ["k"]})], 2)
    yield Feature("deletes", "equality and position", columns, [
        ("insert", rows), ("delete", [2], by), ("delete", [3], {"how": "rows"}),
        ("insert", rows[2:3])], 2, properties=MERGE)
    yield Feature("deletes", "equality, over a change of spec", columns, [
        ("insert", rows), ("partition", "identity(c)"), ("insert", more),
        ("delete", [11], by)], 2)
    yield Feature("deletes", "equality by date, decimal and binary",
                  "id long, d date, n decimal(20,3), b binary", [
                      ("insert", [{"id": n, "d": DATES[n % 5], "n": D(n) / 8,
                                   "b": bytes([n, 255])} for n in range(8)]),
                      ("delete", [1], {"how": "equality", "by": ["d", "n", "b"]}),
                      ("delete", [2], {"how": "equality", "by": ["n"]}),
                      ("delete", [3], {"how": "equality", "by": ["b"]})], 2)


# --- the rest -----------------------------------------------------------------------------------

ODD = ["a b", "a.b", "日本", "é", "A_Upper", "select", "1st", "it's", 'say "hi"', "x" * 120, "a/b",
       "%41", "_x", "-", "😀", "a=b", "new\nline"]


def names():
    row = {name: f"v{i}" for i, name in enumerate(ODD)}
    columns = "id long, " + ", ".join(f"`{n}` string" for n in ODD)
    yield Feature("names", "odd columns", columns, [("insert", [{"id": 1, **row}])])
    yield Feature("names", "odd fields of a struct", "id long, st struct<" + ", ".join(
        f"`{n}`:string" for n in ODD) + ">", [("insert", [{"id": 1, "st": row}])])
    for i, name in enumerate(ODD[:8] + ["a/b", "%41", "a=b"]):
        yield Feature("names", f"partitioned by {name!r}", f"id long, `{name}` string", [
            ("insert", [{"id": n, name: v} for n, v in enumerate(["a", "b", None])])],
            spec=(f"identity({name})",), filters=(name,))
        if i == 3:
            break
    for name in ("odd name", "日本", "files", "snapshots", "a.b", "select", "UPPER"):
        yield Feature("names", f"table {name!r}", "id long", [("insert", [{"id": 1}])], table=name)
    yield Feature("names", "documentation", "id long, c string", [
        ("insert", ids(1, c=text)), ("document", "c", "what it's \"for\""),
        ("insert", ids(2, c=text))])


def others():
    columns = "id long, c int, s string"
    rows, more = (ids(*range(i, i + 10), c=lambda n: n % 3, s=text) for i in (0, 10))
    for version in (1, 2, 3):
        yield Feature("tables", "empty", columns, [], version)
        yield Feature("tables", "history", columns, [
            ("insert", rows), ("tag", "first"), ("rename", "s", "z"),
            ("insert", [{"id": r["id"], "c": r["c"], "z": r["s"]} for r in more]),
            ("tag", "second"), ("delete", [1, 11]), ("add", "n", "int")], version,
            refs=("first", "second"))
    yield Feature("tables", "upgraded from v1 to v2", columns, [
        ("insert", rows), ("upgrade", 2), ("insert", more)], 1)
    yield Feature("tables", "upgraded from v2 to v3", columns, [
        ("insert", rows), ("upgrade", 3), ("insert", more)], 2)
    yield Feature("tables", "files that were added, without ids", columns, [
        ("files", rows), ("rename", "s", "z"), ("insert", [{"id": r["id"], "c": r["c"],
                                                            "z": r["s"]} for r in more])])
    yield Feature("tables", "files that were added, partitioned", columns, [
        ("files", rows[0::3]), ("files", rows[1::3])], spec=("identity(c)",), filters=("c",))
    yield Feature("tables", "files that were added, nested",
                  "id long, st struct<x:int>, l list<string>, m map<string,int>", [
                      ("files", [{"id": 1, "st": {"x": 1}, "l": ["a", None], "m": {"k": 1}},
                                 {"id": 2, "st": None, "l": None, "m": None}]),
                      ("rename", "st.x", "w"), ("add", "st.z", "string")])
    yield Feature("tables", "object storage layout", columns, [("insert", rows)],
                  properties={"write.object-storage.enabled": "true"}, spec=("identity(s)",),
                  filters=("s",))
    yield Feature("tables", "object storage layout without partitions in it", columns, [
        ("insert", rows)], properties={"write.object-storage.enabled": "true",
                                       "write.object-storage.partitioned-paths": "false"},
        spec=("identity(s)",), filters=("s",))
    yield Feature("tables", "gzipped metadata", columns, [("insert", rows), ("insert", more)],
                  properties={"write.metadata.compression-codec": "gzip"})
    for codec in ("uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli"):
        yield Feature("tables", f"Parquet, {codec}", columns, [("insert", rows)],
                      properties={"write.parquet.compression-codec": codec})
    for codec in ("snappy", "zstd", "uncompressed"):
        yield Feature("tables", f"manifests, {codec}", columns, [("insert", rows)],
                      properties={"write.avro.compression-codec": codec,
                                  "write.manifest.compression-codec": codec})
    big = ids(*range(20000), c=lambda n: n % 1000, s=text)
    yield Feature("tables", "several row groups", columns, [("insert", big)],
                  properties={"write.parquet.row-group-size-bytes": "40000",
                              "write.parquet.row-group-limit": "2000",
                              "write.parquet.page-size-bytes": "4000"}, filters=("id",))
    yield Feature("tables", "several row groups and deletes", columns, [
        ("insert", big), ("delete", [0, 9999, 19999, 12345], {"how": "rows"})],
        properties={"write.parquet.row-group-size-bytes": "40000",
                    "write.parquet.row-group-limit": "2000", **MERGE}, filters=("id",))
    yield Feature("tables", "vectors in several row groups", columns, [
        ("insert", big), ("delete", list(range(5000, 15000)), {"how": "rows"})], 3,
        properties={"write.parquet.row-group-size-bytes": "40000", **MERGE})
    yield Feature("tables", "Parquet pages of version 2", columns, [("insert", rows)],
                  properties={"write.parquet.page-version": "v2"})
    for form in ("avro", "orc"):
        yield Feature("tables", f"{form.upper()} files", columns, [("insert", rows)],
                      properties={"write.format.default": form}, refused=form)
    yield Feature("tables", "sorted", columns, [("sort", "c"), ("insert", rows)], filters=("c",))
    yield Feature("tables", "no metrics", columns, [("insert", rows), ("insert", more)],
                  properties={"write.metadata.metrics.default": "none"}, filters=("c", "s"))
    yield Feature("tables", "whole metrics", "id long, s string", [
        ("insert", [{"id": n, "s": s} for n, s in enumerate(VALUES["string"])])],
        properties={"write.metadata.metrics.default": "full"}, filters=("s",))
    yield Feature("tables", "compacted", columns, [("insert", rows), ("insert", more),
                                                   ("compact",), ("rewrite_manifests",)])
    yield Feature("tables", "manifests merged", columns, [
        ("insert", ids(n, c=lambda n: n, s=text)) for n in range(8)],
        properties={"commit.manifest.min-count-to-merge": "3"}, filters=("id",))


def traps():
    """What other readers fell into, and what an engine under a reader may trip over."""
    mine = ["filename", "file_row_number", "file_index", "rowid", "__p0", "firn_source", "_x",
            "schema", "index"]
    columns = "id long, c int, " + ", ".join(f"{n} string" for n in mine)
    rows = [{"id": i, "c": i % 3, **{n: f"{n}{i}" for n in mine}} for i in range(10)]
    for version in (2, 3):
        yield Feature("traps", "columns called like the engine's own, and deletes", columns, [
            ("insert", rows), ("delete", [2, 5], {"how": "rows"})], version, properties=MERGE,
            spec=("identity(c)",), filters=("filename", "c"))
    yield Feature("traps", "columns called like the engine's own", columns, [
        ("insert", rows), ("insert", rows[:2])], spec=("bucket[2](rowid)",), filters=("rowid",))
    for old, new, value in (("int", "long", 34), ("float", "double", 1.5),
                            ("decimal(9,2)", "decimal(18,2)", D("1.50"))):
        yield Feature("traps", f"Bloom filters, {old} to {new}", f"id long, c {old}, s string", [
            ("insert", [{"id": i, "c": value + i, "s": text(i)} for i in range(50)]),
            ("widen", "c", new), ("insert", [{"id": 99, "c": value, "s": "t"}])],
            properties={f"write.parquet.bloom-filter-enabled.column.{c}": "true"
                        for c in ("c", "s", "id")}, filters=("c", "s", "id"))
    yield Feature("traps", "Bloom filters, zeros of both signs", "id long, c double", [
        ("insert", table_of([0.0, -0.0, 1.5]))],
        properties={"write.parquet.bloom-filter-enabled.column.c": "true"}, filters=("c",))
    for legacy in ("false", "true"):
        yield Feature("traps", "added files with INT96" + (
            " and lists of two levels" if legacy == "true" else ""),
            "id long, t timestamptz, d decimal(9,2), l list<string>, m map<string,int>", [
                ("files", [{"id": 1, "t": TIMES[2].replace(tzinfo=UTC), "d": D("1.50"),
                            "l": ["a", None], "m": {"k": 1}},
                           {"id": 2, "t": TIMES[4].replace(tzinfo=UTC), "d": None, "l": [],
                            "m": None}])],
            session={"spark.sql.parquet.writeLegacyFormat": legacy,
                     "spark.sql.parquet.outputTimestampType": "INT96"}, filters=("t", "d"))
    deep, value = "int", 7
    for i in range(12):
        deep = (f"struct<f{i}:{deep}>", f"list<{deep}>", f"map<string,{deep}>")[i % 3]
        value = ({f"f{i}": value}, [value, None], {"k": value})[i % 3]
    yield Feature("traps", "twelve levels", f"id long, c {deep}", [
        ("insert", [{"id": 1, "c": value}, {"id": 2, "c": None}])])
    yield Feature("traps", "NUL in texts", "id long, s string", [
        ("insert", [{"id": i, "s": s} for i, s in enumerate(["a\0b", "\0", "a", None])])],
        filters=("s",))
    wide = {f"c{i}": i for i in range(300)}
    yield Feature("traps", "300 columns", "id long, " + ", ".join(f"{n} int" for n in wide), [
        ("insert", [{"id": n, **wide} for n in range(3)])], filters=("c299",))
    long = "x" * 5000
    yield Feature("traps", "long texts", "id long, s string", [
        ("insert", [{"id": 1, "s": long}, {"id": 2, "s": "é" * 3000}, {"id": 3, "s": "y"}])],
        spec=("truncate[1000](s)",), filters=("s",))
    yield Feature("traps", "a struct without a file's fields", "id long, st struct<a:int>", [
        ("insert", [{"id": 1, "st": {"a": 1}}, {"id": 2, "st": None}]),
        ("add", "st.b", "int"), ("drop", "st.a"),
        ("insert", [{"id": 3, "st": {"b": 3}}])], 2, filters=("id",))
    yield Feature("traps", "a row inserted, deleted and inserted", "id long, s string", [
        step for i in range(4) for step in (
            ("insert", [{"id": 1, "s": f"v{i}"}]), ("delete", [1], {"how": "equality"}))
    ] + [("insert", [{"id": 1, "s": "last"}])])
    yield Feature("traps", "many small deletes", "id long, s string", [
        ("insert", ids(*range(40), s=text)),
        *[("delete", [i], {"how": "equality"}) for i in range(0, 40, 2)]])


def every():
    """All features, in the order of the page."""
    found = list(itertools.chain(types(), nested(), partitions(), specs(), evolution(), defaults(),
                                 deletes(), names(), others(), traps()))
    keys = [f.key for f in found]
    assert len(keys) == len(set(keys)), sorted(k for k in keys if keys.count(k) > 1)
    return found


def table_name(feature):
    """A name that stays when features come and go."""
    if feature.table:
        return feature.table
    return "t" + hashlib.sha256(feature.key.encode()).hexdigest()[:10]


def schema_of(job, known):
    """The columns that a reader of this job finds: those of the model, and at the place `extra` the
    one that firn adds to what it lands."""
    made = known[job["key"]].model()
    schema = made.refs[job["ref"]][0] if job.get("ref") else made.schema
    if job.get("extra") is not None:
        schema.fields.insert(job["extra"], model.Field("x_loaded_at", "timestamptz"))
    return schema

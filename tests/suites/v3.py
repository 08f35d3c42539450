#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=300
"""Format version 3 and what reading by field id asks for besides deletes: row ids, defaults,
nanoseconds, unknown and foreign types, name mapping, metadata columns; tables of version 3 made,
upgraded and written by firn, with other engines' deletes in them."""
import datetime
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (TMP, Project, Suite, check_tool, contains, firn, lines, lint,  # noqa: E402
                     path_of, same, table)
from icelab import metadata_of  # noqa: E402
from madelab import Made, field, list_of, map_of, struct_of  # noqa: E402

import fastavro  # noqa: E402

suite = Suite()
KEYED = [field(1, "id", "long"), field(2, "k", "string"), field(3, "v", "int")]
NS = 1700000000123456789  # 2023-11-14T22:13:20.123456789


def rows(first, count):
    return [{"id": i, "k": "a", "v": i % 10} for i in range(first, first + count)]


def sql(text, want=0, lake=None):
    done = firn("sql", str(lake or Made.home), text, "-o", "json")
    same(done.exit, want, f"{text}: {done.err}{done.out[:300]}")
    return json.loads(done.out) if want == 0 else done.err


def agree(t, *args):
    check_tool("agree.py", "--sqlite", Made.home / "catalog.db", "--table", f"x.{t.name}", *args)


# --- files without ids --------------------------------------------------------------------------

@suite.case
def name_mapping():
    """Names of all levels; an old name, a name that is not mapped, a file that has ids beside."""
    nested = field(4, "s", struct_of(field(5, "a", "int"), field(6, "l", list_of(7, struct_of(
        field(8, "x", "string"))))))
    fields = [*KEYED, nested, field(9, "m", map_of(10, "string", 11, "long"))]
    mapping = [{"field-id": 1, "names": ["id", "_id"]}, {"field-id": 3, "names": ["v"]},
               {"field-id": 4, "names": ["s", "st.ruct"], "fields": [
                   {"field-id": 5, "names": ["a"]}, {"field-id": 6, "names": ["l"], "fields": [
                       {"field-id": 7, "names": ["element"], "fields": [
                           {"field-id": 8, "names": ["x", "old_x"]}]}]}]},
               {"field-id": 9, "names": ["m"], "fields": [
                   {"field-id": 10, "names": ["key"]}, {"field-id": 11, "names": ["value"]}]}]
    t = Made("mapped", fields,
             properties={"schema.name-mapping.default": json.dumps(mapping)})
    given = {"id": 1, "k": "k", "v": 3, "s": {"a": 4, "l": [{"x": "x"}, None]}, "m": [("q", 5)]}
    old = [field(0, "_id", "long"), field(0, "k", "string"), field(0, "v", "int"),
           field(0, "st.ruct", struct_of(field(0, "a", "int"), field(0, "l", list_of(
               0, struct_of(field(0, "old_x", "string"))))))]
    older = {"_id": 2, "k": "lost", "v": 7, "st.ruct": {"a": None, "l": [{"old_x": "y"}]}}
    a, b = t.data([given], ids=False), t.data([older, {"_id": 3, "st.ruct": None}], old, ids=False)
    t.commit(a, b, t.data([{"id": 4, "k": "ids"}]))
    t.commit(t.positions([(b, 1)]))
    t.publish()
    same(sql("FROM x.mapped ORDER BY id"), [
        {"id": 1, "k": None, "v": 3, "s": {"a": 4, "l": [{"x": "x"}, None]}, "m": {"q": 5}},
        {"id": 2, "k": None, "v": 7, "s": {"a": None, "l": [{"x": "y"}]}, "m": None},
        {"id": 4, "k": "ids", "v": None, "s": None, "m": None}])
    agree(t, "--without", "pyiceberg")


@suite.case
def no_mapping():
    """A mapping that names nothing gives nulls; columns may be found by the partition alone."""
    t = Made("unmapped", KEYED, properties={"schema.name-mapping.default": "[]"})
    t.commit(t.data(rows(0, 2), ids=False))
    t.publish()
    same(sql("FROM x.unmapped"), [{"id": None, "k": None, "v": None}] * 2)
    t.properties["schema.name-mapping.default"] = "{not json"
    t.publish()
    contains(sql("FROM x.unmapped", want=1), "schema.name-mapping.default", "not JSON")


# --- defaults -----------------------------------------------------------------------------------

DEFAULTS = {
    "boolean": (True, True), "int": (-5, -5), "long": (2**53 + 1, 2**53 + 1), "float": (1.5, 1.5),
    "double": (0.1, 0.1), "decimal(9,2)": ("14.20", 14.20), "date": ("2017-11-16", "2017-11-16"),
    "time": ("22:31:08.123456", "22:31:08.123456"),
    "timestamp": ("2017-11-16T22:31:08.123456", "2017-11-16 22:31:08.123456"),
    "timestamptz": ("2017-11-16T22:31:08.123456+00:00", "2017-11-16 22:31:08.123456+00"),
    "timestamp_ns": ("2017-11-16T22:31:08.123456789", "2017-11-16 22:31:08.123456789"),
    "string": ("it's \"q\"", "it's \"q\""),
    "uuid": ("f79c3e09-677c-4bbd-a479-3f349cb785e7", "f79c3e09-677c-4bbd-a479-3f349cb785e7"),
    "fixed[3]": ("00ff41", "00FF41"), "binary": ("0001", "0001")}


@suite.case
def defaults_of_every_type():
    """Old rows have the initial default, new rows what they were written with, null included."""
    t = Made("defaults", KEYED[:1], version=3)
    t.commit(t.data([{"id": 0}]))
    new = [field(10 + i, f"c{i}", kind, **{"initial-default": given, "write-default": None})
           for i, (kind, (given, _)) in enumerate(DEFAULTS.items())]
    t.evolve(KEYED[0], *new)
    t.commit(t.data([{"id": 1}]))
    t.publish()
    shown = ", ".join(f"hex(c{i}) AS c{i}" if kind in ("binary", "fixed[3]") else
                      f"CAST(c{i} AS VARCHAR) AS c{i}" if "time" in kind or kind == "uuid" else
                      f"c{i}" for i, kind in enumerate(DEFAULTS))
    found = sql(f"SELECT id, {shown} FROM x.defaults ORDER BY id")
    wanted = {f"c{i}": w for i, (_, w) in enumerate(DEFAULTS.values())}
    same(found[0], {"id": 0, **wanted})
    same(found[1], {"id": 1, **{name: None for name in wanted}})
    same(sql("SELECT id FROM x.defaults WHERE c1 = -5"), [{"id": 0}])
    same(sql("SELECT id FROM x.defaults WHERE c1 IS NULL"), [{"id": 1}])
    t.schemas = [t.schemas[0]]  # agree.py knows no timestamp_ns
    t.evolve(KEYED[0], *(f for f in new if f["type"] != "timestamp_ns"))
    t.snapshots[-1]["schema-id"] = 1
    t.publish()
    agree(t, "--without", "pyiceberg")


@suite.case
def defaults_in_structs():
    inner = struct_of(field(5, "a", "int"))
    t = Made("nested_defaults", [KEYED[0], field(4, "s", inner), field(7, "l", list_of(8, inner | {
        "fields": [field(9, "a", "int")]}))], version=3)
    t.commit(t.data([{"id": 0, "s": {"a": 1}, "l": [{"a": 1}, None]}, {"id": 1, "s": None}]))
    b = field(6, "b", "string", **{"initial-default": "new"})
    c = field(10, "b", "long", **{"initial-default": 7})
    whole = field(11, "w", struct_of(field(12, "x", "int", **{"initial-default": 3}),
                                     field(13, "y", "int")), **{"initial-default": {}})
    t.evolve(KEYED[0], field(4, "s", struct_of(field(5, "a", "int"), b)),
             field(7, "l", list_of(8, struct_of(field(9, "a", "int"), c))), whole)
    t.publish()
    same(sql("FROM x.nested_defaults ORDER BY id"), [
        {"id": 0, "s": {"a": 1, "b": "new"}, "l": [{"a": 1, "b": 7}, None],
         "w": {"x": 3, "y": None}},
        {"id": 1, "s": None, "l": None, "w": {"x": 3, "y": None}}])


# --- types --------------------------------------------------------------------------------------

@suite.case
def nanoseconds():
    """As columns, in a partition by day, in bounds that prune."""
    fields = [KEYED[0], field(2, "t", "timestamp_ns")]
    spec = {"spec-id": 0, "fields": [{"source-id": 2, "field-id": 1000, "name": "t_day",
                                      "transform": "day"}]}
    t = Made("nanos", fields, version=3, specs=[spec], results={"t_day": "date"})
    day = 86400 * 10**9
    for n in range(3):
        at = NS + n * day
        bound = [{"key": 2, "value": at.to_bytes(8, "little")}]
        t.commit(t.data([{"id": n, "t": at}], partition={
            "t_day": datetime.date(2023, 11, 14 + n)}, lower_bounds=bound, upper_bounds=bound))
    t.publish()
    same(sql("SELECT CAST(t AS VARCHAR) AS t FROM x.nanos WHERE id = 1"),
         [{"t": "2023-11-15 22:13:20.123456789"}])
    where = "t = TIMESTAMP_NS '2023-11-16 22:13:20.123456789'"
    same(sql(f"SELECT id FROM x.nanos WHERE {where}"), [{"id": 2}])
    same(sql("SELECT id FROM x.nanos WHERE t > TIMESTAMP_NS '2023-11-15 22:13:20.123456788' "
             "ORDER BY id"), [{"id": 1}, {"id": 2}])
    same(sql("SELECT id FROM x.nanos WHERE t > TIMESTAMP '2023-11-15 23:00:00'"), [{"id": 2}])
    done = firn("sql", str(Made.home), f"SELECT id FROM x.nanos WHERE {where}", "--plan")
    if done.exit == 0:
        contains(done.out + done.err, "1")


@suite.case
def nanoseconds_with_a_zone():
    """The engine would drop their last digits: refused, whatever is asked."""
    t = Made("zoned", [KEYED[0], field(2, "z", "timestamptz_ns")], version=3)
    t.commit(t.data([{"id": 1, "z": NS}]))
    t.publish()
    done = firn("sql", str(Made.home), "SELECT id FROM x.zoned", want=1)
    contains(done.err, "E9003", "'z'", "timestamptz_ns", "microsecond")


@suite.case
def unknown_and_widened():
    """unknown is null and in no file; it may become anything, a date a timestamp."""
    t = Made("widened", [KEYED[0], field(2, "u", "unknown"), field(3, "d", "date"),
                         field(4, "s", struct_of(field(5, "d", "date"), field(6, "u", "unknown")))],
             version=3)
    day = datetime.date(2024, 2, 29)
    files = [KEYED[0], field(3, "d", "date"), field(4, "s", struct_of(field(5, "d", "date")))]
    bound = [{"key": 3, "value": (19782).to_bytes(4, "little")}]
    t.commit(t.data([{"id": 1, "d": day, "s": {"d": day}}], files, lower_bounds=bound,
                    upper_bounds=bound))
    t.publish()
    same(sql("FROM x.widened"), [{"id": 1, "u": None, "d": "2024-02-29",
                                  "s": {"d": "2024-02-29", "u": None}}])
    same(sql("SELECT id FROM x.widened WHERE u IS NULL"), [{"id": 1}])
    t.evolve(KEYED[0], field(2, "u", "string"), field(3, "d", "timestamp"),
             field(4, "s", struct_of(field(5, "d", "timestamp_ns"), field(6, "u", "int"))))
    t.commit(t.data([{"id": 2, "u": "now", "d": datetime.datetime(2024, 3, 1, 12),
                      "s": {"d": NS, "u": 3}}]))
    t.publish()
    same(sql("SELECT id, u, CAST(d AS VARCHAR) AS d, CAST(s.d AS VARCHAR) AS sd, s.u AS su "
             "FROM x.widened ORDER BY id"), [
        {"id": 1, "u": None, "d": "2024-02-29 00:00:00", "sd": "2024-02-29 00:00:00", "su": None},
        {"id": 2, "u": "now", "d": "2024-03-01 12:00:00", "sd": "2023-11-14 22:13:20.123456789",
         "su": 3}])
    same(sql("SELECT id FROM x.widened WHERE d >= TIMESTAMP '2024-02-29 00:00:00' "
             "AND d < TIMESTAMP '2024-02-29 00:00:01'"), [{"id": 1}])
    same(sql("SELECT id FROM x.widened WHERE d > TIMESTAMP '2024-02-29 00:00:00'"), [{"id": 2}])


@suite.case
def foreign_types():
    """Refused by name where they are read; not where they only once were."""
    for kind in ("variant", "geometry", "geometry(srid:4326)", "geography(srid:4326, spherical)"):
        name = "f_" + "".join(c for c in kind if c.isalpha())
        t = Made(name, KEYED[:1], version=3)
        t.commit(t.data([{"id": 1}]))
        t.evolve(KEYED[0], field(2, "shape", kind))
        t.publish()
        contains(sql(f"FROM x.{name}", want=1), "shape", kind, "E9003")
        done = firn("tables", str(Made.home), want=0)
        contains(done.out, name)
        t.evolve(KEYED[0])
        t.publish()
        same(sql(f"FROM x.{name}"), [{"id": 1}])
        t.evolve(KEYED[0], field(3, "s", struct_of(field(4, "deep", kind))))
        t.publish()
        contains(sql(f"FROM x.{name}", want=1), "'s'", "'deep'", kind)


@suite.case
def encryption():
    t = Made("encrypted", KEYED, version=3)
    t.commit(t.data(rows(0, 3), key_metadata=b"secret"))
    t.publish()
    contains(sql("FROM x.encrypted", want=1), "encrypted", "key_metadata", "E9003")
    t = Made("encrypted_list", KEYED, version=3)
    t.commit(t.data(rows(0, 3)))
    t.snapshots[-1]["key-id"] = "k1"
    t.extra = {"encryption-keys": [{"key-id": "k1", "encrypted-key-metadata": "AAAA"}]}
    t.publish()
    contains(sql("FROM x.encrypted_list", want=1), "encrypted", "key-id", "E9003")


@suite.case
def versions():
    t = Made("version_4", KEYED, version=3)
    t.commit(t.data(rows(0, 3)))
    t.extra = {"format-version": 4}
    t.publish()
    contains(sql("FROM x.version_4", want=1), "format version 4", "1 to 3")
    t = Made("no_next_row_id", KEYED, version=3)
    t.extra = {"next-row-id": None}
    t.publish()
    contains(sql("FROM x.no_next_row_id", want=1), "next-row-id")


# --- row ids and metadata columns ---------------------------------------------------------------

LINEAGE = "id, _row_id AS r, _last_updated_sequence_number AS s"


@suite.case
def row_ids():
    """Given by the table, in order; a row that was moved brings its own."""
    t = Made("lineage", KEYED, version=3)
    t.next_row_id = 1000
    a, b = t.data(rows(0, 5)), t.data(rows(5, 5))
    t.commit(a, b)
    stored = [*KEYED, field(2147483540, "_row_id", "long"),
              field(2147483539, "_last_updated_sequence_number", "long")]
    moved = [{"id": 2, "k": "m", "v": 0, "_row_id": 1002, "_last_updated_sequence_number": 1},
             {"id": 3, "k": "u", "v": 1, "_row_id": 1003, "_last_updated_sequence_number": None},
             {"id": 20, "k": "n", "v": 2}]
    t.commit(*t.vectors([(a, [2, 3])]), t.data(moved, stored), t.data(rows(30, 2)))
    t.publish()
    wanted = [{"id": i, "r": 1000 + i, "s": 1} for i in (0, 1, 4, 5, 6, 7, 8, 9)] + [
        {"id": 2, "r": 1002, "s": 1}, {"id": 3, "r": 1003, "s": 2}, {"id": 20, "r": 1012, "s": 2},
        {"id": 30, "r": 1013, "s": 2}, {"id": 31, "r": 1014, "s": 2}]
    same(sql(f"SELECT {LINEAGE} FROM x.lineage ORDER BY id"), sorted(wanted, key=lambda r: r["id"]))
    same(sql("SELECT id FROM x.lineage WHERE _row_id = 1003"), [{"id": 3}])
    same(list(sql("FROM x.lineage LIMIT 1")[0]), ["id", "k", "v"])


@suite.case
def places_of_rows():
    t = Made("places", KEYED, specs=[{"spec-id": 0, "fields": []}, {
        "spec-id": 1, "fields": [{"source-id": 2, "field-id": 1000, "name": "k",
                                  "transform": "identity"}]}], results={"k": "string"})
    a = t.data(rows(0, 5))
    b = t.data(rows(5, 5), spec=1, partition={"k": "a"})
    t.commit(a, b, t.positions([(a, 0)]), t.equality([{"id": 6}], [KEYED[0]], [1]))
    t.publish()
    wanted = [{"id": i, "f": (a if i < 5 else b)["file_path"], "p": i % 5, "s": int(i >= 5),
               "r": None} for i in range(1, 10)]
    same(sql("SELECT id, _file AS f, _pos AS p, _spec_id AS s, _row_id AS r FROM x.places "
             "ORDER BY id"), wanted)
    same(sql("SELECT id FROM x.places WHERE _pos = 3 ORDER BY id"), [{"id": 3}, {"id": 8}])
    same(sql(f"SELECT count(*) AS n FROM x.places WHERE _file = '{b['file_path']}'"), [{"n": 5}])
    t.evolve(field(1, "_pos", "long"), KEYED[1])
    t.publish()
    same(sql("SELECT _pos FROM x.places WHERE _pos = 4"), [{"_pos": 4}])


# --- written by firn ----------------------------------------------------------------------------

def manifests(lake, name):
    m = metadata_of(lake, name)
    s = next(s for s in m["snapshots"] if s["snapshot-id"] == m["current-snapshot-id"])
    with open(path_of(s["manifest-list"]), "rb") as f:
        return m, s, list(fastavro.reader(f))


def entries(manifest):
    with open(path_of(manifest["manifest_path"]), "rb") as f:
        return list(fastavro.reader(f))


def row_numbers(lake, name):
    return sql(f"SELECT id, _row_id AS r, _last_updated_sequence_number AS s FROM {name} "
               "ORDER BY id", lake=lake)


@suite.case
def made_by_firn():
    """format_version: 3 of an ingest entry, a namespace and a model."""
    p = Project("{from: 'drop.a/*.json', into: raw.t, format_version: 3}",
                "namespaces: {v3: {format_version: 3}}\n")
    p.model("v3.m", "SELECT id, v FROM raw.t\n")
    p.model("plain.m", "/* firn\nformat_version: 3\n*/\nSELECT id FROM raw.t\n")
    p.model("old.m", "SELECT id FROM raw.t\n")
    for n in range(3):
        p.write(f"a/{n}.json", lines(*({"id": n * 10 + i, "v": i} for i in range(4))))
        p.run()
    for name, version in (("raw.t", 3), ("v3.m", 3), ("plain.m", 3), ("old.m", 2)):
        same(metadata_of(p.lake, name)["format-version"], version, name)
    m, s, listed = manifests(p.lake, "raw.t")
    same((m["next-row-id"], s["first-row-id"], s["added-rows"]), (12, 8, 4))
    same(sorted(x["first_row_id"] for x in listed), [0, 4, 8])
    same(row_numbers(p.lake, "raw.t"),
         [{"id": n * 10 + i, "r": n * 4 + i, "s": n + 1} for n in range(3) for i in range(4)])
    m, s, listed = manifests(p.lake, "v3.m")  # replaced twice: 4, 8, 12 rows
    same((m["next-row-id"], s["first-row-id"], s["added-rows"]), (24, 12, 12))
    same(sorted(r["r"] for r in row_numbers(p.lake, "v3.m")), list(range(12, 24)))
    same(sorted(r["id"] for r in table(p.lake, "raw.t").scan().to_arrow().to_pylist()),
         [n * 10 + i for n in range(3) for i in range(4)])
    lint(p.lake)
    check_tool("agree.py", p.lake / "catalog.db")


@suite.case
def ids_stay_when_manifests_are_merged():
    p = Project("{from: 'drop.a/*.json', into: raw.t, format_version: 3, "
                "properties: {commit.manifest.min-count-to-merge: '2'}}")
    before, spent = {}, 0
    for n in range(6):
        p.write(f"a/{n}.json", lines(*({"id": n * 10 + i} for i in range(n + 1))))
        p.run()
        now = {r["id"]: (r["r"], r["s"]) for r in row_numbers(p.lake, "raw.t")}
        same({i: now[i] for i in before}, before, f"run {n}")
        same(len({r for r, _ in now.values()}), len(now), f"run {n}")
        assert all(r >= spent for i, (r, _) in now.items() if i not in before), (now, spent)
        m, _, listed = manifests(p.lake, "raw.t")
        before, spent = now, m["next-row-id"]
        assert max(r for r, _ in now.values()) < spent
    assert len(listed) < 6, "nothing was merged"
    lint(p.lake)
    check_tool("agree.py", p.lake / "catalog.db")


@suite.case
def wrong_format_version():
    p = Project("{from: 'drop.a/*.json', into: raw.t, format_version: 4}")
    done = p.firn("check")
    same(done.exit, 2, done)
    contains(done.err, "format_version", "3")


def adopted(name, version, *commits):
    """A project into whose catalog a hand-made table x.NAME goes, landing into it."""
    p = Project(f"{{from: 'drop.a/*.json', into: x.{name}}}", name=name)
    Made.home = p.lake
    t = Made(name, KEYED, version=version)
    return p, t


@suite.case
def upgraded():
    """Deletes of version 2 survive the upgrade and firn's append; all rows get ids with it."""
    home = Made.home
    try:
        p, t = adopted("up", 2)
        a, b = t.data(rows(0, 10)), t.data(rows(10, 10))
        t.commit(a, b)
        t.commit(t.positions([(a, 1)]), t.equality([{"id": 15}], [KEYED[0]], [1]))
        t.publish()
        left = [i for i in range(20) if i not in (1, 15)]
        firn("alter", "x.up", "set", "format-version=3", cwd=p.folder, want=0)
        m = metadata_of(p.lake, "x.up")
        same((m["format-version"], m["next-row-id"]), (3, 0))
        same([r["r"] for r in row_numbers(p.lake, "x.up")], [None] * 18)
        p.write("a/1.json", lines({"id": 15, "k": "new", "v": 1}, {"id": 40, "k": "n", "v": 2}))
        p.run()
        m, s, listed = manifests(p.lake, "x.up")
        same((m["next-row-id"], s["first-row-id"], s["added-rows"]), (22, 0, 22))
        same([x["added_files_count"] for x in listed if x["content"] == 1], [2])
        found = row_numbers(p.lake, "x.up")
        same([r["id"] for r in found], sorted([*left, 15, 40]))
        same(len({r["r"] for r in found}), 20)
        same([r["r"] is None for r in found], [False] * 20)
        check_tool("agree.py", "--sqlite", p.lake / "catalog.db", "--table", "x.up", "--without",
                   "pyiceberg")
    finally:
        Made.home = home


@suite.case
def vectors_survive_an_append():
    home = Made.home
    try:
        p, t = adopted("dv", 3)
        a = t.data(rows(0, 10))
        t.commit(a)
        t.commit(*t.vectors([(a, [0, 9])]))
        t.publish()
        p.write("a/1.json", lines({"id": 40, "k": "n", "v": 2}))
        p.run()
        same([r["id"] for r in row_numbers(p.lake, "x.dv")], [*range(1, 9), 40])
        same([r["r"] for r in row_numbers(p.lake, "x.dv")], [*range(1, 9), 10])
        check_tool("agree.py", "--sqlite", p.lake / "catalog.db", "--table", "x.dv")
    finally:
        Made.home = home


@suite.case
def replaced_with_its_deletes():
    """firn's replace removes the delete files too, and says so."""
    home = Made.home
    try:
        for version in (2, 3):
            p, t = adopted(f"rep{version}", version)
            a = t.data(rows(0, 10))
            t.commit(a)
            t.commit(*(t.vectors([(a, [0, 9])]) if version == 3 else [t.positions([(a, 0)])]),
                     t.equality([{"id": 5}], [KEYED[0]], [1]))
            t.publish()
            p.describe(f"{{from: 'drop.a/*.json', into: x.{t.name}, write: replace}}")
            p.write("a/1.json", lines({"id": 5, "k": "n", "v": 2}, {"id": 0, "k": "n", "v": 2}))
            p.run()
            same([r["id"] for r in row_numbers(p.lake, f"x.{t.name}")], [0, 5])
            m, s, listed = manifests(p.lake, f"x.{t.name}")
            gone = [e for x in listed if x["content"] == 1 for e in entries(x)]
            same([e["status"] for e in gone], [2, 2])
            summary = s["summary"]
            same([summary[k] for k in ("removed-delete-files", "removed-equality-deletes",
                                       "removed-position-deletes", "total-delete-files",
                                       "total-position-deletes", "total-equality-deletes")],
                 ["2", "1", "2" if version == 3 else "1", "0", "0", "0"])
            check_tool("agree.py", "--sqlite", p.lake / "catalog.db", "--table", f"x.{t.name}")
    finally:
        Made.home = home


suite.end()

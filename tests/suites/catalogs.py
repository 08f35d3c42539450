#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""The SQLite file as Iceberg's JDBC catalog: made by PyIceberg or by firn, in both of its versions,
read, written and kept as it is by the other one; odd names; rows that are no tables."""
import datetime
import json
import pathlib
import shutil
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (Project, Suite, agree, check_tool, contains, firn, rows,  # noqa: E402
                     same, table)

suite = Suite()

import pyarrow as pa  # noqa: E402
from pyiceberg.catalog.sql import SqlCatalog  # noqa: E402
from pyiceberg.exceptions import NoSuchTableError  # noqa: E402
from pyiceberg.schema import Schema  # noqa: E402
from pyiceberg.types import LongType, NestedField, StringType  # noqa: E402

V0 = """
CREATE TABLE iceberg_tables(catalog_name VARCHAR(255) NOT NULL,
 table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL,
 metadata_location VARCHAR(1000), previous_metadata_location VARCHAR(1000),
 PRIMARY KEY (catalog_name, table_namespace, table_name));
CREATE TABLE iceberg_namespace_properties(catalog_name VARCHAR(255) NOT NULL,
 namespace VARCHAR(255) NOT NULL, property_key VARCHAR(255), property_value VARCHAR(1000),
 PRIMARY KEY (catalog_name, namespace, property_key));"""
ADD_TYPE = "ALTER TABLE iceberg_tables ADD COLUMN iceberg_type VARCHAR(5);"
LANDING = "{from: 'drop.*.json', into: raw.t}"


def query(path, sql, *values):
    with sqlite3.connect(path) as db:
        return db.execute(sql, values).fetchall()


def execute(path, script):
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as db:
        db.executescript(script)


def layout(path):
    """The tables of the file with their columns, types, and what is their key."""
    return {t: query(path, f"SELECT name, type, \"notnull\", pk FROM pragma_table_info('{t}')")
            for t in ("iceberg_tables", "iceberg_namespace_properties")}


def columns(path):
    return [r[0] for r in layout(path)["iceberg_tables"]]


def py_catalog(p, name="lake", **more):
    return SqlCatalog(name, uri=f"sqlite:///{p.lake}/catalog.db", warehouse=f"file://{p.lake}",
                      **more)


def land(p, n, ids):
    p.write(f"{n}.json", "".join(f'{{"id": {i}}}\n' for i in ids))
    p.run()


def append(ice, ids):
    stamp = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
    names = ice.schema().column_names
    data = [{"id": i, **({"x_loaded_at": stamp} if "x_loaded_at" in names else {})} for i in ids]
    ice.append(pa.Table.from_pylist(data, schema=ice.schema().as_arrow()))


def ids_of(p, name="raw.t"):
    """What firn and PyIceberg read, which is the same."""
    ours = sorted(r["id"] for r in p.sql(f"SELECT id FROM {name}"))
    same(ours, sorted(r["id"] for r in rows(p.lake, name)))
    return ours


# --- the file -----------------------------------------------------------------------------------

@suite.case
def made_by_firn_as_pyiceberg_makes_it():
    """The same tables, columns, types and keys."""
    p, q = Project(LANDING), Project(name="other")
    land(p, 0, [1])
    q.lake.mkdir(parents=True)
    py_catalog(q).create_namespace("raw")
    mine, theirs = layout(p.lake / "catalog.db"), layout(q.lake / "catalog.db")
    for t, found in mine.items():
        same([(c, pk > 0) for c, _, _, pk in found], [(c, pk > 0) for c, _, _, pk in theirs[t]], t)
        same([type_ for _, type_, _, _ in found], [type_ for _, type_, _, _ in theirs[t]], t)
    same(query(p.lake / "catalog.db", "PRAGMA journal_mode"), [("wal",)])
    row, = query(p.lake / "catalog.db", "SELECT * FROM iceberg_tables")
    same((row[:3], row[4:]), (("lake", "raw", "t"), (None, "TABLE")))
    land(p, 1, [2])
    new, = query(p.lake / "catalog.db", "SELECT * FROM iceberg_tables")
    same(new[4], row[3], "previous metadata")
    assert new[3].startswith("file:///") and pathlib.Path(new[3][7:]).is_file()


def both_work_on(p):
    """Landings and appends in turn."""
    land(p, 0, [0, 1])
    append(table(p.lake, "raw.t"), [2, 3])
    land(p, 1, [4])
    append(table(p.lake, "raw.t"), [5])
    same(ids_of(p), [0, 1, 2, 3, 4, 5])
    agree(p.lake)


@suite.case
def version_1():
    p = Project(LANDING)
    execute(p.lake / "catalog.db", V0 + ADD_TYPE)
    both_work_on(p)
    same(query(p.lake / "catalog.db", "SELECT iceberg_type FROM iceberg_tables"), [("TABLE",)])
    check_tool("lint.py", p.lake / "catalog.db")


@suite.case
def version_0_is_kept():
    """Without the column iceberg_type Java reads and writes it as V0: firn does not add it."""
    p = Project(LANDING)
    execute(p.lake / "catalog.db", V0)
    land(p, 0, [1, 2])
    same(columns(p.lake / "catalog.db"), ["catalog_name", "table_namespace", "table_name",
                                          "metadata_location", "previous_metadata_location"])
    land(p, 1, [3])
    p.model("m.copy", "SELECT * FROM raw.t")
    p.run()
    same(sorted(r["id"] for r in p.sql("SELECT id FROM m.copy")), [1, 2, 3])
    contains(p.firn("tables", want=0).out, "raw.t", "m.copy")
    assert "iceberg_type" not in columns(p.lake / "catalog.db")
    append(table(p.lake, "raw.t"), [4])
    land(p, 2, [5])
    same(ids_of(p), [1, 2, 3, 4, 5])
    assert "iceberg_type" not in columns(p.lake / "catalog.db")
    execute(p.lake / "catalog.db", ADD_TYPE)  # what Java does when it is told to
    land(p, 3, [6])
    append(table(p.lake, "raw.t"), [7])
    same(ids_of(p), [1, 2, 3, 4, 5, 6, 7])
    same(query(p.lake / "catalog.db", "SELECT DISTINCT iceberg_type FROM iceberg_tables"),
         [(None,)])


@suite.case
def a_table_without_its_type_is_a_table():
    p = Project(LANDING)
    land(p, 0, [1])
    execute(p.lake / "catalog.db", "UPDATE iceberg_tables SET iceberg_type = NULL;")
    land(p, 1, [2])
    same(sorted(r["id"] for r in p.sql("SELECT id FROM raw.t")), [1, 2])
    contains(p.firn("tables", want=0).out, "raw.t")


@suite.case
def views_are_no_tables():
    """A row that is a view: listed as one, not read as a table, not written over."""
    p = Project(LANDING)
    land(p, 0, [1])
    execute(p.lake / "catalog.db", "INSERT INTO iceberg_tables SELECT catalog_name, 'raw', 'v', "
            "metadata_location, NULL, 'VIEW' FROM iceberg_tables;")
    listed = json.loads(p.firn("tables", "--json", want=0).out)
    same(([t["table"] for t in listed["tables"]], listed["views"]),
         (["t"], [{"namespace": "raw", "view": "v"}]))
    contains(p.firn("sql", "FROM raw.v", want=1).err, "view", "'raw'.'v'")  # it is none inside
    p.describe("{from: 'drop.*.json', into: raw.v}")
    done = p.run(want=1)
    contains(done.err, "raw", "v", "is a view")
    assert done.seconds < 20, done
    same(query(p.lake / "catalog.db", "SELECT iceberg_type, previous_metadata_location FROM "
               "iceberg_tables WHERE table_name = 'v'"), [("VIEW", None)])


@suite.case
def other_catalogs_in_one_file():
    """catalog_name is part of the key: tables of another catalog are neither seen nor touched."""
    p = Project(LANDING)
    land(p, 0, [1])
    other = py_catalog(p, "other")
    other.create_namespace("raw")
    ice = other.create_table("raw.t", Schema(NestedField(1, "id", LongType(), required=False)),
                             location=f"file://{p.lake}/other/raw/t")
    ice.append(pa.table({"id": pa.array([100], pa.int64())}))
    land(p, 1, [2])
    same(ids_of(p), [1, 2])
    same(ice.refresh().scan().to_arrow().to_pylist(), [{"id": 100}])
    listed = p.firn("tables", want=0).out
    same(listed.count("raw.t"), 1)
    p.write("../firn.yml", (p.folder / "firn.yml").read_text().replace("name: lake", "name: other"))
    same(p.sql("SELECT id FROM other.raw.t"), [{"id": 100}])


@suite.case
def no_catalog_at_all():
    p = Project(LANDING)
    p.lake.mkdir(parents=True)
    (p.lake / "catalog.db").write_bytes(b"this is no database, but long enough to look at " * 20)
    before = (p.lake / "catalog.db").read_bytes()
    p.write("0.json", '{"id": 1}\n')
    contains(p.run(want=1).err, "catalog.db")
    same((p.lake / "catalog.db").read_bytes(), before)
    contains(firn("sql", str(p.lake), "FROM raw.t").err, "catalog.db")
    (p.lake / "catalog.db").unlink()
    execute(p.lake / "catalog.db", "CREATE TABLE something(else_ TEXT);")
    done = firn("sql", str(p.lake), "FROM raw.t")
    same(done.exit, 1)
    contains(done.err, "catalog.db", "no Iceberg catalog")


# --- made by PyIceberg --------------------------------------------------------------------------

@suite.case
def made_by_pyiceberg():
    """Catalog, namespace and table by PyIceberg; firn reads, lands into it, and adds tables."""
    p = Project(LANDING)
    p.lake.mkdir(parents=True)
    cat = py_catalog(p)
    cat.create_namespace("raw", {"owner": "somebody"})
    ice = cat.create_table("raw.t", Schema(NestedField(1, "id", LongType(), required=False),
                                           NestedField(2, "name", StringType(), required=False)),
                           properties={"owner": "somebody", "write.parquet.compression-codec":
                                       "zstd"})
    same(ids_of(p), [])
    ice.append(pa.table({"id": pa.array([1, 2], pa.int64()), "name": ["a", None]}))
    same(ids_of(p), [1, 2])
    p.write("0.json", '{"id": 3, "name": "c", "new": 1.5}\n')
    p.run()
    found = sorted(rows(p.lake, "raw.t"), key=lambda r: r["id"])
    same(found, [{"id": 1, "name": "a", "new": None}, {"id": 2, "name": None, "new": None},
                 {"id": 3, "name": "c", "new": 1.5}])
    same(p.sql("SELECT * EXCLUDE (x_loaded_at) FROM raw.t ORDER BY id"), found)
    same(table(p.lake, "raw.t").properties["owner"], "somebody")
    same(cat.load_namespace_properties("raw")["owner"], "somebody")
    p.model("m.sums", "SELECT sum(id) AS s FROM raw.t")
    p.run()
    same(rows(p.lake, "m.sums", drop=())[0]["s"], 6)
    same(sorted(cat.list_tables("m")), [("m", "sums")])
    agree(p.lake)
    check_tool("lint.py", p.lake / "catalog.db")


@suite.case
def tables_that_pyiceberg_renames_drops_and_makes_again():
    p = Project(LANDING)
    land(p, 0, [1, 2])
    cat = py_catalog(p)
    cat.create_namespace("kept")
    cat.rename_table("raw.t", "kept.u")
    same(ids_of(p, "kept.u"), [1, 2])
    same(p.firn("sql", "FROM raw.t").exit, 1)
    p.describe("{from: 'drop.*.json', into: kept.u}")
    land(p, 1, [3])
    same(ids_of(p, "kept.u"), [1, 2, 3])
    cat.drop_table("kept.u")
    p.run()  # nothing is left that says what was landed: all of it comes again
    same(ids_of(p, "kept.u"), [1, 2, 3])
    same(len(table(p.lake, "kept.u").metadata.snapshots), 1)


# --- made by firn -------------------------------------------------------------------------------

@suite.case
def pyiceberg_goes_on_with_firns():
    p = Project(LANDING)
    land(p, 0, [1])
    p.model("deep.er.copy", "SELECT * FROM raw.t")
    p.run()
    cat = py_catalog(p)
    same(sorted(cat.list_tables("raw")), [("raw", "t")])
    same(sorted(cat.list_tables("deep.er")), [("deep", "er", "copy")])
    assert {("raw",), ("deep",)} <= set(cat.list_namespaces()), cat.list_namespaces()
    assert ("deep", "er") in cat.list_namespaces("deep")
    same(cat.load_table("deep.er.copy").scan().to_arrow()["id"].to_pylist(), [1])
    append(cat.load_table("raw.t"), [2])
    made = cat.create_table("raw.theirs", cat.load_table("raw.t").schema())
    append(made, [7])
    same(ids_of(p, "raw.theirs"), [7])
    cat.create_namespace("empty")
    contains(p.firn("tables", want=0).out, "raw.theirs", "deep.er.copy")
    land(p, 1, [3])
    same(ids_of(p), [1, 2, 3])
    cat.drop_table("raw.theirs")
    same(p.firn("sql", "FROM raw.theirs").exit, 1)
    agree(p.lake)


@suite.case
def who_comes_second_begins_anew():
    """PyIceberg appends on top of metadata that firn replaced meanwhile: its commit is refused, it
    tries again on top of firn's, and nothing is lost; so with a change of the schema."""
    p = Project(LANDING)
    land(p, 0, [1])
    stale, older = table(p.lake, "raw.t"), table(p.lake, "raw.t")
    land(p, 1, [2])
    append(stale, [99])
    same(ids_of(p), [1, 2, 99])
    land(p, 2, [3])
    with older.update_schema() as change:
        change.add_column("new", LongType())
    same(ids_of(p), [1, 2, 3, 99])
    assert "new" in table(p.lake, "raw.t").schema().column_names


# --- names --------------------------------------------------------------------------------------

NAMES = ["UPPER.Case", "select.from", "a b.c d", "dash-ed.ta-ble", "ünï.çödé", "日本.表", "n1.2x",
         "dot.ted.name.space", "quo'te.ap'ostrophe", 'dou"ble.quo"te', "per%cent.100%25",
         "under_score._t", "ha#sh.que?stion", "x.a=b", "plus+.a&b", "semi;colon.c,omma", "😀.🎉",
         "br[a]ck.et{s}", "star*.s*tar", "back\\slash.back\\slash", "lake.lake", "$.$1", "main.t"]


def quoted(name):
    namespace, _, last = name.rpartition(".")
    both = [n.replace('"', '""') for n in (namespace, last)]
    return f'"{both[0]}"."{both[1]}"'


@suite.case
def odd_names():
    """Each by firn, read and appended to by PyIceberg, and read back."""
    import json
    p = Project([f"{{from: 'drop.t{i}.*.json', into: {json.dumps(n, ensure_ascii=False)}}}"
                 for i, n in enumerate(NAMES)])
    for i in range(len(NAMES)):
        p.write(f"t{i}.0.json", f'{{"id": {i}}}\n')
    p.run()
    cat = py_catalog(p)
    for i, name in enumerate(NAMES):
        try:
            ice = cat.load_table(tuple(name.rsplit(".", 1)))
            same(ice.scan().to_arrow()["id"].to_pylist(), [i])
            append(ice, [100 + i])
            full = "lake." if i % 2 else ""
            same(p.sql(f"SELECT id FROM {full}{quoted(name)} ORDER BY id"),
                 [{"id": i}, {"id": 100 + i}])
            p.write(f"t{i}.1.json", f'{{"id": {200 + i}}}\n')
        except Exception as why:
            raise AssertionError(f"{name}: {why}") from why
    p.run()
    for i, name in enumerate(NAMES):
        same(sorted(r["id"] for r in rows(p.lake, name)), [i, 100 + i, 200 + i], name)
    contains(p.firn("show", NAMES[3], want=0).out, "id")
    contains(p.firn("tables", want=0).out, *NAMES[:9])
    agree(p.lake)


@suite.case
def odd_names_of_pyiceberg():
    p = Project()
    p.lake.mkdir(parents=True)
    cat = py_catalog(p)
    schema = Schema(NestedField(1, "id", LongType(), required=False))
    for i, name in enumerate(NAMES):
        ident = tuple(name.rsplit(".", 1))
        cat.create_namespace_if_not_exists(ident[0])
        ice = cat.create_table(ident, schema, location=f"file://{p.lake}/t/{i}")
        ice.append(pa.table({"id": pa.array([i], pa.int64())}))
        same(p.sql(f"SELECT id FROM {quoted(name)}"), [{"id": i}], name)
    try:
        cat.load_table("raw.nope")
        raise AssertionError("found")
    except NoSuchTableError:
        pass
    shutil.copy(p.lake / "catalog.db", p.folder / "again.db")
    contains(p.firn("tables", want=0).out, *NAMES[:9])


@suite.case
def names_that_differ_in_case():
    """SQL does not tell them apart; the catalog does: the very letters decide."""
    p = Project(LANDING)
    land(p, 0, [1])
    cat = py_catalog(p)
    cat.create_table("raw.T", cat.load_table("raw.t").schema(), location=f"file://{p.lake}/T")
    append(cat.load_table("raw.T"), [2])
    same(p.sql("SELECT a.id AS a, b.id AS b FROM raw.t a, raw.T b"), [{"a": 1, "b": 2}])
    contains(p.firn("sql", "FROM RAW.t", want=0).out, "1")
    land(p, 1, [3])
    same(sorted(r["id"] for r in rows(p.lake, "raw.t")), [1, 3])
    same([r["id"] for r in rows(p.lake, "raw.T")], [2])


suite.end()

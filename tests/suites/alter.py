#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=300
"""`firn alter` and ALTER TABLE: every form of every change.  Each is made on a table by firn and on
a twin by PyIceberg, and what the two tables are afterwards must be the same; both read and append
to both.  What PyIceberg does not do is compared with what the specification says.  What may not be
done is refused, and nothing is changed."""
import concurrent.futures
import datetime
import decimal
import json
import pathlib
import re
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import Project, Suite, contains, path_of, rows, same, table  # noqa: E402

suite = Suite()

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from pyiceberg.schema import Schema  # noqa: E402
from pyiceberg.table.sorting import NullOrder  # noqa: E402
from pyiceberg.transforms import (BucketTransform, DayTransform, HourTransform,  # noqa: E402
                                  IdentityTransform, MonthTransform, TruncateTransform,
                                  YearTransform)
from pyiceberg.types import (DateType, DecimalType, DoubleType, FloatType,  # noqa: E402
                             IntegerType, ListType, LongType, MapType, NestedField, StringType,
                             StructType,
                             TimestampType, TimestamptzType, UUIDType, BinaryType, BooleanType,
                             TimeType, FixedType)

import crashlab  # noqa: E402
from firnlab import catalog  # noqa: E402
from icelab import current_schema, metadata_of  # noqa: E402

IGNORED = "L021,L022,L044"  # notes of lint.py on what PyIceberg writes
D = decimal.Decimal
SCHEMA = Schema(
    NestedField(1, "id", LongType(), required=True),
    NestedField(2, "qty", IntegerType(), required=False),
    NestedField(3, "ts", TimestampType(), required=False),
    NestedField(4, "day", DateType(), required=False),
    NestedField(5, "price", DecimalType(9, 2), required=False),
    NestedField(6, "ratio", FloatType(), required=False),
    NestedField(7, "name", StringType(), required=False, doc="as it came"),
    NestedField(8, "addr", StructType(
        NestedField(11, "city", StringType(), required=False),
        NestedField(12, "zip", IntegerType(), required=False)), required=False),
    NestedField(9, "lines", ListType(13, StructType(
        NestedField(14, "sku", StringType(), required=False),
        NestedField(15, "n", IntegerType(), required=False)), element_required=False),
        required=False),
    NestedField(10, "m", MapType(16, StringType(), 17, StructType(
        NestedField(18, "x", IntegerType(), required=False),
        NestedField(19, "y", FloatType(), required=False)), value_required=False),
        required=False))
ROWS = [{"id": i, "qty": i * 10, "ts": datetime.datetime(2025, 1, 1 + i, 10),
         "day": datetime.date(2025, 1, 1 + i), "price": D("1.50") * i, "ratio": 0.5 * i,
         "name": f"n{i}", "addr": {"city": "c", "zip": i}, "lines": [{"sku": "s", "n": i}],
         "m": [("k", {"x": i, "y": 0.25})]} for i in range(1, 4)]


def arrow(t, found):
    return pa.Table.from_pylist(found, schema=t.schema().as_arrow())


class Lab(Project):
    """A warehouse with tables made by PyIceberg; `make` adds one."""

    def __init__(self, name, ingest="", more="", version=2, tables=("t",)):
        super().__init__(ingest, more, name=name)
        self.lake.mkdir(exist_ok=True)
        self.catalog = catalog(self.lake)
        self.catalog.create_namespace_if_not_exists("raw")
        for t in tables:
            self.make(t, version)

    def make(self, name, version=2, columns=SCHEMA, found=ROWS, **props):
        t = self.catalog.create_table(("raw", name), columns, properties={
            "format-version": str(version), **props})
        if found and version < 3:
            t.append(arrow(t, found))
        return t

    def alter(self, *words, want=0, name="raw.t"):
        return self.firn("alter", name, *words, want=want)

    def ddl(self, statement, want=0):
        return self.firn("sql", statement, "-o", "json", want=want)

    def refuse(self, statement, *words, exit=1, name="raw.t"):
        """Is refused with these words, and changes nothing."""
        before = self.meta(name)
        done = self.firn("alter", name, statement, want=exit)
        contains(done.err, *words)
        same(self.meta(name), before, statement)

    def t(self, name="raw.t"):
        return table(self.lake, name)

    def meta(self, name="raw.t"):
        return metadata_of(self.lake, name)

    def columns(self, name="raw.t"):
        return [f["name"] for f in current_schema(self.meta(name))["fields"]]

    def field(self, column, name="raw.t"):
        return next(f for f in current_schema(self.meta(name))["fields"] if f["name"] == column)

    def spec(self, name="raw.t"):
        m = self.meta(name)
        return next(s["fields"] for s in m["partition-specs"]
                    if s["spec-id"] == m["default-spec-id"])

    def both_read(self, more=""):
        """firn and PyIceberg see the same rows; the checkers find nothing."""
        db = self.lake / "catalog.db"
        same(crashlab.tool("lint", "--strict", "--ignore", IGNORED + more, db)
             + crashlab.tool("agree", db), [])


def described(t):
    """What a table is, without what two tables may differ in."""
    m = t.metadata
    return {"schema": json.loads(t.schema().model_dump_json(exclude={"schema_id"})),
            "schema id": t.schema().schema_id, "last column": m.last_column_id,
            "schemas": len(m.schemas),
            "spec": json.loads(t.spec().model_dump_json()), "specs": len(m.partition_specs),
            "last partition": m.last_partition_id,
            "order": json.loads(t.sort_order().model_dump_json()),
            "refs": sorted((k, v.snapshot_ref_type, v.min_snapshots_to_keep,
                            v.max_snapshot_age_ms, v.max_ref_age_ms)
                           for k, v in m.refs.items()),
            "properties": m.properties, "version": m.format_version}


def schema(change):
    def act(t):
        with t.update_schema() as u:
            change(u)
    return act


def spec(change):
    def act(t):
        with t.update_spec() as u:
            change(u)
    return act


def order_by(change):
    def act(t):
        with t.update_sort_order() as u:
            change(u)
    return act


def snapshots(change):
    def act(t):
        with t.manage_snapshots() as u:
            change(u, t.current_snapshot().snapshot_id)
    return act


def properties(*removed, **changed):
    def act(t):
        with t.transaction() as tx:
            if changed:
                tx.set_properties(changed)
            if removed:
                tx.remove_properties(*removed)
    return act


# A row: what firn is told, in one form or several, and what PyIceberg does.
SAME = {
    "add": (["ADD COLUMN note STRING", "add note string", "ADD COLUMNS (note varchar(20))",
             "ADD note: text", "add column if not exists note TEXT"],
            schema(lambda u: u.add_column("note", StringType()))),
    "add with doc": (["ADD COLUMN note STRING COMMENT 'it''s a \"note\"'"],
                     schema(lambda u: u.add_column("note", StringType(),
                                                   doc="it's a \"note\""))),
    "add after": (["ADD COLUMN note STRING AFTER id", "add note string after ID"],
                  schema(lambda u: (u.add_column("note", StringType()),
                                    u.move_after("note", "id")))),
    "add first": (["ADD COLUMN note STRING FIRST"],
                  schema(lambda u: (u.add_column("note", StringType()), u.move_first("note")))),
    "add before": (["ADD COLUMN note STRING BEFORE qty"],
                   schema(lambda u: (u.add_column("note", StringType()),
                                     u.move_before("note", "qty")))),
    "add two": (["ADD COLUMNS (a int, b bigint COMMENT 'x')", "ADD a int, b long COMMENT 'x'",
                 "ADD COLUMN a int, ADD COLUMN b int8 COMMENT 'x'"],
                schema(lambda u: (u.add_column("a", IntegerType()),
                                  u.add_column("b", LongType(), doc="x")))),
    "add nested": (["ADD COLUMN addr.street STRING", "add addr.street text"],
                   schema(lambda u: u.add_column(("addr", "street"), StringType()))),
    "add nested first": (["ADD COLUMN addr.street STRING FIRST"],
                         schema(lambda u: (u.add_column(("addr", "street"), StringType()),
                                           u.move_first(("addr", "street"))))),
    "add in a list": (["ADD COLUMN lines.element.price double", "ADD COLUMN lines.price double"],
                      schema(lambda u: u.add_column(("lines", "price"), DoubleType()))),
    "add in a map": (["ADD COLUMN m.value.z double precision", "ADD COLUMN m.z float8"],
                     schema(lambda u: u.add_column(("m", "z"), DoubleType()))),
    "add a struct": (["ADD COLUMN s struct<a: int, b: struct<c: string>, d: array<long>>",
                      "ADD COLUMN s STRUCT(a INT, b STRUCT(c VARCHAR), d BIGINT[])",
                      "ADD COLUMN s row(a integer, b row(c varchar), d array(bigint))"],
                     schema(lambda u: u.add_column("s", StructType(
                         NestedField(1, "a", IntegerType(), required=False),
                         NestedField(2, "b", StructType(
                             NestedField(3, "c", StringType(), required=False)), required=False),
                         NestedField(4, "d", ListType(5, LongType(), element_required=False),
                                     required=False))))),
    "add a map": (["ADD COLUMN k map<string, list<int>>", "ADD COLUMN k map(varchar, int[])"],
                  schema(lambda u: u.add_column("k", MapType(
                      1, StringType(), 2, ListType(3, IntegerType(), element_required=False),
                      value_required=False)))),
    "add every type": (
        ["ADD COLUMNS (a boolean, b float, c double, d decimal(38, 10), e date, f time, "
         "g timestamp, h timestamptz, i uuid, j binary, k fixed[3])",
         "ADD COLUMNS (a bool, b real, c float8, d numeric(38,10), e DATE, f time(6), "
         "g timestamp(6), h timestamp(6) with time zone, i uuid, j varbinary, k fixed(3))",
         "ADD COLUMNS (a bool, b float4, c double precision, d decimal(38,10), e date, f time, "
         "g timestamp_ntz, h timestamp with time zone, i uuid, j blob, k fixed(3))"],
        schema(lambda u: [u.add_column(n, ty) for n, ty in (
            ("a", BooleanType()), ("b", FloatType()), ("c", DoubleType()),
            ("d", DecimalType(38, 10)), ("e", DateType()), ("f", TimeType()),
            ("g", TimestampType()), ("h", TimestamptzType()), ("i", UUIDType()),
            ("j", BinaryType()), ("k", FixedType(3)))])),
    "add quoted": (["ADD COLUMN \"a b\" int", "ADD COLUMN `a b` int"],
                   schema(lambda u: u.add_column("a b", IntegerType()))),
    "drop": (["DROP COLUMN name", "drop name", "DROP COLUMNS (name)",
              "DROP COLUMN IF EXISTS name", "drop NAME"],
             schema(lambda u: u.delete_column("name"))),
    "drop two": (["DROP COLUMNS name, ratio", "DROP COLUMNS (name, ratio)",
                  "DROP COLUMN name, DROP COLUMN ratio", "drop name, drop ratio"],
                 schema(lambda u: (u.delete_column("name"), u.delete_column("ratio")))),
    "drop nested": (["DROP COLUMN addr.zip, lines.element.n, m.value.x", "drop addr.zip, "
                     "lines.n, m.x"],
                    schema(lambda u: (u.delete_column("addr.zip"), u.delete_column("lines.n"),
                                      u.delete_column("m.x")))),
    "drop a struct": (["DROP COLUMN addr"], schema(lambda u: u.delete_column("addr"))),
    "rename": (["RENAME COLUMN qty TO quantity", "rename qty to quantity", "rename qty as quantity",
                "RENAME COLUMN IF EXISTS qty TO quantity"],
               schema(lambda u: u.rename_column("qty", "quantity"))),
    "rename nested": (["RENAME COLUMN addr.zip TO code", "rename addr.zip to addr.code"],
                      schema(lambda u: u.rename_column("addr.zip", "code"))),
    "rename in a list": (["RENAME COLUMN lines.element.n TO count"],
                         schema(lambda u: u.rename_column("lines.n", "count"))),
    "rename to other letters": (["rename qty to QTY"],
                                schema(lambda u: u.rename_column("qty", "QTY"))),
    "widen": (["ALTER COLUMN qty TYPE bigint", "ALTER COLUMN qty SET DATA TYPE bigint",
               "type qty bigint", "ALTER qty TYPE long", "CHANGE COLUMN qty TYPE bigint"],
              schema(lambda u: u.update_column("qty", LongType()))),
    "widen float": (["ALTER COLUMN ratio TYPE double"],
                    schema(lambda u: u.update_column("ratio", DoubleType()))),
    "widen decimal": (["ALTER COLUMN price TYPE decimal(18,2)"],
                      schema(lambda u: u.update_column("price", DecimalType(18, 2)))),
    "widen nested": (["ALTER COLUMN addr.zip TYPE bigint, ALTER COLUMN lines.element.n TYPE bigint,"
                      " ALTER COLUMN m.value.y TYPE double"],
                     schema(lambda u: (u.update_column("addr.zip", LongType()),
                                       u.update_column("lines.n", LongType()),
                                       u.update_column("m.y", DoubleType())))),
    "relax": (["ALTER COLUMN id DROP NOT NULL", "optional id"],
              schema(lambda u: u.make_column_optional("id"))),
    "doc": (["ALTER COLUMN qty COMMENT 'how many'", "COMMENT ON COLUMN qty IS 'how many'",
             "comment qty 'how many'"],
            schema(lambda u: u.update_column("qty", doc="how many"))),
    "move first": (["ALTER COLUMN qty FIRST", "move qty first"],
                   schema(lambda u: u.move_first("qty"))),
    "move after": (["ALTER COLUMN qty AFTER price", "move qty after price"],
                   schema(lambda u: u.move_after("qty", "price"))),
    "move before": (["ALTER COLUMN price BEFORE qty", "move price before qty"],
                    schema(lambda u: u.move_before("price", "qty"))),
    "move nested": (["ALTER COLUMN addr.zip FIRST", "move addr.zip before city",
                     "move addr.zip before addr.city"],
                    schema(lambda u: u.move_first("addr.zip"))),
    "identifier": (["SET IDENTIFIER FIELDS id", "SET IDENTIFIER FIELDS (id)"],
                   schema(lambda u: u.set_identifier_fields("id"))),
    "partition": (["ADD PARTITION FIELD day(ts)", "ADD PARTITION FIELD days(ts)",
                   "partition by day(ts)", "PARTITION BY (day(ts))",
                   "SET PROPERTIES partitioning = ARRAY['day(ts)']",
                   "ADD PARTITION FIELD IF NOT EXISTS day(ts)"],
                  spec(lambda u: u.add_field("ts", DayTransform()))),
    "partition by bucket": (["ADD PARTITION FIELD bucket(16, id)", "ADD PARTITION FIELD "
                             "bucket(id, 16)", "ADD PARTITION FIELD bucket[16](id)"],
                            spec(lambda u: u.add_field("id", BucketTransform(16)))),
    "partition by truncate": (["ADD PARTITION FIELD truncate(4, name)",
                               "ADD PARTITION FIELD truncate(name, 4)"],
                              spec(lambda u: u.add_field("name", TruncateTransform(4)))),
    "partition by name": (["ADD PARTITION FIELD name", "ADD PARTITION FIELD identity(name)"],
                          spec(lambda u: u.add_field("name", IdentityTransform()))),
    "partition nested": (["ADD PARTITION FIELD addr.city AS town"],
                         spec(lambda u: u.add_field("addr.city", IdentityTransform(), "town"))),
    "partition as": (["ADD PARTITION FIELD month(day) AS m1", "ADD PARTITION FIELD months(day) AS "
                      "\"m1\""],
                     spec(lambda u: u.add_field("day", MonthTransform(), "m1"))),
    "partition by two": (["PARTITION BY (year(ts), bucket(4, id))", "ADD PARTITION FIELD year(ts), "
                          "ADD PARTITION FIELD bucket(4, id)"],
                         spec(lambda u: (u.add_field("ts", YearTransform()),
                                         u.add_field("id", BucketTransform(4))))),
    "order": (["WRITE LOCALLY ORDERED BY ts DESC, id", "sort by ts desc nulls last, id asc",
               "SORT BY (ts DESC NULLS LAST, id)", "SET SORTED BY ts desc, id",
               "SET PROPERTIES sorted_by = ARRAY['ts DESC NULLS LAST', 'id']"],
              order_by(lambda u: (u.desc("ts", IdentityTransform(), NullOrder.NULLS_LAST),
                                  u.asc("id", IdentityTransform(), NullOrder.NULLS_FIRST)))),
    "order by transforms": (["WRITE LOCALLY ORDERED BY bucket(4, id), day(ts) NULLS LAST"],
                            order_by(lambda u: (
                                u.asc("id", BucketTransform(4), NullOrder.NULLS_FIRST),
                                u.asc("ts", DayTransform(), NullOrder.NULLS_LAST)))),
    "property": (["SET TBLPROPERTIES ('a.b' = 'it''s', c-d=5)", "SET PROPERTIES 'a.b' = 'it''s', "
                  "c-d = '5'"], properties(**{"a.b": "it's", "c-d": "5"})),
    "tag": (["CREATE TAG x", "tag create x", "tag x", "CREATE TAG IF NOT EXISTS x",
             "CREATE OR REPLACE TAG x"], snapshots(lambda u, now: u.create_tag(now, "x"))),
    "tag kept": (["CREATE TAG x RETAIN 2 DAYS", "CREATE TAG x RETAIN 48 HOURS"],
                 snapshots(lambda u, now: u.create_tag(now, "x", max_ref_age_ms=172800000))),
    "branch": (["CREATE BRANCH x", "branch create x"],
               snapshots(lambda u, now: u.create_branch(now, "x"))),
    "branch kept": (["CREATE BRANCH x RETAIN 1 DAYS WITH SNAPSHOT RETENTION 3 SNAPSHOTS 5 MINUTES"],
                    snapshots(lambda u, now: u.create_branch(
                        now, "x", max_ref_age_ms=86400000, max_snapshot_age_ms=300000,
                        min_snapshots_to_keep=3))),
}


twins = None


def same_as_pyiceberg(name, statements, twin):
    """Each form on a table of its own that begins like the twin's."""
    global twins
    twins = twins or Lab("twins", tables=())
    key = re.sub("[^a-z]", "_", name)
    theirs = twins.make(f"theirs_{key}")
    for n, statement in enumerate(statements):
        mine = f"mine_{key}_{n}"
        register(twins, mine, theirs.metadata_location)
        if n % 2:
            twins.alter(statement, name=f"raw.{mine}")
        else:
            twins.ddl(f"ALTER TABLE lake.raw.{mine}\n{statement};")
    twin(theirs)
    wanted = described(twins.t(f"raw.theirs_{key}"))
    for n, statement in enumerate(statements):
        same(described(twins.t(f"raw.mine_{key}_{n}")), wanted, statement)


def register(lab, name, location):
    """Another name for the same metadata: from here on a table of its own."""
    with sqlite3.connect(lab.lake / "catalog.db") as db:
        db.execute("INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, "
                   "metadata_location, iceberg_type) VALUES ('lake', 'raw', ?, ?, 'TABLE')",
                   (name, location))


for name_, (statements_, twin_) in SAME.items():
    suite.add("same_as_pyiceberg: " + name_,
              lambda n=name_, s=statements_, w=twin_: same_as_pyiceberg(n, s, w))


@suite.case
def tables_changed_in_two_ways_are_read_and_appended_to():
    """By PyIceberg, which must find the changed tables good enough to write to."""
    for key in SAME:
        name = "raw.mine_" + re.sub("[^a-z]", "_", key) + "_0"
        t = twins.t(name)
        found = [{f.name: None if isinstance(r.get(f.name), (dict, list)) else r.get(f.name)
                  for f in t.schema().fields} | {"id": r["id"] + 10} for r in ROWS]
        t.append(arrow(t, found))
        same(sorted(r["id"] for r in rows(twins.lake, name)), [1, 2, 3, 11, 12, 13], name)
    twins.both_read()



# --- refused ------------------------------------------------------------------------------------

# What is asked, and words of the answer.
REFUSED = [
    ("ADD COLUMN id int", "there is a column 'id' already"),
    ("ADD COLUMN ID int", "differs from column 'id' only in case"),
    ("ADD COLUMN _file string", "reserved"),
    ("ADD COLUMN _ROW_ID long", "reserved"),
    ("ADD COLUMN \"a.b\" int", "there is no column 'a'", ),
    ("ADD COLUMN nowhere.x int", "there is no column 'nowhere'"),
    ("ADD COLUMN qty.x int", "'qty' is int, not a struct"),
    ("ADD COLUMN x int NOT NULL", "needs a default"),
    ("ADD COLUMN x int DEFAULT 5", "needs format version 3"),
    ("ADD COLUMN x timestamp_ns", "needs format version 3"),
    ("ADD COLUMN x timestamp(9)", "timestamp_ns needs format version 3"),
    ("ADD COLUMN x struct<a: int, A: int>", "two parts called 'A'"),
    ("ADD COLUMN x int AFTER nowhere", "there is no column 'nowhere'"),
    ("ADD COLUMN x int AFTER addr.city", "in another struct"),
    ("ADD COLUMN x decimal", "'decimal' is not a type"),
    ("ADD COLUMN x decimal(39,0)", "is not a type"),
    ("ADD COLUMN x strin", "did you mean string?"),
    ("ADD COLUMN x", "a type is expected at the end"),
    ("ADD COLUMN x struct<a int", "'>' is expected at the end"),
    ("ADD COLUMN x int[", "']' is expected"),
    ("ADD COLUMN x interval", "is not a type"),
    ("ADD COLUMN x map<int>", "',' is expected"),
    ("ADD COLUMN x int COMMENT comment", "a text in quotes is expected, not 'comment'"),
    ("ADD COLUMN x int nonsense", "',' or the end is expected, not 'nonsense'"),
    ("ADD COLUMN 'x' int", "the name of a column is expected"),
    ("ADD COLUMN x int 'unclosed", "quotes that begin here are not closed"),
    ("DROP COLUMN nmae", "there is no column 'nmae'", "did you mean name?"),
    ("DROP COLUMN addr.cty", "did you mean addr.city?"),
    ("DROP COLUMN lines.element", "goes only with it"),
    ("DROP COLUMN m.key", "goes only with it"),
    ("RENAME COLUMN qty TO id", "there is a column 'id' already"),
    ("RENAME COLUMN qty TO Id", "only in case"),
    ("RENAME COLUMN qty TO _pos", "reserved"),
    ("RENAME COLUMN nowhere TO x", "there is no column"),
    ("RENAME COLUMN qty TO a.b", "holds a dot"),
    ("RENAME COLUMN m.value TO x", "has no other name"),
    ("RENAME COLUMN qty", "TO is expected"),
    ("ALTER COLUMN qty TYPE int[]", "cannot become", "by their parts"),
    ("ALTER COLUMN qty TYPE double", "is int and cannot become double", "types widen only"),
    ("ALTER COLUMN price TYPE decimal(8,2)", "cannot become"),
    ("ALTER COLUMN price TYPE decimal(12,3)", "cannot become"),
    ("ALTER COLUMN id TYPE int", "cannot become"),
    ("ALTER COLUMN ts TYPE timestamptz", "cannot become"),
    ("ALTER COLUMN day TYPE timestamp", "needs format version 3"),
    ("ALTER COLUMN name TYPE binary", "cannot become"),
    ("ALTER COLUMN addr TYPE struct<city: string>", "cannot become", "by their parts"),
    ("ALTER COLUMN qty SET NOT NULL", "cannot become required", "checks: [not_null]"),
    ("ALTER COLUMN qty", "TYPE, SET DATA TYPE"),
    ("ALTER COLUMN qty TYPE", "a type is expected at the end"),
    ("ALTER COLUMN qty SET DEFAULT 5", "needs format version 3"),
    ("ALTER COLUMN qty AFTER qty", "beside itself"),
    ("ALTER COLUMN qty AFTER addr.zip", "in another struct"),
    ("ALTER COLUMN addr.zip AFTER qty", "in another struct"),
    ("ALTER COLUMN m.key TYPE binary", "cannot become"),
    ("ALTER COLUMN lines.element COMMENT 'x'", "has no comment"),
    ("SET IDENTIFIER FIELDS qty", "it may be null"),
    ("SET IDENTIFIER FIELDS addr", "not a single value"),
    ("SET IDENTIFIER FIELDS ratio", "do not compare"),
    ("SET IDENTIFIER FIELDS lines.sku", "in a list or map"),
    ("SET IDENTIFIER FIELDS addr.city", "may be null"),
    ("SET IDENTIFIER FIELDS nowhere", "there is no column"),
    ("DROP IDENTIFIER FIELDS id", "is no identifier field"),
    ("ADD PARTITION FIELD nowhere", "there is no column"),
    ("ADD PARTITION FIELD lines.element.n", "lies in a list or map"),
    ("ADD PARTITION FIELD hour(day)", "does not work: it is date"),
    ("ADD PARTITION FIELD bucket(4, ratio)", "does not work"),
    ("ADD PARTITION FIELD bucket(0, id)", "a number from 1"),
    ("ADD PARTITION FIELD buckt(4, id)", "there is no such transform", "did you mean bucket"),
    ("ADD PARTITION FIELD day(ts), ADD PARTITION FIELD hour(ts)", "says the same twice",
     "REPLACE PARTITION FIELD"),
    ("ADD PARTITION FIELD day(ts), ADD PARTITION FIELD days(ts)", "partitioned by day(ts) already"),
    ("ADD PARTITION FIELD day(ts) AS qty", "called 'qty' like a column"),
    ("ADD PARTITION FIELD day(ts) AS x, ADD PARTITION FIELD id AS x",
     "partition field 'x' already"),
    ("ADD PARTITION FIELD day(ts), ADD COLUMN ts_day int", "partition field is called 'ts_day'"),
    ("ADD PARTITION FIELD day(ts), DROP COLUMN ts", "partition field 'ts_day' stands on it"),
    ("ADD PARTITION FIELD addr.city, DROP COLUMN addr", "stands on it"),
    ("DROP PARTITION FIELD ts_day", "there is no partition field 'ts_day'", "is not partitioned"),
    ("DROP PARTITION FIELD day(ts)", "there is no partition field 'day(ts)'"),
    ("REPLACE PARTITION FIELD ts_day WITH hour(ts)", "there is no partition field"),
    ("ADD PARTITION FIELD day(ts), DROP PARTITION FIELD ts_dy", "partitioned by ts_day"),
    ("WRITE ORDERED BY nowhere", "there is no column"),
    ("WRITE ORDERED BY lines.n", "in a list or map"),
    ("WRITE ORDERED BY id, id", "stands twice"),
    ("WRITE ORDERED BY id NULLS", "FIRST or LAST is expected"),
    ("WRITE id", "ORDERED BY or UNORDERED"),
    ("WRITE ORDERED BY id, DROP COLUMN id", "the sort order stands on it"),
    ("SET TBLPROPERTIES ('current-schema' = '1')", "is reserved"),
    ("SET TBLPROPERTIES ('firn.stamped' = 'no')", "firn keeps its own state"),
    ("SET TBLPROPERTIES ('format-version' = '1')", "no way back to 1"),
    ("SET TBLPROPERTIES ('format-version' = '4')", "there are format versions 1 to 3"),
    ("SET TBLPROPERTIES ('format-version' = 'x')", "'x' is no format version"),
    ("SET TBLPROPERTIES ('a')", "a value is expected"),
    ("UNSET TBLPROPERTIES ('nowhere')", "property 'nowhere' is not set"),
    ("SET LOCATION 's3://x/y'", "no place that firn writes to"),
    ("CREATE TAG main", "there is a branch 'main' already"),
    ("CREATE OR REPLACE BRANCH main", "main is not moved"),
    ("REPLACE TAG main", "is a branch, not a tag"),
    ("CREATE TAG firn", "is firn's own"),
    ("DROP TAG firn", "is firn's own"),
    ("DROP BRANCH main", "cannot be dropped"),
    ("DROP BRANCH nowhere", "there is no branch 'nowhere'"),
    ("REPLACE BRANCH nowhere", "there is no branch 'nowhere'"),
    ("CREATE TAG x AS OF VERSION 12", "12"),
    ("CREATE TAG x AS OF TIMESTAMP '1999-01-01'", "1999-01-01"),
    ("CREATE TAG x RETAIN 5", "DAYS, HOURS or MINUTES is expected"),
    ("CREATE TAG x RETAIN 0 DAYS", "a retention of nothing"),
    ("CREATE TAG x WITH SNAPSHOT RETENTION 2 SNAPSHOTS", "a tag keeps one snapshot"),
    ("CREATE TAG x, CREATE BRANCH x", "there is a tag 'x' already"),
    ("CREATE TAG x, DROP BRANCH x", "'x' is a tag, not a branch"),
    ("CREATE TAG x, FAST FORWARD x TO main", "tags stay where they are"),
    ("FAST FORWARD nowhere TO main", "there is no branch 'nowhere'"),
    ("FAST FORWARD main TO mian", "did you mean main?"),
    ("RETAIN main 5 DAYS", "main is always kept"),
    ("CREATE x", "BRANCH or TAG is expected"),
    ("RENAME TO twin", "already"),
    ("RENAME TO nowhere.t", "there is no namespace 'nowhere'"),
    ("RENAME TO x, DROP COLUMN qty", "a statement of its own"),
    ("FROBNICATE", "a change (ADD, DROP"),
    ("DRP COLUMN x", "did you mean drop?"),
    ("", "a change"),
]


@suite.case
def what_may_not_be_is_refused():
    lab = Lab("refused", tables=("t", "twin"))
    for statement, *words in REFUSED:
        lab.refuse(statement, *words)
    done = lab.firn("alter", "raw.tt", "DROP COLUMN x", want=1)
    contains(done.err, "there is no table 'raw.tt'", "did you mean raw.t?")
    contains(lab.firn("alter", "raw.t", want=2).err, "what is to change?")


@suite.case
def errors_of_sql_have_places():
    lab = Lab("places")
    for statement, place, words in (
            ("ALTER TABLE raw.t ADD COLUMN x intt", "line 1, column 32", "'intt' is not a type"),
            ("ALTER TABLE raw.t\n  ADD COLUMN x int,\n  DROP COLUMN nope", "line 3, column 15",
             "there is no column 'nope'"),
            ("SELECT 1; ALTER TABLE raw.t ADD é.x int", "line 1, column 33", "there is no column"),
            ("ALTER TABLE raw.nope ADD x int", "line 1, column 13", "there is no table 'raw.nope'"),
            ("ALTER TABLE raw.t", "line 1, column 18", "a change"),
            ("ALTER VIEW raw.t ADD x int", "", ""),
            ("CALL system.rollback('raw.t', 1)", "line 1, column 6", "there is no procedure"),
            ("CALL system.fast_forward('raw.t', 'main')", "line 1", "argument")):
        done = lab.ddl(statement, want=1)
        contains(done.err, place, words)
    script = lab.write("../change.sql", "SELECT 1;\nALTER TABLE raw.t\n  DROP COLUMN nope;\n")
    contains(lab.firn("sql", "-f", script, want=1).err, "change.sql:3:15")


@suite.case
def all_or_none():
    lab = Lab("together")
    lab.refuse("ADD COLUMN a int, DROP COLUMN b, ADD COLUMN c int", "there is no column 'b'")
    lab.refuse("SET TBLPROPERTIES ('x'='y'), CREATE TAG v, DROP COLUMN b", "there is no column 'b'")
    before = len(lab.meta()["metadata-log"])
    lab.alter("ADD COLUMN a int, DROP COLUMN qty, RENAME COLUMN a TO qty, "
              "SET TBLPROPERTIES ('x'='y'), "
              "ADD PARTITION FIELD qty, WRITE ORDERED BY qty, CREATE TAG v")
    m = lab.meta()
    same(len(m["metadata-log"]), before + 1, "commits")
    same((lab.field("qty")["id"], lab.spec()[0]["source-id"], len(m["schemas"]),
          m["properties"]["x"], sorted(m["refs"])), (20, 20, 2, "y", ["main", "v"]))
    lab.both_read()


@suite.case
def if_exists_and_if_not_exists():
    lab = Lab("if")
    before = lab.meta()
    for statement in ("DROP COLUMN IF EXISTS nope", "ADD COLUMN IF NOT EXISTS id int",
                      "RENAME COLUMN IF EXISTS nope TO x", "DROP TAG IF EXISTS nope",
                      "DROP BRANCH IF EXISTS nope", "CREATE BRANCH IF NOT EXISTS main",
                      "DROP PARTITION FIELD IF EXISTS nope",
                      "UNSET TBLPROPERTIES IF EXISTS ('nope')"):
        contains(lab.alter(statement).out, "nothing to change")
    contains(lab.ddl("ALTER TABLE IF EXISTS raw.nope DROP COLUMN x").out, "no such table")
    same(lab.meta(), before, "nothing was committed")
    lab.alter("ADD COLUMN IF NOT EXISTS id int, ADD COLUMN IF NOT EXISTS x int")
    same(lab.columns()[-1], "x")


@suite.case
def a_dry_run_changes_nothing():
    lab = Lab("dry")
    before = lab.meta()
    done = lab.alter("ADD COLUMN x int AFTER id, DROP COLUMN name, RENAME COLUMN qty TO quantity, "
                     "ALTER COLUMN price TYPE decimal(12,2), ALTER COLUMN id DROP NOT NULL, "
                     "ALTER COLUMN ts COMMENT 'when', MOVE ratio FIRST, PARTITION BY day(ts)",
                     "--dry-run")
    contains(done.out, "raw.t would change:", "+ x int (after id)", "- name string",
             "~ qty → quantity", "~ price decimal(9,2) → decimal(12,2)",
             "~ id required → optional", "~ ts comment none → 'when'", "~ order: ratio, id, x,",
             "~ partitions none → day(ts) as ts_day")
    same(lab.meta(), before)
    contains(lab.alter("DROP COLUMN nope", "--dry-run", want=1).err, "there is no column")
    event = json.loads(lab.alter("DROP COLUMN qty", "--json").out)
    same(event, {"event": "table_altered", "namespace": "raw", "table": "t",
                 "changes": ["- qty int"], "dry_run": False})
    same(lab.alter("drop ratio", "-q").out, "")


# --- what PyIceberg does not do -----------------------------------------------------------------

@suite.case
def ids_of_schemas_and_columns():
    """A schema that was there before gets its id back; a column never does."""
    lab = Lab("ids")
    lab.alter("RENAME COLUMN qty TO q")
    lab.alter("RENAME COLUMN q TO qty")
    m = lab.meta()
    same((m["current-schema-id"], len(m["schemas"])), (0, 2))
    lab.alter("DROP COLUMN qty")
    lab.alter("ADD COLUMN qty int AFTER id")
    m = lab.meta()
    same((lab.field("qty")["id"], m["current-schema-id"], m["last-column-id"]), (20, 3, 20))
    same([r["qty"] for r in rows(lab.lake, "raw.t")], [None] * 3, "old values do not come back")
    lab.both_read()


@suite.case
def ids_of_specs_and_fields():
    lab = Lab("specs")
    lab.alter("ADD PARTITION FIELD day(ts)")
    lab.alter("ADD PARTITION FIELD bucket(8, id)")
    same([(f["name"], f["field-id"]) for f in lab.spec()],
         [("ts_day", 1000), ("id_bucket_8", 1001)])
    lab.alter("DROP PARTITION FIELD ts_day")
    same([(f["name"], f["field-id"]) for f in lab.spec()], [("id_bucket_8", 1001)])
    lab.alter("DROP PARTITION FIELD bucket(8, id)")
    m = lab.meta()
    same((lab.spec(), m["default-spec-id"]), ([], 0), "the first spec is the same")
    lab.alter("ADD PARTITION FIELD hour(ts)")
    same(lab.spec()[0]["field-id"], 1002)
    lab.alter("REPLACE PARTITION FIELD ts_hour WITH day(ts)")
    m = lab.meta()
    same((lab.spec()[0]["field-id"], lab.spec()[0]["name"], m["default-spec-id"],
          m["last-partition-id"]), (1000, "ts_day", 1, 1002))
    lab.alter("REPLACE PARTITION FIELD day(ts) WITH day(ts) AS d")
    same((lab.spec()[0]["field-id"], lab.spec()[0]["name"]), (1000, "d"))
    lab.alter("RENAME PARTITION FIELD d TO e")
    same((lab.spec()[0]["field-id"], lab.spec()[0]["name"]), (1000, "e"))
    lab.alter("PARTITION BY bucket(8, id), month(day)")
    same([(f["name"], f["field-id"]) for f in lab.spec()],
         [("id_bucket_8", 1001), ("day_month", 1003)])
    lab.alter("PARTITION BY NONE")
    same(lab.meta()["default-spec-id"], 0)
    lab.both_read()


@suite.case
def version_1():
    """A dropped partition field stays as void; the rest is as in version 2.  Branches, and what
    firn writes, need version 2."""
    lab = Lab("v1", version=1)
    lab.refuse("CREATE TAG x", "needs format version 2")
    lab.alter("ADD COLUMN note string AFTER id, RENAME COLUMN qty TO q")
    lab.alter("ADD PARTITION FIELD day(ts), ADD PARTITION FIELD bucket(4, id)")
    lab.alter("DROP PARTITION FIELD ts_day")
    same([(f["name"], f["transform"], f["field-id"]) for f in lab.spec()],
         [("ts_day", "void", 1000), ("id_bucket_4", "bucket[4]", 1001)])
    lab.alter("DROP COLUMN ts")
    m = lab.meta()
    same([f["name"] for f in m["schema"]["fields"]][:3], ["id", "note", "q"], "schema")
    same(m["partition-spec"], lab.spec(), "partition-spec")
    lab.alter("WRITE ORDERED BY id")
    same(lab.meta()["default-sort-order-id"], 1)
    same(sorted(r["id"] for r in rows(lab.lake, "raw.t")), [1, 2, 3])
    lab.alter("set", "format-version=2")
    lab.alter("CREATE TAG x")
    t = lab.t()
    same((t.metadata.format_version, sorted(t.refs())), (2, ["main", "x"]))
    same(len(json.loads(lab.ddl("FROM raw.t").out)), 3)
    lab.both_read(",L011")  # a void field keeps the id of what it was, as Java has it


@suite.case
def version_3_defaults():
    """What rows have that were there before, and what the metadata says."""
    lab = Lab("v3")
    lab.alter("upgrade", "to", "3")
    m = lab.meta()
    same((m["format-version"], m["next-row-id"]), (3, 0))
    lab.alter("ADD COLUMNS (a int DEFAULT -5, b string NOT NULL DEFAULT 'it''s', "
              "c decimal(9,2) DEFAULT 1.5, d date DEFAULT DATE '2025-05-31', "
              "e timestamptz DEFAULT '2025-05-31 10:00', f boolean DEFAULT TRUE, "
              "g double DEFAULT 1e-3, h binary DEFAULT X'00FF', "
              "i uuid DEFAULT 'f79c3e09-677c-4bbd-a479-3f349cb785e7', j timestamp_ns, "
              "k time DEFAULT '22:31:08', l fixed(2) DEFAULT X'0A0b', n int DEFAULT NULL)")
    lab.alter("ADD COLUMN addr.country string DEFAULT 'it'")
    wanted = {"a": -5, "b": "it's", "c": "1.50", "d": "2025-05-31",
              "e": "2025-05-31T10:00:00+00:00", "f": True, "g": 0.001, "h": "00ff",
              "i": "f79c3e09-677c-4bbd-a479-3f349cb785e7", "k": "22:31:08", "l": "0a0b"}
    for name, value in wanted.items():
        f = lab.field(name)
        same((f.get("initial-default"), f.get("write-default"), f["required"]),
             (value, value, name == "b"), name)
    for name in "jn":
        assert "initial-default" not in lab.field(name), lab.field(name)
    row = json.loads(lab.ddl("SELECT a, b, c, d, f, g, j, n, addr.country AS x FROM raw.t "
                             "LIMIT 1").out)[0]
    same((row["a"], row["b"], float(row["c"]), row["d"], row["f"], row["g"], row["j"], row["n"],
          row["x"]), (-5, "it's", 1.5, "2025-05-31", True, 0.001, None, None, "it"))
    lab.alter("ALTER COLUMN a SET DEFAULT 7, ALTER COLUMN b SET DEFAULT 'x', ALTER COLUMN qty SET "
              "DEFAULT 1")
    f = lab.field("a")
    same((f["initial-default"], f["write-default"]), (-5, 7))
    same(lab.field("qty").get("initial-default"), None)
    lab.alter("default", "a", "8")
    same(lab.field("a")["write-default"], 8)
    lab.alter("ALTER COLUMN a DROP DEFAULT")
    assert "write-default" not in lab.field("a"), lab.field("a")
    lab.refuse("ALTER COLUMN b DROP DEFAULT", "is required")
    for statement, words in (("ADD COLUMN x int DEFAULT 'five'", "'five' is no value of type int"),
                             ("ADD COLUMN x int DEFAULT 3000000000", "is no value of type int"),
                             ("ADD COLUMN x date DEFAULT '2025-02-30'", "is no value of type date"),
                             ("ADD COLUMN x fixed(2) DEFAULT X'00'", "is no value"),
                             ("ADD COLUMN x decimal(4,2) DEFAULT 123.45", "is no value"),
                             ("ADD COLUMN x int[] DEFAULT 5", "no default but null"),
                             ("ADD COLUMN x int DEFAULT random()", "a literal"),
                             ("ADD COLUMN x int NOT NULL", "needs a default"),
                             ("ADD COLUMN x int NOT NULL DEFAULT NULL", "needs a default")):
        lab.refuse(statement, words)
    lab.alter("ALTER COLUMN day TYPE timestamp, ALTER COLUMN d TYPE timestamp")
    same(lab.field("day")["type"], "timestamp")
    same(lab.field("d")["initial-default"], "2025-05-31T00:00:00")
    same(json.loads(lab.ddl("SELECT max(day) AS x FROM raw.t").out)[0]["x"][:10], "2025-01-04")


@suite.case
def branches_and_tags():
    lab = Lab("refs")
    first = lab.t().current_snapshot().snapshot_id
    lab.alter("CREATE TAG v1, CREATE BRANCH audit")
    lab.t().append(arrow(lab.t(), ROWS))
    second = lab.t().current_snapshot().snapshot_id
    lab.alter(f"CREATE TAG old AS OF VERSION {first}")
    lab.alter("tag", "create", "older", "at", str(first))
    lab.alter("CREATE BRANCH b AS OF VERSION v1")
    at = datetime.datetime.fromtimestamp(lab.meta()["snapshots"][0]["timestamp-ms"] / 1000 + 0.001,
                                         datetime.timezone.utc)
    lab.alter(f"CREATE TAG timed AS OF TIMESTAMP '{at.isoformat()}'")
    refs = lab.meta()["refs"]
    same({k: v["snapshot-id"] for k, v in refs.items()},
         {"main": second, "v1": first, "audit": first, "old": first, "older": first, "b": first,
          "timed": first})
    lab.alter("FAST FORWARD audit TO main")
    lab.ddl("CALL lake.system.fast_forward(table => 'lake.raw.t', branch => 'b', to => 'main')")
    lab.alter("REPLACE TAG old")
    lab.alter(f"REPLACE BRANCH b AS OF VERSION {first} RETAIN 7 DAYS")
    lab.alter("RENAME BRANCH b TO c")
    lab.alter("DROP TAG older, DROP TAG timed")
    lab.alter("RETAIN main WITH SNAPSHOT RETENTION 5 SNAPSHOTS 2 DAYS")
    lab.alter("retain", "v1", "3", "days")
    refs = lab.meta()["refs"]
    same(refs, {"main": {"snapshot-id": second, "type": "branch", "min-snapshots-to-keep": 5,
                         "max-snapshot-age-ms": 172800000},
                "v1": {"snapshot-id": first, "type": "tag", "max-ref-age-ms": 259200000},
                "audit": {"snapshot-id": second, "type": "branch"},
                "old": {"snapshot-id": second, "type": "tag"},
                "c": {"snapshot-id": first, "type": "branch", "max-ref-age-ms": 604800000}})
    lab.refuse("FAST FORWARD main TO c", "does not go on from where")
    lab.t().append(arrow(lab.t(), ROWS), branch="c")
    lab.refuse("FAST FORWARD audit TO c", "does not go on from where")
    lab.both_read()


@suite.case
def main_is_fast_forwarded():
    """Write, audit, publish: what PyIceberg wrote to a branch becomes the table."""
    lab = Lab("publish")
    lab.alter("CREATE BRANCH staging")
    lab.t().append(arrow(lab.t(), ROWS), branch="staging")
    same(len(rows(lab.lake, "raw.t")), 3)
    log = len(lab.meta()["snapshot-log"])
    lab.ddl("CALL system.fast_forward('raw.t', 'main', 'staging')")
    m = lab.meta()
    same((m["current-snapshot-id"], len(m["snapshot-log"])),
         (m["refs"]["staging"]["snapshot-id"], log + 1))
    same(len(rows(lab.lake, "raw.t")), 6)
    lab.alter("DROP BRANCH staging")
    same(list(lab.meta()["refs"]), ["main"])
    lab.both_read()


@suite.case
def properties_follow_columns():
    lab = Lab("follow", tables=())
    mapping = json.dumps([{"field-id": 2, "names": ["qty"]}, {"field-id": 8, "names": ["addr"],
                          "fields": [{"field-id": 11, "names": ["city"]}]}])
    lab.make("t", **{"write.metadata.metrics.column.qty": "full",
                     "write.metadata.metrics.column.addr.zip": "counts",
                     "write.metadata.metrics.column.name": "none",
                     "schema.name-mapping.default": mapping})
    lab.alter("RENAME COLUMN qty TO q, RENAME COLUMN addr TO a, DROP COLUMN name, "
              "ADD COLUMN a.street string, ADD COLUMN qty string")
    found = lab.meta()["properties"]
    same({k: v for k, v in found.items() if "metrics" in k},
         {"write.metadata.metrics.column.q": "full",
          "write.metadata.metrics.column.a.zip": "counts"})
    # as Java's MappingUtil: names are added, and a name belongs to the column that got it last
    same(json.loads(found["schema.name-mapping.default"]), [
        {"field-id": 2, "names": ["q"]},
        {"field-id": 8, "names": ["addr", "a"], "fields": [
            {"field-id": 11, "names": ["city"]}, {"field-id": 20, "names": ["street"]}]},
        {"field-id": 21, "names": ["qty"]}])
    lab.alter("UNSET TBLPROPERTIES ('write.metadata.metrics.column.q', "
              "'schema.name-mapping.default')")
    same([k for k in lab.meta()["properties"] if "column.q" in k or "mapping" in k], [])
    lab.alter("set", "comment=two words", "a.b=c=d")
    same([lab.meta()["properties"][k] for k in ("comment", "a.b")], ["two words", "c=d"])
    lab.alter("unset a.b")
    lab.alter("SET PROPERTIES x=file:///a-b.c/d_e, y=-5,z = 1.5e3")
    same([lab.meta()["properties"][k] for k in "xyz"], ["file:///a-b.c/d_e", "-5", "1.5e3"])


@suite.case
def comments_are_made_as_in_trino():
    lab = Lab("comments")
    lab.ddl("COMMENT ON TABLE lake.raw.t IS 'it''s ordered'; COMMENT ON COLUMN raw.t.qty IS 'many'")
    same((lab.t().properties["comment"], lab.t().schema().find_field("qty").doc),
         ("it's ordered", "many"))
    lab.ddl("comment on column raw.t.\"qty\" is null; comment on table raw.t is null")
    same((lab.t().properties.get("comment"), lab.t().schema().find_field("qty").doc), (None, None))
    contains(lab.ddl("COMMENT ON TABLE raw.t IS NULL").out, "it is so already")
    lab.alter("ALTER COLUMN qty COMMENT 'x'")
    lab.alter("ALTER COLUMN qty COMMENT NULL")
    same(lab.t().schema().find_field("qty").doc, None)
    for statement, *words in (
            ("COMMENT ON TABLE raw.tt IS 'x'", "column 18", "no table 'raw.tt'"),
            ("COMMENT ON COLUMN raw.t.nope IS 'x'", "no column 'nope'"),
            ("COMMENT ON COLUMN qty IS 'x'", "column 23", "a column of the table"),
            ("COMMENT ON VIEW raw.t IS 'x'", "column 12", "TABLE or COLUMN is expected"),
            ("COMMENT ON TABLE raw.t IS 1", "column 27", "a text in quotes")):
        contains(lab.ddl(statement, want=1).err, *words)


@suite.case
def a_table_gets_another_name():
    lab = Lab("names")
    lab.catalog.create_namespace("other")
    lab.alter("RENAME TO s")
    same(sorted(r["id"] for r in rows(lab.lake, "raw.s")), [1, 2, 3])
    lab.ddl("ALTER TABLE lake.raw.s RENAME TO lake.other.u")
    same(sorted(r["id"] for r in rows(lab.lake, "other.u")), [1, 2, 3])
    same(len(json.loads(lab.ddl("FROM other.u").out)), 3)
    lab.alter("RENAME COLUMN qty TO q", name="OTHER.U")
    lab.both_read()


@suite.case
def another_place():
    lab = Lab("place")
    elsewhere = lab.folder / "elsewhere"
    lab.alter(f"SET LOCATION 'file://{elsewhere}/'")
    t = lab.t()
    same((t.location(), pathlib.Path(path_of(t.metadata_location)).parent),
         (f"file://{elsewhere}", elsewhere / "metadata"))
    t.append(arrow(t, ROWS))
    same(len(rows(lab.lake, "raw.t")), 6)
    lab.both_read()


# --- together with others -----------------------------------------------------------------------

@suite.case
def many_at_once():
    """Changes that do not touch each other are all made; those that do fail for a reason."""
    lab = Lab("race")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda i: lab.firn("alter", "raw.t", f"ADD COLUMN c{i} int"),
                             range(8)))
        same([d.exit for d in done], [0] * 8, [d.err for d in done])
        same(sorted(lab.columns()[-8:]), [f"c{i}" for i in range(8)])
        m = lab.meta()
        same((m["last-column-id"], len({f["id"] for f in current_schema(m)["fields"]})), (27, 18))
        done = list(pool.map(lambda i: lab.firn("alter", "raw.t", "DROP COLUMN c0"), range(8)))
        same(sorted(d.exit for d in done), [0] + [1] * 7)
        for d in done:
            if d.exit:
                contains(d.err, "there is no column 'c0'")
    lab.both_read()


@suite.case
def beside_a_landing():
    """Columns are added and properties set while firn and PyIceberg append."""
    lab = Lab("beside", ingest="{from: 'drop.a/*.json', into: raw.s}")
    for n in range(6):
        lab.write(f"a/{n}.json", "".join(json.dumps({"id": n * 100 + i, "t": "x"}) + "\n"
                                        for i in range(50)))
        if n == 0:
            lab.run()
        if n:
            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                work = [pool.submit(lab.firn, "run"),
                        pool.submit(lab.firn, "alter", "raw.s", f"ADD COLUMN n{n} int"),
                        pool.submit(lab.firn, "alter", "raw.s", f"SET TBLPROPERTIES ('p'='{n}')")]
                for w in work:
                    same(w.result().exit, 0, w.result().err)
    same(sorted(r["id"] for r in rows(lab.lake, "raw.s")),
         sorted(n * 100 + i for n in range(6) for i in range(50)))
    assert {f"n{n}" for n in range(1, 6)} <= set(lab.columns("raw.s"))
    lab.both_read()


# --- what is written afterwards -----------------------------------------------------------------

@suite.case
def landings_write_as_the_table_is_now():
    lab = Lab("landed", ingest="{from: 'drop.a/*.json', into: raw.s, partition: [day(at)]}")
    lab.write("a/1.json", '{"id": 1, "at": "2025-01-01T10:00:00Z", "n": 5}\n')
    lab.run()
    lab.alter("REPLACE PARTITION FIELD at_day WITH bucket(2, id), ALTER COLUMN n COMMENT 'count', "
              "ADD COLUMN extra struct<a: int, b: string>, WRITE ORDERED BY id DESC", name="raw.s")
    lab.write("a/2.json", "".join(json.dumps({"id": i, "at": f"2025-01-{i:02}T10:00:00Z", "n": i,
                                              "extra": {"a": i}}) + "\n" for i in range(2, 20)))
    done = lab.run()
    contains(done.err + done.out, "raw.s")
    files = [t.file for t in lab.t("raw.s").scan().plan_files()]
    same(sorted((f.spec_id, f.sort_order_id) for f in files), [(0, 0), (1, 1), (1, 1)])
    for f in files:
        if f.spec_id == 1:
            ids = pq.read_table(path_of(f.file_path))["id"].to_pylist()
            same(ids, sorted(ids, reverse=True), "sorted")
    same(sorted(r["id"] for r in rows(lab.lake, "raw.s")), list(range(1, 20)))
    same({r["id"]: r["extra"] for r in rows(lab.lake, "raw.s")}[5], {"a": 5, "b": None})
    lab.both_read()


@suite.case
def a_required_column_with_a_default_is_filled():
    """In rows that were there, and in records that do not have it; an optional one is null then."""
    lab = Lab("filled", ingest="{from: 'drop.a/*.json', into: raw.s}", tables=())
    lab.write("a/1.json", '{"id": 1}\n')
    lab.run()
    lab.alter("upgrade to 3", name="raw.s")
    lab.alter("ADD COLUMN a int NOT NULL DEFAULT 5, ADD COLUMN b string DEFAULT 'x', "
              "ADD COLUMN c timestamp NOT NULL DEFAULT '2025-01-01'", name="raw.s")
    lab.alter("ALTER COLUMN a SET DEFAULT 6", name="raw.s")
    lab.write("a/2.json", '{"id": 2, "a": 7, "b": "y", "c": "2025-02-02T00:00:00"}\n{"id": 3}\n'
              '{"id": 4, "a": null, "b": null}\n')
    lab.run()
    for found in (rows(lab.lake, "raw.s", sort="id"),
                  json.loads(lab.ddl("SELECT * FROM raw.s ORDER BY id").out)):
        same([(r["id"], r["a"], r["b"], str(r["c"])[:10]) for r in found],
             [(1, 5, "x", "2025-01-01"), (2, 7, "y", "2025-02-02"), (3, 6, None, "2025-01-01"),
              (4, 6, None, "2025-01-01")])


@suite.case
def a_landing_goes_on_after_a_rename():
    """What the source calls otherwise is said in the project; firn alter reminds of it."""
    lab = Lab("renamed", ingest="{from: 'drop.a/*.json', into: raw.s}", tables=())
    lab.write("a/1.json", '{"id": 1, "n": 5}\n')
    lab.run()
    done = lab.alter("rename n to amount", name="raw.s")
    contains(done.err, "columns: {amount: {from: n}}")
    lab.describe("{from: 'drop.a/*.json', into: raw.s, columns: {amount: {from: n}}}")
    lab.write("a/2.json", '{"id": 2, "n": 6}\n')
    lab.run()
    same(sorted((r["id"], r["amount"]) for r in rows(lab.lake, "raw.s")), [(1, 5), (2, 6)])
    lab.describe("{from: 'drop.a/*.json', into: raw.s}")
    lab.write("a/3.json", '{"id": 3, "n": 7}\n')
    lab.run()
    same(sorted((r["id"], r["amount"]) for r in rows(lab.lake, "raw.s")), [(1, 5), (2, 6), (3, 7)])


@suite.case
def sorted_files():
    """`sort:` of an ingest entry and of a model; large tables are cut into files that follow each
    other; null is where it was asked to be."""
    lab = Lab("sorted", ingest="{from: 'drop.a/*.json', into: raw.s, sort: [v desc nulls first, "
              "id]}", more="models: models\nmaintenance: {target_file_size: 100KB}\n")
    lab.model("m.s", '/* firn\nsort: ["truncate(1, w)", id desc]\n*/\nFROM raw.s\n')
    lab.model("m.p", '/* firn\npartition: ["bucket(3, id)"]\nsort: [id]\n*/\nFROM raw.s\n')
    lab.write("a/1.json", "".join(json.dumps({"id": i, "v": None if i % 7 == 0 else i * 7919 % 1009,
                                              "w": f"{i * 31 % 97}-{i * 7919 % 104729}" * 3}) + "\n"
                                  for i in range(20000)))
    lab.run()
    for name, key, least in (
            ("raw.s", lambda r: (r["v"] is not None, -(r["v"] or 0), r["id"]), 3),
            ("m.s", lambda r: (r["w"][:1], -r["id"]), 3), ("m.p", lambda r: r["id"], 3)):
        t = lab.t(name)
        files = [f.file for f in t.scan().plan_files()]
        assert len(files) >= least, (name, len(files))
        ends = []
        for f in files:
            same(f.sort_order_id, 1, name)
            keys = [key(r) for r in pq.read_table(path_of(f.file_path)).to_pylist()]
            assert keys == sorted(keys), f"{name} is not sorted"
            ends.append((keys[0], keys[-1]))
        if name != "m.p":
            ends.sort()
            assert all(a[1] <= b[0] for a, b in zip(ends, ends[1:])), f"{name}: files overlap"
        same(sorted(r["id"] for r in rows(lab.lake, name)), list(range(20000)), name)
    lab.describe("{from: 'drop.a/*.json', into: raw.s, sort: [id]}", "models: models\n")
    contains(lab.run().err + lab.run("--json", "--full-refresh").out, "and stays so: `sort`")
    for wish, words in (("[nope]", "sort column 'nope' is not in the table"), ("['id dsc']", ""),
                        ("[{a: b}]", "a sort column is a text"),
                        ("['dy(id)']", "no such transform")):
        lab.describe(f"{{from: 'drop.a/*.json', into: raw.other, sort: {wish}}}")
        done = lab.firn("run")
        assert done.exit in (1, 2), done
        contains(done.err, words, "firn.yml")
    lab.both_read()


suite.end()

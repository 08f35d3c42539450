#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: ci parallel needs=venv timeout=300
"""SHOW and DESCRIBE in the forms that Spark and Trino users type: what they say is what PyIceberg
says of the tables it made; with --full, Spark makes a table from what SHOW CREATE TABLE prints."""
import csv
import io
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (FULL, TMP, Project, Skip, Suite, catalog, close_catalogs,  # noqa: E402
                     contains, firn, same, table)

suite = Suite()

import pyarrow as pa  # noqa: E402
from pyiceberg.partitioning import PartitionField, PartitionSpec  # noqa: E402
from pyiceberg.schema import Schema  # noqa: E402
from pyiceberg.transforms import (BucketTransform, DayTransform, HourTransform,  # noqa: E402
                                  IdentityTransform, MonthTransform, TruncateTransform,
                                  YearTransform)
from pyiceberg.types import (BinaryType, BooleanType, DateType, DecimalType,  # noqa: E402
                             DoubleType, FloatType, IntegerType, ListType, LongType, MapType,
                             NestedField, StringType, StructType, TimestampType,
                             TimestamptzType)

LAKE = TMP / "lake"
LAKE.mkdir(parents=True)
WIDE = Schema(
    NestedField(1, "id", LongType(), required=True, doc="the client's key"),
    NestedField(2, "flag", BooleanType()), NestedField(3, "small", IntegerType()),
    NestedField(4, "ratio", FloatType()), NestedField(5, "amount", DoubleType()),
    NestedField(6, "price", DecimalType(12, 3)), NestedField(7, "day", DateType()),
    NestedField(8, "seen", TimestampType()), NestedField(9, "at", TimestamptzType()),
    NestedField(10, "Order Note", StringType(), doc="free text: \\ and '"),
    NestedField(11, "raw", BinaryType()),
    NestedField(12, "address", StructType(
        NestedField(13, "city", StringType(), required=True, doc="of delivery"),
        NestedField(14, "zip code", IntegerType()))),
    NestedField(15, "tags", ListType(16, StringType(), element_required=False)),
    NestedField(17, "counts", MapType(18, StringType(), 19, LongType(), value_required=False)))
BY = [("id", BucketTransform(16), "bucket(16, id)"), ("day", MonthTransform(), "months(day)"),
      ("seen", HourTransform(), "hours(seen)"), ("at", DayTransform(), "days(at)"),
      ("Order Note", TruncateTransform(4), "truncate(4, `Order Note`)"),
      ("address.city", IdentityTransform(), "address.city")]


def make():
    c = catalog(LAKE)
    for levels in (("raw",), ("curated",), ("curated", "shared"), ("Empty NS",)):
        c.create_namespace(levels)
    spec = PartitionSpec(*[PartitionField(WIDE.find_field(name).field_id, 1000 + i, transform,
                                          f"p{i}") for i, (name, transform, _) in enumerate(BY)])
    c.create_table("raw.wide", WIDE, partition_spec=spec,
                   properties={"owner": "me", "comment": "all types",
                               "for.whom": "o'hara", "write.parquet.compression-codec": "zstd"})
    t = c.create_table("raw.parts", Schema(NestedField(1, "kind", StringType()),
                                           NestedField(2, "day", DateType())),
                       partition_spec=PartitionSpec(
                           PartitionField(1, 1000, IdentityTransform(), "kind"),
                           PartitionField(2, 1001, YearTransform(), "day_year")))
    t.append(pa.table({"kind": ["a", "b", "a"], "day": pa.array([0, 400, 1], pa.date32())}))
    with t.update_schema() as change:
        change.add_column("more", LongType())
    simple = Schema(NestedField(1, "x", LongType(), required=True))
    for name in (("raw", "orders"), ("raw", "old_orders"), ("curated", "shared", "dim"),
                 ("curated", "top")):
        c.create_table(name, simple)
    close_catalogs()


make()


def sql(statement, lake=LAKE):
    return json.loads(firn("sql", lake, statement, "-o", "json", want=0).out)


def fails(statement, lake=LAKE):
    return firn("sql", lake, statement, want=1).err


def column(statement, name):
    return [row[name] for row in sql(statement)]


# --- the catalog --------------------------------------------------------------------------------

@suite.case
def tables_are_listed():
    every = [("curated", "top"), ("curated.shared", "dim"), ("raw", "old_orders"),
             ("raw", "orders"), ("raw", "parts"), ("raw", "wide")]
    same([(r["namespace"], r["table_name"]) for r in sql("SHOW TABLES")], every)
    raw = [name for ns, name in every if ns == "raw"]
    for statement, names in (
            ("SHOW TABLES FROM raw", raw), ("show tables in RAW", raw),
            ("SHOW TABLES IN lake.raw;", raw), ("SHOW TABLES -- all\n FROM \"raw\"", raw),
            ("SHOW TABLES FROM curated", ["top"]), ("SHOW TABLES FROM curated.shared", ["dim"]),
            ("SHOW TABLES IN lake.curated.shared", ["dim"]), ("SHOW TABLES IN \"Empty NS\"", []),
            ("SHOW TABLES FROM raw LIKE '%orders'", ["old_orders", "orders"]),
            ("SHOW TABLES FROM raw LIKE 'ORD_RS'", ["orders"]),
            ("SHOW TABLES IN raw 'o*'", ["old_orders", "orders"]),
            ("SHOW TABLES IN raw LIKE 'w*|*s'", ["old_orders", "orders", "parts", "wide"]),
            ("SHOW TABLES LIKE 'dim'", ["dim"]), ("SHOW TABLES LIKE 'di'", []),
            ("SHOW TABLES LIKE '%'", [name for _, name in every])):
        same(column(statement, "table_name"), names, statement)


@suite.case
def namespaces_are_listed():
    every = ["Empty NS", "curated", "curated.shared", "raw"]
    for words in ("SCHEMAS", "DATABASES", "NAMESPACES", "schemas FROM lake"):
        same(column(f"SHOW {words}", "namespace"), every, words)
    same(column("SHOW NAMESPACES IN curated", "namespace"), ["curated.shared"])
    same(column("SHOW SCHEMAS LIKE 'c%'", "namespace"), ["curated", "curated.shared"])
    same(column("SHOW NAMESPACES LIKE 'raw|e*'", "namespace"), ["Empty NS", "raw"])
    for words in ("NAMESPACE", "SCHEMA", "DATABASE", "NAMESPACE EXTENDED"):
        found = {r["info_name"]: r["info_value"] for r in sql(f"DESCRIBE {words} curated.shared")}
        same(found, {"Catalog Name": "lake", "Namespace Name": "curated.shared", "Tables": "1"})


# --- columns ------------------------------------------------------------------------------------

WORDS = {"boolean": "boolean", "int": "int", "long": "bigint", "float": "float",
         "double": "double", "date": "date", "timestamp": "timestamp_ntz",
         "timestamptz": "timestamp", "string": "string", "binary": "binary"}


def spark_type(t):
    """Spark's word for a type of PyIceberg."""
    if isinstance(t, StructType):
        return "struct<" + ",".join(f"{quoted(f.name)}:{spark_type(f.field_type)}"
                                    for f in t.fields) + ">"
    if isinstance(t, ListType):
        return f"array<{spark_type(t.element_type)}>"
    if isinstance(t, MapType):
        return f"map<{spark_type(t.key_type)},{spark_type(t.value_type)}>"
    if isinstance(t, DecimalType):
        return f"decimal({t.precision},{t.scale})"
    return WORDS[str(t)]


def quoted(name):
    return name if name.isidentifier() else f"`{name}`"


@suite.case
def columns_are_described():
    fields = table(LAKE, "raw.wide").schema().fields
    wanted = [{"col_name": f.name, "data_type": spark_type(f.field_type),
               "nullable": "NO" if f.required else "YES", "comment": f.doc} for f in fields]
    for statement in ("DESCRIBE raw.wide", "DESC raw.wide", "describe table raw.wide",
                      "DESC TABLE lake.raw.wide ;", "SHOW COLUMNS FROM raw.wide",
                      "show columns in lake.raw.wide"):
        same(sql(statement), wanted, statement)
    for statement in ("DESCRIBE EXTENDED raw.wide", "DESC FORMATTED raw.wide",
                      "DESCRIBE TABLE EXTENDED lake.raw.wide"):
        found = sql(statement)
        same(found[:len(wanted)], wanted, statement)
        more = {r["col_name"]: r["data_type"] for r in found[len(wanted):]}
        t = table(LAKE, "raw.wide")
        same((more["Location"], more["Metadata"], more["UUID"], more["owner"]),
             (t.location(), t.metadata_location, str(t.metadata.table_uuid), "me"))
        same(more["Partitioned by"], ", ".join(word for *_, word in BY))
        same(more["Snapshot"], "none")


@suite.case
def states_are_described():
    first = table(LAKE, "raw.parts").metadata.snapshots[0].snapshot_id
    same(column("DESCRIBE raw.parts", "col_name"), ["kind", "day", "more"])
    for clause in (f"AT (VERSION => {first})", f"FOR VERSION AS OF {first}"):
        same(column(f"DESCRIBE raw.parts {clause}", "col_name"), ["kind", "day"])
        same(column(f"SHOW COLUMNS FROM raw.parts {clause}", "col_name"), ["kind", "day"])
    same(column("DESCRIBE raw.parts$refs", "col_name")[:2], ["name", "type"])
    where = LAKE / "raw" / "parts"
    same(column(f"DESCRIBE TABLE iceberg('{where}')", "col_name"), ["kind", "day", "more"])


@suite.case
def queries_are_the_engine_s():
    found = sql("DESCRIBE SELECT kind, day AS d, 1 + 1 FROM raw.parts")
    same([r["column_name"] for r in found], ["kind", "d", "(1 + 1)"])
    same([r["column_name"] for r in sql("DESCRIBE FROM raw.parts")], ["kind", "day", "more"])
    same(sql("SUMMARIZE raw.parts")[0]["column_name"], "kind")
    contains(firn("sql", LAKE, "EXPLAIN SELECT kind FROM raw.parts WHERE kind = 'a'", want=0).out,
             "READ_PARQUET")
    firn("sql", LAKE, "EXPLAIN ANALYZE SELECT * FROM raw.parts AT (BRANCH main)", want=0)
    # without a catalog all of it is
    same(firn("sql", "SHOW TABLES", "-o", "csv", cwd=TMP, want=0).out.strip(), "name")
    contains(firn("sql", "DESCRIBE SELECT 1 AS x", "-o", "csv", cwd=TMP, want=0).out, "x,INTEGER")


# --- properties and partitions ------------------------------------------------------------------

@suite.case
def properties_are_shown():
    found = {r["key"]: r["value"] for r in sql("SHOW TBLPROPERTIES raw.wide")}
    same(found, {**table(LAKE, "raw.wide").properties, "format-version": "2",
                 "format": "iceberg/parquet", "current-snapshot-id": "none"})
    same(sql("SHOW TBLPROPERTIES raw.wide ('for.whom')"), [{"key": "for.whom", "value": "o'hara"}])
    same(sql("SHOW TBLPROPERTIES raw.wide('nothing')"), [])


@suite.case
def names_in_backticks_are_names():
    for spark, plain in (
            ("SHOW TABLES IN `raw` LIKE 'o*'", "SHOW TABLES IN raw LIKE 'o*'"),
            ("SHOW SCHEMAS IN `curated`", "SHOW SCHEMAS IN curated"),
            ("DESCRIBE `raw`.`wide`", "DESCRIBE raw.wide"),
            ("DESC TABLE EXTENDED lake.`curated.shared`.`dim`",
             "DESC TABLE EXTENDED lake.curated.shared.dim"),
            ("SHOW COLUMNS IN `raw`.wide", "SHOW COLUMNS IN raw.wide"),
            ("SHOW CREATE TABLE `lake`.`raw`.`wide`", "SHOW CREATE TABLE lake.raw.wide"),
            ("SHOW TBLPROPERTIES `raw`.`wide` ('owner')",
             "SHOW TBLPROPERTIES raw.wide ('owner')")):
        same(sql(spark), sql(plain), spark)
    same(sql("SHOW TABLES IN `Empty NS`"), [])
    same(sql("SHOW TABLES LIKE '`raw`'"), [])
    contains(fails("DESCRIBE `raw`.`or``ders\"`"), "no table 'raw.or`ders\"'", "column 10")
    fails("DESCRIBE `raw.orders")


@suite.case
def partitions_are_shown():
    wanted = table(LAKE, "raw.parts").inspect.partitions().to_pylist()
    found = sql("SHOW PARTITIONS raw.parts")
    same(sorted((r["partition"]["kind"], r["partition"]["day_year"], r["record_count"])
                for r in found),
         sorted((r["partition"]["kind"], r["partition"]["day_year"], r["record_count"])
                for r in wanted))
    contains(fails("SHOW PARTITIONS raw.orders"), "raw.orders is not partitioned", "column 17")


# --- SHOW CREATE TABLE --------------------------------------------------------------------------

@suite.case
def the_definition_is_printed():
    text = column("SHOW CREATE TABLE raw.wide", "createtab_stmt")[0]
    contains(text, "CREATE TABLE lake.raw.wide (\n",
             "  id bigint NOT NULL COMMENT 'the client\\'s key'",
             "  `Order Note` string COMMENT 'free text: \\\\ and \\''", "  at timestamp,\n",
             "address struct<city: string NOT NULL COMMENT 'of delivery', `zip code`: int>",
             "counts map<string, bigint>", "USING iceberg\n",
             "PARTITIONED BY (" + ", ".join(word for *_, word in BY) + ")",
             f"LOCATION '{table(LAKE, 'raw.wide').location()}'", "'format-version' = '2'",
             "COMMENT 'all types'", "'for.whom' = 'o\\'hara'")
    assert "owner" not in text, "Spark refuses it"
    text = column("SHOW CREATE TABLE lake.curated.shared.dim", "createtab_stmt")[0]
    contains(text, "CREATE TABLE lake.curated.shared.dim (\n  x bigint NOT NULL)")
    assert "PARTITIONED" not in text, text


@suite.case
def spark_takes_the_definition():
    if not FULL:
        raise Skip("only with --full")
    from sparklab import Spark
    text = column("SHOW CREATE TABLE raw.wide", "createtab_stmt")[0]
    wanted = table(LAKE, "raw.wide")
    lake = TMP / "spark"
    lake.mkdir()
    spark = Spark(TMP / "spark.log")
    try:
        spark.open(lake, create=True)
        spark.sql("CREATE NAMESPACE lake.raw")
        spark.sql(text.replace(wanted.location(), f"file://{lake}/raw/wide"))
    finally:
        spark.end()
    made = table(lake, "raw.wide")
    same([(f.name, str(f.field_type), f.required, f.doc) for f in made.schema().fields],
         [(f.name, str(f.field_type), f.required, f.doc) for f in wanted.schema().fields])
    same([(f.source_id, str(f.transform)) for f in made.spec().fields],
         [(f.source_id, str(f.transform)) for f in wanted.spec().fields])
    same((made.properties["for.whom"], made.properties["comment"]), ("o'hara", "all types"))


# --- results are results ------------------------------------------------------------------------

@suite.case
def they_are_results_like_others():
    out = firn("sql", LAKE, "SHOW TABLES FROM raw", "-o", "csv", want=0).out
    same(list(csv.reader(io.StringIO(out)))[:2], [["namespace", "table_name"],
                                                  ["raw", "old_orders"]])
    contains(firn("sql", LAKE, "DESCRIBE raw.orders", want=0).out, "col_name", "bigint", "1 row")
    events = firn("sql", LAKE, "SHOW SCHEMAS", "--json", want=0).events()
    same([e["values"] for e in events if e["event"] == "row"][0], {"namespace": "Empty NS"})
    same(events[-1]["rows"], 4)
    out = firn("sql", LAKE, "SHOW TABLES LIKE 'nothing'", "-o", "csv", want=0).out
    same(out.strip(), "namespace,table_name")
    done = firn("sql", LAKE, "SHOW SCHEMAS; SELECT 1 AS x; DESCRIBE raw.orders", "-o", "csv",
                want=0)
    contains(done.out, "curated.shared", "x\n1", "col_name")


@suite.case
def mistakes_are_told():
    for statement, place, words in (
            ("SHOW TABLES FROM rwa", 18, ["no namespace 'rwa'", "did you mean raw"]),
            ("SHOW TABLES FROM", 17, ["namespace is missing"]),
            ("SHOW TABLES LIKE raw", 18, ["text"]), ("SHOW TABLES nonsense", 13, ["'nonsense'"]),
            ("SHOW CREATE TABLE raw.ordres", 19, ["raw.ordres", "did you mean raw.orders"]),
            ("SHOW CREATE TABLE orders", 19, ["did you mean raw.orders"]),
            ("SHOW CREATE SCHEMA raw", 13, ["SHOW CREATE TABLE"]),
            ("SHOW CREATE VIEW raw.v", 18, ["no table 'raw.v'"]),
            ("SHOW COLUMNS raw.orders", 14, ["SHOW COLUMNS FROM"]),
            ("DESCRIBE raw.nothing", 10, ["no table 'raw.nothing'"]),
            ("DESCRIBE raw.orders nonsense", 21, ["'nonsense'"]),
            ("DESCRIBE raw.orders AT (TAG v1)", 21, ["no tag 'v1'"]),
            ("DESCRIBE NAMESPACE curated.shard", 20, ["did you mean curated.shared"]),
            ("SHOW TBLPROPERTIES raw.orders$files", 20, ["metadata table"])):
        contains(fails(statement), f"line 1, column {place}:", *words)


@suite.case
def projects_show_them_too():
    p = Project("{from: 'drop.a.json', into: raw.a}", name="project")
    p.write("a.json", '{"x": 1}\n')
    p.run()
    same(p.sql("SHOW TABLES"), [{"namespace": "raw", "table_name": "a"}])
    same([r["col_name"] for r in p.sql("DESCRIBE raw.a")][0], "x")


suite.end()

# SPDX-License-Identifier: Apache-2.0
"""Spark with one version of Iceberg, as writer and reader; runs under a Python that has pyspark.

    spark_job.py JARS write HOME OUT [KEY…]   makes the tables of features.py in HOME
    spark_job.py JARS read JOBS OUT           reads what the JSON file JOBS lists

OUT: a line of JSON for each table.  What Spark's SQL cannot say (types that Spark has not, equality
deletes, defaults) goes by Iceberg's Java API in the same process."""
import datetime
import decimal
import json
import os
import pathlib
import sys
import time
import uuid

os.environ["TZ"] = "UTC"
time.tzset()

from py4j.java_gateway import JavaPackage  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

import features  # noqa: E402
import model  # noqa: E402
from writers import Cannot, shortened, spec_field  # noqa: E402

EXTENSIONS = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
SQL_TYPES = {"boolean": "BOOLEAN", "int": "INT", "long": "BIGINT", "float": "FLOAT",
             "double": "DOUBLE", "date": "DATE", "timestamp": "TIMESTAMP_NTZ",
             "timestamptz": "TIMESTAMP", "string": "STRING", "binary": "BINARY"}
LINEAGE = ("id", "_row_id", "_last_updated_sequence_number")
REVISION = 2  # another one: all tables are made anew
BOXED = ("long", "float", "double")  # numbers whose Java class py4j does not keep


def session(jars, home=None):
    own = "spark.sql.catalog.lake"
    settings = {"spark.jars": jars, "spark.driver.extraClassPath": jars.replace(",", ":"),
                "spark.sql.extensions": EXTENSIONS, "spark.ui.enabled": "false",
                "spark.driver.memory": "1g", "spark.driver.host": "127.0.0.1",
                "spark.driver.bindAddress": "127.0.0.1", "spark.sql.shuffle.partitions": "1",
                "spark.sql.session.timeZone": "UTC", "spark.sql.adaptive.enabled": "false",
                "spark.ui.showConsoleProgress": "false",
                "spark.sql.datetime.java8API.enabled": "true"}
    if home:
        settings.update({
            own: "org.apache.iceberg.spark.SparkCatalog",
            f"{own}.catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
            f"{own}.uri": f"jdbc:sqlite:{home}/catalog.db", f"{own}.warehouse": f"file://{home}",
            f"{own}.jdbc.schema-version": "V1", f"{own}.cache-enabled": "false"})
    builder = SparkSession.builder.master("local[1]").appName("interop")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


# --- SQL ----------------------------------------------------------------------------------------

def quoted(path):
    return ".".join(f"`{p.replace('`', '``')}`" for p in path)


def sql_type(type_):
    if isinstance(type_, model.Struct):
        return "STRUCT<" + ", ".join(
            f"{quoted([f.name])}: {sql_type(f.type)}{' NOT NULL' if f.required else ''}"
            for f in type_.fields) + ">"
    if isinstance(type_, model.List):
        return f"ARRAY<{sql_type(type_.element)}>"
    if isinstance(type_, model.Map):
        return f"MAP<{sql_type(type_.key)}, {sql_type(type_.value)}>"
    return type_.upper() if type_.startswith("decimal") else SQL_TYPES[type_]


def by_sql(type_):
    """Whether Spark's SQL can say the type."""
    if isinstance(type_, model.Struct):
        return all(by_sql(f.type) for f in type_.fields)
    if isinstance(type_, model.List):
        return not type_.required and by_sql(type_.element)
    if isinstance(type_, model.Map):
        return not type_.required and by_sql(type_.key) and by_sql(type_.value)
    return type_.startswith("decimal") or type_ in SQL_TYPES


def text(value):
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def literal(type_, value):
    return f"CAST({bare(type_, value)} AS {sql_type(type_)})"


def bare(type_, value):
    if value is None:
        return "NULL"
    if isinstance(type_, model.Struct):
        return "named_struct(" + ", ".join(
            f"{text(f.name)}, {literal(f.type, value[f.name])}" for f in type_.fields) + ")"
    if isinstance(type_, model.List):
        return "array(" + ", ".join(literal(type_.element, v) for v in value) + ")"
    if isinstance(type_, model.Map):
        pairs = value.items() if isinstance(value, dict) else value
        return "map(" + ", ".join(f"{literal(type_.key, k)}, {literal(type_.value, v)}"
                                  for k, v in pairs) + ")"
    if type_ == "binary":
        return f"X'{value.hex()}'"
    if isinstance(value, (bool, int, float, decimal.Decimal)):
        return f"'{value!r}'" if isinstance(value, float) else f"'{value}'"
    if isinstance(value, datetime.datetime):
        return f"'{value.isoformat(' ')}'"
    return text(value.isoformat() if isinstance(value, datetime.date) else value)


def sql_transform(spec, struct):
    word, column, _ = spec_field(spec)
    whole = column in [f.name for f in struct.fields]
    column = quoted([column] if whole else column.split("."))
    kind, _, width = word.partition("[")
    if kind == "identity":
        return column
    if width:
        return f"{kind}({width[:-1]}, {column})"
    return f"{kind}s({column})" if kind != "void" else f"void({column})"


# --- the Java API -------------------------------------------------------------------------------

class Java:
    """Iceberg's own Java classes, by py4j."""

    def __init__(self, spark):
        self.spark, self.jvm = spark, spark._jvm
        self.ice = self.jvm.org.apache.iceberg
        self.json = self.jvm.com.fasterxml.jackson.databind.ObjectMapper()
        self.catalog = self.ice.spark.Spark3Util.loadIcebergCatalog(spark._jsparkSession, "lake")

    def array(self, kind, values):
        made = self.spark.sparkContext._gateway.new_array(kind, len(values))
        for i, v in enumerate(values):
            made[i] = v
        return made

    def name(self, name):
        space = self.ice.catalog.Namespace.of(self.array(self.jvm.java.lang.String, ["x"]))
        return self.ice.catalog.TableIdentifier.of(space, name)

    def schema(self, struct):
        return self.ice.SchemaParser.fromJson(json.dumps({"schema-id": 0, **iceberg_json(struct)}))

    def spec(self, schema, specs):
        builder = self.ice.PartitionSpec.builderFor(schema)
        for one in specs:
            word, column, name = spec_field(one)
            kind, _, width = word.partition("[")
            if width:
                getattr(builder, kind)(column, int(width[:-1]), name)
            else:
                getattr(builder, {"void": "alwaysNull"}.get(kind, kind))(column, name)
        return builder.build()

    def create(self, name, feature):
        schema = self.schema(model.columns_of(feature.columns))
        properties = {**feature.properties, "format-version": str(feature.version)}
        self.catalog.createTable(self.name(name), schema, self.spec(schema, feature.spec),
                                 self.jvm.java.util.HashMap(properties))

    def drop(self, name):
        self.catalog.dropTable(self.name(name), True)

    def load(self, name):
        return self.catalog.loadTable(self.name(name))

    # Values, as Iceberg's generic writers take them.

    def value(self, type_, made, value):
        """`made`: Iceberg's own type."""
        if value is None:
            return None
        java = self.jvm.java
        if isinstance(type_, model.Struct):
            return self.record(type_, made.asStructType(), value)
        if isinstance(type_, model.List):
            found = java.util.ArrayList()
            for v in value:
                found.add(self.value(type_.element, made.asListType().elementType(), v))
            return found
        if isinstance(type_, model.Map):
            found = java.util.LinkedHashMap()
            kind = made.asMapType()
            for k, v in value.items() if isinstance(value, dict) else value:
                found.put(self.value(type_.key, kind.keyType(), k),
                          self.value(type_.value, kind.valueType(), v))
            return found
        return self.plain(type_, value)

    def plain(self, type_, value):
        java, canon = self.jvm.java, model.canon(type_, value)
        times = self.ice.util.DateTimeUtil
        if type_ in BOXED:
            raise Cannot(f"no {type_} in lists and maps by py4j")
        if type_.startswith("decimal"):
            return java.math.BigDecimal(canon)
        if type_ == "date":
            return java.time.LocalDate.ofEpochDay(canon)
        if type_ == "time":
            return java.time.LocalTime.ofNanoOfDay(canon * 1000)
        if type_ == "timestamp":
            return times.timestampFromMicros(canon)
        if type_ == "timestamptz":
            return times.timestamptzFromMicros(canon)
        if type_ == "timestamp_ns":
            return times.timestampFromNanos(canon)
        if type_ == "timestamptz_ns":
            return times.timestamptzFromNanos(canon)
        if type_ == "uuid":  # 1.5.2 has it written as bytes
            old = self.has("GenericAppenderFactory")
            return value.bytes if old else java.util.UUID.fromString(canon)
        if type_ == "binary":
            return java.nio.ByteBuffer.wrap(value)
        return value

    def record(self, struct, made, row):
        record = self.ice.data.GenericRecord.create(made)
        boxed = {}
        for f in struct.fields:
            if f.type in BOXED and row[f.name] is not None:
                boxed.setdefault(f.type, {})[f.name] = row[f.name]
            else:
                record.setField(f.name, self.value(f.type, made.fieldType(f.name), row[f.name]))
        for kind, values in boxed.items():
            record = record.copy(self.boxes(kind, values))
        return record

    def boxes(self, kind, values):
        """A Java map to numbers of this type.  py4j makes an Integer or a Double of what it is
        given; Jackson makes what it is told to."""
        java = self.jvm.java
        word = {k: v if kind == "long" else model.canon(kind, v).replace("nan", "NaN").replace(
            "inf", "Infinity") for k, v in values.items()}
        types = [self.jvm.java.lang.Class.forName(n) for n in (
            "java.util.HashMap", "java.lang.String", f"java.lang.{kind.capitalize()}")]
        made = self.json.getTypeFactory().constructMapType(*types)
        return self.json.readValue(json.dumps(word), made) if values else java.util.HashMap()

    # Files.

    def by_partition(self, table, struct, rows, keep=False):
        """[(partition or None, records)]; the rows themselves with `keep`."""
        spec, schema = table.spec(), table.schema()
        found = {}
        for row in rows:
            record, key = self.record(struct, schema.asStruct(), row), None
            if not spec.isUnpartitioned():
                key = self.ice.PartitionKey(spec, schema)
                wrapped = self.ice.data.InternalRecordWrapper(schema.asStruct())
                key.partition(wrapped.wrap(record))
            _, here = found.setdefault(key.toString() if key else "", (key, []))
            here.append(row if keep else record)
        return list(found.values())

    def output(self, table, partition):
        factory = self.ice.io.OutputFileFactory.builderFor(table, 1, 1).format(
            self.ice.FileFormat.PARQUET).operationId(str(uuid.uuid4())).build()
        return (factory.newOutputFile(table.spec(), partition) if partition
                else factory.newOutputFile())

    def write(self, writer, records):
        for record in records:
            writer.write(record)
        writer.close()

    def data_writer(self, table, partition):
        file, form = self.output(table, partition), self.ice.FileFormat.PARQUET
        if self.has("GenericAppenderFactory"):
            factory = self.ice.data.GenericAppenderFactory(table.schema(), table.spec())
            factory.setAll(table.properties())
            return factory.newDataWriter(file, form, partition)
        factory = self.builder(table).build()
        return factory.newDataWriter(file, table.spec(), partition)

    def has(self, name):
        """Whether this version of Iceberg has the class."""
        return callable(getattr(self.ice.data, name)) and not isinstance(
            getattr(self.ice.data, name), JavaPackage)

    def builder(self, table):
        made = getattr(self.ice.data, "GenericFileWriterFactory$Builder")(table)
        return made.dataFileFormat(self.ice.FileFormat.PARQUET).deleteFileFormat(
            self.ice.FileFormat.PARQUET)

    def equality_writer(self, table, partition, ids, columns):
        file, form = self.output(table, partition), self.ice.FileFormat.PARQUET
        if self.has("GenericAppenderFactory"):
            factory = self.ice.data.GenericAppenderFactory(table.schema(), table.spec(), ids,
                                                           columns, None)
            return factory.newEqDeleteWriter(file, form, partition)
        made = self.builder(table).equalityFieldIds(ids).equalityDeleteRowSchema(columns)
        factory = made.build()
        return factory.newEqualityDeleteWriter(file, table.spec(), partition)

    def data_files(self, table, struct, rows):
        for partition, records in self.by_partition(table, struct, rows):
            writer = self.data_writer(table, partition)
            self.write(writer, records)
            yield writer.toDataFile()

    def insert(self, name, struct, rows):
        table = self.load(name)
        append = table.newAppend()
        for file in self.data_files(table, struct, rows):
            append.appendFile(file)
        append.commit()

    def equality_files(self, table, struct, rows, by):
        schema = table.schema()
        columns = schema.select(self.array(self.jvm.java.lang.String, by))
        ids = self.array(self.jvm.int, [schema.findField(n).fieldId() for n in by])
        narrow = model.Struct([struct.field(n) for n in by])
        for partition, rows_ in self.by_partition(table, struct, rows, keep=True):
            writer = self.equality_writer(table, partition, ids, columns)
            self.write(writer, [self.record(narrow, columns.asStruct(), r) for r in rows_])
            yield writer.toDeleteFile()

    def row_delta(self, name, struct, gone, rows, by):
        """Deletes by equality and adds rows, in one commit."""
        table = self.load(name)
        delta = table.newRowDelta()
        for file in self.equality_files(table, struct, gone, by):
            delta.addDeletes(file)
        for file in self.data_files(table, struct, rows):
            delta.addRows(file)
        delta.commit()

    def default(self, type_, value):
        lit = self.ice.expressions.Expressions.lit
        made = self.ice.types.Types.fromPrimitiveString(type_)
        if type_ == "binary" or type_.startswith("fixed"):
            found = lit(self.jvm.java.nio.ByteBuffer.wrap(value))
        elif isinstance(value, (datetime.date, datetime.time)):
            found = lit(value.isoformat())
        elif isinstance(value, (decimal.Decimal, uuid.UUID)):
            found = lit(model.canon(type_, value))
        else:
            found = lit(value)
        return found.to(made), made

    def add(self, name, path, type_, default, required):
        update = self.load(name).updateSchema()
        parent, _, column = path.rpartition(".")
        literal_, made = (self.default(type_, default) if default is not None else
                          (None, self.ice.types.Types.fromPrimitiveString(type_)))
        given = ([parent] if parent else []) + [column, made]
        if default is not None:
            given += [None, literal_]  # no documentation
        getattr(update, "addRequiredColumn" if required else "addColumn")(*given)
        update.commit()

    def widen(self, name, path, type_):
        made = self.ice.types.Types.fromPrimitiveString(type_)
        self.load(name).updateSchema().updateColumn(path, made).commit()


def iceberg_json(struct, ids=None):
    ids = ids or iter(range(1, 10000))
    found = []
    for f in struct.fields:
        number = next(ids)
        found.append({"id": number, "name": f.name, "required": f.required,
                      "type": type_json(f.type, ids)})
    return {"type": "struct", "fields": found}


def type_json(type_, ids):
    if isinstance(type_, model.Struct):
        return iceberg_json(type_, ids)
    if isinstance(type_, model.List):
        return {"type": "list", "element-id": next(ids), "element": type_json(type_.element, ids),
                "element-required": type_.required}
    if isinstance(type_, model.Map):
        return {"type": "map", "key-id": next(ids), "key": type_json(type_.key, ids),
                "value-id": next(ids), "value": type_json(type_.value, ids),
                "value-required": type_.required}
    return type_


# --- writing ------------------------------------------------------------------------------------

class Table:
    def __init__(self, spark, java, name, feature):
        self.spark, self.java, self.name, self.feature = spark, java, name, feature
        self.model = model.Model(model.columns_of(feature.columns))
        self.api = feature.api or not by_sql(self.model.schema)
        self.sql_name = quoted(["lake", "x", name])
        self.files = 0
        if self.api:
            java.create(name, feature)
        else:
            self.create()

    def create(self):
        struct = self.model.schema
        columns = ", ".join(f"{quoted([f.name])} {sql_type(f.type)}"
                            f"{' NOT NULL' if f.required else ''}" for f in struct.fields)
        spec = ", ".join(sql_transform(s, struct) for s in self.feature.spec)
        properties = {**self.feature.properties, "format-version": str(self.feature.version)}
        given = ", ".join(f"{text(k)} = {text(v)}" for k, v in properties.items())
        self.sql(f"CREATE TABLE {self.sql_name} ({columns}) USING iceberg "
                 + (f"PARTITIONED BY ({spec}) " if spec else "") + f"TBLPROPERTIES ({given})")

    def sql(self, statement):
        return self.spark.sql(statement)

    def alter(self, what):
        self.sql(f"ALTER TABLE {self.sql_name} {what}")

    def apply(self, step):
        options = step[-1] if len(step) > 1 and isinstance(step[-1], dict) else {}
        arguments = [a for a in step[1:] if a is not options]
        getattr(self, "do_" + step[0])(*arguments, **options)
        self.model.apply(list(step))

    def values(self, rows):
        fields = self.model.schema.fields
        if len(rows) > 1000:  # as text it would be parsed for minutes
            frame = self.spark.createDataFrame(
                [tuple(r[f.name] for f in fields) for r in rows],
                ", ".join(f"{quoted([f.name])} {sql_type(f.type)}" for f in fields))
            frame.coalesce(1).createOrReplaceTempView("given")
            return "TABLE given"
        lines = ", ".join("(" + ", ".join(literal(f.type, r[f.name]) for f in fields) + ")"
                          for r in rows)
        return (f"SELECT /*+ COALESCE(1) */ * FROM VALUES {lines} AS given("
                + ", ".join(quoted([f.name]) for f in fields) + ")")

    def do_insert(self, rows):
        if self.api or not by_sql(self.model.schema):
            self.java.insert(self.name, self.model.schema, rows)
        else:
            self.sql(f"INSERT INTO {self.sql_name} {self.values(rows)}")

    def do_overwrite(self, rows):
        self.sql(f"INSERT OVERWRITE {self.sql_name} {self.values(rows)}")

    def do_delete(self, ids, how=None, by=None):
        if how == "equality":
            gone = [r for r in self.model.rows if r["id"] in ids]
            self.java.row_delta(self.name, self.model.schema, gone, [], by or ["id"])
        elif ids == list(range(ids[0], ids[0] + len(ids))):
            self.sql(f"DELETE FROM {self.sql_name} WHERE id BETWEEN {ids[0]} AND {ids[-1]}")
        else:
            self.sql(f"DELETE FROM {self.sql_name} WHERE id IN ({', '.join(map(str, ids))})")

    def do_upsert(self, rows):
        if self.feature.api:
            self.java.row_delta(self.name, self.model.schema, rows, rows, ["id"])
        else:
            self.sql(f"MERGE INTO {self.sql_name} t USING ({self.values(rows)}) s ON t.id = s.id "
                     "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")

    def do_files(self, rows):
        self.files += 1
        path = f"{pathlib.Path(self.java.load(self.name).location())}/added{self.files}"
        path = path.replace("file:/", "/").replace("//", "/")
        frame = self.sql(self.values(rows))
        columns = [spec_field(s)[1] for s in self.feature.spec]
        frame.write.partitionBy(*columns).parquet(path)
        self.sql("CALL lake.system.add_files(table => 'x." + self.name
                 + f"', source_table => '`parquet`.`{path}`')")

    def do_add(self, path, type_, default=None, where=None, required=False):
        if default is not None or not by_sql(model.type_of(type_)):
            self.java.add(self.name, path, type_, default, required)
            return
        word, _, other = (where or "").partition(" ")
        place = f" {word.upper()}" + (f" {quoted([other])}" if other else "") if word else ""
        self.alter(f"ADD COLUMN {quoted(path.split('.'))} {sql_type(model.type_of(type_))}{place}")

    def do_drop(self, path):
        self.alter(f"DROP COLUMN {quoted(path.split('.'))}")

    def do_rename(self, path, to):
        self.alter(f"RENAME COLUMN {quoted(path.split('.'))} TO {quoted([to])}")

    def do_move(self, path, where):
        word, _, other = where.partition(" ")
        self.alter(f"ALTER COLUMN {quoted(path.split('.'))} {word.upper()} "
                   + (quoted([other]) if other else ""))

    def do_widen(self, path, type_):
        if self.api:
            self.java.widen(self.name, path, type_)
        else:
            self.alter(f"ALTER COLUMN {quoted(path.split('.'))} TYPE {sql_type(type_)}")

    def do_optional(self, path):
        self.alter(f"ALTER COLUMN {quoted(path.split('.'))} DROP NOT NULL")

    def do_document(self, path, words):
        self.alter(f"ALTER COLUMN {quoted(path.split('.'))} COMMENT {text(words)}")

    def do_partition(self, spec):
        self.alter(f"ADD PARTITION FIELD {sql_transform(spec, self.model.schema)}")

    def do_unpartition(self, spec):
        self.alter(f"DROP PARTITION FIELD {sql_transform(spec, self.model.schema)}")

    def do_tag(self, name):
        self.alter(f"CREATE TAG {quoted([name])}")

    def do_upgrade(self, version):
        self.alter(f"SET TBLPROPERTIES ('format-version' = '{version}')")

    def do_sort(self, column):
        self.alter(f"WRITE ORDERED BY {quoted([column])}")

    def do_compact(self):
        self.sql(f"CALL lake.system.rewrite_data_files(table => 'x.{self.name}', "
                 "options => map('rewrite-all', 'true'))")

    def do_rewrite_manifests(self):
        self.sql(f"CALL lake.system.rewrite_manifests('x.{self.name}')")


def own_error(error):
    """What Java said, in a line."""
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    if java is None:
        return shortened(str(error))
    while java.getCause() is not None:
        java = java.getCause()
    return shortened(java.toString())


def write(jars, home, out, keys):
    spark = session(jars, home)
    spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.x")
    java = Java(spark)
    for feature in features.every():
        if keys and feature.key not in keys:
            continue
        name, began = features.table_name(feature), time.monotonic()
        java.drop(name)
        for key, value in feature.session.items():
            spark.conf.set(key, value)
        try:
            table = Table(spark, java, name, feature)
            for step in feature.steps:
                table.apply(list(step))
            found = {"metadata": metadata_of(java, name)}
        except Exception as error:  # the outcome, whatever it is
            found = {"cannot": own_error(error)}
            java.drop(name)
        for key in feature.session:
            spark.conf.unset(key)
        found.update(key=feature.key, digest=feature.digest, table=name,
                     seconds=round(time.monotonic() - began, 2))
        print(json.dumps(found), file=out, flush=True)


def metadata_of(java, name):
    return java.load(name).operations().current().metadataFileLocation()


# --- reading ------------------------------------------------------------------------------------

def read(jars, jobs, out):
    spark = session(jars)
    known = {f.key: f for f in features.every()}
    for job in json.loads(pathlib.Path(jobs).read_text(encoding="utf-8")):
        schema, began = features.schema_of(job, known), time.monotonic()
        try:
            reader = spark.read.format("iceberg")
            if job.get("ref"):
                reader = reader.option("tag", job["ref"])
            frame = reader.load(job["metadata"].removeprefix("file:"))
            names = [f.name for f in schema.fields]
            found = {"columns": frame.columns, "rows": []}
            if frame.columns == names:
                frame = frame.selectExpr(*map(readable, schema.fields))
                rows = ([from_row(f.type, v) for f, v in zip(schema.fields, row)]
                        for row in frame.collect())
                found["rows"] = sorted(rows, key=json.dumps)
            if job.get("lineage"):
                found["lineage"] = lineage(reader, job)
        except Exception as error:  # the outcome, whatever it is
            found = {"cannot": own_error(error)}
        found = {**job, **found, "seconds": round(time.monotonic() - began, 2)}
        print(json.dumps(found), file=out, flush=True)


def lineage(reader, job):
    """What a row is known by in version 3: (id, row id, sequence number of its last change)."""
    frame = reader.load(job["metadata"].removeprefix("file:"))
    return sorted(map(list, frame.selectExpr(*LINEAGE).collect()))


def readable(field):
    """Moments as numbers: Python knows no year 0 and no year 10000, which time zones lead to."""
    if field.type in ("timestamp", "timestamptz"):
        return f"unix_micros(CAST({quoted([field.name])} AS TIMESTAMP)) AS {quoted([field.name])}"
    return quoted([field.name])


def from_row(type_, value):
    """A value of Spark's Python rows in canonical form."""
    if value is None:
        return None
    if isinstance(type_, model.Struct):
        return [[f.name, from_row(f.type, v)] for f, v in zip(type_.fields, value)]
    if isinstance(type_, model.List):
        return [from_row(type_.element, v) for v in value]
    if isinstance(type_, model.Map):
        return sorted(([from_row(type_.key, k), from_row(type_.value, v)]
                       for k, v in value.items()), key=json.dumps)
    return model.canon(type_, value)


def main():
    jars, what, given, out, *keys = sys.argv[1:]
    with open(out, "a", encoding="utf-8") as file:
        if what == "write":
            write(jars, given, file, keys)
        else:
            read(jars, given, file)


main()

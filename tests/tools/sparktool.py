# SPDX-License-Identifier: Apache-2.0
"""Spark for tests/suites/spark.py; runs under a Python that has pyspark.  Reads a JSON document a
line: {"open": {setting: value}} begins a session with these settings, {"sql": text} runs a
statement in it, {"locations": {…}} asks where files would be put, {"equality": {…}} adds
equality deletes.  Answers each with a line:
{"rows": [...]} or {"error": text}.  The arguments: the jars, with commas between them; the
descriptor to answer to (standard output belongs to Spark)."""
import json
import os
import sys

from pyspark.sql import SparkSession

EXTENSIONS = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"


def start(jars):
    settings = {"spark.jars": jars, "spark.driver.extraClassPath": jars.replace(",", ":"),
                "spark.sql.extensions": EXTENSIONS, "spark.ui.enabled": "false",
                "spark.driver.memory": "1g", "spark.driver.host": "127.0.0.1",
                "spark.driver.bindAddress": "127.0.0.1", "spark.sql.shuffle.partitions": "2",
                "spark.sql.session.timeZone": "UTC"}
    builder = SparkSession.builder.master("local[2]").appName("firn")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


def answer(first, session, request):
    if "open" in request:
        session = first.newSession()
        for key, value in request["open"].items():
            session.conf.set(key, value)
        return session, {"rows": []}
    if "locations" in request:
        return session, {"rows": locations(first, **request["locations"])}
    if "equality" in request:
        return session, {"rows": equality(first, session, **request["equality"])}
    found = session.sql(request["sql"]).collect()
    return session, {"rows": [row.asDict(recursive=True) for row in found]}


def locations(first, location, properties, names):
    """Where Java puts data files of these names."""
    java = first.sparkContext._gateway.jvm
    given = java.java.util.HashMap()
    for key, value in properties.items():
        given.put(key, value)
    provider = java.org.apache.iceberg.LocationProviders.locationsFor(location, given)
    return [provider.newDataLocation(name) for name in names]


def equality(first, session, table, columns, rows):
    """Adds equality deletes to an unpartitioned table with Iceberg's own writers: rows are values
    of the columns, whole numbers for int columns."""
    gateway = first.sparkContext._gateway
    java, iceberg = gateway.jvm, gateway.jvm.org.apache.iceberg
    t = iceberg.spark.Spark3Util.loadIcebergTable(session._jsparkSession, table)
    names, ids = java.java.util.ArrayList(), gateway.new_array(java.int, len(columns))
    for i, column in enumerate(columns):
        names.add(column)
        ids[i] = t.schema().findField(column).fieldId()
    keys, parquet = t.schema().select(names), iceberg.FileFormat.PARQUET
    made = iceberg.data.GenericAppenderFactory(t.schema(), t.spec(), ids, keys, None)
    files = iceberg.io.OutputFileFactory.builderFor(t, 1, 1).format(parquet).build()
    writer = made.newEqDeleteWriter(files.newOutputFile(), parquet, None)
    for row in rows:
        record = iceberg.data.GenericRecord.create(keys)
        for column, value in zip(columns, row):
            record.setField(column, value)
        writer.write(record)
    writer.close()
    t.newRowDelta().addDeletes(writer.toDeleteFile()).commit()
    return []


def main():
    first = start(sys.argv[1])
    out = os.fdopen(int(sys.argv[2]), "w", encoding="utf-8")
    session = first
    print(json.dumps({"rows": [{"version": first.version}]}), file=out, flush=True)
    for line in sys.stdin:
        try:
            session, reply = answer(first, session, json.loads(line))
        except Exception as error:  # the suite decides what it means
            reply = {"error": f"{type(error).__name__}: {error}"[:2000]}
        print(json.dumps(reply, default=str), file=out, flush=True)


main()

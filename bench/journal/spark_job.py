# SPDX-License-Identifier: Apache-2.0
"""spark_job.py INPUT OUT THREADS: Spark SQL into Iceberg tables of a Hadoop catalog."""
import sys

from pyspark.sql import SparkSession

source, out, threads = sys.argv[1:4]
spark = (SparkSession.builder.master(f"local[{threads}]")
         .config("spark.ui.enabled", "false")
         .config("spark.sql.session.timeZone", "UTC")
         .config("spark.sql.catalog.bench", "org.apache.iceberg.spark.SparkCatalog")
         .config("spark.sql.catalog.bench.type", "hadoop")
         .config("spark.sql.catalog.bench.warehouse", out)
         .config("spark.sql.catalog.bench.cache-enabled", "false")
         .getOrCreate())
spark.sparkContext.setLogLevel("ERROR")
spark.read.schema("""_id string, entry_number bigint, company string, date date, currency string,
    memo string, updated_at timestamp, lines array<struct<account: string, debit: decimal(18,2),
    credit: decimal(18,2), description: string>>""").json(source).createOrReplaceTempView("source")
HEAD = "_id, entry_number, company, date, currency"


def total(side):
    return (f"cast(aggregate(lines, cast(0 as decimal(20,2)), (sum, x) -> "
            f"cast(sum + x.{side} as decimal(20,2))) as decimal(18,2)) as total_{side}")


def create(table, query):
    spark.sql(f"create table bench.b.{table} using iceberg tblproperties("
              f"'write.parquet.compression-codec' = 'snappy') as {query}")


create("entries", "select * from source")
create("lines", f"""select {HEAD}, position + 1 as line_no, line.account, line.debit, line.credit,
    line.description from bench.b.entries lateral view posexplode(lines) x as position, line""")
create("totals", f"select {HEAD}, {total('debit')}, {total('credit')}, size(lines) as n "
                 "from bench.b.entries")

# SPDX-License-Identifier: Apache-2.0
"""Spark beside firn: found by environment variables, or fetched once into the cache, as for the
benchmarks.

    FIRN_SPARK_PYTHON   a Python that has pyspark 3.5
    FIRN_SPARK_JARS     iceberg-spark-runtime-3.5_2.12 and sqlite-jdbc, with commas between them"""
import json
import os
import subprocess
import sys

from firnlab import ROOT, Skip

sys.path += [str(ROOT / "tests/interop")]
import install  # noqa: E402

NEWEST = install.VERSIONS[-1]  # of Iceberg


def installed(iceberg):
    """(Python, jars) of an Iceberg version; fetches what is not there, and raises Skip if that
    fails."""
    try:
        return install.spark(iceberg)
    except install.Missing as why:
        raise Skip(f"Spark cannot be fetched ({why}); FIRN_SPARK_PYTHON and FIRN_SPARK_JARS may "
                   "name one that is there") from None


def found(iceberg):
    """(Python, jars) of an Iceberg version; None: those that the environment names, or the
    benchmarks' version."""
    python, jars = os.environ.get("FIRN_SPARK_PYTHON"), os.environ.get("FIRN_SPARK_JARS")
    if iceberg or not python and not jars:
        return installed(iceberg or install.contestants.SPARK_JAR_VERSION)
    for path in [python or "", *(jars or "").split(",")]:
        if not os.path.exists(path):
            raise Skip(f"FIRN_SPARK_PYTHON or FIRN_SPARK_JARS names '{path}', which is not there")
    return python, jars


class Spark:
    """A running Spark; one statement at a time."""

    def __init__(self, log, iceberg=None):
        python, jars = found(iceberg)
        reading, writing = os.pipe()
        env = {**os.environ, "PYSPARK_PYTHON": python, "SPARK_LOCAL_IP": "127.0.0.1"}
        for name in ("SPARK_HOME", "MALLOC_PERTURB_", "PYTHONPATH"):
            env.pop(name, None)
        with open(log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                [python, ROOT / "tests/tools/sparktool.py", jars, str(writing)], env=env, text=True,
                stdin=subprocess.PIPE, stdout=out, stderr=out, pass_fds=(writing,))
        os.close(writing)
        self.answers = os.fdopen(reading, encoding="utf-8")
        try:
            self.version = self.receive()[0]["version"]
        except AssertionError as error:
            tail = open(log, encoding="utf-8", errors="replace").read()[-300:]
            raise Skip(f"Spark does not start ({error}): {' '.join(tail.split())}") from None

    def receive(self):
        line = self.answers.readline()
        assert line, "Spark ended"
        reply = json.loads(line)
        assert "error" not in reply, reply["error"]
        return reply["rows"]

    def ask(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.receive()

    def open(self, lake, create=False):
        """Spark's JdbcCatalog on the catalog file of a warehouse, under the same name.

        Where the file exists Iceberg must not look for its tables: it leaves that query open, and
        with it SQLite keeps the connection at the state of that moment for ever."""
        own = "spark.sql.catalog.lake"
        self.ask({"open": {own: "org.apache.iceberg.spark.SparkCatalog",
                           f"{own}.catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
                           f"{own}.uri": f"jdbc:sqlite:{lake}/catalog.db",
                           f"{own}.warehouse": f"file://{lake}",
                           f"{own}.jdbc.schema-version": "V1",
                           f"{own}.jdbc.init-catalog-tables": str(create).lower(),
                           f"{own}.cache-enabled": "false"}})

    def sql(self, statement):
        return self.ask({"sql": statement})

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()

# SPDX-License-Identifier: Apache-2.0
"""Who takes part: how each is installed (once, into the cache), started, and checked."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME_CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
CACHE = pathlib.Path(os.environ.get("FIRN_CACHE") or HOME_CACHE / "firn")
BENCH = CACHE / "bench"
FIRN = pathlib.Path(os.environ.get("FIRN_BIN", ROOT / "build" / "firn"))
JOBS = ROOT / "bench" / "journal"
TITLES = {"firn": "**firn**", "duckdb": "DuckDB's COPY to plain Parquet: the floor",
          "pyiceberg": "PyIceberg + PyArrow by hand", "spark": "Spark + Iceberg",
          "dlt": "dlt (no totals)"}
# The engine of the floor is the one inside firn.
PACKAGES = {"duckdb": ["duckdb==1.5.5"],
            "pyiceberg": ["pyiceberg[pyarrow,sql-sqlite,pyiceberg-core]==0.12.0", "pyarrow==26.0.1",
                          "numpy", "fastavro", "pyroaring"],
            "duckdb-iceberg": ["duckdb==1.4.4", "duckdb-ext[iceberg,avro,httpfs]"],
            "spark": ["pyspark==3.5.3"],
            "dlt": ["dlt[filesystem,pyiceberg]==1.31.0"]}
SPARK_JAR = "iceberg-spark-runtime-3.5_2.12"
SPARK_JAR_VERSION = "1.10.0"


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def python(name):
    return BENCH / "venv" / name / "bin" / "python"


def spark_jar():
    return BENCH / f"{SPARK_JAR}-{SPARK_JAR_VERSION}.jar"


def run_quietly(command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError((result.stderr or result.stdout).strip()[-300:])


def install(name):
    target = BENCH / "venv" / name
    done = target / "done"
    if not done.exists() or done.read_text() != " ".join(PACKAGES[name]):
        say(f"installing {name} for its runs")
        run_quietly([sys.executable, "-m", "venv", "--clear", target])
        run_quietly([target / "bin/pip", "install", "-q", *PACKAGES[name]])
        done.write_text(" ".join(PACKAGES[name]))
    if name == "spark" and not spark_jar().exists():
        for tool in ("java", "mvn"):
            if not shutil.which(tool):
                raise RuntimeError(f"{tool} is missing (apt install openjdk-17-jre-headless maven)")
        run_quietly(["mvn", "-q", "dependency:copy", f"-DoutputDirectory={BENCH}",
                     f"-Dartifact=org.apache.iceberg:{SPARK_JAR}:{SPARK_JAR_VERSION}"])


def prepare(name):
    """Whether the contestant can take part; says why not."""
    try:
        if name != "firn":
            install(name)
        return True
    except (RuntimeError, OSError) as error:
        say(f"{name} does not take part: {error}")
        return False


def journal(name, source, out, threads, memory):
    """(command, environment) of a contestant's run."""
    if name == "firn":
        command = [FIRN, "run", "-q", "-p", JOBS / "firn", "--threads", str(threads)]
        return (command + (["--memory", memory] if memory else []),
                {"BENCH_INPUT_FOLDER": str(source.parent), "BENCH_OUT": str(out)})
    command = [python(name), JOBS / f"{name}_job.py", source, out, str(threads)]
    if name != "spark":
        return command, {}
    home = next((BENCH / "venv/spark/lib").glob("python*/site-packages/pyspark"))
    own = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(home),
           "PYSPARK_PYTHON": str(python("spark"))}
    return [home / "bin/spark-submit", "--driver-memory", "4g", "--jars", spark_jar(),
            *command[1:]], own


CHECK = """
import duckdb, json, pathlib, sys
out, names = sys.argv[1], json.loads(sys.argv[2])
def ask(select, table):
    found = pathlib.Path(out).rglob("*.parquet")
    files = ([str(f) for f in found if table in f.parts] if names["folders"]
             else [f"{out}/{table}.parquet"])
    rows = duckdb.sql(f"select {select} from read_parquet({files}, hive_partitioning = false)")
    return rows.fetchone()
found = {what: ask("count(*)", names[what])[0] for what in ("entries", "lines")}
sums = (ask("sum(total_debit)::varchar, sum(total_credit)::varchar", names["totals"])
        if names["totals"] else
        ask("sum(debit::decimal(18,2))::varchar, sum(credit::decimal(18,2))::varchar",
            names["lines"]))
found["debit"], found["credit"] = sums
print(json.dumps(found))
"""


CHECK_BSON = """
import duckdb, json, pathlib, sys
duckdb.sql("set enable_progress_bar = false")
files = [str(f) for f in pathlib.Path(sys.argv[1]).rglob("*.parquet")]
table = f"read_parquet({files}, hive_partitioning = false)"
entries = duckdb.sql(f"select count(*) from {table}").fetchone()[0]
lines, debit, credit = duckdb.sql("select count(*), sum(l.debit)::varchar, sum(l.credit)::varchar"
                                  f" from (select unnest(lines) l from {table})").fetchone()
print(json.dumps({"entries": entries, "lines": lines, "debit": debit, "credit": credit}))
"""


def check_bson(out, expected):
    """The same for the table that was made of the dump."""
    if not prepare("duckdb"):
        return say("the results are not checked")
    answer = subprocess.run([python("duckdb"), "-c", CHECK_BSON, out], capture_output=True,
                            text=True, check=False)
    if answer.returncode != 0 or json.loads(answer.stdout) != expected:
        raise SystemExit(f"bench: the table is wrong: expected {expected}, found "
                         f"{answer.stdout or answer.stderr}")
    return None


def check_journal(name, out, expected):
    """Stops everything if a contestant's counts or sums are not the generator's."""
    if not prepare("duckdb"):
        return say("the results are not checked")
    names = {"folders": name != "duckdb", "entries": "entries", "lines": "lines",
             "totals": "totals"}
    if name == "dlt":
        names.update(lines="entries__lines", totals="")
    answer = subprocess.run([python("duckdb"), "-c", CHECK, out, json.dumps(names)],
                            capture_output=True, text=True, check=False)
    if answer.returncode != 0 or json.loads(answer.stdout) != expected:
        raise SystemExit(f"bench: {name} is wrong: expected {expected}, found "
                         f"{answer.stdout or answer.stderr}")
    return None

# SPDX-License-Identifier: Apache-2.0
"""Where the readers and writers come from: fetched once into the cache, outside of the checkout, or
named by the environment.

    FIRN_SPARK_PYTHON   a Python that has pyspark 3.5
    FIRN_SPARK_JARS     jars, with commas between them; others that lie beside them are found, too
    FIRN_DUCKDB_PYTHON  a Python that has duckdb 1.4.4, duckdb-ext[iceberg] and pyarrow"""
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "bench"))

import contestants  # noqa: E402

RUNTIME = "iceberg-spark-runtime-3.5_2.12"
SQLITE = ("org.xerial", "sqlite-jdbc", "3.47.1.0")
VERSIONS = ("1.5.2", "1.12.0")
DUCKDB = ["duckdb==1.4.4", "duckdb-ext[iceberg,avro,httpfs]==0.1.2", "pyarrow==26.0.1"]


class Missing(Exception):
    """It cannot be had here; the text says why."""


def home():
    """The folder for what is fetched and for the tables that others make."""
    return pathlib.Path(os.environ.get("FIRN_CACHE") or contestants.CACHE)


def java():
    if not shutil.which("java"):
        raise Missing("java is missing (apt install openjdk-17-jre-headless)")


def jar(group, name, version):
    """The path of a jar of Maven Central."""
    file = f"{name}-{version}.jar"
    given = [j for j in os.environ.get("FIRN_SPARK_JARS", "").split(",") if j]
    for folder in [*(pathlib.Path(j).parent for j in given), contestants.BENCH]:
        if (folder / file).is_file():
            return str(folder / file)
    if not shutil.which("mvn"):
        raise Missing(f"mvn is missing, to fetch {file} (apt install maven)")
    command(["mvn", "-q", "dependency:copy", f"-DoutputDirectory={contestants.BENCH}",
             f"-Dartifact={group}:{name}:{version}"])
    return str(contestants.BENCH / file)


def command(words):
    try:
        contestants.run_quietly(words)
    except (RuntimeError, OSError) as error:
        raise Missing(f"{pathlib.Path(words[0]).name}: {' '.join(str(error).split())}") from None


def spark(version):
    """(Python, jars) for Spark 3.5 with this version of Iceberg."""
    java()
    python = os.environ.get("FIRN_SPARK_PYTHON")
    if not python:
        try:
            contestants.install("spark")
        except (RuntimeError, OSError) as error:
            raise Missing(f"pyspark: {' '.join(str(error).split())}") from None
        python = str(contestants.python("spark"))
    return python, ",".join([jar("org.apache.iceberg", RUNTIME, version), jar(*SQLITE)])


def duckdb():
    """A Python with DuckDB's iceberg extension, which is part of a wheel."""
    given = os.environ.get("FIRN_DUCKDB_PYTHON")
    if given:
        return given
    folder = contestants.BENCH / "venv" / "duckdb_iceberg"
    done = folder / "done"
    if not done.exists() or done.read_text(encoding="utf-8") != " ".join(DUCKDB):
        command([sys.executable, "-m", "venv", "--clear", folder])
        command([folder / "bin/pip", "install", "-q", *DUCKDB])
        done.write_text(" ".join(DUCKDB), encoding="utf-8")
    return str(folder / "bin/python")


def run(words, log, limit):
    """Runs a job with its output in a file; Missing with its last words if it fails."""
    env = {k: v for k, v in os.environ.items()
           if k not in ("SPARK_HOME", "PYTHONPATH", "MALLOC_PERTURB_")}
    env.update(SPARK_LOCAL_IP="127.0.0.1", PYTHONDONTWRITEBYTECODE="1",
               PYSPARK_PYTHON=str(words[0]))
    with open(log, "w", encoding="utf-8") as out:
        try:
            done = subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=out, env=env, timeout=limit, check=False)
            status = f"exit status {done.returncode}" if done.returncode else ""
        except subprocess.TimeoutExpired:
            status = f"no end after {limit} s"
    if status:
        said = pathlib.Path(log).read_text(encoding="utf-8", errors="replace")
        raise Missing(f"{status}: {' '.join(said[-300:].split())}")

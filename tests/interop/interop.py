# SPDX-License-Identifier: Apache-2.0
"""The matrix: writers make the tables of features.py, readers read them, and what they give is held
against the model.  tools/interop is the command line of it, tests/suites/interop.py the test."""
import concurrent.futures
import gzip
import json
import os
import pathlib
import re
import shutil
import warnings

import features
import install
import model
import read
from writers import Cannot, shortened

HERE = pathlib.Path(__file__).resolve().parent
RECORD = HERE / "results.json"
SPARKS = {f"Spark {v}": v for v in install.VERSIONS}
WRITERS = [*SPARKS, "PyIceberg", "firn"]
READERS = ["firn", "files", "PyIceberg", *SPARKS, "DuckDB"]
LIMIT = 1500  # seconds for a job
LINEAGE = {}   # {(writer, key): {reader: rows with their ids in version 3}}


def chosen(patterns):
    found = features.every()
    return [f for f in found if not patterns or any(p in f.key for p in patterns)]


# --- the tables ---------------------------------------------------------------------------------

class Corpus:
    """What a writer made: for each feature the metadata file, or why it cannot."""

    def __init__(self, writer, home, tables):
        self.writer, self.home, self.tables = writer, pathlib.Path(home), tables

    def jobs(self, wanted):
        for f in wanted:
            found = self.tables.get(f.key, {})
            if "metadata" in found:
                for ref in (None, *f.refs):
                    yield {"key": f.key, "metadata": found["metadata"], "ref": ref,
                           "lineage": not ref and in_version(found["metadata"], 3),
                           "extra": extra(found["metadata"], ref)
                           if self.writer == "firn" else None}


def loaded(metadata):
    raw = local(metadata).read_bytes()
    return json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)


def in_version(metadata, version):
    return loaded(metadata)["format-version"] == version


def extra(metadata, ref):
    """The place of the column x_loaded_at, if there is one."""
    m = loaded(metadata)
    wanted = m["current-schema-id"]
    if ref:
        snapshot = m["refs"][ref]["snapshot-id"]
        wanted = next(s for s in m["snapshots"] if s["snapshot-id"] == snapshot)["schema-id"]
    fields = next(s for s in m["schemas"] if s["schema-id"] == wanted)["fields"]
    names = [f["name"] for f in fields]
    return names.index("x_loaded_at") if "x_loaded_at" in names else None


def corpus(writer, tmp, wanted):
    """The tables of a writer: Spark's are kept in the cache, the others are made anew."""
    if writer in SPARKS:
        return by_spark(writer, SPARKS[writer])
    home = pathlib.Path(tmp) / writer
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    if writer == "firn":
        import write_firn
        return Corpus(writer, home, write_firn.make(home, wanted))
    return Corpus(writer, home, by_pyiceberg(home, wanted))


def by_pyiceberg(home, wanted):
    import write_pyiceberg
    warnings.simplefilter("ignore")
    made, writer = {}, write_pyiceberg.Writer(home)
    for f in wanted:
        try:
            made[f.key] = {"metadata": writer.make(features.table_name(f), f)}
        except Exception as error:  # the outcome, whatever it is
            made[f.key] = {"cannot": said(error)}
    writer.close()
    return made


def said(error):
    kind = "" if isinstance(error, (Cannot, read.Cannot)) else f"{type(error).__name__}: "
    return shortened(kind + str(error))


def by_spark(writer, version):
    """All features, each once for this state of its definition."""
    revision = re.search(r"^REVISION = (\d+)", (HERE / "spark_job.py").read_text("utf-8"), re.M)[1]
    home = install.home() / "interop" / f"{version}-{revision}"
    told = home / "tables.jsonl"
    lack = [f.key for f in features.every() if made_before(told).get(f.key) != f.digest]
    if lack:
        python, jars = install.spark(version)
        home.mkdir(parents=True, exist_ok=True)
        install.run([python, HERE / "spark_job.py", jars, "write", home, told, *lack], home / "log",
                    LIMIT)
    return Corpus(writer, home, lines_of(told))


def lines_of(path):
    """{key: line}; the last one of a key holds."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {r["key"]: r for r in map(json.loads, lines)}


def made_before(path):
    """{key: digest of what is there}."""
    return {k: r["digest"] for k, r in lines_of(path).items()
            if "cannot" in r or local(r["metadata"]).exists()}


def local(uri):
    return pathlib.Path(uri.removeprefix("file://").removeprefix("file:"))


# --- reading ------------------------------------------------------------------------------------

def outcomes(reader, corpora, wanted, tmp):
    """{writer: {key: [outcome of each ref]}}."""
    jobs = [{**job, "writer": c.writer} for c in corpora for job in c.jobs(wanted)]
    if reader in SPARKS or reader == "DuckDB":
        found = in_own_process(reader, jobs, tmp)
    else:
        found = in_this_process(reader, jobs)
    result = {}
    known = {f.key: f for f in wanted}
    for job, told in zip(jobs, found):
        here = result.setdefault(job["writer"], {}).setdefault(job["key"], [])
        here.append(judged(known[job["key"]], job, told))
        if isinstance(told.get("lineage"), list):  # else the reader stopped, or was not asked
            LINEAGE.setdefault((job["writer"], job["key"]), {})[reader] = told["lineage"]
    return result


def in_own_process(reader, jobs, tmp):
    tmp = pathlib.Path(tmp)
    word = reader.replace(" ", "-")
    (tmp / f"{word}.json").write_text(json.dumps(jobs), encoding="utf-8")
    out = tmp / f"{word}.out"
    out.unlink(missing_ok=True)
    if reader == "DuckDB":
        words = [install.duckdb(), HERE / "duckdb_job.py", tmp / f"{word}.json", out]
    else:
        python, jars = install.spark(SPARKS[reader])
        words = [python, HERE / "spark_job.py", jars, "read", tmp / f"{word}.json", out]
    install.run(words, tmp / f"{word}.log", LIMIT)
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def in_this_process(reader, jobs):
    warnings.simplefilter("ignore")
    known = {f.key: f for f in features.every()}

    def one(job):
        feature = known[job["key"]]
        schema = features.schema_of(job, known)
        metadata = job["metadata"].removeprefix("file://").removeprefix("file:")
        try:
            names, rows = read.HERE[reader](metadata, schema, job["ref"])
            if reader == "firn" and not job["ref"]:
                read.check_filters(metadata, feature, feature.model())
        except Exception as error:  # the outcome, whatever it is
            return {"cannot": said(error)}
        found = {"columns": names, "rows": rows}
        if job["lineage"] and reader == "firn":
            found["lineage"] = read.lineage(metadata)
        return found
    workers = os.cpu_count() if reader == "firn" else 1
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, jobs))


def judged(feature, job, told):
    if "cannot" in told:
        return ("differs: " if told["cannot"].startswith("AssertionError") else "cannot: ") + \
            told["cannot"].removeprefix("AssertionError: ")
    names, rows = meant(feature, job)
    at = job["extra"]
    if at is not None and told["columns"][at:at + 1] == ["x_loaded_at"]:
        told["columns"] = told["columns"][:at] + told["columns"][at + 1:]
        told["rows"] = sorted((r[:at] + r[at + 1:] for r in told["rows"]), key=json.dumps)
    where = f" at {job['ref']}" if job["ref"] else ""
    if told["columns"] != names:
        return f"differs: columns {told['columns']}{where}"
    if told["rows"] == rows:
        return "agrees"
    theirs = [json.dumps(r) for r in told["rows"]]
    extra = [r for r in theirs if r not in {json.dumps(x) for x in rows}]
    lost = [json.dumps(r) for r in rows if json.dumps(r) not in set(theirs)]
    return shortened(f"differs: {len(rows)} rows wanted, {len(theirs)} read{where}; "
                     f"{first(extra)} instead of {first(lost)}")


def meant(feature, job):
    """The rows that the writer means."""
    made = feature.model()
    names, rows = made.wanted(job["ref"])
    if job["writer"] == "PyIceberg":  # a null list or map with structs becomes an empty one
        fields = (made.refs[job["ref"]][0] if job["ref"] else made.schema).fields
        full = [has_structs(f.type) for f in fields]
        rows = sorted(([[] if v is None and s else v for v, s in zip(r, full)] for r in rows),
                      key=json.dumps)
    return names, rows


def has_structs(type_):
    if isinstance(type_, model.List):
        return isinstance(type_.element, model.Struct)
    return isinstance(type_, model.Map) and isinstance(type_.value, model.Struct)


def first(rows):
    return rows[0] if rows else "nothing"


def worst(found):
    return next((o for w in ("differs", "cannot") for o in found if o.startswith(w)), found[0])


# --- all of it ----------------------------------------------------------------------------------

class Matrix:
    """{key: {writer: {"made": "yes" or why not, reader: outcome}}}, and what was not run."""

    def __init__(self, cells=None, missing=None):
        self.cells, self.missing = cells or {}, missing or {}

    @classmethod
    def load(cls):
        found = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
        return cls(found.get("cells"), found.get("missing"))

    def merge(self, other):
        """Takes what was run anew."""
        for key, cells in other.cells.items():
            for writer, cell in cells.items():
                here = self.cells.setdefault(key, {}).setdefault(writer, {})
                if cell["made"] != "yes":
                    here.clear()
                here.update(cell)
        ran = {w for c in other.cells.values() for w in c} | {
            r for c in other.cells.values() for cell in c.values() for r in cell}
        self.missing = {k: v for k, v in self.missing.items() if k not in ran} | other.missing

    def save(self):
        order = [f.key for f in features.every()]
        cells = {k: self.cells[k] for k in order if k in self.cells}
        text = json.dumps({"missing": self.missing, "cells": cells}, indent=1, ensure_ascii=False)
        RECORD.write_text(text + "\n", encoding="utf-8")

    def run(self, writers, readers, tmp, wanted, jobs=None, say=print):
        """Makes and reads; replaces the cells of these writers and readers.  `wanted`: features, or
        by writer."""
        pathlib.Path(tmp).mkdir(parents=True, exist_ok=True)
        if not isinstance(wanted, dict):
            wanted = {w: wanted for w in writers}
        with concurrent.futures.ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
            made = pool.map(lambda w: self.tried(w, say, corpus, w, tmp, wanted[w]), writers)
            corpora = [c for c in made if c]
            for c in corpora:
                self.made(c, wanted[c.writer])
            every = {f.key: f for w in writers for f in wanted[w]}.values()
            found = list(pool.map(lambda r: self.tried(r, say, outcomes, r, corpora, every, tmp),
                                  readers))
        for reader, told in zip(readers, found):
            for writer, tables in (told or {}).items():
                for key, here in tables.items():
                    self.cells[key][writer][reader] = worst(here)
        return corpora

    def tried(self, name, say, function, *arguments):
        """What the function gives, or None where the writer or reader cannot be had."""
        try:
            found = function(*arguments)
            self.missing.pop(name, None)
            return found
        except install.Missing as why:
            self.missing[name] = shortened(str(why))
            say(f"{name} takes no part: {why}")
            return None

    def made(self, made, wanted):
        for f in wanted:
            why = made.tables.get(f.key, {"cannot": "not tried"}).get("cannot", "yes")
            cell = self.cells.setdefault(f.key, {}).setdefault(made.writer, {})
            if why != "yes":
                cell.clear()
            cell["made"] = why

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=300
"""Tables that Spark, PyIceberg, Impala and others wrote (../shared/iceberg-tables): firn reads the
rows that independent readers find, at every metadata version there is, or refuses for the right
reason."""
import base64
import decimal
import io
import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (SHARED, TMP, Suite, check_tool, contains, firn, note, same)  # noqa: E402

suite = Suite()

import fastavro  # noqa: E402

from icelab import current_schema  # noqa: E402

TABLES = pathlib.Path(SHARED) / "iceberg-tables"
LAKE = TMP / "lake"
V1 = """
CREATE TABLE iceberg_tables(catalog_name VARCHAR(255) NOT NULL,
 table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL,
 metadata_location VARCHAR(1000),
 previous_metadata_location VARCHAR(1000), iceberg_type VARCHAR(5),
 PRIMARY KEY (catalog_name, table_namespace, table_name));
CREATE TABLE iceberg_namespace_properties(catalog_name VARCHAR(255) NOT NULL,
 namespace VARCHAR(255) NOT NULL, property_key VARCHAR(255), property_value VARCHAR(1000),
 PRIMARY KEY (catalog_name, namespace, property_key));"""


# --- a copy whose paths are true ----------------------------------------------------------------

class Copy:
    """A copied table: metadata, manifest lists and manifests rewritten to name the files where they
    are now.  Nothing else is changed."""

    def __init__(self, source):
        self.home = LAKE / source.name
        shutil.copytree(source, self.home)
        subprocess.run(["chmod", "-R", "u+w", str(self.home)], check=True)
        self.files = [f for f in self.home.rglob("*") if f.is_file()]
        self.done, self.missing = {}, set()
        self.metadata = sorted(f for f in self.files if f.name.endswith(".metadata.json"))
        for path in self.metadata:
            self.metadata_file(path)

    def place(self, uri):
        """The file that a path ended up as: the one that shares its end."""
        parts = uri.split("://")[-1].split("/")
        for n in range(len(parts)):
            tail = "/" + "/".join(parts[n:])
            found = [f for f in self.files if str(f).endswith(tail)]
            if len(found) == 1:
                return found[0]
        self.missing.add(uri)
        return None

    def moved(self, uri):
        found = self.place(uri)
        return f"file://{found}" if found else uri

    def rewrite(self, path, change):
        """Changes the records of an Avro file once; its schema and header stay."""
        if path in self.done:
            return
        self.done[path] = True
        reader = fastavro.reader(io.BytesIO(path.read_bytes()))
        records = [change(r) for r in reader]
        header = {k: v for k, v in reader.metadata.items() if not k.startswith("avro.")}
        schema = json.loads(reader.metadata["avro.schema"])
        with open(path, "wb") as f:
            fastavro.writer(f, schema, records, codec=reader.codec, metadata=header)

    def manifest_list(self, path):
        def change(m):
            place = self.place(m["manifest_path"])
            if place:
                self.rewrite(place, self.entry)
                m.update(manifest_path=f"file://{place}", manifest_length=place.stat().st_size)
            return m
        self.rewrite(path, change)

    def entry(self, e):
        e["data_file"]["file_path"] = self.moved(e["data_file"]["file_path"])
        return e

    def metadata_file(self, path):
        metadata = json.loads(path.read_text(encoding="utf-8"))
        location = f"file://{path.parent.parent}"
        metadata["location"] = location
        for s in metadata.get("snapshots", []):
            place = self.place(s["manifest-list"])
            if place:
                s["manifest-list"] = f"file://{place}"
                self.manifest_list(place)
        path.write_text(json.dumps(metadata), encoding="utf-8")


def register(name, metadata_file):
    with sqlite3.connect(LAKE / "catalog.db") as db:
        db.execute("INSERT INTO iceberg_tables VALUES ('lake', 'x', ?, ?, NULL, 'TABLE')",
                   (name, f"file://{metadata_file}"))


def current(metadata):
    return next((s for s in metadata.get("snapshots", [])
                 if s["snapshot-id"] == metadata.get("current-snapshot-id")), None)


# --- what firn reads ----------------------------------------------------------------------------

def expected_form(value, type_):
    """A value of firn's JSON as agree.py wants it in --expect: binary as hex."""
    if value is None:
        return None
    if isinstance(type_, dict):
        if type_["type"] == "struct":
            return {f["name"]: expected_form(value[f["name"]], f["type"]) for f in type_["fields"]}
        if type_["type"] == "list":
            return [expected_form(v, type_["element"]) for v in value]
        pairs = value.items() if isinstance(value, dict) else value
        return [[expected_form(k, type_["key"]), expected_form(v, type_["value"])]
                for k, v in pairs]
    if type_ == "binary" or type_.startswith("fixed"):
        return base64.b64decode(value).hex()
    return f"{value:f}" if isinstance(value, decimal.Decimal) else value


def read(name, *args):
    return firn("sql", str(LAKE), f'FROM x."{name}"', "-o", "json", *args)


def check_rows(name, metadata):
    """firn's rows against agree.py's readers, all of which plan and decode by themselves."""
    done = read(name)
    same(done.exit, 0, f"{name}: {done.err}")
    schema = current_schema(metadata)
    found = json.loads(done.out, parse_float=decimal.Decimal)
    if not current(metadata):
        same(found, [], f"{name} has no snapshot")
        return 0
    path = TMP / f"{name}.jsonl"
    path.write_text("".join(json.dumps(expected_form(r, schema)) + "\n" for r in found),
                    encoding="utf-8")
    check_tool("agree.py", "--sqlite", LAKE / "catalog.db", "--table", f"x.{name}", "--expect",
               path)
    return len(found)


def one_version(name, path):
    """Reads the table as this metadata file has it, or sees firn refuse.  Returns what happened."""
    metadata = json.loads(path.read_text(encoding="utf-8"))
    register(name, path)
    return f"{check_rows(name, metadata)} rows"


def table_case(folder):
    def case():
        copy = Copy(folder)
        assert copy.metadata, "no metadata in it"
        # files that the collection left out: a version that names them is refused, not half read
        said = {}
        for n, path in enumerate(copy.metadata):
            name = f"{folder.name}_{n}"
            metadata = json.loads(path.read_text(encoding="utf-8"))
            lost = lost_files(metadata)
            if lost:
                register(name, path)
                done = read(name, "--no-prune")
                same(done.exit, 1, f"{path.name} names {lost[0]}, which is not there")
                what = "files missing, refused"
            else:
                what = one_version(name, path)
            said[what] = said.get(what, 0) + 1
        note(f"{folder.name}: {len(copy.metadata)} versions: "
             + ", ".join(f"{k} × {v}" for k, v in said.items()))
    return case


def lost_files(metadata):
    """Files of the current snapshot that are not there."""
    snapshot, lost = current(metadata), []
    if not snapshot:
        return lost
    listed = pathlib.Path(snapshot["manifest-list"].removeprefix("file://"))
    if not listed.is_file():
        return [str(listed)]
    with open(listed, "rb") as f:
        for m in fastavro.reader(f):
            path = pathlib.Path(m["manifest_path"].removeprefix("file://"))
            if not path.is_file():
                lost.append(str(path))
                continue
            with open(path, "rb") as g:
                lost += [e["data_file"]["file_path"] for e in fastavro.reader(g) if e["status"] != 2
                         and not pathlib.Path(e["data_file"]["file_path"].removeprefix(
                             "file://")).is_file()]
    return lost


LAKE.mkdir(parents=True)
with sqlite3.connect(LAKE / "catalog.db") as made:
    made.executescript(V1)
for found in sorted(TABLES.iterdir()):
    # no tables: tests/unit/test_iceberg_shared.c reads them; columns that differ only in case have
    # other names in SQL: shared_tables.py
    if found.name not in ("metadata-json", "case_sensitive_names"):
        suite.add(found.name, table_case(found))


@suite.case
def the_list_names_them_all():
    done = firn("tables", str(LAKE), want=0)
    with sqlite3.connect(LAKE / "catalog.db") as db:
        names = [r[0] for r in db.execute("SELECT table_name FROM iceberg_tables")]
    contains(done.out, *names)


suite.end()

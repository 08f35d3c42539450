#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: ci parallel needs=venv,shared timeout=900
"""Where files lie: write.data.path, write.metadata.path and the layout of object stores, in tables
that the project or PyIceberg made; what a dead run leaves in such folders; with --full, where
Java puts the same files, and what it calls partitions."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from crashlab import run as run_with  # noqa: E402
from firnlab import (FULL, TMP, Project, Skip, Suite, agree, catalog, check_tool,  # noqa: E402
                     contains, exists, lines, note, path_of, rows, same, table)

suite = Suite()

import mmh3  # noqa: E402
from pyiceberg.table.locations import load_location_provider  # noqa: E402

from icelab import live_files, manifests, metadata_of  # noqa: E402


def hashed(text):
    """The folders that the last 20 bits of the hash make (specification of Java's provider)."""
    bits = f"{mmh3.hash(text, signed=False) & 0xfffff:020b}"
    return "/".join((bits[:4], bits[4:8], bits[8:12], bits[12:]))


def java_path(location, properties, partition, name):
    """LocationProviders of Iceberg 1.10, in other words."""
    enabled = properties.get("write.object-storage.enabled", "false") == "true"
    folder = (properties.get("write.data.path")
              or (properties.get("write.object-storage.path") if enabled else None)
              or properties.get("write.folder-storage.path") or location + "/data").rstrip("/")
    with_partitions = properties.get("write.object-storage.partitioned-paths", "true") == "true"
    if not enabled:
        return "/".join(filter(None, (folder, partition, name)))
    tail = "/".join(filter(None, (partition if with_partitions else "", name)))
    if not folder.startswith(location):
        context = "/".join(location.split("/")[-2:])
        return f"{folder}/{hashed(tail)}/{context}/{tail}"
    return f"{folder}/{hashed(tail)}{'/' if with_partitions else '-'}{tail}"


def check_lake(lake):
    check_tool("lint.py", lake / "catalog.db")
    agree(lake)


def described(p, name, properties, more=""):
    return (f'{{from: drop.{name}.*.json, into: raw.{name}, partition: [kind], '
            f'columns: {{id: int}}, properties: {json.dumps(properties)}{more}}}')


def events(first, bad=False):
    more = [{"id": "x", "kind": "c"}] if bad else []
    return lines(*[{"id": i, "kind": "ab/ c"[i % 5]} for i in range(first, first + 20)], *more)


LAYOUTS = {
    "plain": {},
    "moved": {"write.data.path": "file://{outside}/moved/"},
    "path": {"write.data.path": "{outside}/path"},
    "inside": {"write.data.path": "file://{lake}/raw/inside/elsewhere"},
    "store": {"write.object-storage.enabled": "true"},
    "apart": {"write.object-storage.enabled": "true", "write.data.path": "file://{outside}/apart"},
    "bare": {"write.object-storage.enabled": "true",
             "write.object-storage.partitioned-paths": "false"},
    "bareapart": {"write.object-storage.enabled": "true",
                  "write.object-storage.partitioned-paths": "false",
                  "write.data.path": "file://{outside}/bare"},
    "legacy": {"write.folder-storage.path": "file://{outside}/legacy"},
    "storelegacy": {"write.object-storage.enabled": "TRUE",
                    "write.object-storage.path": "file://{outside}/sl",
                    "write.folder-storage.path": "file://{outside}/no"},
    "unused": {"write.object-storage.path": "file://{outside}/unused"},
    "meta": {"write.metadata.path": "file://{outside}/meta/"},
    "both": {"write.metadata.path": "file://{outside}/both/m",
             "write.data.path": "file://{outside}/both/d", "write.object-storage.enabled": "true"},
}


def given(p, name):
    outside = p.folder / "outside"
    return {k: v.format(outside=outside, lake=p.lake) for k, v in LAYOUTS[name].items()}


@suite.case
def tables_of_the_project():
    """Each layout: landed twice with rejects, and a model; everybody reads them."""
    p = Project()
    for name in LAYOUTS:
        p.write(f"{name}.1.json", events(0, bad=True))
        p.model(f"m.{name}", f"/* firn\npartition: [kind]\nproperties: "
                f"{json.dumps(given(p, name))}\n*/\nSELECT * FROM raw.{name}")
    p.describe([described(p, name, given(p, name)) for name in LAYOUTS])
    p.run(want=3)
    for name in LAYOUTS:
        p.write(f"{name}.2.json", events(20))
    p.run()
    for name in LAYOUTS:
        hidden = given(p, name).get("write.object-storage.partitioned-paths") == "false"
        for ns in ("raw", "m"):
            metadata = metadata_of(p.lake, f"{ns}.{name}")
            for key, value in given(p, name).items():
                same(metadata["properties"][key], value)
            lower = dict(metadata["properties"])
            lower["write.object-storage.enabled"] = lower.get(
                "write.object-storage.enabled", "false").lower()
            for path in paths_of(metadata):
                partition = "" if hidden else "/".join(x for x in path.split("/") if "=" in x)
                base = path.split("/")[-1]
                if hidden and not lower.get("write.data.path"):
                    base = base.split("-", 1)[1]
                same(path, java_path(metadata["location"], lower, partition, base))
            same(sorted(r["id"] for r in rows(p.lake, f"{ns}.{name}")), list(range(40)))
        home = given(p, name).get("write.metadata.path", "").rstrip("/")
        for path in others_of(metadata_of(p.lake, f"raw.{name}")):
            if home:
                same(path.rsplit("/", 1)[0], home)
        same(len(rows(p.lake, f"raw.{name}__rejects", drop=())), 1)
    check_lake(p.lake)


def paths_of(metadata):
    return [f["file_path"] for f in live_files(metadata)]


def others_of(metadata):
    return ([m["manifest_path"] for m in manifests(metadata)]
            + [s["manifest-list"] for s in metadata["snapshots"]])


@suite.case
def as_pyiceberg_puts_them():
    """PyIceberg's own providers, for tables inside of their location."""
    p = Project()
    names = ("plain", "moved", "inside", "store", "bare")
    for name in names:
        p.model(f"m.{name}", f"/* firn\nproperties: {json.dumps(given(p, name))}\n*/\n"
                "SELECT range AS i FROM range(10)")
        p.model(f"m.{name}_p", f"/* firn\npartition: [k]\nproperties: "
                f"{json.dumps(given(p, name))}\n*/\n"
                "SELECT range AS i, ['a', 'b/ ', '~*', '', NULL, 'é'][1 + range % 6] AS k "
                "FROM range(60)")
    p.run()
    for name in names:
        for more in ("", "_p"):
            metadata = metadata_of(p.lake, f"m.{name}{more}")
            provider = load_location_provider(metadata["location"], metadata["properties"])
            for path in paths_of(metadata):
                if name == "bare":
                    base = path.split("/")[-1].split("-", 1)[1]
                else:
                    base = path.split("/")[-1]
                    if more:
                        base = next(x for x in path.split("/") if "=" in x) + "/" + base
                same(path, provider.new_data_location(base))
    check_lake(p.lake)


@suite.case
def tables_of_others():
    """PyIceberg makes the tables; firn lands into them, and replaces one."""
    p = Project()
    p.model("n.first", "SELECT 1 AS i")
    p.run()
    lake = catalog(p.lake)
    from pyiceberg.schema import Schema
    from pyiceberg.types import IntegerType, NestedField, StringType
    schema = Schema(NestedField(1, "id", IntegerType()), NestedField(2, "kind", StringType()))
    lake.create_namespace("raw")
    names = ("moved", "apart", "bareapart", "both", "storelegacy")
    for name in names:
        lake.create_table(f"raw.{name}", schema, properties=given(p, name))
        p.write(f"{name}.1.json", events(0))
    p.describe([f"{{from: drop.{name}.*.json, into: raw.{name}}}" for name in names])
    for full in ((), ("--full-refresh",)):
        p.run(*full)
        for name in names:
            metadata = metadata_of(p.lake, f"raw.{name}")
            lower = {k: v.lower() if v == "TRUE" else v for k, v in
                     metadata["properties"].items()}
            for path in paths_of(metadata):
                same(path, java_path(metadata["location"], lower, "", path.split("/")[-1]))
            same(sorted(r["id"] for r in rows(p.lake, f"raw.{name}")), list(range(20)))
    check_lake(p.lake)


@suite.case
def changed_later():
    """The properties of the day hold for new files; old ones stay where they are."""
    p = Project()
    p.describe([described(p, "t", {})])
    p.write("t.1.json", events(0))
    p.run()
    before = set(paths_of(metadata_of(p.lake, "raw.t")))
    with table(p.lake, "raw.t").transaction() as change:
        change.set_properties({"write.object-storage.enabled": "true",
                               "write.data.path": f"file://{p.folder}/later",
                               "write.metadata.path": f"file://{p.folder}/meta"})
    p.write("t.2.json", events(20))
    p.run()
    metadata = metadata_of(p.lake, "raw.t")
    after = set(paths_of(metadata))
    assert before < after
    for path in after - before:
        assert path.startswith(f"file://{p.folder}/later/"), path
        assert "/raw/t/kind=" in path, path
    assert metadata["snapshots"][-1]["manifest-list"].startswith(f"file://{p.folder}/meta/")
    same(sorted(r["id"] for r in rows(p.lake, "raw.t")), list(range(40)))
    check_lake(p.lake)


@suite.case
def what_a_dead_run_left():
    """It is found in every layout; what the run had committed, and what other tables keep in the
    same folder, stays."""
    p = Project()
    shared = {"write.data.path": f"file://{p.folder}/shared",
              "write.metadata.path": f"file://{p.folder}/shared/m"}
    stored = {**shared, "write.object-storage.enabled": "true"}
    # one stream after the other: the first is committed when the second dies
    p.describe([described(p, "a", shared), described(p, "b", stored), described(p, "c", stored)])
    for name in "abc":
        p.write(f"{name}.1.json", events(0))
    run_with(p.folder, points="commit.before_swap=nth:2:kill", want=(-9, 137))
    committed = [n for n in "abc" if exists(p.lake, f"raw.{n}")]
    same(len(committed), 1)
    files = {f for f in (p.folder / "shared").rglob("*") if f.is_file()}
    metadata = metadata_of(p.lake, f"raw.{committed[0]}")
    live = {pathlib.Path(path_of(f)) for f in paths_of(metadata) + others_of(metadata)}
    assert files - live, "the dead run left nothing"
    p.run()
    live = set()
    for name in "abc":
        metadata = metadata_of(p.lake, f"raw.{name}")
        same(sorted(r["id"] for r in rows(p.lake, f"raw.{name}")), list(range(20)))
        log = [e["metadata-file"] for e in metadata["metadata-log"]]
        live |= {pathlib.Path(path_of(f)) for f in paths_of(metadata) + others_of(metadata) + log}
    left = {f for f in (p.folder / "shared").rglob("*") if f.is_file()} - live
    same({f.suffixes[-2:] == [".metadata", ".json"] for f in left}, {True})
    same(len(left), 3)  # the current ones
    check_lake(p.lake)


@suite.case
def old_metadata_files():
    """write.metadata.previous-versions-max, and delete-after-commit only if it is wanted."""
    for wanted, left in ((None, 7), ("false", 7), ("true", 4)):
        p = Project()
        properties = {"write.metadata.previous-versions-max": "3"}
        if wanted:
            properties["write.metadata.delete-after-commit.enabled"] = wanted
        p.describe([described(p, "t", properties)])
        for i in range(7):
            p.write(f"t.{i}.json", events(20 * i))
            p.run()
        metadata = metadata_of(p.lake, "raw.t")
        log = [path_of(e["metadata-file"]) for e in metadata["metadata-log"]]
        same(len(log), 3)
        files = {str(f) for f in (p.lake / "raw/t/metadata").glob("*.metadata.json")}
        same(len(files), left)
        assert set(log) <= files
        same(sorted(r["id"] for r in rows(p.lake, "raw.t")), list(range(140)))


@suite.case
def refused():
    """Folders that are not on this machine, by the property's name; nothing is written."""
    p = Project()
    for key, value in (("write.data.path", "s3://bucket/data"), ("write.data.path", "data"),
                       ("write.metadata.path", "gs://bucket/m"), ("write.data.path", "")):
        p.describe([described(p, "t", {key: value})])
        p.write("t.1.json", events(0))
        contains(p.run(want=1).err, key, "raw", "t", "file:///")
        assert not exists(p.lake, "raw.t")
    for key, value, words in (
            ("firn.x", "1", ("firn.x", "sets itself")), ("format-version", "9", ("version",)),
            ("uuid", "x", ("uuid",)), ("x", "[1]", ("a list",)), ("x", "{y: 1}", ("a map",)),
            ("x", "", ("nothing",))):
        p.describe(f"{{from: drop.t.*.json, into: raw.t, properties: {{{key}: {value}}}}}")
        contains(p.run(want=2).err, *words)


# --- Java ---------------------------------------------------------------------------------------

JAVA_VALUES = {
    "timestamp_ntz": ["2017-12-01 10:12:55.038194", "2017-12-01 10:12:55.5", "1969-12-31 23:59:59",
                      "2017-12-01 10:12:00", "2017-12-01 00:00:00", "0001-01-01 00:00:00",
                      "9999-12-31 23:59:59.999999", "2020-01-01 00:00:00.000001"],
    "date": ["0001-01-01", "1969-12-31", "9999-12-31", "2024-02-29"],
    "float": ["0.5", "-1.25", "16777216", "1e10", "0.001", "0.0001", "3.4028235e38", "1e-45",
              "9999999", "10000000", "0.1", "-0.0", "Infinity", "-Infinity", "123456.7"],
    "double": ["0.5", "1e300", "5e-324", "0.001", "0.00099", "9999999.5", "12345678.9", "1e7",
               "1e21", "0.1", "100", "Infinity", "2.2250738585072014e-308", "-0.001"],
    "decimal(38,10)": ["1234567890123456789012345678.0123456789", "-0.0000000001", "0", "1",
                       "0.0000001", "0.000001", "-0.0000009999"],
    "decimal(9,2)": ["0", "-0.01", "9999999.99", "1.5"],
    "decimal(38,38)": ["0.00000000000000000000000000000000000001", "0.1"],
    "boolean": ["true", "false"],
    "bigint": ["0", "-9223372036854775808"],
    "string": ["", " ", "a b", "a+b", "a%b", "a/b", "..", "~", "*", "-_.", "null", "é", "日本",
               "😀", "a=b&c", "#?:;,", '"', "[1]{a}", "%2F", "\\x7f"],
    "binary": ["", "00", "fffe", "612f623d63"],
}
JAVA_VALUES["timestamp"] = JAVA_VALUES["timestamp_ntz"]
TO_FIRN = {"timestamp_ntz": "TIMESTAMP", "timestamp": "TIMESTAMPTZ", "bigint": "BIGINT",
           "string": "VARCHAR", "binary": "BLOB"}


def literal(kind, text, who):
    if kind == "binary":
        return f"unhex('{text}')" if who == "spark" else (
            "'" + "".join(f"\\x{text[i:i + 2]}" for i in range(0, len(text), 2)) + "'::BLOB")
    quoted = text.replace("'", "''")
    if who == "spark":
        return "CAST('" + quoted.replace("\\", "\\\\") + f"' AS {kind})"
    zone = "+00" if kind == "timestamp" else ""
    return f"CAST('{quoted}{zone}' AS {TO_FIRN.get(kind, kind.upper())})"


def folders(lake, name, drop):
    return sorted(path.split("/data/", 1)[1].rsplit("/", 1)[0]
                  for path in paths_of(metadata_of(lake, name)) if drop in path)


def java():
    if not FULL:
        raise Skip("with --full")
    from sparklab import Spark
    return Spark(TMP / "spark.log")


@suite.case
def java_calls_partitions_the_same():
    """Spark writes the values that firn wrote into partitions of the same transforms."""
    s, p = java(), Project()
    cases = [("v", kind) for kind in JAVA_VALUES]
    times = ("date", "timestamp", "timestamp_ntz")
    cases += [(f"{t}s(v)", kind) for kind in times for t in ("year", "month", "day")]
    cases += [("hours(v)", kind) for kind in times[1:]]
    cases += [("bucket(7, v)", k) for k in JAVA_VALUES if k not in ("float", "double", "boolean")]
    cases += [("truncate(3, v)", k) for k in ("string", "binary", "decimal(9,2)", "bigint")]
    for i, (term, kind) in enumerate(cases):
        values = JAVA_VALUES[kind] + [None]
        if "truncate" in term and kind == "bigint":
            values = ["0", "-5", None]
        sql = " UNION ALL ".join(
            f"SELECT {literal(kind, v, 'duckdb') if v is not None else 'NULL'} AS v"
            for v in values)
        p.model(f"m.t{i}", f"/* firn\npartition: ['{term.replace('s(v', '(v')}']\n*/\n{sql}")
        cases[i] = (term, kind, values)
    p.run()
    s.open(p.lake)
    s.sql("CREATE NAMESPACE lake.j")
    for i, (term, kind, values) in enumerate(cases):
        listed = ", ".join("(" + (literal(kind, v, "spark") if v is not None
                                  else f"CAST(NULL AS {kind})") + ")" for v in values)
        s.sql(f"CREATE TABLE lake.j.t{i} (v {kind}) USING iceberg PARTITIONED BY ({term})")
        s.sql(f"INSERT INTO lake.j.t{i} SELECT * FROM VALUES {listed} AS t(v)")
        ours, theirs = folders(p.lake, f"m.t{i}", "/"), folders(p.lake, f"j.t{i}", "/")
        same([f.replace("v_trunc_3", "v_trunc").replace("v_bucket_7", "v_bucket")
              for f in sorted(set(theirs))], sorted(set(ours)), f"{term} of {kind}")
    note(f"{len(cases)} tables beside Java's")


@suite.case
def java_puts_files_there():
    """Java's own provider, asked for the places of the files that firn wrote."""
    s, p = java(), Project()
    for name in LAYOUTS:
        p.model(f"m.{name}", f"/* firn\npartition: [kind]\nproperties: "
                f"{json.dumps(given(p, name))}\n*/\nSELECT range AS id, "
                "['a', 'b /', NULL][1 + range % 3] AS kind FROM range(30)")
    p.run()
    for name in LAYOUTS:
        metadata = metadata_of(p.lake, f"m.{name}")
        found, tails = paths_of(metadata), []
        bare = given(p, name).get("write.object-storage.partitioned-paths") == "false"
        for path in found:
            tail = path.split("/")[-1]
            if bare and name == "bare":
                tail = tail.split("-", 1)[1]
            elif not bare:
                tail = next(x for x in path.split("/") if "=" in x) + "/" + tail
            tails.append(tail)
        asked = {"location": metadata["location"], "names": tails,
                 "properties": metadata["properties"]}
        try:
            same(s.ask({"locations": asked}), found, name)
        except AssertionError as error:  # Java from 1.11 on refuses what it took before
            if "has been deprecated" not in str(error):
                raise
            note(f"{name}: this Java takes the property no more")


suite.end()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=200
"""firn register: tables that PyIceberg made become tables of the catalog as they are, and firn and
PyIceberg go on with them; what is not whole, moved or known already is refused."""
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (TMP, Project, Suite, agree, catalog, close_catalogs, contains,  # noqa: E402
                     exists, firn, path_of, rows, same, table)

suite = Suite()

import pyarrow as pa  # noqa: E402
from pyiceberg.schema import Schema  # noqa: E402
from pyiceberg.types import LongType, NestedField  # noqa: E402


def new_lake(name):
    lake = TMP / name
    lake.mkdir()
    return lake


def make(lake, name="raw.t", values=((1, 2), (3,)), **more):
    """A table with one append for each list of values."""
    c = catalog(lake)
    c.create_namespace_if_not_exists(name.rsplit(".", 1)[0])
    t = c.create_table(name, Schema(NestedField(1, "x", LongType())), **more)
    for some in values:
        t.append(pa.table({"x": pa.array(some, pa.int64())}))
    close_catalogs()
    return t


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def values(lake, name):
    return sorted(r["x"] for r in rows(lake, name))


# --- what is registered -------------------------------------------------------------------------

@suite.case
def a_folder_becomes_a_table():
    t = make(new_lake("first"))
    lake = new_lake("second")
    home = TMP / "first" / "raw" / "t"
    before = files(home)
    done = firn("register", lake, "curated.shared.t", home, want=0)
    contains(done.out, "registered curated.shared.t: 3 rows", t.metadata_location)
    same(files(home), before, "no file is written or changed")
    same(values(lake, "curated.shared.t"), [1, 2, 3])
    same(table(lake, "curated.shared.t").metadata_location, t.metadata_location)
    same(("curated", "shared") in catalog(lake).list_namespaces(("curated",)), True)
    contains(firn("tables", lake, want=0).out, "curated.shared.t")
    contains(firn("sql", lake, "SELECT sum(x) AS s FROM curated.shared.t", "-o", "csv",
                  want=0).out, "s\n6")
    agree(lake)


@suite.case
def a_metadata_file_chooses_the_state():
    make(new_lake("states"))
    folder = TMP / "states" / "raw" / "t" / "metadata"
    versions = sorted(folder.glob("*.metadata.json"))
    lake = new_lake("state-2")
    firn("register", lake, "lake.raw.t", versions[1], "--quiet", want=0)
    same(values(lake, "raw.t"), [1, 2])
    done = firn("register", lake, "raw.t", versions[2], want=1)
    contains(done.err, "there is a table raw.t", "--replace")
    same(values(lake, "raw.t"), [1, 2])
    contains(firn("register", lake, "raw.t", versions[2], "--replace", want=0).out,
             "replaced raw.t: 3 rows")
    same(values(lake, "raw.t"), [1, 2, 3])
    done = firn("register", lake, "raw.t", f"file://{versions[2]}", "--replace", "-q", want=0)
    same(done.out, "")


@suite.case
def work_goes_on_in_the_new_catalog():
    make(new_lake("before"), name="raw.t", values=((1,),))
    p = Project("{from: 'drop.a.json', into: raw.t}", name="after")
    p.firn("register", "raw.t", TMP / "before" / "raw" / "t", want=0)
    p.write("a.json", '{"x": 7}\n')
    p.run()
    same(values(p.lake, "raw.t"), [1, 7])
    t = table(p.lake, "raw.t")
    t.append(pa.table({c.name: pa.nulls(1, c.type) if c.name != "x" else pa.array([9])
                       for c in t.schema().as_arrow()}))
    close_catalogs()
    same(values(p.lake, "raw.t"), [1, 7, 9])
    same(p.sql("SELECT x FROM raw.t ORDER BY x"), [{"x": 1}, {"x": 7}, {"x": 9}])
    agree(p.lake)


@suite.case
def links_and_relative_paths_lead_there():
    t = make(new_lake("real"))
    link = TMP / "link"
    link.symlink_to(TMP / "real" / "raw")
    lake = new_lake("linked")
    firn("register", lake, "a.t", "link/t", cwd=TMP, want=0)
    same(table(lake, "a.t").metadata_location, t.metadata_location, "as the metadata says it")


@suite.case
def tables_without_rows_and_with_branches():
    make(new_lake("none"), values=())
    lake = new_lake("none-2")
    contains(firn("register", lake, "raw.t", TMP / "none" / "raw" / "t", want=0).out, "0 rows")
    same(values(lake, "raw.t"), [])
    t = make(new_lake("branches"))
    ids = [s.snapshot_id for s in t.metadata.snapshots]
    t.manage_snapshots().create_branch(ids[0], "audit").commit()
    close_catalogs()
    lake = new_lake("branches-2")
    firn("register", lake, "raw.t", TMP / "branches" / "raw" / "t", want=0)
    contains(firn("sql", lake, "SELECT count(*) AS n FROM raw.t AT (BRANCH audit)", "-o", "csv",
                  want=0).out, "n\n2")


# --- what is not --------------------------------------------------------------------------------

@suite.case
def tables_that_moved_are_refused():
    make(new_lake("origin"))
    copy = TMP / "copy"
    shutil.copytree(TMP / "origin" / "raw" / "t", copy)
    lake = new_lake("moved")
    done = firn("register", lake, "raw.t", copy)
    assert done.exit in (1, 2), done
    contains(done.err, "was moved", str(TMP / "origin"), "iceberg('…', moved => true)")
    shutil.rmtree(TMP / "origin" / "raw" / "t")
    done = firn("register", lake, "raw.t", copy)
    assert done.exit in (1, 2), done
    contains(done.err, "was moved")
    assert not exists(lake, "raw.t")
    # put back it is the same table again
    shutil.copytree(copy, TMP / "origin" / "raw" / "t")
    firn("register", lake, "raw.t", TMP / "origin" / "raw" / "t", want=0)
    same(values(lake, "raw.t"), [1, 2, 3])


@suite.case
def tables_that_are_not_whole_are_refused():
    t = make(new_lake("whole"))
    ids = [s.snapshot_id for s in t.metadata.snapshots]
    t.manage_snapshots().create_tag(ids[0], "first").commit()
    close_catalogs()
    home = TMP / "whole" / "raw" / "t"
    lists = [path_of(s.manifest_list) for s in t.metadata.snapshots]
    manifests = [path_of(m.manifest_path) for m in t.current_snapshot().manifests(t.io)]
    lake = new_lake("whole-2")
    for path, what in [(lists[1], "manifest list"), (lists[0], "manifest list"),
                       *((m, "manifest") for m in manifests)]:
        away = pathlib.Path(path).rename(f"{path}.away")
        done = firn("register", lake, "raw.t", home)
        assert done.exit == 1, done
        contains(done.err, what, path, "nothing was registered")
        assert not exists(lake, "raw.t")
        away.rename(path)
    metadata = path_of(t.metadata_location)
    broken = metadata.replace("00003", "00009")
    pathlib.Path(broken).write_text("{")
    assert firn("register", lake, "raw.t", home).exit == 1
    firn("register", lake, "raw.t", metadata, want=0)


@suite.case
def known_tables_are_refused():
    make(new_lake("known"))
    make(TMP / "known", name="raw.u")
    home = TMP / "known" / "raw" / "t"
    lake = TMP / "known"
    contains(firn("register", lake, "raw.again", home, want=1).err, "as raw.t", "loses commits")
    contains(firn("register", lake, "raw.u", home, "--replace", want=1).err, "as raw.t")
    same(exists(lake, "raw.again"), False)


@suite.case
def mistakes_on_the_command_line():
    make(new_lake("mistakes"))
    lake = new_lake("mistakes-2")
    home = TMP / "mistakes" / "raw" / "t"
    for args, words in (([], "wants a name"), (["raw.t"], "wants a name"),
                        ([lake, "raw.t", home, "more"], "too many"),
                        ([lake, "orders", home], "no namespace"),
                        ([lake, "raw.t__rejects", home], "bad records"),
                        ([lake, "raw.t", TMP / "nothing"], "nothing"),
                        ([lake, "raw.t", TMP], "holds no Iceberg table"),
                        ([lake, "raw.t", __file__], "neither a folder nor a metadata file"),
                        ([lake, "raw.t", home, "--moved"], "--moved")):
        done = firn("register", *args, cwd=TMP)
        assert done.exit in (1, 2), done
        contains(done.err, words)
    contains(firn("help", "register", want=0).out, "firn register raw.orders")


suite.end()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""firn show and firn history: a table as it is and as it was, for people and as JSON; lineages,
snapshots that were rolled back, branches and tags, what other engines leave out."""
import datetime
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import TMP, Project, Suite, catalog, contains, firn, lines, same  # noqa: E402
from madelab import Made, field, struct_of  # noqa: E402

suite = Suite()

import pyarrow as pa  # noqa: E402
from pyiceberg.partitioning import PartitionField, PartitionSpec  # noqa: E402
from pyiceberg.schema import Schema  # noqa: E402
from pyiceberg.table.sorting import SortField, SortOrder  # noqa: E402
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform  # noqa: E402
from pyiceberg.types import (LongType, NestedField, StringType, StructType,  # noqa: E402
                             TimestampType)

LAKE = TMP / "warehouse"
UTC = datetime.timezone.utc


def json_of(verb, *args, lake=None):
    return json.loads(firn(verb, lake or LAKE, *args, "--json", want=0).out)


def append(t, *records):
    t.append(pa.Table.from_pylist(list(records), schema=t.schema().as_arrow()))
    return t.current_snapshot().snapshot_id


def build():
    """raw.t: three snapshots, the last but one rolled back, a branch, a tag, columns and specs that
    changed."""
    LAKE.mkdir(parents=True)
    c = catalog(LAKE)
    c.create_namespace("raw")
    schema = Schema(
        NestedField(1, "id", LongType(), required=True, doc="the key"),
        NestedField(2, "name", StringType()), NestedField(3, "at", TimestampType()),
        NestedField(4, "st", StructType(NestedField(5, "x", LongType(), doc="inside"),
                                        NestedField(6, "y", LongType()))),
        identifier_field_ids=[1])
    t = c.create_table("raw.t", schema, properties={"owner": "me"}, partition_spec=PartitionSpec(
        PartitionField(3, 1000, DayTransform(), "at_day"),
        PartitionField(1, 1001, BucketTransform(4), "id_bucket")),
        sort_order=SortOrder(SortField(2, IdentityTransform(), "desc", "nulls-first")))
    ids = [append(t, {"id": 1, "name": "a"})]
    with t.update_schema() as u:
        u.rename_column("name", "title")
    with t.update_spec() as u:
        u.remove_field("at_day")
        u.add_identity("title")
    ids.append(append(t, {"id": 2, "title": "b"}, {"id": 3, "title": "c"}))
    ids.append(append(t, {"id": 4, "title": "gone"}))
    t.manage_snapshots().rollback_to_snapshot(ids[1]).commit()
    t = c.load_table("raw.t")
    ids.append(append(t, {"id": 5, "title": "d"}))
    t.manage_snapshots().create_tag(ids[0], "v1").create_branch(ids[1], "b1").commit()
    t = c.load_table("raw.t")
    t.append(pa.Table.from_pylist([{"id": 9, "title": "on b1"}], schema=t.schema().as_arrow()),
             branch="b1")
    ids.append(c.load_table("raw.t").refs()["b1"].snapshot_id)
    return ids


IDS = []


@suite.case
def the_table_is_made():
    IDS.extend(build())


# --- show ---------------------------------------------------------------------------------------

@suite.case
def as_it_is():
    shown = firn("show", LAKE, "raw.t", want=0).out
    contains(shown, "raw.t: 4 rows", "identifier", "the key", "st.x", "inside",
             "partitioned by: bucket[4](id) as id_bucket, title",
             "older files, by spec 0: day(at) as at_day, bucket[4](id) as id_bucket",
             "sorted by: title DESC NULLS FIRST", "owner = 'me'", "format version: 2",
             f"last commit: ", str(IDS[3]), "branch: main")
    same("st.y" in shown, False)  # nothing to say of it but its type
    found = json_of("show", "raw.t")
    same((found["rows"], found["data_files"], found["delete_files"]), (4, 4, 0))  # one a partition
    same(found["snapshot_id"], IDS[3])
    same([f["name"] for f in found["schema"]["fields"]], ["id", "title", "at", "st"])
    same(found["schema"]["identifier-field-ids"], [1])
    same(found["default_spec_id"], 1)
    same([f["name"] for f in found["partition_specs"][0]["fields"]], ["at_day", "id_bucket"])
    same(found["sort_order"]["fields"][0]["direction"], "desc")
    same(found["properties"], {"owner": "me"})
    same(found["snapshot_refs"], ["main"])


@suite.case
def as_it_was():
    for at in ("v1", IDS[0]):
        found = json_of("show", "raw.t", "--at", at)
        same((found["snapshot_id"], found["rows"]), (IDS[0], 1))
        same([f["name"] for f in found["schema"]["fields"]], ["id", "name", "at", "st"])
        contains(firn("show", LAKE, "raw.t", "--at", at, want=0).out, "1 row,", "commit: ",
                 "tag: v1")
    found = json_of("show", "raw.t", "--at", "b1")
    same((found["snapshot_id"], found["rows"]), (IDS[4], 4))
    same([f["name"] for f in found["schema"]["fields"]], ["id", "title", "at", "st"])
    same(found["snapshot_refs"], ["b1"])
    when = datetime.datetime.fromtimestamp(json_of("show", "raw.t", "--at", IDS[2])
                                           ["timestamp_ms"] / 1000, UTC).isoformat()
    same(json_of("show", "raw.t", "--at", when)["snapshot_id"], IDS[2])


@suite.case
def wrong_states():
    for verb in ("show", "history"):
        for at, words in (("v2", ("'v2'",)), ("17", ("17",)), ("2001-01-01", ("2001",)),
                          ("", ("branch or tag",))):
            done = firn(verb, LAKE, "raw.t", "--at", at)
            assert done.exit in (1, 2), done
            contains(done.err, *words)
    contains(firn("show", LAKE, "raw.t", "v1", want=2).err, "one argument too many")


@suite.case
def deletes_and_defaults():
    """Of a summary that says nothing, the manifests are asked; defaults have their own column."""
    fields = [field(1, "id", "long", True),
              field(2, "n", "int", **{"initial-default": 5, "write-default": 7}),
              field(3, "st", struct_of(field(4, "x", "string", **{"write-default": "q"})))]
    t = Made("defaults", fields, version=3)
    a = t.data([{"id": i, "n": i, "st": {"x": "y"}} for i in range(10)])
    t.commit(a)
    t.commit(*t.vectors([(a, [1, 2])]))
    t.publish()
    shown = firn("show", Made.home, "x.defaults", want=0).out
    contains(shown, "10 rows", "1 file", "2 deletes in 1 delete file", "7, 5 in old rows",
             "st.x", '"q"')
    found = json_of("show", "x.defaults", lake=Made.home)
    same((found["rows"], found["data_files"], found["delete_files"], found["position_deletes"]),
         (10, 1, 1, 2))
    same(found["schema"]["fields"][1]["initial-default"], 5)


@suite.case
def manifests_that_are_gone():
    """The columns are shown all the same, and the other tables."""
    t = Made("broken", [field(1, "id", "long", True)])
    t.commit(t.data([{"id": 1}]))
    t.publish()
    for path in (t.root / "metadata").glob("snap-*.avro"):
        path.unlink()
    contains(firn("show", Made.home, "x.broken", want=0).out, "? rows", "cannot be read", "long")
    same(json_of("show", "x.broken", lake=Made.home)["rows"], None)
    found = json_of("tables", lake=Made.home)["tables"]
    same([t["rows"] for t in found if t["table"] in ("broken", "defaults")], [None, 10])


@suite.case
def by_place():
    """Tables that are in no catalog of the command."""
    folder = LAKE / "raw" / "t"
    newest = max((folder / "metadata").glob("*.metadata.json"))
    for place in (folder, newest, f"file://{newest}"):
        found = json.loads(firn("show", place, "--at", "v1", "--json", want=0).out)
        same((found["snapshot_id"], found["table"]), (IDS[0], str(place)))
    contains(firn("history", folder, want=0).out, "tag v1", "rolled back")
    contains(firn("diff", folder, "v1", want=0).out, f"from {folder} at snapshot {IDS[0]}",
             "3 added, 0 removed")
    contains(firn("show", "./nowhere", want=1).err, "nowhere")
    contains(firn("diff", folder, "--with", "raw.t", want=2).err, "--with")


@suite.case
def tables_as_json():
    found = json_of("tables")["tables"]
    same([(t["namespace"], t["table"], t["rows"]) for t in found], [("raw", "t", 4)])


# --- history ------------------------------------------------------------------------------------

def states(found):
    return [(s["snapshot_id"], s["state"], [r["name"] for r in s["refs"]])
            for s in found["snapshots"]]


@suite.case
def lineages():
    wanted = [(IDS[0], "ancestor", ["v1"]), (IDS[1], "ancestor", []),
              (IDS[2], "rolled back", []), (IDS[3], "current", ["main"]),
              (IDS[4], "elsewhere", ["b1"])]
    found = json_of("history", "raw.t")
    same(states(found), wanted)
    same([s["on_main"] for s in found["snapshots"]], [True, True, False, True, False])
    same([s["added_rows"] for s in found["snapshots"]], [1, 2, 1, 1, 1])
    same(found["snapshots"][0]["parent_id"], None)
    same(found["snapshots"][4]["parent_id"], IDS[1])
    same(states(json_of("history", "raw.t", "--at", "b1")),
         [(IDS[0], "ancestor", ["v1"]), (IDS[1], "ancestor", []), (IDS[4], "head", ["b1"])])
    same(states(json_of("history", "raw.t", "--at", "main")),
         [w for w in wanted if w[1] in ("ancestor", "current")])
    shown = firn("history", LAKE, "raw.t", want=0).out.splitlines()
    row = {i: next(line for line in shown if str(i) in line) for i in IDS}
    contains(row[IDS[0]], "tag v1")
    contains(row[IDS[2]], "rolled back")
    contains(row[IDS[3]], "current, branch main")
    contains(row[IDS[4]], "not in this lineage, branch b1")


@suite.case
def expired_parents():
    t = Made("expired", [field(1, "id", "long", True)])
    for n in range(3):
        t.commit(t.data([{"id": n}]))
    del t.snapshots[0]
    t.publish()
    contains(firn("history", Made.home, "x.expired", want=0).out,
             "snapshot 1001 and those before it have expired")


@suite.case
def who_wrote():
    p = Project("{from: 'drop.*.json', into: raw.t}")
    p.write("a.json", lines({"id": 1}))
    p.run()
    found = json.loads(p.firn("history", "raw.t", "--json", want=0).out)["snapshots"][0]
    same((found["engine"], found["position"], found["stream"]), ("firn", True, "drop.*.json"))
    shown = p.firn("history", "raw.t", want=0).out
    assert re.search(f"firn run {found['run'][:8]}", shown), shown
    shown = p.firn("show", "raw.t", want=0).out
    contains(shown, "landed: 1 file of drop.*.json in 1 commit, newest a.json",
             f"by firn run {found['run'][:8]}", 'next: firn sql "FROM raw.t LIMIT 10"')
    assert re.search(r"last commit: (just now|\d+ seconds ago) by firn", shown), shown


@suite.case
def in_words():
    """Up to where it was landed, what waits, and the tables beside it."""
    p = Project("{from: 'drop.*.csv', into: raw.t}", more="rejects: {exit: 0}\n")
    p.write("2025-11-19.csv", "id\n1\n")
    p.write("2025-11-20.csv", "id\n2\n", age=60)
    p.write("2025-11-18.csv", "id\n3\n", age=7200)
    p.run(want=0)
    p.write("2025-11-20b.csv", "id\n1,2,3\n5\n", age=30)
    p.write("2025-11-21.csv", "id\n4\n", age=20)
    p.write("empty.csv", "")
    shown = p.firn("show", "raw.t", want=0).out
    contains(shown, "landed: 3 files of drop.*.csv in 1 commit, newest 2025-11-20.csv; "
             "2 new files to land")
    assert "rejected" not in shown, shown
    p.run(want=0)
    shown = p.firn("show", "raw.t", want=0).out
    contains(shown, "landed: 5 files of drop.*.csv in 2 commits, newest 2025-11-21.csv\n",
             "rejected records: 1 in raw.t__rejects",
             'next: firn sql "FROM raw.t__rejects LIMIT 10"')
    p.firn(*re.search(r"next: firn (sql) \"(.*)\"", shown).groups(), want=0)
    found = json.loads(p.firn("show", "raw.t", "--json", want=0).out)
    same(found["streams"], [{"stream": "drop.*.csv", "commits": 2, "files": 5,
                             "newest": "2025-11-21.csv", "new_files": 0}])
    same(found["beside"], [{"table": "t__rejects", "namespace": "raw", "what": "rejected records",
                            "rows": 1}])
    # without its project: what the table itself knows
    (bare,) = json_of("show", "raw.t", lake=p.lake)["streams"]
    same((bare["files"], bare["newest"], bare["new_files"]), (5, None, None))
    contains(firn("show", p.lake, "raw.t", want=0).out, f'next: firn sql {p.lake} "FROM raw.t__rej')
    contains(firn("show", p.lake / "raw/t", want=0).out, "next: firn sql \"FROM iceberg('")


@suite.case
def descriptions():
    """The property `comment` stands below the head, and cannot play with the terminal."""
    p = Project("{from: drop.a.csv, into: raw.t}")
    p.write("a.csv", "id\n1\n")
    p.run(want=0)
    catalog(p.lake).load_table("raw.t").transaction().set_properties(
        {"comment": "Orders of the shop.\nOne row each.\033[31m"}).commit_transaction()
    contains(p.firn("show", "raw.t", want=0).out,
             "\n  Orders of the shop.\n  One row each.\\x1b[31m")
    same(json.loads(p.firn("show", "raw.t", "--json", want=0).out)["description"],
         "Orders of the shop.\nOne row each.\033[31m")


@suite.case
def what_was_seen():
    """Kinds and numbers of values at each path, and what did not fit its column."""
    p = Project("{from: drop.a.json, into: raw.t}")
    p.write("a.json", lines({"id": 1, "who": {"name": "x"}, "tags": [1, "a"]}, {"id": "n/a"},
                            {"id": 5, "who": None}))
    p.run(want=0)
    shown = p.firn("show", "raw.t", want=0).out
    contains(shown, "seen in 3 records of drop.a.json:", "number 2, text 1", "who.name", "tags[]",
             "null 1, object 1")
    assert "firn.seen" not in shown, "the property stands there as well"
    (stream,) = json.loads(p.firn("show", "raw.t", "--json", want=0).out)["seen"]
    same((stream["stream"], stream["records"], stream["left_out"]), ("drop.a.json", 3, 0))
    paths = {x["path"]: x for x in stream["paths"]}
    same(set(paths), {"", "id", "who", "who.name", "tags", "tags[]"})
    same((paths["id"]["seen"], paths["id"]["conflicts"], paths["id"]["example"]),
         ({"number": 2, "text": 1}, 1, '"n/a"'))
    p.write("a.json", lines(*({f"k{i}": i} for i in range(60))))
    p.describe("{from: drop.a.json, into: raw.wide}")
    p.run(want=0)
    contains(p.firn("show", "raw.wide", want=0).out, "and 21 paths more")
    same(json.loads(firn("show", LAKE, "raw.t", "--json", want=0).out)["seen"], [])


suite.end()

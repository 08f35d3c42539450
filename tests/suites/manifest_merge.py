#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=600
"""Manifests are merged as commit.manifest-merge.enabled, commit.manifest.min-count-to-merge and
commit.manifest.target-size-bytes say: a model of Java's packing, fed with the lengths of the
manifests, foretells which manifests each commit makes; files, their order, sequence numbers and
metrics are those from before."""
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from crashlab import hold, release  # noqa: E402
from firnlab import (FULL, Project, Suite, agree, catalog, check_tool,  # noqa: E402
                     lines, note, path_of, rows, same, table)

suite = Suite()

from icelab import avro, manifests, metadata_of  # noqa: E402
from madelab import Made, field  # noqa: E402

OWN = ("status", "snapshot_id", "sequence_number", "file_sequence_number")


# --- what Java would do -------------------------------------------------------------------------

def pack_end(group, target):
    """ListPacker.packEnd with a lookback of one: bins of neighbours, the first under-filled."""
    bins, weight = [], 0
    for m in reversed(group):
        if bins and weight + m["manifest_length"] <= target:
            bins[-1].insert(0, m)
            weight += m["manifest_length"]
        else:
            bins.append([m])
            weight = m["manifest_length"]
    return bins[::-1]


def java_merge(listed, target, minimum, content=0):
    """Bins of manifests, in the order of the list; a bin of several is merged."""
    mine = [m for m in listed if m["content"] == content]
    result = []
    for spec in sorted({m["partition_spec_id"] for m in mine}, reverse=True):
        for b in pack_end([m for m in mine if m["partition_spec_id"] == spec], target):
            if mine[0] in b and len(b) < minimum:
                result += [[m] for m in b]
            else:
                result.append(b)
    return result


# --- what firn did ------------------------------------------------------------------------------

def entries_of(listed, drop_deleted=True):
    """Live entries in the order of list and manifests, what they inherit filled in."""
    found = []
    for m in listed:
        for e in avro(m["manifest_path"])[0]:
            e = dict(e)
            if drop_deleted and e["status"] == 2:
                continue
            for key in ("sequence_number", "file_sequence_number"):
                if e.get(key) is None:
                    inherited = m.get("sequence_number", 0)  # version 1 has none
                    assert e["status"] == 1 or inherited == 0, "not to be inherited"
                    e[key] = inherited
            e["snapshot_id"] = e["snapshot_id"] or m["added_snapshot_id"]
            found.append((e, m))
    return found


def plain(entry):
    """An entry without its status, comparable."""
    file = {k: v for k, v in entry["data_file"].items()
            if k not in ("block_size_in_bytes", "first_row_id")}
    for key in ("content", "sort_order_id", "referenced_data_file", "content_offset",
                "content_size_in_bytes", "value_counts", "null_value_counts", "lower_bounds",
                "upper_bounds", "nan_value_counts",
                "equality_ids", "split_offsets", "key_metadata", "column_sizes"):
        file[key] = file.get(key) or None  # none and nothing are the same
    for key, value in file.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            file[key] = sorted((p["key"], p["value"]) for p in value) or None
        if value == []:
            file[key] = None
    return repr(sorted((k, repr(v)) for k, v in file.items())), tuple(
        entry[k] for k in OWN[1:])


def check_list(metadata):
    """What the list says of each manifest is what stands in it."""
    for m in manifests(metadata):
        counts, records, lowest = [0, 0, 0], [0, 0, 0], []
        for e, _ in entries_of([m], drop_deleted=False):
            counts[e["status"]] += 1
            records[e["status"]] += e["data_file"]["record_count"]
            lowest += [e["sequence_number"]] if e["status"] != 2 else []
            if e["status"] == 1:
                same(e["snapshot_id"], m["added_snapshot_id"])
        same(counts, [m[k + "_files_count"] for k in ("existing", "added", "deleted")])
        same(records, [m[k + "_rows_count"] for k in ("existing", "added", "deleted")])
        if lowest:
            same(m["min_sequence_number"], min(lowest))
        same(m["manifest_length"], pathlib.Path(path_of(m["manifest_path"])).stat().st_size)


def check_step(before, after, target, minimum, enabled=True):
    """One append by firn: `before` and `after` are metadata.  Returns how many were merged."""
    old, new = manifests(before), manifests(after)
    snapshot = after["current-snapshot-id"]
    old_entries, new_entries = entries_of(old), entries_of(new)
    known = {plain(e) for e, _ in old_entries}
    added = [e for e, _ in new_entries if e["status"] == 1]
    own = [e for e in added if e["snapshot_id"] == snapshot]
    same([plain(e) for e, _ in new_entries if plain(e) in known and e not in own],
         reorder(old_entries, [e for e, _ in new_entries]), "the old files")
    same(len(new_entries), len(old_entries) + len(own))
    for e, m in new_entries:
        if m["added_snapshot_id"] == snapshot:
            same(e["status"], 1 if e in own else 0)
    # the manifest of new files may be merged already: what it weighed is not known then
    data = [m | {"content": 0} for m in old if m.get("content", 0) == 0 and
            living(m)]
    if not enabled:
        same(len([m for m in new if m["content"] == 0]), len(data) + 1)
        return 0
    paths = {m["manifest_path"] for m in new}
    fresh = [m for m in new
             if m["added_snapshot_id"] == snapshot and m["existing_files_count"] == 0]
    if fresh:
        wanted = java_merge(fresh + data, target, minimum)
        same([len(b) for b in wanted], [1 if m["manifest_path"] in
             {x["manifest_path"] for x in fresh + data} else len(b)
             for m, b in zip([x for x in new if x["content"] == 0], wanted)])
        same(len([m for m in new if m["content"] == 0]), len(wanted))
    return len([m for m in data if m["manifest_path"] not in paths])


def living(m):
    """Whether a manifest holds more than deleted files; lists of version 1 use older names."""
    return any(m.get(f"{k}_files_count", m.get(f"{k}_data_files_count"))
               for k in ("added", "existing"))


def reorder(old_entries, new):
    """The old entries in the order of the new ones: groups of specs may change places, the order
    within a spec may not."""
    place = {plain(e): i for i, e in enumerate(new)}
    by_spec = {}
    for e, m in old_entries:
        key = m["partition_spec_id"], m.get("content", 0)
        by_spec.setdefault(key, []).append(place[plain(e)])
    for key, places in by_spec.items():
        same(places, sorted(places), f"order of spec {key}")
    return [plain(e) for e, _ in sorted(old_entries, key=lambda x: place[plain(x[0])])]


def orphans(p, name):
    """Manifests on disk that no snapshot lists."""
    metadata = metadata_of(p.lake, name)
    listed = set()
    for s in metadata["snapshots"]:
        listed.add(path_of(s["manifest-list"]))
        listed |= {path_of(m["manifest_path"]) for m in avro(s["manifest-list"])[0]}
    home = pathlib.Path(path_of(metadata["location"])) / "metadata"
    return sorted(str(f) for f in home.glob("*.avro") if str(f) not in listed)


def land(p, number, count=10, want=0):
    p.write(f"t.{number:04}.json", lines(*[{"id": number * 100 + i, "kind": "abc"[i % 3]}
                                           for i in range(count)]))
    p.run(want=want)


def project(properties, partition=""):
    return Project(f"{{from: drop.t.*.json, into: raw.t{partition}, properties: "
                   + "{" + ", ".join(f"{k}: {v}" for k, v in properties.items()) + "}}")


def check_lake(p):
    check_tool("lint.py", "--strict", "--ignore", "L045", p.lake / "catalog.db")
    agree(p.lake)
    same(orphans(p, "raw.t"), [])


# --- cases --------------------------------------------------------------------------------------

def steps(properties, target, minimum, count, partition="", enabled=True):
    p, merged = project(properties, partition), []
    land(p, 0)
    for i in range(1, count):
        before = metadata_of(p.lake, "raw.t")
        land(p, i, 1 + i % 7)
        after = metadata_of(p.lake, "raw.t")
        merged.append(check_step(before, after, target, minimum, enabled))
        check_list(after)
        summary = after["snapshots"][-1]["summary"]
        same(int(summary["manifests-replaced"]), merged[-1])
    check_lake(p)
    return p, merged


@suite.case
def each_fifth_commit():
    """Four wait, the fifth merges them; the merged one counts as one from then on."""
    p, merged = steps({"commit.manifest.min-count-to-merge": 5}, 8 << 20, 5, 14,
                      ", partition: [kind]")
    same(merged, [0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4, 0])
    same(len(manifests(metadata_of(p.lake, "raw.t"))), 2)


@suite.case
def bins_of_a_size():
    """A small target: full bins are left alone, and the order stays."""
    p, merged = steps({"commit.manifest.min-count-to-merge": 3,
                       "commit.manifest.target-size-bytes": 7500}, 7500, 3, 16)
    assert any(merged), merged
    lengths = [m["manifest_length"] for m in manifests(metadata_of(p.lake, "raw.t"))]
    assert len(lengths) >= 3, lengths


@suite.case
def switched_off():
    p, merged = steps({"commit.manifest-merge.enabled": "false",
                       "commit.manifest.min-count-to-merge": 2}, 8 << 20, 2, 6, enabled=False)
    same(len(manifests(metadata_of(p.lake, "raw.t"))), 6)


@suite.case
def as_java_by_default():
    """A hundred manifests: 99 wait, the hundredth commit merges."""
    p = project({})
    for i in range(99):
        land(p, i, 1)
    same(len(manifests(metadata_of(p.lake, "raw.t"))), 99)
    before = metadata_of(p.lake, "raw.t")
    land(p, 99, 1)
    same(len(manifests(metadata_of(p.lake, "raw.t"))), 1)
    same(check_step(before, metadata_of(p.lake, "raw.t"), 8 << 20, 100), 99)
    same(sorted(r["id"] for r in rows(p.lake, "raw.t")), [i * 100 for i in range(100)])
    check_lake(p)


@suite.case
def beside_others():
    """Random commits of firn and PyIceberg: appends, deletes of whole files, new specs."""
    import pyarrow as pa
    from pyiceberg.expressions import EqualTo
    for seed in range(8 if FULL else 2):
        rng = random.Random(seed)
        target, minimum = rng.choice((9000, 20000, 8 << 20)), rng.choice((2, 3, 6))
        p = project({"commit.manifest.min-count-to-merge": minimum,
                     "commit.manifest.target-size-bytes": target})
        land(p, 0)
        wanted, merged = set(range(10)), 0
        for i in range(1, 14):
            ice = table(p.lake, "raw.t")
            what = rng.randrange(6)
            if what == 0:
                arrow = ice.scan().to_arrow().slice(0, 2)
                arrow = arrow.set_column(0, arrow.schema.field(0),
                                         pa.array([i * 100 + 90, i * 100 + 91], pa.int64()))
                ice.append(arrow)
                wanted |= {i * 100 + 90, i * 100 + 91}
            elif what == 1 and len(wanted) > 20:
                gone = rng.choice(sorted(wanted))
                ice.delete(EqualTo("id", gone))
                wanted.discard(gone)
            elif what == 2 and i < 12:
                with ice.update_spec() as change:
                    if ice.spec().fields:
                        change.remove_field(ice.spec().fields[0].name)
                    else:
                        change.add_identity("kind")
            before = metadata_of(p.lake, "raw.t")
            land(p, i)
            wanted |= set(range(i * 100, i * 100 + 10))
            after = metadata_of(p.lake, "raw.t")
            merged += check_step(before, after, target, minimum)
            check_list(after)
            same(sorted(r["id"] for r in rows(p.lake, "raw.t")), sorted(wanted))
        same(sorted(r["id"] for r in p.sql("SELECT id FROM raw.t")), sorted(wanted))
        same(orphans_of_firn(p), [])
        agree(p.lake)
        note(f"seed {seed}: target {target}, minimum {minimum}, {merged} manifests merged")


def orphans_of_firn(p):
    """PyIceberg leaves some of its own; firn's are those named -m0 with a run's prefix."""
    runs = {s["summary"]["firn.run"][:30] for s in metadata_of(p.lake, "raw.t")["snapshots"]
            if "firn.run" in s["summary"]}
    return [o for o in orphans(p, "raw.t") if o.split("/")[-1][:30] in runs]


@suite.case
def a_table_of_version_1():
    """Made in version 1 and upgraded: its entries have no sequence numbers, which is zero."""
    import pyarrow as pa
    p = Project("{from: drop.t.*.json, into: raw.t}")
    p.model("n.x", "SELECT 1 AS i")
    p.run("n.x")
    lake = catalog(p.lake)
    lake.create_namespace("raw")
    rows_of = pa.table({"id": pa.array([1, 2], pa.int64()), "kind": ["a", "b"]})
    ice = lake.create_table("raw.t", rows_of.schema, properties={
        "format-version": "1", "commit.manifest.min-count-to-merge": "3",
        "commit.manifest-merge.enabled": "false"})
    ice.append(rows_of)
    ice.append(rows_of)
    with ice.transaction() as change:
        change.upgrade_table_version(2)
        change.set_properties({"commit.manifest-merge.enabled": "true"})
    before = metadata_of(p.lake, "raw.t")
    land(p, 5)
    after = metadata_of(p.lake, "raw.t")
    same(check_step(before, after, 8 << 20, 3), 2)
    check_list(after)
    same(sorted({e["sequence_number"] for e, _ in entries_of(manifests(after))}), [0, 1])
    same(sorted(r["id"] for r in rows(p.lake, "raw.t")), [1, 1, 2, 2, *range(500, 510)])
    agree(p.lake)


def row_ids(metadata):
    """path → the id of the first row of each data file, inherited as the specification has it."""
    found = {}
    for m in manifests(metadata):
        following = m["first_row_id"]
        for e in avro(m["manifest_path"])[0]:
            file = e["data_file"]
            if m["content"] or e["status"] == 2:
                continue
            own = file.get("first_row_id")
            found[file["file_path"]] = following if own is None else own
            following += file["record_count"] if own is None else 0
    return found


@suite.case
def deletes_and_row_ids():
    """Tables of versions 2 and 3 with delete files: manifests of deletes become one, apart from
    those of data; row ids are those from before."""
    p, tables = Project(), {}
    for version in (2, 3):
        t = Made(f"v{version}", [field(1, "id", "long"), field(2, "kind", "string")], version,
                 properties={"commit.manifest.min-count-to-merge": "2"})
        files = [t.data([{"id": n * 100 + i, "kind": "a"} for i in range(10)]) for n in range(4)]
        t.commit(files[0], files[1])
        t.commit(files[2])
        if version == 2:
            t.commit(t.positions([(files[0], 3)], referenced_data_file=files[0]["file_path"]))
            t.commit(files[3], t.positions([(files[1], 0), (files[2], 9)], bounds="full"))
        else:
            t.commit(*t.vectors([(files[0], [3])]))
            t.commit(files[3], *t.vectors([(files[1], [0]), (files[2], [9])]))
        t.publish()
        tables[version] = t
        p.write(f"v{version}.1.json", lines({"id": 900, "kind": "b"}, {"id": 901, "kind": "b"}))
    p.describe([f"{{from: drop.v{v}.*.json, into: x.v{v}}}" for v in tables])
    config = (p.folder / "firn.yml").read_text().replace("./lake", str(Made.home))
    (p.folder / "firn.yml").write_text(config)
    wanted = sorted({n * 100 + i for n in range(4) for i in range(10)} - {3, 100, 209}
                    | {900, 901})
    before = {v: metadata_of(Made.home, f"x.v{v}") for v in tables}
    p.run()
    for version in tables:
        after = metadata_of(Made.home, f"x.v{version}")
        same(sorted(m["content"] for m in manifests(after)), [0, 1], f"v{version}")
        old, new = (entries_of(manifests(m)) for m in (before[version], after))
        same(sorted(plain(e) for e, _ in old),
             sorted(plain(e) for e, _ in new if e["sequence_number"] <= 4), f"v{version}")
        for e, m in new:
            same(e["status"], 1 if e["sequence_number"] > 4 else 0)
        check_list(after)
        if version == 3:
            ids = row_ids(before[3])
            same({k: v for k, v in row_ids(after).items() if k in ids}, ids)
            fresh = [v for k, v in row_ids(after).items() if k not in ids]
            same(len(fresh), 1)
            assert fresh[0] >= before[3]["next-row-id"], fresh
            assert after["next-row-id"] >= fresh[0] + 2
        found = p.sql(f"SELECT id FROM x.v{version}")
        same(sorted(r["id"] for r in found), wanted)
        check_tool("agree.py", "--sqlite", Made.home / "catalog.db", "--table", f"x.v{version}",
                   "--without", "pyiceberg")


@suite.case
def a_lost_race():
    """The first attempt merged; somebody commits before its swap.  What it merged is used again or
    removed."""
    import pyarrow as pa
    p = project({"commit.manifest.min-count-to-merge": 4,
                 "commit.manifest.target-size-bytes": 8 << 20})
    for i in range(3):
        land(p, i)
    p.write("t.0003.json", lines({"id": 300, "kind": "a"}))
    waiting = hold(p.folder, "commit.before_swap")
    ice = table(p.lake, "raw.t")
    ice.append(ice.scan().to_arrow().slice(0, 1))
    release(waiting)
    metadata = metadata_of(p.lake, "raw.t")
    same(len(manifests(metadata)), 1)
    same(len(rows(p.lake, "raw.t")), 32)
    check_list(metadata)
    same(orphans_of_firn(p), [])
    agree(p.lake)


suite.end()

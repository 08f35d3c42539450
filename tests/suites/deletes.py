#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=300
"""Rows that other engines deleted: positions, deletion vectors and keys, matched to data files by
sequence number, partition and spec.  The tables are made by tests/lib/madelab.py, what must be left
is worked out here, and the independent reader of ../shared/checks agrees."""
import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import FULL, Suite, check_tool, contains, firn, note, same  # noqa: E402
from madelab import Made, field, list_of, struct_of  # noqa: E402

suite = Suite()
KEYED = [field(1, "id", "long"), field(2, "k", "string"), field(3, "v", "int")]
BY_K = {"spec-id": 1, "fields": [{"source-id": 2, "field-id": 1000, "name": "k",
                                  "transform": "identity"}]}
UNPARTITIONED = {"spec-id": 0, "fields": []}


def rows(first, count, k="a"):
    return [{"id": i, "k": k, "v": i % 10} for i in range(first, first + count)]


def sql(text, *args, want=0):
    done = firn("sql", str(Made.home), text, "-o", "json", *args)
    same(done.exit, want, f"{text}: {done.err}{done.out[:300]}")
    return json.loads(done.out) if want == 0 else done.err


def ids(t, where="true", columns="id"):
    return [r["id"] for r in sql(f"SELECT {columns} FROM x.{t.name} WHERE {where} ORDER BY id")]


def left(t, wanted):
    """firn finds these ids, pruning or not; agree.py's own reader finds the same table."""
    same(ids(t), sorted(wanted), t.name)
    found = sql(f"SELECT count(*) AS n, count(DISTINCT id) AS d FROM x.{t.name}")
    same(found, [{"n": len(wanted), "d": len(wanted)}], t.name)
    check_tool("agree.py", "--sqlite", Made.home / "catalog.db", "--table", f"x.{t.name}",
               "--without", "pyiceberg")


def refused(t, *words):
    contains(sql(f"FROM x.{t.name}", want=1), *words)


# --- positions ----------------------------------------------------------------------------------

@suite.case
def positions():
    """Several files of positions, with and without bounds, naming one file or many."""
    t = Made("positions", KEYED)
    a, b, c = (t.data(rows(n * 5000, 5000)) for n in range(3))
    t.commit(a, b, c)
    t.commit(t.positions([(a, p) for p in range(0, 5000, 7)]))
    t.commit(t.positions([(a, 1), (b, 2), (b, 4999)], bounds="full"),
             t.positions([(b, 3), (b, 3)], bounds="full"),
             t.positions([(b, 0)], referenced_data_file=b["file_path"]))
    t.publish()
    gone = set(range(0, 5000, 7)) | {1, 5002, 9999, 5003, 5000}
    left(t, [i for i in range(15000) if i not in gone])
    same(ids(t, "id BETWEEN 4998 AND 5006"), [4999, 5001, 5004, 5005, 5006])
    same(ids(t, "v = 3 AND id > 14980"), [14983, 14993])


@suite.case
def positions_and_age():
    """A delete reaches files of its own commit and older ones, never newer ones under any path."""
    t = Made("positions_age", KEYED)
    a = t.data(rows(0, 10))
    t.commit(a)
    b = t.data(rows(10, 10))
    t.commit(b, t.positions([(a, 0), (b, 1)]))
    c = t.data(rows(20, 10))
    t.commit(t.positions([(c, 2), (a, 3)]))  # names c before it is there
    t.commit(c)
    t.publish()
    left(t, [i for i in range(30) if i not in (0, 11, 3)])


@suite.case
def positions_in_other_partitions():
    """Without a path in the manifest, only files of the same spec and partition are reached."""
    t = Made("positions_parts", KEYED, specs=[UNPARTITIONED, BY_K], results={"k": "string"})
    a = t.data(rows(0, 10), spec=1, partition={"k": "a"})
    b = t.data(rows(10, 10, "b"), spec=1, partition={"k": "b"})
    t.commit(a, b)
    t.commit(t.positions([(a, 1)], spec=1, partition={"k": "a"}),
             t.positions([(b, 1)], spec=1, partition={"k": "b"}))
    t.publish()
    left(t, [i for i in range(20) if i not in (1, 11)])
    same(ids(t, "k = 'b'"), [10, *range(12, 20)])


@suite.case
def many_files():
    """A thousand files, most with deletes: one read, not a thousand."""
    t = Made("many", KEYED)
    files = [t.data(rows(n * 10, 10)) for n in range(600)]
    t.commit(*files)
    for n in range(3):
        t.commit(*[t.positions([(f, p) for f in files[i:i + 100] for p in (n, 9)])
                   for i in range(0, 500, 100)])
    t.publish()
    wanted = [i for i in range(6000) if i >= 5000 or i % 10 not in (0, 1, 2, 9)]
    same(ids(t), wanted)
    done = firn("sql", str(Made.home), "SELECT count(*) AS n FROM x.many", "-o", "json", want=0)
    note(f"600 files, 1500 position delete files: {done.seconds:.1f} s")


# --- keys ---------------------------------------------------------------------------------------

@suite.case
def keys():
    """By one key, by two, null for null; only older rows go."""
    t = Made("keys", KEYED)
    nulls = [{"id": 100, "k": None, "v": 1}, {"id": 101, "k": None, "v": None},
             {"id": 102, "k": "n", "v": None}]
    t.commit(t.data(rows(0, 20) + nulls))
    t.commit(t.equality([{"id": 3}, {"id": 4}], [KEYED[0]], [1]), t.data(rows(3, 1)))
    t.commit(t.equality([{"k": "a", "v": 5}, {"k": None, "v": None}, {"k": None, "v": 7}],
                        KEYED[1:], [2, 3]))
    t.commit(t.equality([{"v": None}], [KEYED[2]], [3]))
    t.commit(t.data([{"id": 200, "k": "a", "v": 5}, {"id": 201, "k": None, "v": None}]))
    t.publish()
    left(t, [i for i in range(20) if i not in (4, 5, 15)] + [100, 200, 201])
    same(ids(t, "k IS NULL"), [100, 201])
    same(ids(t, "v = 3"), [3, 13])  # no key column is selected, none filtered


@suite.case
def keys_and_filters():
    """A filter that leaves the delete's own values out must not leave the delete out."""
    t = Made("keys_filter", KEYED, specs=[UNPARTITIONED, BY_K], results={"k": "string"})
    t.commit(t.data(rows(0, 10), spec=1, partition={"k": "a"}),
             t.data(rows(10, 10, "b"), spec=1, partition={"k": "b"}))
    # full bounds that have nothing to do with what is asked for
    t.commit(t.equality([{"id": 5, "k": "zz", "v": 99}], KEYED, [1], spec=1, partition={"k": "a"},
                        lower_bounds=[{"key": 3, "value": (99).to_bytes(4, "little")}],
                        upper_bounds=[{"key": 3, "value": (99).to_bytes(4, "little")}]))
    t.commit(t.equality([{"id": 15}, {"id": 6}], [KEYED[0]], [1]))  # unpartitioned: everywhere
    t.commit(t.equality([{"id": 7}, {"id": 17}], [KEYED[0]], [1], spec=1, partition={"k": "b"}))
    t.publish()
    left(t, [i for i in range(20) if i not in (5, 6, 15, 17)])
    same(ids(t, "v = 5"), [])
    same(ids(t, "v < 8 AND k = 'a'"), [0, 1, 2, 3, 4, 7])
    same(ids(t, "k = 'b' AND v BETWEEN 4 AND 8"), [14, 16, 18])


@suite.case
def keys_of_dropped_columns():
    """The key was renamed, widened, dropped, or lies in a struct of which it was dropped."""
    place = field(4, "place", struct_of(field(5, "city", "string"), field(6, "zip", "int")))
    t = Made("keys_dropped", [*KEYED, place])
    made = [r | {"place": {"city": f"c{r['id'] % 3}", "zip": r["id"]}} for r in rows(0, 30)]
    made.append({"id": 50, "k": "a", "v": 0, "place": None})
    t.commit(t.data(made))
    t.commit(t.equality([{"v": 4}], [KEYED[2]], [3]))
    t.commit(t.equality([{"place": {"city": "c1"}}],
                        [field(4, "place", struct_of(place["type"]["fields"][0]))], [5]))
    t.commit(t.equality([{"place": {"zip": 12}}, {"place": {"zip": None}}],
                        [field(4, "place", struct_of(place["type"]["fields"][1]))], [6]))
    gone = {i for i in range(30) if i % 10 == 4 or i % 3 == 1 or i == 12} | {50}
    wanted = [i for i in [*range(30), 50] if i not in gone]
    t.publish()
    left(t, wanted)
    # v is wider and renamed, the struct has lost city and renamed zip
    t.evolve(KEYED[0], KEYED[1], field(3, "value", "long"),
             field(4, "place", struct_of(field(6, "code", "int"))))
    t.publish()
    same(ids(t), wanted)
    # v and the struct are gone; another column is called v
    t.evolve(KEYED[0], field(7, "v", "int"))
    t.publish()
    same(ids(t), wanted)
    same(sql(f"SELECT v FROM x.{t.name} LIMIT 1"), [{"v": None}])


@suite.case
def keys_with_defaults():
    """Rows of files without the column have its initial default, and go by it."""
    t = Made("keys_default", KEYED, version=3)
    t.commit(t.data(rows(0, 5)))
    extra = field(4, "flag", "string", **{"initial-default": "old", "write-default": "new"})
    t.evolve(*KEYED, extra)
    t.commit(t.data([{"id": 10, "k": "a", "v": 0, "flag": "new"}]))
    t.publish()
    left(t, [0, 1, 2, 3, 4, 10])
    t.commit(t.equality([{"flag": "old"}], [extra], [4]))
    t.publish()
    left(t, [10])


# --- deletion vectors ---------------------------------------------------------------------------

@suite.case
def vectors():
    """Arrays, bit fields and runs; with a vector, older position deletes of the file count no
    more."""
    t = Made("vectors", KEYED, version=3)
    a, b, c = (t.data(rows(n * 100000, 100000)) for n in range(3))
    t.commit(a, b, c)
    gone_b = [p for p in range(100000) if p * p % 7 < 3]
    t.commit(*t.vectors([(a, range(1000, 90000)), (b, gone_b)]))
    t.commit(*t.vectors([(c, [5, 70000, 99999])]))
    t.publish()
    wanted = 3 * 100000 - 89000 - len(gone_b) - 3
    same(sql("SELECT count(*) AS n FROM x.vectors"), [{"n": wanted}])
    same(ids(t, "id BETWEEN 998 AND 1001 OR id BETWEEN 89999 AND 90001"), [998, 999, 90000, 90001])
    same(ids(t, "id >= 299998 OR id IN (200004, 200005, 200006)"), [200004, 200006, 299998])
    check_tool("agree.py", "--sqlite", Made.home / "catalog.db", "--table", "x.vectors")


@suite.case
def vectors_over_positions():
    """A table that was upgraded: the vector holds what the positions said, and more or less."""
    t = Made("upgraded", KEYED)
    a, b = t.data(rows(0, 10)), t.data(rows(10, 10))
    t.commit(a, b)
    t.commit(t.positions([(a, 1), (b, 1)]))
    t.version = 3
    t.commit(*t.vectors([(a, [2])]))
    t.publish()
    left(t, [i for i in range(20) if i not in (2, 11)])


@suite.case
def vectors_refused():
    """Damage is said, with the file's name: never rows that should be gone."""
    def flipped(blob):
        return blob[:-6] + bytes([blob[-6] ^ 1]) + blob[-5:]
    cases = [("crc", {"damage": flipped}, ("checksum",)),
             ("count", {"record_count": 7}, ("2 positions", "7")),
             ("offset", {"content_offset": 10**9}, ("outside of the file",)),
             ("length", {"content_size_in_bytes": 30}, ("lists no blob",)),
             ("nofile", {"referenced_data_file": None}, ("no data file",)),
             ("key", {"key_metadata": b"k"}, ("encrypted", "key_metadata"))]
    for name, more, words in cases:
        t = Made(f"bad_{name}", KEYED, version=3)
        a = t.data(rows(0, 10))
        t.commit(a)
        t.commit(*t.vectors([(a, [1, 2])], **more))
        t.publish()
        refused(t, *words)
    t = Made("bad_two", KEYED, version=3)
    a = t.data(rows(0, 10))
    t.commit(a, *t.vectors([(a, [1])]), *t.vectors([(a, [2])]))
    t.publish()
    refused(t, "two deletion vectors")


@suite.case
def formats_refused():
    for name, more, words in (
            ("orc", {"file_format": "ORC"}, ("ORC", "only Parquet is read")),
            ("avro", {"file_format": "avro"}, ("avro", "only Parquet is read"))):
        t = Made(f"deletes_{name}", KEYED)
        a = t.data(rows(0, 10))
        t.commit(a)
        t.commit(t.positions([(a, 1)], **more))
        t.publish()
        refused(t, "delete file", *words)
    t = Made("keys_in_lists", [KEYED[0], field(4, "l", list_of(5, "int"))])
    t.commit(t.data([{"id": 1, "l": [1]}]))
    t.commit(t.equality([{"id": 1}], [KEYED[0]], [5]))
    t.publish()
    refused(t, "inside of lists or maps")


# --- names that the engine has for itself -------------------------------------------------------

@suite.case
def columns_named_like_the_engines_own():
    fields = [field(1, "id", "long"), field(2, "file_row_number", "int"),
              field(3, "file_index", "string"), field(4, "filename", "string"),
              field(5, "c0", "int"), field(6, "d", "int")]
    t = Made("own_names", fields)
    made = [{"id": i, "file_row_number": -i, "file_index": f"x{i}", "filename": "f", "c0": i,
             "d": 2} for i in range(10)]
    a = t.data(made)
    t.commit(a)
    t.commit(t.positions([(a, 3)]))
    t.commit(t.equality([{"file_index": "x5"}], [fields[2]], [3]))
    t.publish()
    left(t, [i for i in range(10) if i not in (3, 5)])
    same(sql("SELECT file_row_number AS r, file_index AS i, c0, d FROM x.own_names WHERE id = 9"),
         [{"r": -9, "i": "x9", "c0": 9, "d": 2}])


# --- at random ----------------------------------------------------------------------------------

def random_table(seed):
    """Commits of data and deletes of all kinds in two specs; the rows that must be left."""
    pick = random.Random(seed)
    version = pick.choice([2, 3])
    t = Made(f"random_{seed}", KEYED, version=version, specs=[UNPARTITIONED, BY_K],
             results={"k": "string"})
    live, files, next_id = [], [], 0  # rows: (sequence, spec, partition, file, position, row)
    for sequence in range(1, 9):
        records, vectors = [], {}
        for _ in range(pick.randint(0, 3)):  # deletes see older rows, then this commit's data
            spec = pick.choice([0, 1])
            k = pick.choice("ab")
            partition = {"k": k} if spec else {}
            by = pick.choice([[1], [2, 3], [3]])
            keys = [{"id": pick.randrange(next_id + 1), "k": pick.choice([k, None]),
                     "v": pick.choice([None, *range(10)])} for _ in range(pick.randint(1, 3))]
            names = [f["name"] for f in KEYED if f["id"] in by]
            found = {tuple(r[n] for n in names) for r in keys}
            records.append(t.equality([{n: r[n] for n in names} for r in keys],
                                      [f for f in KEYED if f["id"] in by], by, spec=spec,
                                      partition=partition))
            live = [r for r in live if r[0] >= sequence or (spec and r[1:3] != (1, k))
                    or tuple(r[5][n] for n in names) not in found]
        for _ in range(pick.randint(0, 2)):
            spec, k = pick.choice([0, 1]), pick.choice("ab")
            made = [{"id": next_id + i, "k": k if spec else pick.choice(["a", "b", None]),
                     "v": pick.choice([None, *range(10)])} for i in range(pick.randint(1, 30))]
            next_id += len(made)
            f = t.data(made, spec=spec, partition={"k": k} if spec else {})
            records.append(f)
            files.append(f)
            live += [(sequence, spec, k if spec else None, f["file_path"], p, r)
                     for p, r in enumerate(made)]
        for f in pick.sample(files, min(len(files), pick.randint(0, 2))):
            gone = pick.sample(range(f["record_count"]), min(3, f["record_count"]))
            if version == 2:
                records.append(t.positions([(f, p) for p in gone], spec=f["_spec"],
                                           partition=f["partition"],
                                           bounds=pick.choice([None, "full"])))
                live = [r for r in live if r[3] != f["file_path"] or r[4] not in gone]
            elif not f.get("_vector"):
                f["_vector"] = True
                vectors[f["file_path"]] = (f, gone)
                live = [r for r in live if r[3] != f["file_path"] or r[4] not in gone]
        if vectors:
            records += t.vectors(list(vectors.values()))
        if records:
            t.commit(*records)
    t.publish()
    return t, live


@suite.case
def at_random():
    for seed in range(200 if FULL else 12):
        t, live = random_table(seed)
        same(ids(t), sorted(r[5]["id"] for r in live), f"seed {seed}")
        same(ids(t, "v >= 5"), sorted(r[5]["id"] for r in live if (r[5]["v"] or 0) >= 5),
             f"seed {seed}, filtered")
        same(ids(t, "k = 'b'"), sorted(r[5]["id"] for r in live if r[5]["k"] == "b"),
             f"seed {seed}, one partition")


suite.end()

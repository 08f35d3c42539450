#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""Values of several kinds at one path: what each `on_conflict_of_types` makes of them, the column
_residual, keys that are data, and that none of it depends on threads or memory."""
import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from documents import whole  # noqa: E402
from firnlab import (FULL, Project, Suite, agree, contains, exists, lines, lint, note, one, same,
                     table, types)  # noqa: E402

suite = Suite()
MB = 1 << 20


# --- what goes there ----------------------------------------------------------------------------

@suite.case
def most_wins():
    """A column has the kind seen most; of two seen equally often the one that says more."""
    for values, kind in (((1, 2, "x"), "long"), (("x", "y", 1), "string"), ((1, "x"), "long"),
                         ((True, 1), "long"), ((True, "x"), "boolean"), (([1], 1), "list"),
                         (({"a": 1}, [1]), "struct"),
                         ((None, None, None, 1, "x", "y"), "string"),
                         (("2025-01-31", "2025-02-01", 5), "date"), ((1.5, 1, True), "double")):
        for order in (values, values[::-1]):
            p = one("a.json", lines(*({"v": v, "i": i} for i, v in enumerate(order))))
            p.run(want=0)
            found = types(p.lake, "raw.t")["v"]
            same(found.split("<")[0], kind, order)
            for row in p.rows("raw.t"):
                row = whole(row)
                assert equal(row["v"], order[row["i"]]), (order, row)


@suite.case
def paths():
    """Keys of all sorts, at all depths; a path is read in one way only."""
    odd = {"a.b": 1, "x[0]": 2, 'q"': 3, "back\\slash": 4, "ünï": 5, "$set": 6, "/p": 7,
           "new\nline": 8, "o": {"b": 9}, "l": [10]}
    good = {k: "text" for k in odd} | {"o": {"b": "text"}, "l": ["text"]}
    p = one("a.json", lines(good, good, odd))
    p.run(want=0)
    (row,) = [r for r in p.rows("raw.t") if r["_residual"]]
    same(json.loads(row["_residual"]),
         {'"a.b"': 1, '"x[0]"': 2, '"q\\""': 3, '"back\\\\slash"': 4, "ünï": 5, '"$set"': 6,
          '"/p"': 7, '"new\\nline"': 8, "o.b": 9, "l[0]": 10})
    same(whole(row), odd)
    same(p.sql("SELECT _residual->>'o.b' AS ob, _residual->>'l[0]' AS l0 FROM raw.t "
               "WHERE _residual IS NOT NULL"), [{"ob": "9", "l0": "10"}])
    q = one("a.json", '{"": "x", "i": 1}\n{"": "y", "i": 2}\n{"": [3], "i": 3}\n')
    q.run(want=0)
    same([(r["_"], r["_residual"]) for r in q.rows("raw.t", sort="i")],
         [("x", None), ("y", None), (None, '{"\\"\\"":[3]}')])


@suite.case
def raw_values():
    """What is in the residual is what was in the file, digit by digit."""
    texts = ('1.50', '-0', '1e400', '123456789012345678901234567890.5', '"\\u00e9\\n"',
             '{"b": [1,  2], "a": null}', '[ ]', '"2025-01-31"')
    p = one("a.json", '{"d": true, "i": -1}\n' * 20 +
            "".join('{"d": %s, "i": %d}\n' % (t, i) for i, t in enumerate(texts)))
    p.run(want=0)
    found = {r["i"]: r["_residual"] for r in p.rows("raw.t") if r["i"] >= 0}
    same(found, {i: '{"d":%s}' % t for i, t in enumerate(texts)})


@suite.case
def in_lists_and_maps():
    p = one("*.json", lines({"l": [{"d": 1}, {"d": 2}], "ll": [[1, 2], [3]]},
                            {"l": [{"d": "x"}, "y", {"d": 3}], "ll": [[1, "z"], 4]}))
    p.run(want=0)
    second = [r for r in p.rows("raw.t") if r["_residual"]][0]
    same(second, {"l": [{"d": None}, None, {"d": 3}], "ll": [[1, None], None],
                  "_residual": '{"l[0].d":"x","l[1]":"y","ll[0][1]":"z","ll[1]":4}'})
    p = Project("{from: 'drop.*.json', into: raw.m, columns: {m: 'map<string, long>'}, "
                "on_conflict_of_types: residual}")
    p.write("a.json", lines({"m": {"a": 1, "b.c": "x"}}))
    p.run(want=0)
    (row,) = p.rows("raw.m")
    same((dict(row["m"]), row["_residual"]), ({"a": 1, "b.c": None}, '{"m.\\"b.c\\"":"x"}'))


@suite.case
def only_where_needed():
    p = one("*.json", lines({"a": 1}, {"a": None}))
    p.run(want=0)
    assert "_residual" not in types(p.lake, "raw.t")
    p.write("b.json", lines({"a": "x"}))
    contains(p.run(want=0).err, "'a' stays long: there are texts, which go to _residual")
    same(sorted(p.rows("raw.t"), key=str),
         sorted([{"a": 1, "_residual": None}, {"a": None, "_residual": None},
                 {"a": None, "_residual": '{"a":"x"}'}], key=str))
    p.write("c.json", lines({"a": [2]}, {"a": 3}))
    same(p.run(want=0).err.count("note raw.t"), 1)
    same(sorted(r["_residual"] or "" for r in p.rows("raw.t")),
         ["", "", "", '{"a":"x"}', '{"a":[2]}'])
    lint(p.lake)
    agree(p.lake)


@suite.case
def dates_of_another_spelling():
    p = one("*.json", lines({"d": "31.12.2024"}, {"d": "30.11.2024"}))
    p.run(want=0)
    same(types(p.lake, "raw.t")["d"], "date")
    p.write("b.json", lines({"d": "2025-01-31"}, {"d": "n/a"}))
    p.run(want=0)
    same(sorted(str(r["d"]) + (r["_residual"] or "") for r in p.rows("raw.t")),
         ["2024-11-30", "2024-12-31", 'None{"d":"2025-01-31"}', 'None{"d":"n/a"}'])


@suite.case
def the_name_is_taken():
    p = one("*.json", lines({"_residual": 1, "a": 1}, {"a": "x"}, {"a": 2}))
    p.run(want=0)
    same(types(p.lake, "raw.t"), {"_residual_2": "long", "a": "long", "_residual": "string",
                                  "x_loaded_at": "timestamptz"})
    p.write("b.json", lines({"_residual": "y", "a": 5}))
    p.run(want=0)
    same([r for r in p.rows("raw.t") if r["a"] == 5],
         [{"_residual_2": None, "a": 5, "_residual": '{"_residual":"y"}'}])


@suite.case
def replaced_and_refreshed():
    """A replaced table has the column only while something is in it; its id stays."""
    p = one("a.json", lines({"a": 1}, {"a": 2}, {"a": "x"}), write=", write: replace")
    p.run(want=0)
    assert "_residual" in types(p.lake, "raw.t")
    p.write("a.json", lines({"a": 1}), age=60)
    p.run(want=0)
    assert "_residual" not in types(p.lake, "raw.t")
    p.run("--full-refresh", want=0)
    same(p.rows("raw.t"), [{"a": 1}])


@suite.case
def rejects_are_no_conflicts():
    """What did not fit of a record that is a reject in the end is not counted."""
    for text, at in (("a.json", lines({"a": 1, "k": 1}, {"a": 2, "k": 2}, {"a": "x", "k": 3},
                                      {"a": "y", "k": None}, {"a": "z"})),
                     ("a.csv", "a,k\n1,1\n2,2\nx,3\ny,no\nz,no\n")):
        p = one(text, at, entry=", on_conflict_of_types: residual, "
                "columns: {a: int, k: {type: int, required: true}}")
        contains(p.run(want=3).err, "1 value did not fit and went to _residual: 'a' (1)")
        same(len(p.rows("raw.t__rejects", drop=())), 2)
        same(p.sql("SELECT count(*) AS n FROM raw.t WHERE _residual IS NOT NULL"), [{"n": 1}])


@suite.case
def what_was_seen():
    """The table remembers what was seen at each path, and what did not fit, over all landings."""
    p = one("*.json", lines({"a": 1, "l": [{"x": "y"}, {"x": None}]}, {"a": 2.5}, {"a": "z"}))
    contains(p.run(want=0).err, "1 value did not fit and went to _residual: 'a' (1)")
    p.write("b.json", lines({"a": [1]}, {"l": [{"x": 5}, {"x": 6}]}))
    contains(p.run(want=0).err, "3 values did not fit", "'a' (1), 'l[].x' (2)")
    seen = json.loads(table(p.lake, "raw.t").properties["firn.seen"])["drop.*.json"]
    same(seen["records"], 3)
    paths = {x.pop("path"): x for x in seen["paths"]}
    same(paths["a"], {"number": 2, "text": 1, "conflicts": 2, "example": '"z"'})
    same(paths["l[].x"], {"null": 1, "text": 1, "conflicts": 2, "example": "5"})
    q = one("a.json", lines({f"k{i}": 1 for i in range(500)}))
    q.run(want=0)
    seen = json.loads(table(q.lake, "raw.t").properties["firn.seen"])["drop.a.json"]
    same((len(seen["paths"]), seen["left_out"]), (200, 301))


# --- the other words ----------------------------------------------------------------------------

MIXED = lines({"i": 1, "v": 1}, {"i": 2, "v": 2}, {"i": 3, "v": "x"}, {"i": 4, "v": {"a": 1}})


def mixed(word, want=0):
    p = one("*.json", MIXED, entry=f", on_conflict_of_types: {word}")
    return p, p.run(want=want)


@suite.case
def word_string():
    p, _ = mixed("string")
    same([r["v"] for r in p.rows("raw.t", sort="i")], ["1", "2", "x", '{"a": 1}'])
    p.write("b.json", lines({"i": "no number"}))
    p.run(want=3)  # a column of longs cannot become text


@suite.case
def word_json():
    p, _ = mixed("json")
    same([r["v"] for r in p.rows("raw.t", sort="i")], ["1", "2", '"x"', '{"a": 1}'])
    p.write("b.json", lines({"i": 5, "v": True}))
    p.run(want=0)
    same(p.rows("raw.t", sort="i")[-1]["v"], "true")


@suite.case
def word_reject():
    p, _ = mixed("reject", want=3)
    same(([r["v"] for r in p.rows("raw.t", sort="i")], [r["line"] for r in p.rejects("raw.t")]),
         ([1, 2], [3, 4]))


@suite.case
def word_fail():
    p, done = mixed("fail", want=1)
    contains(done.err, "'a.json' line 3", "'v'", "a text where the column is long", "E2005")
    assert not exists(p.lake, "raw.t")


@suite.case
def csv_files():
    """Cells are texts: a column of several kinds is text, unless one says otherwise."""
    text = "i,v\n1,5\n2,6\n3,x\n"
    p = one("*.csv", text)
    p.run(want=0)
    same([r["v"] for r in p.rows("raw.t", sort="i")], ["5", "6", "x"])
    p.write("b.csv", "i,v\n4,y\nz,7\n")
    p.run(want=3)
    q = one("*.csv", text, entry=", on_conflict_of_types: residual")
    q.run(want=0)
    same([(r["v"], r["_residual"]) for r in q.rows("raw.t", sort="i")],
         [(5, None), (6, None), (None, '{"v":"x"}')])
    q.write("b.csv", 'v,i\n"a ""b""",4\n7,z\n')
    q.run(want=0)
    same(sorted(r["_residual"] or "" for r in q.rows("raw.t")),
         ["", "", '{"i":"z"}', '{"v":"a \\"b\\""}', '{"v":"x"}'])
    same([r["_residual"] for r in q.rows("raw.t") if r["i"] == 4], ['{"v":"a \\"b\\""}'])


# --- keys that are data -------------------------------------------------------------------------

@suite.case
def keys_become_a_map():
    many = {f"k{i}": {"n": i, "t": "x"} for i in range(12)}
    p = one("*.json", lines({"id": 1, "m": many}, {"id": 2, "m": {"new": {"n": 5, "u": True}}}),
            entry=", max_fields: 10")
    contains(p.run(want=0).err, "column 'm' is a map", "more than 10 different keys")
    kind = types(p.lake, "raw.t")["m"]
    assert kind.startswith("map<string, struct<"), kind
    p.write("b.json", lines({"id": 3, "m": {"k1": {"n": 7, "v": "more"}}}, {"id": 4, "m": {}},
                            {"id": 5, "m": {"k": {"n": "no number"}, "l": 6}}))
    p.run(want=0)
    assert types(p.lake, "raw.t")["m"].startswith("map<string, struct<")
    found = {r["id"]: r for r in p.rows("raw.t")}
    same(dict(found[3]["m"])["k1"], {"n": 7, "t": None, "u": None, "v": "more"})
    same(found[5]["_residual"], '{"m.k.n":"no number","m.l":6}')
    same(p.sql("SELECT m['k3'].n AS n FROM raw.t WHERE id = 1"), [{"n": 3}])
    lint(p.lake)


@suite.case
def keys_become_json():
    """Where the values are of several kinds, a map has no type."""
    many = {f"k{i}": i if i % 2 else "x" for i in range(12)}
    p = one("*.json", lines({"id": 1, "m": many}), entry=", max_fields: 10")
    p.run(want=0)
    same(json.loads(p.rows("raw.t")[0]["m"]), many)
    p.write("b.json", lines({"id": 2, "m": {"a": 1}}))
    p.run(want=0)
    same(types(p.lake, "raw.t")["m"], "string")


@suite.case
def a_struct_stays_one():
    """A table's struct that gets more keys than max_fields keeps its columns; the rest is kept."""
    p = one("*.json", lines({"o": {f"k{i}": i for i in range(8)}}), entry=", max_fields: 10")
    p.run(want=0)
    kind = types(p.lake, "raw.t")["o"]
    assert kind.startswith("struct<"), kind
    p.write("b.json", lines({"o": {f"k{i}": i for i in range(5, 20)}}))
    contains(p.run(want=0).err, "max_fields", "_residual")
    (row,) = [r for r in p.rows("raw.t") if r["_residual"]]
    same({k: v for k, v in whole(row)["o"].items() if v is not None},
         {f"k{i}": i for i in range(5, 20)})


@suite.case
def twenty_thousand_keys():
    records = [{"id": i, "by_day": {f"d{i}-{k}": k for k in range(100)}} for i in range(200)]
    p = one("a.json", lines(*records))
    p.run(want=0)
    same(types(p.lake, "raw.t")["by_day"], "map<string, long>")
    same(p.sql("SELECT count(*) AS n FROM (SELECT unnest(map_keys(by_day)) FROM raw.t)"),
         [{"n": 20000}])


@suite.case
def nested_json():
    p = one("*.json", lines({"a": {"b": [1]}, "l": [1, {"x": 2}], "n": 1, "t": "x"},
                            {"a": [2], "l": None, "n": 2, "t": "y"}), entry=", nested: json")
    assert "note" not in p.run(want=0).err  # JSON text is what was asked for
    same(types(p.lake, "raw.t"), {"a": "string", "l": "string", "n": "long", "t": "string",
                                  "x_loaded_at": "timestamptz"} |
         ({"_residual": "string"} if "_residual" in types(p.lake, "raw.t") else {}))
    first, second = p.rows("raw.t", sort="n")
    same((json.loads(first["a"]), json.loads(first["l"])), ({"b": [1]}, [1, {"x": 2}]))
    same(json.loads(second["a"]), [2])


# --- the same whatever the machine --------------------------------------------------------------

def random_record(rng, i):
    record = {"id": i}
    for key, kinds in (("a", (1, 2, "x")), ("b", ({"p": 1}, {"p": "q"}, 5, None)),
                       ("c", ([1], [1, "x", [2]], {"n": 1})), ("d", (1.5, 10 ** 20, True)),
                       ("e", ("2025-01-31", "2025-02-31", 20250131))):
        if rng.random() < 0.7:
            record[key] = rng.choice(kinds)
    if rng.random() < 0.02:
        record[f"new{rng.randint(0, 30)}"] = rng.choice([1, "x", [1.5], None])
    return record


def equal(found, wanted):
    if found is None or wanted is None:
        return found is None and wanted is None
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(equal(found.get(k), wanted.get(k)) for k in {*found, *wanted})
    if isinstance(wanted, list) and isinstance(found, list):
        return len(found) == len(wanted) and all(map(equal, found, wanted))
    if type(found) is bool or type(wanted) is bool:
        return found is wanted
    return found == wanted or str(found) == wanted


@suite.case
def nothing_is_lost():
    """Columns and residual together are the documents, over several landings."""
    rng = random.Random(20251)
    for round_ in range(6 if FULL else 3):
        p = Project("{from: 'drop.*.json', into: raw.t}", name="nothing_is_lost")
        wanted = {}
        for landing in range(3):
            records = [random_record(rng, landing * 1000 + i) for i in range(rng.randint(1, 300))]
            wanted.update((r["id"], r) for r in records)
            p.write(f"{landing}.json", lines(*records))
            p.run(want=0)
        found = {r["id"]: whole(r) for r in p.rows("raw.t")}
        same(len(found), len(wanted))
        for key, record in wanted.items():
            assert equal(found[key], record), f"{found[key]} is not {record}"
        lint(p.lake)


@suite.case
def the_same_with_any_threads():
    """Conflicts before and behind the look-ahead, in files of all sizes: schema and rows are the
    same with any number of threads and any memory."""
    rng = random.Random(20252)
    block = "".join(json.dumps({"id": i, "a": i, "pad": "p" * 400}) + "\n" for i in range(5000))
    files = [block * 34 + lines(*(random_record(rng, 10 ** 6 + i) for i in range(3000))),
             lines(*(random_record(rng, 2 * 10 ** 6 + i) for i in range(3000))) + block * 6 +
             lines(*(random_record(rng, 3 * 10 ** 6 + i) for i in range(3000)))]
    seen = None
    for threads, memory in ((1, "256MB"), (2, "1GB"), (4, "400MB")):
        p = Project("{from: 'drop.*.json', into: raw.t}", name="the_same")
        for i, text in enumerate(files):
            p.write(f"{i}.json", text)
        done = p.run("--threads", threads, "--memory", memory, want=0)
        state = (list(types(p.lake, "raw.t").items()),
                 p.sql("SELECT count(*) AS n, sum(hash(id, a, b, c, d, e, _residual)) AS h "
                       "FROM raw.t"))
        seen = seen or state
        same(state, seen)
        note(f"{threads} threads, {memory}: {done.seconds:.2f} s, {done.peak >> 20} MB")
    same("_residual" in dict(seen[0]), True)


@suite.case
def units_are_not_cut_by_conflicts():
    """Conflicts everywhere: the table evolves once, not with each of them."""
    block = "".join(json.dumps({"id": i, "a": "x" if i % 7 == 0 else i, "pad": "p" * 200}) + "\n"
                    for i in range(5000))
    p = one("a.json", block * 120)
    done = p.run("--json", want=0)
    files = done.event("node_finished")["data_files"]
    assert files <= 4, files
    same(p.sql("SELECT count(*) AS n, count(a) AS a, count(_residual) AS r FROM raw.t"),
         [{"n": 600000, "a": 514200, "r": 85800}])
    note(f"600,000 records, each seventh with a conflict: {done.seconds:.2f} s")


suite.end()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=300
"""What may change in a table that streams land in: contracts for tables, columns and types, of a
stream and of a column, and columns of JSON text."""
import csv
import io
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (SHARED, Project, Suite, contains, exists, lines, lint, one, same, snapshots,
                     types)  # noqa: E402

suite = Suite()


def told(p, contract, *columns):
    """The entry of p's stream with another contract."""
    more = f", columns: {{{', '.join(columns)}}}" if columns else ""
    p.describe(f"{{from: 'drop.*.json', into: raw.t, contract: {contract}{more}}}")


def landed(contract, *later, want=0, first=({"a": 1, "s": {"x": 1}},)):
    """A table that was made by `first`, and then met `later` under a contract."""
    p = Project("{from: 'drop.*.json', into: raw.t}", name="contracts")
    p.write("1.json", lines(*first))
    p.run(want=0)
    told(p, contract)
    p.write("2.json", lines(*later))
    return p, p.run(want=want)


def rejects(p):
    return [(r["error"], r["path"], r["landed"], r["value"] if r["landed"] else r["raw"])
            for r in p.rejects("raw.t")]


# --- new columns --------------------------------------------------------------------------------

@suite.case
def columns_evolve():
    p, _ = landed("evolve", {"a": 2, "n": 1, "s": {"x": 1, "y": "new"}})
    same(types(p.lake, "raw.t")["n"], "long")
    same(p.rows("raw.t", sort="a")[1], {"a": 2, "s": {"x": 1, "y": "new"}, "n": 1})


@suite.case
def columns_freeze():
    for later, path in (({"n": 1}, "'n'"), ({"s": {"y": 1}}, "'s.y'")):
        p, done = landed("{columns: freeze}", {"a": 2}, later, want=1)
        contains(done.err, "'2.json' line 2", path, "no column for this key", "freeze")
        same(len(snapshots(p.lake, "raw.t")), 1)
        same(p.rows("raw.t"), [{"a": 1, "s": {"x": 1}}])
        assert not exists(p.lake, "raw.t__rejects")
    p, _ = landed("freeze", {"a": 2, "n": None})  # nothing is no new column
    same(len(p.rows("raw.t")), 2)


@suite.case
def columns_discard_value():
    p, done = landed("{columns: discard_value}", {"a": 2, "n": [1, {"k": "v"}]},
                     {"a": 3, "s": {"x": 1, "y": 2}}, {"a": 4}, want=3)
    same(p.rows("raw.t", sort="a"), [{"a": 1, "s": {"x": 1}}, {"a": 2, "s": None},
                                     {"a": 3, "s": {"x": 1}}, {"a": 4, "s": None}])
    same(rejects(p), [("E2103", "n", True, '[1, {"k": "v"}]'), ("E2103", "s.y", True, "2")])
    contains(done.err, "column 'n' is not made", "left out")
    lint(p.lake)


@suite.case
def columns_reject():
    for word in ("reject", "discard_row"):
        p, _ = landed(f"{{columns: {word}}}", {"a": 2, "n": 1}, {"a": 3}, want=3)
        same([r["a"] for r in p.rows("raw.t", sort="a")], [1, 3])
        same(rejects(p), [("E2103", "n", False, '{"a": 2, "n": 1}')])


@suite.case
def the_first_landing_is_free():
    """A table has no columns that could be frozen before it is there."""
    p = Project("{from: 'drop.*.json', into: raw.t, contract: freeze}")
    p.write("1.json", lines({"a": 1}, {"b": "x"}))
    p.run(want=0)
    same(types(p.lake, "raw.t"), {"a": "long", "b": "string", "x_loaded_at": "timestamptz"})
    p.write("2.json", lines({"c": 1}))
    p.run(want=1)


# --- types --------------------------------------------------------------------------------------

@suite.case
def types_freeze():
    for value, reason in (("x", "a text where the column is long"), (1.5, "would be lost"),
                          ([1], "an array where the column is long")):
        p, done = landed("{data_type: freeze}", {"a": 2}, {"a": value}, want=1)
        contains(done.err, "'2.json' line 2", "'a'", "E2005")
        assert reason in done.err or value == 1.5, done.err
        same(len(p.rows("raw.t")), 1)
    p, _ = landed("{data_type: freeze}", {"a": 2, "new": 1})
    same(types(p.lake, "raw.t")["new"], "long")


@suite.case
def types_discard_value():
    p, done = landed("{data_type: discard_value}", {"a": "x", "s": {"x": 1}},
                     {"a": 2, "s": {"x": [1]}}, {"a": 3, "s": 5}, want=3)
    same(sorted(p.rows("raw.t"), key=str), sorted([
        {"a": 1, "s": {"x": 1}}, {"a": None, "s": {"x": 1}}, {"a": 2, "s": {"x": None}},
        {"a": 3, "s": None}], key=str))
    same(rejects(p), [("E2103", "a", True, '"x"'), ("E2103", "s.x", True, "[1]"),
                      ("E2103", "s", True, "5")])
    contains(done.err, "texts, which are left out and listed in the rejects")
    assert "_residual" not in types(p.lake, "raw.t")


@suite.case
def types_reject():
    p, _ = landed("{data_type: reject}", {"a": "x"}, {"a": 2}, want=3)
    same(rejects(p), [("E2103", "a", False, '{"a": "x"}')])
    same(len(p.rows("raw.t")), 2)


@suite.case
def discards_count_as_rejects():
    """One too many ends the run; a record that is rejected takes its discards with it."""
    p = Project("{from: 'drop.*.json', into: raw.t}")
    p.write("1.json", lines({"a": 1}))
    p.run(want=0)
    entry = "{from: 'drop.*.json', into: raw.t, contract: {columns: reject, " \
            "data_type: discard_value}}"
    p.describe(entry, more="rejects: {max: 2}\n")
    p.write("2.json", lines(*({"a": "x"} for _ in range(3))))
    contains(p.run(want=1).err, "3 of", "rejected")
    p.describe(entry, more="rejects: {max: 3}\n")
    p.write("2.json", lines({"a": "x"}, {"a": "x", "new": 1}, {"a": "y"}))
    done = p.run("--json", want=3)
    same(done.event("node_finished")["rejects"], 3)
    same([x[1:3] for x in rejects(p)], [("a", True), ("new", False), ("a", True)])


@suite.case
def widening():
    """What Iceberg widens in place is a change of type as well."""
    def grown(contract, want=0):
        p = Project("{from: 'drop.*.json', into: raw.t, columns: {n: int}}", name="widening")
        p.write("1.json", lines({"n": 1}))
        p.run(want=0)
        p.describe(f"{{from: 'drop.*.json', into: raw.t, contract: {{data_type: {contract}}}}}")
        p.write("2.json", lines({"n": 3_000_000_000}))
        p.run(want=want)
        return types(p.lake, "raw.t")["n"], sorted(r["n"] or 0 for r in p.rows("raw.t"))
    same(grown("evolve"), ("long", [1, 3_000_000_000]))
    same(grown("discard_value", 3), ("int", [0, 1]))
    same(grown("reject", 3), ("int", [1]))
    same(grown("freeze", 1), ("int", [1]))


# --- tables -------------------------------------------------------------------------------------

@suite.case
def tables_freeze():
    p = Project("{from: 'drop.*.json', into: raw.t, contract: {tables: freeze}}")
    p.write("a.json", lines({"a": 1}))
    contains(p.run(want=2).err, "no table raw.t", "evolve")
    assert not exists(p.lake, "raw.t")
    p.describe("{from: 'drop.*.json', into: raw.t}")
    p.run(want=0)
    p.describe("{from: 'drop.*.json', into: raw.t, contract: {tables: freeze}}")
    p.write("b.json", lines({"a": 2, "b": 1}))
    p.run(want=0)
    same(len(p.rows("raw.t")), 2)


@suite.case
def replaced_tables_keep_their_contract():
    p = Project("{from: drop.a.json, into: raw.t, write: replace}")
    p.write("a.json", lines({"a": 1}))
    p.run(want=0)
    p.describe("{from: drop.a.json, into: raw.t, write: replace, contract: {columns: freeze}}")
    p.write("a.json", lines({"a": 1, "b": 2}), age=60)
    p.run(want=1)
    same(p.rows("raw.t"), [{"a": 1}])
    p.describe("{from: drop.a.json, into: raw.t, write: replace}")
    p.run(want=0)
    same(p.rows("raw.t"), [{"a": 1, "b": 2}])


# --- columns of their own contract --------------------------------------------------------------

@suite.case
def a_column_has_its_own():
    p = Project("{from: 'drop.*.json', into: raw.t, contract: {data_type: freeze}, columns: "
                "{s: {contract: discard_value}}}")
    p.write("1.json", lines({"a": 1, "s": {"x": 1}}))
    p.run(want=0)
    p.write("2.json", lines({"a": 2, "s": {"x": "text", "y": 1}, "n": 1}))
    p.run(want=3)
    same(rejects(p), [("E2103", "s.y", True, "1"), ("E2103", "s.x", True, '"text"')])
    same(types(p.lake, "raw.t")["n"], "long")
    p.write("3.json", lines({"a": "no"}))
    p.run(want=1)


@suite.case
def given_types_reject_unless_told():
    """A type that was given is a promise: what breaks it is a bad record, unless one says."""
    def landed_as(column, more=""):
        p = Project(f"{{from: drop.a.json, into: raw.t, columns: {{a: {column}}}{more}}}",
                    name="given")
        p.write("a.json", lines({"i": 1, "a": 1.25}, {"i": 2, "a": "n/a"}))
        p.firn("run")
        return ([r.get("a") for r in p.rows("raw.t", sort="i")], [x[1:3] for x in rejects(p)],
                [r.get("_residual") for r in p.rows("raw.t", sort="i")])
    same(landed_as("double"), ([1.25], [("a", False)], [None]))
    same(landed_as("{type: double, contract: discard_value}"),
         ([1.25, None], [("a", True)], [None, None]))
    same(landed_as("{type: double, contract: evolve}"), ([1.25, None], [], [None, '{"a":"n/a"}']))
    same(landed_as("double", ", on_conflict_of_types: residual"),
         ([1.25, None], [], [None, '{"a":"n/a"}']))
    same(landed_as("{type: double, required: true, contract: discard_value}"),
         ([1.25], [("a", False)], [None]))
    same(landed_as("string"), (["1.25", "n/a"], [], [None, None]))


# --- JSON text ----------------------------------------------------------------------------------

@suite.case
def json_in_csv_cells():
    p = one("a.csv", 'id,c\n1,"{""a"": [1, 2]}"\n2,"{""a"""\n3,\n4," [] "\n5,word\n6,"""w"""\n',
            entry=", columns: {c: {type: json, contract: discard_value}}")
    p.run(want=3)
    same([(r["id"], r["c"]) for r in p.rows("raw.t", sort="id")],
         [(1, '{"a": [1, 2]}'), (2, None), (3, None), (4, " [] "), (5, None), (6, '"w"')])
    same(rejects(p), [("E2103", "c", True, '{"a"'), ("E2103", "c", True, "word")])
    same([r["line"] for r in p.rejects("raw.t")], [3, 6])
    same(p.sql("SELECT id, c->'$.a[1]' AS x FROM raw.t WHERE id = 1"), [{"id": 1, "x": "2"}])


@suite.case
def json_in_csv_cells_rejects():
    p = one("a.csv", "id,c\n1,{}\n2,{\n", entry=", columns: {c: json}")
    p.run(want=3)
    same(rejects(p), [("E2103", "c", False, "2,{")])


@suite.case
def json_of_documents():
    records = ({"i": 1, "c": {"a": 1}}, {"i": 2, "c": "text"}, {"i": 3, "c": [1, None]},
               {"i": 4, "c": None}, {"i": 5, "c": 1.50}, {"i": 6})
    p = one("*.json", lines(*records), entry=", columns: {c: json}")
    p.run(want=0)
    same([r["c"] and json.loads(r["c"]) for r in p.rows("raw.t", sort="i")],
         [{"a": 1}, "text", [1, None], None, 1.5, None])
    p.describe("{from: 'drop.*.json', into: raw.t}")  # it stays what it was
    p.write("b.json", lines({"i": 7, "c": "more"}))
    p.run(want=0)
    same(p.rows("raw.t", sort="i")[-1]["c"], '"more"')


@suite.case
def real_contact_data():
    """The orders of ../shared: whatever is JSON in contact_data lands, the rest is listed."""
    p = Project("{from: drop.ifco/orders.csv, into: raw.orders, columns: "
                "{contact_data: {type: json, contract: discard_value}}}")
    text = (p.folder / "firn.yml").read_text(encoding="utf-8")
    (p.folder / "firn.yml").write_text(text.replace("./data", f"{SHARED}/data"), encoding="utf-8")
    done = p.firn("run")
    with open(f"{SHARED}/data/ifco/orders.csv", encoding="utf-8") as f:
        wanted = {r["order_id"]: r["contact_data"] for r in
                  csv.DictReader(io.StringIO(f.read()), delimiter=";")}
    good, bad = {}, []
    for key, cell in wanted.items():
        try:
            good[key] = json.loads(cell) if cell else None
        except ValueError:
            good[key] = None
            bad.append(cell)
    same({r["order_id"]: r["contact_data"] and json.loads(r["contact_data"])
          for r in p.rows("raw.orders")}, good)
    listed = p.rejects("raw.orders")
    same((done.exit, [r["value"] for r in listed], {r["path"] for r in listed}),
         (3 if bad else 0, bad, {"contact_data"} if bad else set()))


# --- words --------------------------------------------------------------------------------------

@suite.case
def wrong_words():
    for text, *wanted in (("contract: discard", "'discard'", "did you mean 'discard_"),
                          ("contract: {column: freeze}", "'column'", "columns"),
                          ("contract: {columns: frozen}", "'frozen'", "freeze"),
                          ("contract: []", "'contract'"),
                          ("on_conflict_of_types: residuals", "did you mean 'residual'"),
                          ("nested: flat", "'flat'"), ("max_fields: 0", "max_fields"),
                          ("columns: {a: {contract: no}}", "'no'")):
        p = Project(f"{{from: drop.a.json, into: raw.t, {text}}}", name="wrong_words")
        contains(p.firn("run", want=2).err, "firn.yml:6", *wanted)


suite.end()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=600
"""Columns of landed files: given, found out, growing; their names; real data, random documents."""
import csv
import io
import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from documents import whole  # noqa: E402
from firnlab import (SHARED, Project, Suite, agree, contains, lines, lint, multiset, note, one,
                     same, table, types)  # noqa: E402

suite = Suite()
MB = 1 << 20


# --- given columns ------------------------------------------------------------------------------

@suite.case
def given_columns():
    p = one("a.csv",
            '" DATE ",Amount,note\n29-Jun-17," 1,200,000.00 ",x\n30-Jun-17, 5.5 ,y\n01-Jul-17,,z\n',
            entry=', columns: {booked: {type: date, format: "%d-%b-%y", from: " DATE ", '
                  'required: true}, amount: {type: "decimal(18,2)", from: Amount}}')
    done = p.firn("run")
    assert done.exit in (0, 3), done
    by_note = {r["note"]: r for r in p.rows("raw.t")}
    same(str(by_note["y"]["booked"]), "2017-06-30")
    same(str(by_note["y"]["amount"]), "5.50")
    same(by_note["z"]["amount"], None)
    if "x" in by_note:
        same(str(by_note["x"]["amount"]), "1200000.00")
    else:
        same(p.rejects("raw.t")[0]["error"], "E2103")
    same(list(types(p.lake, "raw.t"))[0], "booked")
    p.run(want=0)


@suite.case
def required_columns():
    p = one("a.json", '{"id": "x", "v": 1}\n{"v": 2}\n{"id": null, "v": 3}\n{"id": "", "v": 4}\n',
            entry=", columns: {id: {type: string, required: true}}")
    p.run(want=3)
    same(sorted(r["v"] for r in p.rows("raw.t")), [1, 4])
    same([(r["error"], r["path"], r["line"]) for r in p.rejects("raw.t")],
         [("E2104", "id", 2), ("E2104", "id", 3)])
    lint(p.lake)


@suite.case
def given_nested_columns():
    p = one("a.json",
            '{"id": 1, "lines": [{"debit": 5}, {"credit": 2.50}], "when": {"day": "31.05.2025"}}\n'
            '{"id": 2, "lines": [{"debit": 1.005}]}\n',
            entry=', columns: {"lines[].debit": "decimal(18,2)", "lines[].credit": "decimal(18,2)",'
                  ' "when.day": {type: date, format: "%d.%m.%Y"}}')
    p.run(want=3)
    (row,) = p.rows("raw.t")
    same([str(x["debit"]) for x in row["lines"]], ["5.00", "None"])
    same(str(row["when"]["day"]), "2025-05-31")
    same([(r["error"], r["path"]) for r in p.rejects("raw.t")], [("E2103", "lines[0].debit")])


# --- schemas that grow --------------------------------------------------------------------------

def padded(first, then, size=70 * MB):
    """NDJSON: `first` until `size` bytes, then `then`."""
    block = "".join(json.dumps({**first, "pad": "p" * 1000}) + "\n" for _ in range(1000))
    return (block * (size // len(block) + 1)).encode() + then


@suite.case
def growth_behind_the_lookahead():
    content = padded({"a": 1, "s": {"x": 1}},
                     lines({"a": 2, "b": "new"}, {"a": 3, "s": {"x": 1, "y": 2}}, {"a": 2.5},
                           {"a": "text"}, {"a": 4, "c": [1]}).encode())
    p = one("a.json", content)
    done = p.run(want=0)
    same(types(p.lake, "raw.t")["b"], "string")
    total = content.count(b"\n")
    found = p.sql("SELECT count(*) AS n, count(b) AS b, count(s.y) AS y, count(c) AS c, "
                  "max(a) AS a FROM raw.t")
    same(found, [{"n": total, "b": 1, "y": 1, "c": 1, "a": 4}])
    same(p.sql("SELECT _residual AS r FROM raw.t WHERE _residual IS NOT NULL ORDER BY r"),
         [{"r": '{"a":"text"}'}, {"r": '{"a":2.5}'}])
    note(f"70 MB with a change of types: {done.seconds:.2f} s, {done.peak >> 20} MB")
    lint(p.lake)


@suite.case
def infer_full():
    content = padded({"a": 1}, lines({"a": 2.5}, {"b": "new"}).encode())
    p = one("a.json", content, entry=", infer: full")
    p.run(want=0)
    same([types(p.lake, "raw.t")[c] for c in "ab"], ["double", "string"])
    same(p.sql("SELECT count(*) AS n, sum(a) AS a FROM raw.t WHERE a = 2.5"), [{"n": 1, "a": 2.5}])
    q = one("a.json", padded({"a": 1}, lines({"a": "x"}).encode()), entry=", infer: full")
    q.run(want=0)
    same([types(q.lake, "raw.t")[c] for c in ("a", "_residual")], ["long", "string"])
    q = one("a.json", padded({"a": 1}, lines({"a": "x"}).encode()),
            entry=", infer: full, on_conflict_of_types: string")
    q.run(want=0)
    same(types(q.lake, "raw.t")["a"], "string")


@suite.case
def growth_between_runs():
    p = Project("{from: 'drop.*.json', into: raw.t}")
    p.write("1.json", lines({"a": 1, "s": {"x": 1}, "l": [1]}))
    p.run(want=0)
    ids = {f.name: f.field_id for f in table_of(p).schema().fields}
    p.write("2.json",
            lines({"a": 2, "b": "new", "s": {"x": 2, "y": "z"}, "l": [2], "m": [{"k": 1}]}))
    p.run(want=0)
    same({f.name: f.field_id for f in table_of(p).schema().fields if f.name in ids}, ids)
    p.write("3.json",
            lines({"a": 3.5}, {"a": 3, "s": 5}, {"l": "no list"}, {"m": [{"k": 2, "n": True}]}))
    p.run(want=0)
    found = p.rows("raw.t", sort=lambda r: (r["a"] is None, r["a"] or 0, r["_residual"] or ""))
    found = [{**r, "m": r["m"] or None} for r in found]  # PyIceberg gives null lists as empty
    none = {c: None for c in ("a", "s", "l", "b", "m", "_residual")}
    same(found, [{**none, "a": 1, "s": {"x": 1, "y": None}, "l": [1]},
                 {**none, "a": 2, "s": {"x": 2, "y": "z"}, "l": [2], "b": "new",
                  "m": [{"k": 1, "n": None}]},
                 {**none, "a": 3, "_residual": '{"s":5}'},
                 {**none, "m": [{"k": 2, "n": True}]},
                 {**none, "_residual": '{"a":3.5}'},
                 {**none, "_residual": '{"l":"no list"}'}])
    lint(p.lake)  # and not agree: PyIceberg gives the null lists of structs as empty


def table_of(p):
    return table(p.lake, "raw.t")


@suite.case
def widening_between_runs():
    """int → long and decimal(p) → decimal(p'), as Iceberg allows it in place."""
    p = Project("{from: 'drop.*.json', into: raw.t, "
                "columns: {n: int, d: 'decimal(5,2)', f: float}}")
    p.write("1.json", lines({"n": 1, "d": 1.25, "f": 0.5}))
    p.run(want=0)
    same([types(p.lake, "raw.t")[c] for c in "ndf"], ["int", "decimal(5, 2)", "float"])
    p.describe("{from: 'drop.*.json', into: raw.t, "
               "columns: {n: long, d: 'decimal(12,2)', f: double}}")
    p.write("2.json", lines({"n": 2 ** 40, "d": 1234567.25, "f": 0.1}))
    p.run(want=0)
    same([types(p.lake, "raw.t")[c] for c in "ndf"], ["long", "decimal(12, 2)", "double"])
    same([(r["n"], str(r["d"]), r["f"]) for r in p.rows("raw.t", sort="n")],
         [(1, "1.25", 0.5), (2 ** 40, "1234567.25", 0.1)])
    p.describe("{from: 'drop.*.json', into: raw.t, columns: {n: string}}")
    p.write("3.json", lines({"n": "x"}))
    done = p.firn("run")
    assert done.exit == 2 and "n" in done.err, done
    lint(p.lake)
    agree(p.lake)


# --- names of columns ---------------------------------------------------------------------------

NAMES = ["", "a", "A", "x_loaded_at", "with.dot", "do$lar", 'quo"te', "apo'strophe", "new\nline",
         "tab\there", "n" * 200, "😀", "with space", "back\\slash", "select", "ünï", "{brace}",
         "per%cent", "a[0]", "x_position", "_", "é", "e\u0301", "null", "1st", ";", "--", "/* x */",
         "\u200b"]


@suite.case
def names_of_columns():
    record = {name: i for i, name in enumerate(NAMES)}
    p = one("a.json", lines(record))
    p.run(want=0)
    found = table_of(p).scan().to_arrow()
    names = found.column_names
    same(len(names), len(NAMES) + 1)
    same(len({n.lower() for n in names}), len(names), "names that differ only in case")
    (row,) = p.rows("raw.t")
    same(list(row.values()), list(range(len(NAMES))))
    kept = [n for n in NAMES if n not in ("", "A", "x_loaded_at", "_")]
    same([n for n in kept if row.get(n) != NAMES.index(n)], [])
    lint(p.lake)
    agree(p.lake)
    (shown,) = p.sql("SELECT * EXCLUDE (x_loaded_at) FROM raw.t")
    same(list(shown.values()), list(range(len(NAMES))))


@suite.case
def names_of_columns_again():
    """A second file finds the same columns by its keys."""
    p = Project("{from: 'drop.*.json', into: raw.t}")
    p.write("1.json", lines({name: i for i, name in enumerate(NAMES)}))
    p.run(want=0)
    before = types(p.lake, "raw.t")
    p.write("2.json", lines({name: i + 1000 for i, name in reversed(list(enumerate(NAMES)))}))
    p.run(want=0)
    same(types(p.lake, "raw.t"), before)
    one_row, other = sorted((list(r.values()) for r in p.rows("raw.t")))
    same((one_row, other), (list(range(len(NAMES))), list(range(1000, 1000 + len(NAMES)))))


@suite.case
def names_in_a_csv_header():
    p = one("a.csv", '" DATE ",,a,A,a,"x ""y"""\n1,2,3,4,5,6\n')
    p.run(want=0)
    (row,) = p.rows("raw.t")
    same(list(row.values()), [1, 2, 3, 4, 5, 6])
    same(list(row)[:2], [" DATE ", "column_2"])


@suite.case
def twelve_hundred_keys():
    p = one("a.json",
            lines({"id": 1, "o": {f"k{i}": i for i in range(1200)}}, {"id": 2, "o": {"k1": 5}}))
    done = p.run(want=0)
    same(types(p.lake, "raw.t")["o"], "map<string, long>")
    first, second = p.rows("raw.t", sort="id")
    same((dict(first["o"]), dict(second["o"])), ({f"k{i}": i for i in range(1200)}, {"k1": 5}))
    contains(done.err, "note raw.t", "'o' is a map")
    q = one("a.json", lines({f"k{i}": i for i in range(1200)}))
    done = q.firn("run")
    contains(done.err, "'k1000' and 199 more", "max_fields")
    (row,) = q.rows("raw.t")
    same((done.exit, len(row), whole(row)), (0, 1001, {f"k{i}": i for i in range(1200)}))


@suite.case
def nesting():
    def deep(levels):
        return '{"a": ' * levels + "1" + "}" * levels
    p = one("a.json", deep(2) + "\n" + deep(100) + "\n" + deep(101) + "\n")
    p.run(want=3)
    same([(r["error"], r["line"]) for r in p.rejects("raw.t")], [("E2106", 3)])
    same(len(p.rows("raw.t")), 2)
    lint(p.lake)


# --- real data ----------------------------------------------------------------------------------

def load(name):
    with open(f"{SHARED}/data/{name}", encoding="utf-8") as f:
        return f.read()


def shared_project(*entries, source=""):
    p = Project(list(entries), name=sys._getframe(1).f_code.co_name)
    text = (p.folder / "firn.yml").read_text(encoding="utf-8")
    (p.folder / "firn.yml").write_text(text.replace("./data", f"{SHARED}/data"), encoding="utf-8")
    return p


@suite.case
def shared_mongodb():
    p = shared_project(*(f"{{from: drop.mongodb/{n}.json, into: raw.{n.replace('-', '_')}, "
                         "extended: false}"
                         for n in ("accounts", "countries-small", "products", "theaters")))
    p.run(want=0)
    for name in ("accounts", "countries-small", "products", "theaters"):
        records = [json.loads(x) for x in load(f"mongodb/{name}.json").splitlines() if x.strip()]
        same(len(p.rows("raw." + name.replace("-", "_"))), len(records), name)
    theaters = [json.loads(x) for x in load("mongodb/theaters.json").splitlines() if x.strip()]
    found = {r["_id"]["$oid"]: r for r in p.rows("raw.theaters")}
    same(len(found), len(theaters))
    for wanted in theaters:
        assert same_value(found[wanted["_id"]["$oid"]], wanted), wanted
    accounts = [json.loads(x) for x in load("mongodb/accounts.json").splitlines() if x.strip()]
    same(multiset(p.rows("raw.accounts")), multiset(accounts))
    lint(p.lake)  # and not agree: PyIceberg gives the null lists of structs in products as empty


@suite.case
def shared_ifco():
    p = shared_project("{from: drop.ifco/orders.csv, into: raw.orders}",
                       "{from: drop.ifco/invoicing_data.json, into: raw.invoices, "
                       "records: data.invoices}")
    p.run(want=0)
    wanted = list(csv.DictReader(io.StringIO(load("ifco/orders.csv")), delimiter=";"))
    found = p.rows("raw.orders")
    same(len(found), 62)
    same(sorted(r["order_id"] for r in found), sorted(r["order_id"] for r in wanted))
    same(sorted(r["contact_data"] or "" for r in found), sorted(r["contact_data"] for r in wanted))
    day = {r["order_id"]: r["date"] for r in wanted}
    for r in found:
        value = r["date"]
        d, m, y = day[r["order_id"]].split(".")
        assert str(value) in (f"20{y}-{m}-{d}", day[r["order_id"]]), value
    invoices = json.loads(load("ifco/invoicing_data.json"))["data"]["invoices"]
    same(multiset(p.rows("raw.invoices")), multiset(invoices))
    lint(p.lake)


@suite.case
def shared_stori():
    txns = "stori/txns_first9_rows_from_postgres_schema_png.csv"
    trades = "stori/trades_3_rows_from_redshift_schema_png.json"
    p = shared_project(f"{{from: drop.{txns}, into: raw.txns}}",
                       f"{{from: drop.{trades}, into: raw.trades, records: data}}")
    done = p.run(want=0)
    wanted = list(csv.reader(io.StringIO(load(txns))))
    same(list(p.rows("raw.txns")[0]), wanted[0])
    same(len(p.rows("raw.txns")), len(wanted) - 1)
    same(len(p.rows("raw.trades")), 3)
    note("stori: " + ", ".join(f"{k!r}: {v}" for k, v in types(p.lake, "raw.txns").items()))
    note(done.err.replace("\n", " | "))
    lint(p.lake)


# --- anything -----------------------------------------------------------------------------------

@suite.case
def random_documents():
    """Every document comes back the same through PyIceberg: its columns and its residual."""
    rng = random.Random(20251)
    for _ in range(15):
        records = [random_document(rng, 3) for _ in range(rng.randint(1, 40))]
        p = Project("{from: drop.a.json, into: raw.t}", name="random_documents")
        p.write("a.json", "".join(json.dumps({"k": i, **r}) + "\n" for i, r in enumerate(records)))
        p.run(want=0)
        found = p.rows("raw.t", sort="k")
        same(len(found), len(records))
        for f, r in zip(found, records):
            f = whole(f)
            f.pop("k")
            assert same_value(f, r), f"{f} is not {r}"


def random_document(rng, depth):
    keys = rng.sample("abcdefg", rng.randint(0, 5))
    return {k: random_value(rng, depth - 1, k) for k in keys}


def random_value(rng, depth, key):
    kinds = {"a": lambda: rng.choice([None, rng.randint(-10**12, 10**12)]),
             "b": lambda: rng.choice([None, "", "text", "ünï", "2025-05-31", "5", "a\u0000b"]),
             "c": lambda: rng.choice([True, False, None]),
             "d": lambda: rng.choice([0.5, 1e300, -2.25, 7]),
             "e": lambda: rng.choice([1, "one", None, 2.5]),
             "f": lambda: random_document(rng, depth) if depth else {},
             "g": lambda: [random_value(rng, depth, rng.choice("ab"))
                           for _ in range(rng.randint(0, 3))]}
    return kinds[key]()


def same_value(found, wanted):
    """A null and an absent key are the same; what became text is compared as JSON."""
    if found is None:
        return wanted is None
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(same_value(found.get(k), wanted.get(k)) for k in {*found, *wanted})
    if isinstance(wanted, list) and isinstance(found, list):
        return len(found) == len(wanted) and all(map(same_value, found, wanted))
    if isinstance(wanted, str) and isinstance(found, str) and found[:1] == '"':
        return json.loads(found) == wanted
    if isinstance(found, str) and not isinstance(wanted, str):
        return json.loads(found) == wanted
    if isinstance(wanted, str) and not isinstance(found, str):
        return str(found) == wanted
    return found == wanted


suite.end()

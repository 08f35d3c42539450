#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""Models and checks, end to end: what is made of what, in which order, what is audited before the
commit, what is made again and what is not."""
import collections
import decimal
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (Project, Suite, contains, data_files, exists, lines, lint, rows, same,
                     snapshots, table, types)  # noqa: E402

suite = Suite()
D = decimal.Decimal
ORDERS = [{"id": i, "customer": f"c{i % 5}", "amount": i * 10, "day": f"2025-0{1 + i % 3}-15"}
          for i in range(1, 31)]
NAMES = [{"customer": f"c{i}", "name": f"Name {i}"} for i in range(4)]  # c4 has none
MODEL = "/* firn\n%s\n*/\n%s\n"


def shop(name=None, **models):
    """Orders and names, and models curated.KEY."""
    p = Project(["{from: drop.orders.json, into: raw.orders}",
                 "{from: drop.names.json, into: raw.names, write: replace}"],
                name=name or sys._getframe(1).f_code.co_name)
    p.write("orders.json", lines(*ORDERS))
    p.write("names.json", lines(*NAMES))
    for key, sql in models.items():
        p.model(f"curated.{key}", sql)
    return p


def states(done):
    """{table: status} of a run with --json."""
    return {f"{e['namespace']}.{e['table']}": e["status"] for e in done.events()
            if e["event"] == "node_finished"}


def finished(done):
    """Tables in the order in which they were done."""
    return [f"{e['namespace']}.{e['table']}" for e in done.events()
            if e["event"] == "node_finished"]


def wrong(p, *words, want=2):
    """The project is refused by check and by run, before anything is done."""
    for verb in ("check", "run"):
        done = p.firn(verb, want=want)
        contains(done.err, *words)
    assert not exists(p.lake, "raw.orders") if (p.lake / "catalog.db").exists() else True


# --- making tables ------------------------------------------------------------------------------

@suite.case
def table_is_what_the_select_gives():
    p = shop(totals="SELECT customer, sum(amount) AS total, count(*) AS n FROM raw.orders "
                    "GROUP BY customer")
    p.run(want=0)
    wanted = collections.defaultdict(lambda: [0, 0])
    for o in ORDERS:
        wanted[o["customer"]][0] += o["amount"]
        wanted[o["customer"]][1] += 1
    same({r["customer"]: [int(r["total"]), r["n"]] for r in rows(p.lake, "curated.totals")},
         dict(wanted))
    meta = table(p.lake, "curated.totals")
    same(str(meta.current_snapshot().summary.operation).split(".")[-1].lower(), "append")
    lint(p.lake)


@suite.case
def table_is_replaced():
    p = shop(big="SELECT id, amount FROM raw.orders WHERE amount > 100")
    p.run(want=0)
    p.describe(["{from: 'drop.orders*.json', into: raw.orders}"])
    p.write("orders2.json", lines({"id": 99, "customer": "c1", "amount": 5000,
                                   "day": "2025-01-01"}))
    p.run(want=0)
    found = sorted(r["id"] for r in rows(p.lake, "curated.big"))
    same(found, sorted([o["id"] for o in ORDERS if o["amount"] > 100] * 2 + [99]))
    first, second = snapshots(p.lake, "curated.big")
    assert str(second.summary.operation).lower().endswith("overwrite"), second.summary
    same(len(rows_at(p, "curated.big", first.snapshot_id)), 20)
    lint(p.lake)


def rows_at(p, name, snapshot_id):
    return table(p.lake, name).scan(snapshot_id=snapshot_id).to_arrow().to_pylist()


@suite.case
def types_of_a_model():
    """What the engine gives becomes Iceberg's types, and nothing is rounded."""
    p = shop(kinds="""SELECT 1::TINYINT AS tiny, 2::SMALLINT AS small, 3::INTEGER AS i,
        4::BIGINT AS b, 1.5::DECIMAL(9,2) AS d, sum(amount) AS s, 0.5::DOUBLE AS f,
        DATE '2025-05-31' AS day, TIMESTAMP '2025-05-31 10:00:00' AS at,
        [1, 2] AS l, {'a': 1, 'b': 'x'} AS o, NULL AS nothing, true AS t,
        '\\x01'::BLOB AS bin, TIME '10:00:00' AS clock FROM raw.orders""")
    done = p.firn("run")
    if done.exit:
        contains(done.err, "nothing")  # a column without a type may be refused, by name
        p = shop(kinds=(p.folder / "models/curated/kinds.sql").read_text(encoding="utf-8")
                 .replace("NULL AS nothing,", ""))
        p.run(want=0)
    (row,) = rows(p.lake, "curated.kinds")
    same([row[k] for k in ("tiny", "small", "i", "b", "d", "f", "l", "o", "t", "bin")],
         [1, 2, 3, 4, D("1.50"), 0.5, [1, 2], {"a": 1, "b": "x"}, True, b"\x01"])
    same(int(row["s"]), sum(o["amount"] for o in ORDERS))
    found = types(p.lake, "curated.kinds")
    same([found[k] for k in ("tiny", "small", "i", "b", "d", "day", "at")],
         ["int", "int", "int", "long", "decimal(9, 2)", "date", "timestamp"])
    lint(p.lake)


@suite.case
def partitions_of_a_model():
    p = shop(by_month=MODEL % ("partition: [month(day)]",
                               "SELECT id, CAST(day AS DATE) AS day FROM raw.orders"))
    p.run(want=0)
    same(len(data_files(p.lake, "curated.by_month")), 3)
    (field,) = table(p.lake, "curated.by_month").spec().fields
    same(str(field.transform), "month")
    lint(p.lake)


@suite.case
def empty_model():
    p = shop(none="SELECT id FROM raw.orders WHERE id < 0")
    p.run(want=0)
    same(rows(p.lake, "curated.none"), [])
    same(types(p.lake, "curated.none"), {"id": "long"})
    lint(p.lake)


@suite.case
def model_without_inputs():
    p = shop(calendar="SELECT i AS n FROM range(5) AS t(i)")
    p.run(want=0)
    same(sorted(r["n"] for r in rows(p.lake, "curated.calendar")), [0, 1, 2, 3, 4])
    same(states(p.run("--json", want=0))["curated.calendar"], "unchanged")


# --- what stands on what ------------------------------------------------------------------------

@suite.case
def lineage_from_the_sql():
    """However a table is named in the statement, it is made first; what only looks like a name is
    none."""
    p = shop(z_base="SELECT * FROM raw.orders",
             a_cte="WITH x AS (SELECT * FROM curated.z_base) SELECT count(*) AS n FROM x",
             b_sub="SELECT (SELECT count(*) FROM lake.curated.z_base) AS n, "
                   "EXISTS (FROM curated.y_names) AS e",
             c_join='SELECT o.id, n.name FROM "curated"."z_base" AS o LEFT JOIN '
                    "CURATED.Y_NAMES AS n USING (customer)",
             d_union="SELECT id FROM curated.z_base UNION ALL SELECT id FROM curated.c_join",
             y_names="SELECT * FROM raw.names -- not curated.d_union\n/* nor curated.e_last */",
             e_last="SELECT 'curated.f_none' AS text, count(*) AS n FROM curated.d_union")
    done = p.run("--json", want=0)
    order = finished(done)
    for first, then in (("raw.orders", "z_base"), ("z_base", "a_cte"), ("z_base", "b_sub"),
                        ("y_names", "b_sub"), ("z_base", "c_join"), ("y_names", "c_join"),
                        ("c_join", "d_union"), ("d_union", "e_last"), ("raw.names", "y_names")):
        first = first if "." in first else f"curated.{first}"
        assert order.index(first) < order.index(f"curated.{then}"), f"{first}, {then}: {order}"
    same(rows(p.lake, "curated.e_last"), [{"text": "curated.f_none", "n": 60}])
    same(rows(p.lake, "curated.b_sub"), [{"n": 30, "e": True}])
    nodes = done.event("run_started")["nodes"]
    same({n["table"] for n in nodes}, {"orders", "names", "z_base", "a_cte", "b_sub", "c_join",
                                       "d_union", "y_names", "e_last"})


@suite.case
def cycles():
    wrong(shop(a="SELECT * FROM curated.b", b="SELECT * FROM curated.c",
               c="SELECT * FROM curated.a"),
          "circle", "curated.a", "curated.b", "curated.c", "models/curated/")
    wrong(shop("itself", a="SELECT * FROM curated.a"), "circle", "curated.a",
          "models/curated/a.sql")


@suite.case
def unknown_tables():
    p = shop(a="SELECT *\nFROM raw.ordres")
    contains(p.firn("check", want=2).err, "raw.ordres", "did you mean raw.orders?",
             "models/curated/a.sql:2:6")
    done = p.run(want=1)  # it could have come into the catalog meanwhile
    contains(done.err, "no table 'raw.ordres'", "models/curated/a.sql:2:6")
    assert not exists(p.lake, "curated.a")
    q = shop("column_run", a="SELECT id,\n  amonut FROM raw.orders")
    done = q.run("--json", want=1)
    same((states(done)["raw.orders"], states(done)["curated.a"]), ("done", "failed"))
    error = done.event("node_finished", table="a")["error"]
    same(error["id"], "E4001")
    contains(error["where"] + error["text"], "models/curated/a.sql:2:3", "amonut")


@suite.case
def names_twice():
    p = shop(a="SELECT 1 AS x")
    p.model("curated.A", "SELECT 2 AS x")
    wrong(p, "curated.a", "curated.A", "E1112")
    q = shop("as_ingest")
    q.model("raw.orders", "SELECT 1 AS x")
    wrong(q, "raw.orders", "firn.yml", "E1112")
    r = shop("columns", a="SELECT id, amount AS id FROM raw.orders")
    done = r.firn("run")
    assert done.exit in (1, 2), done
    contains(done.err, "curated", "id")


@suite.case
def not_one_select():
    for sql, word in (("DROP TABLE raw.orders", "SELECT"), ("SELECT 1 AS a; SELECT 2 AS a", ""),
                      ("", ""), ("INSERT INTO raw.orders SELECT 1", ""),
                      ("SELECT 1 AS a FROM", "a.sql:1"), ("COPY (SELECT 1) TO '/tmp/x.csv'", "")):
        p = shop("not_one_select", a=sql)
        done = p.firn("run")
        assert done.exit in (1, 2), f"{sql}: {done}"
        contains(done.err, word, "models/curated/a.sql")
        assert not (p.lake / "catalog.db").exists() or not exists(p.lake, "curated.a")


@suite.case
def files_that_are_passed_over():
    p = shop(a="SELECT 1 AS x")
    p.model("curated._draft", "this is no SQL")
    p.model("_old.b", "nor is this")
    (p.folder / "models/curated/notes.txt").write_text("nor this", encoding="utf-8")
    same(set(states(p.run("--json", want=0))), {"raw.orders", "raw.names", "curated.a"})


@suite.case
def deeper_namespaces():
    p = shop()
    p.model("curated/shared.a", "SELECT count(*) AS n FROM raw.orders")
    p.run(want=0)
    p.model("curated/shared.b", "SELECT a.n + curated.shared.a.n AS n FROM curated.shared.a")
    p.model("curated.c", "SELECT x.n, (SELECT n FROM lake.curated.shared.a) AS m\n"
            "FROM lake.curated.shared.b AS x")
    p.firn("check", want=0)
    order = finished(p.run("--json", want=0))
    assert order.index("curated.shared.a") < order.index("curated.shared.b"), order
    same(order[-1], "curated.c")
    for name in ("curated.shared.a", "lake.curated.shared.a", '"curated.shared".a',
                 'Curated . "shared".A'):
        same(p.sql(f"FROM {name}"), [{"n": 30}], name)
    same(p.sql("FROM curated.c"), [{"n": 60, "m": 30}])
    contains(p.firn("tables", want=0).out, "curated.shared.a")
    contains(p.firn("show", "curated.shared.a", want=0).out, "1 row")


@suite.case
def independent_models():
    """Sixteen models beside each other, whatever the number of threads."""
    wanted = None
    for threads in ("1", "8"):
        p = shop("independent_models", **{
            f"m{i:02}": f"SELECT customer, sum(amount) + {i} AS s FROM raw.orders GROUP BY 1"
            for i in range(16)})
        done = p.run("--threads", threads, "--json", want=0)
        same(sum(s == "done" for s in states(done).values()), 18)
        found = {i: sorted((r["customer"], int(r["s"]))
                           for r in rows(p.lake, f"curated.m{i:02}")) for i in range(16)}
        wanted = wanted or found
        same(found, wanted)
        sums = collections.Counter()
        for o in ORDERS:
            sums[o["customer"]] += o["amount"]
        same(found[7], sorted((c, s + 7) for c, s in sums.items()))
        lint(p.lake)


@suite.case
def one_fails_the_others_do_not():
    p = shop(a="SELECT error('no') AS x FROM raw.orders", b="SELECT * FROM curated.a",
             c="SELECT * FROM curated.b", d="SELECT count(*) AS n FROM raw.orders")
    done = p.run("--json", want=1)
    same({k: v for k, v in states(done).items() if k.startswith("curated")},
         {"curated.a": "failed", "curated.b": "skipped", "curated.c": "skipped",
          "curated.d": "done"})
    same(rows(p.lake, "curated.d"), [{"n": 30}])
    end = done.event("run_finished")
    same((end["exit"], end["done"], end["failed"], end["skipped"]), (1, 3, 1, 2))
    p.model("curated.a", "SELECT 1 AS x FROM raw.orders")
    same(states(p.run("--json", want=0)),
         {"raw.orders": "unchanged", "raw.names": "unchanged", "curated.a": "done",
          "curated.b": "done", "curated.c": "done", "curated.d": "unchanged"})


# --- checks -------------------------------------------------------------------------------------

def checked(checks, sql="SELECT * FROM raw.orders"):
    return MODEL % (checks, sql)


@suite.case
def checks_that_hold():
    p = shop(a=checked('columns: {id: {checks: [not_null, unique, "id > 0"]}}\n'
                       'checks: ["amount = id * 10", {check: "id < 31", name: small}]'))
    done = p.run("--json", want=0)
    found = [e for e in done.events() if e["event"] == "check"]
    same([(e["failing"], e["severity"], e["samples"]) for e in found], [(0, "error", [])] * 5)
    # a condition over a null holds, as an SQL CHECK does
    q = shop("over_a_null", a=checked('checks: ["x > 0"]', "SELECT id, NULL::INT AS x "
                                      "FROM raw.orders"))
    q.run(want=0)


@suite.case
def checks_that_fail():
    """Nothing is committed, the table stays as it was, exit 4, and the rows are shown."""
    twice = "SELECT * FROM raw.orders UNION ALL FROM raw.orders WHERE id IN (3, 4)"
    for checks, sql, failing, sample in (
            ("columns: {customer: {checks: [not_null]}}",
             "SELECT id, nullif(customer, 'c1') AS customer FROM raw.orders", 6, '"customer":null'),
            ("columns: {id: {checks: [unique]}}", twice, 2, '"times":2'),
            ('checks: ["amount < 290"]', "SELECT * FROM raw.orders", 2, '"amount":'),
            ('columns: {amount: {checks: ["amount <> 10"]}}', "SELECT * FROM raw.orders", 1,
             '"id":1')):
        p = shop("checks_that_fail", a="SELECT 0 AS before")
        p.run(want=0)
        before = table(p.lake, "curated.a").current_snapshot().snapshot_id
        p.model("curated.a", MODEL % (checks, sql))
        p.model("curated.b", "SELECT * FROM curated.a")
        done = p.run("--json", want=4)
        same(rows(p.lake, "curated.a"), [{"before": 0}], checks)
        same(table(p.lake, "curated.a").current_snapshot().snapshot_id, before)
        event = next(e for e in done.events() if e["event"] == "check" and e["failing"])
        same((event["failing"], event["severity"]), (failing, "error"), checks)
        assert 0 < len(event["samples"]) <= 3, event
        contains(event["samples"][0].replace(" ", ""), sample)
        same((states(done)["curated.a"], states(done)["curated.b"]), ("failed", "skipped"))
        error = done.event("node_finished", table="a")["error"]
        same(error["id"], "E6001")
        same(len(list((p.lake / "curated/a/data").glob("*.parquet"))), 1, "files left behind")
        contains(p.firn("run", want=4).err, "E6001", "curated.a")
        assert not exists(p.lake, "curated.b")


@suite.case
def first_commit_that_fails():
    p = shop(a=checked('checks: ["id < 0"]'))
    p.run(want=4)
    assert not exists(p.lake, "curated.a")
    same(len(rows(p.lake, "raw.orders")), 30)
    p.model("curated.a", checked('checks: ["id > 0"]'))
    p.run(want=0)
    same(len(rows(p.lake, "curated.a")), 30)
    lint(p.lake)


@suite.case
def checks_that_warn():
    p = shop(a=checked("columns: {id: {checks: [{check: unique, severity: warn}]}}\n"
                       'checks: [{check: "amount < 200", name: cheap, severity: warn}]'))
    done = p.run("--json", want=0)
    event = done.event("check", check="cheap")
    same((event["severity"], event["failing"], len(event["samples"])), ("warn", 11, 3))
    same(done.event("node_finished", table="a")["warnings"], 1)
    same(len(rows(p.lake, "curated.a")), 30)
    q = shop("warn_shown", a=checked('checks: [{check: "id > 1", name: nr, severity: warn}]'))
    done = q.firn("run", want=0)
    contains(done.out + done.err, "nr", "curated.a")


@suite.case
def warn_and_error():
    p = shop(a=checked('checks: [{check: "id > 1", name: w, severity: warn}, '
                       '{check: "id > 2", name: e, severity: error}]'))
    done = p.run("--json", want=4)
    same({(e["check"], e["failing"]) for e in done.events() if e["event"] == "check"},
         {("w", 1), ("e", 2)})
    assert not exists(p.lake, "curated.a")


@suite.case
def checks_of_landed_tables():
    p = Project("{from: 'drop.*.json', into: raw.t, checks: ['a < 10'], "
                "columns: {a: {type: long, checks: [unique]}}}")
    p.write("1.json", lines({"a": 1}, {"a": 2}))
    p.run(want=0)
    p.write("2.json", lines({"a": 3}, {"a": 11}))
    contains(p.run(want=4).err, "E6001", "raw.t")
    same(sorted(r["a"] for r in p.rows("raw.t")), [1, 2])
    p.write("2.json", lines({"a": 2}))  # unique over the whole table, not the new file
    p.run(want=4)
    same(sorted(r["a"] for r in p.rows("raw.t")), [1, 2])
    p.write("2.json", lines({"a": 4}))
    p.run(want=0)
    same(sorted(r["a"] for r in p.rows("raw.t")), [1, 2, 4])
    lint(p.lake)


@suite.case
def checks_with_odd_values():
    """Names with quotes; null is no value that is there twice."""
    p = Project("{from: drop.a.json, into: raw.t}")
    p.write("a.json", lines({'o"d': 1, "e": None}, {'o"d': 2, "e": None}, {'o"d': 3, "e": 1}))
    p.model("curated.a", MODEL % ("columns: {'o\"d': {checks: [not_null, unique]}, "
                                  "e: {checks: [unique]}}", "SELECT * FROM raw.t"))
    p.run(want=0)
    q = Project("{from: drop.a.json, into: raw.t}", name="no_column")
    q.write("a.json", lines({"a": 1}))
    q.model("curated.a", MODEL % ("columns: {b: {checks: [not_null]}}", "SELECT a FROM raw.t"))
    done = q.firn("run")
    assert done.exit in (1, 2, 4), done
    contains(done.err, "not_null(b)", "models/curated/a.sql")
    assert not exists(q.lake, "curated.a")
    r = Project("{from: drop.a.json, into: raw.t}", name="no_condition")
    r.write("a.json", lines({"a": 1}))
    r.model("curated.a", MODEL % ('checks: ["a >"]', "SELECT a FROM raw.t"))
    done = r.firn("run")
    assert done.exit in (1, 2), done
    contains(done.err, "a >")
    assert not exists(r.lake, "curated.a")


# --- what is run --------------------------------------------------------------------------------

@suite.case
def selection():
    def chosen(*words):
        p = shop("selection", a="SELECT * FROM raw.orders", b="SELECT * FROM curated.a",
                 c="SELECT * FROM raw.names", d="SELECT count(*) AS n FROM curated.b, curated.c")
        p.run(want=0)
        return " ".join(sorted(n.split(".")[1] for n in states(
            p.run("--json", "--full-refresh", *words, want=0))))
    for words, wanted in (((), "a b c d names orders"), (("curated.a",), "a"),
                          (("+curated.b",), "a b orders"), (("raw.names+",), "c d names"),
                          (("curated.*",), "a b c d"), (("+curated.b+",), "a b d orders"),
                          (("drop.orders.json",), "orders"), (("curated.a", "curated.c"), "a c"),
                          (("--exclude", "raw.*"), "a b c d"),
                          (("curated.*", "--exclude", "curated.a,curated.b"), "c d"),
                          (("-x", "curated.b+"), "a c names orders"),
                          (("--only", "ingest"), "names orders"), (("--only", "models"), "a b c d"),
                          (("--only", "ingest,models"), "a b c d names orders"),
                          (("+curated.b", "--only", "models"), "a b")):
        same(chosen(*words), wanted, words)


@suite.case
def selection_of_nothing():
    p = shop(totals="SELECT 1 AS a")
    contains(p.firn("run", "curated.totasl", want=2).err, "curated.totasl",
             "did you mean curated.totals")
    contains(p.firn("run", "--exclude", "x.y", want=2).err, "x.y")
    contains(p.firn("run", "--only", "modles", want=2).err, "modles", "models")


@suite.case
def what_did_not_change():
    p = shop(a="SELECT * FROM raw.orders", b="SELECT count(*) AS n FROM curated.a",
             c="SELECT * FROM raw.names")
    p.run(want=0)
    same(set(states(p.run("--json", want=0)).values()), {"unchanged"})
    p.write("names.json", lines({"customer": "c9", "name": "new"}), age=1800)
    same(states(p.run("--json", want=0)),
         {"raw.orders": "unchanged", "raw.names": "done", "curated.a": "unchanged",
          "curated.b": "unchanged", "curated.c": "done"})
    same(rows(p.lake, "curated.c"), [{"customer": "c9", "name": "new"}])
    p.model("curated.a", "SELECT * FROM raw.orders WHERE id < 10")
    same(states(p.run("--json", want=0)),
         {"raw.orders": "unchanged", "raw.names": "unchanged", "curated.a": "done",
          "curated.b": "done", "curated.c": "unchanged"})
    same(rows(p.lake, "curated.b"), [{"n": 9}])
    same(len(snapshots(p.lake, "curated.c")), 2)
    p.run("curated.c", "--full-refresh", want=0)
    same(len(snapshots(p.lake, "curated.c")), 3)


@suite.case
def a_check_that_is_new():
    """A check that is added is made, though the statement is the same."""
    p = shop(a="SELECT * FROM raw.orders")
    p.run(want=0)
    p.model("curated.a", MODEL % ('checks: ["id < 5"]', "SELECT * FROM raw.orders"))
    p.run(want=4)
    p.model("curated.a", "SELECT * FROM raw.orders")
    p.run(want=0)
    same(len(rows(p.lake, "curated.a")), 30)


@suite.case
def what_time_it_is():
    """A statement that gives something else each time is run each time, or it is said that not."""
    p = shop(a="SELECT now() AS at, random() AS r FROM range(1)")
    p.run(want=0)
    done = p.run("--json", want=0)
    assert states(done)["curated.a"] in ("done", "unchanged")


# --- schemas that change ------------------------------------------------------------------------

@suite.case
def schema_of_a_model():
    p = shop(a="SELECT id, amount::INTEGER AS amount, customer FROM raw.orders")
    p.run(want=0)
    ids = {f.name: f.field_id for f in table(p.lake, "curated.a").schema().fields}
    p.model("curated.a", "SELECT customer, amount::BIGINT AS amount, id, day FROM raw.orders")
    p.run(want=0)
    fields = {f.name: f for f in table(p.lake, "curated.a").schema().fields}
    same([fields[n].field_id for n in ("id", "amount", "customer")],
         [ids[n] for n in ("id", "amount", "customer")], "widened and moved columns keep their ids")
    assert fields["day"].field_id not in ids.values()
    same(str(fields["amount"].field_type), "long")
    # another type, and a column less: a new column, and the old one is gone
    p.model("curated.a", "SELECT id::VARCHAR AS id, amount FROM raw.orders")
    p.run(want=0)
    now = {f.name: f for f in table(p.lake, "curated.a").schema().fields}
    same(list(now), ["id", "amount"])
    assert now["id"].field_id not in {f.field_id for f in fields.values()}, now
    same(now["amount"].field_id, ids["amount"])
    same(sorted(r["id"] for r in rows(p.lake, "curated.a")), sorted(str(o["id"]) for o in ORDERS))
    first = snapshots(p.lake, "curated.a")[0]
    same(len(rows_at(p, "curated.a", first.snapshot_id)), 30)
    lint(p.lake)


@suite.case
def input_that_grows():
    """SELECT * takes a new column of its input along."""
    p = Project("{from: 'drop.*.json', into: raw.t}")
    p.write("1.json", lines({"a": 1}))
    p.model("curated.a", "SELECT * EXCLUDE (x_loaded_at) FROM raw.t")
    p.run(want=0)
    p.write("2.json", lines({"a": 2, "b": {"c": [1]}}))
    p.run(want=0)
    same(rows(p.lake, "curated.a", sort="a"), [{"a": 1, "b": None}, {"a": 2, "b": {"c": [1]}}])
    lint(p.lake)


@suite.case
def reads_other_tables_of_the_catalog():
    """A table that no node of the project makes is read as it is."""
    p = shop(a="SELECT count(*) AS n FROM raw.orders")
    p.run(want=0)
    p.describe("")
    p.run(want=0)
    same(rows(p.lake, "curated.a"), [{"n": 30}])
    p.model("curated.b", "SELECT n + 1 AS n FROM curated.a")
    p.run(want=0)
    same(rows(p.lake, "curated.b"), [{"n": 31}])


@suite.case
def record_of_the_run():
    """docs/formats/runs.md: checks and nodes are in the run record."""
    import sqlite3
    p = shop(a=checked('checks: [{check: "id > 1", name: nr, severity: warn}]'))
    p.run(want=0)
    db = sqlite3.connect(p.lake / ".firn/runs.db")
    same(db.execute("PRAGMA user_version").fetchone()[0], 2)
    same(db.execute('SELECT "table", kind, status FROM nodes ORDER BY 1').fetchall(),
         [("a", "model", "done"), ("names", "ingest", "done"), ("orders", "ingest", "done")])
    name, severity, failing, samples = db.execute(
        "SELECT name, severity, failing, samples FROM checks").fetchone()
    same((name, severity, failing), ("nr", "warn", 1))
    same(json.loads(json.loads(samples)[0])["id"], 1)
    (finished_at, code) = db.execute("SELECT finished_at, exit FROM runs").fetchone()
    assert re.match(r"\d{4}-\d\d-\d\dT", finished_at) and code == 0


suite.end()

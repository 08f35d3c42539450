#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""Views: models without rows, put in where they are named, wherever that is."""
import json
import pathlib
import re
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (FULL, TMP, Project, Skip, Suite, catalog, contains, exists, firn,  # noqa: E402
                     lines, lint, path_of, rows, same, table)

suite = Suite()
ORDERS = [{"id": i, "customer": f"c{i % 5}", "amount": i * 10, "day": f"2025-0{1 + i % 3}-15"}
          for i in range(1, 31)]
VIEW = "/* firn {materialize: view} */\n%s\n"


def shop(name=None, more="", **models):
    """Orders, and models curated.KEY."""
    p = Project("{from: drop.orders.json, into: raw.orders}", more,
                name=name or sys._getframe(1).f_code.co_name)
    p.write("orders.json", lines(*ORDERS))
    for key, sql in models.items():
        p.model(f"curated.{key}", sql)
    return p


def states(done):
    return {f"{e['namespace']}.{e['table']}": e["status"] for e in done.events()
            if e["event"] == "node_finished"}


def opened(p, sql):
    """{table: (files opened, files there are)} of a statement."""
    done = p.firn("sql", "--json", sql, want=0)
    return {f"{t['namespace']}.{t['table']}": (t["files_opened"], t["files_total"])
            for t in done.event("query_finished")["tables"]}


# --- where views are named ----------------------------------------------------------------------

@suite.case
def a_view_has_no_rows_of_its_own():
    p = shop(big=VIEW % "SELECT id, amount FROM raw.orders WHERE amount > 100",
             total="SELECT count(*) AS n, sum(amount)::BIGINT AS s FROM curated.big")
    p.run(want=0)
    assert not exists(p.lake, "curated.big")
    assert not (p.lake / "curated/big/data").exists()
    same(rows(p.lake, "curated.total"), [{"n": 20, "s": sum(range(110, 301, 10))}])
    same(p.sql("SELECT count(*) AS n FROM curated.big"), [{"n": 20}])
    lint(p.lake)


@suite.case
def views_over_views():
    """Three deep, beside a table, twice in one statement."""
    p = shop(a=VIEW % "SELECT *, amount * 2 AS twice FROM raw.orders",
             b=VIEW % "SELECT customer, sum(twice) AS s FROM curated.a GROUP BY 1",
             c=VIEW % "SELECT x.customer, x.s, y.n FROM curated.b AS x JOIN "
                      "(SELECT customer, count(*) AS n FROM curated.a GROUP BY 1) AS y "
                      "USING (customer)",
             t="SELECT c.customer, (c.s - o.s)::BIGINT AS more, c.n FROM curated.c AS c JOIN "
               "(SELECT customer, sum(amount) AS s FROM raw.orders GROUP BY 1) AS o "
               "USING (customer)")
    p.run(want=0)
    found = rows(p.lake, "curated.t", sort="customer")
    same([(r["customer"], r["more"], r["n"]) for r in found],
         [(f"c{k}", sum(o["amount"] for o in ORDERS if o["customer"] == f"c{k}"), 6)
          for k in range(5)])
    same(p.sql("SELECT count(*) AS n FROM curated.c AS a, curated.c AS b"), [{"n": 25}])


@suite.case
def names_of_views():
    """With the catalog's name, quoted, in any case, nested, with columns behind the whole name."""
    p = shop(big=VIEW % 'SELECT id AS "An Id", amount FROM "raw"."ORDERS" WHERE amount > 100')
    p.model("curated/shared.all_of", VIEW % "SELECT count(*) AS n FROM lake.curated.big")
    p.run(want=0)
    for name in ("curated.big", "lake.curated.big", '"curated"."big"', "CURATED.Big",
                 'lake."curated".BIG'):
        same(p.sql(f"SELECT count(*) AS n FROM {name}"), [{"n": 20}], name)
        same(p.sql(f'SELECT max({name}."An Id") AS m FROM {name}'), [{"m": 30}], name)
    for name in ("curated.shared.all_of", "lake.curated.shared.all_of",
                 '"curated.shared".all_of'):
        same(p.sql(f"SELECT {name}.n FROM {name}"), [{"n": 20}], name)
    same(p.sql("SELECT o.* FROM curated.shared.all_of AS o"), [{"n": 20}])
    same(p.sql("WITH big AS (FROM curated.big) SELECT count(*) AS n FROM big"), [{"n": 20}])
    same(p.sql("SELECT 'curated.big' AS t"), [{"t": "curated.big"}])


@suite.case
def a_view_before_its_first_run():
    """The statement is in the file: a view can be asked before `firn run` saw it, and it is what
    the file says now."""
    p = shop()
    p.run(want=0)
    p.model("curated.big", VIEW % "SELECT id FROM raw.orders WHERE id > 20")
    same(p.sql("SELECT count(*) AS n FROM curated.big"), [{"n": 10}])
    p.model("curated.big", VIEW % "SELECT id FROM raw.orders WHERE id > 25")
    same(p.sql("SELECT count(*) AS n FROM curated.big"), [{"n": 5}])
    p.model("curated.wrong", "/* firn {materialise: view} */ SELECT 1 AS x")
    done = p.firn("sql", "SELECT count(*) AS n FROM raw.orders", want=0)
    contains(done.err, "note: the project's views are left out", "curated/wrong.sql", "materialise")


@suite.case
def files_that_a_view_does_not_need():
    """What is asked of a view prunes the files of its tables, through two views and a join."""
    p = shop(name="pruning")
    p.describe("{from: drop.orders.json, into: raw.orders, partition: [customer]}")
    p.model("curated.a", VIEW % "SELECT id, customer AS who, amount FROM raw.orders")
    p.model("curated.b", VIEW % "SELECT who AS w, amount + 0 AS amount FROM curated.a "
                                "WHERE id < 1000")
    p.run(want=0)
    same(opened(p, "SELECT * FROM curated.b"), {"raw.orders": (5, 5)})
    same(opened(p, "SELECT sum(amount) FROM curated.b WHERE w = 'c3'"), {"raw.orders": (1, 5)})
    same(opened(p, "SELECT * FROM curated.a WHERE who IN ('c1', 'c2')"), {"raw.orders": (2, 5)})
    same(opened(p, "SELECT count(*) FROM curated.b AS x JOIN curated.a AS y ON x.w = y.who "
                   "WHERE x.w = 'c0' AND y.who = 'c0'"), {"raw.orders": (1, 5)})
    same(p.sql("SELECT sum(amount)::INT AS s FROM curated.b WHERE w = 'c3'"),
         [{"s": sum(o["amount"] for o in ORDERS if o["customer"] == "c3")}])


@suite.case
def metadata_columns_stay_where_they_are_asked():
    p = shop(a=VIEW % "SELECT * FROM raw.orders",
             f=VIEW % "SELECT id, _pos AS place FROM raw.orders")
    p.run(want=0)
    same(p.sql("SELECT max(place) AS m FROM curated.f"), [{"m": 29}])
    same([c["column_name"] for c in p.sql("DESCRIBE FROM curated.a")],
         ["id", "customer", "amount", "day", "x_loaded_at"])


# --- what views cannot do -----------------------------------------------------------------------

@suite.case
def states_of_a_view():
    p = shop(a=VIEW % "SELECT * FROM raw.orders")
    p.run(want=0)
    snapshot = table(p.lake, "raw.orders").current_snapshot().snapshot_id
    for clause in (f"curated.a AT (VERSION => {snapshot})",
                   f"curated.a FOR VERSION AS OF {snapshot}",
                   "curated.a TIMESTAMP AS OF now()", "lake.curated.a.branch_main"):
        done = p.firn("sql", f"SELECT count(*) FROM {clause}", want=1)
        contains(done.err, "curated.a is a view", "no states of its own", "line 1, column")
    for name in ('curated."a$snapshots"', "lake.curated.a.files"):
        done = p.firn("sql", f"FROM {name}", want=1)
        contains(done.err, "curated.a is a view", "it has no '", "line 1, column 6")
    # inside of a view a table may be asked for a state
    p.model("curated.old", VIEW % f"SELECT id FROM raw.orders AT (VERSION => {snapshot})")
    p.write("orders.json", lines(*ORDERS[:3]), age=100)
    p.describe("{from: drop.orders.json, into: raw.orders, write: replace}")
    p.run("--full-refresh", want=0)
    same(p.sql("SELECT (SELECT count(*) FROM curated.old) AS o, count(*) AS n FROM curated.a"),
         [{"o": 30, "n": 3}])


@suite.case
def circles():
    p = shop(a=VIEW % "SELECT * FROM curated.b", b=VIEW % "SELECT * FROM curated.a")
    for verb in ("check", "run"):
        contains(p.firn(verb, want=2).err, "circle", "curated.a", "curated.b")
    q = shop("itself", a=VIEW % "SELECT * FROM raw.orders UNION ALL\nSELECT * FROM curated.a")
    contains(q.firn("run", want=2).err, "circle", "curated.a")
    r = shop("asked", a=VIEW % "SELECT * FROM raw.orders")
    r.run(want=0)
    r.model("curated.a", VIEW % "SELECT * FROM raw.orders UNION ALL\nSELECT * FROM curated.a")
    contains(r.firn("sql", "FROM curated.a", want=2).err, "view curated.a stands on itself",
             "models/curated/a.sql:3:15")


@suite.case
def where_an_error_is():
    """In the file of the view, at its line and column, whoever reads it."""
    p = shop(a="/* firn\nmaterialize: view\n*/\nSELECT id,\n  amonut FROM raw.orders",
             b="SELECT * FROM curated.a")
    done = p.run("--json", want=1)
    same((states(done)["curated.a"], states(done)["curated.b"]), ("failed", "skipped"))
    error = done.event("node_finished", table="a")["error"]
    contains(error["where"], "models/curated/a.sql:5:3")
    contains(error["text"], "amonut")
    done = p.firn("sql", "SELECT count(*) FROM curated.a", want=1)
    contains(done.err, "models/curated/a.sql:5:3", "amonut", "view curated.a")
    # an error of the asking statement is told there
    p.model("curated.a", "/* firn {materialize: view} */ SELECT id, amount FROM raw.orders")
    done = p.firn("sql", "SELECT id,\n  amonut FROM lake.curated.a", want=1)
    contains(done.err, "line 2, column 3", "amonut")
    # on the first line, behind a header
    p.model("curated.a", "/* firn {materialize: view} */ SELECT nothing FROM lake.raw.orders")
    contains(p.firn("sql", "FROM curated.a", want=1).err, "models/curated/a.sql:1:39", "nothing")
    p.model("curated.a", VIEW % "SELECT *\nFROM raw.ordres")
    contains(p.firn("check", want=2).err, "models/curated/a.sql:3:6", "did you mean raw.orders?")
    contains(p.firn("sql", "FROM curated.a", want=1).err, "no table 'raw.ordres'",
             "models/curated/a.sql:3:6")


@suite.case
def columns_that_a_view_cannot_have():
    for sql, word in (("SELECT id, amount AS ID FROM raw.orders", "twice"),
                      ("SELECT INTERVAL 1 DAY AS x", "CAST"),
                      ("PIVOT raw.orders ON customer USING count(*)", "manually specified"),
                      ("INSERT INTO raw.orders SELECT 1", "")):
        p = shop("columns", a=VIEW % sql)
        done = p.firn("run")
        assert done.exit in (1, 2), (sql, done)
        contains(done.err, word, "models/curated/a.sql")


@suite.case
def keys_that_a_view_has_not():
    """What is of files is refused, by name."""
    for key in ("partition: [id]", "sort: [id]", "format_version: 3", "properties: {a: b}",
                "memory: 1GB"):
        p = shop("keys", a=f"/* firn\nmaterialize: view\n{key}\n*/ SELECT id FROM raw.orders")
        done = p.firn("check", want=2)
        contains(done.err, key.split(":")[0], "view", "models/curated/a.sql:3:")


# --- what is made again -------------------------------------------------------------------------

@suite.case
def a_table_over_a_view_that_changed():
    p = shop(a=VIEW % "SELECT id FROM raw.orders WHERE id < 10",
             t="SELECT count(*) AS n FROM curated.a", u="SELECT count(*) AS n FROM raw.orders")
    p.run(want=0)
    same({k: v for k, v in states(p.run("--json", want=0)).items() if k != "raw.orders"},
         {"curated.a": "unchanged", "curated.t": "unchanged", "curated.u": "unchanged"})
    p.model("curated.a", VIEW % "SELECT id FROM raw.orders WHERE id < 5")
    same({k: v for k, v in states(p.run("--json", want=0)).items() if k != "raw.orders"},
         {"curated.a": "done", "curated.t": "done", "curated.u": "unchanged"})
    same(rows(p.lake, "curated.t"), [{"n": 4}])
    p.write("orders.json", lines(*ORDERS[:2]), age=100)
    p.describe("{from: drop.orders.json, into: raw.orders, write: replace}")
    p.run(want=0)
    same(rows(p.lake, "curated.t"), [{"n": 2}])


@suite.case
def only_the_table():
    """The view need not be selected: it is what its file says."""
    p = shop(a=VIEW % "SELECT id FROM raw.orders WHERE id < 10",
             t="SELECT count(*) AS n FROM curated.a")
    p.run("raw.orders", want=0)
    p.run("curated.t", want=0)
    same(rows(p.lake, "curated.t"), [{"n": 9}])
    same(set(states(p.run("--json", "+curated.t", want=0))),
         {"raw.orders", "curated.a", "curated.t"})



# --- views of the catalog -----------------------------------------------------------------------

def view_rows(p):
    db = sqlite3.connect(p.lake / "catalog.db")
    found = db.execute("SELECT table_namespace || '.' || table_name, iceberg_type, "
                       "metadata_location, previous_metadata_location FROM iceberg_tables "
                       "ORDER BY 1").fetchall()
    db.close()
    return {name: (kind, new, old) for name, kind, new, old in found}


def view_metadata(p, name):
    kind, location, _ = view_rows(p)[name]
    same(kind, "VIEW")
    return json.loads(pathlib.Path(path_of(location)).read_text(encoding="utf-8"))


@suite.case
def kept_in_the_catalog():
    """As the view spec has it: version, schema with docs, representation."""
    p = shop(a="/* firn\nmaterialize: view\ndescription: All of them\n"
               "columns: {id: {description: Its number}}\n*/\n"
               "SELECT id, amount::DECIMAL(9,2) AS net, {'a': [1]} AS s FROM raw.orders;\n")
    done = p.run("--json", want=0)
    same(states(done)["curated.a"], "done")
    meta = view_metadata(p, "curated.a")
    same((meta["format-version"], meta["current-version-id"], meta["properties"]),
         (1, 1, {"comment": "All of them"}))
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
                        meta["view-uuid"])
    (version,) = meta["versions"]
    same([(x["type"], x["dialect"], x["sql"].strip()) for x in version["representations"]],
         [("sql", "duckdb", "SELECT id, amount::DECIMAL(9,2) AS net, {'a': [1]} AS s "
                            "FROM raw.orders")])
    same((version["default-namespace"], version["schema-id"], version["summary"]["engine-name"]),
         (["curated"], 0, "firn"))
    same(meta["version-log"], [{"timestamp-ms": version["timestamp-ms"], "version-id": 1}])
    fields = meta["schemas"][0]["fields"]
    same([(f["id"], f["name"], f["type"] if isinstance(f["type"], str) else f["type"]["type"],
           f.get("doc")) for f in fields],
         [(1, "id", "long", "Its number"), (2, "net", "decimal(9,2)", None),
          (3, "s", "struct", None)])
    same(states(p.run("--json", want=0))["curated.a"], "unchanged")
    same(view_metadata(p, "curated.a"), meta)
    lint(p.lake)


@suite.case
def versions_of_a_view():
    """A new statement is a new version; ten are kept; columns that stay share their schema."""
    p = shop(a=VIEW % "SELECT id FROM raw.orders WHERE id > 0")
    p.run(want=0)
    for n in range(1, 13):
        p.model("curated.a", VIEW % f"SELECT id FROM raw.orders WHERE id > {n}")
        same(states(p.run("curated.a", "--json", want=0))["curated.a"], "done")
    meta = view_metadata(p, "curated.a")
    same(meta["current-version-id"], 13)
    same([v["version-id"] for v in meta["versions"]], list(range(4, 14)))
    same([v["version-id"] for v in meta["version-log"]], list(range(4, 14)))
    same(len(meta["schemas"]), 1)
    kind, new, old = view_rows(p)["curated.a"]
    assert "/00012-" in new and "/00011-" in old, (new, old)
    p.model("curated.a", VIEW % "SELECT id, amount FROM raw.orders")
    p.run(want=0)
    meta = view_metadata(p, "curated.a")
    same([s["schema-id"] for s in meta["schemas"]], [0, 1])
    same(meta["versions"][-1]["schema-id"], 1)
    p.model("curated.a", "/* firn {materialize: view, description: new} */"
                         "SELECT id, amount FROM raw.orders")
    p.run(want=0)
    again = view_metadata(p, "curated.a")
    same((again["current-version-id"], again["properties"]), (14, {"comment": "new"}))


@suite.case
def asked_without_the_project():
    """firn sql ./lake knows the views that the catalog keeps, over views, nested, pruned."""
    p = shop(name="alone")
    p.describe("{from: drop.orders.json, into: raw.orders, partition: [customer]}",
               "vars: {least: 100}\n")
    p.model("curated.a", VIEW % "SELECT id, customer, amount FROM raw.orders "
                                "WHERE amount > ${least}")
    p.model("curated/deep.b", VIEW % "SELECT customer, count(*) AS n FROM curated.a GROUP BY 1")
    p.run(want=0)
    elsewhere = p.folder / "data"

    def ask(sql, *args, want=0):
        return firn("sql", p.lake, sql, *args, cwd=elsewhere, want=want)
    same(json.loads(ask("SELECT sum(n)::INT AS n FROM lake.curated.deep.b", "-o", "json").out),
         [{"n": 20}])
    done = ask("SELECT * FROM curated.a WHERE customer = 'c1'", "--json")
    same([(t["table"], t["files_opened"]) for t in done.event("query_finished")["tables"]],
         [("orders", 1)])
    same(json.loads(ask("SHOW VIEWS", "-o", "json").out),
         [{"namespace": "curated", "view_name": "a"},
          {"namespace": "curated.deep", "view_name": "b"}])
    same(json.loads(ask("SHOW VIEWS IN curated LIKE 'x%'", "-o", "json").out), [])
    same(json.loads(ask("SHOW TABLES", "-o", "json").out),
         [{"namespace": "raw", "table_name": "orders"}])
    contains(ask("FROM curated.a FOR VERSION AS OF 1", want=1).err, "curated.a is a view")
    # what a view reads is gone: told, with the view's name
    db = sqlite3.connect(p.lake / "catalog.db")
    db.execute("DELETE FROM iceberg_tables WHERE table_name = 'orders'")
    db.commit()
    db.close()
    contains(ask("FROM curated.deep.b", want=1).err, "view curated.a", "raw.orders")


@suite.case
def shown():
    """SHOW CREATE VIEW, DESCRIBE, SHOW COLUMNS, firn tables and firn show; in a project and of
    the catalog alone."""
    p = shop(a="/* firn\nmaterialize: view\ndescription: All of them\n"
               "columns: {id: {description: It's a number}}\n*/\n"
               "SELECT id, [amount] AS list, now() AS at FROM raw.orders\n")
    p.run(want=0)
    for place in ((), (p.lake,)):
        def ask(*words):
            return firn(*words, cwd=p.folder, want=0).out
        found = json.loads(ask("sql", *place, "DESCRIBE curated.a", "-o", "json"))
        same([(r["col_name"], r["data_type"], r["comment"]) for r in found],
             [("id", "bigint", "It's a number"), ("list", "array<bigint>", None),
              ("at", "timestamp", None)])
        same(json.loads(ask("sql", *place, "SHOW COLUMNS IN lake.curated.a", "-o", "json")), found)
        more = json.loads(ask("sql", *place, "DESCRIBE EXTENDED curated.a", "-o", "json"))
        same({r["col_name"]: r["data_type"] for r in more if r["col_name"] in
              ("Name", "Type", "Comment", "View text")},
             {"Name": "lake.curated.a", "Type": "VIEW", "Comment": "All of them",
              "View text": "SELECT id, [amount] AS list, now() AS at FROM raw.orders"})
        for word in ("VIEW", "TABLE"):
            (row,) = json.loads(ask("sql", *place, f"SHOW CREATE {word} curated.a", "-o", "json"))
            same(row["createtab_stmt"],
                 'CREATE VIEW "curated"."a" AS\nSELECT id, [amount] AS list, now() AS at FROM '
                 "raw.orders;\nCOMMENT ON COLUMN curated.a.\"id\" IS 'It''s a number'")
        contains(ask("show", *place, "curated.a"), "curated.a is a view", "All of them",
                 "reads raw.orders", "list<long>", "It's a number", "FROM raw.orders")
        shown_json = json.loads(ask("show", *place, "curated.a", "--json"))
        same((shown_json["view"], shown_json["comment"]), ("a", "All of them"))
        same([c["name"] for c in shown_json["columns"]], ["id", "list", "at"])
        contains(ask("tables", *place), "curated.a", "view")
        same(json.loads(ask("tables", *place, "--json"))["views"],
             [{"namespace": "curated", "view": "a"}])
    for statement in ("SHOW PARTITIONS curated.a", "SHOW TBLPROPERTIES curated.a",
                      "ALTER TABLE curated.a ADD COLUMN x INT"):
        done = p.firn("sql", statement)
        assert done.exit in (1, 2), done
        contains(done.err, "view", "curated")
    contains(p.firn("show", "curated.a", "--at", "1", want=2).err, "is a view")


@suite.case
def others_are_not_disturbed():
    """PyIceberg lists and loads tables beside views; what it makes is not taken for a view."""
    p = shop(a=VIEW % "SELECT id FROM raw.orders", t="SELECT * FROM curated.a")
    p.run(want=0)
    same(sorted(".".join(t) for ns in ("raw", "curated") for t in catalog(p.lake).list_tables(ns)),
         ["curated.t", "raw.orders"])
    assert not exists(p.lake, "curated.a")
    same(len(rows(p.lake, "curated.t")), 30)
    lint(p.lake)


@suite.case
def a_table_becomes_a_view_and_comes_back():
    """Nothing is dropped: the table is kept under another name, and that is said."""
    p = shop(a="SELECT id FROM raw.orders WHERE id < 10", t="SELECT count(*) AS n FROM curated.a")
    p.run(want=0)
    first = table(p.lake, "curated.a").metadata
    p.model("curated.a", VIEW % "SELECT id FROM raw.orders WHERE id < 5")
    done = p.run("--json", want=0)
    contains(done.event("note", table="a")["text"], "kept as curated.a__table",
             "materialize: table")
    same(set(view_rows(p)), {"curated.a", "curated.a__table", "curated.t", "raw.orders"})
    same(table(p.lake, "curated.a__table").metadata.current_snapshot_id,
         first.current_snapshot_id)
    same(rows(p.lake, "curated.t"), [{"n": 4}])
    same(p.sql("SELECT count(*) AS n FROM curated.a__table"), [{"n": 9}])
    same(states(p.run("--json", want=0))["curated.a"], "unchanged")
    # and back: with its history
    p.model("curated.a", "SELECT id FROM raw.orders WHERE id < 3")
    done = p.run("--json", want=0)
    contains(done.event("note", table="a")["text"], "gave way", "curated.a__table")
    same(set(view_rows(p)), {"curated.a", "curated.t", "raw.orders"})
    now = table(p.lake, "curated.a").metadata
    same((now.table_uuid, len(now.snapshots)), (first.table_uuid, 2))
    same(len(rows(p.lake, "curated.a")), 2)
    same(rows(p.lake, "curated.t"), [{"n": 2}])
    lint(p.lake)


@suite.case
def a_view_becomes_a_table():
    p = shop(a=VIEW % "SELECT id FROM raw.orders WHERE id < 10")
    p.run(want=0)
    p.model("curated.a", "SELECT error('no') AS x FROM raw.orders")
    p.run(want=1)
    same(view_rows(p)["curated.a"][0], "VIEW", "a model that fails takes nothing away")
    p.model("curated.a", "SELECT id FROM raw.orders WHERE id < 3")
    contains(p.run("--json", want=0).event("note", table="a")["text"], "gave way")
    same(view_rows(p)["curated.a"][0], "TABLE")
    same(len(rows(p.lake, "curated.a")), 2)
    # the kept table that somebody dropped is not missed; its name taken: the next number
    p.model("curated.a__table", "SELECT 1 AS x")
    p.run(want=0)
    p.model("curated.a", VIEW % "SELECT 7 AS id")
    contains(p.run("--json", want=0).event("note", table="a")["text"], "curated.a__table_2")
    catalog(p.lake).drop_table("curated.a__table_2")
    p.model("curated.a", "SELECT 8 AS id")
    p.run(want=0)
    same(rows(p.lake, "curated.a"), [{"id": 8}])
    same(set(view_rows(p)), {"curated.a", "curated.a__table", "raw.orders"})


@suite.case
def an_old_catalog():
    """Files of version 0 have no place for views: these work in the project alone."""
    p = shop(a=VIEW % "SELECT id FROM raw.orders WHERE id < 10",
             t="SELECT count(*) AS n FROM curated.a")
    p.lake.mkdir()
    db = sqlite3.connect(p.lake / "catalog.db")
    db.executescript("""CREATE TABLE iceberg_tables(catalog_name VARCHAR(255) NOT NULL,
        table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL,
        metadata_location VARCHAR(1000), previous_metadata_location VARCHAR(1000),
        PRIMARY KEY (catalog_name, table_namespace, table_name));
        CREATE TABLE iceberg_namespace_properties(catalog_name VARCHAR(255) NOT NULL,
        namespace VARCHAR(255) NOT NULL, property_key VARCHAR(255), property_value VARCHAR(1000),
        PRIMARY KEY (catalog_name, namespace, property_key));""")
    db.close()
    p.run(want=0)
    same(p.sql("SELECT n FROM curated.t"), [{"n": 9}])
    same(p.sql("SELECT count(*) AS n FROM curated.a"), [{"n": 9}])
    same(p.sql("SHOW VIEWS"), [{"namespace": "curated", "view_name": "a"}])


@suite.case
def views_of_others():
    """A view that Java wrote: another dialect, several representations, a namespace of its own."""
    p = shop()
    p.run(want=0)
    folder = p.lake / "other/v/metadata"
    folder.mkdir(parents=True)
    meta = {"view-uuid": "fa6506c3-7681-40c8-86dc-e36561f83385", "format-version": 1,
            "location": f"file://{p.lake}/other/v", "current-version-id": 2,
            "properties": {"comment": "theirs", "create_engine_version": "Spark 3.5.0"},
            "versions": [
                {"version-id": i, "timestamp-ms": 1573518431292 + i, "schema-id": 1,
                 "default-catalog": "lake", "default-namespace": ["other"],
                 "summary": {"engine-name": "Spark", "engine-version": "3.5.0"},
                 "representations": [
                     {"type": "sql", "sql": f"SELECT `id` FROM raw.orders -- {i}",
                      "dialect": "spark"},
                     {"type": "sql", "sql": f"SELECT id FROM raw.orders WHERE id > {i}",
                      "dialect": "duckdb"}][:i]} for i in (1, 2)],
            "schemas": [{"schema-id": 1, "type": "struct", "fields": [
                {"id": 1, "name": "id", "required": False, "type": "long", "doc": "number"}]}],
            "version-log": [{"timestamp-ms": 1573518431293, "version-id": 1},
                            {"timestamp-ms": 1573518431294, "version-id": 2}]}

    def write(**changes):
        (folder / "v.metadata.json").write_text(json.dumps({**meta, **changes}), encoding="utf-8")
    write()
    db = sqlite3.connect(p.lake / "catalog.db")
    db.execute("INSERT INTO iceberg_tables VALUES ('lake', 'other', 'v', ?, NULL, 'VIEW')",
               (f"file://{folder}/v.metadata.json",))
    db.commit()
    db.close()
    same(p.sql("SELECT count(*) AS n FROM other.v"), [{"n": 28}])
    contains(p.firn("show", "other.v", want=0).out, "theirs", "number")
    write(**{"current-version-id": 1})
    done = p.firn("sql", "FROM other.v", want=1)
    contains(done.err, "other.v", "spark")
    for changes, word in (({"format-version": 2}, "format version 2"),
                          ({"current-version-id": 9}, "current version"),
                          ({"schemas": []}, "schema"), ({"versions": None}, "versions")):
        write(**changes)
        contains(p.firn("sql", "FROM other.v", want=1).err, word, "'other'.'v'")
        p.sql("SELECT 1 AS x FROM raw.orders LIMIT 1")
    (folder / "v.metadata.json").unlink()
    contains(p.firn("sql", "FROM other.v", want=1).err, "which is not there")


# --- checks of views ----------------------------------------------------------------------------

@suite.case
def checks_of_a_view():
    """They run when what the view reads changed; one that fails keeps the view from the catalog."""
    def a(checks):
        return f"/* firn\nmaterialize: view\n{checks}\n*/ SELECT id, amount FROM raw.orders"
    p = shop(a=a('checks: ["id < 20"]'), t="SELECT count(*) AS n FROM curated.a")
    done = p.run("--json", want=4)
    same(done.event("check", table="a")["failing"], 11)
    same((states(done)["curated.a"], states(done)["curated.t"]), ("failed", "skipped"))
    assert "curated.a" not in view_rows(p)
    p.model("curated.a", a('checks: [{check: "id < 20", severity: warn}]\n'
                           "columns: {id: {checks: [unique, not_null]}}"))
    done = p.run("--json", want=0)
    same(sorted((e["check"], e["failing"]) for e in done.events() if e["event"] == "check"),
         [("id < 20", 11), ("not_null(id)", 0), ("unique(id)", 0)])
    same(view_rows(p)["curated.a"][0], "VIEW")

    def checked(done):
        return any(e["event"] == "check" for e in done.events())
    assert not checked(p.run("--json", want=0)), "nothing changed"
    p.write("orders2.json", lines({"id": 3, "amount": 1}), age=10)
    p.describe("{from: 'drop.orders*.json', into: raw.orders}")
    done = p.run("--json", want=4)
    assert done.event("check", check="unique(id)")["failing"] > 0
    assert checked(p.run("--json", want=4)), "what failed is looked at again"
    assert p.sql("SELECT * FROM curated.a__failures")
    p.model("curated.a", a("tags: [none]"))  # no checks any more
    p.run(want=0)
    same(p.sql("SELECT * FROM curated.a__failures"), [])
    same(states(p.run("--json", want=0))["curated.a"], "unchanged")


# --- other engines ------------------------------------------------------------------------------

@suite.case
def java_knows_them():
    """Spark's JdbcCatalog lists and describes the views, and its tables without them."""
    if not FULL:
        raise Skip("only with --full")
    from sparklab import Spark
    p = shop(a="/* firn\nmaterialize: view\ndescription: All\n"
               "columns: {id: {description: Its number}}\n*/ SELECT id FROM raw.orders",
             t="SELECT count(*) AS n FROM curated.a")
    p.run(want=0)
    spark = Spark(TMP / "spark.log")
    spark.open(p.lake)
    same([r["viewName"] for r in spark.sql("SHOW VIEWS IN lake.curated")], ["a"])
    same([r["tableName"] for r in spark.sql("SHOW TABLES IN lake.curated")], ["t"])
    same([(r["col_name"], r["data_type"], r["comment"])
          for r in spark.sql("DESCRIBE lake.curated.a")], [("id", "bigint", "Its number")])
    (row,) = spark.sql("SHOW CREATE TABLE lake.curated.a")
    contains(row["createtab_stmt"], "COMMENT 'All'", "SELECT id FROM raw.orders")
    same(spark.sql("SELECT n FROM lake.curated.t"), [{"n": 30}])
    spark.end()

suite.end()

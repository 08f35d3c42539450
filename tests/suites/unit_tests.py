#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""firn test: unit tests of models (given rows, expected rows) and the checks of tables that are
there."""
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (Project, Suite, contains, lines, lint, note, rows, same)  # noqa: E402

suite = Suite()


def shop(tests, name=None, ingest="{from: drop.orders.json, into: raw.orders}", more="", **models):
    """A project with models curated.KEY and tests/t.yml; nothing has landed."""
    p = Project(ingest, more, name=name or sys._getframe(1).f_code.co_name)
    for key, sql in models.items():
        p.model(f"curated.{key}", sql)
    write(p, tests)
    return p


def write(p, tests, name="t.yml"):
    path = p.folder / "tests" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(tests, encoding="utf-8")


def outcome(done):
    """{test: status} of firn test --json."""
    return {e["test"]: e["status"] for e in done.events() if e["event"] == "unit_test"}


def one(sql, test, want, *words, given="", **more):
    """One test of curated.t; `words` stand in what is printed."""
    p = shop("unit_tests:\n  - name: it\n    model: curated.t\n" + indent(given) + indent(test),
             sys._getframe(1).f_code.co_name, t=sql, **more)
    done = p.firn("test", want=want)
    contains(done.out + done.err, *words)
    assert not p.lake.exists(), "something was written"
    return p


def indent(text):
    return "".join(f"    {line}\n" for line in text.strip("\n").split("\n")) if text else ""


# --- given and expected -------------------------------------------------------------------------

@suite.case
def passes_and_fails():
    p = shop("""
unit_tests:
  - name: net is gross without tax
    model: curated.net
    given:
      raw.orders: [{id: 1, gross: 119, vat: 19}, {id: 2, gross: 100, vat: 0}]
    expect: [{id: 2, net: 100}, {id: 1, net: 100}]
  - name: wrong on purpose
    model: net
    given: {raw.orders: [{id: 1, gross: 119, vat: 19}]}
    expect: [{id: 1, net: 101}]
""", net="SELECT id, gross / (1 + vat / 100) AS net FROM raw.orders")
    done = p.firn("test", want=4)
    contains(done.out, "✓ curated.net · net is gross without tax",
             "✗ curated.net · wrong on purpose  tests/t.yml:8", "id  net", "≠ 1   101.0 → 100.0",
             "2 unit tests: 1 passed, 1 failed")
    assert not p.lake.exists()
    same(outcome(p.firn("test", "--json", want=4)),
         {"net is gross without tax": "passed", "wrong on purpose": "failed"})
    done = p.firn("test", "net is*", want=0)
    contains(done.out, "1 unit test passed")
    same(p.firn("test", "--quiet", "net is*", want=0).out, "")


@suite.case
def the_diff():
    """Changed rows are paired, the others are there or not."""
    p = one("SELECT * FROM raw.orders", """
expect:
  - {id: 1, city: Bonn, note: same}
  - {id: 2, city: Köln, note: null}
  - {id: 3, city: '', note: x}
  - {id: 9, city: Rom, note: y}
""", 4, "≠ 2   'Köln' → 'Kiel'  NULL", "≠ 3   '' → NULL        'x'", "- 9   'Rom'", "+ 7   'Jena'",
            "4 rows expected, 4 found; 1 is as expected", "≠ expected → found",
            "- expected, not found", "+ found, not expected", given="""
given:
  raw.orders:
    - {id: 1, city: Bonn, note: same}
    - {id: 2, city: Kiel}
    - {id: 3, city: null, note: x}
    - {id: 7, city: Jena, note: other}
""")
    done = p.firn("test", "--json", want=4)
    (event,) = [e for e in done.events() if e["event"] == "unit_test"]
    same((event["expected_rows"], event["found_rows"], event["differing"]), (4, 4, 4))
    same(event["diffs"][0], {"expected": {"id": "2", "city": "Köln", "note": None},
                             "found": {"id": "2", "city": "Kiel", "note": None},
                             "columns": ["city"]})
    same([sorted(d) for d in event["diffs"][2:]], [["expected"], ["found"]])
    plain = p.firn("test", env={"LC_ALL": "C"}, want=4).out
    contains(plain, "FAIL curated.t", "~ 2   'K", "expected -> found")
    coloured = p.firn("test", env={"CLICOLOR_FORCE": "1"}, want=4).out
    contains(coloured, "\x1b[31m✗\x1b[0m", "\x1b[32m")
    assert "\x1b" not in p.firn("test", env={"NO_COLOR": "1"}, want=4).out


@suite.case
def only_named_columns_in_any_order():
    given = "given: {raw.orders: [{a: 1, b: x}, {a: 1, b: x}, {a: 2, b: y}]}"
    sql = "SELECT a, b FROM raw.orders ORDER BY a DESC"
    one(sql, "expect: [{a: 1}, {a: 1}, {a: 2}]", 0, given=given)
    one(sql, "expect: [{A: 2}, {a: 1}, {a: 1}]", 0, given=given)  # names in any case
    one(sql, "expect: [{a: 1}, {a: 2}]", 4, "+ 1", given=given)  # as often as it is there
    one(sql, "expect: {ordered: true, rows: [{a: 2}, {a: 1}, {a: 1}]}", 0, given=given)
    one(sql, "expect: {ordered: true, rows: [{a: 1}, {a: 2}, {a: 1}]}", 4, "≠ 1 → 2  row 1",
        "≠ 2 → 1  row 2", given=given)
    one(sql + " LIMIT 0", "expect: []", 0, given=given)
    one(sql, "expect: []", 4, "0 rows expected, 3 found", "+ 2  'y'", given=given)


@suite.case
def values_are_exact():
    for kind, good, bad in (
            ("DECIMAL(18,2)", ("12.50", "12.5", "'12.5'", "12.500"), ("12.501", "12.4", "null")),
            ("BIGINT", ("12",), ("'12'", "12.5", "13")),
            ("DOUBLE", ("12.5", "1.25e1", "12.50"), ("12.500001", "'12.5'")),
            ("VARCHAR", ("12.5", "'12.5'"), ("12.50", "null", "''")),
            ("DATE", ("2025-01-31", "'2025-01-31'"), ("2025-02-01", "yesterday")),
            ("TIMESTAMP", ("2025-01-31T10:00:00", "2025-01-31 10:00:00"), ("2025-01-31",)),
            ("TIMESTAMPTZ", ("2025-01-31T10:00:00Z", "2025-01-31T12:00:00+02:00"),
             ("2025-01-31T10:00:01Z",)),
            ("BOOLEAN", ("true",), ("'true'", "false", "1")),
            ("INTEGER[]", ("[1, 2]",), ("[2, 1]", "[1]", "[]", "null", "1")),
            ("STRUCT(a INTEGER, b VARCHAR)", ("{a: 1, b: x}", "{b: x, a: 1}"),
             ("{a: 1}", "{a: 1, b: y}", "{a: 1, c: x}")),
            ("MAP(VARCHAR, INTEGER)", ("{k: 1}",), ("{k: 2}", "{}")),
            ("UUID", ("8f14e45f-ceea-467f-a8a8-2b1f1e1f3c9a",),
             ("8f14e45f-ceea-467f-a8a8-2b1f1e1f3c9b", "x")),
            ("BLOB", ("0x6869", "hi"), ("0x68", "ho"))):
        value = {"BIGINT": "12", "DATE": "'2025-01-31'", "TIMESTAMP": "'2025-01-31 10:00:00'",
                 "TIMESTAMPTZ": "'2025-01-31 10:00:00+00'", "BOOLEAN": "true",
                 "INTEGER[]": "[1, 2]", "STRUCT(a INTEGER, b VARCHAR)": "{'a': 1, 'b': 'x'}",
                 "MAP(VARCHAR, INTEGER)": "MAP {'k': 1}", "BLOB": "'hi'",
                 "UUID": "'8f14e45f-ceea-467f-a8a8-2b1f1e1f3c9a'"}.get(kind, "'12.5'")
        tests = "".join(f"  - {{name: {i}, model: t, expect: [{{v: {v}}}]}}\n"
                        for i, v in enumerate(good + bad))
        p = shop("unit_tests:\n" + tests, "values_are_exact",
                 t=f"SELECT CAST({value} AS {kind}) AS v")
        found = outcome(p.firn("test", "--json", want=4))
        same([found[str(i)] for i in range(len(found))],
             ["passed"] * len(good) + ["failed"] * len(bad), kind)


@suite.case
def types_where_values_look_alike():
    one("SELECT 12 AS n, '2025-01-31' AS d", "expect: [{n: '12'}]", 4,
        "'12' (text) → 12 (INTEGER)")
    one("SELECT DATE '2025-01-31' AS d", "expect: {sql: SELECT '2025-01-31' AS d}", 4,
        "2025-01-31 (VARCHAR) → 2025-01-31 (DATE)")
    # numbers of different types are the same number
    one("SELECT 12::BIGINT AS n, 1.50::DECIMAL(9,2) AS d, sum(i) AS h FROM range(3) t(i)",
        "expect: {sql: 'SELECT 12::TINYINT AS n, 1.5::DECIMAL(4,1) AS d, 3 AS h'}", 0)


@suite.case
def floats_with_a_tolerance():
    sql = "SELECT 0.1::DOUBLE + 0.2::DOUBLE AS f, 1.00::DECIMAL(9,2) AS d"
    one(sql, "expect: [{f: 0.3}]", 4, "0.3 → 0.30000000000000004")
    one(sql, "expect: {rows: [{f: 0.3}], tolerance: 1e-9}", 0)
    one(sql, "expect: {rows: [{f: 0.3, d: 1.01}], tolerance: 1}", 4, "1.01 → 1.00")
    one("SELECT 'nan'::DOUBLE AS f, 'inf'::DOUBLE AS g", "expect: [{f: .nan, g: .inf}]", 0)
    one(sql, "expect: {rows: [{f: 0.3}], tolerance: little}", 2, "tests/t.yml:", "tolerance")


@suite.case
def csv_and_sql():
    sql = "SELECT id, city, day, n FROM raw.orders"
    p = one(sql, '''
expect:
  csv: |
    id,city,day,n
    1,Bonn,2025-01-31,1.5
    "2","",,"2"
    3,,,
    4,"a, ""b""",2025-02-01,
''', 0, given="""
given:
  raw.orders:
    sql: |
      SELECT * FROM (VALUES (1, 'Bonn', DATE '2025-01-31', 1.5), (2, '', NULL, 2), (3, NULL,
        NULL, NULL), (4, 'a, "b"', DATE '2025-02-01', NULL)) t(id, city, day, n)
""")
    write(p, """
unit_tests:
  - name: csv
    model: t
    given:
      raw.orders:
        csv: |
          id,city,day,n
          1,Bonn,2025-01-31,1.5
          2,"",,2
    expect:
      sql: SELECT 1 AS id, DATE '2025-01-31' AS day, 'Bonn' AS city UNION ALL SELECT 2, NULL, '';
""")
    p.firn("test", want=0)
    for text, word, line in (("id,city\n1", "fewer cells", 8), ("id,city\n1,2,3", "more cells", 8),
                             ("id,id\n1,2", "twice", 7), ('id,city\n1,"x', "not closed", 8),
                             ('id,city\n1,"x"y', "quoted cell", 8)):
        write(p, "unit_tests:\n  - name: csv\n    model: t\n    given:\n      raw.orders:\n"
              "        csv: |\n" + "".join(f"          {x}\n" for x in text.split("\n"))
              + "    expect: []\n")
        contains(p.firn("test", want=2).err, "csv: ", word, f"tests/t.yml:{line}")


@suite.case
def tables_not_given_are_empty():
    p = one("SELECT (SELECT count(*) FROM raw.orders) AS n, (SELECT count(*) FROM raw.other) AS m, "
            "(SELECT max(amount) FROM raw.orders) AS x", "expect: [{n: 0, m: 1, x: null}]", 0,
            given="given: {raw.other: [{a: 1}]}", ingest=["{from: drop.orders.json, into: "
                                                          "raw.orders}",
                                                          "{from: drop.b.json, into: raw.other}"])
    p.firn("test", want=0)
    one("SELECT count(*) AS n, count(o.city) AS c FROM raw.orders AS o",
        "expect: [{n: 2, c: 0}]", 0, given="given: {raw.orders: [{}, {}]}")
    # a column that only the statement names is null as well
    one("SELECT o.id, o.city, note FROM raw.orders AS o", "expect: [{id: 1, city: null, "
        "note: null}]", 0, given="given: {raw.orders: [{id: 1}]}")


@suite.case
def types_of_given_rows():
    """The project's columns: first, then what the rows look like, or what the test says."""
    ingest = "{from: drop.orders.json, into: raw.orders, columns: {amount: decimal(18,2), day: " \
             "{type: date}, code: string}}"
    sql = "SELECT typeof(amount) AS a, typeof(day) AS d, typeof(code) AS c, typeof(x) AS x, " \
          "typeof(y) AS y, typeof(x_loaded_at) AS l, code FROM raw.orders"
    one(sql, "expect: [{a: 'DECIMAL(18,2)', d: DATE, c: VARCHAR, x: BIGINT, y: 'STRUCT(k BIGINT)', "
        "l: TIMESTAMP WITH TIME ZONE, code: '0123'}]", 0, ingest=ingest,
        given="given: {raw.orders: [{amount: 1, day: 2025-01-31, code: 0123, x: 7, y: {k: 1}}]}")
    one("SELECT code->>'$[0].k' AS k, code->'$[0].n' AS n FROM raw.orders",
        "expect: [{k: v, n: 1.5}]", 0, ingest=ingest,  # lists and maps are JSON in a text
        given="given: {raw.orders: [{code: [{k: v, n: 1.5, z: null, t: true, q: '1'}]}]}")
    one(sql, "expect: [{a: DOUBLE, x: TIMESTAMP}]", 0, ingest=ingest,
        given="given: {raw.orders: {columns: {amount: double, x: timestamp}, rows: [{amount: 1, "
        "y: 1}]}}")
    one(sql, "expect: []", 2, "'1.505' is no decimal(18,2)", "behind the point", "tests/t.yml:4:35",
        ingest=ingest, given="given: {raw.orders: [{amount: 1.505}]}")
    one(sql, "expect: []", 2, "'31.1.2025' is no date", "2025-05-31", ingest=ingest,
        given="given: {raw.orders: [{day: 31.1.2025}]}")
    one(sql, "expect: []", 2, "unknown", "tests/t.yml:4:", ingest=ingest,
        given="given: {raw.orders: {columns: {amount: unknwon}, rows: []}}")


@suite.case
def types_of_tables_that_are_there():
    p = shop("", t="SELECT id, typeof(id) AS k, typeof(amount) AS a FROM raw.orders",
             ingest="{from: drop.orders.json, into: raw.orders, columns: {id: int, amount: "
             "'decimal(9,3)'}}")
    p.write("orders.json", lines({"id": 1, "amount": 2.5}))
    p.run(want=0)
    before = sorted(str(f) for f in p.lake.rglob("*"))
    write(p, "unit_tests:\n  - name: it\n    model: t\n    given: {raw.orders: [{id: 5}]}\n"
          "    expect: [{id: 5, k: INTEGER, a: 'DECIMAL(9,3)'}]\n")
    p.firn("test", "--unit", want=0)
    same(sorted(str(f) for f in p.lake.rglob("*")), before)
    write(p, "unit_tests:\n  - name: it\n    model: t\n    given: {raw.orders: [{ids: 5}]}\n"
          "    expect: []\n")
    done = p.firn("test", "--unit", want=2)
    contains(done.out, "tests/t.yml:4:27", "raw.orders has no column 'ids'", "did you mean id?")


# --- models that stand on models ----------------------------------------------------------------

VIEW = "/* firn\nmaterialize: view\n*/\n"


@suite.case
def through_views_and_tables():
    models = {"v": VIEW + "SELECT id, upper(city) AS city FROM raw.orders",
              "w": VIEW + "SELECT * FROM lake.curated.v WHERE city <> 'ROM'",
              "m": "SELECT id * 10 AS id, city FROM curated.w",
              "t": "SELECT id, m.city FROM curated.m AS m LEFT JOIN curated.unused AS u USING (id)",
              "unused": "SELECT 1 AS id, 2 AS x"}
    p = shop("""
unit_tests:
  - name: from the base
    model: t
    given: {raw.orders: [{id: 1, city: Bonn}, {id: 2, city: Rom}]}
    expect: [{id: 10, city: BONN}]
  - name: from a view
    model: t
    given: {curated.w: [{id: 3, city: x}]}
    expect: [{id: 30, city: x}]
  - name: from a table
    model: t
    given: {curated.m: [{id: 3, city: x}]}
    expect: [{id: 3, city: x}]
  - name: of a view
    model: v
    given: {raw.orders: [{city: Bonn}]}
    expect: [{city: BONN, id: null}]
""", **models)
    same(set(outcome(p.firn("test", "--json", want=0)).values()), {"passed"})
    write(p, "unit_tests: [{name: a, model: t, given: {curated.w: [{idd: 1}], raw.orders: [{id: 1, "
          "city: x}]}, expect: []}]")
    contains(p.firn("test", want=2).out, "curated.w has no column 'idd'", "did you mean id?")
    write(p, "unit_tests: [{name: a, model: v, given: {curated.m: []}, expect: []}]")
    contains(p.firn("test", want=2).out, "curated.v does not read curated.m")
    write(p, "unit_tests: [{name: a, model: v, given: {raw.order: []}, expect: []}]")
    contains(p.firn("test", want=2).out, "did you mean raw.orders?")


@suite.case
def with_variables():
    p = shop("""
unit_tests:
  - name: another day
    model: t
    vars: {today: 2025-03-01, rate: 0.5}
    expect: [{d: 2025-03-01, r: 0.5}]
  - name: of the project
    model: t
    expect: [{r: 0.1}]
""", more="vars: {rate: 0.1}\n", t="SELECT ${today} AS d, ${rate} AS r")
    p.firn("test", want=0)
    done = p.firn("test", "--var", "rate=0.2", want=4)
    contains(done.out, "0.1 → 0.2", "1 passed, 1 failed")


@suite.case
def errors_of_the_model():
    p = shop("unit_tests: [{name: a, model: t, given: {raw.orders: [{id: x}]}, expect: [{n: 1}]}]",
             t="SELECT\n  id::INTEGER AS n FROM raw.orders")
    contains(p.firn("test", want=4).out, "models/curated/t.sql:1", "'x'")
    p.model("curated.t", "SELECT\n  nmae.x FROM raw.orders")
    contains(p.firn("test", want=4).out, "models/curated/t.sql:2:3", "nmae")
    p.model("curated.v", VIEW + "SELECT id,\n  idd + 1 AS x FROM raw.orders AS o, o.id.b")
    p.model("curated.t", "SELECT x AS n FROM curated.v")
    contains(p.firn("test", want=4).out, "models/curated/v.sql:")
    p.model("curated.t", "SELECT 1 AS n")
    contains(p.firn("test", want=2).out, "curated.t does not read raw.orders", "tests/t.yml:1:")


# --- written wrongly ----------------------------------------------------------------------------

@suite.case
def wrong_files():
    p = shop("", t="SELECT 1 AS n, 2 AS m")
    good = "name: a, model: t, expect: [{n: 1}]"
    for tests, *words in (
            ("unit_test: []", "tests/t.yml:1:1", "unknown key", "unit_tests"),
            ("[]", "unit_tests"),
            ("unit_tests: [a]", "a unit test is a map"),
            ("unit_tests: [{model: t, expect: []}]", "tests/t.yml:1:14", "name"),
            ("unit_tests: [{name: a, expect: []}]", "model"),
            ("unit_tests: [{name: a, model: t}]", "expect"),
            ("unit_tests: [{name: a, model: curated.tt, expect: []}]", "tests/t.yml:1:31",
             "did you mean curated.t?"),
            (f"unit_tests: [{{{good}, givn: {{}}}}]", "did you mean 'given'"),
            (f"unit_tests: [{{{good}, given: {{orders: []}}}}]", "no namespace"),
            (f"unit_tests: [{{{good}, given: {{raw.orders: x}}}}]", "a list of maps"),
            (f"unit_tests: [{{{good}, given: {{raw.orders: [x]}}}}]", "a row is a map"),
            (f"unit_tests: [{{{good}, given: {{raw.orders: {{rows: [], csv: x}}}}}}]", "only one"),
            ("unit_tests: [{name: a, model: t, expect: {ordered: true}}]", "expected rows"),
            ("unit_tests: [{name: a, model: t, expect: [{n: 1}, {}]}]", "tests/t.yml:1:51",
             "names no column"),
            ("unit_tests: [{name: a, model: t, expect: {orderd: true, rows: []}}]",
             "did you mean 'ordered'"),
            (f"unit_tests: [{{{good}}}, {{{good}}}]", "two tests 'a'", "tests/t.yml:1"),
            (f"unit_tests: [{{{good}, vars: {{today: soon}}}}]", "today is a date"),
            (f"unit_tests: [{{{good}, a: &x 1}}]", "tests/t.yml:1"),
            ("unit_tests: [{name: a, model: t, expect: [{nn: 1}]}]", "tests/t.yml:1:44",
             "curated.t makes no column 'nn'"),
            ("unit_tests: [{name: a, model: t, expect: {sql: SELECT 1 AS nn}}]",
             "makes no column 'nn'"),
            ("unit_tests: [{name: a, model: t, expect: {sql: SELECT 1 AS}}]", "tests/t.yml:1:48")):
        write(p, tests)
        done = p.firn("test", want=2)
        contains(done.out + done.err, *words)
    write(p, "unit_test: []")
    contains(p.firn("check", want=2).err, "tests/t.yml:1:1", "unit_tests")
    write(p, f"unit_tests: [{{{good}}}]")
    p.write("orders.json", lines({"id": 1}))
    contains(p.firn("check", want=0).out, "1 model, 1 unit test")
    (p.folder / "tests/t.yml").unlink()
    contains(p.firn("test", want=0).out, "there are no unit tests in tests/")
    shutil.rmtree(p.folder / "tests")
    p.firn("test", want=0)
    p.describe(more="tests: specs\n")
    contains(p.firn("test", want=2).err, "'specs' is not there", "firn.yml:")
    write(p, "unit_tests: [{name: a, model: t, expect: [{n: 1}]}]", "../specs/deep/a.yaml")
    write(p, "no yaml: [", "../specs/_draft.yml")
    contains(p.firn("test", want=0).out, "1 unit test passed")


# --- checks of tables ---------------------------------------------------------------------------

@suite.case
def checks_of_tables():
    p = shop("", t="/* firn\nchecks: [\"id < 3\", {unique: [id]}]\n*/\nSELECT * FROM raw.orders",
             v="/* firn\nmaterialize: view\nchecks: [{check: 'id > 1', severity: warn}]\n*/\n"
             "SELECT * FROM raw.orders",
             ingest="{from: drop.orders.json, into: raw.orders, columns: {id: {checks: "
             "[not_null, {freshness: 1d}]}}}")
    contains(p.firn("test", want=0).out, "3 tables with checks are not there yet: firn run")
    assert not p.lake.exists()
    p.describe("{from: drop.orders.json, into: raw.orders, columns: {id: {checks: [not_null]}}}")
    p.write("orders.json", lines({"id": 1}, {"id": 2}))
    p.run(want=0)
    done = p.firn("test", want=0)
    contains(done.out, "✓ raw.orders · not_null(id)", "✓ curated.t · id < 3",
             "! curated.v · id > 1: 1 row", '{"id":1', "4 checks: 3 passed, 0 failed, 1 warned")
    same([r["check_name"] for r in rows(p.lake, "curated.v__failures", drop=())], ["id > 1"])
    p.model("curated.t", "/* firn\nchecks: [\"id < 2\"]\n*/\nSELECT * FROM raw.orders")
    done = p.firn("test", "curated.t", "--json", want=4)
    same([(e["check"], e["failing"]) for e in done.events() if e["event"] == "check"],
         [("id < 2", 1)])
    same(len(rows(p.lake, "curated.t")), 2)
    same([json.loads(r["row"])["id"] for r in rows(p.lake, "curated.t__failures", drop=())], [2])
    contains(p.firn("test", "--data", want=4).out, "✗ curated.t · id < 2: 1 row", "3 checks: ")
    contains(p.firn("test", "--data", "--exclude", "curated.t", want=0).out, "2 checks: ")
    p.firn("test", "--unit", want=0)
    contains(p.firn("test", "curated.tt", want=2).err, "selects nothing", "curated.t")
    lint(p.lake)


@suite.case
def junit():
    """As CI servers read it: parsed here by another XML parser."""
    from xml.etree import ElementTree
    p = shop(r"""
unit_tests:
  - {name: "good <&'>", model: t, expect: [{n: 1}]}
  - {name: bad, model: t, expect: [{n: "\a<x>"}]}
  - {name: wrong, model: t, expect: [{m: 1}]}
""", ingest="",
             t='/* firn\nchecks: ["n > 1", {check: "n < 0", severity: warn}]\n*/\nSELECT 1 AS n')
    checked = (p.folder / "models/curated/t.sql").read_text(encoding="utf-8")
    p.model("curated.t", "SELECT 1 AS n")
    p.run(want=0)
    p.model("curated.t", checked)
    p.firn("test", "--junit", "out.xml", want=2)
    root = ElementTree.parse(p.folder / "out.xml").getroot()
    same((root.tag, root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]),
         ("testsuites", "5", "2", "1"))
    same([s.attrib["name"] for s in root], ["unit tests", "checks"])
    cases = {c.attrib["name"]: c for c in root.iter("testcase")}
    same(list(cases), ["good <&'>", "bad", "wrong", "n > 1", "n < 0"])
    same([[e.tag for e in c] for c in cases.values()],
         [[], ["failure"], ["error"], ["failure"], ["system-out"]])
    contains(cases["bad"][0].text, "<x>", "→")
    same((cases["bad"].attrib["classname"], cases["bad"].attrib["file"],
          cases["bad"].attrib["line"]), ("curated.t", "tests/t.yml", "4"))
    contains(cases["wrong"][0].attrib["message"], "makes no column 'm'")
    contains(p.firn("test", "--junit", "/proc/out.xml", want=1).err, "--junit", "/proc/")


# --- speed --------------------------------------------------------------------------------------

@suite.case
def hundred_tests():
    p = shop("unit_tests:\n" + "".join(
        f"  - name: test {i}\n    model: t\n    given:\n      raw.orders: [{{id: {i}, amount: "
        f"{i}.50, city: Bonn}}, {{id: {i + 1}, amount: 1.25}}]\n"
        f"    expect: [{{id: {i}, city: BONN}}, {{id: {i + 1}, city: null}}]\n"
        for i in range(100)), v=VIEW + "SELECT *, upper(city) AS up FROM raw.orders",
        t="SELECT id, up AS city, sum(amount) AS amount FROM curated.v GROUP BY ALL")
    done = p.firn("test", want=0)
    contains(done.out, "100 unit tests passed")
    note(f"100 unit tests in {done.seconds:.2f} s, {done.peak >> 20} MB")
    assert done.seconds < 20, done.seconds


suite.end()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""Checks of tables, end to end: every kind, which rows it looks at, what is said when it is written
wrongly, and the rows it found in NS.TABLE__failures."""
import datetime
import json
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import crashlab  # noqa: E402
from firnlab import (FULL, Project, Suite, contains, exists, lines, lint, rows, same, snapshots,
                     types)  # noqa: E402

suite = Suite()
MODEL = "/* firn\n%s\n*/\n%s\n"
UTC = datetime.timezone.utc


def made(checks, sql, name=None):
    """A project with the model curated.t."""
    p = Project(name=name or sys._getframe(1).f_code.co_name)
    p.model("curated.t", MODEL % (checks, sql))
    return p


def found(done):
    """{check: failing} of a run with --json."""
    return {e["check"]: e["failing"] for e in done.events() if e["event"] == "check"}


def failures(p, name="curated.t"):
    """Rows of the table of failures: (check, failing, row), sorted."""
    kept = rows(p.lake, name + "__failures", drop=())
    return sorted((r["check_name"], r["failing"], json.dumps(json.loads(r["row"]), sort_keys=True))
                  for r in kept)


def refused(checks, *words, sql="SELECT 1 AS a, 2 AS b"):
    p = made(checks, sql, "refused")
    for verb in ("check", "run"):
        contains(p.firn(verb, want=2).err, *words)


def refused_by_check(checks, *words):
    p = made(checks, "SELECT 1 AS a", "refused_by_check")
    p.model("curated.u", "SELECT 1 AS b")
    contains(p.firn("check", want=2).err, *words)


# --- each kind ----------------------------------------------------------------------------------

@suite.case
def accepted_values():
    sql = "SELECT * FROM (VALUES ('a', 1, 1.50), ('b', 2, 2.50), (NULL, NULL, NULL)) t(x, n, d)"
    p = made("columns:\n  x: {checks: [{accepted_values: [a, b]}]}\n"
             "  n: {checks: [{accepted_values: [1, 2]}]}\n"
             "  d: {checks: [{accepted_values: ['1.5', 2.5]}]}", sql)
    done = p.run("--json", want=0)  # null is no value
    same(found(done), {"accepted_values(x)": 0, "accepted_values(n)": 0, "accepted_values(d)": 0})
    assert not exists(p.lake, "curated.t__failures")
    p.model("curated.t", MODEL % ("columns: {x: {checks: [{accepted_values: {values: [a], "
                                  "quote: false}, severity: warn, name: letters}]}}", sql))
    done = p.run("--json", want=0)
    same(found(done), {"letters": 1})
    same(failures(p), [("letters", 1, '{"d": 2.5, "n": 2, "x": "b"}')])
    # a value that the column cannot have
    p.model("curated.t", MODEL % ("columns: {n: {checks: [{accepted_values: [one]}]}}", sql))
    contains(p.run(want=1).err, "check 'accepted_values(n)'", "'one'", "models/curated/t.sql:2:24")


@suite.case
def relationships():
    p = made("columns: {o: {checks: [{relationships: {to: curated.z_owner, field: id}}]}}",
             "SELECT * FROM (VALUES (1, 10), (2, 20), (3, NULL)) t(id, o)")
    p.model("curated.z_owner", "SELECT * FROM (VALUES (10), (20), (NULL)) t(id)")
    done = p.run("--json", want=0)  # made first, though its name comes later
    same([e["table"] for e in done.events() if e["event"] == "node_finished"], ["z_owner", "t"])
    same(found(done), {"relationships(o, curated.z_owner.id)": 0})
    p.model("curated.z_owner", "SELECT 10 AS id")
    p.run("curated.z_owner", want=0)
    done = p.run("--full-refresh", "--json", want=4)  # the table as this run made it
    same(found(done), {"relationships(o, curated.z_owner.id)": 1})
    same(failures(p), [("relationships(o, curated.z_owner.id)", 1, '{"id": 2, "o": 20}')])
    contains(p.run("--full-refresh", want=4).err, "E6001", "curated.t__failures")


@suite.case
def relationships_to_itself_and_to_views():
    p = made("checks: [{relationships: {column: parent, to: curated.t, field: id}, "
             "severity: warn}, {relationships: {column: id, to: curated.v}, severity: warn, "
             "name: v}]", "SELECT * FROM (VALUES (1, NULL), (2, 1), (3, 7)) t(id, parent)")
    p.model("curated.v", MODEL % ("materialize: view", "SELECT id - 1 AS id FROM raw.n"))
    p.describe("{from: drop.n.json, into: raw.n}")
    p.write("n.json", lines({"id": 2}, {"id": 3}))
    done = p.run("--json", want=0)
    same(found(done), {"relationships(parent, curated.t.id)": 1, "v": 1})
    same(failures(p), [("relationships(parent, curated.t.id)", 1, '{"id": 3, "parent": 7}'),
                       ("v", 1, '{"id": 3, "parent": 7}')])


@suite.case
def deeper_namespaces():
    p = Project()
    p.model("curated/shared.u", "SELECT 1 AS id")
    p.model("curated/shared.t", MODEL % ("columns: {id: {checks: [{relationships: {to: "
                                         "curated.shared.u, field: id}, severity: warn}]}}",
                                         "SELECT i AS id FROM range(1, 3) t(i)"))
    p.run(want=0)
    same(failures(p, "curated.shared.t"),
         [("relationships(id, curated.shared.u.id)", 1, '{"id": 2}')])
    contains(p.firn("test", want=0).out, "! curated.shared.t · relationships", "1 row")


@suite.case
def relationships_between_landed_tables():
    p = Project(["{from: drop.a.json, into: raw.a, columns: {b: {checks: [{relationships: "
                 "{to: raw.b, field: id}}]}}}", "{from: drop.b.json, into: raw.b}"])
    p.write("a.json", lines({"b": 1}, {"b": 2}))
    p.write("b.json", lines({"id": 1}, {"id": 2}))
    done = p.run("--json", want=0)
    same([e["table"] for e in done.events() if e["event"] == "node_finished"], ["b", "a"])
    p.describe("{from: drop.a.json, into: raw.a, columns: {b: {checks: [{relationships: "
               "{to: raw.nobody, field: id}}]}}}")
    p.write("a.json", lines({"b": 3}), age=1)
    contains(p.run("--full-refresh", want=1).err, "no table raw.nobody", "firn.yml:6:")


@suite.case
def row_count():
    for check, rows_made, failing in (("{min: 1}", 0, 1), ("{min: 1}", 1, 0), ("{max: 2}", 3, 1),
                                      ("{min: 2, max: 3}", 3, 0), ("3", 3, 0), ("3", 4, 1)):
        p = made(f"checks: [{{row_count: {check}, severity: warn}}]",
                 f"SELECT i FROM range({rows_made}) t(i)", "row_count")
        same(found(p.run("--json", want=0)), {"row_count": failing}, (check, rows_made))
    same(failures(p), [("row_count", 1, '{"max": 3, "min": 3, "rows": 4}')])
    p.model("curated.t", MODEL % ("checks: [{row_count: {min: 1}, where: i > 7}]",
                                  "SELECT i FROM range(5) t(i)"))
    contains(p.run(want=4).err, "row_count", '"rows":0')
    # of a landed table: all rows, not only the new ones
    q = Project("{from: 'drop.*.json', into: raw.t, checks: [{row_count: {max: 3}}]}", name="all")
    q.write("1.json", lines({"a": 1}, {"a": 2}))
    q.run(want=0)
    q.write("2.json", lines({"a": 3}, {"a": 4}))
    q.run(want=4)
    q.write("2.json", lines({"a": 3}))
    q.run(want=0)


@suite.case
def freshness():
    now = datetime.datetime.now(UTC)
    for kind, ago, age, failing in (
            ("TIMESTAMPTZ", 3600, "2h", 0), ("TIMESTAMPTZ", 3600, "30m", 1),
            ("TIMESTAMP", 3600, "2h", 0), ("TIMESTAMP", 3600, "30m", 1),
            ("DATE", 0, "1d", 0), ("DATE", 3 * 86400, "2d", 1)):
        then = (now - datetime.timedelta(seconds=ago)).strftime("%Y-%m-%d %H:%M:%S")
        sql = f"SELECT {kind} '{then}' AS at UNION ALL SELECT {kind} '2001-01-01' UNION ALL " \
              f"SELECT NULL"
        p = made(f"checks: [{{freshness: {{column: at, max_age: {age}}}, severity: warn}}]", sql,
                 "freshness")
        same(found(p.run("--json", want=0)), {"freshness(at)": failing}, (kind, ago, age))
    p = made("columns: {at: {checks: [{freshness: 36h}]}}", "SELECT NULL::TIMESTAMP AS at", "empty")
    contains(p.run(want=4).err, "freshness(at)", '"newest":null', '"max_age":"36h"')
    q = made("columns: {at: {checks: [{freshness: 36h}]}}", "SELECT 'x' AS at", "a_text")
    contains(q.run(want=1).err, "a date or timestamp", "string")
    # old rows that come late are no failure while newer ones are there
    r = Project("{from: 'drop.*.json', into: raw.t, columns: {at: {type: timestamp, checks: "
                "[{freshness: 1d}]}}}", name="late")
    r.write("1.json", lines({"at": now.strftime("%Y-%m-%dT%H:%M:%S")}))
    r.run(want=0)
    r.write("2.json", lines({"at": "2020-01-01T00:00:00"}))
    r.run(want=0)


@suite.case
def unique_over_columns():
    sql = "SELECT * FROM (VALUES (1, 'x', 1), (1, 'y', 2), (1, 'x', 3), (2, NULL, 4), " \
          "(2, NULL, 5)) t(a, b, n)"
    p = made("checks: [{unique: [a, b], severity: warn}, {unique: [a, n]}]", sql)
    done = p.run("--json", want=0)  # a null in the key: it is no key
    same(found(done), {"unique(a, b)": 1, "unique(a, n)": 0})
    same(json.loads(done.event("check", check="unique(a, b)")["samples"][0]),
         {"a": 1, "b": "x", "times": 2})
    same(failures(p), [("unique(a, b)", 1, '{"a": 1, "b": "x", "n": 1}'),
                       ("unique(a, b)", 1, '{"a": 1, "b": "x", "n": 3}')])
    q = made("checks: [{unique: [times, value], severity: warn}]",
             "SELECT i // 2 AS times, 1 AS value FROM range(3) t(i)", "odd_names")
    q.run(want=0)
    same(failures(q), [("unique(times, value)", 1, '{"times": 0, "value": 1}')] * 2)
    q = made("checks: [{unique: [s.id], severity: warn}, {unique: a, where: a < 2, "
             "severity: warn, name: ones}]",
             "SELECT * FROM (VALUES ({'id': 1}, 1), ({'id': 1}, 2)) t(s, a)", "nested")
    same(found(q.run("--json", want=0)), {"unique(s.id)": 1, "ones": 0})


@suite.case
def only_some_rows():
    """where: rows for which it is null are not looked at either."""
    p = made("columns: {x: {checks: [{check: not_null, where: \"kind = 'k'\", severity: warn}]}}\n"
             "checks: [{check: 'n > 1', where: 'kind IS NULL -- so', severity: warn}]",
             "SELECT * FROM (VALUES (NULL, 'k', 1), (NULL, 'l', 1), (NULL, NULL, 1)) t(x, kind, n)")
    same(found(p.run("--json", want=0)), {"not_null(x)": 1, "n > 1": 1})


@suite.case
def with_variables():
    p = made("checks: [{check: 'd <= ${today}', severity: warn}, {check: 'n > ${least:-1}', where: "
             "'n < ${most:-9}', severity: warn, name: n}]",
             "SELECT DATE '2025-01-31' AS d, 1 AS n UNION ALL SELECT DATE '2025-02-01', 9")
    done = p.run("--var", "today=2025-01-31", "--json", want=0)
    same(found(done), {"d <= ${today}": 1, "n": 1})
    done = p.run("--var", "today=2025-02-01", "--var", "least=0", "--json", want=0)
    same(found(done), {"d <= ${today}": 0, "n": 0})  # another value: looked at again


# --- written wrongly ----------------------------------------------------------------------------

@suite.case
def wrong_checks():
    at = "models/curated/t.sql:"
    refused("columns: {a: {checks: [uniqe]}}", at + "2:24", "did you mean 'unique'?")
    refused("columns: {a: {checks: [relationships]}}", at + "2:24", "does not say enough",
            "{to: ns.table, field: id}")
    refused("columns: {a: {checks: [{acepted_values: [1]}]}}", at + "2:25",
            "did you mean 'accepted_values'")
    refused("checks: [{accepted_values: [1]}]", at + "2:28", "a check of a column",
            "{accepted_values: [a, b]}")
    refused("columns: {a: {checks: [{accepted_values: []}]}}", at + "2:42", "empty")
    refused("columns: {a: {checks: [{accepted_values: [1, null]}]}}", at + "2:46", "not_null")
    refused("columns: {a: {checks: [{relationships: {field: id}}]}}", at + "2:40", "to")
    refused("columns: {a: {checks: [{relationships: {to: z, field: id}}]}}", at + "2:45",
            "no namespace", "raw.orders")
    refused("columns: {a: {checks: [{relationships: {to: x.z, column: b}}]}}", "names another one")
    refused("checks: [{relationships: {to: x.z, field: b}}]", "a check of a column",
            "column: NAME")
    refused("checks: [{row_count: {}}]", "neither min nor max")
    refused("checks: [{row_count: {min: 3, max: 2}}]", "min is larger")
    refused("checks: [{row_count: {minimum: 3}}]", "unknown key", "min, max")
    refused("checks: [{row_count: many}]", "a number of rows")
    refused("columns: {a: {checks: [{row_count: 1}]}}", "check of the table")
    refused("checks: [{freshness: {column: a}}]", "max_age")
    refused("checks: [{freshness: {column: a, max_age: soon}}]", at + "2:43", "soon")
    refused("checks: [{freshness: 2d}]", "a check of a column", "column: NAME")
    refused("columns: {a: {checks: [{freshness: often}]}}", "often", "2d")
    refused("checks: [{unique: []}]", "empty")
    refused("columns: {a: {checks: [{unique: [a, b]}]}}", "check of the table")
    refused("checks: [{severity: warn}]", "does not say what to check")
    refused("checks: [{check: 'a > 0', unique: [a]}]", "one thing")
    refused("checks: [{check: 'a > 0', severity: wran}]", "did you mean", "warn")
    refused("checks: [{unique: [a]}, {unique: [a]}]", at + "2:25", "two checks", "line 2")
    refused_by_check("columns: {a: {checks: [{relationships: {to: curated.uu, field: b}}]}}",
                     at + "2:24", "there is no table curated.uu", "did you mean curated.u?")
    p = Project("{from: drop.a.json, into: raw.t__failures}", name="reserved")
    contains(p.firn("check", want=2).err, "firn.yml:6:", "__failures", "kept for")
    q = made("checks: [{relationships: {column: a, to: curated.u, field: a}}]", "SELECT 1 AS a",
             "circle")
    q.model("curated.u", "SELECT * FROM curated.t")
    contains(q.firn("check", want=2).err, "circle", "relationships")


# --- the failing rows ---------------------------------------------------------------------------

@suite.case
def rows_that_are_kept():
    p = made('checks: [{check: "i < 0", severity: warn}, {check: "i <> 4", name: four}]',
             "SELECT i::INTEGER AS i, [i] AS l, DATE '2025-01-01' AS d, 1.50 AS m "
             "FROM range(250) t(i)")
    before = datetime.datetime.now(UTC)
    done = p.run("--json", want=4)
    assert not exists(p.lake, "curated.t")
    kept = rows(p.lake, "curated.t__failures", drop=())
    same(types(p.lake, "curated.t__failures"),
         {"check_name": "string", "severity": "string", "failing": "long", "run_id": "string",
          "checked_at": "timestamptz", "row": "string"})
    same(len([r for r in kept if r["check_name"] == "i < 0"]), 100)  # up to 100 of each
    (four,) = [r for r in kept if r["check_name"] == "four"]
    same((four["severity"], four["failing"], json.loads(four["row"])),
         ("error", 1, {"i": 4, "l": [4], "d": "2025-01-01", "m": 1.5}))
    same({r["run_id"] for r in kept}, {done.events()[0]["run"]})
    assert all(before <= r["checked_at"] <= datetime.datetime.now(UTC) for r in kept)
    same(p.sql("SELECT check_name, count(*) AS n FROM curated.t__failures GROUP BY 1 ORDER BY 1"),
         [{"check_name": "four", "n": 1}, {"check_name": "i < 0", "n": 100}])
    lint(p.lake)


@suite.case
def replaced_by_each_audit():
    p = made('checks: [{check: "i > 1", severity: warn}]', "SELECT i FROM range(3) t(i)")
    p.run(want=0)
    same(len(failures(p)), 2)
    p.run(want=0)  # nothing changed, nothing was looked at
    same(len(snapshots(p.lake, "curated.t__failures")), 1)
    p.model("curated.t", MODEL % ('checks: [{check: "i > 0", severity: warn}]',
                                  "SELECT i FROM range(3) t(i)"))
    p.run(want=0)
    same(failures(p), [("i > 0", 1, '{"i": 0}')])
    p.model("curated.t", MODEL % ('checks: ["i >= 0"]', "SELECT i FROM range(3) t(i)"))
    p.run(want=0)  # none: emptied, once
    same(failures(p), [])
    p.run("--full-refresh", want=0)
    same(len(snapshots(p.lake, "curated.t__failures")), 3)
    p.model("curated.t", MODEL % ('checks: [{check: "i > 0", severity: warn}]',
                                  "SELECT i FROM range(4) t(i)"))
    p.run(want=0)
    same(len(failures(p)), 1)
    p.model("curated.t", "SELECT i FROM range(5) t(i)")
    p.run(want=0)  # no checks any more, so no rows that failed one
    same(failures(p), [])
    p.run("--full-refresh", want=0)
    same(len(snapshots(p.lake, "curated.t__failures")), 5)
    lint(p.lake)


@suite.case
def of_landed_tables():
    p = Project("{from: 'drop.*.json', into: raw.t, checks: [{check: 'a < 10', severity: warn}, "
                "{unique: [a]}]}")
    p.write("1.json", lines({"a": 1}, {"a": 11}))
    p.run(want=0)
    same([f[:2] for f in failures(p, "raw.t")], [("a < 10", 1)])
    p.write("2.json", lines({"a": 2}, {"a": 1}))  # the old 11 passed before; 1 is there already
    p.run(want=4)
    kept = failures(p, "raw.t")
    same([f[:2] for f in kept], [("unique(a)", 1)] * 2)
    same([json.loads(f[2])["a"] for f in kept], [1, 1])
    same(sorted(r["a"] for r in p.rows("raw.t")), [1, 11])
    lint(p.lake)


@suite.case
def twins():
    """Two runs that audit one table: one table of failures, whole, of one of them."""
    p = made('checks: [{check: "i > 5", severity: warn}]', "SELECT i, now() AS at FROM range(9) "
             "t(i)")
    p.run(want=0)
    threads = [threading.Thread(target=p.run, args=("--full-refresh",), kwargs={"want": None})
               for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    kept = rows(p.lake, "curated.t__failures", drop=())
    same((len(kept), len({r["run_id"] for r in kept})), (6, 1))
    lint(p.lake)


@suite.case
def when_the_audit_dies():
    """Killed, or an error, while the failing rows are written or committed, or behind that: the
    table is as before or as after, and the next run is right."""
    check = 'checks: [{check: "i > 1", severity: warn}]'
    for point, action in (("write.before_copy=nth:2", "kill"), ("commit.before_manifest", "io"),
                          ("commit.after_swap=nth:1", "kill"),
                          ("commit.before_swap=nth:1", "conflict"),
                          ("write.before_copy=nth:2", "io"), ("publish.before_sync=nth:2", "kill"),
                          ("commit.before_swap=nth:1", "kill"),
                          ("commit.before_swap=nth:2", "kill"))[:8 if FULL else 4]:
        p = made(check, "SELECT i FROM range(3) t(i)", "when_the_audit_dies")
        p.run(want=0)
        p.model("curated.t", MODEL % (check, "SELECT i FROM range(4, 0, -1) t(i)"))
        done = crashlab.run(p.folder, points=f"{point}:{action}" if "=" in point
                            else f"{point}={action}")
        assert done.exit == {"kill": -9, "io": 1, "conflict": 0}[action], f"{point} {action} {done}"
        kept = [json.loads(f[2])["i"] for f in failures(p)]
        assert kept in ([0, 1], [1]), f"{point} {action} {kept}"
        assert sorted(r["i"] for r in rows(p.lake, "curated.t")) in ([0, 1, 2], [1, 2, 3, 4])
        p.run(want=0)
        same([json.loads(f[2])["i"] for f in failures(p)], [1])
        same(sorted(r["i"] for r in rows(p.lake, "curated.t")), [1, 2, 3, 4])
        lint(p.lake)
    # a full disk does not hide that a check failed
    p = made('checks: ["i > 1"]', "SELECT i FROM range(3) t(i)", "no_space")
    done = crashlab.run(p.folder, points="write.before_copy=nth:2:nospc", want=4)
    contains(done.err, "E6001", "the table of failing rows")


@suite.case
def names_with_quotes():
    p = made("columns: {'o\"d': {checks: [{accepted_values: [\"it's\"], severity: warn}]}}\n"
             "checks: [{check: \"x <> 'a''b'\", severity: warn}]",
             "SELECT 'other' AS \"o\"\"d\", 'a''b' AS x")
    same(found(p.run("--json", want=0)), {'accepted_values(o"d)': 1, "x <> 'a''b'": 1})
    same([f[0] for f in failures(p)], ['accepted_values(o"d)', "x <> 'a''b'"])


@suite.case
def column_called_like_the_table():
    p = made("checks: [{check: 't.t > 1', severity: warn}, {unique: [t, doubles], severity: warn}]",
             "SELECT 1 AS t, 2 AS doubles FROM range(2)")
    done = p.run("--json", want=0)
    same(json.loads(done.event("check", check="t.t > 1")["samples"][0]), {"t": 1, "doubles": 2})
    same({f[2] for f in failures(p)}, {'{"doubles": 2, "t": 1}'})


@suite.case
def many_rows_in_little_memory():
    """Unique, relationships and row_count over more rows than fit."""
    n = 10_000_000 if FULL else 1_000_000
    p = made("checks: [{unique: [i, s]}, {row_count: {min: 2}}, {relationships: {column: i, "
             "to: curated.u, field: i}}, {check: 'i >= 0'}]",
             f"SELECT i, 'value number ' || i AS s FROM range({n}) t(i)")
    p.model("curated.u", f"SELECT i FROM range({n}) t(i)")
    done = p.run("--memory", "256MB", "--json", want=0)
    same(set(found(done).values()), {0})
    assert done.peak < 256 << 20, done.peak


suite.end()

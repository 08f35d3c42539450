#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""Variables of models: ${name}, `vars:` of the project, --var, and what is made again for them."""
import datetime
import decimal
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import Project, Suite, contains, rows, same  # noqa: E402

suite = Suite()
D = decimal.Decimal
VARS = """vars:
  rate: 0.06
  start: 2025-01-01
  kinds: [Plastic, "Wood's"]
  numbers: [1, 2.5]
  none_of: []
  text: It's
  number_as_text: "007"
  flag: true
  nothing: null
  below: -5
  big: 12345678901234567890.5
  at: 2025-01-31T10:00:00
  at_zone: 2025-01-31T10:00:00+02:00
"""


def project(name=None, more=VARS, **models):
    p = Project("", more, name=name or sys._getframe(1).f_code.co_name)
    for key, sql in models.items():
        p.model(f"curated.{key}", sql)
    return p


def states(done):
    return {e["table"]: e["status"] for e in done.events() if e["event"] == "node_finished"}


# --- values -------------------------------------------------------------------------------------

@suite.case
def literals():
    """Each kind of value is an SQL literal of its type."""
    p = project(a="""SELECT ${rate} AS rate, typeof(${rate}) AS rate_type, ${start} AS start,
        ${text} AS text, ${number_as_text} AS nat, ${flag} AS flag, ${nothing} IS NULL AS nothing,
        1 -${below} AS below, typeof(${big}) AS big, ${at} AS at, typeof(${at_zone}) AS at_zone,
        'Plastic' IN ${kinds} AS k1, 'Wood''s' IN ${kinds} AS k2, 'Iron' IN ${kinds} AS k3,
        2.5 IN ${numbers} AS k4, 1 IN ${none_of} IS NULL AS k5""")
    p.run(want=0)
    (r,) = rows(p.lake, "curated.a")
    same(r, {"rate": D("0.06"), "rate_type": "DECIMAL(3,2)", "start": datetime.date(2025, 1, 1),
             "text": "It's", "nat": "007", "flag": True, "nothing": True, "below": 6,
             "big": "DECIMAL(21,1)", "at": datetime.datetime(2025, 1, 31, 10),
             "at_zone": "TIMESTAMP WITH TIME ZONE", "k1": True, "k2": True, "k3": False, "k4": True,
             "k5": True})


@suite.case
def in_quotes():
    """In quotes a variable is its text; in comments and dollar quotes it is none."""
    p = project(a="""SELECT 'rate ${rate}, ${text}!' AS a, "${start}", E'x\\n${text}' AS c,
        'it costs $${rate}' AS d, $$ ${rate} $$ AS e -- ${nothing_like_it}
        /* ${nor_this} */ FROM (SELECT 1 AS "2025-01-01")""")
    p.run(want=0)
    same(rows(p.lake, "curated.a"), [{"a": "rate 0.06, It's!", "2025-01-01": 1,
                                      "c": "x\nIt's", "d": "it costs ${rate}", "e": " ${rate} "}])


@suite.case
def beside_other_words():
    """A value never runs into what stands beside it."""
    p = project(a="SELECT 1+${rate}AS a, CASE WHEN ${flag}THEN 1 END AS b, (${rate})*2 AS c")
    p.run(want=0)
    same(rows(p.lake, "curated.a"), [{"a": D("1.06"), "b": 1, "c": D("0.12")}])
    for sql, place in (("SELECT a_${rate} AS x", "1:8"), ("SELECT ${ra te}", "1:8"),
                       ("SELECT ${rate", "1:8"), ("SELECT\n  ${}", "2:3"),
                       ("SELECT ${rate:?why}", "1:8")):
        q = project("malformed", a=sql)
        contains(q.firn("check", want=2).err, f"models/curated/a.sql:{place}",
                 "is not a variable", "${name:-default}")


@suite.case
def several_lines():
    p = project(more='vars: {poem: "one\\ntwo\'s \\\\ end"}\n',
                a="SELECT ${poem} AS poem,\n nothing")
    contains(p.firn("run", want=1).err, "models/curated/a.sql:2:2")
    p.model("curated.a", "SELECT ${poem} AS poem, E'${poem}' AS same")
    p.run(want=0)
    same(rows(p.lake, "curated.a"), [{"poem": "one\ntwo's \\ end", "same": "one\ntwo's \\ end"}])
    p.model("curated.a", "SELECT '${poem}' AS poem")
    contains(p.firn("check", want=2).err, "several lines", "without quotes",
             "models/curated/a.sql:1:9")


@suite.case
def defaults():
    p = project(a="SELECT ${rate:-9} AS a, ${other:-9} AS b, ${day:-2025-05-01} AS c, "
                  "'${word:-not set}' AS d, ${none:-} AS e, ${word:-not set} AS f")
    p.run(want=0)
    same(rows(p.lake, "curated.a", drop=("e",)),
         [{"a": D("0.06"), "b": 9, "c": datetime.date(2025, 5, 1), "d": "not set",
           "f": "not set"}])
    p.run("--var", "other=10", "--var", "word=x", want=0)
    same([(r["b"], r["d"]) for r in rows(p.lake, "curated.a")], [(10, "x")])


# --- where values come from ---------------------------------------------------------------------

@suite.case
def on_the_command_line():
    p = project(a="SELECT ${rate} AS rate, ${text} AS text, typeof(${start}) AS start")
    p.run("--var", "rate=0.10", "--var=text=a = b", "--var", "start='2025-01-01'", want=0)
    same(rows(p.lake, "curated.a"), [{"rate": D("0.10"), "text": "a = b", "start": "VARCHAR"}])
    p.run("--var", "rate=1", "--var", "rate=2", want=0)
    same(rows(p.lake, "curated.a")[0]["rate"], 2)
    for word in ("rate", "=1", "1x=1", "ra te=1"):
        contains(p.firn("run", "--var", word, want=2).err, "--var takes name=value", word)
    contains(p.firn("run", "--var", "today=tomorrow", want=2).err, "today is a date")
    p.firn("check", "--var", "rate=0.2", want=0)


@suite.case
def built_in():
    p = project(more="", a="SELECT ${today} AS today, ${now} AS now, ${run_id} AS run")
    before = datetime.datetime.now(datetime.timezone.utc)
    done = p.run("--json", want=0)
    after = datetime.datetime.now(datetime.timezone.utc)
    (r,) = rows(p.lake, "curated.a")
    assert before.date() <= r["today"] <= after.date(), r
    assert before <= r["now"] <= after, r
    same(r["run"], done.event("run_started")["run"])
    p.model("curated.b", "SELECT ${today} - INTERVAL 12 MONTH AS since, '${today}' AS day")
    p.run("curated.b", "--var", "today=2025-01-31", want=0)
    same(rows(p.lake, "curated.b"), [{"since": datetime.datetime(2024, 1, 31),
                                      "day": "2025-01-31"}])


@suite.case
def from_the_environment():
    p = project(more='vars:\n  rate: "${RATE:-0.5}"\n  plain: ${RATE:-0.5}\n',
                a="SELECT typeof(${rate}) AS quoted, ${plain} AS plain")
    p.run(want=0, env={"RATE": "0.25"})
    same(rows(p.lake, "curated.a"), [{"quoted": "VARCHAR", "plain": D("0.25")}])


@suite.case
def what_is_no_variable():
    p = project(a="SELECT ${rat} AS x")
    contains(p.firn("check", want=2).err, "there is no variable rat", "did you mean ${rate}?",
             "models/curated/a.sql:1:8")
    contains(p.firn("run", want=2).err, "there is no variable rat")
    p.model("curated.a", "SELECT 1 AS y,\n       ${MONGO_URI} AS x")
    contains(p.firn("check", want=2).err, "there is no variable MONGO_URI", "vars:",
             "--var MONGO_URI=", "models/curated/a.sql:2:8")
    for more, word in (("vars: {run_id: mine}\n", "built in"),
                       ("vars: {1x: 2}\n", "'1x' is not the name of a variable"),
                       ("vars: {x: {y: 1}}\n", "not a map"), ("vars: {x: [[1]]}\n", "not a list"),
                       ("vars: [1]\n", "vars")):
        q = project("wrong", more=more, a="SELECT 1 AS x")
        contains(q.firn("check", want=2).err, word, "firn.yml:")


# --- places of errors ---------------------------------------------------------------------------

@suite.case
def places_stay_true():
    """Behind values longer and shorter than what was written, in models and in views."""
    long = "x" * 70
    more = f"vars: {{long_text: {long}, n: 1, a_very_long_name_of_a_variable: 2}}\n"
    for before in ("'${long_text}' AS l, ", "${n} AS l, ", "${a_very_long_name_of_a_variable}"
                   " AS l, ${n} AS m, '${long_text}' AS o, ", "'äöü${long_text}é' AS l, "):
        for head in ("", "/* firn {materialize: view} */ ", "/* firn\n{tags: x} */\n  "):
            sql = f"{head}SELECT {before}nothing, 1 AS z"
            p = project("places", more=more, a=sql)
            line = sql.count("\n", 0, sql.index("nothing")) + 1
            column = len(sql[:sql.index("nothing")].rsplit("\n", 1)[-1]) + 1
            done = p.firn("run", want=1)
            contains(done.err, f"models/curated/a.sql:{line}:{column}:")
            sql = f"{head}SELECT {before}1 AS z FROM raw.nothing"
            p.model("curated.a", sql)
            column = len(sql[:sql.index("raw.nothing")].rsplit("\n", 1)[-1]) + 1
            contains(p.firn("check", want=2).err, f"models/curated/a.sql:{line}:{column}:",
                     "no table 'raw.nothing'")


# --- what is made again -------------------------------------------------------------------------

@suite.case
def a_value_that_changed():
    p = project(a="SELECT ${rate} AS rate", b="SELECT ${start} AS start",
                c="/* firn {materialize: view} */ SELECT ${rate} * 2 AS x",
                d="SELECT * FROM curated.c")
    p.run(want=0)
    same(set(states(p.run("--json", want=0)).values()), {"unchanged"})
    now = states(p.run("--json", "--var", "rate=0.07", want=0))
    same((now["a"], now["b"], now["d"]), ("done", "unchanged", "done"))
    same(rows(p.lake, "curated.d"), [{"x": D("0.14")}])
    p.describe("", VARS.replace("rate: 0.06", "rate: 0.07"))
    now = states(p.run("--json", want=0))
    same((now["a"], now["b"], now["d"]), ("unchanged", "unchanged", "unchanged"))
    p.model("curated.e", "SELECT ${now} AS now")
    p.run(want=0)
    now = states(p.run("--json", want=0))
    same((now["a"], now["e"]), ("unchanged", "done"))


@suite.case
def asked_with_sql():
    """Views have the values of the project, or of --var of `firn sql`; statements have none."""
    p = project(v="/* firn {materialize: view} */ SELECT ${rate} AS rate, ${today} AS today")
    p.run(want=0)
    same(p.sql("SELECT rate::VARCHAR AS r FROM curated.v"), [{"r": "0.06"}])
    same(p.sql("SELECT rate::VARCHAR AS r, today::VARCHAR AS t FROM curated.v",
               "--var", "rate=0.5", "--var", "today=2025-01-31"),
         [{"r": "0.5", "t": "2025-01-31"}])



@suite.case
def in_checks():
    """Conditions of checks have variables too; what shapes the table has none."""
    head = "/* firn\nchecks: [\"x <= ${most}\", {check: x > 0, where: \"'${rate}' <> '0'\"}]\n*/ "
    p = project(more="vars: {most: 5, rate: 1}\n", a=head + "SELECT 4 AS x")
    p.run(want=0)
    same(states(p.run("--json", want=0))["a"], "unchanged")
    done = p.run("--json", "--var", "most=3", want=4)
    same([e["failing"] for e in done.events() if e["event"] == "check"], [1, 0])
    p.model("curated.a", head.replace("most", "mots") + "SELECT 4 AS x")
    contains(p.firn("check", want=2).err, "no variable mots", "models/curated/a.sql:2:")
    for line in ("description: ${rate}", "partition: [\"${rate}\"]"):
        p.model("curated.a", f"/* firn\n{line}\n*/ SELECT 4 AS x")
        contains(p.firn("check", want=2).err, "not replaced in a header",
                 "models/curated/a.sql:2:")

suite.end()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""The shell of `firn sql` on a terminal of ours, and the formats of results: screens as they must
look, keys, history, completion, paging, lines with a dot, Ctrl-C, and that what programs read is
exact and streams."""
import csv
import io
import json
import os
import pathlib
import random
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (BIN, FULL, TMP, Project, Skip, Suite, catalog, contains,  # noqa: E402
                     environment, firn, lines, note, same, start, table, text)
from termlab import Terminal  # noqa: E402

suite = Suite()
UP, DOWN, RIGHT, LEFT = "\033[A", "\033[B", "\033[C", "\033[D"
HOME, END, DELETE = "\033[H", "\033[F", "\033[3~"
SLOW = "SELECT count(*) FROM range(100000000000) a, range(1000) b;"


def folder_of(name):
    path = TMP / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def make_lake():
    """A warehouse that all cases may read: raw.orders, raw.items, a nested namespace, a name that
    needs quotes."""
    folder = folder_of("lake")
    (folder / "orders.json").write_text(lines(*(
        {"order_id": i, "name": f"order {i}", "amount": i * 1.5, "note": None if i % 3 else "日本語"}
        for i in range(300))), encoding="utf-8")
    (folder / "items.json").write_text(lines(*(
        {"item_id": i, "order_id": i, "My Qty": i} for i in range(20))), encoding="utf-8")
    firn("load", "orders.json", "items.json", "--into", "./lake", cwd=folder, want=0)
    for name in ("curated.shared.dim_products", "raw.My Table"):
        other = catalog(folder / "lake")
        namespace = tuple(name.split(".")[:-1])
        other.create_namespace_if_not_exists(".".join(namespace))
        source = table(folder / "lake", "raw.items")
        other.create_table((".".join(namespace), name.split(".")[-1]), schema=source.schema())
    return folder


LAKE = None


def lake():
    global LAKE
    LAKE = LAKE or make_lake()
    return LAKE


def shell(*args, home=None, env=None, cwd=None, **more):
    """The shell over the warehouse, at its first prompt."""
    home = home or folder_of(f"home-{sys._getframe(1).f_code.co_name}")
    variables = environment({"HOME": str(home), "XDG_STATE_HOME": None, "PAGER": None, "LESS": None,
                             **(env or {})})
    t = Terminal([BIN, "sql", *(args or ("./lake",))], cwd=cwd or lake(), env=variables, **more)
    t.prompt()
    return t


def leave(t):
    t.send("\x04")
    same(t.end(), 0)
    same(t.screen.unknown, [], "sequences that no terminal has to know")


# --- screens ------------------------------------------------------------------------------------

@suite.case
def transcript():
    with shell() as t:
        contains(t.text(), "firn ", "/lake'", ".help", "Ctrl-D")
        same(t.run("SELECT 1 AS a, NULL AS b, 'NULL' AS c;").split("\n"), [
            "firn> SELECT 1 AS a, NULL AS b, 'NULL' AS c;",
            "┌───┬──────┬────────┐",
            "│ a │    b │ c      │",
            "├───┼──────┼────────┤",
            "│ 1 │ NULL │ 'NULL' │",
            "└───┴──────┴────────┘",
            "1 row"])
        same(t.run("SELECT\r  42 AS answer\r;").split("\n"), [
            "firn> SELECT",
            "   ->   42 AS answer",
            "   -> ;",
            "┌────────┐",
            "│ answer │",
            "├────────┤",
            "│     42 │",
            "└────────┘",
            "1 row"])
        same(t.run("SELECT ';' AS a; SELECT '--' AS b;").count("1 row"), 2)
        same(t.run("SET threads = 2;"), "firn> SET threads = 2;")
        same(t.run("SELECT * FROM range(0);").split("\n")[-1], "0 rows")
        leave(t)


@suite.case
def widths():
    """What a character takes on the screen decides, not its bytes."""
    with shell() as t:
        shown = t.run("SELECT '日本' AS \"語\", 'e\u0301e' AS e, '😀' AS x, 'ab' AS y;")
        same(shown.split("\n")[1:-1], [
            "┌──────┬────┬────┬────┐",
            "│ 語   │ e  │ x  │ y  │",
            "├──────┼────┼────┼────┤",
            "│ 日本 │ e\u0301e │ 😀 │ ab │",
            "└──────┴────┴────┴────┘"])
        shown = t.run("SELECT 'a\\tb' || chr(27) || '[31m' || chr(8238) || chr(133) AS x, "
                      "{a: 1, b: [NULL, 'x']} AS n, MAP {'k': 2.50} AS m;")
        contains(shown, "a\\tb\\x1b[31m\\u202e\\x85", "{a: 1, b: [NULL, x]}", "{k=2.50}")
        leave(t)


@suite.case
def fitted_to_the_screen():
    with shell(columns=60) as t:
        shown = t.run("SELECT 1234567890 AS n, repeat('a', 40) AS x, repeat('b', 40) AS y "
                      "FROM range(2);").split("\n")
        assert all(len(line) <= 60 for line in shown), shown
        contains(shown[-3], "1234567890", "aaaaaaaaaaaaaa…", "bbbbbbbbbbbbbb…")
        same({len(line) for line in shown if line[:1] in "│┌├└"}, {60})
        shown = t.run("SELECT " + ", ".join(f"{i}{'0' * 7} AS c{i}" for i in range(1, 10)) +
                      " FROM range(2);").split("\n")
        assert all(len(line) <= 60 for line in shown), shown
        contains("\n".join(shown), "│ … │", "2 rows, 5 of 9 columns shown", "c9")
        t.resize(24, 120)
        t.settle()
        contains(t.run("SELECT " + ", ".join(f"{i}{'0' * 7} AS c{i}" for i in range(1, 10)) +
                       " FROM range(2);"), "│ 50000000 │")
        contains(t.run(".width 40\rSELECT repeat('z', 60) AS z FROM range(2);"),
                 "z" * 35 + "…")
        leave(t)


@suite.case
def a_single_row_is_whole():
    """Long texts wrap, lines are lines: SHOW CREATE TABLE can be read and copied."""
    with shell(rows=60) as t:
        shown = t.run("SHOW CREATE TABLE raw.orders;")
        contains(shown, "│ CREATE TABLE lake.raw.orders (", "│   order_id bigint,", "USING iceberg")
        assert "…" not in shown, shown
        shown = t.run("SELECT repeat('0123456789', 20) AS t;")
        same(len(re.findall(r"│ [0-9]+", shown)), 3, shown)
        shown = t.run(".schema raw.orders")
        contains(shown, "\nCREATE TABLE lake.raw.orders (", "\nUSING iceberg")
        assert "│" not in shown, shown
        leave(t)
    out = firn("sql", "./lake", "SHOW CREATE TABLE raw.orders", cwd=lake(), want=0).out
    contains(out, "\n│   order_id bigint,")


# --- keys ---------------------------------------------------------------------------------------

def typed(t, keys, wanted):
    """The statement that the keys make, by what it returns."""
    t.clear()
    t.send(keys)
    t.settle(0.15)
    t.send("\r")
    t.wait(lambda: t.at_prompt() and t.text() != "firn>")
    contains(t.text(), wanted)


@suite.case
def editing():
    with shell() as t:
        typed(t, "SELECT 'bc' AS x;" + LEFT * 9 + "a", "│ abc │")
        typed(t, "ELECT 'x1' AS x;" + HOME + "S" + END, "│ x1 │")
        typed(t, "SELECT 'x2y' AS x;" + "\x01" + RIGHT * 10 + DELETE, "│ x2 │")
        typed(t, "rubbish SELECT" + "\x17" + "\x15" + "SELECT 'x3' AS x;", "│ x3 │")
        typed(t, "'x4' AS x;" + "\x01\x0b" + "SELECT " + "\x19", "│ x4 │")
        typed(t, "SELECT 'äö日e\u0301' AS x;" + LEFT * 7 + "\x7f\x7f" + "ü", "│ äöü │")
        typed(t, "SELECT 'x5 gone' AS x;" + "\033[1;5D" * 3 + "\033d" + "here", "│ x5 here │")
        typed(t, "SELETC 'x6' AS x;" + HOME + RIGHT * 5 + "\x14", "│ x6 │")
        typed(t, "SELECT 1 AS one,\r 2 AS two;" + UP + END + "\x7f" * 4 + " uno," + DOWN + END,
              "│ uno │ two │")
        typed(t, "\033[200~SELECT 'a\nb' AS x,\n'p' AS y;\n\033[201~", "│ a │ p │")
        typed(t, "SELECT 7 AS x" + "\033\r" + ";", "│ 7 │")
        leave(t)


@suite.case
def a_long_text_wraps():
    """The text is drawn in rows of the screen; a change in the middle leaves nothing behind."""
    with shell(rows=10, columns=40) as t:
        t.clear()
        t.send("SELECT '" + "x" * 70 + "' AS t;")
        t.settle()
        same([len(line) for line in t.lines()[:3]], [40, 40, 11])
        t.send(HOME + DELETE * 30)
        t.settle()
        same([len(line) for line in t.lines()[:3]], [40, 21, 0])
        t.send("\x03")
        t.prompt()
        t.send("SELECT 1" + "\r" * 15 + "+ 2 AS sum;")
        t.settle()
        same(t.lines()[-1], "   -> + 2 AS sum;")
        t.send(UP * 15)
        t.settle()
        same(t.lines()[0], "firn> SELECT 1")
        t.send("\r\x03")
        t.prompt()
        leave(t)


@suite.case
def resized():
    with shell() as t:
        t.send("SELECT 'half")
        t.settle()
        t.resize(20, 50)
        t.settle()
        t.send(" and half' AS x;\r")
        t.wait("│ half and half │")
        leave(t)


@suite.case
def history():
    home = folder_of("home-of-history")
    file = home / ".local/state/firn/history"
    with shell(home=home) as t:
        for s in ("SELECT 1 AS one;", "SELECT\r2 AS two;", "SELECT 1 AS one;",
                  " SELECT 'kept back';"):
            t.run(s)
        leave(t)
    same(stat.S_IMODE(file.stat().st_mode), 0o600)
    same(stat.S_IMODE(file.parent.stat().st_mode), 0o700)
    with shell(home=home) as t:
        same(file.read_text(encoding="utf-8").splitlines(),
             ["SELECT\\n2 AS two;", "SELECT 1 AS one;"])
        typed(t, UP, "│ one │")
        typed(t, UP * 4, "│ two │")
        typed(t, "draft" + UP * 2 + DOWN * 3 + "\x15" + "SELECT 'draft' AS d;", "│ draft │")
        typed(t, "\x12TWO", "│ two │")
        typed(t, "\x12one\x07" + "SELECT 5 AS five;", "│ five │")
        contains(t.run(".history 3"), "two;\nSELECT 5 AS five;\n.history 3")
        leave(t)
    state = folder_of("state-of-history")
    with shell(home=home, env={"XDG_STATE_HOME": str(state)}) as t:
        t.run("SELECT 3;")
        leave(t)
    contains((state / "firn/history").read_text(encoding="utf-8"), "SELECT 3;")
    with shell(env={"HOME": "/proc/none"}, home=home) as t:  # nowhere to keep it: no matter
        typed(t, "SELECT 4 AS four;", "│ four │")
        typed(t, UP, "│ four │")
        leave(t)


def complete(t, keys, there):
    """Types keys and Tab, waits until there(line being typed, what is listed) says so."""
    t.clear()
    t.send(keys + "\t")

    def seen():
        shown = t.text().split("\n")
        return there(shown[-1].removeprefix("firn> "), " ".join(shown[1:-1]).split())
    try:
        t.wait(seen, 10)
    except AssertionError as error:
        raise AssertionError(f"{keys!r}: {error}") from None
    t.send("\x03")
    t.prompt()


@suite.case
def completion():
    with shell() as t:
        t.run("SELECT 1;")
        for keys, wanted in (
                ("sel", "select"), ("SEL", "SELECT"), ("FROM ord", "FROM raw.orders"),
                ("FROM raw.o", "FROM raw.orders"), ("FROM lake.raw.o", "FROM lake.raw.orders"),
                ("FROM cur", "FROM curated.shared.dim_products"),
                ("FROM curated.", "FROM curated.shared.dim_products"),
                ("FROM curated.shared.", "FROM curated.shared.dim_products"),
                ('FROM "curated.shared".d', 'FROM "curated.shared".dim_products'),
                ("FROM raw.my", 'FROM raw."My Table"'), ('FROM raw."My', 'FROM raw."My Table"'),
                ("FROM raw.orders$sn", 'FROM raw."orders$snapshots"'),
                ('FROM raw."orders$ref', 'FROM raw."orders$refs"'),
                ("SELECT * FROM raw.orders WHERE am", "SELECT * FROM raw.orders WHERE amount"),
                ("SELECT * FROM raw.orders o WHERE o.no",
                 "SELECT * FROM raw.orders o WHERE o.note"),
                ("SELECT * FROM raw.items AS i WHERE i.my",
                 'SELECT * FROM raw.items AS i WHERE i."My Qty"'),
                ("SELECT strpt", "SELECT strptime("), ("SHOW tabl", "SHOW table"),
                ("FROM read_pa", "FROM read_parquet("), (".sch", ".schema"),
                (".mode j", ".mode json"), (".mode p", ".mode parquet"),
                (".schema raw.it", ".schema raw.items"), (".read ord", ".read orders.json"),
                ("FROM 'ite", "FROM 'items.json'"), ("called_so", "called_so")):
            complete(t, keys, lambda line, _, wanted=wanted: line == wanted)
        complete(t, "FROM raw.", lambda _, words: words == ['"My', 'Table"', "items", "orders"])
        complete(t, "SELECT * FROM raw.orders o WHERE o.", lambda _, words: words == [
            "amount", "name", "note", "order_id", "x_loaded_at"])
        complete(t, "", lambda _, words: {"select", "show", "with"} <= set(words))
        t.clear()
        t.send("SELECT  FROM raw.items" + HOME + RIGHT * 7 + "item_\t")
        t.wait("firn> SELECT item_id FROM raw.items")
        t.send("\x03")
        t.prompt()
        leave(t)


@suite.case
def random_keys():
    """Whatever is typed, the shell stays, and what it shows is what it holds."""
    seed = random.randrange(1 << 30)
    rng = random.Random(seed)
    keys = [UP, DOWN, LEFT, RIGHT, HOME, END, DELETE, "\x7f", "\t", "\x0b", "\x15", "\x17", "\x19",
            "\x14", "\x01", "\x05", "\x12", "\x07", "\033\r", "\033d", "\033b", "\033f", "\033<",
            "\033>", "\033[5~", "\033[6~", "\033[1;5C", "\033[Z", "\x0c", "é", "日", "e\u0301", "😀",
            "'", '"', "select ", "from raw.", "a", "(", ".", "/*", "--", "\033[200~p\nq\033[201~"]
    with shell(rows=8, columns=20) as t:
        for _ in range(3 if not FULL else 100):
            typed_keys = rng.choices(keys, k=60)
            for key in typed_keys:
                t.send(key)
                t.read(0.001)
            t.send("\x07\x03")
            t.settle(0.1)
            t.send("\x03")
            t.wait(t.at_prompt, 10)
            contains(t.run("SELECT 1;"), "│ 1 │")
        same(t.screen.unknown, [], f"seed {seed}")
        leave(t)


# --- lines with a dot ---------------------------------------------------------------------------

@suite.case
def dot_modes():
    with shell() as t:
        for mode, wanted in (("csv", "a,b\n1,x"), ("json", '[{"a":1,"b":"x"}]'),
                             ("jsonl", '{"a":1,"b":"x"}'), ("line", "a = 1\nb = x"),
                             ("markdown", "| a | b |\n|--:|---|\n| 1 | x |"),
                             ("table", "│ 1 │ x │"), ("box", "│ 1 │ x │")):
            contains(t.run(f".mode {mode}\rSELECT 1 AS a, 'x' AS b;"), wanted)
        contains(t.run(".mode"), "mode is box")
        contains(t.run(".mode xml"), "error E1001", "box, table, csv", "'xml'")
        contains(t.run(".mode parquet\rSELECT 1;"), "not for a terminal", ".output FILE.parquet")
        t.run(".output x.parquet\rSELECT 1 AS one;\r.output\r.mode box")
        contains(t.run("FROM 'x.parquet';"), "│ one │")
        contains(t.run(".nullvalue -\rSELECT NULL AS n, '-' AS t;"), "│ - │ '-' │")
        contains(t.run(".nullvalue\rSELECT NULL AS n;"), "│ NULL │")
        contains(t.run(".rows 2\rFROM range(5);"), "5 rows, the first 2 shown; .rows all shows all")
        contains(t.run(".rows all\rFROM range(5);"), "│     4 │", "5 rows")
        leave(t)
    (lake() / "x.parquet").unlink()


@suite.case
def dot_lists():
    with shell(rows=50) as t:
        same(t.run(".tables").split("\n")[1:],
             ["curated.shared.dim_products", "raw.My Table", "raw.items", "raw.orders"])
        same(t.run(".tables raw.*").split("\n")[1:], ["raw.My Table", "raw.items", "raw.orders"])
        same(t.run(".tables %ORD%").split("\n")[1:], ["raw.orders"])
        same(t.run(".tables none*").split("\n")[1:], ["no table is called so"])
        helped = t.run(".help")
        names = re.findall(r"^  (\.[a-z]+)", helped, re.M)
        contains(names, ".help", ".tables", ".schema", ".mode", ".output", ".read", ".timer",
                 ".pager", ".rows", ".width", ".nullvalue", ".history", ".show", ".quit")
        for name in names:
            contains(t.run(f".help {name[1:]}"), f"  {name}")
        contains(t.run(".show"), "mode       box", "timer      off", "warehouse  ")
        contains(t.run(".tabels"), "there is no '.tabels'", "did you mean .tables?")
        contains(t.run(".read"), ".read takes FILE")
        contains(t.run(".timer maybe"), "on or off")
        assert re.search(r"\ntime: \d\.\d{3} s, CPU \d\.\d{3} s", t.run(".timer on\rSELECT 1;"))
        assert "time: " not in t.run(".timer off\rSELECT 1;")
        contains(t.run(".schema raw.nope"), "nope")
        t.send(".quit\r")
        same(t.end(), 0)


@suite.case
def words_of_other_shells():
    """Who types help or exit means it; the same word within a statement is a word."""
    with shell(rows=50) as t:
        contains(t.run("help"), ".tables [PATTERN]")
        contains(t.run("help;"), ".tables [PATTERN]")
        contains(t.run("SELECT 1 AS\rexit;"), "exit")
        t.send("exit\r")
        same(t.end(), 0)


@suite.case
def dot_read_and_output():
    folder = lake()
    (folder / "a.sql").write_text(".mode csv\nSELECT 1 AS a;\n.read b.sql\n", encoding="utf-8")
    (folder / "b.sql").write_text("SELECT 2\nAS b;\nSELECT nope\nFROM raw.orders;\n",
                                  encoding="utf-8")
    (folder / "loop.sql").write_text(".read loop.sql\n", encoding="utf-8")
    with shell() as t:
        shown = t.run(".read a.sql")
        contains(shown, "a\n1\nb\n2\n", "b.sql:3:8", "  SELECT nope\n         ^")
        contains(t.run(".read none.sql"), "none.sql")
        contains(t.run(".read loop.sql"), "8 deep")
        t.run(".output out.csv\rSELECT 3 AS c;\r.output")
        same((folder / "out.csv").read_text(encoding="utf-8"), "c\n3\n")
        contains(t.run(".output /none/x\r"), "cannot write '/none/x'")
        leave(t)
    done = firn("sql", "./lake", "-f", "a.sql", cwd=folder)
    same((done.exit, done.out), (1, "a\n1\nb\n2\n"), done.err)
    contains(done.err, "b.sql:3:8")


# --- paging -------------------------------------------------------------------------------------

@suite.case
def paging():
    if not shutil.which("less"):
        raise Skip("there is no less")
    with shell(rows=12) as t:
        t.clear()
        t.send("FROM range(50);\r")
        t.wait(lambda: t.lines()[-1].strip() == ":")
        t.send("G")
        t.wait("50 rows")
        t.send("q")
        t.prompt()
        contains(t.run("FROM range(3);"), "3 rows")  # fits: no pager
        t.send(".pager off\rFROM range(40);\r")
        t.wait("40 rows")
        t.prompt()
        t.send(".pager on\r")
        t.clear()
        t.send("FROM range(1000);\r")
        t.wait(lambda: t.lines()[-1].strip() == ":")
        t.send("q")  # left before the end: no error
        t.prompt()
        assert "error" not in t.text(), t.text()
        leave(t)


@suite.case
def another_pager():
    keep = folder_of("paged") / "text"
    with shell(rows=12, env={"PAGER": f"cat > {keep}"}) as t:
        t.send("FROM range(50);\r")
        t.settle(0.5)
        t.prompt()
        contains(keep.read_text(encoding="utf-8"), "│    49 │", "50 rows")
        assert "\033[2m" in t.run("SELECT NULL;") or b"\033[2mNULL" in t.raw
        leave(t)
    with shell(rows=12, env={"PAGER": "no-such-pager"}) as t:
        contains(t.run("FROM range(50);"), "50 rows")
        leave(t)


# --- signals ------------------------------------------------------------------------------------

def stop(t, statement, after=0.7, limit=2.0, paged=False):
    """Ctrl-C while it runs; returns how long it took to come back.  In a pager, that may end before
    the statement does, and nothing is left to be said."""
    t.clear()
    t.send(statement + "\r")
    end = time.monotonic() + after
    while time.monotonic() < end:
        t.read(0.05)
    began = time.monotonic()
    t.send("\x03")
    if not paged:
        t.wait("interrupted", 10)
    t.prompt(10)
    took = time.monotonic() - began
    assert took < limit, f"{statement}: {took:.2f} s"
    contains(t.run("SELECT 'goes ' || 'on' AS x;"), "goes on")
    return took


@suite.case
def ctrl_c_ends_the_statement():
    with shell() as t:
        t.send("SELECT 1, 'never run")
        t.settle(0.1)
        t.send("\x03")
        t.prompt()
        contains(t.text(), "never run^C")
        t.run(".pager off")
        took = [stop(t, SLOW), stop(t, "FROM range(100000000000) ORDER BY hash(range) LIMIT 3;"),
                stop(t, "SELECT max(hash(range)) FROM range(100000000000);"),
                stop(t, ".mode csv\rSELECT range FROM range(100000000000);", limit=4)]
        note("Ctrl-C: " + ", ".join(f"{s * 1000:.0f} ms" for s in took))
        leave(t)


@suite.case
def ctrl_c_in_the_pager():
    if not shutil.which("less"):
        raise Skip("there is no less")
    with shell(rows=12) as t:
        t.send(".mode csv\r")
        took = stop(t, "SELECT range FROM range(100000000000);", paged=True)
        note(f"{took * 1000:.0f} ms")
        t.send(".mode box\r.rows all\r")
        stop(t, "SELECT range FROM range(100000000000);", paged=True)
        leave(t)


@suite.case
def ctrl_c_while_files_are_planned():
    """A table of many manifests: they are read before the engine has anything to do."""
    import fastavro
    folder = folder_of("planned")
    (folder / "t.json").write_text(lines({"id": 1}), encoding="utf-8")
    firn("load", "t.json", "--into", "./lake", cwd=folder, want=0)
    metadata = table(folder / "lake", "raw.t")
    listed = pathlib.Path(metadata.current_snapshot().manifest_list.removeprefix("file://"))
    with open(listed, "rb") as f:
        reader = fastavro.reader(f)
        schema, about, (entry,) = reader.writer_schema, reader.metadata, list(reader)
    manifest = pathlib.Path(entry["manifest_path"].removeprefix("file://"))
    entries = []
    for i in range(12000):
        copy = manifest.with_name(f"{i}.avro")
        os.link(manifest, copy)
        entries.append(dict(entry, manifest_path=f"file://{copy}"))
    about = {k: v for k, v in about.items() if not k.startswith("avro.")}
    with open(listed, "wb") as f:
        fastavro.writer(f, schema, entries, metadata=about)
    with shell(cwd=folder) as t:
        t.run("SELECT 1;")
        t.clear()
        began = time.monotonic()
        t.send("SELECT count(*) FROM raw.t WHERE id = 1;\r")
        end = time.monotonic() + 0.15
        while time.monotonic() < end:
            t.read(0.02)
        t.send("\x03")
        t.prompt(30)
        took = time.monotonic() - began
        if "interrupted" not in t.text():
            raise Skip(f"planning was done in {took:.2f} s")
        note(f"{(took - 0.15) * 1000:.0f} ms")
        assert took < 2, took
        contains(t.run("SELECT 2 AS two;"), "│ two │")
        leave(t)


@suite.case
def told_to_end():
    for sent in (signal.SIGTERM, signal.SIGHUP):
        for statement in (None, SLOW):
            with shell() as t:
                if statement:
                    t.send(statement + "\r")
                    t.settle(0.3, 1)
                os.kill(t.process.pid, sent)
                same(t.end(), 0, f"{sent} {statement}")
    with shell() as t:
        before = t.process.pid
        t.send("\x1a")  # Ctrl-Z: nobody is there to wake it but us
        t.settle(0.2)
        os.kill(before, signal.SIGCONT)
        t.send("SELECT 'awake' AS x;\r")
        t.wait("│ awake │")
        leave(t)


@suite.case
def the_terminal_goes_away():
    for statement in ("", SLOW):
        t = shell()
        t.send(statement + "\r")
        t.settle(0.2, 0.5)
        os.close(t.master)
        try:
            t.process.wait(10)
        except subprocess.TimeoutExpired:
            t.process.kill()
            raise AssertionError(f"it stays without a terminal: {statement!r}") from None


# --- what is no terminal ------------------------------------------------------------------------

@suite.case
def dumb_and_colourless():
    with Terminal([BIN, "sql", "./lake"], cwd=lake(), term="dumb",
                  env=environment({"HOME": str(folder_of("home-dumb"))})) as t:
        t.wait("firn>")
        t.send("SELECT 1 AS a,\n")
        t.wait("   ->")
        t.send("NULL AS b;\n")
        t.wait("1 row")
        t.send("SELECT 'dropped\n\x03")
        t.settle()
        t.send("SELECT 2 AS two;\n")
        t.wait("│ two │")
        t.send(SLOW + "\n")
        t.settle(0.5, 1)
        t.send("\x03")
        t.wait("interrupted")
        t.settle()
        t.send("\x04")
        same(t.end(), 0)
        assert b"\033" not in t.raw, t.raw
    with shell(env={"NO_COLOR": "1"}) as t:
        t.run("SELECT NULL AS n;")
        same(re.findall(rb"\033\[[0-9;]*m", t.raw), [])
        leave(t)
    with shell() as t:
        t.run("SELECT NULL AS n;")
        assert b"\033[2mNULL" in t.raw
        leave(t)


@suite.case
def pipes_are_scripts():
    script = (b"SELECT 1 AS a, NULL AS n;\n.mode csv\nSELECT 'x\xc3\xa9' AS b;\n.tables raw.i*\n"
              b"-- the end\n;\n")
    done = firn("sql", "./lake", cwd=lake(), stdin=script, want=0)
    assert "\033" not in done.out + done.err and "firn>" not in done.out, done
    contains(done.out, "│ 1 │ NULL │", "b\nxé\n", "raw.items\n")
    done = firn("sql", "./lake", cwd=lake(), stdin=b"SELECT 1;\nSELECT\n  nope;\nSELECT 3;")
    same(done.exit, 1)
    contains(done.err, "line 3, column 3", "\n    nope;\n    ^", "error ")
    assert "│ 3 │" not in done.out, done
    same(firn("sql", "-c", ".quit", cwd=lake(), want=0).out, "")
    process = start("sql", "./lake", cwd=lake(), stdin=subprocess.PIPE)
    out, _ = process.communicate(b".mode csv\nSELECT 5 AS five;\n.quit\nSELECT 6;\n", timeout=60)
    same(text(out), "five\n5\n")


# --- errors -------------------------------------------------------------------------------------

@suite.case
def errors_show_their_place():
    for sql, place, excerpt in (
            ("SELECT nope", "line 1, column 8", "  SELECT nope\n         ^"),
            ("SELECT 1,\n\tnope", "line 2, column 2", "   nope\n   ^"),
            ("SELECT '日本語', nope", "line 1, column 15",
             "  SELECT '日本語', nope\n" + " " * 19 + "^"),
            ("SELECT " + "1, " * 60 + "nope", "line 1, column 188", "nope\n"),
            ("SELECT 1; FROM raw.nope", "line 1, column 16",
             "  SELECT 1; FROM raw.nope\n" + " " * 17 + "^")):
        done = firn("sql", "./lake", sql, cwd=lake())
        same(done.exit, 1, sql)
        contains(done.err, place, excerpt)
        carets = [line.index("^") for line in done.err.splitlines() if line.strip() == "^"]
        same(len(carets), 1, done.err)
        assert all(len(line) < 90 for line in done.err.splitlines()[1:3]), done.err


# --- formats ------------------------------------------------------------------------------------

QUERY = ("SELECT i AS id, CASE i WHEN 0 THEN 'a,\"b\"' WHEN 1 THEN '' WHEN 2 THEN NULL "
         "ELSE 'x|y' || chr(10) || 'z' END AS t, i / 4 AS d, [i, NULL] AS l, i > 1 AS b, "
         "DATE '2025-01-31' + i::INT AS day, TIMESTAMPTZ '2025-01-31 10:11:12.5+00' AS ts, "
         "(i * 1.25)::DECIMAL(9,2) AS m FROM range(4) r(i)")


@suite.case
def formats():
    folder = folder_of("formats")

    def out(word):
        return firn("sql", QUERY, "-o", word, cwd=folder, want=0).out
    found = list(csv.reader(io.StringIO(out("csv"))))
    same(found[0], ["id", "t", "d", "l", "b", "day", "ts", "m"])
    same(found[1], ["0", 'a,"b"', "0.0", "[0,null]", "false", "2025-01-31",
                    "2025-01-31 10:11:12.500+00", "0.00"])
    contains(out("csv"), '\n1,"",0.25,', "\n2,,0.5,")
    records = json.loads(out("json"))
    same(records[3], {"id": 3, "t": "x|y\nz", "d": 0.75, "l": [3, None], "b": True,
                      "day": "2025-02-03", "ts": "2025-01-31T10:11:12.500+00:00", "m": 3.75})
    same([json.loads(line) for line in out("jsonl").splitlines()], records)
    contains(out("markdown"), "| id | t | d | l | b | day | ts | m |\n"
             "|--:|---|--:|---|---|---|---|--:|\n", "| 2 | NULL |", "x\\|y<br>z")
    contains(out("line"), "id  = 0\n", "\n\nid  = 1\nt   = \n", "t   = x|y\nz\n")
    contains(out("table"), "│  3 │ x|y\\nz │ 0.75 │", "4 rows")
    contains(out("box"), "│  3 │ x|y\\nz │ 0.75 │")
    for word in ("csv", "json", "jsonl", "markdown", "line", "table", "box"):
        file = folder / f"x.{word}"
        done = firn("sql", QUERY, "-o", word, "--output", file, cwd=folder, want=0)
        same((done.out, file.read_text(encoding="utf-8")), ("", out(word)), word)
    done = firn("sql", QUERY, "-o", "xml", cwd=folder)
    contains(done.err, "box, table, csv, json, jsonl, markdown, line or parquet", "'xml'")


@suite.case
def parquet():
    import pyarrow.parquet as pq
    folder = folder_of("parquet")
    firn("sql", QUERY, "-o", "parquet", "--output", "x.parquet", cwd=folder, want=0)
    found = pq.read_table(folder / "x.parquet").to_pylist()
    same([r["t"] for r in found], ['a,"b"', "", None, "x|y\nz"])
    same([str(r["m"]) for r in found], ["0.00", "1.25", "2.50", "3.75"])
    firn("sql", "SELECT sum(i) AS s, max(i)::UBIGINT AS u FROM range(9) t(i)", "-o", "parquet",
         "--output", "y.parquet", cwd=folder, want=0)
    same({f.name: str(f.type) for f in pq.read_schema(folder / "y.parquet")},
         {"s": "decimal128(38, 0)", "u": "decimal128(20, 0)"})
    with open(folder / "z.parquet", "wb") as f:
        subprocess.run([BIN, "sql", "./lake", "FROM raw.orders", "-o", "parquet"], stdout=f,
                       cwd=lake(), check=True, env=environment())
    same(pq.read_table(folder / "z.parquet").num_rows, 300)
    piped = subprocess.run([BIN, "sql", "./lake", "SHOW TABLES", "-o", "parquet"], cwd=lake(),
                           stdout=subprocess.PIPE, check=True, env=environment()).stdout
    same(pq.read_table(io.BytesIO(piped)).num_rows, 4)
    done = firn("sql", "SELECT 1; SELECT 2", "-o", "parquet", "--output", "two.parquet", cwd=folder)
    same(done.exit, 2)
    contains(done.err, "holds one result")
    assert not (folder / "two.parquet").exists()


@suite.case
def a_file_appears_when_it_is_whole():
    folder = folder_of("whole")
    for word in ("csv", "json", "parquet"):
        file = folder / "out"
        file.write_text("as it was", encoding="utf-8")
        done = firn("sql", "SELECT CASE WHEN i = 900000 THEN error('stop') ELSE i END AS i "
                    "FROM range(1000000) t(i)", "-o", word, "--output", "out", cwd=folder)
        same((done.exit, file.read_text(encoding="utf-8")), (1, "as it was"), word)
        same(os.listdir(folder), ["out"], word)
    firn("sql", "SELECT 1 AS a", "-o", "csv", "--output", "/dev/null", cwd=folder, want=0)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@suite.case
def numbers_read_back():
    """Doubles and floats as Python prints them: the shortest text that reads back."""
    seed = random.randrange(1 << 30)
    rng = random.Random(seed)
    doubles = [0.1, 1e15, 1e16, 123456789012345680.0, 5e-324, 1.7976931348623157e308, 1e-4, 1e-5,
               0.30000000000000004, 2.0 ** 52, 2.0 ** 53, 4503599627370497.5, 9007199254740993.0]
    for _ in range(20000):
        kind = rng.randrange(4)
        if kind == 0:
            d = struct.unpack("<d", rng.randbytes(8))[0]
        elif kind == 1:
            d = round(rng.uniform(-1e6, 1e6), rng.randrange(7))
        elif kind == 2:
            d = rng.uniform(-1, 1) * 10 ** rng.randrange(-6, 17)
        else:
            d = rng.randrange(1, 1 << 53) / (1 << rng.randrange(70))
        if d == d and abs(d) != float("inf"):
            doubles.append(d)
    folder = folder_of("numbers")
    (folder / "d.csv").write_text("d\n" + "\n".join(map(repr, doubles)) + "\n", encoding="utf-8")
    done = firn("sql", "FROM read_csv('d.csv', columns = {d: 'DOUBLE'})", "-o", "csv", cwd=folder,
                want=0)
    for found, wanted in zip(done.out.split("\n")[1:], doubles):
        same(float(found), wanted, f"seed {seed}")
        assert len(found.lstrip("-")) <= max(len(repr(abs(wanted))), 18), (found, wanted)
        if 1e-4 <= abs(wanted) < 1e15:
            same(found, repr(wanted), f"seed {seed}")
    floats = [struct.unpack("<f", struct.pack("<f", d))[0] for d in doubles if abs(d) < 1e38]
    (folder / "f.csv").write_text("f\n" + "\n".join(map(repr, floats)) + "\n", encoding="utf-8")
    done = firn("sql", "FROM read_csv('f.csv', columns = {f: 'FLOAT'})", "-o", "csv", cwd=folder,
                want=0)
    for found, wanted in zip(done.out.split("\n")[1:], floats):
        same(struct.unpack("<f", struct.pack("<f", float(found)))[0], wanted, f"seed {seed}")
        if 1e-4 <= abs(wanted) < 1e6:
            assert len(found.strip("-0.")) <= 10, (found, wanted)


@suite.case
def results_stream():
    """The memory does not grow with the rows."""
    folder = folder_of("streams")
    rows = (100_000, 1_000_000 if not FULL else 20_000_000)
    for word in ("csv", "jsonl", "table"):
        peaks = []
        for n in rows:
            done = firn("sql", f"SELECT i, i / 3 AS d, 'text ' || i AS t FROM range({n}) r(i)",
                        "-o", word, "-n", "all", "--output", "out", cwd=folder, want=0, limit=300)
            peaks.append(done.peak)
            with open(folder / "out", "rb") as f:
                counted = sum(block.count(b"\n") for block in iter(lambda: f.read(1 << 20), b""))
            same(counted, n + {"csv": 1, "jsonl": 0, "table": 5}[word], word)
        assert peaks[1] < peaks[0] + (24 << 20), f"{word}: {peaks}"
    (folder / "out").unlink()


# --- tables -------------------------------------------------------------------------------------

@suite.case
def each_statement_sees_the_newest_state():
    folder = folder_of("newest")
    (folder / "t.json").write_text(lines({"id": 1}), encoding="utf-8")
    firn("load", "t.json", "--into", "./lake", cwd=folder, want=0)
    with shell(cwd=folder) as t:
        contains(t.run("SELECT count(*) AS n FROM raw.t;"), "│ 1 │")
        (folder / "more").mkdir()
        (folder / "more/t.json").write_text(lines({"id": 2}), encoding="utf-8")
        firn("load", "more/t.json", "--into", "./lake", cwd=folder, want=0)
        contains(t.run("SELECT count(*) AS n FROM raw.t;"), "│ 2 │")
        contains(t.run("ALTER TABLE raw.t ADD COLUMN note string;"), "raw.t")
        contains(t.run("DESCRIBE raw.t;"), "note")
        complete(t, "SELECT * FROM raw.t WHERE no", lambda _, words: "note" in words)
        leave(t)


@suite.case
def views_of_a_project():
    p = Project("{from: drop.t.json, into: raw.t}")
    p.write("t.json", lines({"id": 1, "v": 2.5}))
    p.model("curated.v", "/* firn {materialize: view} */ SELECT id AS key, v AS worth FROM raw.t")
    p.run(want=0)
    with shell("-p", ".", cwd=p.folder) as t:
        contains(t.run(".tables"), "curated.v (view)", "raw.t")
        contains(t.run("FROM curated.v;"), "│ key │ worth │")
        complete(t, "FROM cur", lambda line, _: line == "FROM curated.v")
        complete(t, "SELECT * FROM curated.v WHERE wor",
                 lambda line, _: line == "SELECT * FROM curated.v WHERE worth")
        leave(t)


suite.end()

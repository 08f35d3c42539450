#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv
"""What a run says, and what it refuses, at the edges: files of which nothing lands, tables that are
partitioned in another way, folders for scratch files that are not ours, the line of progress."""
import json
import math
import os
import pathlib
import pty
import re
import stat
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (BIN, TMP, Project, Suite, contains, environment, exists, firn,  # noqa: E402
                     same, table)

suite = Suite()
SLOW_BIN = pathlib.Path(os.environ.get("FIRN_BUILD_FAILPOINTS") or "build") / "firn"
SLOW = {"FIRN_FAILPOINTS": "landing.after_unit=sleep:1700"}


def one(name, content, entry=""):
    """A project with one file in one stream, into raw.t."""
    p = Project(f"{{from: 'drop.*.{name.split('.')[-1]}', into: raw.t{entry}}}",
                name=sys._getframe(1).f_code.co_name)
    p.write(name, content)
    return p


# --- nothing lands ------------------------------------------------------------------------------

@suite.case
def all_records_rejected():
    for name, content, count in (("a.json", '{"a"}\n{oops}\n', 2), ("a.csv", "a,b\n1\n2\n3\n", 3),
                                 ("a.json", "[1, 2, 3]", 3)):
        p = one(name, content)
        done = p.run("--json", want=3)
        same(done.event("node_finished")["rows"], 0)
        found = p.rejects("raw.t")
        same(done.event("node_finished")["rejects"], len(found))
        same(len(found), count)
        same(p.rows("raw.t", drop=()), [])
        p.run("--json", want=0)
        same(len(p.rejects("raw.t")), len(found))


@suite.case
def all_records_of_a_later_file_rejected():
    p = one("a.json", '{"a": 1}\n')
    p.run(want=0)
    p.write("b.json", "{what}\n{is}\n{this}\n")
    done = p.run("--json", want=3)
    same(done.event("node_finished")["rejects"], 3)
    same(p.rows("raw.t"), [{"a": 1}])
    same([r["raw"].strip() for r in p.rejects("raw.t")], ["{what}", "{is}", "{this}"])
    p.write("c.json", '{"a": 2}\n')
    p.run(want=0)
    same(p.rows("raw.t", sort="a"), [{"a": 1}, {"a": 2}])


@suite.case
def all_records_rejected_partitioned():
    p = Project("{from: 'drop.*.json', into: raw.t, partition: [d], "
                "columns: {d: {type: date, required: true}}}")
    p.write("a.json", '{"x": 1}\n{"d": "soon"}\n')
    same(p.run("--json", want=3).event("node_finished")["rejects"], 2)
    same(p.rows("raw.t"), [])
    p.write("b.json", '{"d": "2024-05-01", "x": 2}\n')
    p.run(want=0)
    same(len(p.rows("raw.t")), 1)


@suite.case
def blanks_are_said():
    for name, content in (("a.json", "  \n\n \t\r\n"), ("a.csv", "\n\r\n\n"), ("a.json", "[ ]\n"),
                          ("a.csv", "a,b\n")):
        p = one(name, content)
        done = p.run("--json", want=0)
        same(done.event("note")["text"], f"file '{name}' holds no records")
        known = content == "a,b\n"
        same(exists(p.lake, "raw.t"), known)
        node = done.event("node_finished")
        same((node["status"], node.get("exists", True)), ("done" if known else "unchanged", known))
        shown = p.run(want=0).out
        assert known == ("FROM raw.t LIMIT" in shown), shown


@suite.case
def many_blanks_are_counted():
    p = one("good.json", '{"a": 1}\n')
    for i in range(25):
        p.write(f"f{i:02d}.json", "\n")
    notes = [e["text"] for e in p.run("--json", want=0).events() if e["event"] == "note"]
    same(len(notes), 11)
    same(notes[0], "file 'f00.json' holds no records")
    same(notes[-1], "15 more files hold none")
    same(p.rows("raw.t"), [{"a": 1}])


# --- lines --------------------------------------------------------------------------------------

@suite.case
def lines_of_rejects():
    for end in ("\n", "\r\n", "\r"):
        p = one("a.csv", end.join(["a,b", "1,2", "", "3", "4,5", "6", ""]))
        p.run(want=3)
        same([r["line"] for r in p.rejects("raw.t")], [4, 6], repr(end))
        p = one("a.json", end.join(["[", '{"a": 1},', "", '{"a": },', "3", "]", ""]))
        p.run(want=3)
        same([r["line"] for r in p.rejects("raw.t")], [4, 5], repr(end))


# --- partitions ---------------------------------------------------------------------------------

def notes(done):
    return [e for e in done.events() if e["event"] == "note"]


@suite.case
def another_partition_spec():
    p = one("a.json", '{"d": "2024-05-01", "n": 1}\n', ", partition: [month(d)]")
    same(notes(p.run("--json", want=0)), [])
    for asked, said in (("[day(d)]", 1), ("[month(d), n]", 1), ("[]", 1), ("[gone]", 1),
                        ("[month(d)]", 0)):
        p.describe(f"{{from: 'drop.*.json', into: raw.t, partition: {asked}}}")
        p.write(f"b{asked}.json", '{"d": "2024-06-01", "n": 2}\n')
        found = notes(p.run("--json", want=0))
        same(len(found), said, asked)
        for e in found:
            same(e["text"], "the table is partitioned by month(d) and stays so: `partition` is for "
                            "a table that is made; firn alter raw.t partition by … changes it")
            same((e["stream"], e["namespace"], e["table"]), ("drop.*.json", "raw", "t"))
        same(notes(p.run("--json", want=0)), [])
    p.describe("{from: 'drop.*.json', into: raw.t}")
    p.write("c.json", '{"d": "2024-07-01", "n": 3}\n')
    same(notes(p.run("--json", want=0)), [])
    same([str(f.transform) for f in table(p.lake, "raw.t").spec().fields], ["month"])


@suite.case
def another_partition_spec_of_a_model():
    p = one("a.json", '{"d": "2024-05-01", "n": 1}\n')
    model = "/* firn\nmaterialize: table\npartition: [%s]\n*/\nSELECT n, n + 1 AS m FROM raw.t\n"
    p.model("c.x", model % "n")
    same(notes(p.run("--json", want=0)), [])
    p.model("c.x", model % "m")
    found = notes(p.run("--json", want=0))
    same([(e["stream"], e["table"]) for e in found], [(None, "x")])
    contains(found[0]["text"], "partitioned by n and stays so")


# --- scratch ------------------------------------------------------------------------------------

def ask(folder):
    return firn("sql", "SELECT 1", env={"TMPDIR": str(folder)})


@suite.case
def scratch_is_private():
    folder = TMP / "scratch"
    folder.mkdir()
    own = folder / f"firn-{os.geteuid()}"
    same(ask(folder).exit, 0)
    same(stat.S_IMODE(own.stat().st_mode), 0o700)
    same(list(own.iterdir()), [])
    own.chmod(0o755)
    same(ask(folder).exit, 0)
    same(stat.S_IMODE(own.stat().st_mode), 0o700)
    for mode in (0o777, 0o720, 0o1777):
        own.chmod(mode)
        done = ask(folder)
        same(done.exit, 1)
        contains(done.err, str(own), "written to by other users", "TMPDIR")
    own.rmdir()
    (folder / "evil").mkdir()
    own.symlink_to(folder / "evil")
    contains(ask(folder).err, str(own), "is a link or a file", "TMPDIR")
    same(list((folder / "evil").iterdir()), [])
    own.unlink()
    own.write_text("")
    contains(ask(folder).err, "is a link or a file")
    own.unlink()
    if os.geteuid() == 0:
        own.mkdir(0o700)
        os.chown(own, 1, 1)
        contains(ask(folder).err, "belongs to another user")
        own.rmdir()
    contains(ask(folder / "gone").err, "cannot create", "TMPDIR")


# --- progress -----------------------------------------------------------------------------------

def on_terminal(program, *args, cwd, env):
    """Runs a command on a terminal; returns what it writes there."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execve(str(program), [str(program), *args], environment({"TERM": "xterm", **env}))
    out = b""
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        out += piece
    os.close(fd)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status == 0, out
    return out.decode()


LINE = re.compile(r"raw\.t: 2 rows, 18 bytes, \d rows/s, \d+ s left")


def slow_project():
    p = Project("{from: 'drop.*.json', into: raw.t}", name=sys._getframe(1).f_code.co_name)
    p.write("a.json", '{"a": 1}\n{"a": 2}\n')
    return p


@suite.case
def progress_on_a_terminal():
    p = slow_project()
    shown = on_terminal(SLOW_BIN, "run", cwd=p.folder, env=SLOW)
    before, _, behind = shown.partition("┌")
    pieces = before.split("\r\x1b[K")
    assert len(pieces) >= 3 and pieces[-1] == "", shown
    for piece in pieces[:-1]:
        assert LINE.fullmatch(piece), shown
    assert "\x1b[K" not in behind and "rows/s" not in behind, shown


@suite.case
def no_progress():
    for args, env in ((("--quiet",), SLOW), (("--json",), SLOW),
                      ((), {**SLOW, "TERM": "dumb"})):
        p = slow_project()
        shown = on_terminal(SLOW_BIN, "run", *args, cwd=p.folder, env=env)
        assert "rows/s" not in shown and "\x1b[K" not in shown, shown
    for _ in range(5):  # on a machine that is busy a run may take longer
        p = slow_project()
        began = time.monotonic()
        shown = on_terminal(BIN, "run", cwd=p.folder, env={})
        if time.monotonic() - began < 1:
            assert "rows/s" not in shown and "\x1b[K" not in shown, shown
            return
    raise AssertionError("no run took less than a second")


@suite.case
def progress_events():
    p = slow_project()
    shown = on_terminal(SLOW_BIN, "run", "--json", cwd=p.folder, env=SLOW)
    found = [e for e in map(json.loads, shown.splitlines()) if e["event"] == "progress"]
    assert len(found) >= 2, shown
    for e in found:
        same({k: e[k] for k in ("stream", "namespace", "table", "records", "bytes", "stored_bytes",
                                "stored_total", "eta_seconds")},
             {"stream": "drop.*.json", "namespace": "raw", "table": "t", "records": 2, "bytes": 18,
              "stored_bytes": 18, "stored_total": 18, "eta_seconds": 0})
        same(e["records_per_second"], int(2 / e["seconds"]))
    assert found[0]["seconds"] < found[-1]["seconds"]


# --- values -------------------------------------------------------------------------------------

@suite.case
def zeros_keep_their_signs():
    """Also where both signs stand in one column, at any depth, and in many partitions."""
    texts = ["-0.0", "0.0", "1.5", "-0e0"]
    signs = {i: math.copysign(1, float(texts[i % 4])) for i in range(4000)}
    lines = "".join(f'{{"i":{i},"p":{i % 7},"x":{texts[i % 4]},"l":[{{"y":{texts[i % 4]}}}]}}\n'
                    for i in signs)
    for partition in ("", ", partition: [p]"):
        p = one("a.jsonl", lines, partition)
        p.run()
        found = p.rows("raw.t")
        same(len(found), 4000)
        same({r["i"]: math.copysign(1, r["x"]) for r in found}, signs)
        same({r["i"]: math.copysign(1, r["l"][0]["y"]) for r in found}, signs)
    p = one("a.csv", "i,x\n" + "".join(f"{i},{texts[i % 4]}\n" for i in signs))
    p.run()
    same({r["i"]: math.copysign(1, r["x"]) for r in p.rows("raw.t")}, signs)


suite.end()

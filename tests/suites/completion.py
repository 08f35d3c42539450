#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""Completion: what the program offers for a line, that it is quick, and that bash, zsh and fish
take it (those that are installed)."""
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (BIN, TMP, Project, Skip, Suite, contains, environment, firn, lines, note,
                     same, text)  # noqa: E402

suite = Suite()


def offers(line, cwd="/"):
    """What is offered for a line, by the words before the blank or the cursor."""
    words = line.split(" ")
    found = firn("completion", "words", "--", *words, cwd=cwd, want=0).out
    return [entry.split("\t")[0] for entry in found.splitlines()]


def verbs():
    return re.findall(r"^  ([a-z]+) ", firn("help", want=0).out, re.M)


shared_project = []


def shop():
    """A project that was run, with tables, streams, a model and a file beside it."""
    if not shared_project:
        p = Project(["{from: drop.orders.json, into: raw.orders}",
                     "{from: 'drop.people*.csv', into: raw.people}"], name="shop")
        p.write("orders.json", lines({"id": 1}))
        p.write("people.csv", "id,name\n1,x\n")
        p.model("curated.sales", "SELECT count(*) AS n FROM raw.orders")
        p.run(want=0)
        (p.folder / "notes.txt").write_text("x", encoding="utf-8")
        shared_project.append(p)
    return shared_project[0]


# --- what is offered ----------------------------------------------------------------------------

@suite.case
def every_verb_and_option():
    same(offers("firn "), verbs())
    same(offers("firn sta"), ["status"])
    for verb in verbs():
        found = offers(f"firn {verb} --")
        wanted = re.findall(r"^  (?:-\w, |    )(--[a-z-]+)", firn("help", verb, want=0).out, re.M)
        same(found, wanted, verb)
        assert "--help" in found and "--color" in found, verb
    contains(offers("firn --"), "--help", "--version", "--color")


@suite.case
def values_of_options():
    same(offers("firn run --color "), ["auto", "always", "never"])
    same(offers("firn run --color=al"), ["--color=always"])
    same(offers("firn run --only "), ["ingest", "models"])
    formats = offers("firn sql -o ")
    assert {"table", "csv", "json"} <= set(formats), formats
    same(offers("firn sql --format=cs"), ["--format=csv"])
    same(offers("firn run --project "), [":files"])
    same(offers("firn load x.json --into "), [":folders"])
    same(offers("firn load x"), [":files"])
    same(offers("firn completion "), ["bash", "zsh", "fish"])
    assert {"run", "project", "errors"} <= set(offers("firn help "))
    assert "E1102" in offers("firn help E11")
    same(offers("firn nosuchverb "), [])
    same(offers("firn run --nosuch"), [])


@suite.case
def names_as_they_are_now():
    p = shop()
    tables = ["curated.sales", "raw.orders", "raw.people"]
    same(sorted(x for x in offers("firn show ", p.folder) if x != ":folders"), tables)
    same([x for x in offers("firn show raw.p", p.folder) if x != ":folders"], ["raw.people"])
    same(offers("firn run +cur", p.folder), ["+curated.sales"])
    assert {"raw.orders", "drop.orders.json", "drop.people*.csv", "curated.sales"} <= set(
        offers("firn run ", p.folder))
    same(offers("firn run --exclude raw.o", p.folder), ["raw.orders"])
    # a warehouse, or a project elsewhere, that the line names
    same(sorted(x for x in offers(f"firn show {p.lake} ", "/") if x != ":folders"), tables)
    same(offers(f"firn run -p {p.folder}/firn.yml cur", "/"), ["curated.sales"])
    found = offers("firn history ", p.folder)
    assert "last" in found and "raw.orders" in found, found
    assert any(re.fullmatch("[0-9a-f]{8}", x) for x in found), found
    same([x for x in offers("firn show ", "/") if x[0] != ":"], [])


@suite.case
def quick():
    p = shop()
    for line in ("firn show raw.", "firn run ", "firn history ", "firn "):
        times = []
        for _ in range(5):
            began = time.monotonic()
            subprocess.run([BIN, "completion", "words", "--", *line.split(" ")], cwd=p.folder,
                           stdout=subprocess.DEVNULL, check=True, env=environment())
            times.append(time.monotonic() - began)
        note(f"{line!r}: {min(times) * 1000:.0f} ms")
        assert min(times) < 0.05, f"{line}: {times}"


@suite.case
def nothing_is_written():
    p = Project("{from: drop.a.json, into: raw.a}")
    for line in ("firn show ", "firn run ", "firn history ", "firn sql "):
        offers(line, p.folder)
    same(sorted(os.listdir(p.folder)), ["data", "firn.yml"])
    p.write("../firn.yml", "name: [broken\n")
    same(offers("firn run ", p.folder), [])


@suite.case
def wrong_shells():
    contains(firn("completion", want=2).err, "which shell", "bash, zsh or fish")
    contains(firn("completion", "tcsh", want=2).err, "'tcsh'", "bash, zsh or fish")


# --- shells -------------------------------------------------------------------------------------

def shell_environment():
    """A PATH on which `firn` is the program that is tested."""
    folder = TMP / "bin"
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / "firn").symlink_to(BIN)
    home = TMP / "home"
    home.mkdir(exist_ok=True)
    return environment({"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(home),
                        "TERM": "xterm", "LC_ALL": "C.UTF-8", "XDG_CONFIG_HOME": None,
                        "XDG_DATA_HOME": None})


def need(shell):
    if not shutil.which(shell):
        raise Skip(f"there is no {shell} here")


def typed(command, setup, keys, wanted, cwd, wait=10):
    """Types into a shell on a terminal until `wanted` appears behind the last of the keys."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execvpe(command[0], command, {**shell_environment(), "PS1": "READY> "})
    shown = ""

    def until(pattern):
        nonlocal shown
        end = time.monotonic() + wait
        while not re.search(pattern, shown):
            if time.monotonic() > end:
                raise AssertionError(f"{pattern!r} did not come: {shown[-600:]!r}")
            if select.select([master], [], [], 0.1)[0]:
                shown += text(os.read(master, 65536))
    try:
        os.write(master, (setup + " ; echo SET''UP\n").encode())
        until("SETUP")
        shown = ""
        os.write(master, keys.encode())
        until(wanted)
    finally:
        os.close(master)
        os.kill(pid, 9)
        os.waitpid(pid, 0)


@suite.case
def in_bash():
    need("bash")
    p = shop()
    script = ('source <(firn completion bash); COMP_LINE="$1"; COMP_POINT=${#1}; '
              'read -ra COMP_WORDS <<<"$1"; _firn; printf "%s\\n" "${COMPREPLY[@]}"')

    def completed(line):
        done = subprocess.run(["bash", "--norc", "-c", script, "-", line], cwd=p.folder, text=True,
                              env=shell_environment(), capture_output=True, check=True)
        same(done.stderr, "")
        return done.stdout.split("\n")[:-1]
    same(completed("firn sta"), ["status"])
    same(completed("firn "), verbs())
    same(completed("firn show raw.p"), ["raw.people"])
    same(completed("firn sql --format=cs"), ["csv"])  # readline keeps what is before the '='
    same(completed("firn sql --format cs"), ["csv"])
    same(completed("firn load no"), ["notes.txt"])
    same(completed("firn load x --into da"), ["data"])
    typed(["bash", "--norc", "--noprofile", "-i"], "source <(firn completion bash)",
          "firn show raw.pe\t", r"firn show raw\.people", p.folder)
    typed(["bash", "--norc", "--noprofile", "-i"], "source <(firn completion bash)",
          "firn hist\tlas\t", "firn history last", p.folder)


@suite.case
def in_zsh():
    need("zsh")
    p = shop()
    setup = "autoload -Uz compinit; compinit -u -D; source <(firn completion zsh)"
    for keys, wanted in (("firn sta\t", "firn status"), ("firn show raw.pe\t", r"raw\.people"),
                         ("firn load not\t", r"notes\.txt"), ("firn run --full\t", "full-refresh")):
        typed(["zsh", "-f", "-i"], setup, keys, wanted, p.folder)
    # as it is installed: found by its name on fpath
    folder = TMP / "site"
    folder.mkdir(exist_ok=True)
    (folder / "_firn").write_text(firn("completion", "zsh", want=0).out, encoding="utf-8")
    typed(["zsh", "-f", "-i"], f"fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D",
          "firn sta\t", "firn status", p.folder)


@suite.case
def in_fish():
    need("fish")
    p = shop()
    folder = TMP / "home/.config/fish/completions"
    shell_environment()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "firn.fish").write_text(firn("completion", "fish", want=0).out, encoding="utf-8")

    def completed(line):
        done = subprocess.run(["fish", "-c", "complete -C $argv[1]", line], cwd=p.folder, text=True,
                              env=shell_environment(), capture_output=True, check=True)
        same(done.stderr, "")
        return [entry.split("\t")[0] for entry in done.stdout.splitlines()]
    same(completed("firn sta"), ["status"])
    same(sorted(completed("firn ")), sorted(verbs()))
    same([x for x in completed("firn show raw.p") if "." in x], ["raw.people"])
    same(completed("firn sql --format=cs"), ["--format=csv"])
    assert "notes.txt" in completed("firn load no"), completed("firn load no")
    assert "data/" in completed("firn load x --into da"), completed("firn load x --into da")


suite.end()

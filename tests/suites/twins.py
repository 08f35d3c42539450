#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=900
"""Several firn at the same time, on the same streams and on two streams of one table: everything
is in the tables once, in one line of snapshots, as if one firn had done it all; who came too late
is told so, and nothing of it is left behind."""
import json
import pathlib
import random
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import crashlab  # noqa: E402
from crashlab import (Lab, contents, differences, done, hold, leftovers, popen,  # noqa: E402
                      release, run)
from firnlab import (FULL, TMP, Project, Suite, contains, lines, multiset, note, rows,  # noqa: E402
                     same, table)

suite = Suite()
TWIN = re.compile(r"^error E3004: \S+: another firn landed the stream '.*' meanwhile; this run "
                  r"committed nothing of it$")
wanted = {}


def reference():
    """What an undisturbed run of each phase gives."""
    if not wanted:
        wanted.update(crashlab.undisturbed(TMP / "reference"))
    return wanted


def new_lab(name, phase):
    """A lab before a phase."""
    lab = Lab(TMP / name)
    if phase == "grow":
        run(lab.folder, want=3)
        lab.grow()
    return lab


def check(lab, phase):
    """A last run has nothing to do but to clean up; then all is as it must be."""
    end = run(lab.folder, "--json", want=0)
    states = {e["table"]: e["status"] for e in end.events() if e["event"] == "node_finished"}
    same(set(states.values()), {"unchanged"}, f"{states}")
    wrong = differences(contents(lab.lake), reference()[phase])
    wrong += leftovers(lab.lake) + crashlab.lint(lab.lake)
    same(wrong, [], phase)
    for name in Lab.TABLES:
        crashlab.history(lab.lake, name)


def check_end(end):
    """Done, or refused as a twin with all that must be said."""
    said = crashlab.error_lines(end.err)
    if not said:
        assert end.exit in (0, 3), end
        return 0
    same(end.exit, 1, end.err)
    assert all(TWIN.match(line) for line in said), end
    contains(end.err, "run again: what the other one landed is then left out")
    return len(said)


# --- the same streams ---------------------------------------------------------------------------

@suite.case
def twin_overtakes_at_creation():
    """The first is stopped before its swap, the second lands everything: that is found."""
    lab = new_lab("creation", "create")
    first = hold(lab.folder, "commit.before_swap")
    second = run(lab.folder, want=3)
    same(check_end(second), 0)
    same(check_end(release(first)), 0)
    check(lab, "create")


@suite.case
def twin_overtakes():
    """The same where the tables exist.  An append that could be put on top is refused, by name;
    one that brings a column, and a replacement, begin again and find everything landed."""
    for nth, refused in ((1, 0), (2, 1), (3, 0)):
        lab = new_lab(f"overtaken-{nth}", "grow")
        first = hold(lab.folder, "commit.before_swap", nth=nth)
        second = run(lab.folder, "--only", "ingest")
        first = release(first)
        same(check_end(second), 0)
        same(check_end(first), refused, f"stream {nth}: {first.err}")
        if refused:
            contains(first.err, "raw.places: another firn landed the stream 'drop.places/*.csv'")
        run(lab.folder, "--only", "models", want=0)
        check(lab, "grow")


@suite.case
def twin_is_not_taken_for_dead():
    """A run that stands still has published files: the other one reclaims nothing of it."""
    lab = new_lab("alive", "create")
    first = hold(lab.folder, "landing.after_unit", "drop.events/*.json", nth=3)
    before = crashlab.on_disk(lab.lake)
    assert sum(".parquet" in path for path in before) >= 2, "nothing was published yet"
    run(lab.folder, "raw.places", "raw.rates", want=0)
    same(sorted(before - crashlab.on_disk(lab.lake)), [])
    same(release(first).exit, 3)
    run(lab.folder, "--only", "models", want=0)
    check(lab, "create")


@suite.case
def twins_at_once():
    """Two and more that start together, or nearly so."""
    refused = ends = 0
    for seed in range(6 if not FULL else 80):
        rng = random.Random(seed)
        phase = ("create", "grow")[seed % 2]
        lab = new_lab(f"at-once-{seed}", phase)
        processes = []
        for _ in range(rng.choice((2, 2, 3, 6))):
            processes.append(popen(lab.folder, "run", "--threads", rng.choice("124")))
            time.sleep(rng.choice((0, 0, 0.02, 0.1)))
        for process in processes:
            refused += check_end(done(process))
            ends += 1
        run(lab.folder)
        check(lab, phase)
    note(f"{ends} runs, {refused} streams refused")


@suite.case
def twins_and_a_crash():
    """One of two dies before its swap: the other, or the next run, does it all."""
    killed = 0
    for phase in ("create", "grow"):
        for point in ("commit.before_swap", "landing.after_unit", "catalog.before_commit"):
            lab = new_lab(f"crash-{phase}-{point}", phase)
            one = popen(lab.folder, "run", points=f"{point}=nth:1:kill")
            two = popen(lab.folder, "run")
            killed += done(one).exit < 0
            check_end(done(two))
            run(lab.folder)
            check(lab, phase)
    assert killed >= 3, f"only {killed} were killed"


# --- two streams of one table -------------------------------------------------------------------

def two_streams(name, other=""):
    """Two streams of one table; `other`: what only the second's records hold."""
    p = Project(["{from: 'drop.a/*.json', into: raw.t}", "{from: 'drop.b/*.json', into: raw.t}"],
                name=name)
    brought = []
    for kind in "ab":
        for i in range(3):
            records = [{"id": i * 1000 + k, "kind": kind} for k in range(400)]
            if kind == "b" and other:
                records = [{**r, other: r["id"] * 2} for r in records]
            p.write(f"{kind}/{i}.json", lines(*records))
            brought += records
    return p, brought


def check_streams(p, brought, commits):
    columns = {key for record in brought for key in record}
    full = [{key: r.get(key) for key in sorted(columns)} for r in brought]
    found = [{key: r[key] for key in sorted(columns)} for r in rows(p.lake, "raw.t")]
    assert multiset(found) == multiset(full), f"{len(found)} rows instead of {len(full)}"
    same(len(crashlab.history(p.lake, "raw.t")), commits, "commits")
    position = json.loads(table(p.lake, "raw.t").current_snapshot().summary["firn.position"])
    same(sorted(position["streams"]), ["drop.a/*.json", "drop.b/*.json"])
    same(leftovers(p.lake) + crashlab.lint(p.lake), [])


@suite.case
def colleagues_in_one_table():
    """The first is stopped before its swap, the second lands the other stream: the first is put on
    top of it, without a word.  Also where the second brings a column."""
    for other in ("", "x"):
        p, brought = two_streams(f"colleagues-{other or 'same'}", other)
        p.run("drop.a/*.json")
        p.write("a/more.json", lines({"id": -1, "kind": "a"}))
        brought.append({"id": -1, "kind": "a"})
        first = hold(p.folder, "commit.before_swap", "drop.a/*.json")
        same(run(p.folder, "drop.b/*.json").exit, 0)
        end = release(first)
        same((end.exit, crashlab.error_lines(end.err)), (0, []))
        check_streams(p, brought, 3)


@suite.case
def colleagues_bring_columns():
    """Both bring a column of their own: the one that comes later is landed again on top."""
    p, brought = two_streams("columns", "x")
    first = hold(p.folder, "commit.before_swap", "drop.a/*.json")
    same(run(p.folder, "drop.b/*.json").exit, 0)
    same(release(first).exit, 0)
    for kind, column in (("a", "y"), ("b", "z")):
        p.write(f"{kind}/more.json", lines({"id": -2, "kind": kind, column: "new"}))
        brought.append({"id": -2, "kind": kind, column: "new"})
    first = hold(p.folder, "commit.before_swap", "drop.a/*.json")
    same(run(p.folder, "drop.b/*.json").exit, 0)
    same(release(first).exit, 0)
    check_streams(p, brought, 4)


@suite.case
def colleagues_at_once():
    """Started together, on a table that is not there yet, then on one that is."""
    for seed in range(4 if not FULL else 60):
        p, brought = two_streams(f"colleagues-at-once-{seed}")
        for again in range(2):
            both = [popen(p.folder, "run", s) for s in ("drop.a/*.json", "drop.b/*.json")]
            for process in both:
                end = done(process)
                same((end.exit, crashlab.error_lines(end.err)), (0, []), end.err)
            check_streams(p, brought, 2 + 2 * again)
            for kind in "ab":
                p.write(f"{kind}/more.json", lines({"id": -1, "kind": kind}))
                brought.append({"id": -1, "kind": kind})


suite.end()

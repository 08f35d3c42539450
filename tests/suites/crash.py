#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=3600
"""Crashes: at each fail point, once and again during recovery; at random times; by signals; at
each unit with other numbers of threads.  After every one a clean run must give what an undisturbed
run gives, and leave nothing else behind.

Without --full the matrix is a sample: every fail point, first and second crash, with every action,
but each at one pass of the point only.  It is written to FIRN_TMP/crash-matrix.txt and to the
log."""
import concurrent.futures
import itertools
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import crashlab  # noqa: E402
from crashlab import Lab, contents, differences, leftovers, passes, popen, run  # noqa: E402
from firnlab import FULL, TMP, Skip, Suite, contains, note, same, table  # noqa: E402

suite = Suite()
WORKERS = 2
LATE = "commit.before_swap"  # a crash here leaves the most behind
# What goes on as if nothing had happened: the commit stands, whatever is said behind it.
HARMLESS = {"commit.after_swap", "landing.after_commit"}
# Said by the catalog, an unknown outcome is looked up and settled; elsewhere it makes no sense.
UNKNOWN = {"catalog.before_commit", "commit.after_swap"}


# --- a worker's lab -----------------------------------------------------------------------------

class Bench:
    """A lab, the warehouse before and after an undisturbed run of each phase, and what that run
    passed."""

    def __init__(self, name):
        self.lab = Lab(TMP / name)
        self.wanted, self.passed = {}, {}
        for phase in ("create", "grow"):
            if phase == "grow":
                self.lab.keep("lake-grow")
                self.lab.grow()
            log = self.lab.folder / f"{phase}.log"
            run(self.lab.folder, log=log, want=3)
            self.wanted[phase], self.passed[phase] = contents(self.lab.lake), passes(log)
            assert set(self.wanted[phase]) == set(Lab.TABLES)
        # the files of the phase `create` are only those that are not of the phase `grow`
        self.grown = self.lab.folder / "data-grown"
        self.files(None)

    def files(self, phase):
        """Puts the files of a phase into place; their times stay as they are."""
        data = self.lab.folder / "data"
        new = ["events/e6.json", "events/e7.json", "places/b.csv"]
        self.grown.mkdir(exist_ok=True)
        for name in new:
            here, away = data / name, self.grown / name.replace("/", "-")
            if phase == "grow" and away.exists():
                away.rename(here)
            elif phase != "grow" and here.exists():
                here.rename(away)
        rates = self.lab.folder / "data/rates.json"
        for kind in ("create", "grow"):
            kept = self.grown / f"rates-{kind}.json"
            if not kept.exists():
                kept.write_text(rates_of(kind), encoding="utf-8")
                os.utime(kept, (1.7e9 + (kind == "grow"),) * 2)
        rates.unlink(missing_ok=True)
        os.link(self.grown / f"rates-{'grow' if phase == 'grow' else 'create'}.json", rates)

    def begin(self, phase):
        self.files(phase)
        self.lab.restore(f"lake-{phase}")

    def rejects(self):
        if "raw.events__rejects" not in crashlab.table_names(self.lab.lake):
            return 0
        return table(self.lab.lake, "raw.events__rejects").scan().count()


def rates_of(phase):
    rows = [{"country": c, "rate": i} for i, c in enumerate(crashlab.COUNTRIES)]
    if phase == "grow":
        rows = [{"country": r["country"], "rate": r["rate"] * 10, "note": "new"} for r in rows]
    return json.dumps(rows)


benches = {}


def bench():
    """This process's bench; made at its first use."""
    if os.getpid() not in benches:
        benches[os.getpid()] = Bench(f"bench-{os.getpid()}")
    return benches[os.getpid()]


def finish(b, phase):
    """Runs cleanly; returns what is wrong, in words."""
    before = b.rejects()
    end = run(b.lab.folder)
    found = contents(b.lab.lake)
    wrong = differences(found, b.wanted[phase]) + leftovers(b.lab.lake)
    wrong += crashlab.lint(b.lab.lake)
    landed = found.get("raw.events__rejects", (None,))[0]
    wanted = 3 if landed and landed.total() > before else 0
    if end.exit != wanted:
        wrong.append(f"exit {end.exit} instead of {wanted}: {end.err[-300:]}")
    return wrong


# --- the matrix ---------------------------------------------------------------------------------

def check_disturbed(end, point, action):
    """What is wrong about how a disturbed run ended."""
    said = crashlab.error_lines(end.err)
    if action == "kill":
        return [] if end.exit == -signal.SIGKILL else [f"not killed: exit {end.exit}"]
    if point in HARMLESS or action == "unknown":
        good = end.exit in (0, 3) and not said
        return [] if good else [f"exit {end.exit}, said {said}"]
    if end.exit != 1:
        return [f"exit {end.exit} instead of 1"]
    if len(said) != 1 or f"fail point {point}: " not in said[0]:
        return [f"{len(said)} lines of error: {said}"]
    if action == "nospc" and "free some space" not in end.err:
        return ["no advice about space"]
    return []


def disturb(b, point, action, nth):
    """A run with a fail point; returns (was it hit, what is wrong)."""
    log = b.lab.folder / "passed.log"
    log.unlink(missing_ok=True)
    end = run(b.lab.folder, points=f"{point}=nth:{nth}:{action}", log=log)
    hit = passes(log)[point] >= nth
    if not hit:
        return False, [] if end.exit in (0, 3) else [f"exit {end.exit}: {end.err[-300:]}"]
    return True, check_disturbed(end, point, action)


def scenario(phase, point, action, nth, second):
    """One cell of the matrix: (hit, what is wrong)."""
    b = bench()
    b.begin(phase)
    wrong = []
    recovering = b.passed[phase][point] == 0  # passed only when there is something to recover
    if second or recovering:
        first = LATE if recovering else point
        hit, wrong = disturb(b, first, "kill", 1)
        assert hit, first
    if second and recovering:
        hit, more = disturb(b, point, "kill", 1)
        wrong += more
    hit, more = disturb(b, point, action, nth)
    wrong += more
    return hit, wrong + finish(b, phase)


def cells(points, passed):
    """All (phase, point, action, nth, second) to try: each point x {first crash, second crash
    during recovery} x {kill, io error, no space}.  The sample takes turns between the phases, and
    between the first pass of a point, the last, and one in the middle; --full takes all."""
    turn = 0
    for point in points:
        for action in ("kill", "io", "nospc") + (("unknown",) if point in UNKNOWN else ()):
            for phase in ("create", "grow"):
                count = max(1, passed[phase][point])
                nths = (1, (count + 1) // 2, count)
                if FULL:
                    yield from ((phase, point, action, nth, False) for nth in range(1, count + 1))
                    yield phase, point, action, 1, True
                else:
                    second = (phase == "grow") == (turn % 2 == 0)
                    yield phase, point, action, 1 if second else nths[turn % 3], second
            turn += 1


def try_cell(cell):
    try:
        return cell, *scenario(*cell)
    except Exception as error:  # an outcome, whatever it is
        return cell, True, [f"{type(error).__name__}: {error}"]


def write_matrix(results):
    """The table; a line a point and action: good of all, and what was wrong."""
    lines = {}
    for (phase, point, action, nth, second), hit, wrong in results:
        key = (point, action, "second" if second else "first")
        word = "FAIL " + "; ".join(wrong) if wrong else "ok" if hit else "not reached"
        lines.setdefault(key, []).append((f"{phase} #{nth}", word))
    text = []
    for (point, action, which), words in sorted(lines.items()):
        bad = [f"{where}: {word}" for where, word in words if word.startswith("FAIL")]
        good = [where for where, word in words if word == "ok"]
        missed = [where for where, word in words if word == "not reached"]
        text.append(f"{point:<26} {action:<8} {which:<7} ok {', '.join(good) or '-'}"
                    + (f" | not reached {', '.join(missed)}" if missed else "")
                    + (f" | {' | '.join(bad)}" if bad else ""))
    (TMP / "crash-matrix.txt").write_text("\n".join(text) + "\n", encoding="utf-8")
    for line in text:
        note(line)


@suite.case
def matrix():
    """Each fail point x {first, second crash} x {kill, io error, no space, unknown}."""
    points = crashlab.all_points()
    assert points, "the program knows no fail points"
    todo = list(cells(points, bench().passed))
    benches.clear()  # the workers make their own
    with concurrent.futures.ProcessPoolExecutor(WORKERS) as pool:
        results = list(pool.map(try_cell, todo))
    write_matrix(results)
    good = sum(hit and not wrong for _, hit, wrong in results)
    note(f"{len(points)} fail points, {len(results)} scenarios, {good} good, "
         f"{sum(not hit for _, hit, _ in results)} not reached")
    missed = set(points) - {cell[1] for cell, hit, _ in results if hit}
    assert not missed, f"never hit: {sorted(missed)}"
    bad = [f"{' '.join(map(str, cell))}: {'; '.join(wrong)}" for cell, _, wrong in results if wrong]
    assert not bad, f"{len(bad)} of {len(results)}: " + " | ".join(bad)[:2000]


# --- at random ----------------------------------------------------------------------------------

def interrupted_runs(seed, signals):
    """Runs that get a signal at a random time, until one ends by itself (at most four)."""
    b = bench()
    phase = ("create", "grow")[seed % 2]
    rng = random.Random(seed)
    b.begin(phase)
    began = time.monotonic()
    ends = []
    for _ in range(rng.randrange(1, 4)):
        process = popen(b.lab.folder, "run", "--threads", rng.choice("1248"))
        time.sleep(rng.random() * 0.25)
        which = rng.choice(signals)
        process.send_signal(which)
        sent = time.monotonic()
        end = crashlab.done(process)
        ends.append((which, end, time.monotonic() - sent))
    wrong = finish(b, phase)
    assert not wrong, f"seed {seed}, {time.monotonic() - began:.1f} s: {'; '.join(wrong)}"
    return ends


@suite.case
def kill_at_random_times():
    for seed in range(14 if not FULL else 300):
        interrupted_runs(seed, [signal.SIGKILL])


@suite.case
def stop_at_random_times():
    """SIGINT and SIGTERM: the run stops soon, says so, and nothing is half done."""
    states = {}
    for seed in range(14 if not FULL else 200):
        for which, end, seconds in interrupted_runs(seed, [signal.SIGINT, signal.SIGTERM]):
            assert seconds < 5, f"seed {seed}: {seconds} s after the signal"
            assert end.exit in (0, 1, 3, -which), f"seed {seed}: {end}"
            if end.exit == 1:
                assert "interrupted" in end.err, f"seed {seed}: {end}"
            else:
                assert "skipped" not in end.out, f"seed {seed}: {end}"
            states[end.exit] = states.get(end.exit, 0) + 1
    note(f"exit states {states}")


def stop_at(point, which):
    """Stops a run that sleeps at a fail point; returns how it ended and what it left."""
    b = bench()
    b.begin("create")
    log = b.lab.folder / "passed.log"
    log.unlink(missing_ok=True)
    process = popen(b.lab.folder, "run", points=f"{point}=nth:1:sleep:600", log=log)
    while passes(log)[point] == 0:
        time.sleep(0.01)
    process.send_signal(which)
    end = crashlab.done(process)
    return end, leftovers(b.lab.lake), finish(b, "create")


@suite.case
def stopped_run_cleans_up():
    """A run that is told to stop ends with 1 and one line that says so, and leaves nothing behind,
    not even scratch: what was not committed is gone, and what was is whole."""
    signals = itertools.cycle((signal.SIGINT, signal.SIGTERM))
    for point in ("write.before_copy", "landing.after_unit", "publish.before_sync",
                  "commit.before_manifest", "commit.before_swap", "landing.after_commit",
                  "model.after_publish"):
        for which in (signal.SIGINT, signal.SIGTERM) if FULL else (next(signals),):
            end, left, wrong = stop_at(point, which)
            same((end.exit, left, wrong), (1, [], []), f"{point} {which.name}: {end.err}")
            said = crashlab.error_lines(end.err)
            assert said and all("interrupted" in line for line in said), f"{point}: {end}"
            contains(end.err, "nothing half is visible; run the same command again to go on")
            same(len(said), 1, f"{point}: {said}")


@suite.case
def second_signal_stops_at_once():
    b = bench()
    b.begin("create")
    log = b.lab.folder / "passed.log"
    log.unlink(missing_ok=True)
    process = popen(b.lab.folder, "run", points="write.before_copy=sleep:20000", log=log)
    while passes(log)["write.before_copy"] == 0:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    end = crashlab.done(process)
    same(end.exit, 130)
    assert end.seconds < 5
    same(finish(b, "create"), [])


# --- a disk that is really full -----------------------------------------------------------------

@suite.case
def full_disk():
    """A file system that is too small for the run, of several sizes, so that the space ends in the
    engine, in a metadata file, in the catalog: clear words, and with more space all is landed."""
    if os.geteuid() != 0:
        raise Skip("only root may mount a small file system")
    ends = [run_in_little_space(kb) for kb in (64, 100, 136, 200, 350, 500, 700, 900)]
    note(f"exit states {ends}")
    assert ends[0] == 1 and ends.count(1) >= 4


def run_in_little_space(kb):
    """Returns the exit status of a run whose warehouse may have `kb` KB."""
    b = bench()
    b.begin("create")
    b.lab.lake.mkdir(exist_ok=True)
    done = mount("-t", "tmpfs", "-o", f"size={kb}k", "tmpfs", b.lab.lake)
    if done.returncode != 0:
        raise Skip(f"no small file system can be mounted here: {done.stderr.strip()}")
    try:
        end = run(b.lab.folder)
        mount("-o", "remount,size=64m", b.lab.lake)
        if end.exit != 3:
            check_full(end, kb)
        same(halves(b), [], f"{kb} KB")
        same(finish(b, "create"), [], f"{kb} KB")
    finally:
        subprocess.run(["umount", "-l", b.lab.lake], check=False)
    return end.exit


def mount(*args):
    return subprocess.run(["mount", *args], capture_output=True, text=True, check=False)


def check_full(end, kb):
    said = crashlab.error_lines(end.err)
    same(end.exit, 1, f"{kb} KB: {end}")
    assert said, f"{kb} KB: {end}"
    contains(end.err, "free some space")


def halves(b):
    """Tables are as after the run, or not there."""
    found = contents(b.lab.lake)
    wanted = {name: b.wanted["create"][name] for name in found}
    return differences(found, wanted) + crashlab.lint(b.lab.lake)


# --- units and threads --------------------------------------------------------------------------

@suite.case
def kill_at_each_unit():
    """1, 2 and 8 threads, killed at each unit: the same rows, the same schema."""
    b = bench()
    for phase in ("create", "grow") if FULL else ("create",):
        units = b.passed[phase]["landing.after_unit"]
        assert units >= 4, f"only {units} units"
        for threads, unit in itertools.product((1, 2, 8), range(1, units + 1)):
            b.begin(phase)
            end = run(b.lab.folder, "--threads", threads,
                      points=f"landing.after_unit=nth:{unit}:kill")
            same(end.exit, -signal.SIGKILL)
            end = run(b.lab.folder, "--threads", threads, want=(0, 3))
            wrong = differences(contents(b.lab.lake), b.wanted[phase]) + leftovers(b.lab.lake)
            same(wrong, [], f"{phase}, {threads} threads, unit {unit}")


@suite.case
def nothing_new_after_all():
    """What was landed in spite of crashes is known to be landed."""
    b = bench()
    b.begin("grow")
    run(b.lab.folder, points="commit.after_swap=nth:1:kill")
    run(b.lab.folder, points="landing.after_commit=nth:2:kill")
    run(b.lab.folder)
    end = run(b.lab.folder, "--json", want=0)
    states = {e["table"]: e["status"] for e in end.events() if e["event"] == "node_finished"}
    same(states, {t.split(".")[1]: "unchanged" for t in Lab.TABLES if "__" not in t})
    same(differences(contents(b.lab.lake), b.wanted["grow"]), [])


suite.end()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared,strace,gcc timeout=1800
"""Durable means synced.  Two witnesses: strace, which sees every sync before the catalog is told;
and a library loaded into firn (tests/tools/powercut.c) that keeps only what was synced, from which
the warehouse after a power cut is put together: it must read clean, and the next run must go on as
if nothing had been.  Each witness is also shown a program that forgets a sync, and must notice."""
import collections
import ctypes
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import crashlab  # noqa: E402
import firnlab  # noqa: E402
from crashlab import Lab, contents, differences  # noqa: E402
from firnlab import FULL, ROOT, TMP, Suite, note, path_of, same, table  # noqa: E402

suite = Suite()


# --- what strace saw ----------------------------------------------------------------------------

LINE = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed>)(.*)$")
FD_PATH = re.compile(r"^\d+<([^>]*)>")
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
CALLS = "fsync,fdatasync,rename,renameat,renameat2,link,linkat,mkdir,mkdirat,pwrite64"


class Trace:
    """The calls of a run in their order: synced = [(when, path)], made = {path: when it got its
    name}, first_names = {path: the name it had before}, catalog = [(when, text)]: what was written
    to the catalog's log."""

    def __init__(self, text):
        self.synced, self.made, self.first_names, self.catalog = [], {}, {}, []
        begun = {}
        for when, line in enumerate(text.split("\n")):
            match = LINE.match(line)
            if not match:
                continue
            thread, call, rest = match.groups()
            if rest.endswith("<unfinished ...>"):
                begun[thread] = rest
                if call == "pwrite64":
                    self.write(when, rest)
                continue
            resumed = "resumed>" in line
            args = begun.pop(thread, "") + rest if resumed else rest
            if re.search(r"\) += 0\b", rest):
                self.done(when, call, args)
            elif call == "pwrite64" and not resumed:
                self.write(when, rest)

    def done(self, when, call, args):
        if call in ("fsync", "fdatasync"):
            self.synced.append((when, FD_PATH.match(args).group(1)))
        elif call.startswith(("rename", "link", "mkdir")):
            names = TEXT.findall(args)
            self.made[names[-1]] = when
            self.first_names[names[-1]] = names[0]

    def write(self, when, args):
        path = FD_PATH.match(args)
        if path and path.group(1).endswith("catalog.db-wal"):
            self.catalog.append((when, args))

    def was_synced(self, path, since, before):
        return any(p == path and since < when < before for when, p in self.synced)


def traced(lab, *args):
    log = lab.folder / "strace.log"
    strace = ["strace", "-f", "--seccomp-bpf", "-y", "-s", "6000", "-e", f"trace={CALLS}",
              "-o", log]
    end = crashlab.done(crashlab.popen(lab.folder, "run", *args, binary=firnlab.BIN,
                                       before=strace))
    assert end.exit in (0, 3), end
    return log.read_text(encoding="utf-8", errors="replace")


def commits(lake):
    """Of each snapshot: what kind of file -> paths that it brought, and its metadata's path."""
    found = []
    for name in crashlab.table_names(lake):
        t = table(lake, name)
        versions = [path_of(e.metadata_file) for e in t.metadata.metadata_log]
        versions.append(path_of(t.metadata_location))
        same(len(versions), len(t.metadata.snapshots), f"{name}: metadata files and snapshots")
        for version, snapshot in zip(versions, sorted(t.metadata.snapshots,
                                                      key=lambda s: s.sequence_number)):
            manifests = [m for m in snapshot.manifests(t.io)
                         if m.added_snapshot_id == snapshot.snapshot_id]
            entries = [e for m in manifests for e in m.fetch_manifest_entry(t.io)]
            found.append((name, version, {
                "data file": [path_of(e.data_file.file_path) for e in entries
                              if e.snapshot_id == snapshot.snapshot_id],
                "manifest": [path_of(m.manifest_path) for m in manifests],
                "manifest list": [path_of(snapshot.manifest_list)],
                "metadata file": [version]}))
    return found


def unsynced(trace, lake, found):
    """What was not on disk when the catalog was told, in words; and what was looked at."""
    words, good = [], collections.Counter()
    for name, version, files in found:
        if version not in trace.made:
            continue  # of an earlier run
        before = min(when for when, text in trace.catalog if os.path.basename(version) in text)
        after = max(when for when, _ in trace.catalog)
        if not any(p.endswith("catalog.db-wal") and when > after for when, p in trace.synced):
            words.append(f"{name}: the catalog was not synced")
        for kind, path in ((kind, p) for kind, paths in files.items() for p in paths):
            good[kind] += 1
            if not trace.was_synced(trace.first_names.get(path, path), -1, before):
                words.append(f"{name}: {kind} {path} was not synced")
            step = path
            while step != str(lake.parent):
                folder = os.path.dirname(step)
                if step in trace.made and not trace.was_synced(folder, trace.made[step], before):
                    words.append(f"{name}: folder {folder} was not synced behind {step}")
                good["folder"] += step in trace.made
                step = folder
    return words, good


@functools.cache
def strace_lab():
    """A lab whose two phases ran under strace; (lab, log of each)."""
    lab = Lab(TMP / "strace")
    first = traced(lab)
    lab.grow()
    return lab, (first, traced(lab))


@suite.case
def strace_shows_syncs():
    """Before the catalog's update: each data file, manifest, list, metadata file and folder."""
    lab, logs = strace_lab()
    found = commits(lab.lake)
    checked = collections.Counter()
    for text in logs:
        words, good = unsynced(Trace(text), lab.lake, found)
        same(words, [])
        checked += good
    note(f"{len(found)} commits: {dict(checked)}")
    assert len(found) == checked["metadata file"] >= 10, "commits that were not looked at"
    assert checked["data file"] > len(found) and checked["folder"] > 4 * len(found)


@suite.case
def strace_notices_a_missing_sync():
    """The same logs with one kind of sync taken out of them."""
    lab, logs = strace_lab()
    found = commits(lab.lake)
    whole = joined(logs[0])
    doctored = {
        "data file": r"f(data)?sync\(\d+<[^>]*/\.firn/tmp/[^>]*\.parquet>",
        "manifest": r"fsync\(\d+<[^>]*-m\d+\.avro[^>]*>",
        "manifest list": r"fsync\(\d+<[^>]*/\.snap-[^>]*>",
        "metadata file": r"fsync\(\d+<[^>]*\.metadata\.json[^>]*>",
        "folder": r"fsync\(\d+<[^>]*/metadata>",
        "catalog": r"f(data)?sync\(\d+<[^>]*catalog\.db-wal>"}
    for kind, pattern in doctored.items():
        kept = [line for line in whole if "sync(" not in line or not re.search(pattern, line)]
        assert len(kept) < len(whole), f"no line of the log fits {pattern}"
        words, _ = unsynced(Trace("\n".join(kept)), lab.lake, found)
        assert words and all(kind in word for word in words), f"{kind}: {words[:3]}"
    same(unsynced(Trace("\n".join(whole)), lab.lake, found)[0], [])


def joined(text):
    """The lines of a log, each call in one, at the place where it ended."""
    begun, lines = {}, []
    for line in text.split("\n"):
        match = LINE.match(line)
        if match and line.endswith("<unfinished ...>"):
            begun[match.group(1)] = line.removesuffix("<unfinished ...>").rstrip()
        elif match and "resumed>" in line and match.group(1) in begun:
            lines.append(begun.pop(match.group(1)) + line.split("resumed>", 1)[1])
        else:
            lines.append(line)
    return lines


# --- power cuts ---------------------------------------------------------------------------------

class Shim:
    """The library that keeps what is synced, compiled once."""

    def __init__(self):
        self.path = TMP / "powercut.so"
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", self.path,
                        ROOT / "tests/tools/powercut.c"], check=True)
        self.library = ctypes.CDLL(str(self.path), use_errno=True)

    def identity(self, path):
        """As the shim tells files: `f` or `d`, and numbers."""
        out = ctypes.create_string_buffer(96)
        if self.library.powercut_id(os.fsencode(path), out, 96) != 0:
            raise OSError(ctypes.get_errno(), "statx", str(path))
        return out.value.decode()


shim = None


class Disk:
    """What a disk holds for sure: of each folder the entries, of each file the content."""

    def __init__(self, top):
        """All below `top` is on the disk, as it is now."""
        self.top, self.folders, self.files = pathlib.Path(top), {}, {}
        self.root = shim.identity(top)
        for folder, names, files in os.walk(top):
            own = pathlib.Path(folder)
            self.folders[shim.identity(own)] = {n: shim.identity(own / n) for n in names + files}
            for name in files:
                self.files[shim.identity(own / name)] = (own / name).read_bytes()

    def sync(self, kept):
        """Everything that the shim kept in a run; returns the number of syncs."""
        log = kept / "log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        for line in lines:
            number, identity, _ = line.split(" ", 2)
            data = (kept / number).read_bytes()
            if identity.startswith("f"):
                self.files[identity] = data
            else:
                entries = (e.split(" ", 1) for e in data.decode().splitlines())
                self.folders[identity] = {name: id for id, name in entries}
        return len(lines)

    def take_names(self, top):
        """All names reached the disk, the contents did not: file systems may do that too."""
        for folder, names, files in os.walk(top):
            own = pathlib.Path(folder)
            self.folders[shim.identity(own)] = {n: shim.identity(own / n) for n in names + files}

    def write(self, target):
        """What is found when the power is back."""
        shutil.rmtree(target, ignore_errors=True)
        todo = [(self.root, pathlib.Path(target))]
        while todo:
            identity, path = todo.pop()
            if identity.startswith("d"):
                path.mkdir()
                todo += [(id, path / name)
                         for name, id in self.folders.get(identity, {}).items()]
            else:
                path.write_bytes(self.files.get(identity, b""))


class PowerLab:
    """A lab at rest before each phase, and what an undisturbed run makes of it.  The warehouse of
    all runs lies at the same place, for tables hold absolute paths."""

    def __init__(self, name):
        self.lab = Lab(TMP / name)
        self.before, self.wanted = {}, {}
        for phase in ("create", "grow"):
            if phase == "grow":
                self.lab.grow()
            self.before[phase] = contents(self.lab.lake)
            shutil.copytree(self.lab.folder, TMP / f"{name}-{phase}")
            self.run(phase=None, want=3)
            self.wanted[phase] = contents(self.lab.lake)
        self.name = name

    def begin(self, phase):
        shutil.rmtree(self.lab.folder)
        shutil.copytree(TMP / f"{self.name}-{phase}", self.lab.folder)

    def run(self, phase, at=0, ignore="", want=None):
        """A run with the shim.  Returns its end and the disk behind it; names: as if all names
        had reached it."""
        kept = TMP / "kept"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        if phase:
            self.begin(phase)
        disk = Disk(self.lab.folder)
        env = {"LD_PRELOAD": str(shim.path), "POWERCUT_DIR": str(kept),
               "POWERCUT_BELOW": str(self.lab.folder), "POWERCUT_AT": str(at),
               "POWERCUT_IGNORE": ignore, "POWERCUT_SLOW": "4"}
        end = crashlab.done(crashlab.popen(self.lab.folder, "run", binary=firnlab.BIN, env=env))
        if want is not None:
            same(end.exit, want, end.err)
        self.syncs = disk.sync(kept)
        return end, disk

    def power_back(self, disk):
        disk.write(TMP / "after")
        shutil.rmtree(self.lab.folder)
        (TMP / "after").rename(self.lab.folder)


def halves(found, before, wanted):
    """Tables that are neither as before nor as after the run, in words."""
    words = []
    for name in sorted(found.keys() | before.keys()):
        as_before = differences(only(found, name), only(before, name))
        as_after = differences(only(found, name), only(wanted, name))
        if as_before and as_after:
            words += as_after
    return words


def only(found, name):
    return {name: found[name]} if name in found else {}


def read(lake):
    """What PyIceberg reads, and what is wrong with it."""
    try:
        return contents(lake), crashlab.lint(lake)
    except Exception as error:  # whatever a damaged table makes a reader say
        return {}, [f"cannot be read: {type(error).__name__}: {error}"]


def after_cut(power, phase, disk, done):
    """What is wrong after a power cut, in words; `done`: the run had ended."""
    power.power_back(disk)
    lake = power.lab.lake
    found, wrong = read(lake)
    if not wrong and done:
        wrong = differences(found, power.wanted[phase])
    elif not wrong:
        wrong = halves(found, power.before[phase], power.wanted[phase])
    if wrong:
        return wrong
    end = crashlab.run(power.lab.folder, binary=firnlab.BIN)
    if end.exit not in (0, 3):
        return [f"the next run: {end}"]
    found, wrong = read(lake)
    return wrong + differences(found, power.wanted[phase])


def cut(power, phase, at, names):
    end, disk = power.run(phase, at=at)
    same(end.exit, -signal.SIGKILL, f"cut behind sync {at}: {end}")
    if names:
        disk.take_names(power.lab.folder)
    wrong = after_cut(power, phase, disk, done=False)
    assert not wrong, (f"{phase}, cut behind sync {at}{', names kept' if names else ''}: "
                       f"{'; '.join(wrong)}")


@suite.case
def power_cuts():
    """Behind any sync of a run: everything unsynced is gone, or gone except for the names."""
    global shim
    shim = Shim()
    power = PowerLab("power")
    count = 0
    for phase in ("create", "grow"):
        end, disk = power.run(phase)
        syncs = power.syncs
        assert end.exit == 3 and syncs > 40, f"{syncs} syncs: {end}"
        wrong = after_cut(power, phase, disk, done=True)
        assert not wrong, f"{phase}, behind the end: {'; '.join(wrong)}"
        step = 1 if FULL else 8
        for i, at in enumerate(range(1, syncs, step)):
            for names in (False, True) if FULL else (i % 2 == 0,):
                cut(power, phase, at, names)
                count += 1
        note(f"{phase}: {syncs} syncs")
    note(f"{count} cuts")


@suite.case
def power_cuts_notice_a_missing_sync():
    """A firn that forgets one kind of sync loses something, and it is seen."""
    global shim
    shim = Shim()
    power = PowerLab("forgetful")
    seen = {}
    for kind, pattern in {
            "data files": "*.parquet", "manifests": "*-m0.avro*", "manifest lists": "*/.snap-*",
            "metadata files": "*.metadata.json*", "folder of data": "*/data",
            "folder of metadata": "*/metadata", "folder of a table": "*/lake/raw/*",
            "folder of a namespace": "*/lake/raw", "folder of the warehouse": "*/lake",
            "catalog": "*/catalog.db*"}.items():
        end, disk = power.run("create", ignore=pattern)
        same(end.exit, 3, kind)
        wrong = after_cut(power, "create", disk, done=True)
        assert wrong, f"without syncs of {kind} everything was there"
        seen[kind] = wrong[0][:100]
    for kind, wrong in seen.items():
        note(f"without syncs of {kind}: {wrong}".replace("\n", " "))


suite.end()

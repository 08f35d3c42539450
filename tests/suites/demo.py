#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=600
"""firn demo: an example is copied and run, from a checkout and from an installed program."""
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (BIN, ROOT, TMP, Skip, Suite, contains, environment, exists,  # noqa: E402
                     firn, same)

suite = Suite()
ENV = {"FIRN_EXAMPLES": str(ROOT / "examples")}


def empty(name):
    path = TMP / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def examples():
    return [name for name in ("accounting", "orders")
            if (ROOT / "examples" / name / "firn.yml").exists()]


@suite.case
def runs_each_example():
    for name in examples():
        path = empty(name)
        done = firn("demo", name, cwd=path, env=ENV, want=0)
        where = f"firn-demo-{name}"
        contains(done.out, f"to {where}", f"$ cd {where}", "$ firn run", '$ firn sql "',
                 f"next: cd {where} && firn sql")
        assert exists(path / where / "lake", "raw.accounts" if name == "accounting"
                      else "raw.orders")
        done = firn("demo", name, cwd=path, env=ENV, want=0)
        contains(done.out, "already", "unchanged")


@suite.case
def into_a_folder():
    path = empty("folder")
    firn("demo", "accounting", "some/where", cwd=path, env=ENV, want=0)
    same(sorted(os.listdir(path)), ["some"])
    contains(firn("demo", "accounting", "some/where", cwd=path, env=ENV, want=1).err, "already")


@suite.case
def refusals():
    path = empty("refusals")
    contains(firn("demo", "taxes", cwd=path, env=ENV, want=2).err, "'taxes'",
             "accounting or orders")
    contains(firn("demo", "a", "b", "c", cwd=path, env=ENV, want=2).err, "one example")
    done = firn("demo", cwd=path, env={"FIRN_EXAMPLES": "/nowhere"})
    same(done.exit, 1)
    same(os.listdir(path), [])


@suite.case
def installed():
    """As `make install` puts it: bin/firn, lib/firn, share/firn/examples; no checkout in sight."""
    build = pathlib.Path(BIN).parent
    if not (build / "build.ninja").exists() or not shutil.which("meson"):
        raise Skip("the program does not lie in a build folder")
    path = empty("installed")
    subprocess.run(["meson", "install", "-C", build, "--quiet", "--no-rebuild", "--destdir", path],
                   check=True, capture_output=True)
    (binary,) = path.glob("**/bin/firn")
    prefix = binary.parents[1]
    same(sorted(os.listdir(prefix / "share/firn/examples")), examples())
    assert not list((prefix / "share").rglob("catalog.db")), "what a run left was installed"
    moved = TMP / "moved"
    shutil.rmtree(moved, ignore_errors=True)
    prefix.rename(moved)
    work = empty("work")
    done = subprocess.run([moved / "bin/firn", "demo"], cwd=work, capture_output=True, text=True,
                          env=environment(), check=False)
    same(done.returncode, 0, done.stderr)
    contains(done.stdout, "firn-demo-accounting", "curated.journal_lines")


suite.end()

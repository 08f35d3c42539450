#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel timeout=300
"""The front doors: DuckDB found, checked and refused; firn run from where it is installed or
unpacked."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import FULL, ROOT, TMP, Skip, Suite, contains, same  # noqa: E402

suite = Suite()
PINNED = "libduckdb.so"


def tool(*words, **env):
    clean = {k: v for k, v in os.environ.items() if k not in ("DUCKDB_DIR", "FIRN_CACHE")}
    return subprocess.run([str(ROOT / words[0]), *map(str, words[1:])], text=True, check=False,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=250,
                          env={**clean, **{k: str(v) for k, v in env.items()}})


def duckdb():
    """The folder that this machine's builds use."""
    done = subprocess.run([str(ROOT / "tools/get-duckdb"), "--quick"], text=True, check=True,
                          capture_output=True)
    return pathlib.Path(done.stdout.strip().splitlines()[-1])


@suite.case
def wrong_hash_is_refused():
    """A download that is not what was pinned: file, expected, found."""
    good = duckdb()
    if not good.name.startswith("duckdb-1"):
        raise Skip(f"DuckDB comes from {good}, not from the cache")
    cache = TMP / "cache"
    bad = cache / good.name
    bad.mkdir(parents=True)
    for name in ("duckdb.h", "httpfs.duckdb_extension"):
        os.symlink(good / name, bad / name)
    (bad / PINNED).write_bytes(b"no library")
    done = tool("tools/get-duckdb", FIRN_CACHE=cache)
    assert done.returncode != 0, done.stdout
    same(done.stdout, "")
    contains(done.stderr, "wrong SHA-256", str(bad / PINNED), "expected",
             hashlib.sha256(b"no library").hexdigest())


@suite.case
def given_folder_is_used():
    good = duckdb()
    done = tool("tools/get-duckdb", DUCKDB_DIR=good, FIRN_CACHE=TMP / "nowhere")
    same((done.returncode, done.stdout.strip()), (0, str(good)))


@suite.case
def given_folder_without_duckdb():
    empty = TMP / "empty"
    empty.mkdir()
    done = tool("tools/get-duckdb", DUCKDB_DIR=empty)
    assert done.returncode != 0
    contains(done.stderr, "DUCKDB_DIR", str(empty), PINNED)


@suite.case
def nothing_is_fetched_when_asked_whether_it_is_there():
    done = tool("tools/get-duckdb", "--have", FIRN_CACHE=TMP / "none", HOME=TMP,
                XDG_CACHE_HOME=TMP / "none")
    same((done.returncode, (TMP / "none").exists()), (1, False), done.stderr)


def example(program, folder):
    """Runs the accounting example with a program that lies elsewhere."""
    shutil.copytree(ROOT / "examples/accounting", folder, ignore=shutil.ignore_patterns("lake"))
    done = subprocess.run([str(program), "run", "-q"], cwd=folder, text=True, capture_output=True,
                          check=False, env={"PATH": "/usr/bin:/bin", "HOME": str(TMP)})
    same(done.returncode, 0, done.stderr)
    done = subprocess.run([str(program), "sql", "SELECT count(*) AS n FROM raw.accounts", "-o",
                           "csv"], cwd=folder, text=True, capture_output=True, check=False, env={})
    accounts = json.loads((folder / "data/accounts.json").read_text(encoding="utf-8"))
    same((done.returncode, done.stdout), (0, f"n\n{len(accounts)}\n"), done.stderr)


@suite.case
def installed_program_finds_its_modules():
    build = pathlib.Path(os.environ.get("FIRN_BUILD") or ROOT / "build")
    target = TMP / "installed"
    subprocess.run(["meson", "install", "-C", str(build), "--quiet", "--no-rebuild", "--destdir",
                    str(target)], check=True, capture_output=True)
    (program,) = target.rglob("bin/firn")
    moved = TMP / "moved elsewhere"
    shutil.move(program.parents[1], moved)
    example(moved / "bin/firn", TMP / "from-installed")
    link = TMP / "link-to-firn"
    os.symlink(moved / "bin/firn", link)
    example(link, TMP / "from-link")
    for page in ("firn.1", "firn-run.1", "firn-status.1"):
        assert (moved / "share/man/man1" / page).exists(), page
    for script in ("bash-completion/completions/firn", "zsh/site-functions/_firn",
                   "fish/vendor_completions.d/firn.fish"):
        assert "firn" in (moved / "share" / script).read_text(encoding="utf-8"), script


def tarball_runs_where_it_is_unpacked():
    done = tool("tools/dist")
    same(done.returncode, 0, done.stderr)
    tarball = ROOT / done.stdout.split(",")[0].splitlines()[-1]
    assert tarball.stat().st_size <= 100_000_000
    subprocess.run(["tar", "xzf", str(tarball), "-C", str(TMP)], check=True)
    (program,) = TMP.glob("firn-*/bin/firn")
    needed = subprocess.run(["ldd", str(program)], text=True, capture_output=True, check=True)
    assert "not found" not in needed.stdout
    example(program, TMP / "from-tarball")


if FULL:
    suite.add("tarball_runs_where_it_is_unpacked", tarball_runs_where_it_is_unpacked)
suite.end()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds firn in several ways and runs the suites of tests.  Called by ./test.

Suites: style, unit, unit-asan, and every executable tests/suites/NAME.sh or NAME.py.  Such a
script prints a line per case, `ok NAME`, `FAIL NAME: why` or `SKIP NAME: why`, and exits 1 if
one failed.  A line `# suite: WORDS` near its top says
    parallel        it may run beside other suites
    full            it takes minutes: run only with --full, or by name
    ci              with --ci its full part runs as well, as if with --full
    timeout=SECONDS after which it is killed (default 300)
    needs=A,B       venv (tests/requirements.txt), shared (../shared), root, a build (asan,
                    failpoints, release), or a command; without one it counts as not run
It and the unit tests find in their environment FIRN_ROOT (the checkout), FIRN_BIN (the program),
FIRN_BUILD, FIRN_BUILD_FAILPOINTS and FIRN_BUILD_ASAN (build folders; the last only if the script
needs asan), FIRN_PYTHON (of the virtual environment, or empty), FIRN_SHARED (or empty), FIRN_FULL
(1 with --full and for `ci` suites with --ci, else empty); scripts also FIRN_TMP, a folder of
their own, removed if all is well.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
JOBS = os.cpu_count() or 1
# Build: (compiler, meson options).
BUILDS = {
    "release": ("gcc", []),
    "failpoints": ("gcc", ["-Dfailpoints=true"]),
    "asan": ("clang", ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dfailpoints=true"]),
    "clang": ("clang", []),
}
# What makes mistakes show: sanitizers that stop at once, memory that never happens to be zero.
CHECKED = {
    "MALLOC_PERTURB_": "165",
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:check_initialization_order=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}
CASE = re.compile(r"^(ok|FAIL|SKIP) (.+?)(?:: (.*))?$", re.MULTILINE)
CMOCKA = re.compile(r"^\[ RUN +\] (\S+)\n((?:(?!\[ RUN).*\n)*?)\[ +(OK|FAILED|SKIPPED) +\] \1$",
                    re.MULTILINE)
TROUBLE = re.compile(r"ERROR: \w+Sanitizer|runtime error:|firn: bug|Assertion")
running = set()  # processes to end when we are interrupted


class Result:
    """What became of a suite: the number of good cases, and (case, why) of the others."""

    def __init__(self, name):
        self.name, self.ok, self.failed, self.skipped, self.seconds = name, 0, [], [], 0.0

    def add(self, word, case, why):
        if word == "ok":
            self.ok += 1
        else:
            others = self.failed if word == "FAIL" else self.skipped
            others.append((case, why or "no reason given"))


def end(process):
    """Kills a process and all it started in its own session."""
    for sig, wait in ((signal.SIGTERM, 3), (signal.SIGKILL, 3)):
        try:
            os.killpg(process.pid, sig)
            process.wait(wait)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


def execute(command, log, limit, env=None, cwd=ROOT):
    """Runs a command with its output in the file `log`; returns its status, or None if it was
    killed after `limit` seconds."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, cwd=cwd, start_new_session=True,
                                   env={**os.environ, **(env or {})})
        running.add(process)
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            end(process)  # also what a suite that ended left behind
            running.discard(process)


def died(status, limit):
    if status is None:
        return f"hung: killed after {limit} s"
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


class Runner:
    def __init__(self, args):
        self.args = args
        self.top = ROOT / ("build-ci" if args.ci else "build-test")
        self.logs = self.top / "logs"
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
        except OSError as why:
            sys.exit(f"test: cannot write here ({why}); copy the checkout, or change its owner")
        self.built = {}
        done = subprocess.run([ROOT / "tools/setup", "--python"], capture_output=True, text=True,
                              check=False)
        self.python = done.stdout.strip()
        shared = ROOT.parent / "shared"
        self.shared = str(shared) if (shared / "checks").is_dir() else ""
        folder = {name: str(self.top / name) for name in BUILDS}
        self.env = {**CHECKED, "FIRN_ROOT": str(ROOT), "FIRN_BIN": folder["release"] + "/firn",
                    "FIRN_BUILD": folder["release"], "FIRN_BUILD_ASAN": folder["asan"],
                    "FIRN_BUILD_FAILPOINTS": folder["failpoints"], "FIRN_SHARED": self.shared,
                    "FIRN_PYTHON": self.python, "FIRN_FULL": "1" if args.full else "",
                    "PYTHONDONTWRITEBYTECODE": "1"}

    def build(self, name, result):
        compiler, options = BUILDS[name]
        options = options + (["--werror"] if self.args.ci else [])
        log = self.logs / f"build-{name}.log"
        status = execute([ROOT / "tools/build", self.top / name, *options], log, 1800,
                         {"CC": compiler})
        self.built[name] = status == 0
        result.add("ok" if status == 0 else "FAIL", name, last_lines(log))

    def missing(self, needs):
        """Why a suite with these needs cannot run, or None."""
        for need in needs:
            if need in BUILDS:
                if not self.built.get(need):
                    return f"the {need} build failed"
            elif need == "venv":
                if not self.python:
                    return "no Python packages (tools/setup --for test says why)"
            elif need == "shared":
                if not self.shared:
                    return "there is no ../shared beside the checkout"
            elif need == "root":
                if os.geteuid() != 0:
                    return "needs root"
            elif not shutil.which(need):
                return f"{need} is not installed"
        return None

    def style(self, result):
        build = str(self.top / "release")
        for case, command in (("checkstyle", ["tools/checkstyle.py"]),
                              ("layers", ["tools/layers.py", build]),
                              ("third-party", ["tools/third-party", "--check"]),
                              ("docs", ["tools/docs", "--check", f"{build}/firn"])):
            log = self.logs / f"style-{case}.log"
            shell = ["bash"] if case == "docs" else [sys.executable]
            status = execute([*shell, ROOT / command[0], *command[1:]], log, 60)
            for word, name, why in CASE.findall(read(log)):
                result.add(word, name, why)
            result.add("ok" if status == 0 else "FAIL", case, last_lines(log, 40))

    def unit(self, result, build):
        listed = subprocess.run(["meson", "introspect", "--tests", str(self.top / build)],
                                capture_output=True, text=True, check=True)
        tests = [t for t in json.loads(listed.stdout) if any("unit" in s for s in t["suite"])]
        if not tests:
            result.add("FAIL", "unit", "meson knows no unit tests")

        def one(test):
            log = self.logs / result.name / f"{test['name']}.log"
            limit = test["timeout"]
            return test["name"], log, limit, execute(test["cmd"], log, limit,
                                                     {**test["env"], **self.env})
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            for name, log, limit, status in pool.map(one, tests):
                self.count_cmocka(result, name, log, status, limit)

    def count_cmocka(self, result, name, log, status, limit):
        found = CMOCKA.findall(read(log))
        for case, said, word in found:
            result.add({"OK": "ok", "FAILED": "FAIL", "SKIPPED": "SKIP"}[word], f"{name}.{case}",
                       said.strip() or f"see {log.relative_to(ROOT)}")
        if status != 0 and not any(word == "FAILED" for _, _, word in found):
            result.add("FAIL", name, f"{died(status, limit)}: {last_lines(log)}")
        if not found and status == 0:
            result.add("FAIL", name, "ran no test")

    def script(self, result, suite):
        log = self.logs / f"{suite.name}.log"
        tmp = self.top / "tmp" / suite.name
        shutil.rmtree(tmp, ignore_errors=True)
        if tmp.exists():  # something in it is still mounted, or another user's
            tmp = tmp.with_name(f"{suite.name}-{os.getpid()}")
        tmp.mkdir(parents=True)
        env = {**self.env, "FIRN_TMP": str(tmp)}
        if self.args.ci and suite.ci:
            env["FIRN_FULL"] = "1"
        shell = "bash" if suite.path.suffix == ".sh" else self.python or sys.executable
        status = execute([shell, suite.path], log, suite.timeout, env)
        for word, case, why in CASE.findall(read(log)):
            result.add(word, case, why)
        if status != 0 and not result.failed or status is None:
            result.add("FAIL", suite.name, f"{died(status, suite.timeout)}: {last_lines(log)}")
        if status == 0 and not result.ok and not result.skipped:
            result.add("FAIL", suite.name, "named no case")
        if not result.failed:
            shutil.rmtree(tmp, ignore_errors=True)

    def run(self, suite):
        result = Result(suite.name)
        start = time.monotonic()
        why = self.missing(suite.needs)
        if why:
            result.add("SKIP", suite.name, why)
        else:
            suite.action(self, result)
        result.seconds = time.monotonic() - start
        progress(result)
        return result


class Suite:
    """What to run: either one of the built-in suites, or a script."""

    def __init__(self, name, needs=(), action=None, path=None):
        self.name, self.needs, self.path = name, list(needs), path
        self.parallel, self.full, self.ci, self.timeout = path is None, False, False, 300
        self.action = action or (lambda runner, result: runner.script(result, self))
        if path:
            self.read_header()

    def read_header(self):
        head = "".join(self.path.read_text(encoding="utf-8").splitlines(True)[:30])
        self.needs = ["release", "failpoints"]
        for word in " ".join(re.findall(r"^# suite:(.*)$", head, re.MULTILINE)).split():
            key, _, value = word.partition("=")
            if word in ("parallel", "full", "ci"):
                setattr(self, word, True)
            elif key == "timeout" and value.isdigit():
                self.timeout = int(value)
            elif key == "needs":
                self.needs += value.split(",")
            else:
                sys.exit(f"{self.path}: '# suite:' does not know '{word}'")


def all_suites():
    found = [Suite("style", ["release"], Runner.style),
             Suite("unit", ["release"], lambda r, result: r.unit(result, "release")),
             Suite("unit-asan", ["asan"], lambda r, result: r.unit(result, "asan"))]
    for path in sorted((ROOT / "tests" / "suites").glob("*.*")):
        if path.suffix in (".sh", ".py") and os.access(path, os.X_OK):
            found.append(Suite(path.stem, path=path))
    return found


def chosen(suites, args):
    if args.names:
        unknown = set(args.names) - {s.name for s in suites}
        if unknown:
            print(f"test: no suite named {', '.join(sorted(unknown))}; ./test --list names them",
                  file=sys.stderr)
            sys.exit(2)
        return [s for s in suites if s.name in args.names]
    if args.quick:
        return [s for s in suites if s.name in ("style", "unit")]
    return [s for s in suites if args.full or not s.full or (args.ci and s.ci)]


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")


def last_lines(log, count=12):
    """The lines of a log to show: from the first that names trouble, else the last."""
    lines = [line for line in read(log).splitlines() if line.strip()]
    for i, line in enumerate(lines):
        if TROUBLE.search(line):
            return "\n".join(lines[i:i + count])
    return "\n".join(lines[-count:]) or "no output"


def progress(result):
    word = "FAIL" if result.failed else "ok  " if result.ok else "--  "
    print(f"  {word} {result.name:<16} {result.seconds:6.1f} s", flush=True)


def report(results, left_out, seconds):
    print(f"\n{'suite':<18}{'ok':>7}{'failed':>9}{'not run':>9}{'time':>10}")
    for r in results:
        print(f"{r.name:<18}{r.ok:>7}{len(r.failed):>9}{len(r.skipped):>9}{r.seconds:>8.1f} s")
    ok, failed = sum(r.ok for r in results), sum(len(r.failed) for r in results)
    skipped = [(r.name, case, why) for r in results for case, why in r.skipped]
    print(f"{'all':<18}{ok:>7}{failed:>9}{len(skipped):>9}{seconds:>8.1f} s")
    for suite, case, why in ((r.name, c, w) for r in results for c, w in r.failed):
        print(f"\nFAIL {suite}: {case}\n  " + why.replace("\n", "\n  "))
    if skipped:
        print(f"\nCould not run: {len(skipped)}")
        for suite, case, why in skipped:
            print(f"  {suite}: {case}: {why}" if case != suite else f"  {suite}: {why}")
    if left_out:
        print(f"\nLeft out without --full: {', '.join(s.name for s in left_out)}")
    print(f"\n{ok} passed, {failed} failed, {len(skipped)} could not run")
    return 1 if failed else 0


def run_all(args):
    started = time.monotonic()
    suites = all_suites()
    todo = chosen(suites, args)
    left_out = [s for s in suites if s.full and s not in todo and not args.names + [args.quick]]
    runner = Runner(args)
    wanted = [b for b in BUILDS if any(b in s.needs for s in todo)]
    if args.ci and not args.names:
        wanted.append("clang")
    print(f"test: builds {', '.join(wanted)} in {runner.top.name}/, then runs "
          f"{', '.join(s.name for s in todo)}; output in {runner.top.name}/logs/", flush=True)

    builds = Result("build")
    for name in wanted:
        start = time.monotonic()
        runner.build(name, builds)
        word = "ok  " if runner.built[name] else "FAIL"
        print(f"  {word} build {name:<10} {time.monotonic() - start:6.1f} s", flush=True)
    builds.seconds = time.monotonic() - started

    results = [builds]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        results += pool.map(runner.run, [s for s in todo if s.parallel])
    results += [runner.run(s) for s in todo if not s.parallel]
    return report(results, left_out, time.monotonic() - started)


def main():
    parser = argparse.ArgumentParser(prog="./test", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only style and unit")
    parser.add_argument("--full", action="store_true", help="also the suites that take minutes")
    parser.add_argument("--ci", action="store_true", help="warnings are errors; also a clang "
                        "build, and the slow parts of the suites marked `ci`")
    parser.add_argument("--list", action="store_true", help="only name the suites")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these suites")
    args = parser.parse_args()
    if args.list:
        print("\n".join(s.name + (" (only with --full)" if s.full else "") for s in all_suites()))
        return 0

    def interrupted(*_):
        for process in list(running):
            end(process)
        print("\ntest: interrupted", file=sys.stderr)
        os._exit(130)
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    return run_all(args)


if __name__ == "__main__":
    sys.exit(main())

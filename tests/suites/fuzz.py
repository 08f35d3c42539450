#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: needs=venv,asan timeout=1800
"""The fuzz targets of tests/fuzz, without libFuzzer: each runs its seeds (tests/fuzz/corpus, and
those that tests/fuzz/make_seeds.py makes) and mutations of them, the same at every run; as built
with gcc, where memory is limited, and under AddressSanitizer.  FIRN_SEED chooses other mutations.
An input that fails is kept in the suite's folder as NAME-failed.hex: put it into the corpus."""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import FULL, PYTHON, ROOT, TMP, Suite, note  # noqa: E402

suite = Suite()
CORPUS = ROOT / "tests/fuzz/corpus"
# Inputs for each target, and the seconds after which its mutations end.
BUDGET = {"release": (500_000, 60) if FULL else (12_000, 3),
          "asan": (100_000, 30) if FULL else (4_000, 3)}
BUILDS = {"release": os.environ["FIRN_BUILD"], "asan": os.environ["FIRN_BUILD_ASAN"]}
TOLD = re.compile(r"(\d+) seeds, (\d+) inputs, (\d+) good calls, slowest ([\d.]+) ms")


def targets():
    return sorted(p.stem.removeprefix("fuzz_") for p in (ROOT / "tests/fuzz").glob("fuzz_*.c")
                  if "LLVMFuzzerTestOneInput" in p.read_text(encoding="utf-8"))


def run(build, target):
    """Runs a target; what its driver said."""
    folders = [f for f in (CORPUS / target, TMP / "seeds" / target) if f.is_dir()]
    count = sum(len(list(f.iterdir())) for f in folders)
    assert count, f"{target} has no seeds"
    inputs, seconds = BUDGET[build]
    done = subprocess.run(
        [f"{BUILDS[build]}/tests/fuzz/fuzz_{target}", "--mutations", str(inputs // count),
         "--seconds", str(seconds), "--seed", os.environ.get("FIRN_SEED") or "0", "--out",
         str(TMP), *map(str, folders)],
        capture_output=True, text=True, check=False, errors="replace",
        env={**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
             ":max_allocation_size_mb=512:hard_rss_limit_mb=1500:quarantine_size_mb=32"})
    told = TOLD.search(done.stdout)
    assert done.returncode == 0 and told, f"{done.stdout[-700:]}{done.stderr[-2000:]}"
    return [float(x) for x in told.groups()]


def case(target):
    def body():
        for build in BUILDS:
            seeds, inputs, good, slowest = run(build, target)
            note(f"{target:<14} {build:<8} {seeds:.0f} seeds, {inputs:.0f} inputs, {good:.0f} good "
                 f"calls, slowest {slowest} ms")
            assert inputs > seeds, "no mutation was run"
            assert good > 0, "nothing was ever read: what are the seeds worth?"
            assert slowest < 5000, f"an input took {slowest} ms"
    return body


subprocess.run([PYTHON, ROOT / "tests/fuzz/make_seeds.py", TMP / "seeds"], check=True,
               stdout=subprocess.DEVNULL)
for name in targets():
    suite.add(name, case(name))
# Two at a time; each prints one line.
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    list(pool.map(lambda c: suite.run(*c), suite.cases))
sys.exit(1 if suite.failed else 0)

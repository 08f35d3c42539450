#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel timeout=900
"""tests/sim: 200,000 random interleavings of three writers (ten times as many with --full), shared
out among the cores.  A seed that goes wrong is replayed with `commit_sim 1 SEED`."""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

FULL = bool(os.environ.get("FIRN_FULL"))
TOOL = pathlib.Path(os.environ["FIRN_BUILD"]) / "tests/unit/commit_sim"
COUNT = 2_000_000 if FULL else 200_000
CORES = os.cpu_count() or 1


def simulate(first, count):
    done = subprocess.run([TOOL, str(count), str(first)], capture_output=True, text=True,
                          check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


def main():
    share = COUNT // CORES
    firsts = [1 + i * share for i in range(CORES)]
    shares = [share] * (CORES - 1) + [COUNT - share * (CORES - 1)]
    with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
        results = list(pool.map(simulate, firsts, shares))
    for status, said in results:
        print(f"  {said[-1000:]}")
    good = [int(match.group(1)) for status, said in results
            if status == 0 and (match := re.match(r"ok (\d+) interleavings", said))]
    if sum(good) == COUNT:
        print("ok interleavings")
        return 0
    bad = [" | ".join(said.splitlines()[-3:]) for status, said in results if status != 0]
    print(f"FAIL interleavings: {sum(good)} of {COUNT} went well; {'; '.join(bad)}")
    return 1


sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,asan
"""tests/unit/test_roaring.c over bitmaps that CRoaring made, as built and under the sanitizers."""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(os.environ["FIRN_ROOT"])
FILES = pathlib.Path(os.environ["FIRN_TMP"]) / "roaring"
BUILDS = {"release": os.environ["FIRN_BUILD"], "asan": os.environ["FIRN_BUILD_ASAN"]}
RESULT = re.compile(r"^\[ +(OK|FAILED) +\] (\S+)$", re.MULTILINE)


def run(build, folder):
    done = subprocess.run([f"{folder}/tests/unit/test_roaring"], capture_output=True, text=True,
                          check=False, env={**os.environ, "FIRN_TEST_DATA": str(FILES.parent)})
    said = done.stdout + done.stderr
    found = dict(reversed(pair) for pair in RESULT.findall(said))
    for name, word in found.items():
        print(f"ok {build}.{name}" if word == "OK" else f"FAIL {build}.{name}: see the log")
    if done.returncode or not found:
        print(said)
        print(f"FAIL {build}: exit status {done.returncode} after {len(found)} cases")
    return done.returncode == 0 and bool(found)


FILES.mkdir(parents=True)
subprocess.run([os.environ["FIRN_PYTHON"], ROOT / "tests/tools/make_roaring.py", FILES], check=True)
sys.exit(0 if all([run(*build) for build in BUILDS.items()]) else 1)

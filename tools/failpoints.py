#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""failpoints.py SRC OUT: writes the C table of all FIRN_FAIL("name") places below SRC."""
import pathlib
import re
import sys


def names(src):
    found = set()
    for path in sorted(pathlib.Path(src).rglob("*.[ch]")):
        if path.name in ("fail.h", "fail.c"):
            continue
        found.update(re.findall(r'FIRN_FAIL\(\s*"([a-z0-9_.]+)"', path.read_text()))
    return sorted(found)


def main():
    src, out = sys.argv[1:3]
    lines = ["/* made by tools/failpoints.py */", '#include "env/fail.h"', "",
             "const char *const firn_fail_names[] = {"]
    lines += [f'    "{name}",' for name in names(src)]
    lines += ["    (const char *)0,", "};", ""]
    text = "\n".join(lines)
    path = pathlib.Path(out)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""measure.py: sizes of files and functions, folder by folder, with our targets.

Exit 1 if a hard limit is broken (file, function, complexity: cscan.py; checkstyle.py finds the
same); the medians and shares at the bottom are targets.
"""
import math
import pathlib
import sys

from cscan import MAX_FUNCTION_LINES, Source

ROOT = pathlib.Path(__file__).resolve().parent.parent
ORDER = ["base", "env", "format", "source", "iceberg", "catalog", "engine", "target", "pipeline",
         "serve", "cli"]
COLUMNS = [("directory", 18), ("files/kLOC", 11), ("file med/p90/max", 17), ("functions", 10),
           ("lines med/mean/p90/max", 23), (f">{MAX_FUNCTION_LINES}", 7), ("CCN med/p90/max", 16),
           ("comments .c/.h", 14)]


def percentile(values, share):
    """The smallest value that `share` of the values do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0


def comment_share(sources):
    filled = sum(1 for s in sources for line in s.lines if line.strip())
    return f"{100 * sum(s.comment_lines() for s in sources) / filled:.0f} %" if filled else "–"


def row(name, sources):
    code = [s for s in sources if s.path.suffix == ".c"]
    headers = [s for s in sources if s.path.suffix == ".h"]
    sizes = [len(s.lines) for s in code]
    functions = [f for s in code for f in s.functions]
    lines = [f.lines for f in functions]
    ccn = [f.complexity for f in functions]
    count = len(functions) or 1
    over = sum(1 for n in lines if n > MAX_FUNCTION_LINES)
    return [name, f"{len(code)} / {sum(sizes) / 1000:.1f}",
            f"{percentile(sizes, .5)} / {percentile(sizes, .9)} / {max(sizes, default=0)}",
            str(len(functions)),
            f"{percentile(lines, .5)} / {sum(lines) / count:.0f} / {percentile(lines, .9)} / "
            f"{max(lines, default=0)}",
            f"{100 * over / count:.1f} %",
            f"{percentile(ccn, .5)} / {percentile(ccn, .9)} / {max(ccn, default=0)}",
            f"{comment_share(code)} / {comment_share(headers)}"]


def load(folder):
    return [Source(path, path.read_text(encoding="utf-8"))
            for path in sorted(folder.rglob("*.[ch]"))]


def table(groups):
    print("| " + " | ".join(title.ljust(width) for title, width in COLUMNS) + " |")
    print("|" + "|".join("-" * (width + 2) for _, width in COLUMNS) + "|")
    for name, sources in groups:
        cells = row(name, sources)
        print("| " + " | ".join(c.ljust(w) for c, (_, w) in zip(cells, COLUMNS)) + " |")


def main():
    groups = [("src/" + name, load(ROOT / "src" / name)) for name in ORDER]
    groups = [(name, sources) for name, sources in groups if sources]
    groups.append(("all of src", [s for _, sources in groups for s in sources]))
    tests = load(ROOT / "tests")
    broken = [f"{s.path.relative_to(ROOT)}:{line}: {message}"
              for s in groups[-1][1] + tests for line, message in s.over_limits()]
    table(groups + [("tests", tests)])
    print("\nTargets: function lines median <= 16, p90 <= 50; CCN <= 15 with a switch counted"
          " once;\nfiles <= 600 lines; comments .c 10-20 %, .h >= 40 %.")
    if broken:
        print("\nBroken limits:\n" + "\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layers.py [BUILD]: who may call whom.

Each folder of src may include only itself and the folders before it in ORDER; include/firn is for
src/lib, and its headers include nothing but themselves and the C library.
With a build folder, `nm` on its object files also shows, for each folder: symbols taken from a
folder further down, client libraries outside their folder, and external symbols without the
firn_ prefix.  One line a finding; exit 1 if there is any, 2 if the build folder has no objects.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ORDER = ["base", "env", "format", "source", "iceberg", "catalog", "engine", "lib", "target",
         "pipeline", "serve", "cli"]

# Decoders are pure: bytes to columns, no files, no clock.
PURE = {"base": ["base"], "format": ["base", "format"]}

# Library: its symbols, its headers, and the folders (or sources) of src that may use it.
LIBRARIES = {
    "libduckdb": (r"duckdb_", r"duckdb\.h", ["engine/"]),
    "libcurl": (r"curl_", r"curl/", ["env/"]),
    "SQLite": (r"sqlite3_", r"sqlite3\.h",
               ["catalog/", "pipeline/runs"]),
    "libfyaml": (r"fy_", r"libfyaml\.h", ["pipeline/"]),
    "libmongoc": (r"(?:mongoc|bson)_", r"(?:mongoc|bson)[/.]", ["source/mongodb"]),
    "libpq": (r"(?:PQ|lo_)", r"(?:libpq-fe|postgresql/.*)\.h",
              ["source/postgres", "catalog/postgres", "target/"]),
    "librdkafka": (r"rd_kafka_", r"librdkafka/", ["source/kafka"]),
    "thrift": (r"thrift_", r"thrift/", ["catalog/hive"]),
    "libmicrohttpd": (r"MHD_", r"microhttpd\.h", ["serve/"]),
    "ICU": (r"(?:u_|ucnv_|udat_|unum_|uloc_)", r"unicode/", ["engine/"]),
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', re.MULTILINE)


def rank(name):
    return ORDER.index(name)


def allowed(name, places):
    """Whether `name` (relative to src) lies in one of the places, a folder or start of a name."""
    return any(name.startswith(place) for place in places)


def check_include(name, quote, target):
    """The message for one #include in src/NAME, or None."""
    folder, head = name.split("/")[0], target.split("/")[0]
    if (ROOT / "src" / target).is_file() and head in ORDER:
        if rank(head) > rank(folder):
            return f"{folder} may not include {target}: {head} is a later layer"
        if head not in PURE.get(folder, ORDER):
            return f"{folder} may not include {target}: it uses {', '.join(PURE[folder])} only"
        return None
    if head == "firn" and folder != "lib":
        return f"{target}: the public headers are for src/lib"
    if quote == '"' and not (ROOT / "include" / target).is_file():
        return f'"{target}" is not a file of src or include: write the path from there'
    for library, (_, headers, places) in LIBRARIES.items():
        if re.match(headers, target) and not allowed(name, places):
            return f"{target}: {library} is used only in {', '.join(places)}"
    return None


def include_findings():
    for path in sorted((ROOT / "src").rglob("*.[ch]")):
        name = path.relative_to(ROOT / "src").as_posix()
        if name.split("/")[0] not in ORDER:
            yield f"src/{name}:1: not in a folder that tools/layers.py knows"
            continue
        text = path.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            message = check_include(name, *match.groups())
            if message:
                yield f"src/{name}:{text.count(chr(10), 0, match.start()) + 1}: {message}"


def public_findings():
    """What the public headers include beside themselves: plain headers of the C library only."""
    for path in sorted((ROOT / "include").rglob("*.h")):
        text = path.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            quote, target = match.groups()
            known = (ROOT / "include" / target).is_file() or re.fullmatch(r"std\w+\.h|string\.h",
                                                                          target)
            if quote == '"' or not known:
                line = text.count("\n", 0, match.start()) + 1
                yield (f"include/firn/{path.name}:{line}: {target}: a public header includes "
                       "<firn/…> and the C library only")


def objects(build):
    """{object file: source relative to src} of what the build made from today's sources."""
    found = {}
    for path in sorted(build.rglob("*.o")):
        # In the folder of a library, or of a program of the top folder: src_cli_main.c.o.
        match = (re.search(r"/src/(\w+)/[^/]+\.p/(.+\.c)\.o$", path.as_posix())
                 or re.search(r"\.p/src_([a-z]+)_(.+\.c)\.o$", path.as_posix()))
        if match and match.group(1) in ORDER:
            found[path] = "/".join(match.groups())
    return found


def symbols(build):
    """Yields (source, type, symbol) for each external symbol, from one run of nm."""
    files = objects(build)
    if not files:
        print(f"layers: no object files of src below {build}; build it first", file=sys.stderr)
        sys.exit(2)
    done = subprocess.run(["nm", "--print-file-name", "--extern-only", *map(str, files)],
                          capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        path, _, rest = line.rpartition(":")
        fields = rest.split()
        yield files[pathlib.Path(path)], fields[-2], fields[-1]


def check_symbol(name, symbol, defined):
    """The message for an undefined symbol of src/NAME, or None."""
    folder = name.split("/")[0]
    home = defined.get(symbol)
    if home:
        where = home.split("/")[0]
        if rank(where) > rank(folder):
            return f"{symbol}() is defined in {home}, a later layer"
        return None
    for library, (prefix, _, places) in LIBRARIES.items():
        if re.match(prefix, symbol) and not allowed(name, places):
            return f"{symbol}(): {library} is used only in {', '.join(places)}"
    return None


def symbol_findings(build):
    everything = list(symbols(build))
    defined = {symbol: name for name, kind, symbol in everything if kind != "U"}
    found = set()
    for name, kind, symbol in everything:
        if kind in "Uwv":
            message = check_symbol(name, symbol, defined)
        elif symbol.startswith("firn_") or symbol == "main" or symbol.startswith("__"):
            message = None
        else:
            message = f"external symbol {symbol} does not start with firn_"
        if message:
            found.add(f"src/{name}: {message}")
    yield from sorted(found)


def main():
    if len(sys.argv) > 2 or (len(sys.argv) == 2 and sys.argv[1].startswith("-")):
        print(__doc__.split("\n")[0], file=sys.stderr)
        return 2
    found = list(include_findings()) + list(public_findings())
    if len(sys.argv) == 2:
        found += symbol_findings(pathlib.Path(sys.argv[1]))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

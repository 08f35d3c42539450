#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""checkstyle.py [FILE...]: the rules of the house style that a script can see.

Without names it looks at every file of the checkout.  One line a finding, `file:line: what`;
exit 1 if there is any.  `--no-format` leaves clang-format out.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

from cscan import Source

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_LINE = 100
CLANG_FORMAT = 14  # others lay out a few constructs differently

# Word -> what to use.  Matched in code only, before an opening parenthesis.
BANNED = {
    "strcpy": "firn_buf_adds", "strcat": "firn_buf_adds", "sprintf": "firn_buf_addf",
    "vsprintf": "firn_buf_addf", "strncpy": "memcpy with a known length", "gets": "fgets",
    "strncat": "firn_buf_add", "strtok": "firn_str_cut", "strtok_r": "firn_str_cut",
    "atoi": "firn_str_i64", "atol": "firn_str_i64", "atoll": "firn_str_i64",
    "atof": "firn_str_f64", "localtime": "firn_time", "localtime_r": "firn_time",
    "gmtime": "firn_time", "asctime": "firn_time", "ctime": "firn_time",
    "rand": "the environment's random numbers", "srand": "the environment's random numbers",
    "alloca": "an arena", "system": "posix_spawn", "popen": "posix_spawn",
    "mktemp": "a name below the scratch folder", "tmpnam": "a name below the scratch folder",
    "tempnam": "a name below the scratch folder",
}
# Allocation goes through firn_mem_* (base/mem.c), so that a test can make it fail.
ALLOCATORS = {"malloc", "calloc", "realloc", "reallocarray", "strdup", "strndup", "asprintf",
              "vasprintf"}
MAY_ALLOCATE = {"src/base/mem.c"}

SKIPPED_DIRS = {".git", "__pycache__", "dist", "lake", ".cache"}
SKIPPED_PREFIXES = ("tests/golden/", "tests/fuzz/corpus/")
CODE = {".c", ".h"}
SCRIPTS = {".py", ".sh"}
TEXT = CODE | SCRIPTS | {".build", ".md", ".txt", ".sql", ".yaml", ".yml", ".toml", ".json"}
NAMED = {"Makefile", "quickstart", "test", "run", ".clang-format", ".gitignore"}
HOME_DIRS = re.compile(r"(?<![\w.$}/-])/(?:work|home|root|Users)/\w")
NOTE = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X])\b(?!\(#\d+\))")
FAIL_POINT = re.compile(r'\bFIRN_FAIL\(\s*(?!"[a-z0-9_.]+")')
SPDX = "SPDX-License-Identifier: Apache-2.0"


def tracked():
    """Paths of the checkout relative to ROOT: git's list, or a walk where git cannot tell."""
    done = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "-co", "--exclude-standard"],
                          capture_output=True, check=False) if shutil.which("git") else None
    if done and done.returncode == 0 and (ROOT / ".git").exists():
        return [n for n in done.stdout.decode().split("\0") if n and (ROOT / n).is_file()]
    found = []
    for folder, dirs, files in os.walk(ROOT):
        dirs[:] = sorted(d for d in dirs if d not in SKIPPED_DIRS and not d.startswith("build"))
        found += [os.path.relpath(os.path.join(folder, f), ROOT) for f in sorted(files)]
    return found


def kind(name, text):
    """'c', 'script', 'text', or None for what is not ours to judge."""
    path = pathlib.PurePath(name)
    if name.startswith(SKIPPED_PREFIXES):
        return None
    if path.suffix in CODE:
        return "c"
    if path.suffix in SCRIPTS or path.name in ("Makefile", "meson.build") or text[:2] == "#!":
        return "script"
    return "text" if path.suffix in TEXT or path.name in NAMED else None


def check_text(lines):
    for number, line in enumerate(lines, 1):
        if line.endswith((" ", "\t")):
            yield number, "space at the end of the line"
        if "\r" in line:
            yield number, "carriage return"


def check_program_text(lines):
    """What holds for code and scripts alike."""
    if not any(SPDX in line for line in lines[:3]):
        yield 1, f"no line with {SPDX}"
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            yield number, f"{len(line)} columns, the limit is {MAX_LINE}"
        if HOME_DIRS.search(line):
            yield number, "a path of one machine"
        note = NOTE.search(line)
        if note:
            yield number, f"a note names its issue: {note.group(1)}(#12)"


def check_words(name, source):
    for match in re.finditer(r"\b([a-z_]\w*)\s*\(", source.code):
        word = match.group(1)
        line = source.code.count("\n", 0, match.start()) + 1
        if word in BANNED:
            yield line, f"{word}() is banned: use {BANNED[word]}"
        if word in ALLOCATORS and name.startswith("src/") and name not in MAY_ALLOCATE:
            yield line, f"{word}(): memory comes from firn_mem_*, an arena or a firn_buf"


def check_fail_points(name, source):
    """tools/failpoints.py lists literal names only: any other would never be tried by a test."""
    if name in ("src/env/fail.h", "src/env/fail.c"):
        return
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), source.text,
                  flags=re.DOTALL)
    for match in FAIL_POINT.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, (
            "the name of a fail point is a literal of a-z, 0-9, '_' and '.'")
    for match in re.finditer(r"\bfirn_fail_at\b", source.code):
        yield source.code.count("\n", 0, match.start()) + 1, "call FIRN_FAIL, not firn_fail_at"


def check_c(name, text):
    source = Source(name, text)
    for line, comment in source.comments:
        if comment.startswith("//"):
            yield line, "write /* */ instead of //"
    for number, line in enumerate(source.lines, 1):
        if "\t" in line:
            yield number, "tab"
    yield from source.over_limits()
    yield from check_words(name, source)
    yield from check_fail_points(name, source)


def check_file(name):
    """Yields (line, message) for one file."""
    data = (ROOT / name).read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        if pathlib.PurePath(name).suffix in CODE | SCRIPTS:
            yield 1, "not UTF-8"
        return
    what = kind(name, text)
    if what is None:
        return
    lines = text.split("\n")
    yield from check_text(lines)
    if text and not text.endswith("\n"):
        yield len(lines), "no newline at the end of the file"
    if what in ("c", "script"):
        yield from check_program_text(lines)
    if what == "c":
        yield from check_c(name, text)


def clang_format():
    """(command, None) or (None, why not)."""
    for command in (f"clang-format-{CLANG_FORMAT}", "clang-format"):
        if shutil.which(command):
            done = subprocess.run([command, "--version"], capture_output=True, text=True,
                                  check=False)
            found = re.search(r"version (\d+)", done.stdout)
            if found and int(found.group(1)) == CLANG_FORMAT:
                return command, None
    return None, f"clang-format {CLANG_FORMAT} is not installed"


def check_format(command, names):
    """Lines `file:line: …` for places that clang-format would lay out differently."""
    def one(chunk):
        done = subprocess.run([command, "--dry-run", "--ferror-limit=1", *chunk], cwd=ROOT,
                              capture_output=True, text=True, check=False)
        return [f"{m.group(1)}:{m.group(2)}: clang-format would lay this out differently (make fmt)"
                for m in re.finditer(r"^(.+?):(\d+):\d+: (?:warning|error):", done.stderr, re.M)]
    chunks = [names[i:i + 8] for i in range(0, len(names), 8)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [line for part in pool.map(one, chunks) for line in part]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--no-format", action="store_true")
    parser.add_argument("--list", action="store_true", help="only print the checkout's files")
    parser.add_argument("--list-c", action="store_true", help="only print its C files")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    names = [os.path.relpath(f, ROOT) for f in args.files] or tracked()
    c_names = [n for n in names if pathlib.PurePath(n).suffix in CODE
               and not n.startswith(SKIPPED_PREFIXES)]
    if args.list or args.list_c:
        print("\n".join(names if args.list else c_names))
        return 0

    found = [f"{n}:{line}: {what}" for n in names for line, what in sorted(check_file(n))]
    if not args.no_format and c_names:
        command, why = clang_format()
        if command:
            found += check_format(command, c_names)
        else:
            print(f"SKIP clang-format: {why}")
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

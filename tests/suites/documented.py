#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""The pages of docs/ that show commands: each command runs and prints what the page says."""
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import pages  # noqa: E402
from firnlab import BIN, ROOT, TMP, Suite, environment, note  # noqa: E402

suite = Suite()
DOCS = ROOT / "docs"


def run_page(path):
    name = str(path.relative_to(ROOT)).replace("/", "-")
    folder = TMP / name
    folder.mkdir()
    env = environment({"PATH": f"{pathlib.Path(BIN).parent}:{os.environ['PATH']}",
                       "HOME": str(folder), "EXAMPLES": str(ROOT / "examples"), "COLUMNS": "100",
                       "FIRN_EXAMPLES": str(ROOT / "examples")})
    note(f"{pages.page(path, folder, env)} steps")


def shows_commands(path):
    return "```console" in path.read_text(encoding="utf-8")


for found in sorted([*DOCS.glob("*.md"), *DOCS.glob("how-to/*.md"), *DOCS.glob("reference/*.md")]):
    if shows_commands(found):
        suite.add(str(found.relative_to(ROOT)), lambda path=found: run_page(path))


@suite.case
def links_lead_somewhere():
    """Of every page: the files and headings that it links to are there."""
    broken = []
    for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "src").rglob("*.md")]:
        text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if re.search(r"[/.]", target) and "://" not in target \
                    and not (path.parent / target).exists():
                broken.append(f"{path.relative_to(ROOT)}: {target}")
    assert not broken, broken


@suite.case
def the_runner_notices():
    """A page that says something else than the program does is told."""
    folder = TMP / "wrong"
    folder.mkdir()
    env = environment({"PATH": os.environ["PATH"]})
    good = "```console\n$ echo one; echo two\none\n…\n```\n"
    for text, wrong in ((good, False), (good.replace("\none\n", "\nthree\n"), True),
                        ("```console\n$ false\n```\n", True),
                        ("```console\n$ echo a; echo b\na\n```\n", True),
                        ("```console\n$ echo error x; false\nerror x\n```\n", False),
                        ("```text file=a/b.txt\nhi\n```\n```console\n$ cat a/b.txt\nhi\n```\n",
                         False)):
        path = TMP / "page.md"
        path.write_text(text, encoding="utf-8")
        try:
            pages.page(path, folder, env)
            failed = False
        except AssertionError:
            failed = True
        assert failed == wrong, text


suite.end()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""apidocs.py --markdown FILE | --man FOLDER | --check FILE

Makes the reference of the C library from the comments of include/firn: one page of Markdown
(docs/reference/c-api.md), or manual pages, firn-table.3 for <firn/table.h> and so on, with a page
for each function that leads there.  --check says whether FILE is what would be written.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADERS = ROOT / "include/firn"
# In the order in which somebody reads them.
ORDER = ["export", "error", "storage", "catalog", "type", "schema", "partition", "table",
         "snapshot", "literal", "filter", "file", "scan", "transaction", "listing", "arrow", "firn"]
PREFIX = re.compile(r"^(?:FIRN_CHECKED )?FIRN_API ")
SKIPPED = re.compile(r"^#\s*(?:include|ifn?def|if|else|endif|define ARROW_C_|"
                     r"define FIRN_(?:API|CHECKED|FORMAT|BEGIN|END))|^FIRN_(?:BEGIN|END)_C$")


class Item:
    """What a comment says of the declarations below it; or, without code, a heading."""

    def __init__(self, doc, code):
        self.doc, self.code = doc, code

    def functions(self):
        """The functions that are declared or defined here."""
        first = self.code[0] if self.code else "enum {"
        if re.match(r"(?:typedef )?(?:struct|enum|union)\b.*\{$", first):
            return []
        return re.findall(r"^\w[^\n(#{]*?\b(firn_\w+)\(", "\n".join(self.code), re.MULTILINE)


def comment_text(lines):
    """The paragraphs of a comment, without its stars."""
    text = "\n".join(lines).strip()
    text = re.sub(r"^/\*+\s?|\s*\*/$", "", text)
    return "\n".join(re.sub(r"^ \* ?", "", line).rstrip() for line in text.splitlines()).strip()


def declaration(lines):
    """Code without what only the linker needs, its continuation lines moved along."""
    shift, out = 0, []
    for line in lines:
        match = PREFIX.match(line)
        if match:
            shift, line = len(match.group()), line[match.end():]
        elif shift and line.startswith(" " * (shift + 1)):
            line = line[shift:]
        elif not line.startswith(" "):
            shift = 0
        out.append(line)
    return out


def read(path):
    """(what the header is about, [Item])."""
    lines = path.read_text(encoding="utf-8").splitlines()
    items, doc, code, i = [], None, [], 0

    def flush():
        nonlocal doc, code
        if code or doc:
            items.append(Item(doc or "", declaration(code)))
        doc, code = None, []
    while i < len(lines):
        line = lines[i]
        if line.startswith("/*"):
            flush()
            start = i
            while not lines[i].rstrip().endswith("*/"):
                i += 1
            doc = comment_text(lines[start:i + 1])
        elif not line.strip():
            flush()
        elif not SKIPPED.match(line):
            code.append(line)
        i += 1
    flush()
    items = [x for x in items if "SPDX-License" not in x.doc or x.code]
    head = items.pop(0).doc
    return head, [x for x in items if x.code or x.doc.startswith("---")]


def title(doc):
    return doc.strip("- ").strip()


# --- Markdown -----------------------------------------------------------------------------------

def anchor_safe(text):
    return text.replace("<", "&lt;")


def prose(text):
    """Paragraphs as they are; lists that are laid out with blanks stay as they stand."""
    if re.search(r"^ {2}", text, re.MULTILINE):
        return "```text\n" + text + "\n```"
    return anchor_safe(text)


def markdown():
    out = ["# Reference of the C library", "",
           "Made from the comments of `include/firn` by `tools/apidocs.py` (`make docs`). The way "
           "in is [C-API.md](../C-API.md).", ""]
    head, _ = read(HEADERS / "iceberg.h")
    out += [prose(head), ""]
    out += [f"* [`<firn/{name}.h>`](#firn{name}h)" for name in ORDER] + [""]
    for name in ORDER:
        head, items = read(HEADERS / f"{name}.h")
        out += [f"## firn/{name}.h", "", prose(head), ""]
        for item in items:
            if not item.code:
                out += [f"### {title(item.doc)}", ""]
                continue
            if item.doc:
                out += [prose(item.doc), ""]
            out += ["```c", *item.code, "```", ""]
    return "\n".join(out).rstrip() + "\n"


# --- manual pages -------------------------------------------------------------------------------

def roff(line):
    line = line.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + line if line[:1] in (".", "'") else line


def block(lines):
    return [".nf", *[roff(x) for x in lines], ".fi"]


def page(name):
    head, items = read(HEADERS / f"{name}.h")
    about = head.split("\n\n")[0].replace("\n", " ")
    about = re.sub(r"^\S+\.h — ", "", about)
    library = "firn" if name == "firn" else "firn-iceberg"
    out = [f'.TH FIRN\\-{name.upper()} 3 "" "firn" "C library"', ".SH NAME",
           roff(f"firn-{name} - {about.rstrip('.')}"), ".SH SYNOPSIS",
           *block([f"#include <firn/{name}.h>", "",
                   f"cc … $(pkg-config --cflags --libs {library})"]),
           ".SH DESCRIPTION", *block(head.splitlines())]
    for item in items:
        if not item.code:
            out += [".SH " + roff(title(item.doc).upper())]
            continue
        out += [".PP", *block(item.code)]
        if item.doc:
            out += [".RS 4", *block(item.doc.splitlines()), ".RE"]
    out += [".SH SEE ALSO", roff(", ".join(f"firn-{n}(3)" for n in ORDER if n != name))]
    names = [f for item in items for f in item.functions()]
    return "\n".join(out) + "\n", names


def manual(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.3"):
        old.unlink()
    written = set()
    for name in ORDER:
        text, functions = page(name)
        (folder / f"firn-{name}.3").write_text(text, encoding="utf-8")
        written.add(f"firn-{name}")
        for f in functions:
            if f not in written:
                (folder / f"{f}.3").write_text(f".so man3/firn-{name}.3\n", encoding="utf-8")
                written.add(f)
    return len(written)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("--markdown", "--man", "--check"):
        print(__doc__.split("\n")[0], file=sys.stderr)
        return 2
    path = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "--man":
        manual(path)
    elif sys.argv[1] == "--markdown":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(markdown(), encoding="utf-8")
    elif not path.is_file() or path.read_text(encoding="utf-8") != markdown():
        print(f"apidocs: {path} is not what the headers say: run make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""What the writers share."""
import re


class Cannot(Exception):
    """The writer has no way to make this."""


def spec_field(text):
    """(transform, column, name of the partition field) of "bucket[4](c)"."""
    word, column = re.fullmatch(r"([\w\[\]]+)\((.*)\)", text, re.DOTALL).groups()
    kind = word.partition("[")[0]
    plain = column.replace(".", "_")
    if kind == "identity":
        return word, column, column
    width = "_" + re.findall(r"\d+", word)[0] if "[" in word else ""
    return word, column, f"{plain}_{'trunc' if kind == 'truncate' else kind}{width}"


NOISE = [(r"\b(?:org|java|com|py4j)(?:\.\w+)+?[.$](\w+(?:Exception|Error))\b", r"\1"),
         (r"@[0-9a-f]{5,8}\b", ""), (r"/[\d.]+:\d+", ""),
         (r"file:/+\S+|/(?:[\w.@%+=-]+/)+[\w.@%+=-]*", "…"),
         (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "…"),
         (r"\bt[0-9a-f]{10}\b", "t"), (r"\b\d{12,}\b", "…")]


def shortened(said, limit=160):
    """An error in one line, without what changes from run to run."""
    said = said.strip().split("\n\tat ")[0]
    line = " ".join(said.split("\n")[0].split())
    for pattern, by in NOISE:
        line = re.sub(pattern, by, line)
    return line if len(line) <= limit else line[:limit - 1] + "…"

# SPDX-License-Identifier: Apache-2.0
"""Documents and the rows they become: what the column _residual holds put back in its place."""
import json
import re

RESIDUAL = "_residual"
STEP = re.compile(r'\[(\d+)\]|\.?("(?:[^"\\]|\\.)*"|[^.\[\]"\\]+)')


def steps(path):
    """A path of _residual as keys and indexes: 'lines[2]."a.b"' is ['lines', 2, 'a.b']."""
    found, at = [], 0
    while at < len(path):
        m = STEP.match(path, at)
        assert m and m.end() > at, path
        index, key = m.groups()
        found.append(int(index) if index else json.loads(key) if key[0] == '"' else key)
        at = m.end()
    return found


def put(value, way, what):
    """`value` with `what` at the end of the way; what is missing on it is made."""
    if not way:
        return what
    if isinstance(way[0], int):
        value = list(value or [])
        value += [None] * (way[0] + 1 - len(value))
        value[way[0]] = put(value[way[0]], way[1:], what)
        return value
    value = dict(value or {})
    assert value.get(way[0]) is None or way[1:], f"{way[0]} is in its column and in the residual"
    value[way[0]] = put(value.get(way[0]), way[1:], what)
    return value


def whole(row, parse=json.loads):
    """The document of a row: its columns and, in their places, the values of the residual."""
    row = dict(row)
    rest = row.pop(RESIDUAL, None)
    for path, value in (parse(rest) if rest else {}).items():
        row = put(row, steps(path), value)
    return row

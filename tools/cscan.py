# SPDX-License-Identifier: Apache-2.0
"""A small reader of C sources for the style tools: comments, code without them, functions.

It knows no C beyond braces, brackets and words, which is enough for the house style: no K&R
definitions, no macros that open or close a brace.
"""
import re
from collections import Counter

# Limits of the house style.  A line `/* long: why */` right before a function lifts the
# first two for it.  For the limit a switch counts once, however many cases it has: a switch
# over an enum names every value, and that is no harder to read than a table.
MAX_FUNCTION_LINES = 100
MAX_COMPLEXITY = 15
MAX_FILE_LINES = 1000

_LEXEME = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_TOKEN = re.compile(r"[A-Za-z_]\w*|&&|\|\||[{}();=?\n]")
_BRANCHES = {"if", "for", "while", "case", "&&", "||", "?"}


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


class Function:
    """One definition: name, first and last line (counted from 1), cyclomatic complexity with
    each case counted, and with each switch counted once."""

    def __init__(self, name, first, last, words, excused):
        self.name, self.first, self.last, self.excused = name, first, last, excused
        self.complexity = 1 + sum(words[w] for w in _BRANCHES)
        self.decisions = self.complexity - words["case"] + words["switch"]

    @property
    def lines(self):
        return self.last - self.first + 1


class Source:
    """A .c or .h file: `code` is the text with comments and the insides of strings blanked out,
    `comments` a list of (line, text)."""

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.lines = text.split("\n")
        if self.lines[-1] == "":
            self.lines.pop()
        self.comments = []
        self.code = _LEXEME.sub(self._take, text)
        self.functions = list(self._functions())

    def _take(self, match):
        found = match.group()
        if found[0] == "/":
            line = self.text.count("\n", 0, match.start()) + 1
            self.comments.append((line, found))
            return _blank(found)
        return found[0] + _blank(found[1:-1]) + found[-1]

    def _functions(self):
        code = _DIRECTIVE.sub(lambda m: _blank(m.group()), self.code)
        line, depth, head, function, words = 1, 0, [], None, Counter()
        for match in _TOKEN.finditer(code):
            token = match.group()
            if token == "\n":
                line += 1
            elif token == "{":
                if depth == 0:
                    function, words = _defined(head), Counter()
                    start = head[0][1] if head else line
                depth += 1
            elif token == "}":
                depth = max(0, depth - 1)
                if depth == 0:
                    if function:
                        yield Function(function, start, line, words, self._excused(start))
                    head, function = [], None
            elif depth == 0:
                head = [] if token == ";" else head + [(token, line)]
            else:
                words[token] += 1

    def _excused(self, start):
        """Whether the comment that ends right above line `start` begins with `long:`."""
        for line, text in reversed(self.comments):
            if line + text.count("\n") == start - 1:
                return re.search(r"\blong: \S", text) is not None
        return False

    def comment_lines(self):
        """How many lines hold a comment, or a part of one."""
        covered = set()
        for line, text in self.comments:
            covered.update(range(line, line + text.count("\n") + 1))
        return len(covered)

    def over_limits(self):
        """Yields (line, message) for each hard limit of the house style that is broken."""
        if len(self.lines) > MAX_FILE_LINES:
            yield 1, f"{len(self.lines)} lines, the limit for a file is {MAX_FILE_LINES}"
        for f in self.functions:
            if f.excused:
                continue
            if f.lines > MAX_FUNCTION_LINES:
                yield f.first, f"{f.name}() has {f.lines} lines, the limit is {MAX_FUNCTION_LINES}"
            if f.decisions > MAX_COMPLEXITY:
                yield f.first, (f"{f.name}() has a cyclomatic complexity of {f.decisions}, "
                                f"the limit is {MAX_COMPLEXITY}")


def _defined(head):
    """The name of the function whose definition starts with these (token, line), or None."""
    words = [token for token, _ in head]
    if ")" not in words or words[-1] == "=":
        return None
    depth = 0
    for i in range(len(words) - 1, -1, -1):
        if words[i] == ")":
            depth += 1
        elif words[i] == "(":
            depth -= 1
            name = words[i - 1] if i else ""
            if depth == 0 and re.match(r"\w", name) and name != "__attribute__":
                return None if "=" in words[:i] else name
    return None

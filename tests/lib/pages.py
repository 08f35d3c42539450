# SPDX-License-Identifier: Apache-2.0
"""pages: runs what a page of the documentation shows.

In a page, a block

    ```console
    $ firn sql "FROM x" \\
    > -o csv
    what it prints
    …
    ```

is a command (lines that begin with "> " go on with it) and its output: figures of time, memory
and size, ids and times apart it is what must come; a line "…" stands for any lines.  Output that
begins with "error" wants an exit status that is not 0, a last line "[exit status 3]" wants 3.
Without output shown anything may come.

    ```yaml file=firn.yml

writes the block into a file.  <!-- run: COMMAND --> in a line of its own runs a command that
readers do not see; <!-- not run: REASON --> leaves the next block out.
"""
import re
import subprocess

FENCE = re.compile(r"^```(\w*)[ ]?(.*)$")
HIDDEN = re.compile(r"^<!-- (run|not run): (.*) -->$")
FIGURES = (
    (r"\d+(\.\d+)? ?(ns|µs|ms|s|B|bytes|KB|MB|GB)\b", "N unit"),
    (r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b", "UUID"),
    (r"\b\d{15,20}\b", "ID"),
    (r"\b[0-9a-f]{8,32}\b(?<!\b\d{8})", "ID"),
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00(:00)?)?", "TIME"),
    (r"(\d+ (second|minute)s?|a moment|moments) ago|just now", "AGO"),
    (r"[─═]+", "─"),
    (r" +", " "),
)


class Step:
    """A command or a file of a page."""

    def __init__(self, kind, line, text, shown=(), path=None):
        self.kind, self.line, self.text, self.shown, self.path = kind, line, text, shown, path


def console(line, block):
    """The steps of one block of commands."""
    steps = []
    for n, row in enumerate(block, line):
        if row.startswith("$ "):
            steps.append(Step("run", n, row[2:], []))
        elif row.startswith("> ") and steps and not steps[-1].shown:
            steps[-1].text += "\n" + row[2:]
        elif steps:
            steps[-1].shown.append(row)
        else:
            raise ValueError(f"line {n}: output before the first '$ '")
    return steps


def steps_of(text):
    steps, block, kind, skip = [], None, None, False
    for n, row in enumerate(text.splitlines(), 1):
        fence, hidden = FENCE.match(row), HIDDEN.match(row)
        if block is not None and row == "```":
            path = re.match(r"file=(\S+)$", kind[1])
            if kind[0] == "console" and not skip:
                steps += console(n - len(block), block)
            elif path and not skip:
                steps.append(Step("file", n, "\n".join(block) + "\n", path=path[1]))
            block, skip = None, False
        elif block is not None:
            block.append(row)
        elif fence:
            block, kind = [], (fence[1], fence[2])
        elif hidden and hidden[1] == "run":
            steps.append(Step("run", n, hidden[2]))
        elif hidden:
            skip = True
    if block is not None:
        raise ValueError("a block is not closed")
    return steps


def plain(row):
    for pattern, word in FIGURES:
        row = re.sub(pattern, word, row)
    return row.strip()


def matches(shown, got):
    """Whether the output is the one shown; "…" stands for any lines."""
    if not shown:
        return True
    if not got:
        return all(row == "…" for row in shown)
    if shown[0] == "…":
        return matches(shown[1:], got) or matches(shown, got[1:]) if shown[1:] else True
    return plain(shown[0]) == plain(got[0]) and (
        matches(shown[1:], got[1:]) if shown[1:] else not got[1:])


def as_said(shown, status):
    """Whether the exit status is the one that the output shown implies; takes its line away."""
    said = re.fullmatch(r"\[exit status (\d+)\]", shown[-1]) if shown else None
    if said:
        shown.pop()
        return status == int(said[1])
    return (status != 0) == (bool(shown) and shown[0].startswith("error"))


def take(step, folder, env):
    """Does one step; returns what is wrong, or None."""
    if step.kind == "file":
        path = folder / step.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, encoding="utf-8")
        return None
    done = subprocess.run(["bash", "-c", step.text], cwd=folder, env=env, timeout=120,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    got = done.stdout.decode("utf-8", "replace").rstrip("\n").splitlines()
    shown = [row for row in step.shown]
    while shown and not shown[-1]:
        shown.pop()
    if not as_said(shown, done.returncode):
        return f"exit status {done.returncode}; it printed:\n" + "\n".join(got)
    if not matches(shown, got):
        return "it printed:\n" + "\n".join(got) + "\ninstead of:\n" + "\n".join(shown)
    return None


def page(path, folder, env):
    """Runs a page in a folder; returns how many steps it has.  AssertionError names the line."""
    steps = steps_of(path.read_text(encoding="utf-8"))
    for step in steps:
        wrong = take(step, folder, env)
        assert wrong is None, f"{path.name}:{step.line}: $ {step.text}\n{wrong}"
    return len(steps)

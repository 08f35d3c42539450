# SPDX-License-Identifier: Apache-2.0
"""A terminal for tests: a program on a pty, and the screen that its output makes.

    t = Terminal([BIN, "sql"], cwd=folder, rows=24, columns=80)
    t.wait("firn>")                 # until the text stands on the screen
    t.send("SELECT 1;\\r")
    t.lines()                       # the screen as a list of texts
"""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata


def width(char):
    """Columns that a character takes, as terminals have it."""
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


class Screen:
    """What a terminal of rows × columns shows; knows the sequences that the shell and less use.
    Lines that leave it at the top are kept in `history`."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.cells = [self.blank() for _ in range(rows)]
        self.history = []
        self.row = self.column = 0
        self.pending = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.unknown = []

    def blank(self):
        return [" "] * self.columns

    def feed(self, data):
        self.pending += self.decoder.decode(data)
        while self.pending:
            taken = self.step(self.pending)
            if not taken:
                return
            self.pending = self.pending[taken:]

    def step(self, s):
        """Takes one character or sequence; returns its length, 0 if it is not all there."""
        if s[0] != "\033":
            self.put(s[0])
            return 1
        if s == "\033" or re.fullmatch(r"\033\[[0-?]*[ -/]*", s) or re.fullmatch(r"\033[()]", s):
            return 0
        csi = re.match(r"\033\[([0-?]*)[ -/]*([@-~])", s)
        if csi:
            self.control(csi[1], csi[2])
            return csi.end()
        other = re.match(r"\033([()].|[=>78M])", s)
        if other:
            return other.end()
        self.unknown.append(s[:4])
        return 1

    def put(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.down()
        elif char == "\b":
            self.column = max(self.column - 1, 0)
        elif char == "\t":
            self.column = min(self.column // 8 * 8 + 8, self.columns - 1)
        elif char >= " ":
            self.show(char)
        elif char != "\a":
            self.unknown.append(char)

    def show(self, char):
        wide = width(char)
        if wide == 0:
            self.cells[self.row][max(self.column - 1, 0)] += char
            return
        if self.column + wide > self.columns:
            self.column = 0
            self.down()
        self.cells[self.row][self.column] = char
        if wide == 2:
            self.cells[self.row][self.column + 1] = ""
        self.column += wide

    def down(self):
        if self.row + 1 < self.rows:
            self.row += 1
            return
        self.history.append("".join(self.cells.pop(0)).rstrip())
        self.cells.append(self.blank())

    def control(self, params, final):
        if params[:1] == "?" or final in "mhlr":
            return  # colours and modes
        n = int(params.split(";")[0] or 0) if params.replace(";", "").isdigit() else 0
        if final == "A":
            self.row = max(self.row - max(n, 1), 0)
        elif final == "B":
            self.row = min(self.row + max(n, 1), self.rows - 1)
        elif final == "C":
            self.column = min(self.column + max(n, 1), self.columns - 1)
        elif final == "D":
            self.column = max(self.column - max(n, 1), 0)
        elif final in "Hf":
            place = [int(p or 1) for p in (params or "1;1").split(";")] + [1]
            self.row = min(place[0], self.rows) - 1
            self.column = min(place[1], self.columns) - 1
        elif final == "K":
            first = self.column if n == 0 else 0
            last = self.columns if n != 1 else self.column + 1
            for i in range(first, last):
                self.cells[self.row][i] = " "
        elif final == "J":
            self.erase(n)
        else:
            self.unknown.append(params + final)

    def erase(self, n):
        if n == 0:
            for i in range(self.column, self.columns):
                self.cells[self.row][i] = " "
        for row in range(self.rows):
            if n == 2 or (n == 0 and row > self.row) or (n == 1 and row < self.row):
                self.cells[row] = self.blank()

    def resize(self, rows, columns):
        self.cells = [(line + [" "] * columns)[:columns] for line in self.cells]
        self.columns = columns
        while len(self.cells) > rows:
            self.history.append("".join(self.cells.pop(0)).rstrip())
            self.row = max(self.row - 1, 0)
        while len(self.cells) < rows:
            self.cells.append(self.blank())
        self.rows = rows
        self.column = min(self.column, columns - 1)

    def lines(self):
        return ["".join(line).rstrip() for line in self.cells]


class Terminal:
    """A program whose three streams are a terminal."""

    def __init__(self, args, cwd=None, env=None, rows=24, columns=80, term="xterm-256color"):
        self.master, slave = pty.openpty()
        self.screen = Screen(rows, columns)
        self.raw = b""
        self.set_size(rows, columns)
        env = dict(env if env is not None else os.environ, TERM=term)
        self.process = subprocess.Popen(
            list(map(str, args)), cwd=cwd, env=env, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def set_size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows, columns):
        self.screen.resize(rows, columns)
        self.set_size(rows, columns)
        os.killpg(self.process.pid, signal.SIGWINCH)

    def send(self, keys):
        os.write(self.master, keys if isinstance(keys, bytes) else keys.encode())

    def read(self, seconds):
        """Takes what comes within so long; False: nothing did, or it is over."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.raw += data
        self.screen.feed(data)
        return bool(data)

    def settle(self, quiet=0.25, limit=10):
        """Reads until nothing comes for a while."""
        end = time.monotonic() + limit
        while time.monotonic() < end and self.read(quiet):
            pass

    def wait(self, wanted, limit=20):
        """Reads until a text stands on the screen (or function says so); returns the seconds."""
        began = time.monotonic()
        there = wanted if callable(wanted) else lambda: wanted in self.text()
        while not there():
            if time.monotonic() - began > limit:
                raise AssertionError(f"{wanted!r} did not come\n{self.text()}")
            if not self.read(0.05) and self.process.poll() is not None and not self.read(0.05):
                if not there():
                    raise AssertionError(f"{wanted!r} did not come, it ended\n{self.text()}")
        return time.monotonic() - began

    def lines(self):
        return self.screen.lines()

    def text(self):
        """All that was shown, what left the screen included."""
        return "\n".join(self.screen.history + self.lines()).rstrip()

    def at_prompt(self, prompt="firn>"):
        """Whether the cursor stands behind an empty prompt."""
        return self.lines()[self.screen.row] == prompt and self.screen.column == len(prompt) + 1

    def prompt(self, limit=20):
        return self.wait(self.at_prompt, limit)

    def clear(self):
        """Forgets what is shown; the next prompt is drawn at the top."""
        self.screen.history.clear()
        self.send("\x0c")
        self.wait(lambda: self.screen.row == 0, 5)
        self.settle(0.02)
        self.screen.history.clear()

    def run(self, text, limit=30):
        """Types a text and Enter; returns what the program shows up to its next prompt."""
        self.clear()
        self.send(text + "\r")
        time.sleep(0.02)
        self.wait(lambda: self.at_prompt() and self.text() != "firn>", limit)
        return self.text().rpartition("\n")[0]

    def end(self, limit=10):
        """Waits for the end; returns the exit status."""
        end = time.monotonic() + limit
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.05)
        while self.read(0.02):
            pass
        status = self.process.poll()
        if status is None:
            self.process.kill()
            raise AssertionError(f"it does not end\n{self.text()}")
        os.close(self.master)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        try:
            os.close(self.master)
        except OSError:
            pass

"""Progress in a terminal: a real one, of a given width, as the command sees it."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import pytest

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


SURROUNDINGS = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "COLUMNS": "", "LINES": ""}


class Terminal:
    """Runs commands with a terminal as stderr, and keeps what they draw."""

    def __init__(self, kapell):
        self._kapell = kapell

    def run(self, *arguments, columns=100, keys=(), **environment):
        """Return the exit code, stdout and what was drawn; `keys` are pressed once their text was drawn."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen(
            [*self._kapell.command, *map(str, arguments)],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            cwd=self._kapell.folder,
            env=self._kapell.environment | SURROUNDINGS | environment,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 -- the tests have no threads
        )
        self._kapell.started.append(process)
        os.close(theirs)
        drawn = self._read(ours, process, dict(keys))
        out = process.stdout.read().decode()
        os.close(ours)
        return process.wait(), out, drawn

    @staticmethod
    def _read(ours, process, keys):
        drawn, deadline = "", time.monotonic() + 60
        while time.monotonic() < deadline:
            ready, _, _ = select.select([ours], [], [], 0.05)
            if ready:
                try:
                    data = os.read(ours, 65536)
                except OSError:
                    break
                drawn += data.decode()
                for text in [text for text in keys if text in drawn]:
                    os.write(ours, keys.pop(text).encode())
            elif process.poll() is not None:
                break
        return drawn


def _take_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def terminal(kapell):
    return Terminal(kapell)


def read_lines(drawn):
    """Return what is left to read: text between line ends and redrawings, without escapes."""
    return [line for line in re.split(r"[\r\n]+", ESCAPE.sub("", drawn)) if line.strip()]


TASKS = """\
  - greet: {set: {text: hello}}
  - build:
      fork:
        branches:
          - one: {run: {shell: {command: "echo first; sleep 1; echo second"}}}
          - two: {wait: {seconds: 1}}
  - unless: {if: "${ false }", set: {x: 1}}
"""


def test_tasks_waits_and_output_of_processes_are_shown(kapell, terminal):
    code, out, drawn = terminal.run("run", kapell.write("shown", TASKS))
    assert (code, out[0]) == (0, "[")
    lines = read_lines(drawn)
    text = "\n".join(lines)
    assert f"run {kapell.newest().run_id}  shown 0.1.0" in text
    assert re.search(r"s ✓ greet", text)
    assert re.search(r"s ▸ build  Starts 2 branches\.", text)
    assert re.search(r"s +│ one  first", text)
    assert re.search(r"one  run: shell echo first; sleep 1; echo second  \d+", text)
    assert re.search(r"two  waits \d+", text)
    assert re.search(r"s   ✓ two  1\.?\d* s", text)
    assert "○ unless  Skipped, as `" in text
    assert re.search(r"✓ The run completed after", lines[-1])
    assert drawn.rstrip().endswith("\x1b[?25h") or "\x1b[?25h" in drawn[-60:], "the cursor is shown again"


def test_ctrl_c_in_a_terminal_cancels(kapell, terminal, waiting):
    code, out, drawn = terminal.run("run", waiting, keys={"pause  waits": "\x03"})
    assert (code, out) == (3, "")
    assert "Cancelling ... (Ctrl-C once more leaves at once)" in drawn
    assert kapell.newest().status == "cancelled"


def test_a_fault_in_a_terminal_says_what_to_ask(kapell, terminal, faulty):
    code, _, drawn = terminal.run("run", faulty)
    assert code == 1
    assert "✗ second" in ESCAPE.sub("", drawn)
    assert '"instance": "/do/1/second"' in drawn
    assert f"kapell why {kapell.newest().run_id}" in drawn


def test_no_colours_where_none_are_wanted(kapell, terminal, faulty):
    _, _, drawn = terminal.run("run", faulty, NO_COLOR="1")
    assert not re.search(r"\x1b\[(?:3[0-7]|9[0-7])m", drawn)
    assert not COLOUR.search(terminal.run("validate", "missing.yaml", NO_COLOR="1")[2])


def test_what_is_under_way_fits_a_narrow_terminal(kapell, terminal):
    workflow = kapell.write(
        "narrow", "  - one: {run: {shell: {command: 'sleep 1; : a very long command that fits nowhere'}}}\n"
    )
    _, _, drawn = terminal.run("run", workflow, columns=30)
    redrawn = {line for line in read_lines(drawn) if "run: shell" in line}
    assert redrawn
    assert [line for line in redrawn if len(line) >= 30] == []


def test_a_dumb_terminal_and_quiet_show_nothing(kapell, terminal, faulty):
    for arguments, environment in ((("--quiet",), {}), ((), {"TERM": "dumb"})):
        _, _, drawn = terminal.run("run", faulty, *arguments, **environment)
        assert "\x1b" not in drawn
        assert read_lines(drawn)[0] == "{"


def test_processes_cannot_move_the_cursor(kapell, terminal):
    workflow = kapell.write("evil", "  - one: {run: {shell: {command: \"printf 'a\\\\033[2Jb\\\\n'\"}}}\n")
    _, _, drawn = terminal.run("run", workflow)
    assert "\x1b[2J" not in drawn
    assert "one  a [2Jb" in ESCAPE.sub("", drawn)


def test_a_flood_of_lines_is_counted_and_kept(kapell, terminal):
    workflow = kapell.write("flood", "  - one: {run: {shell: {command: 'seq 1 20000'}, return: none}}\n")
    code, _, drawn = terminal.run("run", workflow)
    assert code == 0
    assert re.search(r"\.\.\. \d+ more lines", drawn)
    assert len(drawn) < 200_000
    assert len(kapell("runs", "log", "--json").json) == 20_000

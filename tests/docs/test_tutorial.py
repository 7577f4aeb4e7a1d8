"""The tutorial is carried out: each command as it stands in the text, each output compared with the one that is shown.

A line that activates `.venv` is left out, and the server's port is a free one. What the text shows as `...` may be anything.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TUTORIAL = ROOT / "docs" / "tutorial"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORT = "8020"
SET_UP = "make setup && source .venv/bin/activate\n"
UP = "kapell up\n"
COMMAND_LINE = ("first-workflow",)
SERVER = ("server", "run-over-the-api")


class Lesson:
    """The blocks of a page: its files, and its commands with what they are to print."""

    def __init__(self, name, port):
        text = (TUTORIAL / f"{name}.md").read_text(encoding="utf-8").replace(PORT, port)
        self.files, self.steps = {}, []
        for match in BLOCK.finditer(text):
            language, block = match.groups()
            named = re.search(r"[Pp]ut this into `([^`]+)`:\s*$", text[: match.start()])
            if named:
                self.files[named[1]] = block
            elif language == "sh":
                self.steps.append([block, None])
            elif language == "text":
                assert self.steps[-1][1] is None, "two outputs of the same commands"
                self.steps[-1][1] = block


def carry_out(lessons, folder, environment, typed=""):
    """Return (commands, expected, printed) of each step, done one after the other in one shell."""
    lines, steps = ["set -e"], []
    for lesson in lessons:
        for name, text in lesson.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        steps += [step for step in lesson.steps if step[0] not in {SET_UP, UP}]
    (folder / "typed").write_text(typed, encoding="utf-8")
    for number, (commands, _) in enumerate(steps):
        lines += [f"exec < typed > printed-{number} 2>&1", commands]
    (folder / "script").write_text("\n".join(lines), encoding="utf-8")
    ended = subprocess.run(["bash", "script"], cwd=folder, env=environment, timeout=100, check=False)
    printed = [folder / f"printed-{number}" for number in range(len(steps))]
    texts = [path.read_text(encoding="utf-8") if path.is_file() else None for path in printed]
    done = [(*step, text) for step, text in zip(steps, texts, strict=True) if text is not None]
    assert ended.returncode == 0, f"failed: {done[-1]}"
    return done


def make_environment(**added):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KAPELL_")}
    return kept | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "200", **added}


def find_free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def learn_command_line(folder):
    return carry_out([Lesson(name, PORT) for name in COMMAND_LINE], folder, make_environment())


def learn_server(folder):
    port = find_free_port()
    lessons = [Lesson(name, port) for name in SERVER]
    environment = make_environment(KAPELL_PORT=port)
    with subprocess.Popen(["kapell", "up"], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as server:
        try:
            said = read_until(server.stderr, "serves on")
            password = re.search(r"^ +(\S+)$", said, re.MULTILINE)[1]
            done = carry_out(lessons, folder, make_environment(), typed=f"{password}\n")
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=30)
    assert server.returncode == 0
    expected = next(expected for commands, expected in lessons[0].steps if commands == UP)
    return [(UP, expected, said), *done]


def read_until(stream, words):
    said = ""
    while words not in said:
        line = stream.readline()
        assert line, f"the server ended: {said}"
        said += line
    return said


def make_pattern(expected):
    lines = [r"(?:.*\n)*?" if line == "..." else _escape(line) + "\n" for line in expected.splitlines()]
    return re.compile("".join(lines))


def _escape(line):
    return "[^\n]*".join(re.escape(part) for part in line.split("..."))


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    """Both halves of the tutorial, at the same time: they mostly wait."""
    folders = [tmp_path_factory.mktemp(name) for name in ("command_line", "server")]
    with ThreadPoolExecutor(2) as pool:
        return [pool.submit(learn_command_line, folders[0]), pool.submit(learn_server, folders[1])]


@pytest.mark.parametrize("half", [0, 1], ids=["command line", "server"])
def test_the_tutorial_does_what_it_says(lessons, half):
    done = lessons[half].result()
    assert len(done) > 5
    for commands, expected, printed in done:
        if expected is not None:
            assert make_pattern(expected).fullmatch(printed.rstrip("\n") + "\n"), f"{commands}\nprinted:\n{printed}"


def test_all_lessons_are_carried_out():
    assert {*COMMAND_LINE, *SERVER, "index"} == {path.stem for path in TUTORIAL.glob("*.md")}


def test_the_comparison_finds_what_is_not_shown():
    pattern = make_pattern("one ... three\n...\nlast\n")
    assert pattern.fullmatch("one two three\nfour\nfive\nlast\n")
    assert not pattern.fullmatch("one two three\nfour\nfive\n")
    assert not pattern.fullmatch("one\nlast\n")

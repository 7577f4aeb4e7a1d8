"""Pages that are carried out: their commands as they stand in the text, in one shell, with what they print.

A block of `sh` is done, the block of `text` after it is what it is to print, and a block that is introduced by "put
this into `file`:" is written to that file. The server's port is a free one. What is shown as `...` may be anything.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORT = "8020"
SET_UP = "make setup && source .venv/bin/activate\n"
UP = "kapell up\n"
_LONGEST_SECONDS = 100


class Page:
    """The blocks of a page: its files, and its commands with what they are to print."""

    def __init__(self, name, port=PORT):
        text = (DOCS / f"{name}.md").read_text(encoding="utf-8").replace(PORT, port)
        self.files, self.steps = {}, []
        for match in BLOCK.finditer(text):
            language, block = match.groups()
            named = re.search(r"[Pp]ut (?:this|it) into `([^`]+)`:\s*$", text[: match.start()])
            if named:
                self.files[named[1]] = block
            elif language == "sh":
                self.steps.append([block, None])
            elif language == "text":
                assert self.steps[-1][1] is None, "two outputs of the same commands"
                self.steps[-1][1] = block


def carry_out(pages, folder, environment, typed=""):
    """Return (commands, expected, printed) of each step, done one after the other in one shell."""
    lines, steps = ["set -e"], []
    for page in pages:
        for name, text in page.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        steps += [step for step in page.steps if step[0] not in {SET_UP, UP}]
    (folder / "typed").write_text(typed, encoding="utf-8")
    for number, (commands, _) in enumerate(steps):
        lines += [f"exec < typed > printed-{number} 2>&1", commands]
    (folder / "script").write_text("\n".join(lines), encoding="utf-8")
    ended = subprocess.run(["bash", "script"], cwd=folder, env=environment, timeout=_LONGEST_SECONDS, check=False)
    printed = [folder / f"printed-{number}" for number in range(len(steps))]
    texts = [path.read_text(encoding="utf-8") if path.is_file() else None for path in printed]
    done = [(*step, text) for step, text in zip(steps, texts, strict=True) if text is not None]
    assert ended.returncode == 0, f"failed: {done[-1]}"
    return done


def make_environment(**added):
    """Return this process's environment without settings, and with the commands of its Python."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KAPELL_")}
    return kept | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "200", **added}


def find_free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


@contextmanager
def up(folder, port):
    """Start `kapell up` in a folder; give what it says, and the password in it."""
    environment = make_environment(KAPELL_PORT=port)
    with subprocess.Popen(["kapell", "up"], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as server:
        try:
            said = _read_until(server.stderr, "serves on")
            yield said, re.search(r"^ +(\S+)$", said, re.MULTILINE)[1]
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=30)
    assert server.returncode == 0


def _read_until(stream, words):
    said = ""
    while words not in said:
        line = stream.readline()
        assert line, f"the server ended: {said}"
        said += line
    return said


def check_printed(done):
    """Compare what each step printed with what the page shows."""
    assert done
    for commands, expected, printed in done:
        if expected is not None:
            assert make_pattern(expected).fullmatch(printed.rstrip("\n") + "\n"), f"{commands}\nprinted:\n{printed}"


def make_pattern(expected):
    lines = [r"(?:.*\n)*?" if line == "..." else _escape(line) + "\n" for line in expected.splitlines()]
    return re.compile("".join(lines))


def _escape(line):
    return "[^\n]*".join(re.escape(part) for part in line.split("..."))

"""The programs of the how-to page work as they stand there."""

import re
from pathlib import Path

import pytest
from tests.kapell_server import WORKFLOWS, write_source

pytestmark = pytest.mark.xdist_group("client")  # all of them share one server

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "client.md"
PROGRAMS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_a_program_of_the_page_works(server, client, monkeypatch, capsys, program):
    source = write_source("hello", WORKFLOWS["hello"], namespace="tutorial")
    client.workflows.publish("tutorial", "hello", source=source)
    monkeypatch.setenv("KAPELL_SERVER", server.address)
    monkeypatch.setenv("KAPELL_TOKEN", server.token)
    exec(compile(program, str(PAGE), "exec"), {})  # noqa: S102 -- that is the test
    said = capsys.readouterr().out
    assert any(word in said for word in ("Hello", "completed", "There is no run")) or "islice" in program

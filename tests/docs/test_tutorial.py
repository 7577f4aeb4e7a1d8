"""The tutorial and the guides do what they say: each command is carried out as it stands in the text."""

from __future__ import annotations

import json
import re
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from tests.docs.carrying_out import (
    DOCS,
    UP,
    Page,
    carry_out,
    check_printed,
    find_free_port,
    make_environment,
    make_pattern,
    up,
)

from kapell.identity.permissions import PERMISSIONS

pytestmark = pytest.mark.xdist_group("tutorial")  # what the tests share is made once
COMMAND_LINE = ("tutorial/first-workflow",)
SERVER = ("tutorial/server", "tutorial/run-over-the-api")
GUIDES_OF_COMMANDS = ("how-to/write-and-test", "how-to/repair")
GUIDES_OF_THE_SERVER = ("how-to/give-access", "how-to/keep-secrets", "how-to/events", "how-to/verify-the-audit-log")


def learn_command_line(folder):
    return carry_out([Page(name) for name in (*COMMAND_LINE, *GUIDES_OF_COMMANDS)], folder, make_environment())


def learn_server(folder):
    port = find_free_port()
    pages = [Page(name, port) for name in SERVER]
    guides = [Page(name, port) for name in GUIDES_OF_THE_SERVER]
    expected = next(expected for commands, expected in pages[0].steps if commands == UP)
    with up(folder, port) as (said, password):
        done = carry_out(pages, folder, make_environment(), typed=f"{password}\n")
        address = f"http://127.0.0.1:{port}"
        environment = make_environment(
            KAPELL_SERVER=address, API=f"{address}/api/v1", KAPELL_TOKEN=make_token(address, password)
        )
        done += carry_out(guides, folder, environment)
    return [(UP, expected, said), *done]


def make_token(address, password):
    """Return a token of the administrator for everything, which the guides of the server begin with."""
    signed_in = ask(f"{address}/api/v1/sign-in", {"name": "admin", "password": password})
    cookie = signed_in.headers["Set-Cookie"].partition(";")[0]
    expires_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    token = {"name": "guides", "scope": {"permissions": list(PERMISSIONS)}, "expires_at": expires_at}
    return json.loads(ask(f"{address}/api/v1/tokens", token, cookie).read())["text"]


def ask(url, body, cookie=""):
    headers = {"Content-Type": "application/json", "Cookie": cookie}
    return urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=30)


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    """Both halves at the same time: they mostly wait."""
    folders = [tmp_path_factory.mktemp(name) for name in ("command_line", "server")]
    with ThreadPoolExecutor(2) as pool:
        return [pool.submit(learn_command_line, folders[0]), pool.submit(learn_server, folders[1])]


@pytest.mark.parametrize("half", [0, 1], ids=["command line", "server"])
def test_the_pages_do_what_they_say(halves, half):
    check_printed(halves[half].result())


def test_all_lessons_are_carried_out():
    lessons = {f"tutorial/{path.stem}" for path in (DOCS / "tutorial").glob("*.md")} - {"tutorial/index"}
    assert lessons == {*COMMAND_LINE, *SERVER}


def test_the_comparison_finds_what_is_not_shown():
    pattern = make_pattern("one ... three\n...\nlast\n")
    assert pattern.fullmatch("one two three\nfour\nfive\nlast\n")
    assert not pattern.fullmatch("one two three\nfour\nfive\n")
    assert not pattern.fullmatch("one\nlast\n")


def test_the_readme_shows_what_the_tutorial_shows():
    shown = set(re.findall(r"```sh\n(.*?)```", (DOCS.parent / "README.md").read_text(encoding="utf-8"), re.DOTALL))
    lines = {line for block in shown for line in block.splitlines() if line and not line.startswith(("make ", "#"))}
    taught = "".join((DOCS / f"{name}.md").read_text(encoding="utf-8") for name in (*COMMAND_LINE, *SERVER))
    assert [line for line in lines if line not in taught] == []

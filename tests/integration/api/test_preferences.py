"""What people choose in the console is kept for them."""

from __future__ import annotations

import asyncio

import pytest
from tests.api_server import on_both_databases

pytestmark = on_both_databases


class Browser:
    """A client with a session, as the console is."""

    def __init__(self, client):
        self._client = client
        self._headers = {"Cookie": f"kapell_session={client.last.cookies['kapell_session'].value}"}

    async def get(self):
        return await self._client.get("/me/preferences", headers=self._headers)

    async def put(self, revision, value, status=None):
        body = {"revision": revision, "value": value}
        return await self._client.ask("PUT", "/me/preferences", body, headers=self._headers, status=status)


async def open_browser(server, name="admin", password=None):
    client = server.client()
    await client.post("/sign-in", {"name": name, "password": password or server.password})
    return Browser(client)


@pytest.fixture
async def browser(server):
    return await open_browser(server)


async def test_they_are_kept_for_each_person(server, admin, browser):
    assert await browser.get() == {"revision": 0, "value": {}}
    chosen = {"theme": "dark", "views": [{"name": "Größe \u0000", "query": {"status": ["faulted"], "number": 10**30}}]}
    assert await browser.put(0, chosen) == {"revision": 1, "value": chosen}
    assert await browser.get() == {"revision": 1, "value": chosen}
    assert await (await open_browser(server)).get() == {"revision": 1, "value": chosen}
    await admin.post("/people", {"name": "vera", "password": "Correct-horse-battery-1"})
    vera = await open_browser(server, "vera", "Correct-horse-battery-1")
    assert await vera.get() == {"revision": 0, "value": {}}


async def test_what_was_saved_meanwhile_is_not_overwritten(browser):
    await browser.put(0, {"theme": "dark"})
    for revision in (0, 2, 2**31 - 2):
        problem = await browser.put(revision, {"theme": "light"}, status=409)
        assert problem["hint"]
    assert await browser.put(1, {"theme": "light"}) == {"revision": 2, "value": {"theme": "light"}}
    answers = await asyncio.gather(
        *(browser.put(2, {"tab": tab}, status=-1) for tab in range(8)), return_exceptions=True
    )
    assert sum(": 200 " in str(answer) for answer in answers) == 1
    assert sum(": 409 " in str(answer) for answer in answers) == 7


async def test_the_first_of_several_tabs_wins(browser):
    answers = await asyncio.gather(
        *(browser.put(0, {"tab": tab}, status=-1) for tab in range(8)), return_exceptions=True
    )
    assert sorted(str(answer).partition(": ")[2][:3] for answer in answers) == ["200", *["409"] * 7]


async def test_what_does_not_fit_is_refused(admin, browser):
    problem = await browser.put(0, {"x": "y" * 65_536}, status=422)
    assert "65,536" in problem["detail"]
    await browser.put(0, {"x": "y" * 65_000})
    for revision, value in [(-1, {}), ("1", {}), (0, []), (0, None), (2**70, {})]:
        await browser.put(revision, value, status=422)
    await admin.get("/me/preferences", status=403)

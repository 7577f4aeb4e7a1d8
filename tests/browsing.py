"""A browser, as far as signing in needs one: cookies by path, redirects, and pages that go on by themselves."""

from __future__ import annotations

import html
import re
from typing import NamedTuple
from urllib.parse import urlencode, urljoin

import aiohttp
from yarl import URL

GO_ON = re.compile(r'http-equiv="refresh" content="0;url=([^"]*)"')


class Page(NamedTuple):
    """What a browser ends up with."""

    url: str
    status: int
    headers: object
    text: str


class Browser:
    """One browser of one person, who signs in at the provider as `login`."""

    def __init__(self, address, login="a1"):
        self.address = address
        self.login = login
        self.visited = []
        self.set_cookies = []
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_exception):
        await self._session.close()

    def cookies_for(self, path):
        """Return Kapell's cookies that a request to this path carries."""
        found = self._session.cookie_jar.filter_cookies(URL(self._url(path)))
        return {name: morsel.value for name, morsel in found.items() if name.startswith("kapell")}

    def plant(self, name, value):
        self._session.cookie_jar.update_cookies({name: value}, URL(self._url("/")))

    async def ask(self, method, url, **rest):
        """Make one request, and follow nothing."""
        async with self._session.request(method, self._url(url), allow_redirects=False, **rest) as response:
            self.visited.append(str(response.url))
            self.set_cookies += response.headers.getall("Set-Cookie", [])
            return Page(str(response.url), response.status, response.headers, await response.text())

    async def go(self, url, until=None):
        """Go to an address and on from there, to the page that leads no further, or stop short of `until`."""
        for _ in range(15):
            if "/interaction/" in url:
                url += "?" + urlencode({"login": self.login})
            page = await self.ask("GET", url)
            onward = GO_ON.search(page.text) if page.status == 200 else None
            if page.status in {302, 303}:
                url = urljoin(page.url, page.headers["Location"])
            elif onward is not None:
                url = urljoin(page.url, html.unescape(onward[1]))
            else:
                return page
            if until is not None and until in url:
                return page._replace(url=url)
        raise AssertionError("the browser goes round in circles")

    def _url(self, url):
        return url if url.startswith("http") else self.address + url

"""Calls sent over aiohttp, for programs with an event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import aiohttp

from kapell.client.calls import Call
from kapell.client.exchange import Credentials, Exchange
from kapell.client.failures import describe_distrust, describe_failure, make_ssl_context
from kapell.client.following import SILENCE_SECONDS, Follower
from kapell.client.steps import Pause

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Mapping

    from kapell.client.calls import Page
    from kapell.client.following import Stream
    from kapell.client.profile import Profile
    from kapell.client.steps import Step
    from kapell.errors import KapellError

T = TypeVar("T")

_FAILURES = (aiohttp.ClientError, OSError, TimeoutError)


class AsyncSender:
    """Sends calls over a pool of connections, in one event loop."""

    def __init__(
        self, profile: Profile, *, sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep
    ) -> None:
        """Open no connection yet. Raises `UsageError` if the certificate authorities cannot be used."""
        self.credentials = Credentials(profile)
        self._sleep = sleep
        self._ssl = make_ssl_context(profile) if profile.address.startswith("https:") else True
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, call: Call[T]) -> T:
        """Send a call and return its answer."""
        exchange = Exchange(call, self.credentials)
        while True:
            timeout = self._make_timeout(total=exchange.timeout_seconds)
            request = self._open(exchange.method, exchange.url, exchange.headers, exchange.body, timeout)
            try:
                async with request as response:
                    content = await response.read()
            except _FAILURES as error:
                pause: float | None = exchange.fail(self._translate(error))
            else:
                pause = exchange.receive(response.status, _lower(response.headers), content)
            if pause is None:
                return exchange.answer
            await self._sleep(pause)

    def turn_pages(self, call: Call[Page[T]]) -> AsyncItems[T]:
        """Return what goes through a list."""
        return AsyncItems(self, call)

    async def carry_out(self, steps: Generator[Step, Any, T]) -> T:
        """Carry out steps, and return what they come to."""
        result: Any = None
        while True:
            try:
                step = steps.send(result)
            except StopIteration as ended:
                value: T = ended.value
                return value
            if isinstance(step, Call):
                result = await self.send(step)
            elif isinstance(step, Pause):
                await self._sleep(step)
                result = None
            else:
                result = asyncio.get_running_loop().time()

    async def follow(self, stream: Stream[T]) -> AsyncIterator[T]:
        """Follow a stream of events until its end."""
        follower = Follower(stream, self.credentials)
        while not follower.is_over:
            pause: float | None = None
            timeout = self._make_timeout(sock_read=SILENCE_SECONDS)
            try:
                async with self._open("GET", follower.url, follower.headers, None, timeout) as response:
                    headers = _lower(response.headers)
                    if not follower.begin(response.status, headers):
                        pause = follower.refuse(response.status, headers, await response.read())
                    else:
                        async for item in self._read(follower, response):
                            yield item
                        pause = None if follower.is_over else follower.fail()
            except _FAILURES as error:
                pause = follower.fail(self._translate(error))
            if pause is not None:
                await self._sleep(pause)

    async def _read(self, follower: Follower[T], response: aiohttp.ClientResponse) -> AsyncIterator[T]:
        async for piece in response.content.iter_any():
            for item in follower.feed(piece):
                yield item
            if follower.question is not None:
                follower.learn(await self.send(follower.question))
            if follower.is_over:
                return

    def _make_timeout(self, *, total: float | None = None, sock_read: float | None = None) -> aiohttp.ClientTimeout:
        connect = self.credentials.profile.timeout_seconds
        return aiohttp.ClientTimeout(total=total, sock_connect=connect, sock_read=sock_read)

    def _open(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: aiohttp.ClientTimeout
    ) -> Any:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self.credentials.profile.connections, ssl=self._ssl)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), proxy=self.credentials.profile.proxy or None
            )
        return self._session.request(method, url, headers=headers, data=body, timeout=timeout, allow_redirects=False)

    def _translate(self, error: BaseException) -> KapellError:
        address = self.credentials.profile.address
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return describe_distrust(address, str(error.certificate_error))
        if isinstance(error, aiohttp.ClientConnectorSSLError):
            return describe_distrust(address, str(error.__cause__ or error))
        was_sent = not isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
        return describe_failure(address, error, was_sent=was_sent)


class AsyncItems(Generic[T]):
    """Goes through a list, and fetches a page whenever one is needed."""

    def __init__(self, sender: AsyncSender, call: Call[Page[T]]) -> None:
        """Begin with the call's page."""
        self._sender = sender
        self._call = call
        self._items = self._iterate()

    def __aiter__(self) -> AsyncIterator[T]:
        """Go on where the last loop stopped."""
        return self._items

    async def __anext__(self) -> T:
        """Return the next item."""
        return await anext(self._items)

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Go through the pages from the first one, each with the cursor of the next."""
        call: Call[Page[T]] | None = self._call
        while call is not None:
            page = await self._sender.send(call)
            yield page
            call = None if page.next is None else call.turn_to(page.next)

    async def _iterate(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}

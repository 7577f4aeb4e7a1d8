"""Calls sent over urllib3, for programs without an event loop."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    SSLError,
)

from kapell.client.calls import Call
from kapell.client.exchange import Credentials, Exchange
from kapell.client.failures import describe_distrust, describe_failure, make_ssl_context
from kapell.client.following import SILENCE_SECONDS, Follower
from kapell.client.steps import Pause
from kapell.errors import KapellError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from kapell.client.calls import Page
    from kapell.client.following import Stream
    from kapell.client.profile import Profile
    from kapell.client.steps import Step

T = TypeVar("T")

_PIECE = 65_536
_HTTP_1_0 = 10


class Sender:
    """Sends calls over a pool of connections; several threads may use one."""

    def __init__(
        self,
        profile: Profile,
        *,
        sleep: Callable[[float], object] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open no connection yet. Raises `UsageError` if the certificate authorities cannot be used."""
        self.credentials = Credentials(profile)
        self._sleep = sleep
        self._monotonic = monotonic
        self._pool = _make_pool(profile)

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()

    def send(self, call: Call[T]) -> T:
        """Send a call and return its answer."""
        exchange = Exchange(call, self.credentials)
        while True:
            try:
                response = self._request(
                    exchange.method, exchange.url, exchange.headers, exchange.body, exchange.timeout_seconds
                )
                pause = exchange.receive(response.status, _lower(response.headers), response.data)
            except HTTPError as error:
                pause = exchange.fail(self._translate(error))
            if pause is None:
                return exchange.answer
            self._sleep(pause)

    def turn_pages(self, call: Call[Page[T]]) -> Items[T]:
        """Return what goes through a list."""
        return Items(self, call)

    def carry_out(self, steps: Generator[Step, Any, T]) -> T:
        """Carry out steps, and return what they come to."""
        result: Any = None
        while True:
            try:
                step = steps.send(result)
            except StopIteration as ended:
                value: T = ended.value
                return value
            if isinstance(step, Call):
                result = self.send(step)
            elif isinstance(step, Pause):
                result = self._sleep(step)
            else:
                result = self._monotonic()

    def follow(self, stream: Stream[T]) -> Iterator[T]:
        """Follow a stream of events until its end."""
        follower = Follower(stream, self.credentials)
        while not follower.is_over:
            pause = yield from self._follow_once(follower)
            if pause is not None:
                self._sleep(pause)

    def _follow_once(self, follower: Follower[T]) -> Generator[T, None, float | None]:
        """Follow over one connection; return how long to pause before the next."""
        try:
            response = self._request("GET", follower.url, follower.headers, None, SILENCE_SECONDS, streams=True)
        except HTTPError as error:
            return follower.fail(self._translate(error))
        try:
            headers = _lower(response.headers)
            if not follower.begin(response.status, headers):
                return follower.refuse(response.status, headers, response.data)
            while piece := response.read1(_PIECE):
                yield from follower.feed(piece)
                if follower.question is not None:
                    follower.learn(self.send(follower.question))
                if follower.is_over:
                    return None
            return follower.fail()
        except HTTPError as error:
            return follower.fail(self._translate(error))
        finally:
            response.close()

    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float,
        *,
        streams: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        connect = self.credentials.profile.timeout_seconds
        try:
            response = self._pool.request(
                method,
                url,
                headers=dict(headers),
                body=body,
                timeout=urllib3.Timeout(connect=connect, read=timeout_seconds),
                redirect=False,
                preload_content=not streams,
            )
        except LocationParseError as error:
            raise UsageError(f"{url} is no address: {error}.") from error
        if not _is_framed(response):
            response.close()
            raise ProtocolError("the connection ended within the headers")
        return response

    def _translate(self, error: HTTPError) -> KapellError:
        return translate_failure(self.credentials.profile.address, error)


class Items(Generic[T]):
    """Goes through a list, and fetches a page whenever one is needed."""

    def __init__(self, sender: Sender, call: Call[Page[T]]) -> None:
        """Begin with the call's page."""
        self._sender = sender
        self._call = call
        self._items = self._iterate()

    def __iter__(self) -> Iterator[T]:
        """Go on where the last loop stopped."""
        return self._items

    def __next__(self) -> T:
        """Return the next item."""
        return next(self._items)

    def pages(self) -> Iterator[Page[T]]:
        """Go through the pages from the first one, each with the cursor of the next."""
        call: Call[Page[T]] | None = self._call
        while call is not None:
            page = self._sender.send(call)
            yield page
            call = None if page.next is None else call.turn_to(page.next)

    def _iterate(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items


def _make_pool(profile: Profile) -> urllib3.PoolManager:
    context = make_ssl_context(profile) if profile.address.startswith("https:") else None
    if profile.proxy:
        return urllib3.ProxyManager(profile.proxy, maxsize=profile.connections, retries=False, ssl_context=context)
    return urllib3.PoolManager(maxsize=profile.connections, retries=False, ssl_context=context)


def translate_failure(address: str, error: HTTPError) -> KapellError:
    """Return the error that a failure of urllib3 is."""
    cause: BaseException = error
    if isinstance(error, ProxyError) and isinstance(error.original_error, HTTPError):
        cause = error.original_error
    if isinstance(cause, SSLError):
        return describe_distrust(address, str(cause))
    was_sent = not isinstance(cause, (NewConnectionError, ConnectTimeoutError))
    return describe_failure(address, cause, was_sent=was_sent)


def _is_framed(response: urllib3.BaseHTTPResponse) -> bool:
    """Tell whether an answer says where it ends; one that was cut within its headers does not.

    The standard library takes what came of the headers for all of them.
    """
    if response.version == _HTTP_1_0 or response.status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
        return True
    return "content-length" in response.headers or "transfer-encoding" in response.headers


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}

"""Following a stream of events over as many connections as it takes, without the network.

A stream that was cut off is asked for again after the last event that came, so nothing is missed and nothing comes
twice. How a transport uses this is the same as with a single call: it opens, hands over what comes, and is told what to
do next.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from kapell.client.errors import UnexpectedAnswerError, UnreachableError
from kapell.client.exchange import Patience
from kapell.client.problems import describe_stranger, read_problem, read_retry_after
from kapell.client.sse import ServerSentEvent, SseParser
from kapell.errors import TooManyAttemptsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kapell.client.calls import Call, Page
    from kapell.client.exchange import Credentials
    from kapell.errors import KapellError

T = TypeVar("T")

SILENCE_SECONDS = 45.0
"""A server says every 15 s that it is still there; one that was silent for so long is not."""


@dataclass(frozen=True, kw_only=True)
class Stream(Generic[T]):
    """A stream of the API.

    Attributes:
        call: How it is asked for.
        read: Makes something of an event; `None` for one that says nothing.
        ask: The call that tells whether anything follows what was read last, where that may be its end.
    """

    call: Call[Any]
    read: Callable[[ServerSentEvent], T | None]
    ask: Callable[[T], Call[Page[Any]] | None] = lambda _: None


def make_reader(kind: str, gives: type[T]) -> Callable[[ServerSentEvent], T | None]:
    """Return what makes something of the events of one kind, and nothing of all others."""
    decoder = msgspec.json.Decoder(gives)
    return lambda event: decoder.decode(event.data) if event.kind == kind else None


class Follower(Generic[T]):
    """Follows one stream.

    Attributes:
        url: What is asked for.
        is_over: Whether the stream has come to its end.
        question: A call to be made, whose answer `learn` takes: it says whether there is more to come.
    """

    def __init__(self, stream: Stream[T], credentials: Credentials) -> None:
        """Follow from the beginning."""
        profile = credentials.profile
        self.url = f"{profile.address}{stream.call.target}"
        self.is_over = False
        self.question: Call[Page[Any]] | None = None
        self._stream = stream
        self._credentials = credentials
        self._patience = Patience(profile.retry_seconds)
        self._parser = SseParser()

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the next connection."""
        headers = self._credentials.make_headers(self._stream.call) | {
            "Accept": "text/event-stream",
            "Cache-Control": "no-store",
        }
        if self._parser.event_id:
            headers["Last-Event-ID"] = self._parser.event_id
        return headers

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        """Tell whether a connection gives the stream; where not, `refuse` is to be told what it gives."""
        self._parser = SseParser(self._parser.event_id)
        return status == HTTPStatus.OK and headers.get("content-type", "").startswith("text/event-stream")

    def refuse(self, status: int, headers: Mapping[str, str], content: bytes) -> float:
        """Return how long to pause before the next connection. Raises what the answer stands for."""
        address = self._credentials.profile.address
        if status == HTTPStatus.OK:
            raise describe_stranger(address, status, headers, content)
        error = read_problem(address, status, headers, content)
        if isinstance(error, TooManyAttemptsError) or status in {
            HTTPStatus.BAD_GATEWAY,
            HTTPStatus.SERVICE_UNAVAILABLE,
            HTTPStatus.GATEWAY_TIMEOUT,
        }:
            return self._patience.pause(error, read_retry_after(headers))
        raise error

    def feed(self, piece: bytes) -> list[T]:
        """Take a piece of the stream and return what it completes."""
        found: list[T] = []
        for event in self._parser.feed(piece):
            if event.kind == "end":
                self.is_over = True
            elif (item := self._read(event)) is not None:
                found.append(item)
        self._patience.renew()
        self.question = self._stream.ask(found[-1]) if found and not self.is_over else None
        return found

    def _read(self, event: ServerSentEvent) -> T | None:
        try:
            return self._stream.read(event)
        except msgspec.DecodeError as error:
            raise UnexpectedAnswerError(
                f"An event of {self._credentials.profile.address} cannot be read: {error}.",
                status=HTTPStatus.OK,
                hint="Is the server of another version than this client?",
            ) from error

    def learn(self, page: Page[Any]) -> None:
        """Take the answer to the question: nothing more is there, or the stream goes on."""
        self.question = None
        self.is_over = not page.items

    def fail(self, error: KapellError | None = None) -> float:
        """Return how long to pause after a connection that broke, or ended too soon. Raises it after too long."""
        if error is None:
            error = UnreachableError(f"{self._credentials.profile.address} cuts the stream of events off each time.")
        if not isinstance(error, UnreachableError):
            raise error
        return self._patience.pause(error)

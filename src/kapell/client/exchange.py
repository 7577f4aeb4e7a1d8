"""One call from its first try to its answer, without the network: what to send, and what to make of what comes back.

A transport asks for the request, sends it, and hands over the answer or the failure. It is told how long to pause
before the next try, or that the answer is there. Both transports do only this, so they cannot differ in anything else.
"""

from __future__ import annotations

import random
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from kapell.client.errors import UnexpectedAnswerError, UnreachableError
from kapell.client.problems import describe_stranger, read_problem, read_retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kapell.client.calls import Call
    from kapell.client.profile import Profile
    from kapell.errors import KapellError

T = TypeVar("T")

COOKIE = "kapell_session"
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_AWAY = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})


class Credentials:
    """Who asks: the profile, and the session that a sign-in has opened.

    Attributes:
        profile: The profile.
        cookie: The session's; empty while nobody is signed in by password.
    """

    def __init__(self, profile: Profile) -> None:
        """Ask as the profile says."""
        self.profile = profile
        self.cookie = ""

    def make_headers(self, call: Call[Any]) -> dict[str, str]:
        """Return the headers of a request."""
        headers = {"Accept": "application/json", "User-Agent": self.profile.user_agent}
        if self.cookie:
            headers["Cookie"] = f"{COOKIE}={self.cookie}"
        elif self.profile.token:
            headers["Authorization"] = f"Bearer {self.profile.token}"
        if call.body is not None:
            headers["Content-Type"] = call.content_type
        if call.key is not None:
            headers["Idempotency-Key"] = call.key
        return headers

    def keep_session(self, headers: Mapping[str, str]) -> None:
        """Keep the session that an answer opens, or forget the one that it ends."""
        name, separator, rest = headers.get("set-cookie", "").partition("=")
        if separator and name == COOKIE:
            self.cookie = rest.partition(";")[0].strip('"')


class Patience:
    """How long to pause between tries, and when to give up.

    Attributes:
        waited_seconds: How long was paused since the last success.
    """

    def __init__(self, limit_seconds: float, chance: Callable[[], float] = random.random) -> None:
        """Give up when the pauses would exceed `limit_seconds` in all."""
        self._limit_seconds = limit_seconds
        self._chance = chance
        self._tries = 0
        self.waited_seconds = 0.0

    def pause(self, error: KapellError, wanted_seconds: float | None = None) -> float:
        """Return how long to pause, at least as long as the server wants; raises the error when there is no time left.

        Pauses double, and are spread by chance, so that clients do not all come back at once.
        """
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._tries, 10))
        seconds = max(wanted_seconds or 0.0, longest * (0.5 + self._chance() / 2))
        if self.waited_seconds + seconds > self._limit_seconds:
            raise error
        self._tries += 1
        self.waited_seconds += seconds
        return seconds

    def renew(self) -> None:
        """Begin anew, after a success."""
        self._tries = 0
        self.waited_seconds = 0.0


class Exchange(Generic[T]):
    """One call, over as many tries as it takes.

    Attributes:
        answer: The answer, once `receive` has returned `None`.
    """

    answer: T

    def __init__(self, call: Call[T], credentials: Credentials) -> None:
        """Prepare the request."""
        profile = credentials.profile
        self.call = call
        self.method = call.method
        self.url = f"{profile.address}{call.target}"
        self.body = None if call.body is None else encode_body(call.body)
        self.timeout_seconds = profile.timeout_seconds + call.holds_seconds
        self._credentials = credentials
        self._patience = Patience(profile.retry_seconds)

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers."""
        return self._credentials.make_headers(self.call)

    def receive(self, status: int, headers: Mapping[str, str], content: bytes) -> float | None:
        """Take an answer.

        Args:
            status: The HTTP status.
            headers: The headers, by lower-case names.
            content: The body.

        Returns:
            `None` when `answer` is there, or how long to pause before the next try.

        Raises:
            KapellError: The server refuses, and asking again does not help.
        """
        self._credentials.keep_session(headers)
        address = self._credentials.profile.address
        if 200 <= status < 300 or status in self.call.accepts:  # noqa: PLR2004 -- RFC 9110, 15.3
            self.answer = self._decode(status, headers, content)
            return None
        error = read_problem(address, status, headers, content)
        is_busy = status == HTTPStatus.TOO_MANY_REQUESTS and self.call.is_patient
        if is_busy or (status in _AWAY and self.call.is_repeatable):
            return self._patience.pause(error, read_retry_after(headers))
        raise error

    def fail(self, error: KapellError) -> float:
        """Take a failure; return how long to pause before the next try. Raises it where asking again may do harm."""
        if isinstance(error, UnreachableError) and (self.call.is_repeatable or not error.was_sent):
            return self._patience.pause(error)
        raise error

    def _decode(self, status: int, headers: Mapping[str, str], content: bytes) -> Any:
        kind: Any = self.call.gives
        if kind is type(None):
            return None
        if kind is str:
            return content.decode(errors="replace")
        if not headers.get("content-type", "").startswith("application/json"):
            raise describe_stranger(self._credentials.profile.address, status, headers, content)
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.DecodeError as error:
            raise UnexpectedAnswerError(
                f"The answer of {self._credentials.profile.address} cannot be read: {error}.",
                status=status,
                hint="Is the server of another version than this client?",
            ) from error


def encode_body(body: msgspec.Struct | list[dict[str, Any]]) -> bytes:
    """Return a body as it is sent. Raises `TypeError` for a value that is no JSON."""
    return msgspec.json.encode(body)

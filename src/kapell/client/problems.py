"""From an answer that is none to the error that it stands for: the same classes that the server raised."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from kapell.client.errors import UnexpectedAnswerError
from kapell.errors import (
    ConflictError,
    DamagedHistoryError,
    ForbiddenError,
    KapellError,
    LimitExceededError,
    NotFoundError,
    StaleOwnerError,
    StorageError,
    TooManyAttemptsError,
    UnauthenticatedError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBLEM = "application/problem+json"

_BY_CODE: dict[str, type[KapellError]] = {
    kind.code: kind
    for kind in (
        ConflictError,
        DamagedHistoryError,
        ForbiddenError,
        LimitExceededError,
        NotFoundError,
        StaleOwnerError,
        StorageError,
        UnauthenticatedError,
        UsageError,
    )
}
_BY_STATUS: dict[int, type[KapellError]] = {
    HTTPStatus.BAD_REQUEST: UsageError,
    HTTPStatus.UNAUTHORIZED: UnauthenticatedError,
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: LimitExceededError,
    HTTPStatus.UNPROCESSABLE_ENTITY: UsageError,
    HTTPStatus.SERVICE_UNAVAILABLE: StorageError,
}
"""What a code means that this client does not know."""

_TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_MOST_TEXT = 120


class Problem(msgspec.Struct, frozen=True):
    """Why a request was not carried out, as the server says it (RFC 9457)."""

    status: int
    code: str
    detail: str
    hint: str = ""
    retryable: bool = False
    request_id: str = ""


def read_problem(address: str, status: int, headers: Mapping[str, str], content: bytes) -> KapellError:
    """Return the error that an answer stands for.

    Args:
        address: The server, as the user named it.
        status: The HTTP status.
        headers: The answer's headers, by lower-case names.
        content: The answer's body.
    """
    if headers.get("content-type", "").startswith(PROBLEM):
        try:
            return _make_error(msgspec.json.decode(content, type=Problem), read_retry_after(headers))
        except msgspec.DecodeError:
            pass
    return describe_stranger(address, status, headers, content)


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds the server asks to wait, where it says so."""
    text = headers.get("retry-after", "")
    return float(text) if text.isdigit() else None


def describe_stranger(address: str, status: int, headers: Mapping[str, str], content: bytes) -> UnexpectedAnswerError:
    """Return the error of an answer that no Kapell server gives."""
    if 300 <= status < 400:  # noqa: PLR2004 -- RFC 9110, 15.4
        place = headers.get("location", "elsewhere")
        return UnexpectedAnswerError(
            f"{address} redirects to {place}.", status=status, hint="Use that address; a token follows no redirection."
        )
    kind = headers.get("content-type", "").partition(";")[0] or "no content type"
    text = " ".join(_TAG.sub(" ", content[:4096].decode(errors="replace")).split())[:_MOST_TEXT]
    said = f": {text}" if text else ""
    return UnexpectedAnswerError(
        f"{address} answered {status} with {kind}, which is not what a Kapell server says{said}",
        status=status,
        hint="Is the address right? A proxy in between may have answered in its place.",
    )


def _make_error(problem: Problem, retry_after_seconds: float | None) -> KapellError:
    error: KapellError
    if problem.status == HTTPStatus.TOO_MANY_REQUESTS:
        error = TooManyAttemptsError(problem.detail, retry_after_seconds=retry_after_seconds or 0.0, hint=problem.hint)
    else:
        kind = _BY_CODE.get(problem.code) or _BY_STATUS.get(problem.status, KapellError)
        error = kind(problem.detail, hint=problem.hint)
    error.code = problem.code
    error.retryable = problem.retryable
    error.request_id = problem.request_id
    return error

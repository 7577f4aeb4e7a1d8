"""Errors as `application/problem+json` (RFC 9457): the one place where an error becomes an HTTP status."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kapell.errors import KapellError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request

STATUSES: dict[str, int] = {
    "usage": 422,
    "invalid_workflow": 422,
    "edit": 422,
    "not_found": 404,
    "conflict": 409,
    "unauthenticated": 401,
    "forbidden": 403,
    "limit_exceeded": 413,
    "too_many_attempts": 429,
    "rate_limited": 429,
    "storage": 503,
    "stale_owner": 503,
    "damaged_history": 500,
    "audit_damaged": 500,
    "audit_key": 500,
    "audit_witness": 503,
    "storage_unusable": 503,
    "damaged_seal": 500,
    "master_key": 500,
    "broker_refused": 502,
    "broker_unavailable": 503,
    "provider": 502,
    "unreachable": 502,
    "untrusted_server": 502,
    "unexpected_answer": 502,
    "wait_timeout": 504,
    "compile": 500,
    "error": 500,
}
"""Error code -> HTTP status."""

_CODES = {400: "usage", 404: "not_found", 405: "method_not_allowed", 413: "limit_exceeded", 415: "usage"}


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a request was not carried out.

    Attributes:
        type: A URI reference that names the kind of problem.
        title: The kind of problem, in words.
        status: The HTTP status.
        code: The kind of problem, for programs.
        detail: What happened, in a sentence.
        hint: What to do next.
        retryable: Whether the same request may succeed later.
        request_id: Under which id the server's log has it.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    hint: str = ""
    retryable: bool = False
    request_id: str = ""


class Failure(NamedTuple):
    """Why a request failed, as it stands in the log.

    Attributes:
        code: The error's code.
        message: What happened.
        exception: The exception, where it was none that is raised on purpose.
    """

    code: str
    message: str
    exception: Exception | None = None


failure_of_request: ContextVar[Failure | None] = ContextVar("failure_of_request", default=None)
"""Why the request that is being answered failed; what logs it reads this. Each request has a context of its own."""


def make_problem(code: str, detail: str, *, status: int = 0, hint: str = "", retryable: bool = False) -> ProblemDetails:
    """Return the problem of an error code."""
    return ProblemDetails(
        type=f"/problems/{code}",
        title=code.replace("_", " ").capitalize(),
        status=status or STATUSES.get(code, 500),
        code=code,
        detail=detail,
        hint=hint,
        retryable=retryable,
    )


def respond(
    problem: ProblemDetails,
    request_id: str = "",
    *,
    retry_after_seconds: int = 0,
    more: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem as a response; where it helps to wait, it says how long. `more` are other headers."""
    content = msgspec.json.encode(msgspec.structs.replace(problem, request_id=request_id))
    headers = {"Cache-Control": "no-store", **(more or {})}
    if problem.status == STATUSES["unauthenticated"]:
        headers["WWW-Authenticate"] = 'Bearer realm="kapell"'
    if retry_after_seconds:
        headers["Retry-After"] = str(retry_after_seconds)
    return Response(content, problem.status, headers, "application/problem+json")


def answer_error(error: Exception, request_id: str) -> Response:
    """Return what a request is answered with that ended in an error; what is worth it is noted for the log."""
    if isinstance(error, KapellError):
        problem = make_problem(error.code, error.message, hint=error.hint, retryable=error.retryable)
        if problem.status >= STATUSES["error"]:
            failure_of_request.set(Failure(error.code, error.message))
        wait, more = getattr(error, "retry_after_seconds", 0), getattr(error, "headers", None)
        return respond(problem, request_id, retry_after_seconds=wait, more=more)
    if isinstance(error, RequestValidationError):
        return respond(make_problem("usage", _say_unfit(error)), request_id)
    if isinstance(error, HTTPException):
        code = _CODES.get(error.status_code, "error")
        return respond(make_problem(code, str(error.detail), status=error.status_code), request_id)
    failure_of_request.set(Failure("error", f"{type(error).__name__}: {error}", error))
    problem = make_problem("error", "Kapell failed over this request.", hint="The log has it under the request id.")
    return respond(problem, request_id)


def add_handlers(app: FastAPI) -> None:
    """Let every error of a route become a problem."""

    async def on_error(request: Request, error: Exception) -> Response:
        return answer_error(error, _id_of(request))

    for kind in (KapellError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, on_error)


def _say_unfit(error: RequestValidationError) -> str:
    parts = [f"{'.'.join(str(step) for step in each['loc'])}: {each['msg']}" for each in error.errors()]
    return f"The request does not fit: {'; '.join(parts)}."


def _id_of(request: Any) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))

"""An activity: the outside work that a task asks for.

The engine hands an `Activity` a request whose arguments are fully evaluated (secrets too), waits for its output, and
cancels it by cancelling the coroutine. An activity must be really over, with everything that it started, before it lets
`asyncio.CancelledError` through: the engine starts what comes after only then.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

LogStream = Literal["stdout", "stderr", "info"]


class ActivityRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at an activity.

    Attributes:
        run_id: The run that asks.
        reference: The task's JSON pointer within the run, such as `/do/0/loop/for/3/do/1/call`.
        entry: How often the flow has come to this task (1 the first time).
        attempt: Which try of this entry it is (1 the first time).
        key: The idempotency key; a resend after an unknown outcome carries the same one.
        kind: What is asked for: `http`, `openapi`, `shell`, `script`.
        arguments: The evaluated arguments, keyed as in the language (what stands under `with`, `run.shell`, ...).
        input: The task's transformed input, which URI templates refer to.
        returns: What a process gives back: `stdout`, `stderr`, `code`, `all` or `none`.
        traceparent: What other systems are to be told of the trace (W3C Trace Context), where the run is traced.
    """

    run_id: str
    reference: str
    entry: int
    attempt: int
    key: str
    kind: str
    arguments: dict[str, Any]
    input: Any = None
    returns: str = "stdout"
    traceparent: str | None = None


class ActivityContext(Protocol):
    """What an activity may do with the engine while it is under way."""

    def log(self, stream: LogStream, text: str) -> None:
        """Add text to the run's log; it is shown while the activity runs. Secrets are redacted by the engine."""
        ...


class ActivityError(Exception):
    """The activity failed in a way that the workflow may catch.

    Attributes:
        type: The error's kind: a standard name (`communication`, `timeout`, `configuration`, `validation`,
            `authentication`, `authorization`, `runtime`) or an absolute URI of one's own.
        status: The status code that describes it best; an HTTP call gives the response's.
        title: A short summary that is the same for each error of this kind.
        detail: What happened this time, and what to do about it.
    """

    def __init__(self, type: str, status: int, title: str, detail: str = "") -> None:  # noqa: A002 -- RFC 9457's word
        """Describe the failure by the members of RFC 9457."""
        super().__init__(f"{title}: {detail}" if detail else title)
        self.type = type
        self.status = status
        self.title = title
        self.detail = detail


class Activity(Protocol):
    """The adapter to one kind of outside work."""

    def is_idempotent(self, request: ActivityRequest) -> bool:
        """Tell whether a second performance, after an unknown outcome, is harmless (RFC 9110, 9.2.2)."""
        ...

    async def perform(self, request: ActivityRequest, context: ActivityContext) -> Any:
        """Do the work and return its output, a JSON value.

        Raises:
            ActivityError: The work failed; its members become the workflow's error.
            asyncio.CancelledError: The engine cancelled it, and everything that it started is over.
        """
        ...

    async def close(self) -> None:
        """Release what is held between calls: connections, caches."""
        ...

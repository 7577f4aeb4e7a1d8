"""What is counted and logged of every request: the outermost layer of the application.

A line names the route and not the path, the address and who asked by their ids: never a query string, a header or a
body, which may hold what nobody else is to know.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from prometheus_client import Counter, Histogram

from kapell.api.problems import Failure, failure_of_request
from kapell.api.run_entrance import PATH as RUNS_PATH
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = get_logger(__name__)

UNMATCHED = "unmatched"
"""The route of requests that no route takes: their paths are anybody's invention."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_FAILED = 500
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class RequestMetrics:
    """How many requests were answered how, and how fast. A stream counts as answered when it begins."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Begin to count."""
        self._requests = Counter(
            "kapell_http_requests",
            "Requests that were answered, by method, route and status.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "kapell_http_request_seconds",
            "How long requests took until their answer began, by method and route.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._timers: dict[tuple[str, str], Histogram] = {}

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        counter = self._counters.get((method, route, status))
        if counter is None:
            counter = self._counters[method, route, status] = self._requests.labels(method, route, str(status))
            self._timers[method, route] = self._seconds.labels(method, route)
        counter.inc()
        self._timers[method, route].observe(seconds)


class Observer:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics, *, log_requests: bool) -> None:
        """Count the requests of `app`, log those that fail, and with `log_requests` all."""
        self._app = app
        self._metrics = metrics
        self._log_requests = log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry out one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun_at = perf_counter()
        status = 0

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._metrics.note(_name_method(scope), name_route(scope), status, perf_counter() - begun_at)
            await send(message)

        crash: Exception | None = None
        try:
            await self._app(scope, receive, send_observed)
        except Exception as error:
            crash = error
            if not status:
                raise
        finally:
            failure = failure_of_request.get()
            if status >= _FAILED and failure is not None:
                _log_failure(scope, status, begun_at, failure)
            elif crash is not None:
                _log_failure(scope, status, begun_at, Failure("error", str(crash), crash))
            elif self._log_requests:
                log.info("request", **_describe(scope, status, begun_at))


def name_route(scope: Scope) -> str:
    """Return the route of a request that was answered, as it is declared: `/api/v1/runs/{run_id}`."""
    route = scope.get("route")
    if route is None:
        return RUNS_PATH if scope["path"] == RUNS_PATH else UNMATCHED
    path: str = route.path
    return path if scope["path"].startswith(path.partition("{")[0]) else f"/api/v1{path}"


def _name_method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in _METHODS else "other"


def _log_failure(scope: Scope, status: int, begun_at: float, failure: Failure) -> None:
    facts = {**_describe(scope, status, begun_at), "code": failure.code, "message": failure.message}
    if failure.exception is not None:
        facts["exc_info"] = failure.exception
    log.error("request_failed", **facts)


def _describe(scope: Scope, status: int, begun_at: float) -> dict[str, object]:
    state, client = scope.get("state", {}), scope["client"]
    return {
        "method": _name_method(scope),
        "route": name_route(scope),
        "status": status or None,  # none where nobody waited for the answer any more
        "milliseconds": round((perf_counter() - begun_at) * 1000, 3),
        "principal_id": state.get("principal_id"),
        "address": client[0] if client else None,
        "request_id": state.get("request_id"),
    }

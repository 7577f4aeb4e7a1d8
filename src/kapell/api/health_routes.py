"""Health, readiness and metrics: outside of `/api/v1`, for those who run the server."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

import kapell
from kapell.api.parts import Parts, parts_of
from kapell.api.wire import answer, gives

router = APIRouter(tags=["health"])


class Health(msgspec.Struct, frozen=True):
    """How the server is.

    Attributes:
        status: `ok`, `stopping`, or `trouble`.
        version: Kapell's version.
        trouble: What is wrong, where something is.
    """

    status: str
    version: str
    trouble: str | None = None


@router.get("/health", responses=gives(Health))
async def get_health() -> Response:
    """Say that the process is alive."""
    return answer(Health("ok", kapell.__version__))


@router.get("/ready", responses=gives(Health))
async def get_readiness(request: Request) -> Response:
    """Say whether requests can be served: 503 while the server stops, or while nothing can be written."""
    parts = parts_of(request)
    if parts.stopping.is_set():
        return answer(Health("stopping", kapell.__version__), 503)
    trouble = parts.engine.trouble
    if trouble is not None:
        return answer(Health("trouble", kapell.__version__, "Nothing can be written at present."), 503)
    is_witnessed = parts.heads.trouble is None
    return answer(Health("ok", kapell.__version__, None if is_witnessed else "The audit log is not being witnessed."))


@router.get("/metrics", responses={200: {"description": "Metrics, as Prometheus reads them."}})
async def get_metrics(request: Request) -> Response:
    """Give metrics. They name no workflow and hold no data."""
    return Response(generate_latest(request.app.state.metrics), media_type=CONTENT_TYPE_LATEST)


class Metrics(Collector):
    """What is counted, read from the parts whenever somebody asks."""

    def __init__(self, parts: Parts) -> None:
        """Count the runs of an engine."""
        self._parts = parts
        self._ended = dict.fromkeys(("completed", "faulted", "cancelled"), 0)
        self._started = 0
        self._events = 0
        parts.engine.listen(self._note)

    def _note(self, active: Any, first_seq: int, events: Any) -> None:
        self._events += len(events)
        self._started += first_seq == 1
        for event in events:
            status = _ENDS.get(str(event.__struct_config__.tag))
            if status is not None:
                self._ended[status] += 1
        del active

    def collect(self) -> Any:
        """Give the metrics."""
        engine, live = self._parts.engine, self._parts.live
        ended = CounterMetricFamily("kapell_runs_ended", "Runs that ended, by status.", labels=["status"])
        for status, count in self._ended.items():
            ended.add_metric([status], count)
        yield CounterMetricFamily("kapell_runs_started", "Runs that were started.", self._started)
        yield ended
        yield CounterMetricFamily("kapell_events", "Events that became durable.", self._events)
        yield GaugeMetricFamily("kapell_attempts_under_way", "Attempts under way.", engine.attempts_under_way)
        yield GaugeMetricFamily("kapell_watchers", "Open streams of live events.", live.watchers)
        yield GaugeMetricFamily("kapell_storage_trouble", "1 while nothing can be written.", engine.trouble is not None)


_ENDS = {"run_completed": "completed", "run_faulted": "faulted", "run_cancelled": "cancelled"}


def make_registry(parts: Parts) -> CollectorRegistry:
    """Return the registry of a server's metrics."""
    registry = CollectorRegistry()
    registry.register(Metrics(parts))
    return registry

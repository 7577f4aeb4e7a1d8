"""Health, readiness and metrics: outside of `/api/v1`, for those who run the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

import kapell
from kapell.api.parts import in_thread, parts_of
from kapell.api.wire import answer, gives
from kapell.errors import StorageError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from kapell.api.metrics import Metrics

log = get_logger(__name__)

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
    """Give metrics. They name no run and no workflow, and hold no data."""
    metrics: Metrics = request.app.state.metrics
    try:
        await in_thread(metrics.standing.refresh)
    except StorageError as error:  # the rest is wanted all the more
        log.warning("metrics_incomplete", message=error.message)
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

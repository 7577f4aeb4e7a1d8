"""The application: routers, error handlers and guards, put together over the parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi

import kapell
from kapell.api import (
    audit_routes,
    bulk_routes,
    cloud_event_routes,
    definition_routes,
    engine_routes,
    event_routes,
    expression_routes,
    health_routes,
    history_routes,
    identity_routes,
    log_routes,
    oidc_routes,
    overdue_routes,
    people_session_routes,
    report_routes,
    run_routes,
    search_routes,
    secret_routes,
    session_routes,
    settings_routes,
    statistics_routes,
    task_routes,
    trigger_routes,
    workflow_routes,
)
from kapell.api.callers import Needs
from kapell.api.event_entrance import EventEntrance
from kapell.api.guard import Guard
from kapell.api.metrics import Metrics
from kapell.api.observing import Observer
from kapell.api.problems import ProblemDetails, add_handlers
from kapell.api.run_entrance import RunEntrance
from kapell.api.wire import complete_schemas, gives
from kapell.console import ConsoleFiles

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from kapell.api.parts import Parts

PREFIX = "/api/v1"
_MODULES = (
    overdue_routes,
    run_routes,
    history_routes,
    log_routes,
    definition_routes,
    task_routes,
    bulk_routes,
    statistics_routes,
    report_routes,
    search_routes,
    event_routes,
    cloud_event_routes,
    expression_routes,
    session_routes,
    oidc_routes,
    workflow_routes,
    trigger_routes,
    secret_routes,
    identity_routes,
    people_session_routes,
    audit_routes,
    settings_routes,
    engine_routes,
)
"""The first are found first."""

_PROBLEM_STATUSES = (401, 403, 404, 409, 413, 422, 429, 503)


def make_application(parts: Parts) -> ASGIApp:
    """Return the ASGI application of a server."""
    routes = make_routes()
    routes.state.parts = parts
    metrics = routes.state.metrics = Metrics(parts)
    entrance = ConsoleFiles(RunEntrance(EventEntrance(routes, parts), parts))
    guard = Guard(entrance, max_body_bytes=parts.settings.max_body_bytes, rate_limits=parts.rate_limits)
    return Observer(guard, metrics.requests, log_requests=parts.settings.log_requests)


def make_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the API."""
    return make_routes().openapi()


def make_routes() -> FastAPI:
    """Return all routes; those of a server also have its parts."""
    app = FastAPI(
        title="Kapell",
        version=kapell.__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        default_response_class=Response,  # every route makes its own, and says in `responses` what is in it
    )
    for module in _MODULES:
        app.include_router(module.router, prefix=PREFIX)
    app.include_router(health_routes.router)
    add_handlers(app)
    app.openapi = lambda: _describe(app)  # type: ignore[method-assign]
    return app


def _describe(app: FastAPI) -> dict[str, Any]:
    """Return FastAPI's document with our schemas, permissions and the problems that routes may answer with."""
    if app.openapi_schema is None:
        problem = gives(ProblemDetails)[200]["content"]["application/json"]["schema"]
        document = get_openapi(title=app.title, version=app.version, routes=app.routes, summary="Orchestration.")
        permissions = {
            (method.lower(), path): permission for method, path, permission in list_permissions(app) if permission
        }
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                operation["x-permission"] = permissions.get((method, path), "")
                operation["responses"].pop("422", None)
                for status in _PROBLEM_STATUSES:
                    content = {"application/problem+json": {"schema": problem}}
                    operation["responses"].setdefault(str(status), {"description": "A problem.", "content": content})
        complete_schemas(document)
        app.openapi_schema = document
    return app.openapi_schema


def list_permissions(app: FastAPI) -> list[tuple[str, str, str | None]]:
    """Return method, path and permission of every route: empty for any caller, `None` for strangers, too."""
    found: list[tuple[str, str, str | None]] = []
    for included in app.routes:
        for route in included.effective_route_contexts() if hasattr(included, "effective_route_contexts") else ():
            needed = [each.call.permission for each in route.dependant.dependencies if isinstance(each.call, Needs)]
            assert len(needed) <= 1
            found += [(method, route.path, needed[0] if needed else None) for method in route.methods]
    return found

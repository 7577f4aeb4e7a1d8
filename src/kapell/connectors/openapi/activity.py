"""The activity behind `call: openapi`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from kapell.clock import Clock, SystemClock
from kapell.connectors.http.activity import IDEMPOTENT_METHODS, HttpActivity, add_trace, read_endpoint
from kapell.connectors.openapi.cache import DescriptionCache
from kapell.connectors.openapi.call import make_call
from kapell.sdk import ActivityContext, ActivityError, ActivityRequest

if TYPE_CHECKING:
    from kapell.connectors.openapi.operation import Operation


class OpenApiActivity:
    """Carries out `call: openapi` (DSL reference, "OpenAPI Call") by the document's own description."""

    def __init__(self, http: HttpActivity, clock: Clock | None = None) -> None:
        """Send by the client of `http`, which stays its owner's to close."""
        self._http = http
        self._descriptions = DescriptionCache(http.client, clock or SystemClock())

    def is_idempotent(self, request: ActivityRequest) -> bool:
        """Tell by the operation's method (RFC 9110, 9.2.2); no, if the document has not been read yet."""
        try:
            uri, policy = _read_document_endpoint(request)
            description = self._descriptions.find(uri, policy)
            if description is None:
                return False
            return description.get_operation(_read_operation_id(request)).method in IDEMPOTENT_METHODS
        except ActivityError:
            return False

    async def perform(self, request: ActivityRequest, context: ActivityContext) -> Any:  # noqa: ARG002 -- the contract
        """Call the operation and return the response in the form that `output` asks for.

        Raises:
            ActivityError: The document or the parameters cannot be used, no response arrived, or its status is an
                error.
        """
        operation = await self._get_operation(request)
        parameters = request.arguments.get("parameters") or {}
        if not isinstance(parameters, dict):
            raise _refuse("The parameters must be an object of names and values.")
        call = make_call(operation, parameters, request.arguments.get("authentication"), request.key)
        headers = dict(call.headers)
        add_trace(headers, request)
        call = replace(call, headers=headers)
        return await self._http.exchange(call, request.arguments)

    async def close(self) -> None:
        """Forget the documents."""
        await self._descriptions.close()

    async def _get_operation(self, request: ActivityRequest) -> Operation:
        operation_id = _read_operation_id(request)
        uri, policy = _read_document_endpoint(request)
        return (await self._descriptions.get(uri, policy)).get_operation(operation_id)


def _read_operation_id(request: ActivityRequest) -> str:
    operation_id = request.arguments.get("operationId")
    if not isinstance(operation_id, str):
        raise _refuse(f"The operationId must be a string; it is {operation_id!r}.")
    return operation_id


def _read_document_endpoint(request: ActivityRequest) -> tuple[str, Any]:
    document = request.arguments.get("document")
    if not isinstance(document, dict):
        raise _refuse("The document must be an object with an 'endpoint'.")
    return read_endpoint(document.get("endpoint"), request.input)


def _refuse(detail: str) -> ActivityError:
    return ActivityError("validation", 400, "Invalid arguments of call: openapi", detail)

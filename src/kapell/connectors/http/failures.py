"""What went wrong on the way to a server or back, as errors that a workflow can catch."""

from __future__ import annotations

import asyncio

import aiohttp

from kapell.connectors.http.address_rules import DeniedAddressError
from kapell.sdk import ActivityError


def describe_failure(error: Exception, what: str) -> ActivityError:
    """Translate an exception of the HTTP client.

    Args:
        error: The exception: a subclass of `aiohttp.ClientError`, `asyncio.TimeoutError`, `OSError` or `ValueError`.
        what: The call, such as `GET https://api.example/pets`.
    """
    denied = getattr(error, "os_error", error)
    if isinstance(denied, DeniedAddressError):
        return _describe_denial(denied, what)
    if isinstance(error, asyncio.TimeoutError):
        return _describe_timeout(error, what)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return ActivityError("communication", 502, "TLS failure", f"{what}: {_get_tls_cause(error)}.")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        detail = f"{what}: the proxy refused with {error.status} {error.message}."
        return ActivityError("communication", 502, "Proxy failure", detail)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return ActivityError("communication", 503, "Proxy unreachable", f"{what}: {_get_os_cause(error)}.")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        detail = f"{what}: the host '{error.host}' is not known ({_get_os_cause(error)})."
        return ActivityError("communication", 503, "Unknown host", detail)
    if isinstance(error, aiohttp.ClientConnectorError):
        detail = f"{what}: no connection to {error.host}:{error.port} ({_get_os_cause(error)})."
        return ActivityError("communication", 503, "Service unreachable", detail)
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
        detail = f"{what}: the connection broke before the response was complete ({error})."
        return ActivityError("communication", 502, "Connection lost", detail)
    return ActivityError("communication", 502, "Invalid response", f"{what}: {error or type(error).__name__}.")


def _describe_denial(error: DeniedAddressError, what: str) -> ActivityError:
    detail = f"{what}: {error.reason}. An administrator can make an exception by the setting `allowed_addresses`."
    return ActivityError("authorization", 403, "Address denied", detail)


def _describe_timeout(error: asyncio.TimeoutError, what: str) -> ActivityError:
    connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
    phase = "no connection was made in time" if connecting else "no complete response came in time"
    return ActivityError("timeout", 408, "Request timeout", f"{what}: {phase}.")


def _get_tls_cause(error: aiohttp.ClientError) -> str:
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    return getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or str(cause)


def _get_os_cause(error: aiohttp.ClientConnectorError) -> str:
    return error.os_error.strerror or str(error.os_error)

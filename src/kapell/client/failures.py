"""Connections that are not trusted, not made, or broken: what both transports say of them."""

from __future__ import annotations

import os
import socket
import ssl
from typing import TYPE_CHECKING

from kapell.client.errors import UnreachableError, UntrustedServerError
from kapell.errors import UsageError

if TYPE_CHECKING:
    from kapell.client.profile import Profile


def make_ssl_context(profile: Profile) -> ssl.SSLContext:
    """Return what checks the server's certificate. Raises `UsageError`."""
    try:
        return ssl.create_default_context(cafile=profile.ca_bundle or None)
    except OSError as error:  # ssl.SSLError is one
        raise UsageError(f"The certificate authorities in {profile.ca_bundle} cannot be used: {error}.") from error


def describe_distrust(address: str, text: str) -> UntrustedServerError:
    """Return the error of a certificate that is not trusted."""
    return UntrustedServerError(
        f"The certificate of {address} is not trusted: {text.rstrip('.')}.",
        hint="Name a file with the authority that has signed it by KAPELL_CA_BUNDLE.",
    )


def describe_failure(address: str, error: BaseException, *, was_sent: bool) -> UnreachableError:
    """Return the error of a connection that was not made, or broke."""
    text = _say(error)
    if was_sent:
        return UnreachableError(
            f"The connection to {address} broke: {text}.",
            was_sent=True,
            hint="The server may have obeyed all the same; look before you ask again.",
        )
    return UnreachableError(f"{address} cannot be reached: {text}.", hint="Is the server up, and the address right?")


def _say(error: BaseException) -> str:
    """Return the words of the system, where it has some: those of libraries name their own objects."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "nobody knows that name"
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno).lower()
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, TimeoutError) or "timed out" in str(error).lower():
        return "no answer in time"
    return str(error).rstrip(".") or type(error).__name__

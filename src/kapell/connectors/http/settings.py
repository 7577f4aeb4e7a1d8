"""What an installation decides about outgoing HTTP."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kapell.connectors.http.address_rules import AddressRules


class HttpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of every outgoing HTTP call.

    Attributes:
        connect_timeout_seconds: How long opening a connection may take.
        total_timeout_seconds: How long one call may take altogether; a task's own `timeout` may be shorter.
        max_connections: How many connections are open at once, to all hosts together.
        max_connections_per_host: How many of them go to one host and port; 0 for no limit of its own.
        keep_alive_seconds: How long an unused connection is kept for the next call. Many servers close theirs after 5
            seconds; ours go a little earlier, as a call on a connection that is just being closed is lost.
        max_response_bytes: The largest response body that is accepted, counted after decompression.
        proxy: The proxy for every call, such as `http://proxy.example:3128`; empty for none.
        proxy_from_environment: Whether `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are obeyed where `proxy` is empty.
        ca_file: A PEM file of the certificate authorities to trust in place of the system's; empty for the system's.
        origins: Where calls to an origin really go, such as `{"https://api.example": "http://127.0.0.1:8080"}`. The
            `Host` header and what the workflow sees stay those of the origin that was asked for. Made for tests.
        addresses: Which addresses may not be called.
    """

    connect_timeout_seconds: float = 10.0
    total_timeout_seconds: float = 300.0
    max_connections: int = 256
    max_connections_per_host: int = 0
    keep_alive_seconds: float = 4.0
    max_response_bytes: int = 32 * 1024 * 1024
    proxy: str = ""
    proxy_from_environment: bool = True
    ca_file: str = ""
    origins: Mapping[str, str] = {}
    addresses: AddressRules = AddressRules()

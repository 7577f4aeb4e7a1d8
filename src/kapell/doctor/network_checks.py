"""How the server is reached: its address, its certificate, the proxies that it believes."""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509

import kapell
from kapell.doctor.model import NotExaminedError, fine, refuse, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.doctor.model import Verdict
    from kapell.doctor.patient import Patient

_SOON = timedelta(days=30)
_ANSWER_SECONDS = 3.0
_LOCAL = {"127.0.0.1", "::1", "localhost"}
_WIDE_BITS = 8
_LARGEST_ANSWER = 64 * 1024


def check_port(patient: Patient) -> Iterator[Verdict]:
    """Find a port that something else uses, or a server of another version."""
    settings = patient.settings
    if not settings.port:
        yield fine("The server takes whichever port is free.")
        return
    where = f"{settings.host}:{settings.port}"
    found = _ask_health(patient)
    if found is not None:
        version = found.get("version")
        if version == kapell.__version__:
            yield fine(f"Kapell {version} answers on {where}.")
        else:
            yield warn(f"Kapell {version} answers on {where}, and this is {kapell.__version__}.", "Restart the server.")
        return
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        yield refuse(f"Nobody can listen on {where}: {error}.", "Choose another port, or stop what uses this one.")
    else:
        yield fine(f"{where} is free.")


def check_reach(patient: Patient) -> Iterator[Verdict]:
    """Find a server that can be reached from elsewhere without TLS."""
    settings = patient.settings
    if settings.host in _LOCAL:
        yield fine("Only this machine reaches the server.")
    elif settings.tls_certificate or settings.trusted_proxies:
        yield fine(f"Others reach the server at {settings.host}, by TLS or through a proxy.")
    else:
        yield warn(
            f"Others reach the server at {settings.host} without TLS: passwords can be read on their way.",
            "Set KAPELL_TLS_CERTIFICATE, or put a proxy before it and name that in KAPELL_TRUSTED_PROXIES.",
        )


def check_certificate(patient: Patient) -> Iterator[Verdict]:
    """Find a certificate that is not its key's, has expired, or will soon."""
    settings = patient.settings
    if settings.tls_certificate is None:
        raise NotExaminedError("none is set")
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
        certificate = x509.load_pem_x509_certificates(settings.tls_certificate.read_bytes())[0]
    except (OSError, ValueError) as error:
        yield refuse(
            f"The certificate {settings.tls_certificate} cannot be used: {error}.",
            "It must be a chain in PEM, the server's own first, and fit the key.",
        )
        return
    now, ends_at = patient.clock.now(), certificate.not_valid_after_utc
    if certificate.not_valid_before_utc > now:
        yield refuse(f"The certificate is not valid before {certificate.not_valid_before_utc}.", "Check the clock.")
    elif ends_at < now:
        yield refuse(f"The certificate expired at {ends_at}.", "Renew it; the server takes a new one by itself.")
    elif ends_at - now < _SOON and ends_at - now < (ends_at - certificate.not_valid_before_utc) / 3:
        yield warn(f"The certificate expires at {ends_at}.", "Renew it; the server takes a new one by itself.")
    else:
        yield fine(f"The certificate fits its key, and is valid until {ends_at}.")


def check_proxies(patient: Patient) -> Iterator[Verdict]:
    """Find proxies that are none, or a whole network of them."""
    words = [word.strip() for word in patient.settings.trusted_proxies.split(",") if word.strip()]
    if not words:
        raise NotExaminedError("none are set")
    is_clean = True
    for word in words:
        verdict = _judge_proxy(word)
        if verdict is not None:
            is_clean = False
            yield verdict
    if is_clean:
        yield fine(f"{', '.join(words)} may say whom they speak for.")


def _judge_proxy(word: str) -> Verdict | None:
    advice = "Name the proxies' own addresses: whoever is believed can pass for any address."
    if word == "*":
        return warn("Everybody's word is taken on where a request came from.", advice)
    try:
        network = ipaddress.ip_network(word, strict=False)
    except ValueError:
        return refuse(f"`{word}` is no address of a proxy.", "Write 10.0.0.5, or 10.0.0.0/28.")
    if network.num_addresses > 1 << _WIDE_BITS:
        return warn(f"{word} are {network.num_addresses:,} addresses, all believed.", advice)
    return None


def _ask_health(patient: Patient) -> dict[str, Any] | None:
    """Return what Kapell says at the server's address; `None` if it is not Kapell that answers there, or nobody."""
    settings = patient.settings
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 -- it is compared only
    connection: http.client.HTTPConnection
    if settings.tls_certificate:
        # What is asked here is who is there; whether the certificate is good is another check.
        context = ssl._create_unverified_context()  # noqa: S323, SLF001 -- see above
        connection = http.client.HTTPSConnection(host, settings.port, timeout=_ANSWER_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(host, settings.port, timeout=_ANSWER_SECONDS)
    with suppress(OSError, http.client.HTTPException, ValueError):
        try:
            connection.request("GET", "/health")
            found = json.loads(connection.getresponse().read(_LARGEST_ANSWER))
        finally:
            connection.close()
        return found if isinstance(found, dict) and {"status", "version"} <= found.keys() else None
    return None

"""The server: one process with the engine and the API, from start to graceful stop."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import uvicorn

import kapell
from kapell.api.application import make_application
from kapell.assembly import open_server
from kapell.errors import UsageError
from kapell.telemetry import configure_server_logging, get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from kapell.api.installation import Installation
    from kapell.api.parts import Parts
    from kapell.settings import Settings

log = get_logger(__name__)

_IDLE_SECONDS = 75
"""How long an idle connection is kept: longer than clients and proxies keep theirs, who would otherwise send a request
over one that is just being closed."""

_STOP_SECONDS = 10
_CERTIFICATE_POLL_SECONDS = 5.0
_BACKLOG = 2048


async def serve(
    settings: Settings,
    announce: Callable[[str, str | None], None],
    installation: Installation | None = None,
    accompany: Callable[[Parts], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        settings: The settings.
        announce: Is told the server's address, and the administrator's password if this start has made one.
        installation: Where the settings come from, and how to examine everything.
        accompany: What else goes on as long as requests are taken; cancelled when the server begins to stop.

    Raises:
        UsageError: The address cannot be listened on, or a setting cannot be used.
        ConflictError: Another process owns the runs.
    """
    _check_certificate(settings)  # before a first start makes a password that nobody would be shown
    configure_server_logging(settings.log_level, settings.log_format)
    log.info("server_starting", version=kapell.__version__, data=str(settings.data), postgresql=bool(settings.database))
    listener = listen(settings)
    address = _make_address(settings, listener)

    def tell() -> None:
        log.info("server_ready", address=address)
        announce(address, password)

    try:
        async with open_server(settings) as (parts, password):
            parts.installation = installation or parts.installation
            company = None if accompany is None else asyncio.create_task(_accompany(accompany, parts))
            await Serving(settings, parts, listener).run(tell)
            if company is not None:
                await company
    finally:
        listener.close()
    log.info("server_stopped")


async def _accompany(company: Callable[[Parts], Coroutine[Any, Any, None]], parts: Parts) -> None:
    stopping = asyncio.create_task(parts.stopping.wait())
    beside = asyncio.create_task(company(parts))
    await asyncio.wait([stopping, beside], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    beside.cancel()
    for result in await asyncio.gather(beside, return_exceptions=True):
        if isinstance(result, Exception):
            log.error("company_failed", exc_info=result)


class Serving:
    """uvicorn over the parts, with the stop in the right order: streams, requests, then the engine."""

    def __init__(self, settings: Settings, parts: Parts, listener: socket.socket) -> None:
        """Serve the parts' API at a socket that listens."""
        self._settings = settings
        self._parts = parts
        self._listener = listener
        config = uvicorn.Config(
            make_application(parts),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies or None,
            timeout_graceful_shutdown=_STOP_SECONDS,
            timeout_keep_alive=_IDLE_SECONDS,
            ssl_certfile=settings.tls_certificate,
            ssl_keyfile=settings.tls_key,
        )
        config.load()
        self._config = config
        self._server = uvicorn.Server(config)

    async def run(self, announce: Callable[[], None]) -> None:
        """Serve until `stop` or a signal; `announce` is called when requests are taken."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        reloading = loop.create_task(self._reload_certificate())
        serving = loop.create_task(self._serve())
        try:
            while not self._server.started and not serving.done():  # noqa: ASYNC110 -- uvicorn sets no event
                await asyncio.sleep(0.005)
            if not serving.done():
                gc.collect()
                gc.freeze()  # what was imported and opened stays: the collector need not look through it again
                announce()
            await serving
        finally:
            reloading.cancel()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    async def _serve(self) -> None:
        await self._server._serve(sockets=[self._listener])  # noqa: SLF001 -- `serve` would take the signals away from us

    def stop(self) -> None:
        """Begin to stop; the second time, at once."""
        if self._parts.stopping.is_set():
            self._server.force_exit = True
        log.info("server_stopping", at_once=self._server.force_exit)
        self._parts.stopping.set()
        self._parts.live.close()
        self._parts.events.close()
        self._server.should_exit = True

    async def _reload_certificate(self) -> None:
        """Use a new certificate for new connections as soon as its files have changed."""
        paths = [path for path in (self._settings.tls_certificate, self._settings.tls_key) if path is not None]
        context = self._config.ssl
        if not paths or context is None:
            return
        seen = _stamp(paths)
        self._parts.certificate.warn_in_time()
        while True:
            await asyncio.sleep(_CERTIFICATE_POLL_SECONDS)
            self._parts.certificate.warn_in_time()
            now = _stamp(paths)
            if now == seen:
                continue
            try:
                _check_certificate(self._settings)  # what fails halfway would leave the context with neither
                context.load_cert_chain(paths[0], paths[1] if len(paths) > 1 else None)
            except (OSError, UsageError) as error:
                log.warning("certificate_not_reloaded", message=str(error))
            else:
                seen = now
                self._parts.certificate.read()
                log.info("certificate_reloaded", expires_at=str(self._parts.certificate.expires_at))


def _check_certificate(settings: Settings) -> None:
    """Try the files out. Raises `UsageError`."""
    if settings.tls_certificate is None:
        if settings.tls_key is not None:
            raise UsageError("There is a key (`tls_key`) and no certificate.", hint="Set `tls_certificate`, too.")
        return
    files = [path for path in (settings.tls_certificate, settings.tls_key) if path is not None]
    named = " with the key ".join(map(str, files))
    try:
        for path in files:
            path.read_bytes()
        # The library asks for a passphrase at the terminal unless it is given one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_certificate, settings.tls_key, "")
    except ssl.SSLError as error:
        reason = str(getattr(error, "reason", "") or error).replace("_", " ").lower()
        raise UsageError(
            f"The certificate {named} cannot be used: {reason}.",
            hint="Both must be PEM, belong together, and the key must not be encrypted.",
        ) from error
    except OSError as error:
        raise UsageError(f"The certificate {named} cannot be read: {error}.") from error


def _stamp(paths: list[Path]) -> list[tuple[int, int]]:
    found = []
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            found.append((status.st_mtime_ns, status.st_ino))
    return found


def listen(settings: Settings) -> socket.socket:
    """Return a socket that listens where the settings say. Raises `UsageError`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        raise UsageError(
            f"Nobody can listen on {settings.host}:{settings.port}: {error}.",
            hint="Choose another --port, or stop what uses this one.",
        ) from error
    return listener


def _make_address(settings: Settings, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    scheme = "https" if settings.tls_certificate else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

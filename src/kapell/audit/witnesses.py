"""Where heads are kept out of reach of whoever owns the database: a file, a webhook, syslog."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import msgspec

import kapell
from kapell.audit.errors import WitnessError
from kapell.errors import UsageError

if TYPE_CHECKING:
    from kapell.audit.model import Head

_TIMEOUT_SECONDS = 10.0
_PRIVATE_FILE = 0o600
_LOG_AUDIT_INFO = 13 * 8 + 6  # RFC 5424: facility "log audit", severity "informational"
_SYSLOG_PORTS = {"syslog": 514, "syslog+tcp": 601}


class Witness(Protocol):
    """Keeps heads.

    Attributes:
        name: What people call it; holds no secret.
    """

    name: str

    def send(self, head: Head) -> None:
        """Hand over a head; it may have been handed over before. Blocks, for some seconds at most.

        Raises:
            WitnessError: It was not taken.
        """
        ...


class FileWitness:
    """Appends a line to a file; let another system collect it, or make it append-only (`chattr +a`)."""

    def __init__(self, path: Path) -> None:
        """Append to this file, which is made when the first head is sent."""
        self.name = f"file:{path}"
        self._path = path

    def send(self, head: Head) -> None:
        """Append a head, and see that it is on disk."""
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _PRIVATE_FILE)
            try:
                line = msgspec.json.encode(head) + b"\n"
                if os.write(descriptor, line) != len(line):
                    raise WitnessError(f"The witness {self.name} took half of a head.", hint="Is the disk full?")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise WitnessError(f"The witness {self.name} cannot be written: {error.strerror}.") from error


class WebhookWitness:
    """Posts a head as JSON; every answer of the kind 2xx means that it was taken. Redirects are not followed."""

    def __init__(self, url: str) -> None:
        """Post to this URL. Raises `UsageError` if it is none."""
        self._parts = urlsplit(url)
        try:
            port = self._parts.port
        except ValueError:
            port = -1
        if self._parts.scheme not in {"http", "https"} or not self._parts.hostname or port == -1:
            raise UsageError("The URL of an audit witness must begin with https:// or http://, and name a host.")
        self._port = port
        self.name = f"{self._parts.scheme}://{self._parts.netloc.rpartition('@')[2]}"

    def send(self, head: Head) -> None:
        """Post a head."""
        connection = self._connect()
        headers = {"Content-Type": "application/json", "User-Agent": f"Kapell/{kapell.__version__}"}
        query = f"?{self._parts.query}" if self._parts.query else ""
        try:
            connection.request("POST", (self._parts.path or "/") + query, msgspec.json.encode(head), headers)
            status = connection.getresponse().status
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise WitnessError(f"The witness {self.name} cannot be reached: {error}.") from error
        finally:
            connection.close()
        if not http.HTTPStatus.OK <= status < http.HTTPStatus.MULTIPLE_CHOICES:
            raise WitnessError(f"The witness {self.name} did not take a head: it answered {status}.")

    def _connect(self) -> http.client.HTTPConnection:
        host = self._parts.hostname or ""
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, self._port, timeout=_TIMEOUT_SECONDS)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, self._port, timeout=_TIMEOUT_SECONDS, context=context)


class SyslogWitness:
    """Logs a head (RFC 5424) to a local socket, by UDP, or by TCP (RFC 6587). Nobody confirms that it arrived."""

    def __init__(self, address: str) -> None:
        """Log to `syslog:<socket>`, `syslog://<host>[:<port>]` (UDP) or `syslog+tcp://<host>[:<port>]`.

        Raises:
            UsageError: The address is none of these.
        """
        parts = urlsplit(address)
        try:
            port = parts.port or _SYSLOG_PORTS.get(parts.scheme, 0)
        except ValueError:
            port = 0
        is_local = parts.scheme == "syslog" and not parts.netloc and parts.path.startswith("/")
        if not is_local and not (parts.hostname and port):
            raise UsageError(
                f"`{address}` is no address of syslog.", hint="Write syslog:/dev/log or syslog://host:514."
            )
        self.name = address
        self._path = parts.path if is_local else ""
        self._host, self._port, self._is_stream = parts.hostname or "", port, parts.scheme == "syslog+tcp"

    def send(self, head: Head) -> None:
        """Log a head."""
        prefix = f"<{_LOG_AUDIT_INFO}>1 {head.statement.at} {socket.gethostname()} kapell {os.getpid()} audit-head - "
        message = prefix.encode() + msgspec.json.encode(head)
        try:
            self._transmit(message)
        except (OSError, ValueError) as error:
            raise WitnessError(f"The witness {self.name} cannot be reached: {error}.") from error

    def _transmit(self, message: bytes) -> None:
        if self._path:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.settimeout(_TIMEOUT_SECONDS)
                sock.connect(self._path)
                sock.send(message)
        elif self._is_stream:
            with socket.create_connection((self._host, self._port), timeout=_TIMEOUT_SECONDS) as sock:
                sock.sendall(b"%d %s" % (len(message), message))
        else:
            family, kind, protocol, _, place = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)[0]
            with socket.socket(family, kind, protocol) as sock:
                sock.sendto(message, place)


def make_witnesses(setting: str) -> list[Witness]:
    """Return the witnesses that a setting names, separated by commas.

    Each is `file:<path>`, `https://...`, `http://...`, `syslog:<socket>`, `syslog://<host>[:<port>]` or
    `syslog+tcp://<host>[:<port>]`.

    Raises:
        UsageError: One of them is none of these.
    """
    return [_make_witness(word.strip()) for word in setting.split(",") if word.strip()]


def _make_witness(text: str) -> Witness:
    scheme = text.partition(":")[0]
    if scheme == "file" and len(text) > len("file:"):
        return FileWitness(Path(text.removeprefix("file:")))
    if scheme in {"http", "https"}:
        return WebhookWitness(text)
    if scheme in _SYSLOG_PORTS:
        return SyslogWitness(text)
    raise UsageError(
        f"`{text}` is no audit witness.", hint="Write file:<path>, https://<url>, syslog:/dev/log or syslog://<host>."
    )

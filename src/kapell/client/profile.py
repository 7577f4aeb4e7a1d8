"""Where the server is and who asks: from arguments, the environment, or an earlier `kapell sign-in`."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import msgspec

import kapell
from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVER = "KAPELL_SERVER"
TOKEN = "KAPELL_TOKEN"  # noqa: S105 -- a variable's name
TOKEN_FILE = "KAPELL_TOKEN_FILE"  # noqa: S105 -- the same
CA_BUNDLE = "KAPELL_CA_BUNDLE"

DEFAULT_ADDRESS = "http://127.0.0.1:8020"
_SCHEMES = {"http": 80, "https": 443}


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A server, and how it is asked.

    Attributes:
        address: Such as `https://kapell.example`, without a slash at its end.
        token: The API token; empty for a stranger.
        ca_bundle: A file with the certificate authorities that are trusted, in place of the system's; empty for those.
        proxy: The proxy on the way; empty for none.
        timeout_seconds: How long an answer may take, and how long connecting may take.
        retry_seconds: How long a call is tried again while the server cannot be reached or asks to wait; how long a
            stream of events may be cut off. 0 asks once.
        connections: How many connections are kept open at most.
    """

    address: str
    token: str = ""
    ca_bundle: str = ""
    proxy: str = ""
    timeout_seconds: float = 30.0
    retry_seconds: float = 30.0
    connections: int = 50

    def __repr__(self) -> str:
        """Show the address only: tokens do not belong into logs."""
        return f"Profile({self.address!r})"

    @property
    def user_agent(self) -> str:
        """How the client names itself."""
        return f"kapell/{kapell.__version__}"


def find_profile(  # noqa: PLR0913 -- a profile's fields, and where to look for them
    address: str | None = None,
    *,
    token: str | None = None,
    token_file: str | Path | None = None,
    ca_bundle: str | Path | None = None,
    timeout_seconds: float = 30.0,
    retry_seconds: float = 30.0,
    connections: int = 50,
    environment: Mapping[str, str] | None = None,
) -> Profile:
    """Return the profile: what is given, then the environment, then what an earlier sign-in has left.

    An empty token is none, whatever the environment has.

    Raises:
        UsageError: The address is none, or a file cannot be read.
    """
    variables = os.environ if environment is None else environment
    found = check_address(address or variables.get(SERVER) or DEFAULT_ADDRESS)
    bundle = str(ca_bundle or variables.get(CA_BUNDLE) or "")
    if bundle and not Path(bundle).is_file():
        raise UsageError(f"There is no file {bundle} with certificate authorities.", hint=f"{CA_BUNDLE} names it.")
    return Profile(
        address=found,
        token=_find_token(found, token, token_file, variables),
        ca_bundle=bundle,
        proxy=_find_proxy(found),
        timeout_seconds=timeout_seconds,
        retry_seconds=retry_seconds,
        connections=connections,
    )


def check_address(address: str) -> str:
    """Return a server's address in its plain form. Raises `UsageError` where it is none."""
    try:
        parts = urlsplit(address.strip().rstrip("/"))
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{address} is no server's address: {error}.", hint=f"Such as {DEFAULT_ADDRESS}.") from error
    if parts.scheme not in _SCHEMES or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{address} is no server's address.", hint=f"Write it such as {DEFAULT_ADDRESS}.")
    if parts.username or parts.password:
        raise UsageError(
            "A server's address holds no password.", hint=f"Give a token by {TOKEN}, or by a file ({TOKEN_FILE})."
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    where = host if port in {None, _SCHEMES[parts.scheme]} else f"{host}:{port}"
    return f"{parts.scheme}://{where}{parts.path.rstrip('/').removesuffix('/api/v1')}"


def _find_proxy(address: str) -> str:
    """Return the proxy that the environment names for an address (`HTTPS_PROXY`, `NO_PROXY` and the like)."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    proxies = getproxies()
    if host in {"localhost", "127.0.0.1", "::1"} or proxy_bypass(host):
        return ""
    return proxies.get(parts.scheme) or proxies.get("all", "")


def _find_token(address: str, token: str | None, token_file: str | Path | None, variables: Mapping[str, str]) -> str:
    if token is not None:
        return _check_token(token, "The token") if token else ""
    if token_file is not None:
        return _read_token(Path(token_file))
    if TOKEN in variables:
        return _check_token(variables[TOKEN], TOKEN)
    if variables.get(TOKEN_FILE):
        return _read_token(Path(variables[TOKEN_FILE]))
    stored = find_token_path(address, variables)
    return _read_token(stored) if stored.is_file() else ""


def _read_token(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise UsageError(f"The token file {path} cannot be read: {error}.") from error
    return _check_token(text, f"The token file {path}")


def _check_token(text: str, name: str) -> str:
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"{name} holds no token.", hint="A token is one line that begins with `kpl_`.")
    return token


def find_token_path(address: str, environment: Mapping[str, str] | None = None) -> Path:
    """Return the file in the user's folder of settings that holds the token for a server."""
    variables = os.environ if environment is None else environment
    given = variables.get("XDG_CONFIG_HOME", "")
    settings = Path(given) if given.startswith("/") else Path(variables.get("HOME") or "~").expanduser() / ".config"
    name = "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in address)
    return settings / "kapell" / "tokens" / name


def store_token(address: str, token: str) -> Path:
    """Keep a token for a server, readable by this user only, and return its file. Raises `UsageError`."""
    path = find_token_path(address)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{token}\n")
        beside.replace(path)
    except OSError as error:
        raise UsageError(f"The token cannot be kept in {path}: {error.strerror}.") from error
    return path

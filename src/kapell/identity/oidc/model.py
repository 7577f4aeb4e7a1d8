"""Providers as an installation sets them, and a sign-in that is under way."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from kapell.errors import UsageError

_KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class OidcProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A provider of OpenID Connect.

    Attributes:
        key: Its short name, in URLs and before the names of its groups: `corp` in `corp:platform`.
        title: What the button says.
        issuer: Its address, exactly as its discovery document has it.
        client_id: What it calls this installation.
        client_secret: What this installation shows it; empty for a public client.
        scopes: What is asked for; `openid` is among it.
        invited_only: Whether only people whose accounts are there already may sign in.
        groups_claim: The claim with the person's groups; empty to take none.
        allowed_domains: Only people with a verified address in one of these domains may sign in; empty for all.
        other_hosts: Origins other than the issuer's that its discovery document may name (`https://oauth2.example.org`).
        leeway_seconds: How far its clock and ours may be apart.
    """

    key: str
    title: str
    issuer: str
    client_id: str
    client_secret: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    invited_only: bool = False
    groups_claim: str = "groups"
    allowed_domains: tuple[str, ...] = ()
    other_hosts: tuple[str, ...] = ()
    leeway_seconds: int = 60

    def check(self) -> None:
        """Refuse settings that cannot work or are not safe. Raises `UsageError`."""
        if not _KEY.fullmatch(self.key):
            raise UsageError(f"`{self.key}` is no key for a provider.", hint="Use lower-case letters, digits and -.")
        if "openid" not in self.scopes:
            raise UsageError(f"The scopes of the provider `{self.key}` must have `openid` among them.")
        for address in (self.issuer, *self.other_hosts):
            find_origin(address)

    def allows(self, url: str) -> bool:
        """Tell whether this provider may be asked at a URL: at its issuer's origin, or one that was set."""
        origins = {find_origin(address) for address in (self.issuer, *self.other_hosts)}
        try:
            return find_origin(url) in origins
        except UsageError:
            return False


class PendingSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in under way; kept for the browser that began it, where no other can read or set it, and used once.

    Attributes:
        provider: The provider's key.
        state: What comes back with the code.
        nonce: What comes back in the ID token.
        verifier: What shows that the code was meant for us (PKCE, RFC 7636).
        redirect_uri: Where the browser comes back to.
        expires_at: From when on it is refused.
    """

    provider: str
    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    expires_at: datetime


def find_origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL that secrets may be sent to.

    Raises:
        UsageError: It is no URL, or not HTTPS and not of this machine.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"`{url}` is no URL.") from error
    host = parts.hostname or ""
    if not host or parts.username is not None or parts.scheme not in {"https", "http"}:
        raise UsageError(f"`{url}` is no URL of a provider.")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise UsageError(f"`{url}` is not safe: a provider is asked by https only.")
    return parts.scheme, host, port or {"https": 443, "http": 80}[parts.scheme]

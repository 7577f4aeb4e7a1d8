"""Providers from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.errors import UsageError
from kapell.identity.oidc.model import OidcProvider

if TYPE_CHECKING:
    from kapell.settings import OidcSettings, Settings


def make_providers(settings: Settings) -> list[OidcProvider]:
    """Return the providers of the settings, in their order. Raises `UsageError`."""
    found = [_make_provider(key, given) for key, given in settings.oidc.items()]
    for provider in found:
        provider.check()
    return found


def _make_provider(key: str, given: OidcSettings) -> OidcProvider:
    return OidcProvider(
        key=key,
        title=given.title or key,
        issuer=given.issuer,
        client_id=given.client_id,
        client_secret=_read_secret(key, given),
        scopes=given.scopes,
        invited_only=given.people == "invited",
        groups_claim=given.groups_claim,
        allowed_domains=given.allowed_domains,
        other_hosts=given.other_hosts,
    )


def _read_secret(key: str, given: OidcSettings) -> str:
    if given.client_secret_file is None:
        return given.client_secret
    if given.client_secret:
        raise UsageError(f"The provider `{key}` has both a client_secret and a client_secret_file.", hint="Keep one.")
    try:
        secret = given.client_secret_file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"The client secret of the provider `{key}` cannot be read: {error}.") from error
    if not secret:
        raise UsageError(f"The client secret of the provider `{key}` is empty: {given.client_secret_file}.")
    return secret

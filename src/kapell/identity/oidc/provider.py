"""Asking a provider: its discovery document and keys, which are remembered, tokens for codes, claims about a person.

Nothing is asked but the issuer's own origin and those that the settings name; redirects are not followed, and answers
are small and soon there or refused.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus

import aiohttp
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from kapell.errors import StorageError, UnauthenticatedError
from kapell.identity import names

if TYPE_CHECKING:
    from kapell.clock import Clock
    from kapell.identity.oidc.model import OidcProvider

_TIMEOUT_SECONDS: Final = 10.0
_LARGEST_ANSWER: Final = 1024 * 1024
_DISCOVERY_SECONDS: Final = 3600.0
_BETWEEN_KEY_FETCHES_SECONDS: Final = 10.0
"""So that tokens with invented key ids do not make us ask all the time."""


class ProviderError(StorageError):
    """A provider cannot be reached, or answers what no provider should."""

    code = "provider"


class ProviderClient:
    """What is asked of one provider. Belongs to one event loop."""

    def __init__(self, provider: OidcProvider, clock: Clock) -> None:
        """Ask nothing yet."""
        self.provider = provider
        self._clock = clock
        self._metadata: dict[str, Any] = {}
        self._metadata_until = 0.0
        self._keys: KeySet | None = None
        self._keys_fetched_at = 0.0

    async def get_metadata(self) -> dict[str, Any]:
        """Return the discovery document, of this hour. Raises `ProviderError`."""
        if not self._metadata or self._clock.monotonic() >= self._metadata_until:
            url = f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            found = await self._ask("GET", url)
            if found.get("issuer") != self.provider.issuer:
                raise ProviderError(
                    f"The provider `{self.provider.key}` calls itself another issuer than it is set as."
                )
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not isinstance(found.get(name), str) or not self.provider.allows(found[name]):
                    raise ProviderError(
                        f"The provider `{self.provider.key}` names a {name} that is not at its issuer's address.",
                        hint="If that is meant to be, add its origin to the provider's `other_hosts`.",
                    )
            self._metadata = found
            self._metadata_until = self._clock.monotonic() + _DISCOVERY_SECONDS
        return self._metadata

    async def get_keys(self, *, beyond: KeySet | None = None) -> KeySet:
        """Return the keys that the provider signs with.

        Args:
            beyond: The keys that were not enough: newer ones are fetched, unless that was just done.

        Raises:
            ProviderError: They cannot be fetched.
        """
        now = self._clock.monotonic()
        is_due = now - self._keys_fetched_at >= _BETWEEN_KEY_FETCHES_SECONDS
        if self._keys is None or (beyond is self._keys and is_due):
            found = await self._ask("GET", (await self.get_metadata())["jwks_uri"])
            try:
                self._keys = KeySet.import_key_set({"keys": found["keys"]})
            except (JoseError, ValueError, TypeError, KeyError) as error:
                raise ProviderError(f"The keys of the provider `{self.provider.key}` cannot be read.") from error
            self._keys_fetched_at = now
        return self._keys

    async def exchange_code(self, code: str, verifier: str, redirect_uri: str) -> tuple[str, str]:
        """Return the ID token and the access token that a code stands for.

        Raises:
            UnauthenticatedError: The provider does not take the code.
            ProviderError: It cannot be asked.
        """
        metadata = await self.get_metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = self._show_who_we_are(metadata, form)
        answer = await self._ask("POST", metadata["token_endpoint"], form=form, headers=headers)
        id_token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise UnauthenticatedError("The provider gave no ID token.")
        return id_token, access_token

    async def find_user_info(self, access_token: str) -> dict[str, Any]:
        """Return what the provider tells about the person beyond the ID token. Raises `ProviderError`."""
        endpoint = (await self.get_metadata()).get("userinfo_endpoint")
        if not isinstance(endpoint, str) or not self.provider.allows(endpoint):
            return {}
        return await self._ask("GET", endpoint, headers={"Authorization": f"Bearer {access_token}"})

    def _show_who_we_are(self, metadata: dict[str, Any], form: dict[str, str]) -> dict[str, str]:
        """Put id and secret where the provider wants them; return headers (RFC 6749, section 2.3.1)."""
        supported = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if self.provider.client_secret and "client_secret_basic" in supported:
            pair = f"{quote_plus(self.provider.client_id)}:{quote_plus(self.provider.client_secret)}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        form["client_id"] = self.provider.client_id
        if self.provider.client_secret:
            form["client_secret"] = self.provider.client_secret
        return {}

    async def _ask(
        self, method: str, url: str, *, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        if not self.provider.allows(url):
            raise ProviderError(f"The provider `{self.provider.key}` is not asked at `{names.clip(url)}`.")
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers={"Accept": "application/json"}) as session,
                session.request(method, url, data=form, headers=headers, allow_redirects=False) as response,
            ):
                body = await response.content.read(_LARGEST_ANSWER + 1)
                while len(body) <= _LARGEST_ANSWER and (more := await response.content.readany()):
                    body += more
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ProviderError(f"The provider `{self.provider.key}` cannot be reached: {error!r}") from error
        return self._read(status, body)

    def _read(self, status: int, body: bytes) -> dict[str, Any]:
        if len(body) > _LARGEST_ANSWER:
            raise ProviderError(f"The provider `{self.provider.key}` answers more than it should.")
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if status in {400, 401, 403} and isinstance(found, dict) and "error" in found:
            raise UnauthenticatedError(
                "The provider refuses the sign-in.", hint=names.clip(f"It says: {found['error']}.")
            )
        if status != 200 or not isinstance(found, dict):  # noqa: PLR2004 -- HTTP's OK
            raise ProviderError(f"The provider `{self.provider.key}` answers with status {status} and no JSON object.")
        return found

"""Signing in by a provider: begin, and finish when the browser comes back.

An account belongs to issuer and subject, nothing else: a provider that names somebody as a local account is named gets
another account. Its groups are what the provider claimed at the last sign-in.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped] # it has no types

from kapell.errors import ConflictError, ForbiddenError, NotFoundError, UnauthenticatedError, UsageError
from kapell.identity import names
from kapell.identity.model import STRANGER, SYSTEM, Actor, Person
from kapell.identity.oidc.claims import UnknownKeyError, make_profile, read_id_token
from kapell.identity.oidc.model import PendingSignIn
from kapell.identity.oidc.provider import ProviderClient, ProviderError
from kapell.identity.store import people
from kapell.ids import make_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kapell.errors import KapellError
    from kapell.identity.model import Principal
    from kapell.identity.oidc.claims import Profile
    from kapell.identity.oidc.model import OidcProvider
    from kapell.identity.transactions import Change, Transactions

_LASTS: Final = timedelta(minutes=10)
_BYTES: Final = 32
_MOST_NAMESAKES: Final = 100


class Oidc:
    """The providers of an installation. Belongs to one event loop; the database is used in threads."""

    def __init__(self, transactions: Transactions, providers: Sequence[OidcProvider]) -> None:
        """Take the providers; none is asked before somebody signs in.

        Raises:
            UsageError: A provider's settings cannot work or are not safe, or two have one key.
        """
        self._transactions = transactions
        self._clients: dict[str, ProviderClient] = {}
        for provider in providers:
            provider.check()
            if provider.key in self._clients:
                raise UsageError(f"There are two providers with the key `{provider.key}`.")
            self._clients[provider.key] = ProviderClient(provider, transactions.clock)

    def list_providers(self) -> list[OidcProvider]:
        """Return the providers, in the order of the settings."""
        return [client.provider for client in self._clients.values()]

    async def begin(self, provider: str, redirect_uri: str) -> tuple[str, PendingSignIn]:
        """Return where to send the browser, and what to keep for it until it comes back.

        Args:
            provider: The provider's key.
            redirect_uri: Where the browser comes back to, as the provider knows it.

        Raises:
            NotFoundError: There is no such provider.
            ProviderError: It cannot be asked.
        """
        client = self._get_client(provider)
        metadata = await client.get_metadata()
        pending = PendingSignIn(
            provider=provider,
            state=secrets.token_urlsafe(_BYTES),
            nonce=secrets.token_urlsafe(_BYTES),
            verifier=secrets.token_urlsafe(_BYTES),
            redirect_uri=redirect_uri,
            expires_at=self._transactions.clock.now() + _LASTS,
        )
        query = {
            "response_type": "code",
            "client_id": client.provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(client.provider.scopes),
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": create_s256_code_challenge(pending.verifier),
            "code_challenge_method": "S256",
        }
        endpoint = metadata["authorization_endpoint"]
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", pending

    async def finish(self, params: Mapping[str, str], pending: PendingSignIn, *, address: str = "") -> Principal:
        """Return who signed in; the account is made at the first time. A refusal is recorded.

        Args:
            params: What the browser brought back in its query.
            pending: What was kept for this browser; the caller forgets it now, whatever comes of this.
            address: The network address that the browser is at.

        Raises:
            UnauthenticatedError: The provider, or what the browser brought, does not vouch for anybody.
            ForbiddenError: The person's domain is not allowed.
            NotFoundError: There is no such provider any more.
            ProviderError: The provider cannot be asked.
        """
        provider = self._get_client(pending.provider).provider
        claims: dict[str, Any] = {}
        try:
            await self._collect_claims(params, pending, claims)
            return await asyncio.to_thread(self._admit, provider, make_profile(claims, provider))
        except (ForbiddenError, UnauthenticatedError, ProviderError) as error:
            await asyncio.to_thread(self._record_refusal, provider, claims.get("sub"), error, address)
            raise

    async def _collect_claims(self, params: Mapping[str, str], pending: PendingSignIn, claims: dict[str, Any]) -> None:
        """Add what the provider vouches for to `claims`."""
        client = self._get_client(pending.provider)
        self._check_return(params, pending, await client.get_metadata())
        id_token, access_token = await client.exchange_code(params["code"], pending.verifier, pending.redirect_uri)
        signed = await self._read_id_token(client, id_token, access_token, pending.nonce)
        claims.update(signed)
        told = await client.find_user_info(access_token)
        if told and told.get("sub") != signed["sub"]:
            raise UnauthenticatedError("The provider tells about somebody else.")
        claims.update({**told, **signed})

    def _get_client(self, key: str) -> ProviderClient:
        client = self._clients.get(key)
        if client is None:
            raise NotFoundError(f"There is no provider `{names.clip(key)}`.")
        return client

    def _check_return(self, params: Mapping[str, str], pending: PendingSignIn, metadata: dict[str, Any]) -> None:
        if not hmac.compare_digest(params.get("state", "").encode("utf-8", "replace"), pending.state.encode()):
            raise UnauthenticatedError("This sign-in was not begun here.", hint="Begin again.")
        if self._transactions.clock.now() >= pending.expires_at:
            raise UnauthenticatedError("This sign-in took too long.", hint="Begin again.")
        # Another provider may have sent the browser here (RFC 9207).
        issuer = params.get("iss")
        must_say = metadata.get("authorization_response_iss_parameter_supported") is True
        if (must_say or issuer is not None) and issuer != metadata["issuer"]:
            raise UnauthenticatedError("This sign-in comes from another provider.", hint="Begin again.")
        if "error" in params:
            raise UnauthenticatedError(
                "The provider did not sign you in.", hint=f"It says: {names.clip(params['error'])}."
            )
        if not params.get("code"):
            raise UnauthenticatedError("The provider sent no code.", hint="Begin again.")

    async def _read_id_token(
        self, client: ProviderClient, id_token: str, access_token: str, nonce: str
    ) -> dict[str, Any]:
        now = self._transactions.clock.now()
        known = await client.get_keys()
        for keys in (known, None):
            try:
                return read_id_token(
                    id_token,
                    keys or await client.get_keys(beyond=known),
                    client.provider,
                    nonce=nonce,
                    access_token=access_token,
                    now=now,
                )
            except UnknownKeyError:
                continue
        raise UnauthenticatedError("The provider's ID token is signed with an unknown key.")

    def _admit(self, provider: OidcProvider, profile: Profile) -> Principal:
        """Return the account of a person, made if need be, with the groups that are claimed now."""
        with self._transactions.change() as change:
            person_id = people.find_by_provider(change.connection, provider.issuer, profile.subject)
            if person_id is None:
                make = self._take_account if provider.invited_only else self._make_person
                person_id = make(change, provider, profile)
            people.get_person(change.connection, person_id, lock=True)
            before = people.list_claimed_groups(change.connection, person_id)
            if before != profile.groups:
                people.replace_claimed_groups(change.connection, person_id, profile.groups)
            principal = people.get_principal(change.connection, person_id)
            if principal.disabled:
                raise UnauthenticatedError("This account cannot be used.")
            if before != profile.groups:
                actor = SYSTEM.act_from(f"oidc:{provider.key}")
                details = {"before": before, "after": profile.groups}
                change.record(actor, "person.claim_groups", f"person/{person_id}", details=details)
        return principal

    def _record_refusal(self, provider: OidcProvider, subject: str | None, error: KapellError, address: str) -> None:
        """Record that somebody was not let in; `subject` is who it was if the provider vouches for that."""
        with self._transactions.write() as change:
            person_id = people.find_by_provider(change.connection, provider.issuer, subject) if subject else None
            stranger = Actor(STRANGER, "", address)
            target = f"person/{person_id or 'unknown'}"
            details = {"method": f"oidc:{provider.key}", "issuer": provider.issuer, "subject": subject}
            change.record(stranger, "session.begin", target, decision="denied", reason=str(error), details=details)

    def _take_account(self, change: Change, provider: OidcProvider, profile: Profile) -> str:
        """Give an account that waits for somebody of this name to who has it at the provider; return its id."""
        person = people.find_by_name(change.connection, profile.name)
        is_free = person is not None and not (
            person.has_password or person.disabled_at or people.has_provider(change.connection, person.person_id)
        )
        if person is None or not is_free:
            raise ForbiddenError(
                "Nobody has made an account for you.",
                hint=f"An administrator can make one named `{profile.name}`, without a password.",
            )
        people.link_to_provider(change.connection, provider.issuer, profile.subject, person.person_id)
        actor = SYSTEM.act_from(f"oidc:{provider.key}")
        details = {"issuer": provider.issuer, "subject": profile.subject}
        change.record(actor, "person.link", f"person/{person.person_id}", details=details)
        return person.person_id

    def _make_person(self, change: Change, provider: OidcProvider, profile: Profile) -> str:
        person = Person(
            person_id=make_id(change.now),
            name=_find_free_name(change, provider, profile.name),
            display_name=profile.display_name,
            has_password=False,
            created_at=change.now,
        )
        people.add_person(change.connection, person, None)
        people.link_to_provider(change.connection, provider.issuer, profile.subject, person.person_id)
        actor = SYSTEM.act_from(f"oidc:{provider.key}")
        details = {"name": person.name, "issuer": provider.issuer, "subject": profile.subject}
        change.record(actor, "person.create", f"person/{person.person_id}", details=details)
        return person.person_id


def _find_free_name(change: Change, provider: OidcProvider, wanted: str) -> str:
    """Return the wanted name, or one that says where it comes from if somebody has it."""
    numbered = (f"{wanted}@{provider.key}-{number}" for number in range(2, _MOST_NAMESAKES))
    for name in (wanted, f"{wanted}@{provider.key}", *numbered):
        if people.find_by_name(change.connection, name) is None:
            return name
    raise ConflictError(f"Too many people are called `{wanted}`.", hint="An administrator can rename some of them.")

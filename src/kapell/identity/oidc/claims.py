"""What a provider says about a person: the ID token checked, and the claims turned into an account. No I/O."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

import msgspec
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped] # the library has no types
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from kapell.errors import ForbiddenError, UnauthenticatedError
from kapell.identity import names

if TYPE_CHECKING:
    from datetime import datetime

    from joserfc.jwk import KeySet

    from kapell.identity.oidc.model import OidcProvider

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Signatures by a key that only the provider has: not `none`, and none by a secret that we know as well."""
_LONGEST_SUBJECT: Final = 255
_MOST_GROUPS: Final = 500
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9._@+-]+")


class UnknownKeyError(Exception):
    """The ID token is signed with a key that is not among those that are known."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A person as the provider describes it.

    Attributes:
        subject: The provider's id of the person; the only thing an account is known by.
        name: A name to sign in with, as near to the provider's as ours allow.
        display_name: How the person wants to be called.
        groups: Names of groups, with the provider's key before each.
    """

    subject: str
    name: str
    display_name: str
    groups: tuple[str, ...]


def read_id_token(
    text: str, keys: KeySet, provider: OidcProvider, *, nonce: str, access_token: str, now: datetime
) -> dict[str, Any]:
    """Return the claims of an ID token that is right in every respect (OpenID Connect Core, section 3.1.3.7).

    Raises:
        UnknownKeyError: It is signed with a key that is not in `keys`.
        UnauthenticatedError: It is not right.
    """
    try:
        token = jwt.decode(text, keys, algorithms=ALGORITHMS)
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": provider.client_id},
                "sub": {"essential": True},
                "nonce": {"essential": True, "value": nonce},
            },
            params={"client_id": provider.client_id, "nonce": nonce, "access_token": access_token},
        )
        claims.validate(now=int(now.timestamp()), leeway=provider.leeway_seconds)
    except InvalidKeyIdError as error:
        raise UnknownKeyError from error
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnauthenticatedError("The provider's ID token is not right.", hint=names.clip(str(error))) from error
    audience = claims["aud"]
    if isinstance(audience, list) and set(audience) != {provider.client_id} and claims.get("azp") != provider.client_id:
        raise UnauthenticatedError("The provider's ID token is meant for somebody else, too.")
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject or names.clip(subject, _LONGEST_SUBJECT) != subject:
        raise UnauthenticatedError("The provider's ID token names nobody.")
    return dict(claims)


def make_profile(claims: dict[str, Any], provider: OidcProvider) -> Profile:
    """Return the person that claims describe.

    Raises:
        ForbiddenError: The person's address is not in an allowed domain, or not verified.
    """
    _check_domain(claims, provider)
    email = _read_text(claims, "email")
    wanted = _read_text(claims, "preferred_username") or email or claims["sub"]
    folded = unicodedata.normalize("NFKD", wanted).encode("ascii", "ignore").decode().lower()
    name = _NOT_IN_NAMES.sub("-", folded).lstrip("._@+-")[:60]
    display_name = _read_text(claims, "name") or _read_text(claims, "preferred_username") or email
    return Profile(
        subject=claims["sub"],
        name=name or provider.key,
        display_name=display_name or name or provider.key,
        groups=_read_groups(claims, provider),
    )


def _check_domain(claims: dict[str, Any], provider: OidcProvider) -> None:
    if not provider.allowed_domains:
        return
    _, at, domain = _read_text(claims, "email").rpartition("@")
    allowed = {allowed.lower() for allowed in provider.allowed_domains}
    if not at or claims.get("email_verified") is not True or domain.lower() not in allowed:
        raise ForbiddenError(
            "Only people with a verified address in an allowed domain may sign in.",
            hint=f"Allowed: {', '.join(sorted(allowed))}.",
        )


def _read_groups(claims: dict[str, Any], provider: OidcProvider) -> tuple[str, ...]:
    claimed = claims.get(provider.groups_claim) if provider.groups_claim else None
    listed = [claimed] if isinstance(claimed, str) else claimed if isinstance(claimed, list) else []
    found = {f"{provider.key}:{name.strip()}" for name in listed[:_MOST_GROUPS] if isinstance(name, str)}
    return tuple(sorted(name for name in found if names.is_claimed_group(name) and names.clip(name) == name))


def _read_text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    return names.clip(value).strip() if isinstance(value, str) else ""

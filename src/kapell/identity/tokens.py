"""API tokens: `kpl_<id>_<secret>`, for programs that act for a person, within a scope, for a time.

The API asks with every call, so tokens that were found right are remembered for a moment, by the hash of the whole.
"""

from __future__ import annotations

import hmac
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from kapell.errors import ForbiddenError, NotFoundError, UnauthenticatedError, UsageError
from kapell.identity import names
from kapell.identity.credentials import hash_secret, make_secret
from kapell.identity.model import ApiToken, Principal, Scope
from kapell.identity.remembering import Remembered
from kapell.identity.roles import check_permissions
from kapell.identity.store import people, tokens
from kapell.ids import make_id

if TYPE_CHECKING:
    from datetime import datetime

    from kapell.identity.model import Actor
    from kapell.identity.transactions import Transactions

PREFIX: Final = "kpl_"
_FORM: Final = re.compile(r"kpl_([0-9a-z]{26})_([0-9a-f]{64})")
_LONGEST_ADDRESS: Final = 64
_NOBODY: Final = hash_secret("")


class TokenRules(msgspec.Struct, frozen=True, kw_only=True):
    """How API tokens are kept.

    Attributes:
        longest: How long a new token may last at most.
        seen_every: How often it is written down, at most, that a token is used.
    """

    longest: timedelta = timedelta(days=366)
    seen_every: timedelta = timedelta(minutes=1)


class NewToken(msgspec.Struct, frozen=True):
    """A token that was just made, and its text, which is told only here."""

    text: str
    token: ApiToken


class _Known:
    """What is remembered of a token; `used_at` goes on between two writes."""

    __slots__ = ("principal", "token", "used_at")

    def __init__(self, token: ApiToken, principal: Principal) -> None:
        self.token = token
        self.principal = principal
        self.used_at = token.last_used_at


class Tokens:
    """The API tokens of an installation. Methods block, except for `verify` of what is remembered."""

    def __init__(self, transactions: Transactions, rules: TokenRules | None = None) -> None:
        """Work in `transactions`."""
        self._transactions = transactions
        self._rules = rules or TokenRules()
        self._known: Remembered[_Known] = Remembered(transactions)

    def create(self, owner: Principal, name: str, scope: Scope, expires_at: datetime, actor: Actor) -> NewToken:
        """Make a token that acts for its owner, within a scope.

        Args:
            owner: The person. What they may do is looked at when the token is used, not now.
            name: What they call it.
            scope: What it is limited to.
            expires_at: From when on it is refused.
            actor: Who makes it.

        Raises:
            ForbiddenError: The owner is a token: tokens make no tokens, which might outlive or exceed them.
            UsageError: Name, scope or expiry will not do.
            NotFoundError: There is no such person.
        """
        if owner.kind != "person":
            raise ForbiddenError("Only people have API tokens.", hint="Sign in to make one.")
        name = names.check_display_name(name)
        check_permissions(scope.permissions)
        for namespace in scope.namespaces or ():
            names.check_namespace(namespace)
        if scope.namespaces is not None and not scope.namespaces:
            raise UsageError("Name at least one namespace, or none to mean all.")
        secret = make_secret()
        with self._transactions.change() as change:
            if not change.now < expires_at <= change.now + self._rules.longest:
                raise UsageError(f"A token expires in the future, and within {self._rules.longest.days} days.")
            people.get_person(change.connection, owner.person_id)
            token = ApiToken(
                token_id=make_id(change.now),
                owner_id=owner.person_id,
                name=name,
                scope=scope,
                created_at=change.now,
                expires_at=expires_at,
            )
            tokens.add_token(change.connection, token, hash_secret(secret))
            details = {"name": name, "scope": msgspec.to_builtins(scope, order="sorted"), "owner": owner.name}
            change.record(actor, "token.create", f"token/{token.token_id}", after=token, details=details)
        return NewToken(f"{PREFIX}{token.token_id}_{secret}", token)

    def verify(self, text: str, address: str = "") -> Principal:
        """Return who acts with a token.

        Raises:
            UnauthenticatedError: It is no token, or it is wrong, expired or revoked, or its owner is disabled.
        """
        key = hash_secret(text)
        known = self._known.find(key)
        if known is None:
            version = self._known.version
            known = self._load(text)
            self._known.keep(key, known, version)
        now = self._transactions.clock.now()
        if now >= known.token.expires_at:
            raise _refuse()
        if known.used_at is None or now - known.used_at >= self._rules.seen_every:
            known.used_at = now
            with self._transactions.write() as change:
                tokens.touch(change.connection, known.token.token_id, now, names.clip(address, _LONGEST_ADDRESS))
        return known.principal

    def find_remembered(self, text: str) -> Principal | None:
        """Return who acts with a token, where that is known without asking the database; never blocks."""
        known = self._known.find(hash_secret(text))
        now = self._transactions.clock.now()
        if known is None or now >= known.token.expires_at or known.used_at is None:
            return None
        return known.principal if now - known.used_at < self._rules.seen_every else None

    def get_token(self, token_id: str) -> ApiToken:
        """Return a token, without its secret. Raises `NotFoundError`."""
        with self._transactions.read() as connection:
            token = tokens.find_token(connection, token_id)
        if token is None:
            raise _not_found()
        return token

    def list_tokens(self, owner_id: str | None = None, *, limit: int = 100, after: str = "") -> list[ApiToken]:
        """Return a page of tokens in the order of their making, expired and revoked ones too.

        Args:
            owner_id: Only this person's; `None` for everybody's.
            limit: How many at most.
            after: The id of the last one of the page before.
        """
        with self._transactions.read() as connection:
            return tokens.list_tokens(connection, owner_id, after=names.clip(after), limit=limit)

    def revoke(self, token_id: str, actor: Actor, *, owner_id: str | None = None) -> None:
        """Let a token be refused from now on; one that was revoked before stays so.

        Args:
            token_id: Which.
            actor: Who revokes it.
            owner_id: Whose it must be; `None` where the actor may revoke anybody's.

        Raises:
            NotFoundError: There is no such token, or it is somebody else's.
        """
        with self._transactions.change() as change:
            token = tokens.find_token(change.connection, token_id)
            if token is None or owner_id not in {None, token.owner_id}:
                raise _not_found()
            if tokens.revoke_token(change.connection, token_id, change.now):
                change.record(actor, "token.revoke", f"token/{token_id}")

    def _load(self, text: str) -> _Known:
        form = _FORM.fullmatch(text)
        if form is None:
            raise _refuse()
        token_id, secret = form.groups()
        with self._transactions.read() as connection:
            token, secret_hash = tokens.find_with_hash(connection, token_id) or (None, _NOBODY)
            owner = None if token is None else people.find_principal(connection, token.owner_id)
        is_right = hmac.compare_digest(hash_secret(secret), secret_hash)
        if token is None or owner is None or not is_right or token.revoked_at is not None or owner.disabled:
            raise _refuse()
        return _Known(token, _act_for(owner, token))


def _act_for(owner: Principal, token: ApiToken) -> Principal:
    return Principal(
        principal_id=token.token_id,
        kind="token",
        name=f"{owner.name}/{token.name}",
        display_name=token.name,
        person_id=owner.person_id,
        groups=owner.groups,
        scope=token.scope,
    )


def _refuse() -> UnauthenticatedError:
    return UnauthenticatedError("This API token is not valid.", hint="It may have expired or been revoked.")


def _not_found() -> NotFoundError:
    return NotFoundError("There is no such API token.")

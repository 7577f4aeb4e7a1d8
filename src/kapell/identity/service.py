"""All parts of identity, wired once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kapell.identity.access import Access
from kapell.identity.accounts import Accounts
from kapell.identity.groups import Groups
from kapell.identity.passwords import PasswordRules, Passwords
from kapell.identity.roles import Roles
from kapell.identity.sessions import SessionRules, Sessions
from kapell.identity.sign_in import SignIn
from kapell.identity.slowing import SlowingRules
from kapell.identity.tokens import TokenRules, Tokens
from kapell.identity.transactions import Transactions

if TYPE_CHECKING:
    from kapell.audit import AuditLog
    from kapell.clock import Clock
    from kapell.storage.server_database import ServerDatabase


class IdentityRules(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about identity that an installation can choose."""

    passwords: PasswordRules = PasswordRules()
    sessions: SessionRules = SessionRules()
    tokens: TokenRules = TokenRules()
    slowing: SlowingRules = SlowingRules()


class Identity:
    """Who is calling, and what they may do. Any thread may use any part.

    Attributes:
        access: Questions of permission.
        accounts: People.
        groups: Local groups.
        roles: Roles and bindings.
        sessions: Sessions of people who signed in.
        sign_in: Signing in by name and password.
        tokens: API tokens.
        transactions: What `oidc` works in, which is made apart as it needs a provider.
    """

    def __init__(
        self, database: ServerDatabase, audit_log: AuditLog, clock: Clock, rules: IdentityRules | None = None
    ) -> None:
        """Keep everything in `database`, by the time of `clock`."""
        rules = rules or IdentityRules()
        passwords = Passwords(rules.passwords)
        self.transactions = Transactions(database, audit_log, clock)
        self.access = Access(self.transactions)
        self.accounts = Accounts(self.transactions, passwords)
        self.groups = Groups(self.transactions)
        self.roles = Roles(self.transactions)
        self.sessions = Sessions(self.transactions, rules.sessions)
        self.sign_in = SignIn(self.transactions, passwords, self.sessions, rules.slowing)
        self.tokens = Tokens(self.transactions, rules.tokens)

    def prune(self) -> int:
        """Delete what has ended long since: sessions, counted failures; return how many rows. For a timer."""
        return self.sessions.prune() + self.sign_in.prune()

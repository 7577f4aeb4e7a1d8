"""The audit log and the server's health, as the API tells of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class PrivatePart(msgspec.Struct, frozen=True, kw_only=True):
    """What of a record can be erased: names, addresses, words that people typed."""

    actor_name: str
    details: dict[str, Any]
    origin: str
    reason: str


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what, to what, when, and whether it was allowed.

    Attributes:
        number: Its number, from 1 without a gap.
        at: When it was written.
        actor_id: Who, by id.
        action: What, as `<thing>.<verb>`.
        target: To what, as `<kind>/<id>`.
        namespace: In which namespace, if in one.
        decision: `allowed` or `denied`.
        before_digest: The digest of the target before.
        after_digest: The digest of the target afterwards.
        redacts: The number of the record that this one erased the private part of.
        hash: Its hash, in hexadecimal.
        private: What can be erased; `None` once it has been.
    """

    number: int
    at: datetime
    actor_id: str
    action: str
    target: str
    namespace: str | None
    decision: str
    before_digest: str | None
    after_digest: str | None
    redacts: int | None
    hash: str
    private: PrivatePart | None


class HeadStatement(msgspec.Struct, frozen=True, kw_only=True):
    """What a head says: the tree over the first `size` records has this root. Its JSON is signed."""

    at: str
    key_id: str
    kind: str = "kapell.audit.head.1"
    number: int
    previous: str
    public_key: str
    root: str
    size: int


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A signed head of the log."""

    statement: HeadStatement
    signature: str


class PublicPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of a record is kept for good, and hashed."""

    action: str
    actor_id: str
    after_digest: str | None = None
    at: str
    before_digest: str | None = None
    decision: str
    namespace: str | None = None
    number: int
    redacts: int | None = None
    target: str


class Revealed(msgspec.Struct, frozen=True, kw_only=True):
    """A private part with what opens its commitment."""

    body: str
    salt: str


class SealedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record with all that its hash is made of."""

    public: PublicPart
    commitment: str
    previous: str
    private: Revealed | None = None


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """The proof that the log only grew since an older head."""

    head: Head
    path: list[str]


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The proof that a head covers a record; `kapell audit check-proof` checks its JSON offline."""

    kind: str = "kapell.audit.proof.1"
    record: SealedRecord
    path: list[str]
    head: Head
    since: Growth | None = None


class Health(msgspec.Struct, frozen=True):
    """How the server is.

    Attributes:
        status: `ok`, `stopping`, or `trouble`.
        version: Kapell's version.
        trouble: What is wrong, where something is.
    """

    status: str
    version: str
    trouble: str | None = None


# -- bodies ------------------------------------------------------------------------------------------------------------


class Redaction(msgspec.Struct, frozen=True):
    """Why what may be personal of a record is to be erased."""

    reason: str

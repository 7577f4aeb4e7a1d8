"""What the audit log holds, as values."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

Decision = Literal["allowed", "denied"]
DECISIONS: tuple[Decision, ...] = ("allowed", "denied")


class Actor(msgspec.Struct, frozen=True):
    """Who acts, as far as the log is concerned.

    Attributes:
        actor_id: A stable id; it stays in the log for good, so it is no name.
        name: What people call the actor; personal, so it can be erased.
        origin: The network address that the action came from, or how else it came (`cli`, `schedule`); can be erased.
    """

    actor_id: str
    name: str
    origin: str


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did or was refused: what is handed to the log.

    Attributes:
        actor_id: Who, by a stable id; kept for good.
        actor_name: Who, by name; can be erased.
        action: What, as `<thing>.<verb>`: `workflow.publish`.
        target: To what, as `<kind>/<id>`: `workflow/ns/name@1.0.0`; kept for good.
        namespace: In which namespace, where the target is in one.
        origin: From where: a network address, `cli`, `schedule`; can be erased.
        decision: Whether it was allowed.
        reason: Why, in words; can be erased, as people may have typed it.
        before_digest: The digest of the target before; kept for good. What can be guessed from its digest (a name, an
            address) belongs in `details`.
        after_digest: The digest of the target afterwards.
        details: Whatever else is worth knowing, as JSON; can be erased. Never secrets.
    """

    actor_id: str
    actor_name: str
    action: str
    target: str
    namespace: str | None = None
    origin: str
    decision: Decision = "allowed"
    reason: str = ""
    before_digest: str | None = None
    after_digest: str | None = None
    details: dict[str, Any] = {}

    @classmethod
    def by(cls, actor: Actor, action: str, target: str, **rest: Any) -> AuditEntry:
        """Return the entry of an action of `actor`; `rest` are the other fields."""
        return cls(
            actor_id=actor.actor_id, actor_name=actor.name, origin=actor.origin, action=action, target=target, **rest
        )


class PublicPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of a record is kept for good. Its JSON is hashed: fields in alphabetical order, absent ones left out.

    Attributes:
        action: As in `AuditEntry`.
        actor_id: As in `AuditEntry`.
        after_digest: As in `AuditEntry`.
        at: When, as `2026-01-31T12:00:00.000000Z`.
        before_digest: As in `AuditEntry`.
        decision: As in `AuditEntry`.
        namespace: As in `AuditEntry`.
        number: The record's number, from 1 without a gap.
        redacts: The number of the record whose private part was erased by this action.
        target: As in `AuditEntry`.
    """

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


class PrivatePart(msgspec.Struct, frozen=True, kw_only=True):
    """What of a record can be erased. Its JSON is committed to: fields stand in alphabetical order.

    Attributes:
        actor_name: As in `AuditEntry`.
        details: As in `AuditEntry`.
        origin: As in `AuditEntry`.
        reason: As in `AuditEntry`.
    """

    actor_name: str
    details: dict[str, Any]
    origin: str
    reason: str


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record as pages and programs see it.

    Attributes:
        number: Its number, from 1 without a gap.
        at: When it was written.
        actor_id: As in `AuditEntry`, like the fields that follow.
        hash: Its hash, in hexadecimal.
        redacts: The number of the record that this one erased the private part of.
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


class RecordFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which records a page or an export shows; what is not given does not restrict.

    Attributes:
        since: Only records of this moment or later.
        until: Only records before this moment.
        actor: Only what this actor did, by id.
        action: Only this action; with `*` at its end, all that begin so.
        target: Only this target; with `*` at its end, all that begin so.
        namespace: Only this namespace.
        decision: Only what was allowed, or denied.
    """

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: str | None = None
    target: str | None = None
    namespace: str | None = None
    decision: Decision | None = None


class Introduction(msgspec.Struct, frozen=True, kw_only=True):
    """How a signing key enters the log: its own statement of who it is and which key it follows. Its JSON is signed.

    Attributes:
        at: When, as `2026-01-31T12:00:00.000000Z`.
        is_endorsed: Whether the predecessor endorses it: not so for the first key and one that replaces a lost key.
        key_id: The key's id: the first 16 bytes of the SHA-256 of the public key, in hexadecimal.
        kind: What this is, so that no signature can be mistaken for another.
        number: The key's number, from 1 without a gap.
        predecessor: The id of the key before, or empty for the first.
        public_key: The Ed25519 public key, 32 bytes in hexadecimal.
    """

    at: str
    is_endorsed: bool
    key_id: str
    kind: Literal["kapell.audit.key.1"] = "kapell.audit.key.1"
    number: int
    predecessor: str
    public_key: str


class KnownKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of the log.

    Attributes:
        introduction: Its statement.
        signature: The statement, signed by the key itself, in hexadecimal.
        endorsement: The statement, signed by the key before, in hexadecimal; empty if it is not endorsed.
    """

    introduction: Introduction
    signature: str
    endorsement: str


class HeadStatement(msgspec.Struct, frozen=True, kw_only=True):
    """What a head says: the tree over the first `size` records has this root. Its JSON is signed.

    Attributes:
        at: When, as `2026-01-31T12:00:00.000000Z`.
        key_id: The id of the key that signs.
        kind: What this is, so that no signature can be mistaken for another.
        number: The head's number, from 1 without a gap.
        previous: The SHA-256 of the statement before, in hexadecimal; 64 zeros for the first.
        public_key: The Ed25519 public key that signs, 32 bytes in hexadecimal.
        root: The root of the Merkle tree (RFC 6962) over the records' hashes, in hexadecimal.
        size: How many records it covers.
    """

    at: str
    key_id: str
    kind: Literal["kapell.audit.head.1"] = "kapell.audit.head.1"
    number: int
    previous: str
    public_key: str
    root: str
    size: int


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A signed head: what witnesses keep.

    Attributes:
        statement: What it says.
        signature: The Ed25519 signature of the statement's JSON, in hexadecimal.
    """

    statement: HeadStatement
    signature: str


class TailStatement(msgspec.Struct, frozen=True, kw_only=True):
    """Which record is the last one, signed at every write, so that nobody without the key can add one.

    Attributes:
        hash: The hash of the last record, in hexadecimal.
        key_id: The id of the key that signs.
        kind: What this is, so that no signature can be mistaken for another.
        number: The number of the last record.
    """

    hash: str
    key_id: str
    kind: Literal["kapell.audit.tail.1"] = "kapell.audit.tail.1"
    number: int

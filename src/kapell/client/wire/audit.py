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


class AuditFinding(msgspec.Struct, frozen=True):
    """Something in the audit log that is not as it was written.

    Attributes:
        kind: What was done to it, as `kapell audit verify` calls it.
        place: Where: `record 12`, `records 81-120`, `head 3`.
        text: What it is, in a sentence.
    """

    kind: str
    place: str
    text: str


class AuditReport(msgspec.Struct, frozen=True):
    """The outcome of a verification.

    Attributes:
        is_verified: Whether nothing was found.
        records: How many records there are.
        redacted: How many of them have been redacted.
        heads: How many signed heads there are.
        covered: Up to which record the log is covered by heads that hold.
        keys: The ids of the keys that may sign, the first one first.
        findings: What is wrong; the first 100.
        finding_count: How much is wrong.
    """

    is_verified: bool
    records: int
    redacted: int
    heads: int
    covered: int
    keys: list[str]
    findings: list[AuditFinding]
    finding_count: int


class AuditVerification(msgspec.Struct, frozen=True):
    """How the newest verification of the audit log stands. A server forgets it when it stops.

    Attributes:
        status: `running`, `done`, `never` if there was none, or `failed` if the log could not be read to its end.
        started_at: When it began.
        ended_at: When it ended.
        checked: How many records have been checked.
        total: How many there were when it began.
        report: What came of it.
        error: Why it failed.
    """

    status: str = "never"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    checked: int = 0
    total: int = 0
    report: AuditReport | None = None
    error: str | None = None


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

"""Proofs that a head covers a record: made from the database, checked with nothing but themselves and a head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
import sqlalchemy as sa

from kapell.audit import store
from kapell.audit.encoding import (
    compute_commitment,
    compute_record_hash,
    encode_statement,
    write_moment,
)
from kapell.audit.keys import compute_key_id, is_signed
from kapell.audit.merkle import check_consistency, check_inclusion, compute_root, prove_consistency, prove_inclusion
from kapell.audit.model import Head, PublicPart
from kapell.errors import ConflictError, NotFoundError, UsageError
from kapell.storage.tables.audit import audit_private, audit_records

if TYPE_CHECKING:
    from collections.abc import Iterable


class Revealed(msgspec.Struct, frozen=True, kw_only=True):
    """A private part with what opens its commitment.

    Attributes:
        body: The private part: the very text of JSON that was committed to.
        salt: The salt, 32 bytes in hexadecimal.
    """

    body: str
    salt: str


class SealedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record with all that its hash is made of.

    Attributes:
        public: What is kept for good.
        commitment: What stands for the rest, in hexadecimal.
        previous: The hash of the record before, in hexadecimal.
        private: The rest, if it is shown.
    """

    public: PublicPart
    commitment: str
    previous: str
    private: Revealed | None = None

    def compute_hash(self) -> bytes:
        """Return the record's hash. Raises `ValueError` for what is no hexadecimal."""
        return compute_record_hash(bytes.fromhex(self.previous), bytes.fromhex(self.commitment), self.public)


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """The proof that the log only grew since an older head.

    Attributes:
        head: The older head.
        path: The consistency proof of RFC 6962, in hexadecimal.
    """

    head: Head
    path: list[str]


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The proof that a head covers a record.

    Attributes:
        kind: What this is.
        record: The record.
        path: The inclusion proof of RFC 6962, in hexadecimal.
        head: The head.
        since: The proof that the log only grew since an older head, where it was asked for.
    """

    kind: Literal["kapell.audit.proof.1"] = "kapell.audit.proof.1"
    record: SealedRecord
    path: list[str]
    head: Head
    since: Growth | None = None


def make_proof(connection: sa.Connection, number: int, *, since: Head | None = None, reveals: bool = False) -> Proof:
    """Return the proof that the newest head covers a record; see `AuditLog.prove`.

    Raises:
        NotFoundError: There is no such record.
        ConflictError: No head covers it yet, or `since` is newer than the newest head.
    """
    record = _read_sealed(connection, number, reveals=reveals)
    stored = store.find_covering_head(connection, number)
    if stored is None:
        raise ConflictError(f"No head covers record {number} yet.", hint="The server makes one every 60 s.")
    size = stored.head.statement.size

    def read_range(start: int, end: int) -> bytes:
        return compute_root(store.iter_leaves(connection, start, end))

    path = prove_inclusion(number - 1, size, read_range)
    growth = None
    if since is not None:
        if not 1 <= since.statement.size <= size:
            raise ConflictError(f"The head of {since.statement.size} records is newer than this log.")
        steps = prove_consistency(since.statement.size, size, read_range)
        growth = Growth(head=since, path=[step.hex() for step in steps])
    return Proof(record=record, path=[step.hex() for step in path], head=stored.head, since=growth)


def check_proof(proof: Proof, trusted: Iterable[Head] | None = None) -> list[str]:
    """Return what is wrong with a proof; nothing if it holds.

    Args:
        proof: The proof.
        trusted: Heads that a witness kept: the proof's head, or the one that it says to have grown from, must be one of
            them. Without them the proof holds if its own head was signed by the key that it names.
    """
    try:
        faults = _check_record(proof.record) + _check_head(proof.head)
        data, statement = proof.record.compute_hash(), proof.head.statement
        path = [bytes.fromhex(step) for step in proof.path]
        if not check_inclusion(
            proof.record.public.number - 1, statement.size, data, path, bytes.fromhex(statement.root)
        ):
            faults.append(f"The head does not cover this record {proof.record.public.number}.")
        if proof.since is not None:
            faults += _check_growth(proof.since, proof.head)
    except (ValueError, UnicodeEncodeError) as error:
        raise UsageError(f"The proof cannot be read: {error}.") from error
    if trusted is not None:
        heads = [proof.head.statement] + ([] if proof.since is None else [proof.since.head.statement])
        if not any(head.statement in heads for head in trusted):
            faults.append("Neither the proof's head nor the one that it grew from is a head of the witness.")
    return faults


def _check_record(record: SealedRecord) -> list[str]:
    if record.private is None:
        return []
    commitment = compute_commitment(bytes.fromhex(record.private.salt), record.private.body.encode())
    return [] if commitment.hex() == record.commitment else ["The private part is not what was committed to."]


def _check_head(head: Head) -> list[str]:
    statement, public_key = head.statement, bytes.fromhex(head.statement.public_key)
    is_right = compute_key_id(public_key) == statement.key_id and is_signed(
        public_key, encode_statement(statement), bytes.fromhex(head.signature)
    )
    return [] if is_right else [f"The head {statement.number} is not signed by the key {statement.key_id}."]


def _check_growth(growth: Growth, head: Head) -> list[str]:
    old, new = growth.head.statement, head.statement
    path = [bytes.fromhex(step) for step in growth.path]
    roots = bytes.fromhex(old.root), bytes.fromhex(new.root)
    if check_consistency(old.size, new.size, path, *roots):
        return _check_head(growth.head)
    return [f"The log of {new.size} records did not grow from the head of {old.size}."]


def _read_sealed(connection: sa.Connection, number: int, *, reveals: bool) -> SealedRecord:
    columns = audit_records.outerjoin(audit_private, audit_private.c.number == audit_records.c.number)
    statement = sa.select(audit_records, audit_private.c.salt, audit_private.c.body).select_from(columns)
    row = connection.execute(statement.where(audit_records.c.number == number)).first()
    if row is None:
        raise NotFoundError(f"There is no audit record {number}.", hint="See `kapell audit list`.")
    names = PublicPart.__struct_fields__
    public = PublicPart(**{name: getattr(row, name) for name in names} | {"at": write_moment(row.at)})
    private = None if row.body is None or not reveals else Revealed(body=row.body.decode(), salt=row.salt.hex())
    return SealedRecord(public=public, commitment=row.commitment.hex(), previous=row.previous.hex(), private=private)

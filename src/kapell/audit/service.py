"""The audit log: adding to it, signing what was added, erasing what is personal, reading.

A record is written in the transaction of what it tells of, so that neither is without the other. Each transaction ends
by signing its last record: whoever has the database but not the key can add nothing. What is already in the log is
bound by heads, which `make_head` signs now and then and which witnesses keep.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kapell.audit import proofs, store
from kapell.audit.encoding import (
    NO_HASH,
    SALT_BYTES,
    clean_text,
    compute_commitment,
    compute_record_hash,
    digest_statement,
    encode_private,
    encode_statement,
    write_moment,
)
from kapell.audit.errors import AuditDamagedError
from kapell.audit.keyring import find_signer, introduce_key, put_in_place, write_next_key
from kapell.audit.keys import is_signed
from kapell.audit.merkle import Frontier
from kapell.audit.model import AuditEntry, Head, HeadStatement, PublicPart, TailStatement
from kapell.errors import ConflictError, NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    import sqlalchemy as sa

    from kapell.audit.keys import Signer
    from kapell.audit.model import Actor, AuditRecord, KnownKey, RecordFilter
    from kapell.clock import Clock
    from kapell.storage.server_database import ServerDatabase

_LOOK = "Run `kapell audit verify`, and see docs/explanation/audit.md on what to do then."


def open_audit_log(
    database: ServerDatabase, key_path: Path, clock: Clock, *, replaces_lost_key: bool = False
) -> AuditLog:
    """Return the log of a database, signed with the key in a file; for a log without keys one is made.

    Args:
        database: Where the log is.
        key_path: The file with the private key, outside of the database.
        clock: Tells the time.
        replaces_lost_key: Make a new key although the database knows another: `kapell audit verify` will say so, unless
            it is given a head that the new key has signed.

    Raises:
        AuditKeyError: The file is missing, or holds another key than the one that the database knows.
        UsageError: The file holds no key, or others may read it.
        StorageError: The file or the database cannot be read or written.
    """
    with database.read() as connection:
        keys = store.list_keys(connection)
    signer = find_signer(keys, key_path, replaces_lost_key=replaces_lost_key)
    return AuditLog(database, signer, clock, key_path=key_path)


class AuditLog:
    """The log of one database. Its methods block; any thread may call them.

    Attributes:
        last_number: The number of the last record that this process has seen.
        last_head: The newest head that this process has made or found, or `None`.
    """

    def __init__(
        self,
        database: ServerDatabase,
        signer: Signer,
        clock: Clock,
        *,
        key_path: Path | None = None,
        draw: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Make the signer's key known to the log, unless it is.

        Args:
            database: Where the log is.
            signer: Signs heads; tests take `Signer.generate()`, everybody else `open_audit_log`.
            clock: Tells the time.
            key_path: Where the signer's key is kept; without it the key cannot be rotated.
            draw: Gives so many bytes of chance.

        Raises:
            StorageError: The database refused.
        """
        self._database = database
        self._signer = signer
        self._clock = clock
        self._key_path = key_path
        self._draw = draw
        self._seen = b""
        """The hash of a last record whose signature is known to be right."""
        with database.write() as connection:
            if all(key.introduction.key_id != signer.key_id for key in store.list_keys(connection)):
                introduce_key(connection, signer, clock.now())
            tail = store.lock_tail(connection)
            last_head = store.find_last_head(connection)
        self.last_number = 0 if tail is None else tail.number
        self.last_head: Head | None = None if last_head is None else last_head.head

    @property
    def key_id(self) -> str:
        """The id of the key that signs now."""
        return self._signer.key_id

    @property
    def public_key(self) -> bytes:
        """The public half of the key that signs now."""
        return self._signer.public_key

    def append(self, connection: sa.Connection, entry: AuditEntry, now: datetime) -> int:
        """Add a record in the caller's transaction, a `ServerDatabase.write()`, and return its number.

        Until that transaction ends nobody else can add one, so append late in it.

        Raises:
            AuditDamagedError: The log was changed from outside.
        """
        return self._append(connection, [entry], now)[0]

    def append_many(self, connection: sa.Connection, entries: Sequence[AuditEntry], now: datetime) -> list[int]:
        """Add records in the caller's transaction, as `append` does, and return their numbers."""
        return self._append(connection, entries, now) if entries else []

    def record(self, entries: Sequence[AuditEntry]) -> list[int]:
        """Add records in a transaction of their own, and return their numbers.

        Raises:
            AuditDamagedError: The log was changed from outside.
            StorageError: The database refused; no record was added.
        """
        if not entries:
            return []
        with self._database.write() as connection:
            return self._append(connection, entries, self._clock.now())

    def redact(self, number: int, actor: Actor, reason: str) -> int:
        """Erase what may be personal of a record, and return the number of the record that says so.

        What was erased stays in backups; on SQLite it may stay in the database's log file until that is overwritten, on
        PostgreSQL until the table is vacuumed.

        Raises:
            NotFoundError: There is no such record.
            ConflictError: It has been redacted before.
        """
        entry = AuditEntry.by(actor, "audit.redact", f"audit/{number}", reason=reason)
        with self._database.write() as connection:
            tail = self._lock_tail(connection)
            if not 1 <= number <= tail.number:
                raise NotFoundError(f"There is no audit record {number}.", hint="See `kapell audit list`.")
            if not store.delete_private(connection, number):
                raise ConflictError(f"The audit record {number} has been redacted before.")
            return self._append(connection, [entry], self._clock.now(), redacts=number)[0]

    def make_head(self) -> Head | None:
        """Sign the tree over all records there are; `None` if nothing was added since the last head.

        Raises:
            AuditDamagedError: The log was changed from outside.
            StorageError: The database refused.
        """
        with self._database.read() as connection:  # thousands of records are read while others are being added
            last = store.find_last_head(connection)
            tree = _Tree.read(connection, last)
            tree.grow(connection, store.find_last_number(connection))
        with self._database.write() as connection:
            tail = self._lock_tail(connection)
            before, last = last, store.find_last_head(connection)
            if last is not None:
                self.last_head = last.head
            if tail.number == (0 if last is None else last.head.statement.size):
                return None
            if last != before:  # another process has made a head meanwhile
                tree = _Tree.read(connection, last)
            tree.grow(connection, tail.number)
            frontier = tree.frontier
            if frontier.size != tail.number or tree.previous != tail.hash:
                raise _find_damage("its last records are gone")
            now = self._clock.now()
            statement = HeadStatement(
                at=write_moment(now),
                key_id=self._signer.key_id,
                number=1 if last is None else last.head.statement.number + 1,
                previous=(NO_HASH if last is None else digest_statement(last.head.statement)).hex(),
                public_key=self._signer.public_key.hex(),
                root=frontier.compute_root().hex(),
                size=tail.number,
            )
            head = Head(statement=statement, signature=self._signer.sign(encode_statement(statement)).hex())
            store.insert_head(connection, head, now, frontier.encode_peaks())
        self.last_head = head
        return head

    def rotate_key(self, actor: Actor) -> KnownKey:
        """Sign with a new key from now on; the old one signs that the new one follows it, and is forgotten.

        Other processes that have the log open go on with the old key, so there must be none.

        Raises:
            UsageError: This log does not know where its key is kept.
            StorageError: The key or the database cannot be written.
        """
        if self._key_path is None:
            raise UsageError("This audit log does not know where its key is kept.")
        now = self._clock.now()
        signer = write_next_key(self._key_path)
        with self._database.write() as connection:
            key = introduce_key(connection, signer, now, before=self._signer)
            entry = AuditEntry.by(actor, "audit.rotate_key", f"audit-key/{signer.key_id}")
            self._append(connection, [entry], now, signer=signer)
        put_in_place(self._key_path)
        self._signer = signer
        return key

    def get_record(self, number: int) -> AuditRecord:
        """Return a record. Raises `NotFoundError`."""
        with self._database.read() as connection:
            record = store.find_record(connection, number)
        if record is None:
            raise NotFoundError(f"There is no audit record {number}.", hint="See `kapell audit list`.")
        return record

    def list_records(self, where: RecordFilter, *, limit: int, before: int | None = None) -> list[AuditRecord]:
        """Return a page of records, the newest first; the next one is `before` the last number of this one."""
        with self._database.read() as connection:
            return store.list_records(connection, where, limit=limit, before=before)

    def list_heads(self, *, limit: int, before: int | None = None) -> list[Head]:
        """Return a page of heads, the newest first; the next one is `before` the last number of this one."""
        with self._database.read() as connection:
            return store.list_heads(connection, limit=limit, before=before)

    def list_keys(self) -> list[KnownKey]:
        """Return the keys that have signed, the first one first."""
        with self._database.read() as connection:
            return store.list_keys(connection)

    def prove(self, number: int, *, since: Head | None = None, reveals: bool = False) -> proofs.Proof:
        """Return the proof that the newest head covers a record.

        Args:
            number: The record.
            since: An older head, for whoever trusts that one: the proof also shows that the log only grew since.
            reveals: Whether the proof also holds what may be personal.

        Raises:
            NotFoundError: There is no such record.
            ConflictError: No head covers it yet, or the log has not grown from `since`.
        """
        with self._database.read() as connection:
            return proofs.make_proof(connection, number, since=since, reveals=reveals)

    def _append(
        self,
        connection: sa.Connection,
        entries: Sequence[AuditEntry],
        now: datetime,
        *,
        redacts: int | None = None,
        signer: Signer | None = None,
    ) -> list[int]:
        number, previous, *_ = self._lock_tail(connection)
        at = write_moment(now)
        records: list[dict[str, Any]] = []
        private: list[dict[str, Any]] = []
        for entry in entries:
            number += 1
            body, salt = encode_private(entry), self._draw(SALT_BYTES)
            commitment = compute_commitment(salt, body)
            public = _make_public(entry, number, at, redacts)
            previous, before = compute_record_hash(previous, commitment, public), previous
            records.append(_make_row(public, now) | {"commitment": commitment, "previous": before, "hash": previous})
            private.append({"number": number, "salt": salt, "body": body})
        store.insert_records(connection, records, private, self._sign_tail(number, previous, signer or self._signer))
        self._seen = previous
        self.last_number = number
        return [row["number"] for row in records]

    def _sign_tail(self, number: int, hash_: bytes, signer: Signer) -> store.Tail:
        statement = TailStatement(hash=hash_.hex(), key_id=signer.key_id, number=number)
        return store.Tail(number, hash_, signer.key_id, signer.sign(encode_statement(statement)))

    def _lock_tail(self, connection: sa.Connection) -> store.Tail:
        """Return the last record, locked; it is signed, or there is none at all."""
        tail = store.lock_tail(connection)
        if tail is None:
            raise _find_damage("its last record is unknown")
        if tail.hash == self._seen or (tail.number == 0 and tail.hash == NO_HASH):
            return tail
        keys = {key.introduction.key_id: key.introduction.public_key for key in store.list_keys(connection)}
        public_key = bytes.fromhex(keys.get(tail.key_id, ""))
        if not is_signed(public_key, encode_statement(tail.statement), tail.signature):
            raise _find_damage("its last record is not signed")
        self._seen = tail.hash
        return tail


class _Tree:
    """The tree over records, and the chain that they are.

    Attributes:
        frontier: The tree.
        previous: The hash of its last record.
    """

    def __init__(self, frontier: Frontier, previous: bytes) -> None:
        self.frontier = frontier
        self.previous = previous

    @classmethod
    def read(cls, connection: sa.Connection, last: store.StoredHead | None) -> _Tree:
        """Return the tree that the last head is about."""
        if last is None:
            return cls(Frontier(), NO_HASH)
        frontier = _read_tree(last)
        covered = list(store.iter_hashes(connection, frontier.size - 1, frontier.size))
        return cls(frontier, covered[0][2] if covered else NO_HASH)

    def grow(self, connection: sa.Connection, until: int) -> None:
        """Add the records that follow, up to one. Raises `AuditDamagedError`."""
        for number, before, hash_ in store.iter_hashes(connection, self.frontier.size, until):
            if number != self.frontier.size + 1 or before != self.previous:
                raise _find_damage(f"record {number} does not follow the one before")
            self.frontier.add(hash_)
            self.previous = hash_


def _read_tree(last: store.StoredHead) -> Frontier:
    """Return the tree that a head is about, if the head is signed and the tree its own."""
    statement = last.head.statement
    public_key, signature = bytes.fromhex(statement.public_key), bytes.fromhex(last.head.signature)
    with suppress(ValueError):
        frontier = Frontier(statement.size, last.peaks)
        is_its_own = frontier.compute_root().hex() == statement.root
        if is_its_own and is_signed(public_key, encode_statement(statement), signature):
            return frontier
    raise _find_damage("its last head is wrong")


def _find_damage(what: str) -> AuditDamagedError:
    return AuditDamagedError(f"The audit log was changed from outside: {what}.", hint=_LOOK)


def _make_public(entry: AuditEntry, number: int, at: str, redacts: int | None) -> PublicPart:
    return PublicPart(
        action=clean_text(entry.action),
        actor_id=clean_text(entry.actor_id),
        after_digest=None if entry.after_digest is None else clean_text(entry.after_digest),
        at=at,
        before_digest=None if entry.before_digest is None else clean_text(entry.before_digest),
        decision=entry.decision,
        namespace=None if entry.namespace is None else clean_text(entry.namespace),
        number=number,
        redacts=redacts,
        target=clean_text(entry.target),
    )


def _make_row(public: PublicPart, now: datetime) -> dict[str, Any]:
    row = {name: getattr(public, name) for name in public.__struct_fields__}
    row["at"] = now
    return row

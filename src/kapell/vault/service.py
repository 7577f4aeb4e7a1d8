"""The vault: secrets go in, and come out only for runs.

Each version of a secret is sealed with a key of its own, which is wrapped with the master key; both are bound to the
namespace, the name and the version. A new master key therefore wraps some keys anew and leaves the values alone.

Runs read the same few secrets again and again, on the engine's own thread. So what was opened is remembered, and so are
the uses, which `record_uses` writes down from time to time: into the secrets' rows, and into the audit log.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kapell.audit import Actor, AuditEntry
from kapell.errors import ConflictError, NotFoundError
from kapell.vault import store
from kapell.vault.envelope import Envelope
from kapell.vault.master_keys import MasterKeys, open_master_keys
from kapell.vault.model import SecretInfo, SecretPage, Uses
from kapell.vault.values import check_name, encode_value

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import sqlalchemy as sa

    from kapell.audit import AuditLog
    from kapell.clock import Clock
    from kapell.storage.server_database import ServerDatabase
    from kapell.vault.store import SealedSecret

RUNS: Final = Actor("kapell", "Kapell", "engine")
"""Who uses secrets, in the audit log: runs do, through the engine."""

_KEPT_VALUES = 10_000
_BATCH = 500

_Place = tuple[str, str]


def open_vault(database: ServerDatabase, key_path: Path, clock: Clock, audit: AuditLog) -> Vault:
    """Return the vault of a database, with the master keys of a file; at the first start the file is made.

    Raises:
        MasterKeyError: The file is missing or another than this database was sealed with, or others can read it.
    """
    with database.read() as connection:
        known = store.list_key_ids(connection)
    return Vault(database, open_master_keys(key_path, may_create=not known), clock, audit)


class Vault:
    """The secrets of a database. Its methods block; any thread may call them.

    Attributes:
        keys: The master keys, for `Sealer`s of other things.
    """

    def __init__(self, database: ServerDatabase, keys: MasterKeys, clock: Clock, audit: AuditLog) -> None:
        """Work on `database`.

        Raises:
            MasterKeyError: The database was sealed with a master key that `keys` does not hold.
        """
        self.keys = keys
        self._database = database
        self._clock = clock
        self._audit = audit
        self._envelope = Envelope(keys)
        self._lock = threading.Lock()
        self._changes = 0
        self._values: OrderedDict[_Place, bytes | None] = OrderedDict()
        self._uses: dict[_Place, Uses] = {}
        with database.write() as connection:
            keys.check_holds(store.list_key_ids(connection))
            store.add_key_id(connection, keys.current.name, clock.now())

    # -- secrets -------------------------------------------------------------------------------------------------------

    def put(self, namespace: str, name: str, value: Any, *, actor: Actor) -> SecretInfo:
        """Keep a secret, in the place of the one before if there is one.

        Args:
            namespace: The namespace whose runs can read it.
            name: Its name.
            value: A string, or an object of JSON values.
            actor: Who puts it.

        Raises:
            UsageError: The name or the value cannot be one of a secret.
        """
        check_name(namespace, name)
        encoded = encode_value(value)
        with self._database.write() as connection:
            version = self._put_sealed(connection, (namespace, name), encoded, actor)
            info = store.get_info(connection, namespace, name)
            self._record(connection, actor, "secret.put", namespace, name, details={"version": version})
        self._forget(namespace, name)
        return info

    def _put_sealed(self, connection: sa.Connection, place: _Place, encoded: bytes, actor: Actor) -> int:
        """Keep a value as the next version of its secret, and return the version."""
        now = self._clock.now()
        before = store.find_sealed(connection, *place, lock=True)
        if before is None:
            if store.add_sealed(connection, self._seal(connection, place, 1, encoded), actor, now):
                return 1
            before = store.find_sealed(connection, *place, lock=True)
        if before is None:
            raise ConflictError(
                f"The secret `{place[1]}` was put and deleted at this very moment.", hint="Put it again."
            )
        version = before.version + 1
        store.replace_sealed(connection, self._seal(connection, place, version, encoded), actor, now)
        return version

    def _seal(self, connection: sa.Connection, place: _Place, version: int, encoded: bytes) -> SealedSecret:
        sealed = self._envelope.seal(*place, version, encoded)
        store.add_key_id(connection, sealed.key_id, self._clock.now())  # it may have been rotated a moment ago
        return sealed

    def delete(self, namespace: str, name: str, *, actor: Actor) -> None:
        """Drop a secret; runs that read it later fail. Raises `NotFoundError`."""
        with self._database.write() as connection:
            if not store.delete_sealed(connection, namespace, name):
                raise NotFoundError(f"There is no secret `{name}` in the namespace {namespace}.")
            self._record(connection, actor, "secret.delete", namespace, name)
        self._forget(namespace, name)

    def list_secrets(
        self,
        *,
        namespaces: Collection[str] | None = None,
        limit: int = 50,
        after: tuple[str, str] | None = None,
    ) -> SecretPage:
        """Return a page of secrets, by namespace and name, without their values.

        Args:
            namespaces: Only these; `None` for all.
            limit: How many at most.
            after: Where the page before ended.
        """
        with self._database.read() as connection:
            return store.list_infos(connection, namespaces, limit, after)

    # -- use -----------------------------------------------------------------------------------------------------------

    def read_for_run(self, namespace: str, name: str, *, is_use: bool = True) -> Any:
        """Return the value of a secret, for a run of its namespace: the only way out of the vault.

        Args:
            namespace: The run's namespace.
            name: The secret's name.
            is_use: Whether to count it as a use; not so where it is read to be kept out of logs.

        Raises:
            NotFoundError: There is none.
            DamagedSealError: It was changed in the database, or moved there from another place.
            MasterKeyError: It hangs on a master key that is not here.
        """
        encoded = self._find_value((namespace, name))
        if encoded is None:
            raise NotFoundError(
                f"There is no secret `{name}` in the namespace {namespace}.", hint="Put it into the vault."
            )
        if is_use:
            now = self._clock.now()
            self._add_uses({(namespace, name): Uses(count=1, first_at=now, last_at=now)})
        return msgspec.json.decode(encoded)

    def record_uses(self) -> int:
        """Write down which secrets were used since the last call, and return how many.

        To be called every minute or so and at the end: one audit record a secret tells how often it was used and when.

        Raises:
            StorageError: The database refused; the next call tries again.
        """
        with self._lock:
            uses, self._uses = self._uses, {}
        if not uses:
            return 0
        try:
            with self._database.write() as connection:
                places = sorted(uses)
                for namespace, name in places:
                    store.set_last_used(connection, namespace, name, uses[namespace, name].last_at)
                entries = [_make_use_entry(*place, uses[place]) for place in places]
                self._audit.append_many(connection, entries, self._clock.now())
        except BaseException:
            self._add_uses(uses)
            raise
        return len(uses)

    def _add_uses(self, uses: dict[_Place, Uses]) -> None:
        with self._lock:
            for place, new in uses.items():
                found = self._uses.setdefault(place, new)
                if found is not new:
                    found.add(new)

    def _find_value(self, place: _Place) -> bytes | None:
        with self._lock:
            changes = self._changes
            if place in self._values:
                self._values.move_to_end(place)
                return self._values[place]
        with self._database.read() as connection:
            sealed = store.find_sealed(connection, *place)
        value = None if sealed is None else self._envelope.open(sealed)
        with self._lock:
            if changes == self._changes:  # else it may be what was there before a change
                self._values[place] = value
                if len(self._values) > _KEPT_VALUES:
                    self._values.popitem(last=False)
        return value

    def _forget(self, namespace: str, name: str) -> None:
        with self._lock:
            self._changes += 1
            self._values.pop((namespace, name), None)

    # -- master keys ---------------------------------------------------------------------------------------------------

    def rotate_master_key(self, *, actor: Actor) -> int:
        """Make a new master key and wrap all secrets with it; return how many. The old key stays in the file.

        The new key is in the file, on disk, before anything is sealed with it.

        Raises:
            MasterKeyError: The file cannot be written.
        """
        made = self.keys.rotate()
        with self._database.write() as connection:
            now = self._clock.now()
            store.add_key_id(connection, made.name, now)
            self._audit.append(connection, AuditEntry.by(actor, "master_key.rotate", f"master_key/{made.name}"), now)
        return self.rewrap_all(actor=actor)

    def rewrap_all(self, *, actor: Actor) -> int:
        """Wrap all secrets that hang on older master keys with the current one, and return how many.

        After an interruption a second call goes on.

        Raises:
            DamagedSealError: A secret was changed in the database; those before it are done.
            MasterKeyError: A secret hangs on a master key that is not here.
        """
        count = 0
        while True:
            with self._database.write() as connection:
                current = self.keys.current.name
                found = store.list_sealed_otherwise(connection, current, _BATCH)
                for secret in found:
                    rewrapped = self._envelope.rewrap(secret)
                    store.add_key_id(connection, rewrapped.key_id, self._clock.now())
                    store.rewrap_sealed(connection, rewrapped)
                if found:
                    entry = AuditEntry.by(
                        actor, "master_key.rewrap", f"master_key/{current}", details={"secrets": len(found)}
                    )
                    self._audit.append(connection, entry, self._clock.now())
            count += len(found)
            if len(found) < _BATCH:
                return count

    def forget_master_key(self, name: str, *, actor: Actor) -> None:
        """Drop an old master key for good, from the database's list and from the file.

        Whether payloads or backups still need it the vault cannot know: the caller must.

        Args:
            name: Its id, 16 hexadecimal digits.
            actor: Who drops it.

        Raises:
            ConflictError: Secrets hang on it.
            MasterKeyError: It is the current key, there is none of that id, or the file cannot be written.
        """
        self.keys.check_forgettable(name)
        with self._database.write() as connection:
            count = store.count_secrets_of_key(connection, name)
            if count:
                raise ConflictError(f"{count:,} secrets hang on the master key {name}.", hint="Rewrap them first.")
            store.delete_key_id(connection, name)
            entry = AuditEntry.by(actor, "master_key.forget", f"master_key/{name}")
            self._audit.append(connection, entry, self._clock.now())
        # Last: a key too many in the file does no harm, but without one that the database names Kapell does not start.
        self.keys.forget(name)

    def _record(
        self, connection: sa.Connection, actor: Actor, action: str, namespace: str, name: str, **rest: Any
    ) -> None:
        entry = AuditEntry.by(actor, action, f"secret/{namespace}/{name}", namespace=namespace, **rest)
        self._audit.append(connection, entry, self._clock.now())


def _make_use_entry(namespace: str, name: str, uses: Uses) -> AuditEntry:
    details = {"count": uses.count, "first_at": uses.first_at, "last_at": uses.last_at}
    return AuditEntry.by(RUNS, "secret.use", f"secret/{namespace}/{name}", namespace=namespace, details=details)

"""Restoring a backup: the check, the lock, the databases, the keys, the audit record.

While it is under way a mark stands in the data folder, with which nothing else opens it. A restore that was killed is
therefore noticed, and is begun again by the same command.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from kapell.app import make_lock
from kapell.audit.keys import load_signer
from kapell.audit.model import AuditEntry
from kapell.audit.operators import find_operator
from kapell.audit.service import open_audit_log
from kapell.backup.archive import ArchiveReader
from kapell.backup.making import MASTER_KEY, find_key_paths
from kapell.backup.sqlite_target import SqliteTarget
from kapell.backup.tables import GROUPS, list_tables
from kapell.errors import ConflictError, KapellError, StorageError, UsageError
from kapell.storage.data_folder import AUDIT_KEY, RESTORE_MARK, SERVER_DATABASE, DataFolder
from kapell.storage.files import sync_folder
from kapell.storage.migrations.log import LOG_MIGRATIONS
from kapell.storage.migrations.runs import RUNS_MIGRATIONS
from kapell.storage.server_database import ServerDatabase, list_revisions, make_sqlite_url
from kapell.vault.master_keys import open_master_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from kapell.backup.archive import Manifest
    from kapell.backup.postgres_target import PostgresTarget
    from kapell.clock import Clock
    from kapell.settings import Settings

_PRIVATE_FILE = 0o600


class KeyNeeded(msgspec.Struct, frozen=True, kw_only=True):
    """A key that a restored installation needs.

    Attributes:
        name: Which one: `audit.key` or `master.key`.
        key_ids: The ids of the keys that the file must hold.
        path: Where it belongs.
        state: `restored` from the backup, `in place` already, `missing`, or `another` one is there.
    """

    name: str
    key_ids: tuple[str, ...]
    path: str
    state: str


class Restored(NamedTuple):
    """What was restored.

    Attributes:
        manifest: What the backup held.
        where: Into what.
        keys: The keys that are needed, and which of them are there.
        aside: Where the databases were moved that stood there before, if some did.
        is_recorded: Whether the audit log tells of it, which takes the key that signs it.
    """

    manifest: Manifest
    where: str
    keys: tuple[KeyNeeded, ...]
    aside: Path | None
    is_recorded: bool


class _Mark(msgspec.Struct, frozen=True):
    """What the mark in the data folder says: whether something was there that is not ours to delete."""

    replaces: bool


def check_backup(path: Path, tell: Callable[[int, int], None] = lambda *_: None) -> Manifest:
    """Return what is in a backup that is as it was written, and that this Kapell can restore.

    Raises:
        UsageError: It is damaged, no backup, or of a newer Kapell.
    """
    with ArchiveReader(path) as archive:
        return _check(archive, tell)


def restore_backup(
    settings: Settings,
    path: Path,
    clock: Clock,
    *,
    replaces: bool = False,
    tell_check: Callable[[int, int], None] = lambda *_: None,
    tell: Callable[[str, int], None] = lambda *_: None,
) -> Restored:
    """Make of a backup an installation, in a data folder or in PostgreSQL, whichever of them it came from.

    Args:
        settings: Where to.
        path: The backup.
        clock: Tells the time.
        replaces: Whether an installation that is there may go.
        tell_check: Is called now and then with how many bytes of how many have been checked.
        tell: Is called now and then with a table's name and how many rows were written since.

    Raises:
        UsageError: The backup is damaged, or of a newer Kapell. Nothing was written.
        ConflictError: There is an installation already, or its server is running. Nothing was written.
        StorageError: The folder or the database refused.
    """
    with ArchiveReader(path) as archive:
        manifest = _check(archive, tell_check)
        folder = DataFolder(settings.data, is_being_restored=True)
        with _locked(settings, folder):
            now = clock.now()
            mark = _read_mark(folder)
            target = _make_target(settings, folder)
            is_free = target.is_empty()
            if not is_free and not replaces and mark is None:
                raise ConflictError(
                    f"There is an installation in {target.where} already; nothing was changed.",
                    hint="Choose an empty place, or replace it with --replace.",
                )
            _check_keys(settings, manifest, replaces=replaces or mark is not None)
            new_mark = mark or _Mark(replaces=not is_free)
            aside = folder.path / f"replaced-{now:%Y%m%dT%H%M%SZ}" if new_mark.replaces else None
            with _marked(folder, new_mark):
                try:
                    target.fill(archive, manifest, now, tell)
                except BaseException:
                    target.discard()
                    if mark is None:  # nothing was changed
                        (folder.path / RESTORE_MARK).unlink()
                    raise
                target.put_in_place(aside)
                _write_keys(settings, archive, manifest, aside)
            keys = _judge_keys(settings, manifest)
            is_recorded = _record(settings, clock, manifest, path, keys)
    return Restored(manifest, target.where, keys, aside if aside and aside.exists() else None, is_recorded)


def _check(archive: ArchiveReader, tell: Callable[[int, int], None]) -> Manifest:
    manifest = archive.check(tell)
    known = [None, *list_revisions()]
    if (
        manifest.runs_schema > len(RUNS_MIGRATIONS)
        or manifest.log_schema > len(LOG_MIGRATIONS)
        or manifest.server_revision not in known
    ):
        raise UsageError(
            f"The backup was made by Kapell {manifest.kapell}, whose tables this Kapell does not know.",
            hint=f"Restore it with Kapell {manifest.kapell} or newer.",
        )
    tables = {(group, table) for group in GROUPS for table in list_tables(group)}
    for part in manifest.parts:
        if (part.group, part.table) not in tables or not all(name.isidentifier() for name in part.columns):
            raise UsageError(f"The backup holds a table that is none of Kapell's: {part.name}.")
    return manifest


@contextmanager
def _locked(settings: Settings, folder: DataFolder) -> Iterator[None]:
    """Own what is to be filled. Raises `ConflictError` if a server does."""
    lock = make_lock(settings) if settings.database else folder
    lock.lock()
    try:
        yield
    finally:
        lock.unlock()


def _make_target(settings: Settings, folder: DataFolder) -> SqliteTarget | PostgresTarget:
    if not settings.database:
        return SqliteTarget(folder)
    from kapell.backup.postgres_target import PostgresTarget  # noqa: PLC0415 -- the driver is an optional extra

    return PostgresTarget(settings.database)


def _read_mark(folder: DataFolder) -> _Mark | None:
    """Return the mark that a restore has left which did not finish."""
    try:
        return msgspec.json.decode((folder.path / RESTORE_MARK).read_bytes(), type=_Mark)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError):  # nothing more is known of it: what is there stays
        return _Mark(replaces=True)


@contextmanager
def _marked(folder: DataFolder, mark: _Mark) -> Iterator[None]:
    """Let nobody use the folder before all is done."""
    path = folder.path / RESTORE_MARK
    try:
        path.write_bytes(msgspec.json.encode(mark))
        sync_folder(folder.path)
        yield
        path.unlink()
        sync_folder(folder.path)
    except OSError as error:
        raise StorageError(
            f"The data folder {folder.path} cannot be written: {error.strerror}.",
            hint="Mend that, and begin the restore again.",
        ) from error


def _check_keys(settings: Settings, manifest: Manifest, *, replaces: bool) -> None:
    """Make sure that no key is replaced that should stay. Raises `ConflictError`."""
    paths = find_key_paths(settings)
    for key in manifest.keys:
        needed = _judge_key(key.name, _list_ids(manifest, key.name), paths[key.name])
        if needed.state == "another" and not replaces:
            raise ConflictError(
                f"The key {needed.path} is another than the one in the backup; nothing was changed.",
                hint="Move it away, or replace it with --replace, which keeps it aside.",
            )


def _write_keys(settings: Settings, archive: ArchiveReader, manifest: Manifest, aside: Path | None) -> None:
    paths = find_key_paths(settings)
    for key in manifest.keys:
        path = paths[key.name]
        if _judge_key(key.name, _list_ids(manifest, key.name), path).state == "in place":
            continue
        if path.exists():
            keep = aside or path.parent
            keep.mkdir(mode=0o700, exist_ok=True)
            path.rename(keep / f"{path.name}{'' if aside else '.replaced'}")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(archive.read_key(key))
            file.flush()
            os.fsync(descriptor)
        sync_folder(path.parent)


def _judge_keys(settings: Settings, manifest: Manifest) -> tuple[KeyNeeded, ...]:
    restored = {key.name for key in manifest.keys}
    found = []
    for name, path in find_key_paths(settings).items():
        ids = _list_ids(manifest, name)
        if ids:
            needed = _judge_key(name, ids, path)
            is_restored = needed.state == "in place" and name in restored
            found.append(msgspec.structs.replace(needed, state="restored") if is_restored else needed)
    return tuple(found)


def _judge_key(name: str, key_ids: tuple[str, ...], path: Path) -> KeyNeeded:
    held: set[str] = set()
    is_there = path.exists()
    if is_there:
        with suppress(KapellError):
            held = set(
                open_master_keys(path, may_create=False).names if name == MASTER_KEY else [load_signer(path).key_id]
            )
    state = "in place" if is_there and held >= set(key_ids) else "another" if is_there else "missing"
    return KeyNeeded(name=name, key_ids=key_ids, path=str(path), state=state)


def _list_ids(manifest: Manifest, name: str) -> tuple[str, ...]:
    if name == MASTER_KEY:
        return manifest.master_keys
    return (manifest.audit_key,) if manifest.audit_key else ()


def _record(settings: Settings, clock: Clock, manifest: Manifest, path: Path, keys: tuple[KeyNeeded, ...]) -> bool:
    """Leave an audit record, if the key that signs it is there; tell whether it is."""
    if not any(key.name == AUDIT_KEY and key.state in {"restored", "in place"} for key in keys):
        return False
    database = ServerDatabase(settings.database or make_sqlite_url(settings.data / SERVER_DATABASE))
    try:
        audit = open_audit_log(database, settings.data / AUDIT_KEY, clock)
        details = {"file": str(path.absolute()), "made_at": _say(manifest.made_at), "kapell": manifest.kapell}
        audit.record([AuditEntry.by(find_operator(), "backup.restore", f"backup/{path.name}", details=details)])
    finally:
        database.close()
    return True


def _say(moment: datetime) -> str:
    return moment.isoformat()

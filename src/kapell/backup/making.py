"""Making a backup: the audit record, the snapshot, the file."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from functools import partial
from typing import IO, TYPE_CHECKING, NamedTuple

import kapell
from kapell.audit.model import AuditEntry
from kapell.audit.operators import find_operator
from kapell.audit.service import open_audit_log
from kapell.backup.archive import FORMAT, ArchiveWriter, Manifest
from kapell.backup.sources import open_source
from kapell.backup.tables import RUNS, SERVER
from kapell.errors import NotFoundError, StorageError, UsageError
from kapell.storage.data_folder import AUDIT_KEY, SERVER_DATABASE
from kapell.storage.files import sync_folder
from kapell.storage.migrations.log import LOG_MIGRATIONS
from kapell.storage.migrations.runs import RUNS_MIGRATIONS
from kapell.storage.server_database import ServerDatabase, make_sqlite_url
from kapell.vault.master_keys import open_master_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from kapell.backup.sources import Source
    from kapell.clock import Clock
    from kapell.settings import Settings

MASTER_KEY = "master.key"
"""What the master key is called in an archive, wherever it is kept."""

_PRIVATE_FILE = 0o600


class Backup(NamedTuple):
    """A backup that was made.

    Attributes:
        path: The file.
        size: Its length, in bytes.
        manifest: What is in it.
    """

    path: Path
    size: int
    manifest: Manifest


def make_backup(
    settings: Settings,
    path: Path,
    clock: Clock,
    *,
    with_keys: bool = False,
    tell: Callable[[str, int], None] = lambda *_: None,
) -> Backup:
    """Write everything of an installation to a new file. Whoever uses the installation goes on.

    The file is there when it is whole and on disk, and not before; only its owner can read it.

    Args:
        settings: Where the installation is.
        path: The file; or a folder, in which the file is named after the time.
        clock: Tells the time.
        with_keys: Put in the keys, too: whoever has the file can then read all secrets and sign for the audit log.
        tell: Is called now and then with a table's name and how many rows were written since.

    Raises:
        NotFoundError: There is no installation.
        ConflictError: Its tables are those of another Kapell.
        UsageError: The file exists already, or a key is wrong.
        StorageError: The installation cannot be read, or the file cannot be written; then nothing is left of it.
    """
    now = clock.now()
    target = _choose_path(path, now)
    with open_source(settings) as source:
        has_audit_log = SERVER in source.groups
    keys = _read_keys(settings, must_exist=has_audit_log) if with_keys else {}
    if has_audit_log:
        _record(settings, clock, target, with_keys=with_keys)
    # The record is written before anything is read for good, so that the backup tells of itself.
    with open_source(settings) as source, _write_whole(target) as file, ArchiveWriter(file) as writer:
        for group in source.groups:
            for table in source.list_tables(group):
                columns = source.list_columns(group, table)
                rows = source.iter_rows(group, table, columns)
                last_number = source.find_last_number(group, table)
                writer.add_part(group, table, columns, rows, last_number, partial(tell, table))
        for name, content in keys.items():
            writer.add_key(name, content)
        manifest = writer.finish(_describe(settings, source, now))
    return Backup(target, target.stat().st_size, manifest)


def find_key_paths(settings: Settings) -> dict[str, Path]:
    """Return where the keys of an installation are kept, by their names."""
    return {AUDIT_KEY: settings.data / AUDIT_KEY, MASTER_KEY: settings.master_key_path}


def _choose_path(path: Path, now: datetime) -> Path:
    target = path / f"kapell-{now:%Y%m%dT%H%M%SZ}.zip" if path.is_dir() else path
    if target.exists():
        raise UsageError(f"The file {target} exists already.", hint="Name another, or a folder.")
    if not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent}.", hint="Make it first.")
    return target


def _read_keys(settings: Settings, *, must_exist: bool) -> dict[str, bytes]:
    """Return the keys by their names. A folder that no server has used may have none."""
    found = {}
    for name, path in find_key_paths(settings).items():
        if not must_exist and not path.exists():
            continue
        try:
            found[name] = path.read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError(f"There is no key {path}.", hint="Name the data folder with --data.") from error
        except OSError as error:
            raise StorageError(f"The key {path} cannot be read: {error.strerror}.") from error
    return found


def _record(settings: Settings, clock: Clock, path: Path, *, with_keys: bool) -> None:
    """Leave the audit record."""
    database = ServerDatabase(settings.database or make_sqlite_url(settings.data / SERVER_DATABASE))
    try:
        audit = open_audit_log(database, settings.data / AUDIT_KEY, clock)
        details = {"file": str(path.absolute()), "with_keys": with_keys}
        audit.record([AuditEntry.by(find_operator(), "backup.make", f"backup/{path.name}", details=details)])
    finally:
        database.close()


def _describe(settings: Settings, source: Source, now: datetime) -> Manifest:
    has_server = SERVER in source.groups
    epochs = source.ask(RUNS, "SELECT epoch FROM owner") if RUNS in source.groups else []
    signing = source.ask(SERVER, "SELECT key_id FROM audit_keys ORDER BY number DESC LIMIT 1") if has_server else []
    sealing = source.ask(SERVER, "SELECT key_id FROM master_keys ORDER BY key_id") if has_server else []
    if not has_server and settings.master_key_path.exists():  # runs can be sealed without a server
        sealing = [(name,) for name in open_master_keys(settings.master_key_path, may_create=False).names]
    revision = source.ask(SERVER, "SELECT version_num FROM alembic_version") if has_server else []
    return Manifest(
        format=FORMAT,
        kapell=kapell.__version__,
        made_at=now,
        source=source.kind,
        runs_schema=len(RUNS_MIGRATIONS),
        log_schema=len(LOG_MIGRATIONS),
        server_revision=revision[0][0] if revision else None,
        epoch=epochs[0][0] if epochs else 0,
        audit_key=signing[0][0] if signing else None,
        master_keys=tuple(key_id for (key_id,) in sealing),
    )


@contextmanager
def _write_whole(path: Path) -> Iterator[IO[bytes]]:
    """Give a file that appears under its name when it is whole and on disk; if that fails, nothing is left of it."""
    draft = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    try:
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_FILE)
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(descriptor)
            draft.rename(path)
            sync_folder(path.parent)
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise
    except OSError as error:
        is_full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        raise StorageError(
            f"The backup {path} cannot be written: {error.strerror}; nothing of it was kept.",
            hint="Free some space, or write it to another disk." if is_full else "Check its folder and permissions.",
        ) from error

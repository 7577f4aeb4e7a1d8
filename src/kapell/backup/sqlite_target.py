"""Filling a data folder from an archive.

The databases are made in a folder of their own inside the data folder, and moved to their place when all of them are
whole and on disk. What stood there before is moved aside and never deleted.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kapell.backup.sqlite_source import FILES
from kapell.backup.tables import LOG, RUNS, SEARCH_FILE, SERVER
from kapell.engine.rows import to_microseconds
from kapell.errors import StorageError
from kapell.storage.data_folder import DataFolder, make_private_file
from kapell.storage.database import APPLICATION_ID, Database
from kapell.storage.errors import translate_error
from kapell.storage.files import sync_file, sync_folder
from kapell.storage.migrations import migrate
from kapell.storage.migrations.log import LOG_MIGRATIONS
from kapell.storage.migrations.runs import RUNS_MIGRATIONS
from kapell.storage.server_database import ServerDatabase, make_sqlite_url, upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from kapell.backup.archive import ArchiveReader, Manifest, Part

    Tell = Callable[[str, int], None]

_DRAFT = "restoring"
_ENDS = ("", "-wal", "-shm", "-journal")
_MIGRATIONS = {LOG: LOG_MIGRATIONS, RUNS: RUNS_MIGRATIONS}
_OWNER = "a restored backup"
_TELL_ROWS = 1000


class SqliteTarget:
    """A data folder that is to hold what an archive holds."""

    def __init__(self, folder: DataFolder) -> None:
        """Fill this folder, whose lock is held."""
        self._folder = folder.path
        self._draft = folder.path / _DRAFT
        self.where = str(folder.path)

    def is_empty(self) -> bool:
        """Tell whether nothing is there that would be replaced."""
        return not any((self._folder / name).exists() for name in FILES.values())

    def fill(self, archive: ArchiveReader, manifest: Manifest, now: datetime, tell: Tell) -> None:
        """Make the databases, beside what is there. Raises `StorageError`."""
        shutil.rmtree(self._draft, ignore_errors=True)
        self._draft.mkdir(mode=0o700)
        epoch = max(manifest.epoch, self._find_epoch())
        for group in (RUNS, LOG):
            with _Translating(self._draft / FILES[group]) as path:
                _make_runs_file(path, group, archive, manifest, tell)
        with _Translating(self._draft / FILES[RUNS]) as path:
            _take_over(path, epoch + 1, now)
        if manifest.server_revision is not None:
            with _Translating(self._draft / FILES[SERVER]) as path:
                _make_server_file(path, archive, manifest, tell)
        for path in self._draft.iterdir():
            sync_file(path)
        sync_folder(self._draft)

    def put_in_place(self, aside: Path | None) -> None:
        """Move the databases to their place, and what stands there to the folder `aside`, or away if that is `None`."""
        if aside is not None:
            aside.mkdir(mode=0o700, exist_ok=True)
        for path in self._list_present():
            if aside is None:
                path.unlink()
            else:
                path.rename(aside / path.name)
        for path in self._draft.iterdir():
            path.rename(self._folder / path.name)
        self._draft.rmdir()
        sync_folder(self._folder)

    def discard(self) -> None:
        """Leave nothing of what was made."""
        shutil.rmtree(self._draft, ignore_errors=True)

    def _list_present(self) -> list[Path]:
        """Return the files of all databases, and what SQLite keeps beside them."""
        names = [name + end for name in (*FILES.values(), SEARCH_FILE) for end in _ENDS]
        return [path for name in names if (path := self._folder / name).exists()]

    def _find_epoch(self) -> int:
        """Return the epoch of whoever has owned what is replaced: the next one must be above it."""
        path = self._folder / FILES[RUNS]
        if path.exists():
            with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as connection:
                row = connection.execute("SELECT epoch FROM owner").fetchone()
                return int(row[0]) if row else 0
        return 0


class _Translating:
    """Says of SQLite's refusals what they mean for a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        if isinstance(cause, sqlite3.Error):
            raise translate_error(cause, self._path) from error


def _make_runs_file(path: Path, group: str, archive: ArchiveReader, manifest: Manifest, tell: Tell) -> None:
    schema = manifest.log_schema if group == LOG else manifest.runs_schema
    with closing(_open_draft(path)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrate(connection, _MIGRATIONS[group][:schema])
        _fill(connection, archive, (part for part in manifest.parts if part.group == group), tell)
        if group == LOG:
            _drop_orphans(connection, path.with_name(FILES[RUNS]))
    Database(path, _MIGRATIONS[group]).close()


def _make_server_file(path: Path, archive: ArchiveReader, manifest: Manifest, tell: Tell) -> None:
    assert manifest.server_revision is not None
    make_private_file(path)
    engine = sa.create_engine(make_sqlite_url(path), poolclass=sa.NullPool)
    with engine.begin() as connection:
        upgrade(connection, manifest.server_revision)
    engine.dispose()
    with closing(_open_draft(path)) as plain:
        _fill(plain, archive, (part for part in manifest.parts if part.group == SERVER), tell)
    ServerDatabase(make_sqlite_url(path)).close()


def _open_draft(path: Path) -> sqlite3.Connection:
    """Open a file that is made from scratch: nothing of it need survive before it is whole."""
    make_private_file(path)
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -65536"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _fill(connection: sqlite3.Connection, archive: ArchiveReader, parts: Iterable[Part], tell: Tell) -> None:
    connection.execute("BEGIN")
    for part in parts:
        named = ", ".join(f'"{column}"' for column in part.columns)
        marks = ", ".join("?" * len(part.columns))
        connection.execute(f'DELETE FROM "{part.table}"')  # noqa: S608 -- a part's name and columns are checked
        connection.executemany(
            f'INSERT INTO "{part.table}" ({named}) VALUES ({marks})',  # noqa: S608 -- the same
            _count(archive.iter_rows(part), part.table, tell),
        )
        if part.last_number is not None:
            _set_last_number(connection, part)
    connection.execute("COMMIT")
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if broken:
        raise StorageError(
            f"The backup is not whole: a row of {broken[0]} refers to one of {broken[2]} that is missing."
        )


def _count(rows: Iterator[Sequence[Any]], table: str, tell: Tell) -> Iterator[Sequence[Any]]:
    count = 0
    for row in rows:
        yield row
        count += 1
        if count == _TELL_ROWS:
            tell(table, count)
            count = 0
    tell(table, count)


def _set_last_number(connection: sqlite3.Connection, part: Part) -> None:
    """Let numbers that were given once never be given again, where the table promises that."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").fetchone():
        return
    (text,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (part.table,)).fetchone()
    if "AUTOINCREMENT" in text:
        connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (part.table,))
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (part.table, part.last_number))


def _drop_orphans(connection: sqlite3.Connection, runs: Path) -> None:
    """Delete lines of runs that were deleted while the backup was made: nobody would ever do so later."""
    connection.execute("ATTACH ? AS kept", (str(runs),))
    connection.execute("DELETE FROM lines WHERE run_id NOT IN (SELECT run_id FROM kept.runs)")


def _take_over(path: Path, epoch: int, now: datetime) -> None:
    """Let nobody who owned the runs before write to them: the next owner's epoch is above all that ever were."""
    with closing(sqlite3.connect(path)) as connection, connection:
        moment = to_microseconds(now)
        connection.execute("DELETE FROM owner")
        connection.execute("INSERT INTO owner VALUES (1, ?, ?, ?, ?)", (epoch, _OWNER, moment, moment))

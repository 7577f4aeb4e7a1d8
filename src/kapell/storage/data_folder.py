"""The folder that holds everything of one installation, and the lock that says who works in it.

The lock is the operating system's (`flock`), so that it ends with the process that holds it, however that dies: after a
SIGKILL the next one takes over at once, and there is no stale lock to remove. Processes that the holder starts do not
inherit it: the descriptor is closed when they execute, and in a fork of Python itself as soon as it begins.

It works on local file systems. Network file systems may not tell machines of each other's locks, nor can SQLite's
write-ahead log be used there.
"""

from __future__ import annotations

import errno
import fcntl
import os
import weakref
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from kapell.errors import ConflictError, StorageError
from kapell.storage.errors import DatabaseUnusableError

if TYPE_CHECKING:
    from pathlib import Path

SERVER_DATABASE = "server.db"
"""The file that holds what the server keeps besides runs, where it is not PostgreSQL."""

AUDIT_KEY = "audit.key"
"""The file that holds the key which signs the audit log."""

RESTORE_MARK = "restore-unfinished"
"""A file that is there while a backup is being restored: without it nobody would notice that half is missing."""

_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600
_PID_BYTES = 32


class LockHolder(NamedTuple):
    """Who holds the lock.

    Attributes:
        pid: The process.
        since: When it took the lock, by the file system's clock.
    """

    pid: int
    since: datetime


class DataFolder:
    """A data folder: where its files are, and its lock."""

    def __init__(self, path: Path, *, is_being_restored: bool = False) -> None:
        """Make sure that the folder exists; if it has to be made, only its owner may enter it.

        Args:
            path: The folder.
            is_being_restored: Whether a restore that did not finish is no hindrance: whoever restores begins again.

        Raises:
            DatabaseUnusableError: A restore into it did not finish.
            StorageError: It cannot be made, or something else stands in its place.
        """
        self.path = path
        self.database_path = path / "runs.db"
        self.log_path = path / "log.db"
        self.lock_path = path / "lock"
        self._descriptor: int | None = None
        try:
            path.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"The data folder {path} cannot be made: {error.strerror}.", hint="Choose another with --data."
            ) from error
        if not is_being_restored and (path / RESTORE_MARK).exists():
            raise DatabaseUnusableError(
                f"A restore into {path} did not finish, so a part of it is missing.",
                hint="Begin it again with `kapell restore`; what was there before is not lost by that.",
            )
        _FOLDERS.add(self)

    @property
    def is_locked(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def try_lock(self) -> bool:
        """Take the lock if it is free, and tell whether this object holds it now. Raises `StorageError`."""
        if self._descriptor is not None:
            return True
        try:
            descriptor = os.open(self.lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_FILE)
        except OSError as error:
            raise StorageError(
                f"The file {self.lock_path} cannot be opened: {error.strerror}.",
                hint="Check who owns the data folder and its permissions.",
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            raise StorageError(f"The file {self.lock_path} cannot be locked: {error.strerror}.") from error
        self._descriptor = descriptor
        return True

    def lock(self) -> None:
        """Take the lock, to be held until `unlock` or the end of the process.

        Raises:
            ConflictError: Another process holds it; the text says which, and since when.
            StorageError: The lock file cannot be used.
        """
        if self.try_lock():
            return
        holder = self.find_holder()
        who = f"process {holder.pid}, since {holder.since:%Y-%m-%d %H:%M:%S} UTC" if holder else "another process"
        raise ConflictError(
            f"The data folder {self.path} is in use by {who}.", hint="Wait for it to end, or choose another folder."
        )

    def find_holder(self) -> LockHolder | None:
        """Return who took the lock last; ask after `try_lock` was refused. `None` if it has been given back."""
        with suppress(OSError, ValueError):
            descriptor = os.open(self.lock_path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                pid = int(os.read(descriptor, _PID_BYTES))
                return LockHolder(pid, datetime.fromtimestamp(os.fstat(descriptor).st_mtime, UTC))
            finally:
                os.close(descriptor)
        return None

    def unlock(self) -> None:
        """Give the lock back; if this object does not hold it, nothing happens."""
        if self._descriptor is None:
            return
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        self._forget_lock()

    def _forget_lock(self) -> None:
        """Close the descriptor: in the process that took the lock this frees it, in a fork of it it does not."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def make_private_file(path: Path) -> None:
    """Make an empty file that only its owner can read, unless there is one; a database is then made in it.

    SQLite gives the files that it makes beside a database the rights of that database.

    Raises:
        StorageError: It cannot be made.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_FILE))
    except FileExistsError:
        return
    except OSError as error:
        raise StorageError(
            f"The file {path} cannot be opened: {error.strerror}.",
            hint="Check its folder, who owns it and its permissions.",
        ) from error


_FOLDERS: weakref.WeakSet[DataFolder] = weakref.WeakSet()


def _forget_locks_after_fork() -> None:
    for folder in list(_FOLDERS):
        folder._forget_lock()  # noqa: SLF001 -- its own module


os.register_at_fork(after_in_child=_forget_locks_after_fork)

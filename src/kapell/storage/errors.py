"""What SQLite's refusals mean, said so that a person can act on them."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from kapell.errors import StorageError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

_PRIMARY_CODE = 0xFF  # SQLite's extended result codes carry the primary one in the low byte

_ADVICE: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_BUSY: (
        "The database {path} is locked by another process.",
        "The same call can be tried again; if it stays locked, look for a program that holds the file open.",
    ),
    sqlite3.SQLITE_LOCKED: (
        "The database {path} is in use by another connection.",
        "The same call can be tried again.",
    ),
    sqlite3.SQLITE_FULL: (
        "The disk is full: nothing more can be written to {path}.",
        "Free some space and resume; everything that was acknowledged before is kept.",
    ),
    sqlite3.SQLITE_READONLY: (
        "The database {path} cannot be written to.",
        "Check who owns the data folder, its permissions, and whether the disk is mounted read-only.",
    ),
    sqlite3.SQLITE_PERM: (
        "The database {path} may not be accessed by this user.",
        "Check who owns the data folder and its permissions.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The database {path} cannot be opened.",
        "Check that its folder exists and that this user may write to it.",
    ),
    sqlite3.SQLITE_IOERR: (
        "The disk failed while {path} was read or written ({name}).",
        "Check the disk's health and free space before going on.",
    ),
}

_BROKEN: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_CORRUPT: (
        "The database {path} is damaged ({name}).",
        "Stop Kapell, keep a copy of the data folder, and restore it from a backup or try `sqlite3 {path} .recover`.",
    ),
    sqlite3.SQLITE_NOTADB: (
        "The file {path} is not a database of Kapell.",
        "Choose another data folder, or move the file away.",
    ),
}


class DatabaseUnusableError(StorageError):
    """The database cannot be used as it is, however often one tries: damaged, foreign, or of a newer Kapell."""

    code = "storage_unusable"
    retryable = False


class UnfitValueError(UsageError, StorageError):
    """The database cannot hold or compare a value that the caller gave, such as a text with a NUL in PostgreSQL."""

    retryable = False


def translate_error(error: sqlite3.Error, path: Path) -> StorageError:
    """Return the `StorageError` that says what `error` means for the database at `path`."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    name = getattr(error, "sqlite_errorname", "")
    if code in _BROKEN:
        message, hint = _BROKEN[code]
        return DatabaseUnusableError(message.format(path=path, name=name), hint=hint.format(path=path))
    if code in _ADVICE:
        message, hint = _ADVICE[code]
        return StorageError(message.format(path=path, name=name), hint=hint)
    return StorageError(f"The database {path} refused: {error}.")


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether SQLite met a page or a value that it cannot read, as opposed to a refusal that may pass."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return isinstance(error, sqlite3.OperationalError)  # Python's own: a text that is not UTF-8
    return bool((code & _PRIMARY_CODE) == sqlite3.SQLITE_CORRUPT)

"""What PostgreSQL's refusals mean, said so that a person can act on them."""

from __future__ import annotations

import psycopg
from psycopg import errors

from kapell.errors import StorageError
from kapell.storage.errors import DatabaseUnusableError, UnfitValueError

_AGAIN = "The same call can be tried again."

_ADVICE: tuple[tuple[type[psycopg.Error], str, str], ...] = (
    (
        errors.DiskFull,
        "The disk of the database server is full: nothing more can be written to {where}.",
        "Free some space and resume; everything that was acknowledged before is kept.",
    ),
    (
        errors.ReadOnlySqlTransaction,
        "The database {where} cannot be written to.",
        "It is a standby, or was made read-only: let --database name the primary server.",
    ),
    (
        errors.InsufficientPrivilege,
        "This user may not use the tables of {where} ({cause}).",
        "Let the tables belong to the user that the URL names, or grant it all rights on them.",
    ),
    (
        errors.TooManyConnections,
        "The database server of {where} takes no more connections.",
        "Raise its max_connections, or end other programs that use it.",
    ),
    (errors.LockNotAvailable, "The database {where} is locked by another process.", _AGAIN),
    (errors.AdminShutdown, "The database server of {where} was stopped.", "Kapell goes on when it is back."),
    (errors.CannotConnectNow, "The database server of {where} is starting or stopping.", _AGAIN),
)

_UNUSABLE: tuple[tuple[type[psycopg.Error], str, str], ...] = (
    (
        errors.UndefinedTable,
        "The database {where} lacks a table of Kapell ({cause}).",
        "Nobody has made its tables yet, or somebody has removed one: restore it from a backup.",
    ),
    (
        errors.UndefinedColumn,
        "The database {where} has other columns than this version of Kapell expects ({cause}).",
        "Use the version of Kapell that wrote it last, or a newer one.",
    ),
)

_DAMAGE = (errors.DataCorrupted, errors.IndexCorrupted, errors.InternalError_)


def translate_error(error: psycopg.Error, where: str) -> StorageError:
    """Return the `StorageError` that says what `error` means for the database called `where`."""
    cause = describe_cause(error)
    if isinstance(error, psycopg.DataError) and not is_damage(error):
        return UnfitValueError(f"The database cannot take a value: {cause}.")
    for kind, message, hint in _UNUSABLE:
        if isinstance(error, kind):
            return DatabaseUnusableError(message.format(where=where, cause=cause), hint=hint)
    for kind, message, hint in _ADVICE:
        if isinstance(error, kind):
            return StorageError(message.format(where=where, cause=cause), hint=hint)
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return StorageError(
            f"The connection to the database {where} cannot be made or was lost: {cause}.",
            hint="Check that its server runs and can be reached; Kapell goes on when it is back.",
        )
    return StorageError(f"The database {where} refused: {cause}.")


def is_damage(error: psycopg.Error) -> bool:
    """Tell whether the server met a page or a value that it cannot read, as opposed to a refusal that may pass."""
    return isinstance(error, _DAMAGE)


def describe_cause(error: psycopg.Error) -> str:
    """Return PostgreSQL's own words, on one line and without a full stop."""
    text = error.diag.message_primary or " ".join(str(error).split())
    return text.rstrip(".")

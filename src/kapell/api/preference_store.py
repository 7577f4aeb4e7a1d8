"""People's preferences in the server's database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from kapell.errors import ConflictError, UsageError
from kapell.storage.tables.preferences import preferences

if TYPE_CHECKING:
    from kapell.clock import Clock
    from kapell.storage.server_database import ServerDatabase

MOST_BYTES = 64 * 1024


class Preferences(msgspec.Struct, frozen=True):
    """What a person has chosen in the console.

    Attributes:
        revision: Counts each time that they were saved; 0 if they never were.
        value: The choices; what is in them is the console's own affair.
    """

    revision: int
    value: dict[str, Any]


class PreferenceStore:
    """Preferences, one object for each person. Its methods block; any thread may call them."""

    def __init__(self, database: ServerDatabase, clock: Clock) -> None:
        """Keep them in `database`."""
        self._database = database
        self._clock = clock

    def get(self, person_id: str) -> Preferences:
        """Return a person's preferences; none of them are set where they were never saved."""
        query = sa.select(preferences.c.revision, preferences.c.body).where(preferences.c.person_id == person_id)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return Preferences(0, {}) if row is None else Preferences(row.revision, msgspec.json.decode(row.body))

    def save(self, person_id: str, value: dict[str, Any], *, revision: int) -> Preferences:
        """Save a person's preferences in place of those of a revision, and return them with their new one.

        Raises:
            ConflictError: They are not at that revision; nothing was saved.
            UsageError: They are too large.
        """
        body = msgspec.json.encode(value)
        if len(body) > MOST_BYTES:
            raise UsageError(f"Preferences may have {MOST_BYTES:,} bytes, and these have {len(body):,}.")
        row = {"revision": revision + 1, "body": body, "updated_at": self._clock.now()}
        with self._database.write() as connection:
            if not _put(connection, person_id, revision, row):
                raise ConflictError(
                    f"The preferences are not at revision {revision} any more: they were saved elsewhere.",
                    hint="Read them again, and save them with the revision that they have now.",
                )
        return Preferences(revision + 1, value)


def _put(connection: sa.Connection, person_id: str, revision: int, row: dict[str, Any]) -> bool:
    """Put a row in the place of that of a revision, and tell whether it was there."""
    if revision:
        is_old = (preferences.c.person_id == person_id) & (preferences.c.revision == revision)
        return connection.execute(preferences.update().where(is_old).values(row)).rowcount == 1
    try:
        with connection.begin_nested():
            connection.execute(preferences.insert().values(person_id=person_id, **row))
    except IntegrityError:  # there is one, from another tab perhaps, a moment ago
        return False
    return True

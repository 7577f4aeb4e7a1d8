"""Commands of other processes, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kapell.engine.rows import from_microseconds, to_microseconds
from kapell.engine.store import InboxAnswer, InboxCommand
from kapell.errors import NotFoundError
from kapell.storage.postgres_arrays import encode_text

if TYPE_CHECKING:
    from datetime import datetime

    from kapell.engine.postgres_store.connections import Connection, Connections

_ANSWERS_KEPT = 1000
_INBOX_LOCK = 0x4B41_504C_0001
"""The advisory lock under which ids are given: whoever reads on from an id never finds a smaller one later."""

_LOCK_INBOX = "SELECT pg_advisory_xact_lock(%s)"
_ADD_COMMAND = "INSERT INTO inbox (run_id, body, created_at) VALUES (%s, %s, %s) RETURNING command_id"
_LIST_COMMANDS = "SELECT command_id, run_id, body, created_at FROM inbox WHERE command_id > %s ORDER BY command_id"
_DROP_COMMAND = "DELETE FROM inbox WHERE command_id = %s"
_ADD_ANSWER = "INSERT INTO inbox_answers (command_id, error, detail) VALUES (%s, %s, %s)"
_FIND_ANSWER = """
    SELECT answer.error, answer.detail FROM inbox_answers AS answer WHERE command_id = %(command_id)s
    UNION ALL SELECT NULL, NULL FROM inbox WHERE command_id = %(command_id)s
"""
_DROP_OLD_ANSWERS = "DELETE FROM inbox_answers WHERE command_id <= %s"


def put_command(connections: Connections, run_id: str, body: bytes, now: datetime) -> int:
    """Leave a command for the owner and return its id."""
    with connections.write() as connection, connection.transaction():
        connection.execute(_LOCK_INBOX, (_INBOX_LOCK,))
        row = connection.execute(_ADD_COMMAND, (run_id, body, to_microseconds(now))).fetchone()
        assert row is not None
        command_id = int(row[0])
        connection.execute(_DROP_OLD_ANSWERS, (command_id - _ANSWERS_KEPT,))
    return command_id


def list_commands(connections: Connections, after_id: int) -> list[InboxCommand]:
    """Return the commands that wait, oldest first."""
    with connections.read() as connection:
        return [
            InboxCommand(command_id=command_id, run_id=run_id, body=body, created_at=from_microseconds(created_at))
            for command_id, run_id, body, created_at in connection.execute(_LIST_COMMANDS, (after_id,), binary=True)
        ]


def answer_command(connection: Connection, answer: InboxAnswer) -> None:
    """Replace a waiting command by its answer; one that has left already keeps its first answer."""
    if not connection.execute(_DROP_COMMAND, (answer.command_id,)).rowcount:
        return
    detail = msgspec.json.encode(answer.detail).decode()
    connection.execute(_ADD_ANSWER, (answer.command_id, encode_text(answer.error).decode(), detail))


def find_answer(connections: Connections, command_id: int) -> InboxAnswer | None:
    """Return what became of a command; `None` while it waits. Raises `NotFoundError` if nothing is known of it."""
    with connections.read() as connection:
        row = connection.execute(_FIND_ANSWER, {"command_id": command_id}).fetchone()
    if row is None:
        raise NotFoundError(f"There is no command {command_id}, or its answer is no longer kept.")
    if row[0] is None:
        return None
    return InboxAnswer(command_id=command_id, error=row[0], detail=msgspec.json.decode(row[1]))

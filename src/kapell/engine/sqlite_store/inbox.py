"""Commands of other processes, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kapell.engine.rows import from_microseconds, to_microseconds
from kapell.engine.store import InboxAnswer, InboxCommand
from kapell.errors import NotFoundError

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from kapell.storage.database import Database

_ANSWERS_KEPT = 1000

_ADD_COMMAND = "INSERT INTO inbox (run_id, body, created_at) VALUES (?, ?, ?)"
_LIST_COMMANDS = "SELECT command_id, run_id, body, created_at FROM inbox WHERE command_id > ? ORDER BY command_id"
_FIND_COMMAND = "SELECT 1 FROM inbox WHERE command_id = ?"
_DROP_COMMAND = "DELETE FROM inbox WHERE command_id = ?"
_ADD_ANSWER = "INSERT INTO inbox_answers (command_id, error, detail) VALUES (?, ?, ?)"
_FIND_ANSWER = "SELECT error, detail FROM inbox_answers WHERE command_id = ?"
_DROP_OLD_ANSWERS = "DELETE FROM inbox_answers WHERE command_id <= ?"


def put_command(database: Database, run_id: str, body: bytes, now: datetime) -> int:
    """Leave a command for the owner and return its id."""
    with database.write() as connection:
        command_id = connection.execute(_ADD_COMMAND, (run_id, body, to_microseconds(now))).lastrowid
        assert command_id is not None
        connection.execute(_DROP_OLD_ANSWERS, (command_id - _ANSWERS_KEPT,))
    return command_id


def list_commands(database: Database, after_id: int) -> list[InboxCommand]:
    """Return the commands that wait, oldest first."""
    with database.read() as connection:
        return [
            InboxCommand(command_id=command_id, run_id=run_id, body=body, created_at=from_microseconds(created_at))
            for command_id, run_id, body, created_at in connection.execute(_LIST_COMMANDS, (after_id,))
        ]


def answer_command(connection: sqlite3.Connection, answer: InboxAnswer) -> None:
    """Replace a waiting command by its answer; one that has left already keeps its first answer."""
    if not connection.execute(_DROP_COMMAND, (answer.command_id,)).rowcount:
        return
    detail = msgspec.json.encode(answer.detail).decode()
    connection.execute(_ADD_ANSWER, (answer.command_id, answer.error, detail))


def find_answer(database: Database, command_id: int) -> InboxAnswer | None:
    """Return what became of a command; `None` while it waits. Raises `NotFoundError` if nothing is known of it."""
    with database.read() as connection:
        row = connection.execute(_FIND_ANSWER, (command_id,)).fetchone()
        if row is None and connection.execute(_FIND_COMMAND, (command_id,)).fetchone():
            return None
    if row is None:
        raise NotFoundError(f"There is no command {command_id}, or its answer is no longer kept.")
    return InboxAnswer(command_id=command_id, error=row[0], detail=msgspec.json.decode(row[1]))

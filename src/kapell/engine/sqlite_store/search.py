"""The words of runs, in a file of its own: SQLite's full-text index FTS5.

The index is made from the runs and can be made from them again. So it needs no sync of the disk, and it has a file of
its own, because a transaction in the file of runs would hold up their commits, which the event loop waits for. FTS5
keeps, for each word, the keys of the runs that have it in order: from their end it gives the newest first, and it meets
the list of a namespace by leaps. Only the beginning of a word makes it gather all that begins so, beforehand: therefore
each 65,536 keys have a table of their own, and a search goes through these from the newest on until its page is full.

The words come ready-made (`kapell.engine.words`), so that nothing of a query is FTS5's syntax: each word is quoted.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kapell.engine.rows import RECORD_COLUMNS, UNINDEXED_COLUMNS, decode_record, decode_unindexed
from kapell.engine.selecting import build_conditions, is_empty
from kapell.engine.store import FoundRuns, RunFilter, RunRecord, RunText, UnindexedRun
from kapell.engine.words import Phrase, read_query
from kapell.storage.database import Database
from kapell.storage.migrations.search import SEARCH_MIGRATIONS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_CANDIDATES_AT_ONCE = 200
_MOST_CANDIDATES = 10_000  # some 30 ms: what a search looks at before it says where to go on

_FIND_PROGRESS = "SELECT run_key, run_id, fault_key FROM progress"
_SET_PROGRESS = "UPDATE progress SET run_key = ?, run_id = ?, fault_key = ?"
_PIECE_BITS = 16
_LIST_PIECES = "SELECT number FROM pieces WHERE number <= ? ORDER BY number DESC"
_ADD_PIECE = "INSERT OR IGNORE INTO pieces (number) VALUES (?)"
_DROP_PIECE = "DELETE FROM pieces WHERE number = ?"
# `namespace` holds one word that stands for the namespace, `words` what is searched; both are words already.
_MAKE_TABLE = """
    CREATE VIRTUAL TABLE {table} USING fts5 (
        run_id UNINDEXED, namespace, words, tokenize = 'ascii', columnsize = 0)
"""
_DROP_TABLE = "DROP TABLE {table}"
_DROP_TEXT = "DELETE FROM {table} WHERE rowid = ?"
_ADD_TEXT = "INSERT INTO {table} (rowid, run_id, namespace, words) VALUES (?, ?, ?, ?)"
_FIND_TEXTS = "SELECT rowid, run_id FROM {table} WHERE {table} MATCH ? AND rowid < ? ORDER BY rowid DESC"
_DROP_ABOVE = "DELETE FROM {table} WHERE rowid > ?"

# S608: what is put into these statements are constants of this package; values are always bound.
_FIND_RUN_ID = "SELECT run_id FROM runs WHERE run_key = ?"
_FIND_LAST_BELOW = "SELECT run_key, run_id FROM runs WHERE run_key <= ? ORDER BY run_key DESC LIMIT 1"
_FIND_LAST_FAULT = "SELECT coalesce(max(fault_key), 0) FROM faults"
_FIND_KEY = "SELECT run_key, run_id FROM runs WHERE run_id <= ? ORDER BY run_id DESC LIMIT 1"
_FIRST = "LEFT JOIN history ON history.run_key = runs.run_key AND first_seq = 1"
_LIST_NEW = f"""
    SELECT runs.run_key, 0, count, at, body, {UNINDEXED_COLUMNS} FROM runs {_FIRST}
    WHERE runs.run_key > ? ORDER BY runs.run_key LIMIT ?
"""  # noqa: S608 -- see above
_LIST_FAULTED = f"""
    SELECT runs.run_key, fault_key, count, at, body, {UNINDEXED_COLUMNS}
    FROM faults CROSS JOIN runs ON runs.run_key = faults.run_key {_FIRST}
    WHERE fault_key > ? AND runs.run_key <= ? ORDER BY fault_key LIMIT ?
"""  # noqa: S608 -- see above
_SELECT = f"SELECT run_key, {RECORD_COLUMNS} FROM runs"  # noqa: S608 -- see above
_MOST = 2**63 - 1


class TextIndex:
    """The search index over the runs of a database."""

    def __init__(self, path: Path, runs: Database, busy_timeout_seconds: float) -> None:
        """Have the index in the file `path`, which is made when it is first needed."""
        self._path = path
        self._runs = runs
        self._busy_timeout_seconds = busy_timeout_seconds
        self._opening = threading.Lock()
        self._opened: Database | None = None

    def find_runs(self, where: RunFilter, limit: int, after: str | None) -> FoundRuns:
        """Return runs that have the filter's text, those stored last first."""
        query = write_query(read_query(where.text), where.allowed_namespaces)
        if not query or is_empty(where):
            return FoundRuns([], None)
        conditions, values = build_conditions(where, "?")
        # The plus keeps SQLite from reading an index of all runs that have a status: it has the keys of these few.
        condition = "".join(f" AND +{each}" for each in conditions)
        found: list[RunRecord] = []
        looked_at = 0
        with self._database.read() as texts, self._runs.read() as runs:
            before = _MOST if after is None else _find_key(runs, after)
            for piece in _iter_candidates(texts, query, before):
                marks = ", ".join(["?"] * len(piece))
                statement = f"{_SELECT} WHERE run_key IN ({marks}){condition}"
                rows = {row[0]: row for row in runs.execute(statement, [*(key for key, _ in piece), *values])}
                for key, run_id in piece:
                    row = rows.get(key)
                    if row is not None and row[1] == run_id:
                        if len(found) == limit:
                            return FoundRuns(found, found[-1].run_id)
                        found.append(decode_record(row[1:]))
                looked_at += len(piece)
                if looked_at >= _MOST_CANDIDATES:
                    return FoundRuns(found, piece[-1][1])
        return FoundRuns(found, None)

    def list_unindexed(self, limit: int) -> list[UnindexedRun]:
        """Return runs that the index has yet to be told of."""
        with self._database.read() as texts:
            run_key, _, fault_key = texts.execute(_FIND_PROGRESS).fetchone()
        with self._runs.read() as runs:
            rows = runs.execute(_LIST_NEW, (run_key, limit)).fetchall()
            if not rows:
                rows = runs.execute(_LIST_FAULTED, (fault_key, run_key, limit)).fetchall()
        return [decode_unindexed(row) for row in rows]

    def add(self, texts: Sequence[RunText]) -> None:
        """Tell the index of runs."""
        with self._database.write() as connection:
            run_key, run_id, fault_key = connection.execute(_FIND_PROGRESS).fetchone()
            _drop_texts(connection, (text.place for text in texts if text.place <= run_key))
            last = {text.place: text for text in texts}
            for number, places in _group(last).items():
                if connection.execute(_ADD_PIECE, (number,)).rowcount:
                    connection.execute(_MAKE_TABLE.format(table=_name_table(number)))
                rows = [
                    (text.place, text.run_id, _name_namespace(text.namespace), text.words)
                    for text in map(last.__getitem__, places)
                ]
                connection.executemany(_ADD_TEXT.format(table=_name_table(number)), rows)
            for text in texts:
                fault_key = max(fault_key, text.fault)
                if text.place > run_key:
                    run_key, run_id = text.place, text.run_id
            connection.execute(_SET_PROGRESS, (run_key, run_id, fault_key))

    def drop(self, keys: Iterable[int]) -> None:
        """Forget runs, before they are deleted."""
        if self._path.exists():
            with self._database.write() as connection:
                _drop_texts(connection, keys)

    def clear(self) -> None:
        """Forget everything."""
        with self._database.write() as connection:
            for number in _list_pieces(connection, _MOST):
                connection.execute(_DROP_TABLE.format(table=_name_table(number)))
                connection.execute(_DROP_PIECE, (number,))
            connection.execute(_SET_PROGRESS, (0, "", 0))

    def check(self) -> None:
        """See to it that the index is one of these runs: keys of runs that are gone may be given anew.

        Call it before anything is appended. Runs may have been pruned since, or a backup been put back.
        """
        if not self._path.exists():
            return
        with self._database.read() as texts:
            run_key, run_id, fault_key = texts.execute(_FIND_PROGRESS).fetchone()
        with self._runs.read() as runs:
            there = runs.execute(_FIND_RUN_ID, (run_key,)).fetchone()
            last = runs.execute(_FIND_LAST_BELOW, (run_key,)).fetchone() or (0, "")
            (last_fault,) = runs.execute(_FIND_LAST_FAULT).fetchone()
        if there is not None and there[0] != run_id:
            self.clear()
        elif there is None or fault_key > last_fault:
            with self._database.write() as connection:
                for number in _list_pieces(connection, _MOST):
                    connection.execute(_DROP_ABOVE.format(table=_name_table(number)), last[:1])
                connection.execute(_SET_PROGRESS, (*last, min(fault_key, last_fault)))

    def close(self) -> None:
        """Close the file."""
        with self._opening:
            if self._opened is not None:
                self._opened.close()

    @property
    def _database(self) -> Database:
        with self._opening:
            if self._opened is None:
                self._opened = Database(
                    self._path,
                    SEARCH_MIGRATIONS,
                    durability="process",
                    busy_timeout_seconds=self._busy_timeout_seconds,
                )
            return self._opened


def _iter_candidates(connection: sqlite3.Connection, query: str, before: int) -> Iterator[list[tuple[int, str]]]:
    """Yield key and id of runs that have the words, the newest first, some at a time."""
    for number in _list_pieces(connection, before):
        found = connection.execute(_FIND_TEXTS.format(table=_name_table(number)), (query, before))
        while some := found.fetchmany(_CANDIDATES_AT_ONCE):
            yield some


def _list_pieces(connection: sqlite3.Connection, before: int) -> list[int]:
    return [number for (number,) in connection.execute(_LIST_PIECES, (before >> _PIECE_BITS,))]


def _name_table(number: int) -> str:
    return f"texts_{number}"


def _group(keys: Iterable[int]) -> dict[int, list[int]]:
    """Return keys by the piece that they are in."""
    found: dict[int, list[int]] = {}
    for key in keys:
        found.setdefault(key >> _PIECE_BITS, []).append(key)
    return found


def _drop_texts(connection: sqlite3.Connection, keys: Iterable[int]) -> None:
    known = set(_list_pieces(connection, _MOST))
    for number, within in _group(keys).items():
        if number in known:
            connection.executemany(_DROP_TEXT.format(table=_name_table(number)), [(key,) for key in within])


def write_query(phrases: Sequence[Phrase], namespaces: frozenset[str] | None) -> str:
    """Return what FTS5 is asked; nothing if no words are sought."""
    if not phrases:
        return ""
    wanted = [f"words : {' + '.join(_quote(phrase))}" for phrase in phrases]
    if namespaces is not None:
        named = " OR ".join(f'"{_name_namespace(namespace)}"' for namespace in sorted(namespaces))
        wanted.insert(0, f"namespace : ({named})")
    return " AND ".join(wanted)


def _quote(phrase: Phrase) -> Iterator[str]:
    for number, word in enumerate(phrase.words, 1):
        yield f'"{word}" *' if phrase.is_open and number == len(phrase.words) else f'"{word}"'


def _name_namespace(namespace: str) -> str:
    """Return the one word that stands for a namespace."""
    return namespace.encode(errors="replace").hex()


def _find_key(connection: sqlite3.Connection, after: str) -> int:
    """Return the key behind which a search goes on; if the run is gone, by its place among the ids."""
    row: tuple[int, str] | None = connection.execute(_FIND_KEY, (after,)).fetchone()
    if row is None:
        return 0
    return row[0] if row[1] == after else row[0] + 1

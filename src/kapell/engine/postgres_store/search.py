"""The words of runs: a `tsvector` of each, and a GIN index over them; `searching` is how runs are found by it.

The words come ready-made (`kapell.engine.words`), so that nothing of a query is PostgreSQL's syntax: each is quoted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.engine.postgres_store.pieces import list_pieces_of
from kapell.engine.postgres_store.searching import name_namespace
from kapell.engine.rows import UNINDEXED_COLUMNS, decode_unindexed
from kapell.storage.postgres_arrays import Int8Array, TextArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.engine.postgres_store.connections import Connection, Connections
    from kapell.engine.store import RunText, UnindexedRun

_MOST_POSITION = 16_383  # PostgreSQL's; words behind it are all taken to stand there

_FIND_PROGRESS = "SELECT run_key, run_id, fault_key FROM search_progress"
_SET_PROGRESS = """
    INSERT INTO search_progress ("only", run_key, run_id, fault_key) VALUES (1, %s, %s, %s)
    ON CONFLICT ("only") DO UPDATE
    SET run_key = excluded.run_key, run_id = excluded.run_id, fault_key = excluded.fault_key
"""
_ADD_TEXTS = """
    INSERT INTO search_texts (run_key, run_id, words)
    SELECT run_key, run_id, words::tsvector
    FROM unnest(%b::int8[], %b::text[], %b::text[]) AS new (run_key, run_id, words)
    ON CONFLICT (run_key) DO UPDATE SET run_id = excluded.run_id, words = excluded.words
"""
_DROP_ABOVE = "DELETE FROM search_texts WHERE run_key > %s"
_CLEAR = "TRUNCATE search_texts"
_FIND_RUN_ID = "SELECT run_id FROM runs WHERE run_key = %s"
_FIND_LAST_BELOW = "SELECT run_key, run_id FROM runs WHERE run_key <= %s ORDER BY run_key DESC LIMIT 1"
_FIND_LAST_FAULT = "SELECT coalesce(max(fault_key), 0) FROM faults"

# S608: what is put into these statements are constants of this package; values are always bound.
_FIRST = "LEFT JOIN history ON history.run_key = runs.run_key AND first_seq = 1"
_LIST_NEW = f"""
    SELECT runs.run_key, 0, count, at, body, {UNINDEXED_COLUMNS} FROM runs {_FIRST}
    WHERE runs.run_key > %s ORDER BY runs.run_key LIMIT %s
"""  # noqa: S608 -- see above
_LIST_FAULTED = f"""
    SELECT runs.run_key, fault_key, count, at, body, {UNINDEXED_COLUMNS}
    FROM faults JOIN runs ON runs.run_key = faults.run_key {_FIRST}
    WHERE fault_key > %s AND runs.run_key <= %s ORDER BY fault_key LIMIT %s
"""  # noqa: S608 -- see above


def list_unindexed(connections: Connections, limit: int) -> list[UnindexedRun]:
    """Return runs that the index has yet to be told of."""
    with connections.read() as connection, connection.transaction():
        run_key, _, fault_key = _find_progress(connection)
        rows = connection.execute(_LIST_NEW, (run_key, limit), binary=True).fetchall()
        if not rows:
            rows = connection.execute(_LIST_FAULTED, (fault_key, run_key, limit), binary=True).fetchall()
    return [decode_unindexed(row) for row in rows]


def add_texts(connections: Connections, texts: Sequence[RunText]) -> None:
    """Tell the index of runs."""
    last = {text.place: text for text in texts}
    with connections.write_index() as connection, connection.transaction():
        run_key, run_id, fault_key = _find_progress(connection)
        columns = (
            Int8Array(last),
            TextArray(text.run_id for text in last.values()),
            TextArray(_write_vector(text) for text in last.values()),
        )
        connection.execute(_ADD_TEXTS, columns)
        for text in texts:
            fault_key = max(fault_key, text.fault)
            if text.place > run_key:
                run_key, run_id = text.place, text.run_id
        connection.execute(_SET_PROGRESS, (run_key, run_id, fault_key))


def clear(connections: Connections) -> None:
    """Forget everything."""
    with connections.write_index() as connection, connection.transaction():
        connection.execute(_CLEAR)
        connection.execute(_SET_PROGRESS, (0, "", 0))


def check(connections: Connections) -> None:
    """See to it that the index is one of these runs: keys of runs that are gone may be given anew.

    Call it before anything is appended. Runs may have been pruned since.
    """
    with connections.write_index() as connection, connection.transaction():
        run_key, run_id, fault_key = _find_progress(connection)
        there = connection.execute(_FIND_RUN_ID, (run_key,)).fetchone()
        if run_key == 0 or (there is not None and there[0] == run_id):
            return
        key, name = connection.execute(_FIND_LAST_BELOW, (run_key,)).fetchone() or (0, "")
        (last_fault,) = connection.execute(_FIND_LAST_FAULT).fetchone() or (0,)
        if there is not None:
            connection.execute(_CLEAR)
            key, name, last_fault = 0, "", 0
        connection.execute(_DROP_ABOVE, (key,))
        connection.execute(_SET_PROGRESS, (key, name, min(fault_key, last_fault)))


def _write_vector(text: RunText) -> str:
    """Return a `tsvector`: the words with their places, the namespace, and where the key lies."""
    places: dict[str, list[int]] = {}
    for number, word in enumerate(text.words.split(), 1):
        places.setdefault(word, []).append(min(number, _MOST_POSITION))
    words = [f"'{word}':{','.join(map(str, numbers))}" for word, numbers in places.items()]
    words += [f"'{piece.word}'" for piece in list_pieces_of(text.place)]
    return " ".join([*words, name_namespace(text.namespace)])


def _find_progress(connection: Connection) -> tuple[int, str, int]:
    row = connection.execute(_FIND_PROGRESS).fetchone()
    return (0, "", 0) if row is None else (row[0], row[1], row[2])

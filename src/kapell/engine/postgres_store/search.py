"""The words of runs: a `tsvector` of each, and a GIN index over them.

A GIN index gives runs in no order, so that a word which half of all runs have would mean to fetch and sort half of all
runs for a page of fifty. So each run also has words that say where its key lies: in which piece of 4,096 keys, of
32,768 and so on. A search asks for the newest piece first, and then for larger and larger ones as long as it finds few:
the index intersects the few runs of a piece with the many of a word by leaps. A common word fills its page from the
first pieces, a rare one costs a handful of questions that find nothing.

The words come ready-made (`kapell.engine.words`), so that nothing of a query is PostgreSQL's syntax: each is quoted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kapell.engine.rows import RECORD_COLUMNS, UNINDEXED_COLUMNS, decode_record, decode_unindexed
from kapell.engine.selecting import build_conditions, is_empty
from kapell.engine.store import FoundRuns, RunFilter, RunRecord, RunText, UnindexedRun
from kapell.engine.words import Phrase, read_query
from kapell.storage.postgres_arrays import Int8Array, TextArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kapell.engine.postgres_store.connections import Connection, Connections

_FIRST_BITS, _MORE_BITS, _LEVELS = 12, 3, 7
"""A piece of the first level has 2^12 keys, and each of the next level eight of them; the last has 2^30."""

_LAST_BITS = _FIRST_BITS + _MORE_BITS * (_LEVELS - 1)
_CANDIDATES_AT_ONCE = 5000
_MOST_CANDIDATES = 5000  # some 30 ms: what a search looks at before it says where to go on
_FEW = 200
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
_FIND_LAST_KEY = "SELECT coalesce(max(run_key), 0) FROM search_texts"
_FIND_KEY = "SELECT run_key, run_id FROM runs WHERE run_id <= %s ORDER BY run_id DESC LIMIT 1"

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
# OFFSET 0 keeps the planner from better ideas: to read runs from the newest on and try the words on each, and to read
# all runs of a status where those of a few keys are wanted.
_FIND = f"""
    SELECT key, candidate, {RECORD_COLUMNS} FROM (
        SELECT run_key AS key, run_id AS candidate FROM search_texts
        WHERE words @@ %s::tsquery AND run_key < %s ORDER BY run_key DESC OFFSET 0 LIMIT %s
    ) AS having_words
    LEFT JOIN LATERAL (SELECT * FROM runs WHERE run_key = key AND run_id = candidate {{conditions}} OFFSET 0) AS runs
    ON true ORDER BY key DESC
"""  # noqa: S608 -- see above


class _Piece(NamedTuple):
    """Some keys that lie together: from `number` times 2^`bits` on, so many."""

    bits: int
    number: int

    @property
    def word(self) -> str:
        return f"@{self.bits}.{self.number}"

    def go_on(self, *, is_thin: bool) -> _Piece:
        """Return the piece of older keys next to it: a larger one where little was found, a smaller one where much."""
        number = self.number - 1
        ends_a_larger_one = (number + 1) % (1 << _MORE_BITS) == 0
        if is_thin and ends_a_larger_one and self.bits < _LAST_BITS:
            return _Piece(self.bits + _MORE_BITS, ((number + 1) >> _MORE_BITS) - 1)
        if not is_thin and self.bits > _FIRST_BITS:
            return _Piece(self.bits - _MORE_BITS, ((number + 1) << _MORE_BITS) - 1)
        return _Piece(self.bits, number)


def find_runs(connections: Connections, where: RunFilter, limit: int, after: str | None) -> FoundRuns:
    """Return runs that have the filter's text, those stored last first."""
    query = write_query(read_query(where.text), where.allowed_namespaces)
    if not query or is_empty(where):
        return FoundRuns([], None)
    conditions, values = build_conditions(where, "%s", sparing=("namespace",))
    statement = _FIND.format(conditions="".join(f" AND {condition}" for condition in conditions))
    found: list[RunRecord] = []
    looked_at = 0
    with connections.read() as connection, connection.transaction():
        before = _find_last_key(connection) + 1 if after is None else _find_key(connection, after)
        piece = _Piece(_FIRST_BITS, (before - 1) >> _FIRST_BITS)
        while piece.number >= 0:
            most = _CANDIDATES_AT_ONCE if conditions else limit + 1 - len(found)
            parameters = (f"{query} & '{piece.word}'", before, most, *values)
            # Prepared once for all words, it would be planned for a word that is neither rare nor common.
            rows = connection.execute(statement, parameters, prepare=False).fetchall()
            found += [decode_record(row[2:]) for row in rows if row[2] is not None]
            if len(found) > limit:
                return FoundRuns(found[:limit], found[limit - 1].run_id)
            looked_at += len(rows)
            if looked_at >= _MOST_CANDIDATES:
                return FoundRuns(found, rows[-1][1])
            if len(rows) == most:
                before = rows[-1][0]  # there may be more in this piece
            else:
                piece = piece.go_on(is_thin=len(rows) <= _FEW)
    return FoundRuns(found, None)


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


def write_query(phrases: Sequence[Phrase], namespaces: frozenset[str] | None) -> str:
    """Return a `tsquery`; nothing if no words are sought."""
    if not phrases:
        return ""
    wanted = [" <-> ".join(_quote(phrase)) for phrase in phrases]
    if namespaces is not None:
        wanted.insert(0, " | ".join(_name_namespace(namespace) for namespace in sorted(namespaces)))
    return " & ".join(f"({each})" for each in wanted)


def _quote(phrase: Phrase) -> Iterator[str]:
    for number, word in enumerate(phrase.words, 1):
        yield f"'{word}':*" if phrase.is_open and number == len(phrase.words) else f"'{word}'"


def _write_vector(text: RunText) -> str:
    """Return a `tsvector`: the words with their places, the namespace, and where the key lies."""
    places: dict[str, list[int]] = {}
    for number, word in enumerate(text.words.split(), 1):
        places.setdefault(word, []).append(min(number, _MOST_POSITION))
    words = [f"'{word}':{','.join(map(str, numbers))}" for word, numbers in places.items()]
    for level in range(_LEVELS):
        bits = _FIRST_BITS + _MORE_BITS * level
        words.append(f"'{_Piece(bits, text.place >> bits).word}'")
    return " ".join([*words, _name_namespace(text.namespace)])


def _name_namespace(namespace: str) -> str:
    """Return the word that stands for a namespace; no word of a text begins like it."""
    return f"'#{namespace.encode(errors='replace').hex()}'"


def _find_progress(connection: Connection) -> tuple[int, str, int]:
    row = connection.execute(_FIND_PROGRESS).fetchone()
    return (0, "", 0) if row is None else (row[0], row[1], row[2])


def _find_last_key(connection: Connection) -> int:
    row = connection.execute(_FIND_LAST_KEY).fetchone()
    assert row is not None
    return int(row[0])


def _find_key(connection: Connection, after: str) -> int:
    """Return the key behind which a search goes on; if the run is gone, by its place among the ids."""
    row = connection.execute(_FIND_KEY, (after,)).fetchone()
    if row is None:
        return 0
    return int(row[0]) if row[1] == after else int(row[0]) + 1

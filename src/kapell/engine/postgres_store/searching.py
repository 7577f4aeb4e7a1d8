"""Finding runs by their words, the newest first, at a cost that does not grow with the runs that are stored.

A GIN index gives runs in no order, so that a word which half of all runs have would mean to fetch and sort half of all
runs for a page of fifty. So a search looks at some thousand keys at a time, from the newest on (`pieces`): the index
intersects the few runs of these keys with the many of a word by leaps. How many keys come next is chosen by how much
was found: a common word fills its page at once, a rare one takes a handful of questions.

The beginning of a word is the exception: for it the index would gather the runs of all words that begin so, wherever
they lie, each time anew. So it is first tried on each run that has everything else. Only when few of them have it, and
there is little to be gathered, the index is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kapell.engine.postgres_store.pieces import Piece, choose_pieces
from kapell.engine.rows import RECORD_COLUMNS, decode_record
from kapell.engine.selecting import build_conditions, is_empty
from kapell.engine.store import FoundRuns, RunFilter, RunRecord
from kapell.engine.words import Phrase, read_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.engine.postgres_store.connections import Connection, Connections

_FIRST_KEYS = 8192
_MOST_KEYS = 1 << 30
_ENOUGH = 4
"""So many times what is missing is looked for at once, as runs do not lie evenly."""

_CANDIDATES_AT_ONCE = 5000
_FIRST_CANDIDATES = 1000
_MOST_CANDIDATES = 5000  # some 30 ms: what a search looks at before it says where to go on
_TRIED_FOR_ONE = 4
"""So many candidates can have a beginning of a word tried on them while one run is fetched."""

_RARE = 50
"""A beginning that fewer than one in so many have is looked up in the index."""

_FIND_LAST_KEY = "SELECT coalesce(max(run_key), 0) FROM search_texts"
_FIND_KEY = "SELECT run_key, run_id FROM runs WHERE run_id <= %s ORDER BY run_id DESC LIMIT 1"

# S608: what is put into this statement are constants of this package; values are always bound.
# OFFSET 0 keeps the planner from better ideas: to read runs from the newest on and try the words on each, and to read
# all runs of a status where those of a few keys are wanted.
_FIND = f"""
    WITH candidates AS MATERIALIZED (
        SELECT run_key AS key, run_id AS candidate, {{fits}} AS fits FROM search_texts
        WHERE {{asked}} AND run_key < %s ORDER BY run_key DESC OFFSET 0 LIMIT %s
    ), totals AS (
        SELECT count(*) AS looked_at, count(*) FILTER (WHERE fits) AS fitting, min(key) AS lowest FROM candidates
    )
    SELECT looked_at, fitting, lowest, (SELECT candidate FROM candidates WHERE key = lowest), key, {RECORD_COLUMNS}
    FROM totals LEFT JOIN LATERAL (
        SELECT * FROM (SELECT key, candidate FROM candidates WHERE fits ORDER BY key DESC OFFSET 0) AS fitting
        JOIN LATERAL (SELECT * FROM runs WHERE run_key = key AND run_id = candidate {{conditions}} OFFSET 0) AS runs
        ON true LIMIT %s
    ) AS runs ON true
"""  # noqa: S608 -- see above


class Query(NamedTuple):
    """What runs must have, as `tsquery`.

    Attributes:
        whole: Everything.
        closed: Everything but the beginning of a word; empty if there is nothing else.
        beginning: The phrase that ends in the beginning of a word; empty if there is none.
    """

    whole: str
    closed: str
    beginning: str


class _Looked(NamedTuple):
    """What one look at some keys gave.

    Attributes:
        records: The runs with their keys, the newest first.
        looked_at: How many runs had what the index was asked for.
        fitting: How many of these had the beginning, too.
        lowest: Key and id of the oldest that was looked at; `None` if there was none.
    """

    records: list[tuple[int, RunRecord]]
    looked_at: int
    fitting: int
    lowest: tuple[int, str] | None


class _Pace:
    """How many keys are worth looking at next, by what the last ones gave."""

    def __init__(self) -> None:
        self._keys = 0
        self._looked_at = 0
        self._found = 0

    def choose(self, missing: int) -> int:
        """Return how many keys probably hold `missing` runs, and are not too much to look at."""
        if not self._keys:
            return _FIRST_KEYS
        enough = _ENOUGH * missing * self._keys // max(1, self._found)
        bearable = _CANDIDATES_AT_ONCE * self._keys // max(1, self._looked_at)
        return min(enough, bearable, _MOST_KEYS)

    def note(self, keys: int, looked_at: int, found: int) -> None:
        """Count what some keys gave."""
        self._keys += keys
        self._looked_at += looked_at
        self._found += found

    def forget_candidates(self, fitting: int) -> None:
        """From now on only so many of what was looked at would have been."""
        self._looked_at = fitting


def find_runs(connections: Connections, where: RunFilter, limit: int, after: str | None) -> FoundRuns:
    """Return runs that have the filter's text, those stored last first."""
    query = write_query(read_query(where.text), where.allowed_namespaces)
    if not query.whole or is_empty(where):
        return FoundRuns([], None)
    with connections.read() as connection, connection.transaction():
        before = _find_last_key(connection) + 1 if after is None else _find_key(connection, after)
        return _Search(connection, where, query, before).run(limit)


class _Search:
    """One search, from the newest keys down."""

    def __init__(self, connection: Connection, where: RunFilter, query: Query, before: int) -> None:
        self._connection = connection
        self._query = query
        self._before = before
        conditions, self._values = build_conditions(where, "%s", sparing=("namespace",))
        self._conditions = "".join(f" AND {condition}" for condition in conditions)
        self._tries = bool(query.beginning)
        """Whether beginnings are tried on each candidate, and not looked up."""
        self._spent = 0
        self._fitting = 0
        self._tried = 0

    def run(self, limit: int) -> FoundRuns:
        """Return a page, or what there is of it when enough has been looked at."""
        found: list[RunRecord] = []
        pace = _Pace()
        while self._before > 1:
            missing = limit + 1 - len(found)
            most = self._choose_most(missing)
            pieces, lower = choose_pieces(self._before, pace.choose(missing))
            looked = self._look(pieces, lower, most, missing)
            found += [record for _, record in looked.records]
            if len(found) > limit:
                return FoundRuns(found[:limit], found[limit - 1].run_id)
            if looked.lowest is not None and looked.looked_at == most:
                lower = looked.lowest[0]  # there may be more in these pieces
            pace.note(self._before - lower, looked.looked_at, len(looked.records))
            self._before = lower
            self._note(looked, pace)
            if looked.lowest is not None and self._spent >= _MOST_CANDIDATES:
                return FoundRuns(found, looked.lowest[1])
        return FoundRuns(found, None)

    def _choose_most(self, missing: int) -> int:
        """Return how many candidates are taken at once: what is missing, where each of them is one."""
        if self._tries and not self._tried:
            return _FIRST_CANDIDATES
        return _CANDIDATES_AT_ONCE if self._conditions or self._tries else missing

    def _note(self, looked: _Looked, pace: _Pace) -> None:
        """Count what a look has cost; look beginnings up in the index from now on if that costs less."""
        self._spent += looked.fitting
        if not self._tries:
            return
        self._spent += looked.looked_at // _TRIED_FOR_ONE
        self._tried += looked.looked_at
        self._fitting += looked.fitting
        if self._tried >= _FIRST_CANDIDATES and self._fitting * _RARE < self._tried:
            self._tries = False
            pace.forget_candidates(self._fitting)

    def _look(self, pieces: Sequence[Piece], lower: int, most: int, missing: int) -> _Looked:
        words = self._query.closed if self._tries else self._query.whole
        fits = "words @@ %s::tsquery" if self._tries else "true"
        # Where nothing is asked of the index of words, that of the keys gives as many runs as are tried, and no more.
        asked = "words @@ %s::tsquery" if words else "run_key >= %s"
        among = " | ".join(f"'{piece.word}'" for piece in pieces)
        statement = _FIND.format(fits=fits, asked=asked, conditions=self._conditions)
        parameters: list[Any] = [
            *([self._query.beginning] if self._tries else []),
            f"{words} & ({among})" if words else lower,
            self._before,
            most,
            *self._values,
            missing,
        ]
        # Prepared once for all words, it would be planned for a word that is neither rare nor common.
        rows = self._connection.execute(statement, parameters, prepare=False).fetchall()
        looked_at, fitting, lowest, lowest_id = rows[0][:4]
        records = [(row[4], decode_record(row[5:])) for row in rows if row[4] is not None]
        records.sort(key=lambda each: -each[0])
        return _Looked(records, looked_at, fitting, None if lowest is None else (lowest, lowest_id))


def write_query(phrases: Sequence[Phrase], namespaces: frozenset[str] | None) -> Query:
    """Return the query; an empty one if no words are sought."""
    if not phrases:
        return Query("", "", "")
    allowed = [] if namespaces is None else [" | ".join(name_namespace(name) for name in sorted(namespaces))]
    whole = allowed + [" <-> ".join(_quote(phrase)) for phrase in phrases]
    closed = allowed + [" <-> ".join(_quote(phrase)) for phrase in phrases if not phrase.is_open]
    closed += [f"'{word}'" for phrase in phrases if phrase.is_open for word in phrase.words[:-1]]
    beginning = [" <-> ".join(_quote(phrase)) for phrase in phrases if phrase.is_open]
    return Query(_join(whole), _join(closed), _join(beginning))


def name_namespace(namespace: str) -> str:
    """Return the word that stands for a namespace; no word of a text begins like it."""
    return f"'#{namespace.encode(errors='replace').hex()}'"


def _join(parts: Sequence[str]) -> str:
    return " & ".join(f"({part})" for part in parts)


def _quote(phrase: Phrase) -> list[str]:
    last = len(phrase.words)
    return [
        f"'{word}':*" if phrase.is_open and number == last else f"'{word}'"
        for number, word in enumerate(phrase.words, 1)
    ]


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

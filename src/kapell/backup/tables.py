"""Which tables an installation has, where each of them is, and which migrations belong together.

A test fails when a table of either database is neither in a backup nor in `LEFT_OUT`.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, Final

from kapell.errors import ConflictError
from kapell.storage import tables
from kapell.storage.server_database import list_revisions
from kapell.storage.tables import metadata

LOG: Final = "log"
RUNS: Final = "runs"
SERVER: Final = "server"
GROUPS: Final = (LOG, RUNS, SERVER)
"""The databases of an installation, in the order in which a backup looks at them; with PostgreSQL they are one."""

LEFT_OUT: Final = frozenset({"alembic_version", "sqlite_sequence", "search_progress", "search_texts"})
"""What says how the tables were made, and what is made anew from the others: the index that search reads."""

SEARCH_FILE: Final = "search.db"
"""The file of that index in a data folder: it goes when the runs that it was made of do."""

RUNS_REVISIONS: Final = ("0004_runs", "0006_search", "0009_events")
"""The migrations of SQLite's runs, in order, by the revision that does the same on PostgreSQL."""

LOG_REVISIONS: Final = ("0004_runs",)
"""The same of its log lines."""

NUMBERED: Final = {
    "definitions": "definition_key",
    "faults": "fault_key",
    "inbox": "command_id",
    "subjects": "subject_key",
    "workflows": "workflow_key",
}
"""Columns whose numbers the database gives."""


def list_tables(group: str) -> list[str]:
    """Return the tables of a group, each after those that it refers to."""
    for module in pkgutil.iter_modules(tables.__path__):
        importlib.import_module(f"{tables.__name__}.{module.name}")
    return [
        str(table.name)
        for table in metadata.sorted_tables
        if table.name not in LEFT_OUT and _find_group(table.name) == group
    ]


def check_revision(found: list[tuple[Any, ...]], where: object) -> None:
    """Make sure that the server's tables are those of this Kapell. Raises `ConflictError`."""
    known = list_revisions()
    if found != [(known[-1],)]:
        raise refuse_schema(where, is_newer=bool(found) and found[0][0] not in known)


def refuse_schema(where: object, *, is_newer: bool) -> ConflictError:
    """Return the error that says that tables are of another Kapell."""
    age = "a newer" if is_newer else "an older"
    start = "" if is_newer else " Or start this one on it, which brings the tables up to date."
    return ConflictError(
        f"The tables of {where} are those of {age} version of Kapell.",
        hint=f"Make the backup with the version that uses them.{start}",
    )


def _find_group(table: str) -> str:
    if table == "lines":
        return LOG
    return RUNS if metadata.tables[table].info.get("only") == "postgresql" else SERVER

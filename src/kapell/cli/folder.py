"""The data folder as commands see it: its runs by the names that people use, and what to tell people to type."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kapell.app import open_store
from kapell.engine.store import RunFilter
from kapell.errors import NotFoundError, UsageError
from kapell.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.engine.store import RunStore
    from kapell.settings import Settings

_PAGE = 100
_MOST_NAMED = 5


@contextmanager
def read_store(settings: Settings) -> Iterator[RunStore]:
    """Open the runs of the data folder, or of the database, to read them, whoever owns them.

    Raises:
        NotFoundError: There is no such folder.
    """
    if not settings.database and not settings.data.is_dir():
        raise NotFoundError(
            f"There is no data folder {settings.data}, so there are no runs.", hint="Name another with --data."
        )
    store = open_store(settings)
    try:
        yield store
    finally:
        store.close()


def resolve_run(store: RunStore, name: str) -> str:
    """Return the id of the run that a person names: by its id, by the beginning of it, or by `last` or `-`.

    Raises:
        NotFoundError: There is none.
        UsageError: There are several.
    """
    if name in {"last", "-"}:
        return _find_newest(store)
    found = store.find_runs_by_prefix(name.lower(), limit=_MOST_NAMED + 1)
    if not found:
        raise NotFoundError(f"There is no run {name}.", hint="See `kapell runs list`.")
    if len(found) > 1 and name not in found:
        named = ", ".join(found[:_MOST_NAMED]) + (", ..." if len(found) > _MOST_NAMED else "")
        raise UsageError(f"Several runs begin with {name}: {named}.", hint="Type more of it.")
    return found[0]


def _find_newest(store: RunStore) -> str:
    """Return the newest run that no other run has started."""
    after = None
    while page := store.list_runs(RunFilter(), limit=_PAGE, after=after):
        for record in page:
            if record.parent_run_id is None:
                return record.run_id
        after = page[-1].run_id
    raise NotFoundError("There are no runs yet.", hint="Start one with `kapell run FILE`.")


def advise(settings: Settings, *words: str) -> str:
    """Return a command for people to type, with the data folder if it is not the usual one."""
    command = ["kapell", *words]
    if settings.data != read_settings().data:
        command += ["--data", str(settings.data)]
    return shlex.join(command)

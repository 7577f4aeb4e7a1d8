"""Which runs a caller asks for, and which of them the caller may be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Query
from pydantic import AwareDatetime  # noqa: TC002 -- FastAPI reads the annotations

from kapell.api.asked_runs import AskedRuns
from kapell.engine.store import RunFilter, RunStatus
from kapell.engine.words import read_query
from kapell.errors import ForbiddenError, UsageError

if TYPE_CHECKING:
    from kapell.api.callers import Caller
    from kapell.api.parts import Parts


WHY_NOT_SEARCHED = (
    "Runs cannot be searched by text here: their data is encrypted at rest, and an index would hold it in the clear."
)


def _read_asked(  # noqa: PLR0913 -- each is a parameter of the query
    *,
    status: Annotated[list[RunStatus] | None, Query(description="Only these; may be repeated.")] = None,
    namespace: Annotated[str | None, Query(description="Only workflows of this namespace.")] = None,
    name: Annotated[str | None, Query(description="Only workflows of this name.")] = None,
    version: Annotated[str | None, Query(description="Only this version.")] = None,
    parent: Annotated[str | None, Query(description="Only runs that this run started.")] = None,
    top: Annotated[bool, Query(description="Only runs that no other run started.")] = False,
    started_after: Annotated[
        AwareDatetime | None, Query(description="Only runs that were started then or later.")
    ] = None,
    started_before: Annotated[AwareDatetime | None, Query(description="Only runs that were started before.")] = None,
    ended_after: Annotated[AwareDatetime | None, Query(description="Only runs that ended then or later.")] = None,
    ended_before: Annotated[AwareDatetime | None, Query(description="Only runs that ended before.")] = None,
    updated_after: Annotated[
        AwareDatetime | None, Query(description="Only runs whose status last changed then or later.")
    ] = None,
    updated_before: Annotated[
        AwareDatetime | None, Query(description="Only runs whose status last changed before.")
    ] = None,
    text: Annotated[
        str | None, Query(description='Words and "phrases" of the input, name or error; needs `run.data`, too.')
    ] = None,
) -> AskedRuns:
    return AskedRuns(
        list(status or ()), namespace, name, version, parent, top, started_after, started_before, ended_after,
        ended_before, updated_after, updated_before, text,
    )  # fmt: skip


AskedOfQuery = Annotated[AskedRuns, Depends(_read_asked)]
"""The filter of a route, as parameters of its query."""


async def make_filter(parts: Parts, caller: Caller, asked: AskedRuns) -> RunFilter:
    """Return the filter of what the caller asks for and may see.

    A search by text needs `run.data` wherever it looks, as its answers tell what inputs hold; runs of namespaces where
    the caller does not have it are not found.

    Raises:
        ForbiddenError: The caller may not see runs of the namespace, or may search by text nowhere.
        UsageError: A text cannot be searched for.
    """
    check_texts(asked.namespace, asked.name, asked.version, asked.parent, asked.text)
    if asked.namespace is not None:
        await caller.require(asked.namespace, "run.read")
    namespaces = parts.access.list_namespaces(caller.principal, "run.read")
    if asked.text is not None:
        allowed = await _check_search(parts, caller, asked)
        namespaces = allowed if namespaces is None else namespaces if allowed is None else namespaces & allowed
    return RunFilter(
        statuses=frozenset(asked.status),
        namespace=asked.namespace,
        namespaces=namespaces,
        name=asked.name,
        version=asked.version,
        parent_run_id=asked.parent,
        only_top=asked.top,
        started_after=asked.started_after,
        started_before=asked.started_before,
        ended_after=asked.ended_after,
        ended_before=asked.ended_before,
        updated_after=asked.updated_after,
        updated_before=asked.updated_before,
        text=asked.text or "",
    )


async def _check_search(parts: Parts, caller: Caller, asked: AskedRuns) -> frozenset[str] | None:
    """Return the namespaces that the caller may search by text; `None` for all."""
    if parts.settings.encrypt_at_rest:
        raise UsageError(WHY_NOT_SEARCHED, hint="Leave `text` out, and filter by name, status and time.")
    if not read_query(asked.text or ""):
        raise UsageError("There is no word to search for in `text`.", hint="Give at least one letter or digit.")
    allowed = parts.access.list_namespaces(caller.principal, "run.data")
    if allowed is not None and (not allowed or asked.namespace not in {None, *allowed}):
        try:
            await caller.require(asked.namespace, "run.data")
        except ForbiddenError as error:
            raise ForbiddenError(
                f"A search by text looks into the runs' inputs. {error.message}",
                permission=error.permission,
                hint=error.hint,
            ) from error
    await parts.reads.note(caller.actor, "run.search", "runs", asked.namespace)
    return allowed


def check_texts(*texts: str | None) -> None:
    """Refuse what no database can look for. Raises `UsageError`."""
    for text in texts:
        if text is not None and ("\0" in text or not _is_text(text)):
            raise UsageError("A parameter holds a character that cannot be searched for (U+0000 or half a pair).")


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

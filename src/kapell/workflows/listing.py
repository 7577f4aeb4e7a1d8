"""List pages of workflows: the projection that they are read from, and the search in it.

What a page shows of a workflow stands in its own row, brought up to date in the transaction of each change, so that a
page is one walk along the index of names.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from kapell.storage.tables.workflows import workflow_drafts, workflows
from kapell.workflows.model import AboutTexts, WorkflowPage, WorkflowSummary
from kapell.workflows.store import find_newest_version

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from kapell.workflows.store import WorkflowRow

_SEARCHED_SUMMARY = 1_000
_LONGEST_QUERY = 500
_MOST_WORDS = 10


def update_projection(
    connection: sa.Connection, workflow: WorkflowRow, now: datetime, draft_texts: AboutTexts | None = None
) -> None:
    """Bring the row of a workflow up to date after a change of its draft or its versions.

    Args:
        connection: The transaction of the change.
        workflow: The workflow.
        now: When it was changed.
        draft_texts: What the draft says about itself, shown where there is no version.
    """
    newest = find_newest_version(connection, workflow)
    has_draft = sa.exists().where(workflow_drafts.c.workflow_key == workflow.key)
    texts = draft_texts or AboutTexts()
    if newest is not None:
        texts = AboutTexts(title=newest.title, summary=newest.summary, tags=newest.tags)
    connection.execute(
        sa.update(workflows)
        .where(workflows.c.workflow_key == workflow.key)
        .values(
            newest=None if newest is None else newest.version,
            is_deprecated=newest is not None and newest.deprecation is not None,
            has_draft=sa.select(has_draft).scalar_subquery(),
            changed_at=now,
            title=texts.title,
            summary=texts.summary,
            tags=msgspec.json.encode(texts.tags).decode(),
            search=_write_search(workflow.name, texts),
        )
    )


def list_workflows(
    connection: sa.Connection,
    *,
    namespaces: Collection[str] | None,
    text: str,
    limit: int,
    after: tuple[str, str] | None,
) -> WorkflowPage:
    """Return a page; see `Workflows.list_workflows`."""
    query = sa.select(workflows).where(workflows.c.has_draft | workflows.c.newest.is_not(None))
    if namespaces is not None:
        query = query.where(workflows.c.namespace.in_(sorted(namespaces)))
    for word in normalise(text[:_LONGEST_QUERY]).split()[:_MOST_WORDS]:
        query = query.where(workflows.c.search.contains(word, autoescape=True))
    if after is not None:
        query = query.where(sa.tuple_(workflows.c.namespace, workflows.c.name) > after)
    query = query.order_by(workflows.c.namespace, workflows.c.name).limit(limit + 1)
    found = [_read_summary(row) for row in connection.execute(query)]
    items = tuple(found[:limit])
    return WorkflowPage(items, (items[-1].namespace, items[-1].name) if len(found) > limit else None)


def normalise(text: str) -> str:
    """Return a text in the form that it is searched in: no case, no accents, single spaces, nothing unstorable."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("\0", " "))
    plain = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return " ".join(plain.encode("utf-8", "replace").decode().split())


def _write_search(name: str, texts: AboutTexts) -> str:
    tags = " ".join(f"{key} {value}" for key, value in texts.tags.items())
    return normalise(" ".join((name, texts.title, tags, texts.summary[:_SEARCHED_SUMMARY])))


def _read_summary(row: sa.Row[tuple[object, ...]]) -> WorkflowSummary:
    return WorkflowSummary(
        namespace=row.namespace,
        name=row.name,
        newest=row.newest,
        is_deprecated=row.is_deprecated,
        has_draft=row.has_draft,
        changed_at=row.changed_at,
        title=row.title,
        summary=row.summary,
        tags=msgspec.json.decode(row.tags),
    )

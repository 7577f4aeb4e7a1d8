"""List pages of workflows: the projection that they are read from, and the search in it.

What a page shows of a workflow stands in its own row, and what it is found by in a narrow table in the order of the
pages; both are brought up to date in the transaction of each change. So a page is one walk along that table.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from kapell.storage.tables.workflows import workflow_drafts, workflow_search, workflows
from kapell.workflows.model import AboutTexts, WorkflowPage, WorkflowSummary
from kapell.workflows.store import find_newest_version

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from kapell.workflows.store import WorkflowRow

_SEARCHED_SUMMARY = 500
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
    of_workflow = workflow_drafts.c.workflow_key == workflow.key
    has_draft = connection.execute(sa.select(sa.exists().where(of_workflow))).scalar_one()
    texts = draft_texts or AboutTexts()
    if newest is not None:
        texts = AboutTexts(title=newest.title, summary=newest.summary, tags=newest.tags)
    connection.execute(
        sa.update(workflows)
        .where(workflows.c.workflow_key == workflow.key)
        .values(
            newest=None if newest is None else newest.version,
            is_deprecated=newest is not None and newest.deprecation is not None,
            has_draft=has_draft,
            changed_at=now,
            title=texts.title,
            summary=texts.summary,
            tags=msgspec.json.encode(texts.tags).decode(),
        )
    )
    is_this = (workflow_search.c.namespace == workflow.namespace, workflow_search.c.name == workflow.name)
    connection.execute(sa.delete(workflow_search).where(*is_this))
    if newest is not None or has_draft:
        names = {"namespace": workflow.namespace, "name": workflow.name}
        connection.execute(sa.insert(workflow_search).values(**names, search=write_search(workflow.name, texts)))


def list_workflows(
    connection: sa.Connection,
    *,
    namespaces: Collection[str] | None,
    text: str,
    limit: int,
    after: tuple[str, str] | None,
) -> WorkflowPage:
    """Return a page; see `Workflows.list_workflows`."""
    keys = sa.select(workflow_search.c.namespace, workflow_search.c.name)
    if namespaces is not None:
        # Those before the page's start are left out, so that no database walks through them again.
        wanted = sorted(namespace for namespace in namespaces if after is None or namespace >= after[0])
        keys = keys.where(workflow_search.c.namespace.in_(wanted))
    for word in normalise(text[:_LONGEST_QUERY]).split()[:_MOST_WORDS]:
        keys = keys.where(workflow_search.c.search.contains(word, autoescape=True))
    if after is not None:
        keys = keys.where(sa.tuple_(workflow_search.c.namespace, workflow_search.c.name) > after)
    page = keys.order_by(workflow_search.c.namespace, workflow_search.c.name).limit(limit + 1).subquery()
    on = (workflows.c.namespace == page.c.namespace) & (workflows.c.name == page.c.name)
    query = sa.select(workflows).select_from(page.join(workflows, on)).order_by(page.c.namespace, page.c.name)
    found = [_read_summary(row) for row in connection.execute(query)]
    items = tuple(found[:limit])
    return WorkflowPage(items, (items[-1].namespace, items[-1].name) if len(found) > limit else None)


def normalise(text: str) -> str:
    """Return a text in the form that it is searched in: no case, no accents, single spaces, nothing unstorable."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("\0", " "))
    plain = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return " ".join(plain.encode("utf-8", "replace").decode().split())


def write_search(name: str, texts: AboutTexts) -> str:
    """Return what a workflow is found by."""
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

"""Workflows, drafts and versions in the database: each function is a statement or two of the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kapell.errors import NotFoundError
from kapell.storage.tables.workflows import workflow_drafts, workflow_versions, workflows
from kapell.workflows.model import LATEST, Deprecation, Draft, StoredVersion, WorkflowVersion
from kapell.workflows.precedence import encode_precedence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_ABOUT_COLUMNS = [
    workflows.c.namespace,
    workflows.c.name,
    *[column for column in workflow_versions.c if column.name not in {"workflow_key", "precedence", "source"}],
]

_MOST_NAMED = 5


class WorkflowRow(NamedTuple):
    """A workflow as it is known to the other tables.

    Attributes:
        key: Its key.
        namespace: Its namespace.
        name: Its name.
        revision: The revision of the draft that was saved last; 0 if none ever was.
    """

    key: int
    namespace: str
    name: str
    revision: int

    @property
    def full_name(self) -> str:
        """What errors and the audit log call it."""
        return f"{self.namespace}/{self.name}"


def find_workflow(connection: sa.Connection, namespace: str, name: str, *, lock: bool = False) -> WorkflowRow | None:
    """Return a workflow, or `None`; `lock` keeps other writers of it waiting until the transaction ends."""
    columns = (workflows.c.workflow_key, workflows.c.namespace, workflows.c.name, workflows.c.revision)
    query = sa.select(*columns).where(workflows.c.namespace == namespace, workflows.c.name == name)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else WorkflowRow(*row)


def claim_workflow(connection: sa.Connection, namespace: str, name: str, now: datetime) -> WorkflowRow:
    """Return a workflow, made if need be, with other writers of it kept waiting."""
    found = find_workflow(connection, namespace, name, lock=True)
    if found is None:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        values = {
            "namespace": namespace,
            "name": name,
            "revision": 0,
            "is_deprecated": False,
            "has_draft": False,
            "changed_at": now,
            **dict.fromkeys(("title", "summary"), ""),
            "tags": "{}",
        }
        connection.execute(insert(workflows).values(values).on_conflict_do_nothing())
        found = find_workflow(connection, namespace, name, lock=True)
    if found is None:
        raise RuntimeError("rows of workflows are never deleted")
    return found


# -- drafts ------------------------------------------------------------------------------------------------------------


def find_draft(connection: sa.Connection, workflow: WorkflowRow) -> Draft | None:
    """Return the draft of a workflow, or `None`."""
    row = connection.execute(sa.select(workflow_drafts).where(workflow_drafts.c.workflow_key == workflow.key)).first()
    if row is None:
        return None
    return Draft(
        namespace=workflow.namespace,
        name=workflow.name,
        revision=row.revision,
        source=row.source.decode(),
        base_version=row.base_version,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
        updated_by_name=row.updated_by_name,
    )


def put_draft(connection: sa.Connection, workflow: WorkflowRow, draft: Draft) -> None:
    """Keep a draft in the place of the one before."""
    delete_draft(connection, workflow)
    connection.execute(
        sa.insert(workflow_drafts).values(
            workflow_key=workflow.key,
            revision=draft.revision,
            source=draft.source.encode(),
            base_version=draft.base_version,
            updated_at=draft.updated_at,
            updated_by=draft.updated_by,
            updated_by_name=draft.updated_by_name,
        )
    )
    of_workflow = workflows.c.workflow_key == workflow.key
    connection.execute(sa.update(workflows).where(of_workflow).values(revision=draft.revision))


def delete_draft(connection: sa.Connection, workflow: WorkflowRow) -> None:
    """Drop the draft of a workflow, if there is one."""
    connection.execute(sa.delete(workflow_drafts).where(workflow_drafts.c.workflow_key == workflow.key))


# -- versions ----------------------------------------------------------------------------------------------------------


def add_version(connection: sa.Connection, workflow: WorkflowRow, stored: StoredVersion) -> None:
    """Keep a version for good."""
    about = stored.about
    connection.execute(
        sa.insert(workflow_versions).values(
            workflow_key=workflow.key,
            precedence=encode_precedence(about.version),
            version=about.version,
            digest=about.digest,
            published_at=about.published_at,
            published_by=about.published_by,
            published_by_name=about.published_by_name,
            note=about.note,
            title=about.title,
            summary=about.summary,
            tags=msgspec.json.encode(about.tags).decode(),
            source=stored.source.encode(),
        )
    )


def find_version(connection: sa.Connection, namespace: str, name: str, version: str) -> WorkflowVersion | None:
    """Return a version without its text, or `None`; `latest` is the highest that is not deprecated."""
    row = connection.execute(_select_version(_ABOUT_COLUMNS, namespace, name, version)).first()
    return None if row is None else _read_about(row)


def get_version(connection: sa.Connection, namespace: str, name: str, version: str) -> WorkflowVersion:
    """Return a version without its text. Raises `NotFoundError`, which says which versions there are."""
    found = find_version(connection, namespace, name, version)
    if found is None:
        raise _refuse_version(connection, namespace, name, version)
    return found


def get_stored_version(connection: sa.Connection, namespace: str, name: str, version: str) -> StoredVersion:
    """Return a version with its text. Raises `NotFoundError`, which says which versions there are."""
    columns = [*_ABOUT_COLUMNS, workflow_versions.c.source]
    row = connection.execute(_select_version(columns, namespace, name, version)).first()
    if row is None:
        raise _refuse_version(connection, namespace, name, version)
    return StoredVersion(_read_about(row), row.source.decode())


def find_newest_version(connection: sa.Connection, workflow: WorkflowRow) -> WorkflowVersion | None:
    """Return the highest version that is not deprecated, or the highest if all are, or `None` if there is none."""
    order = (workflow_versions.c.deprecated_at.is_not(None), workflow_versions.c.precedence.desc())
    query = _join(_ABOUT_COLUMNS).where(workflows.c.workflow_key == workflow.key).order_by(*order).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _read_about(row)


def list_versions(
    connection: sa.Connection, namespace: str, name: str, *, limit: int, after: str | None = None
) -> list[WorkflowVersion]:
    """Return versions, the highest first, that come after the version `after`."""
    query = _join(_ABOUT_COLUMNS).where(workflows.c.namespace == namespace, workflows.c.name == name)
    if after is not None:
        query = query.where(workflow_versions.c.precedence < encode_precedence(after))
    query = query.order_by(workflow_versions.c.precedence.desc()).limit(limit)
    return [_read_about(row) for row in connection.execute(query)]


def set_deprecation(
    connection: sa.Connection, workflow: WorkflowRow, version: str, deprecation: Deprecation | None
) -> None:
    """Say that a version starts no more runs, or that it does again."""
    connection.execute(
        sa.update(workflow_versions)
        .where(
            workflow_versions.c.workflow_key == workflow.key,
            workflow_versions.c.precedence == encode_precedence(version),
        )
        .values(
            deprecated_at=None if deprecation is None else deprecation.at,
            deprecated_by=None if deprecation is None else deprecation.by,
            deprecated_by_name=None if deprecation is None else deprecation.by_name,
            deprecation_reason=None if deprecation is None else deprecation.reason,
        )
    )


def _join(columns: Sequence[sa.ColumnElement[Any]]) -> sa.Select[Any]:
    on = workflow_versions.c.workflow_key == workflows.c.workflow_key
    return sa.select(*columns).select_from(workflows.join(workflow_versions, on))


def _select_version(
    columns: Sequence[sa.ColumnElement[Any]], namespace: str, name: str, version: str
) -> sa.Select[Any]:
    query = _join(columns).where(workflows.c.namespace == namespace, workflows.c.name == name)
    if version == LATEST:
        newest_first = workflow_versions.c.precedence.desc()
        return query.where(workflow_versions.c.deprecated_at.is_(None)).order_by(newest_first).limit(1)
    return query.where(workflow_versions.c.precedence == encode_precedence(version))


def _read_about(row: sa.Row[Any]) -> WorkflowVersion:
    deprecation = None
    if row.deprecated_at is not None:
        deprecation = Deprecation(
            at=row.deprecated_at, by=row.deprecated_by, by_name=row.deprecated_by_name, reason=row.deprecation_reason
        )
    return WorkflowVersion(
        namespace=row.namespace,
        name=row.name,
        version=row.version,
        digest=row.digest,
        published_at=row.published_at,
        published_by=row.published_by,
        published_by_name=row.published_by_name,
        note=row.note,
        deprecation=deprecation,
        title=row.title,
        summary=row.summary,
        tags=msgspec.json.decode(row.tags),
    )


def _refuse_version(connection: sa.Connection, namespace: str, name: str, version: str) -> NotFoundError:
    versions = list_versions(connection, namespace, name, limit=_MOST_NAMED + 1)
    if not versions:
        return NotFoundError(f"There is no workflow {namespace}/{name}, or nothing of it is published.")
    named = ", ".join(about.version for about in versions[:_MOST_NAMED])
    named += ", ..." if len(versions) > _MOST_NAMED else ""
    if version == LATEST:
        return NotFoundError(
            f"All versions of {namespace}/{name} are deprecated.", hint=f"Publish one; there are {named}."
        )
    return NotFoundError(f"There is no version {version} of {namespace}/{name}.", hint=f"There are {named}.")

"""What people do with workflows: write drafts, publish versions, take versions out of use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kapell.audit import Actor, AuditEntry
from kapell.errors import NotFoundError, UsageError
from kapell.language import InvalidWorkflowError
from kapell.workflows import listing, rules, store
from kapell.workflows.checking import check_source, find_about, read_about
from kapell.workflows.comparing import Comparison, compare_sources
from kapell.workflows.model import (
    DRAFT,
    LATEST,
    CheckReport,
    Deprecation,
    Draft,
    Publication,
    StoredVersion,
    VersionPage,
    WorkflowPage,
    WorkflowVersion,
    digest_definition,
    digest_source,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    import sqlalchemy as sa

    from kapell.audit import AuditLog
    from kapell.clock import Clock
    from kapell.language import Workflow
    from kapell.storage.server_database import ServerDatabase
    from kapell.workflows.published import PublishedWorkflows
    from kapell.workflows.store import WorkflowRow

    FollowVersions = Callable[[sa.Connection, Workflow | None, WorkflowRow, Actor, datetime], None]
    """Told of a change of versions: the transaction, what was published (if that is it), the workflow, who, when."""


class _Submission(msgspec.Struct, frozen=True):
    """What is to be published, by whom; `revision` is the draft's, if it is one."""

    source: str
    actor: Actor
    note: str
    allow_lower: bool
    revision: int | None = None


class Workflows:
    """Stored workflows. Its methods block; any thread may call them."""

    def __init__(self, database: ServerDatabase, clock: Clock, audit: AuditLog, published: PublishedWorkflows) -> None:
        """Work on `database`; `published` is told of what changes."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._published = published
        self.on_versions: FollowVersions = _follow_nothing
        """Called in each transaction that changes the versions of a workflow; what it raises undoes the change."""
        self.on_changed: Callable[[], None] = lambda: None
        """Called when such a change is durable."""

    # -- drafts --------------------------------------------------------------------------------------------------------

    def check(self, source: str, *, namespace: str | None = None, name: str | None = None) -> CheckReport:
        """Say all that is to be said of a text, with places, as `kapell validate` does.

        Args:
            source: YAML or JSON.
            namespace: The namespace that it must be in, if any.
            name: The name that it must have, if any.
        """
        return check_source(source, namespace=namespace, name=name).report

    def get_draft(self, namespace: str, name: str) -> Draft:
        """Return the draft of a workflow. Raises `NotFoundError`."""
        with self._database.read() as connection:
            workflow = store.find_workflow(connection, namespace, name)
            draft = None if workflow is None else store.find_draft(connection, workflow)
        if draft is None:
            raise NotFoundError(f"There is no draft of {namespace}/{name}.")
        return draft

    def save_draft(
        self,
        namespace: str,
        name: str,
        source: str,
        *,
        actor: Actor,
        revision: int | None,
        base_version: str | None = None,
    ) -> Draft:
        """Save the draft of a workflow; the text may be anything.

        Args:
            namespace: The workflow's namespace.
            name: The workflow's name.
            source: The text.
            actor: Who saves it.
            revision: The revision that the text was made from; `None` if there was no draft.
            base_version: The version that a new draft is made from, if it is made from one; a later one keeps it.

        Returns:
            The draft with its new revision; the one before, if that has the same text.

        Raises:
            ConflictError: The draft is not at that revision; it says who saved it, and when.
            NotFoundError: There is no such base version.
            UsageError: The names cannot be names of a workflow, or the text is too large or no text.
        """
        rules.check_names(namespace, name)
        rules.check_source(source)
        texts = None if self._has_versions(namespace, name) else read_about(source)
        with self._database.write() as connection:
            now = self._clock.now()
            workflow = store.claim_workflow(connection, namespace, name, now)
            before = store.find_draft(connection, workflow)
            if before is not None and before.source == source:
                return before  # also the answer to somebody who did not hear it the first time
            rules.check_revision(workflow.full_name, before, revision)
            base = before.base_version if before is not None else base_version
            if before is None and base is not None:
                store.get_version(connection, namespace, name, base)
            draft = Draft(
                namespace=namespace,
                name=name,
                revision=workflow.revision + 1,
                source=source,
                base_version=base,
                updated_at=now,
                updated_by=actor.actor_id,
                updated_by_name=actor.name,
            )
            store.put_draft(connection, workflow, draft)
            listing.update_projection(connection, workflow, now, texts)
            digests = {
                "before_digest": None if before is None else digest_source(before.source),
                "after_digest": digest_source(source),
            }
            self._record(
                connection, now, actor, "draft.save", workflow, details={"revision": draft.revision}, **digests
            )
        return draft

    def discard_draft(self, namespace: str, name: str, *, actor: Actor, revision: int) -> None:
        """Drop the draft of a workflow.

        Raises:
            ConflictError: The draft is not at that revision; it says who saved it, and when.
            NotFoundError: There is no draft.
        """
        with self._database.write() as connection:
            now = self._clock.now()
            workflow = store.find_workflow(connection, namespace, name, lock=True)
            before = None if workflow is None else store.find_draft(connection, workflow)
            if workflow is None or before is None:
                raise NotFoundError(f"There is no draft of {namespace}/{name}.")
            rules.check_revision(workflow.full_name, before, revision)
            store.delete_draft(connection, workflow)
            listing.update_projection(connection, workflow, now)
            digest = digest_source(before.source)
            self._record(connection, now, actor, "draft.discard", workflow, before_digest=digest)

    # -- publication ---------------------------------------------------------------------------------------------------

    def publish_draft(
        self, namespace: str, name: str, *, actor: Actor, revision: int, note: str = "", allow_lower: bool = False
    ) -> Publication:
        """Publish the draft of a workflow, which is a draft no longer.

        Args:
            namespace: The workflow's namespace.
            name: The workflow's name.
            actor: Who publishes it.
            revision: The revision that is to be published.
            note: What to say about the version.
            allow_lower: Whether its version may be lower than one that was published.

        Raises:
            ConflictError: The draft is not at that revision, or its version cannot be published (see `publish`).
            InvalidWorkflowError: The draft has errors; they are the error's `problems`.
            NotFoundError: There is no draft.
        """
        draft = self.get_draft(namespace, name)
        rules.check_revision(f"{namespace}/{name}", draft, revision)
        return self._publish(namespace, name, _Submission(draft.source, actor, note, allow_lower, revision))

    def publish(
        self, namespace: str, name: str, source: str, *, actor: Actor, note: str = "", allow_lower: bool = False
    ) -> Publication:
        """Publish a text as a version of a workflow; its draft, if there is one, stays.

        Args:
            namespace: The workflow's namespace, as in the document.
            name: The workflow's name, as in the document.
            source: YAML or JSON, kept exactly as it is.
            actor: Who publishes it.
            note: What to say about the version.
            allow_lower: Whether its version may be lower than one that was published.

        Returns:
            The version. Where the same definition was published as this version before, nothing is done and
            `was_published` says so.

        Raises:
            ConflictError: The version was published with another definition, or a higher one was.
            InvalidWorkflowError: The text has errors; they are the error's `problems`.
            UsageError: The names cannot be names of a workflow, or the text is too large or no text.
        """
        return self._publish(namespace, name, _Submission(source, actor, note, allow_lower))

    def _publish(self, namespace: str, name: str, submitted: _Submission) -> Publication:
        rules.check_names(namespace, name)
        rules.check_source(submitted.source)
        rules.check_remark("note", submitted.note)
        checked = check_source(submitted.source, namespace=namespace, name=name)
        if checked.workflow is None:
            raise InvalidWorkflowError(checked.report.problems)
        with self._database.write() as connection:
            now = self._clock.now()
            workflow = store.claim_workflow(connection, namespace, name, now)
            if submitted.revision is not None:
                draft = store.find_draft(connection, workflow)
                rules.check_revision(workflow.full_name, draft, submitted.revision)
            about, was_published = self._put_version(connection, workflow, checked.workflow, submitted, now)
            if submitted.revision is not None:
                store.delete_draft(connection, workflow)
                digest = digest_source(submitted.source)
                self._record(connection, now, submitted.actor, "draft.publish", workflow, before_digest=digest)
            if submitted.revision is not None or not was_published:
                listing.update_projection(connection, workflow, now)
            if not was_published:
                self.on_versions(connection, checked.workflow, workflow, submitted.actor, now)
        self._published.keep(about.digest, checked.workflow)
        self._published.forget(namespace, name)
        self.on_changed()
        return Publication(version=about, was_published=was_published, warnings=checked.report.problems)

    def _put_version(
        self,
        connection: sa.Connection,
        workflow: WorkflowRow,
        document: Workflow,
        submitted: _Submission,
        now: datetime,
    ) -> tuple[WorkflowVersion, bool]:
        """Keep a version unless it is there already, and tell whether it was."""
        version, digest = document.document.version, digest_definition(document.definition)
        found = store.find_version(connection, workflow.namespace, workflow.name, version)
        if found is not None:
            rules.check_same(found, version, digest)
            return found, True
        highest = store.list_versions(connection, workflow.namespace, workflow.name, limit=1)
        if highest and not submitted.allow_lower:
            rules.check_order(version, highest[0].version)
        texts = find_about(document.definition)
        about = WorkflowVersion(
            namespace=workflow.namespace,
            name=workflow.name,
            version=version,
            digest=digest,
            published_at=now,
            published_by=submitted.actor.actor_id,
            published_by_name=submitted.actor.name,
            note=submitted.note,
            deprecation=None,
            title=texts.title,
            summary=texts.summary,
            tags=texts.tags,
        )
        store.add_version(connection, workflow, StoredVersion(about, submitted.source))
        details = {"source_digest": digest_source(submitted.source), "note": submitted.note}
        entry = {"version": version, "after_digest": digest, "details": details}
        self._record(connection, now, submitted.actor, "workflow.publish", workflow, **entry)
        return about, False

    def deprecate(self, namespace: str, name: str, version: str, reason: str, *, actor: Actor) -> WorkflowVersion:
        """Let a version start no more runs; those under way go on.

        Raises:
            ConflictError: It is deprecated already; it says by whom.
            NotFoundError: There is no such version.
            UsageError: There is no reason given, or it is too long.
        """
        rules.check_remark("reason", reason)
        if not reason.strip():
            raise UsageError("A version is deprecated for a reason.", hint="Say which, and what to use instead.")
        return self._set_deprecation(namespace, name, version, reason, actor)

    def undeprecate(self, namespace: str, name: str, version: str, *, actor: Actor) -> WorkflowVersion:
        """Let a deprecated version start runs again.

        Raises:
            ConflictError: It is not deprecated.
            NotFoundError: There is no such version.
        """
        return self._set_deprecation(namespace, name, version, None, actor)

    def _set_deprecation(
        self, namespace: str, name: str, version: str, reason: str | None, actor: Actor
    ) -> WorkflowVersion:
        with self._database.write() as connection:
            now = self._clock.now()
            workflow = store.find_workflow(connection, namespace, name, lock=True)
            if workflow is None:
                raise NotFoundError(f"There is no workflow {namespace}/{name}.")
            about = store.get_version(connection, namespace, name, version)
            rules.check_deprecation(about, is_wanted=reason is not None)
            deprecation = None
            if reason is not None:
                deprecation = Deprecation(at=now, by=actor.actor_id, by_name=actor.name, reason=reason)
            store.set_deprecation(connection, workflow, about.version, deprecation)
            listing.update_projection(connection, workflow, now)
            action = "workflow.undeprecate" if reason is None else "workflow.deprecate"
            self._record(connection, now, actor, action, workflow, version=about.version, reason=reason or "")
            self.on_versions(connection, None, workflow, actor, now)
            changed = store.get_version(connection, namespace, name, about.version)
        self._published.forget(namespace, name)
        self.on_changed()
        return changed

    # -- reading -------------------------------------------------------------------------------------------------------

    def get_version(self, namespace: str, name: str, version: str = LATEST) -> StoredVersion:
        """Return a version and its text; `latest` is the highest that is not deprecated.

        Raises:
            NotFoundError: There is none; it says which there are.
            UsageError: It is no version.
        """
        with self._database.read() as connection:
            return store.get_stored_version(connection, namespace, name, version)

    def list_workflows(
        self,
        *,
        namespaces: Collection[str] | None = None,
        text: str = "",
        limit: int = 50,
        after: tuple[str, str] | None = None,
    ) -> WorkflowPage:
        """Return a page of workflows, by namespace and name.

        Args:
            namespaces: Only these; `None` for all.
            text: Words, all of which must occur in the name, title, summary or tags; case and accents do not matter.
            limit: How many at most.
            after: Where the page before ended.
        """
        with self._database.read() as connection:
            return listing.list_workflows(connection, namespaces=namespaces, text=text, limit=limit, after=after)

    def list_versions(self, namespace: str, name: str, *, limit: int = 50, after: str | None = None) -> VersionPage:
        """Return a page of versions, the highest first.

        Args:
            namespace: The workflow's namespace.
            name: The workflow's name.
            limit: How many at most.
            after: Where the page before ended.

        Raises:
            NotFoundError: There is no such workflow.
            UsageError: `after` is no version.
        """
        with self._database.read() as connection:
            found = store.list_versions(connection, namespace, name, limit=limit + 1, after=after)
            if not found and store.find_workflow(connection, namespace, name) is None:
                raise NotFoundError(f"There is no workflow {namespace}/{name}.")
        items = tuple(found[:limit])
        return VersionPage(items, items[-1].version if len(found) > limit else None)

    def diff(self, namespace: str, name: str, before: str, after: str) -> Comparison:
        """Compare two texts of a workflow, line by line and task by task.

        Args:
            namespace: The workflow's namespace.
            name: The workflow's name.
            before: A version, `latest` or `draft`.
            after: The same.

        Raises:
            NotFoundError: There is no such version or draft.
        """
        texts = [self._read_text(namespace, name, which) for which in (before, after)]
        return compare_sources(*texts[0], *texts[1])

    def _read_text(self, namespace: str, name: str, which: str) -> tuple[str, str]:
        if which == DRAFT:
            return f"{namespace}/{name}@draft", self.get_draft(namespace, name).source
        stored = self.get_version(namespace, name, which)
        return stored.about.full_name, stored.source

    def _has_versions(self, namespace: str, name: str) -> bool:
        with self._database.read() as connection:
            return bool(store.list_versions(connection, namespace, name, limit=1))

    def _record(
        self, connection: sa.Connection, now: datetime, actor: Actor, action: str, workflow: WorkflowRow, **rest: Any
    ) -> None:
        version = rest.pop("version", "")
        target = f"workflow/{workflow.full_name}" + (f"@{version}" if version else "")
        self._audit.append(connection, AuditEntry.by(actor, action, target, namespace=workflow.namespace, **rest), now)


def _follow_nothing(
    connection: sa.Connection, published: Workflow | None, workflow: WorkflowRow, actor: Actor, now: datetime
) -> None:
    """Stand in for a follower until there is one."""

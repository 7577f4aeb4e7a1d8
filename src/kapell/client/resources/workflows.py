"""Workflows: check, draft, publish, compare, deprecate; and the secrets that their runs read."""

from __future__ import annotations

from types import NoneType
from typing import Any

from kapell.client.calls import Call, Page
from kapell.client.operations import Resource, S, listing, operation
from kapell.client.wire import workflows as wire
from kapell.client.wire.workflows import (
    CheckReport,
    Comparison,
    Draft,
    Publication,
    SecretInfo,
    StoredVersion,
    WorkflowSummary,
    WorkflowVersion,
)

_PATH = "/workflows/{namespace}/{name}"


class Workflows(Resource[S]):
    """Stored workflows, by namespace and name."""

    @operation
    def check(self, source: str) -> Call[CheckReport]:
        """Check a text, as `kapell validate` does; nothing is stored."""
        return Call(method="POST", path="/workflows/check", gives=CheckReport, body=wire.Source(source))

    @listing
    def list(
        self, *, namespace: str | None = None, text: str | None = None, page_size: int = 100, cursor: str | None = None
    ) -> Call[Page[WorkflowSummary]]:
        """Go through workflows by namespace and name; `text` are words in the name, title, summary or tags."""
        query = {"namespace": namespace, "text": text, "limit": page_size, "cursor": cursor}
        return Call(method="GET", path="/workflows", gives=Page[WorkflowSummary], query=query)

    @listing
    def versions(
        self, namespace: str, name: str, *, page_size: int = 100, cursor: str | None = None
    ) -> Call[Page[WorkflowVersion]]:
        """Go through the versions of a workflow, the highest first."""
        return Call(
            method="GET",
            path=f"{_PATH}/versions",
            gives=Page[WorkflowVersion],
            at={"namespace": namespace, "name": name},
            query={"limit": page_size, "cursor": cursor},
        )

    @operation
    def get_version(self, namespace: str, name: str, version: str = "latest") -> Call[StoredVersion]:
        """Return a version with its text; `latest` is the highest that is not deprecated."""
        return Call(
            method="GET",
            path=f"{_PATH}/versions/{{version}}",
            gives=StoredVersion,
            at={"namespace": namespace, "name": name, "version": version},
        )

    @operation
    def publish(
        self,
        namespace: str,
        name: str,
        *,
        source: str | None = None,
        revision: int | None = None,
        note: str = "",
        allow_lower: bool = False,
    ) -> Call[Publication]:
        """Publish a text, or the draft at a revision, as the version that its document names.

        Args:
            namespace: The workflow's namespace.
            name: The workflow's name.
            source: YAML or JSON.
            revision: The draft's revision, where no text is given.
            note: What to say about the version.
            allow_lower: Whether the version may be lower than one that was published.

        Raises:
            UsageError: The text is not valid, or does not name this workflow.
            ConflictError: Another text was published as this version, or the draft was saved meanwhile.
        """
        return Call(
            method="POST",
            path=f"{_PATH}/versions",
            gives=Publication,
            at={"namespace": namespace, "name": name},
            body=wire.Publishing(source, revision, note, allow_lower),
        )

    @operation
    def deprecate(self, namespace: str, name: str, version: str, *, reason: str) -> Call[WorkflowVersion]:
        """Let a version start no more runs; runs under way go on."""
        return Call(
            method="POST",
            path=f"{_PATH}/versions/{{version}}/deprecate",
            gives=WorkflowVersion,
            at={"namespace": namespace, "name": name, "version": version},
            body=wire.Deprecating(reason),
        )

    @operation
    def undeprecate(self, namespace: str, name: str, version: str) -> Call[WorkflowVersion]:
        """Let a deprecated version start runs again."""
        return Call(
            method="POST",
            path=f"{_PATH}/versions/{{version}}/undeprecate",
            gives=WorkflowVersion,
            at={"namespace": namespace, "name": name, "version": version},
        )

    @operation
    def compare(self, namespace: str, name: str, *, old: str, new: str) -> Call[Comparison]:
        """Compare two texts of a workflow, each a version, `latest` or `draft`: line by line, and task by task."""
        return Call(
            method="GET",
            path=f"{_PATH}/diff",
            gives=Comparison,
            at={"namespace": namespace, "name": name},
            query={"old": old, "new": new},
        )

    @operation
    def get_draft(self, namespace: str, name: str) -> Call[Draft]:
        """Return the draft of a workflow. Raises `NotFoundError` if it has none."""
        return Call(method="GET", path=f"{_PATH}/draft", gives=Draft, at={"namespace": namespace, "name": name})

    @operation
    def save_draft(
        self,
        namespace: str,
        name: str,
        source: str,
        *,
        revision: int | None = None,
        base_version: str | None = None,
    ) -> Call[Draft]:
        """Save the draft of a workflow.

        Args:
            namespace: The workflow's namespace.
            name: The workflow's name.
            source: The text; it may not be valid yet.
            revision: The revision that it was made from; `None` for a new draft.
            base_version: The version that a new draft is made from.

        Raises:
            ConflictError: Somebody else has saved it meanwhile.
        """
        return Call(
            method="PUT",
            path=f"{_PATH}/draft",
            gives=Draft,
            at={"namespace": namespace, "name": name},
            body=wire.DraftText(source, revision, base_version),
        )

    @operation
    def discard_draft(self, namespace: str, name: str, *, revision: int) -> Call[None]:
        """Drop the draft of a workflow. Raises `ConflictError` if it was saved since that revision."""
        return Call(
            method="DELETE",
            path=f"{_PATH}/draft",
            gives=NoneType,
            at={"namespace": namespace, "name": name},
            query={"revision": revision},
        )


class Secrets(Resource[S]):
    """Secrets: put, listed and deleted, and never given out."""

    @listing
    def list(
        self, *, namespace: str | None = None, page_size: int = 100, cursor: str | None = None
    ) -> Call[Page[SecretInfo]]:
        """Go through secrets by namespace and name, without their values."""
        query = {"namespace": namespace, "limit": page_size, "cursor": cursor}
        return Call(method="GET", path="/secrets", gives=Page[SecretInfo], query=query)

    @operation
    def put(self, namespace: str, name: str, value: Any) -> Call[SecretInfo]:
        """Keep a secret (a string, or an object of JSON values) for the runs of a namespace."""
        return Call(
            method="PUT",
            path="/secrets/{namespace}/{name}",
            gives=SecretInfo,
            at={"namespace": namespace, "name": name},
            body=wire.SecretValue(value),
        )

    @operation
    def delete(self, namespace: str, name: str) -> Call[None]:
        """Drop a secret; runs that read it later fail."""
        return Call(
            method="DELETE",
            path="/secrets/{namespace}/{name}",
            gives=NoneType,
            at={"namespace": namespace, "name": name},
        )

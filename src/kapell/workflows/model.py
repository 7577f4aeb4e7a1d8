"""Stored workflows, as values."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from kapell.language import Problem

LATEST = "latest"
"""What stands for the highest version that is not deprecated."""

DRAFT = "draft"
"""What stands for the draft, in comparisons."""

_encoder = msgspec.json.Encoder(order=None)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A text that somebody works on. It need not be a valid workflow.

    Attributes:
        namespace: The workflow's namespace.
        name: The workflow's name.
        revision: Counts each time that a draft of this workflow is saved; it never means two texts.
        source: The text.
        base_version: The version that it was made from, if it was made from one.
        updated_at: When it was saved.
        updated_by: Who saved it, by id.
        updated_by_name: Who saved it, by name.
    """

    namespace: str
    name: str
    revision: int
    source: str
    base_version: str | None
    updated_at: datetime
    updated_by: str
    updated_by_name: str


class Deprecation(msgspec.Struct, frozen=True, kw_only=True):
    """That a version is to start no more runs.

    Attributes:
        at: Since when.
        by: Who said so, by id.
        by_name: Who said so, by name.
        reason: Why.
    """

    at: datetime
    by: str
    by_name: str
    reason: str


class WorkflowVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A published version. Only its deprecation can change.

    Attributes:
        namespace: The workflow's namespace.
        name: The workflow's name.
        version: The semantic version that the document gives.
        digest: What its definition hashes to (`digest_definition`), as runs keep it.
        published_at: When it was published.
        published_by: Who published it, by id.
        published_by_name: Who published it, by name.
        note: What the publisher said about it.
        deprecation: Set if it starts no more runs.
        title: The document's title, or an empty text.
        summary: The document's summary, or an empty text.
        tags: The document's tags.
    """

    namespace: str
    name: str
    version: str
    digest: str
    published_at: datetime
    published_by: str
    published_by_name: str
    note: str
    deprecation: Deprecation | None
    title: str
    summary: str
    tags: dict[str, Any]

    @property
    def full_name(self) -> str:
        """What errors and the audit log call it: `namespace/name@version`."""
        return f"{self.namespace}/{self.name}@{self.version}"


class StoredVersion(msgspec.Struct, frozen=True):
    """A version with its text.

    Attributes:
        about: Everything but the text.
        source: The text, exactly as it was published.
    """

    about: WorkflowVersion
    source: str


class WorkflowSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow on a list page.

    Attributes:
        namespace: Its namespace.
        name: Its name.
        newest: The highest version that is not deprecated, or the highest if all are; `None` if there is but a draft.
        is_deprecated: Whether all its versions are deprecated.
        has_draft: Whether somebody works on it.
        changed_at: When a draft was saved, or a version published or deprecated.
        title: The title of the newest version; of the draft, where there is no version and it can be read.
        summary: Its summary.
        tags: Its tags.
    """

    namespace: str
    name: str
    newest: str | None
    is_deprecated: bool
    has_draft: bool
    changed_at: datetime
    title: str
    summary: str
    tags: dict[str, Any]


class WorkflowPage(msgspec.Struct, frozen=True):
    """A page of workflows, by namespace and name.

    Attributes:
        items: The workflows.
        after: What to ask the next page with; `None` after the last.
    """

    items: tuple[WorkflowSummary, ...]
    after: tuple[str, str] | None


class VersionPage(msgspec.Struct, frozen=True):
    """A page of versions, the highest first.

    Attributes:
        items: The versions.
        after: The version to ask the next page with; `None` after the last.
    """

    items: tuple[WorkflowVersion, ...]
    after: str | None


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said of a text.

    Attributes:
        is_valid: Whether it could be published.
        problems: What was found, in the order of the text; what cannot run yet is a warning.
        namespace: The namespace that the document gives, where it can be read.
        name: The name that it gives.
        version: The version that it gives.
    """

    is_valid: bool
    problems: tuple[Problem, ...]
    namespace: str | None = None
    name: str | None = None
    version: str | None = None


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """What publishing did.

    Attributes:
        version: The published version.
        was_published: Whether the very same was published before, so that nothing was done.
        warnings: What is to be said of it all the same.
    """

    version: WorkflowVersion
    was_published: bool
    warnings: tuple[Problem, ...]


class AboutTexts(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says about itself, as far as list pages show it."""

    title: str = ""
    summary: str = ""
    tags: dict[str, Any] = {}


def digest_definition(definition: dict[str, Any]) -> str:
    """Return the hash that runs know a definition by: SHA-256 of its JSON, keys in the order of the text."""
    return hashlib.sha256(_encoder.encode(definition)).hexdigest()


def digest_source(source: str) -> str:
    """Return the hash of a text: SHA-256 of its UTF-8."""
    return hashlib.sha256(source.encode()).hexdigest()

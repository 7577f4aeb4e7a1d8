"""Workflows and secrets, as the API tells of them and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class WorkflowProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is to be said of a workflow's text.

    Attributes:
        severity: `error`, `warning` or `info`.
        code: The kind of problem, for programs.
        message: What is wrong, in a sentence.
        hint: What to do about it.
        file: The name of the text, where it has one.
        line: Where, from 1; 0 if unknown.
        column: Where in the line, from 1; 0 if unknown.
        pointer: The JSON pointer of the place.
    """

    severity: str
    code: str
    message: str
    hint: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    pointer: str = ""


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of a text has found, and which workflow it is."""

    is_valid: bool
    problems: list[WorkflowProblem]
    namespace: str | None = None
    name: str | None = None
    version: str | None = None


class Deprecation(msgspec.Struct, frozen=True, kw_only=True):
    """That a version starts no more runs: since when, by whom, and why."""

    at: datetime
    by: str
    by_name: str
    reason: str


class WorkflowVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A published version; it never changes, but for its deprecation.

    Attributes:
        namespace: The workflow's namespace.
        name: The workflow's name.
        version: The version.
        digest: The SHA-256 of its text, in hexadecimal.
        published_at: When it was published.
        published_by: By whom, by id.
        published_by_name: By whom, by name.
        note: What was said about it.
        deprecation: Set if it starts no more runs.
        title: Its title.
        summary: What it is for.
        tags: Its tags.
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


class StoredVersion(msgspec.Struct, frozen=True):
    """A version with its text."""

    about: WorkflowVersion
    source: str


class WorkflowSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow, as lists show it.

    Attributes:
        namespace: Its namespace.
        name: Its name.
        newest: Its highest version; `None` if only a draft is there.
        is_deprecated: Whether all versions are deprecated.
        has_draft: Whether it has a draft.
        changed_at: When it was published or drafted last.
        title: Its title.
        summary: What it is for.
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


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """What publishing has done.

    Attributes:
        version: The version.
        was_published: Whether the same text had been published as this version before.
        warnings: What is to be said of the text.
    """

    version: WorkflowVersion
    was_published: bool
    warnings: list[WorkflowProblem]


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """A value that differs; what is absent is `UNSET`."""

    pointer: str
    before: Any = msgspec.UNSET
    after: Any = msgspec.UNSET


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A difference between two versions that means something.

    Attributes:
        kind: What happened, such as `task_added`.
        text: A sentence.
        before: The reference of the task before, if it was there.
        after: The reference of the task afterwards, if it is there.
        fields: What differs in it.
    """

    kind: str
    text: str
    before: str | None = None
    after: str | None = None
    fields: list[FieldChange] = []


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two texts of a workflow, compared.

    Attributes:
        before: What was compared.
        after: With what.
        lines: The difference of the lines, as `diff -u` writes it.
        changes: The differences that mean something; `None` if one of the texts is not valid.
        invalid: Which of them is not.
    """

    before: str
    after: str
    lines: str
    changes: list[Change] | None
    invalid: list[str] = []


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A draft.

    Attributes:
        namespace: The workflow's namespace.
        name: The workflow's name.
        revision: Counts how often it was saved.
        source: The text.
        base_version: The version that it was made from.
        updated_at: When it was saved.
        updated_by: By whom, by id.
        updated_by_name: By whom, by name.
    """

    namespace: str
    name: str
    revision: int
    source: str
    base_version: str | None
    updated_at: datetime
    updated_by: str
    updated_by_name: str


class SecretInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A secret without its value.

    Attributes:
        namespace: The namespace whose runs can read it.
        name: Its name, as workflows write it.
        version: Counts how often it was put.
        created_at: When it was put first.
        updated_at: When its value was put.
        updated_by: Who put it, by id.
        updated_by_name: Who put it, by name.
        last_used_at: When a run read it last, to the minute or so.
    """

    namespace: str
    name: str
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str
    updated_by_name: str
    last_used_at: datetime | None


# -- bodies ------------------------------------------------------------------------------------------------------------


class Source(msgspec.Struct, frozen=True):
    """The text of a workflow."""

    source: str


class DraftText(msgspec.Struct, frozen=True):
    """A draft to be saved."""

    source: str
    revision: int | None = None
    base_version: str | None = None


class Publishing(msgspec.Struct, frozen=True):
    """What is to be published."""

    source: str | None = None
    revision: int | None = None
    note: str = ""
    allow_lower: bool = False


class Deprecating(msgspec.Struct, frozen=True):
    """Why a version is to start no more runs."""

    reason: str


class SecretValue(msgspec.Struct, frozen=True):
    """What is to be kept."""

    value: Any

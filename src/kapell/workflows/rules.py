"""What must hold before a workflow is changed, and the errors that say why it was not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kapell.errors import ConflictError, UsageError
from kapell.language import Limits
from kapell.workflows.precedence import encode_precedence

if TYPE_CHECKING:
    from kapell.workflows.model import Draft, WorkflowVersion

_LABEL: Final = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")
_LONGEST_SOURCE: Final = Limits().max_bytes
_LONGEST_REMARK: Final = 2_000


def check_names(namespace: str, name: str) -> None:
    """Make sure that these can be the names of a workflow. Raises `UsageError`."""
    for what, text in (("namespace", namespace), ("name", name)):
        if not _LABEL.fullmatch(text):
            raise UsageError(
                f"`{text[:100]}` cannot be the {what} of a workflow.",
                hint="Use at most 63 letters, digits and hyphens; a hyphen stands neither first nor last.",
            )


def check_source(source: str) -> None:
    """Make sure that this can be kept as a text. Raises `UsageError`."""
    try:
        size = len(source.encode())
    except UnicodeEncodeError as error:
        raise UsageError("The text holds half of a surrogate pair, which is no character.") from error
    if size > _LONGEST_SOURCE:
        raise UsageError(f"The text has {size:,} bytes; the limit is {_LONGEST_SOURCE:,}.", hint="Split the workflow.")


def check_remark(what: str, text: str) -> None:
    """Make sure that a note or a reason can be kept. Raises `UsageError`."""
    if len(text) > _LONGEST_REMARK:
        raise UsageError(f"The {what} has {len(text):,} characters; the limit is {_LONGEST_REMARK:,}.")
    if "\0" in text or text != text.encode("utf-8", "replace").decode():
        raise UsageError(f"The {what} holds something that is no character.")


def check_revision(full_name: str, draft: Draft | None, revision: int | None) -> None:
    """Make sure that nobody saved the draft since `revision`. Raises `ConflictError`."""
    if draft is None and revision is not None:
        raise ConflictError(
            f"The draft of {full_name} is gone: it was published or discarded meanwhile.",
            hint="Save yours as a new draft.",
        )
    if draft is not None and draft.revision != revision:
        when = f"{draft.updated_at:%Y-%m-%d at %H:%M:%S} UTC"
        raise ConflictError(
            f"The draft of {full_name} was saved by {draft.updated_by_name} on {when}"
            f" and is at revision {draft.revision}.",
            hint="Load it, put your changes into it, and save again.",
        )


def check_same(found: WorkflowVersion, version: str, digest: str) -> None:
    """Make sure that a version which is published already has this definition. Raises `ConflictError`."""
    if found.digest == digest:
        return
    as_what = "" if found.version == version else f", as {found.version} (build metadata makes no other version)"
    raise ConflictError(
        f"{version} was published by {found.published_by_name} on {found.published_at:%Y-%m-%d}{as_what},"
        " with another definition.",
        hint="A published version never changes: raise the version in the document.",
    )


def check_order(version: str, highest: str) -> None:
    """Make sure that a version is not lower than the highest. Raises `ConflictError`."""
    if encode_precedence(version) < encode_precedence(highest):
        raise ConflictError(
            f"{version} is lower than {highest}, which is published.",
            hint="Raise the version in the document, or allow a lower one, as for a fix of an older line.",
        )


def check_deprecation(about: WorkflowVersion, *, is_wanted: bool) -> None:
    """Make sure that a version is not deprecated twice, nor taken back into use twice. Raises `ConflictError`."""
    found = about.deprecation
    if is_wanted and found is not None:
        raise ConflictError(
            f"{about.full_name} was deprecated by {found.by_name} on {found.at:%Y-%m-%d}: {found.reason}"
        )
    if not is_wanted and found is None:
        raise ConflictError(f"{about.full_name} is not deprecated.")

"""Checking a text before it is published: what `kapell validate` says, and whether it is about the right workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kapell.language import InvalidWorkflowError, Workflow, list_unsupported, read_document, validate
from kapell.workflows.model import AboutTexts, CheckReport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.language import Problem, SourceDocument

_LONGEST_TITLE = 500
_LONGEST_SUMMARY = 4_000
_LONGEST_TAGS = 4_000


class CheckedText(msgspec.Struct, frozen=True):
    """A text and what checking it gave; `workflow` is `None` if it has errors."""

    report: CheckReport
    workflow: Workflow | None


def check_source(source: str, *, namespace: str | None = None, name: str | None = None) -> CheckedText:
    """Check a text completely. It is a pure function that can take seconds for very large texts.

    Args:
        source: YAML or JSON.
        namespace: The namespace that the document must give, if any.
        name: The name that it must give, if any.
    """
    file = "workflow" if name is None else name
    try:
        document = read_document(source, file)
    except InvalidWorkflowError as error:
        return CheckedText(CheckReport(is_valid=False, problems=error.problems), None)
    validation = validate(document)
    workflow = validation.workflow
    problems = [*validation.problems, *_iter_wrong_names(document, namespace, name)]
    if workflow is not None:
        for problem in list_unsupported(workflow, document):
            hint = "It can be published, but a run of it is refused."
            problems.append(msgspec.structs.replace(problem, severity="warning", hint=hint))
    is_valid = all(problem.severity != "error" for problem in problems)
    report = CheckReport(
        is_valid=is_valid,
        problems=tuple(sorted(problems, key=lambda problem: (problem.line, problem.column))),
        namespace=_find_text(document.value, "namespace"),
        name=_find_text(document.value, "name"),
        version=_find_text(document.value, "version"),
    )
    return CheckedText(report, workflow if is_valid else None)


def read_about(source: str) -> AboutTexts:
    """Return what a draft says about itself, as far as it can be read."""
    try:
        document = read_document(source)
    except InvalidWorkflowError:
        return AboutTexts()
    return find_about(document.value)


def find_about(definition: Any) -> AboutTexts:
    """Return what a document says about itself, cut to what list pages show."""
    tags = _find(definition, "tags")
    if not isinstance(tags, dict) or len(msgspec.json.encode(tags)) > _LONGEST_TAGS:
        tags = {}
    return AboutTexts(
        title=_clean(_find_text(definition, "title"), _LONGEST_TITLE),
        summary=_clean(_find_text(definition, "summary"), _LONGEST_SUMMARY),
        tags=tags,
    )


def _iter_wrong_names(document: SourceDocument, namespace: str | None, name: str | None) -> Iterator[Problem]:
    for key, wanted in (("namespace", namespace), ("name", name)):
        given = _find_text(document.value, key)
        if wanted is not None and given is not None and given != wanted:
            yield document.problem(
                "error",
                "other_workflow",
                f"the document is about another workflow: its {key} is `{given}`, not `{wanted}`",
                ("document", key),
                hint="Write the name under which the workflow is stored, or publish it under its own.",
            )


def _find(definition: Any, key: str) -> Any:
    about = definition.get("document") if isinstance(definition, dict) else None
    return about.get(key) if isinstance(about, dict) else None


def _find_text(definition: Any, key: str) -> str | None:
    found = _find(definition, key)
    return found if isinstance(found, str) else None


def _clean(text: str | None, longest: int) -> str:
    """Cut a text, and take out what PostgreSQL cannot store: a NUL, which JSON may escape, or half of a character."""
    return (text or "")[:longest].replace("\0", "\ufffd").encode("utf-8", "replace").decode()

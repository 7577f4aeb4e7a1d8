"""What the linter says about errors that are caught and never raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.language.error_types import DEFAULT_STATUS, STANDARD_PREFIX, canonical_error_type
from kapell.language.model import (
    CallTask,
    ErrorDefinition,
    NamedTask,
    RaiseTask,
    RunTask,
    Task,
    TryTask,
    Workflow,
    WorkflowRun,
)
from kapell.language.texts import is_wrapped
from kapell.language.walk import iter_inner_tasks, iter_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kapell.language.problems import Problem
    from kapell.language.source import SourceDocument


def lint_errors(document: SourceDocument, workflow: Workflow) -> Iterator[Problem]:
    """Find handlers of own error types that nothing in their `try` raises."""
    for _, task, path in iter_tasks(workflow):
        if not isinstance(task, TryTask) or task.catch.errors is None or task.catch.errors.with_ is None:
            continue
        written = task.catch.errors.with_.type
        if written is None or canonical_error_type(written) in DEFAULT_STATUS or written.startswith(STANDARD_PREFIX):
            continue
        raised = _find_raised(task.try_, workflow, frozenset())
        if raised is not None and canonical_error_type(written) not in raised:
            yield document.problem(
                "warning",
                "never_raised",
                f"nothing in this `try` raises `{written}`",
                (*path, "catch", "errors", "with", "type"),
                hint="The error will not be caught here.",
            )


def _find_raised(tasks: Iterable[NamedTask], workflow: Workflow, calling: frozenset[str]) -> frozenset[str] | None:
    """Give the own types that tasks raise; `None` where that is only known during the run."""
    found: frozenset[str] = frozenset()
    for named in tasks:
        for task in iter_inner_tasks(named.task):
            types = _find_raised_by(task, workflow, calling)
            if types is None:
                return None
            found |= types
    return found


def _find_raised_by(task: Task, workflow: Workflow, calling: frozenset[str]) -> frozenset[str] | None:
    match task:
        case RaiseTask():
            error = task.raise_.error
            definition = workflow.use.errors.get(error) if isinstance(error, str) else error
            return _type_of(definition)
        case RunTask(run=WorkflowRun()):
            return None
        case CallTask(call=call) if call in workflow.use.functions:
            if call in calling:
                return frozenset()
            body = NamedTask(name=call, task=workflow.use.functions[call])
            return _find_raised((body,), workflow, calling | {call})
        case CallTask(call=call) if "@" in call or ":" in call:
            return None
    return frozenset()


def _type_of(error: ErrorDefinition | None) -> frozenset[str] | None:
    if error is None or is_wrapped(error.type):
        return None
    return frozenset((canonical_error_type(error.type),))

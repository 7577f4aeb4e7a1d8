"""What the language has and this version of Kapell does not run yet.

Such workflows validate, so that they can be written, drawn and checked; a run of them is refused before it starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kapell.language.model import (
    AuthenticationPolicy,
    CallTask,
    ContainerRun,
    Record,
    RunTask,
    SchemaDefinition,
    Script,
    Workflow,
)
from kapell.language.model.authentication import Authentication
from kapell.language.pointers import to_pointer
from kapell.language.problems import Problem
from kapell.language.records import iter_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kapell.language.pointers import Path
    from kapell.language.source import SourceDocument

CALLS: Final = ("http", "openapi")
"""The calls that are carried out."""

SCRIPT_LANGUAGES: Final = ("python", "js", "javascript")
"""The languages of scripts that are carried out."""


def _call(task: CallTask, workflow: Workflow) -> str:
    if task.call in CALLS or task.call in workflow.use.functions:
        return ""
    if "@" in task.call:
        return f"functions of a catalog (`call: {task.call}`)"
    return f"`call: {task.call}`"


def _run(task: RunTask, workflow: Workflow) -> str:
    del workflow
    return "`run: container`" if isinstance(task.run, ContainerRun) else ""


def _script(script: Script, workflow: Workflow) -> str:
    del workflow
    return "" if script.language in SCRIPT_LANGUAGES else f"scripts in `{script.language}`"


def _policy(policy: AuthenticationPolicy, workflow: Workflow) -> str:
    del workflow
    kinds = [kind for kind in ("digest", "oauth2", "oidc") if getattr(policy, kind) is not None]
    return f"`{kinds[0]}` authentication" if kinds else ""


def _schema(schema: SchemaDefinition, workflow: Workflow) -> str:
    del workflow
    if schema.format.partition(":")[0] != "json":
        return f"schemas in the format `{schema.format}`"
    return "schemas that are fetched (`resource`)" if schema.resource is not None else ""


_UNSUPPORTED: Final[dict[type[Record], Callable[[Any, Workflow], str]]] = {
    CallTask: _call,
    RunTask: _run,
    Script: _script,
    Authentication: _policy,
    AuthenticationPolicy: _policy,
    SchemaDefinition: _schema,
}
"""What to ask of each part of a workflow: it names what is not supported, or gives an empty string."""


def list_unsupported(workflow: Workflow, document: SourceDocument | None = None) -> tuple[Problem, ...]:
    """List what a valid workflow has and this version does not run yet.

    Args:
        workflow: The workflow.
        document: Where it was read from, for the places.

    Returns:
        A problem each, such as "not supported yet: `run: container` (task `build`)"; empty if the workflow can be run.
    """
    return tuple(_iter_unsupported(workflow, document))


def _iter_unsupported(workflow: Workflow, document: SourceDocument | None) -> Iterator[Problem]:
    for record, path in iter_records(workflow):
        find = _UNSUPPORTED.get(type(record))
        what = find(record, workflow) if find is not None else ""
        if what:
            yield _make_problem(what, path, document)
    for index, named in enumerate(workflow.use.extensions):
        path = ("use", "extensions", index, named.name)
        yield _make_problem(f"extensions (`{named.name}`)", path, document)


def _make_problem(what: str, path: Path, document: SourceDocument | None) -> Problem:
    task = _task_at(path)
    message = f"not supported yet: {what}" + (f" (task `{task}`)" if task else "")
    if document is None:
        return Problem(severity="error", code="not_supported", message=message, pointer=to_pointer(path))
    return document.problem("error", "not_supported", message, path, key=True)


def _task_at(path: Path) -> str:
    """Give the name of the innermost task on a path: the last key after an index of a list of tasks."""
    name = str(path[2]) if path[:2] == ("use", "functions") else ""
    lists = ("do", "try", "branches", "before", "after")
    for before, index, after in zip(path, path[1:], path[2:], strict=False):
        if before in lists and isinstance(index, int):
            name = str(after)
    return name

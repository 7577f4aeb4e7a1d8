"""What the linter says about how tasks lead to each other: names, targets, tasks that are never reached."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from kapell.language.model import ListenTask, NamedTask, RaiseTask, SwitchTask, Task, TryTask, Workflow
from kapell.language.problems import Problem, list_words, suggest
from kapell.language.texts import unwrap
from kapell.language.walk import TaskList, iter_lists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.language.pointers import Path
    from kapell.language.source import SourceDocument

DIRECTIVES: Final = ("continue", "exit", "end")
"""The words that `then` knows, beside the names of tasks."""


def lint_flow(document: SourceDocument, workflow: Workflow) -> list[Problem]:
    """Check the names of tasks and where they lead."""
    return list(_FlowLinter(document, workflow).lint())


class _FlowLinter:
    def __init__(self, document: SourceDocument, workflow: Workflow) -> None:
        self._document = document
        self._lists = list(iter_lists(workflow))
        self._functions = workflow.use.functions
        self._all_names = {named.name for tasks in self._lists for named in tasks.tasks}

    def lint(self) -> Iterator[Problem]:
        for name, function in self._functions.items():
            yield from self._lint_targets(function, ("use", "functions", name), ())
        for tasks in self._lists:
            if not tasks.tasks and not tasks.may_be_empty:
                yield self._error("empty_list", f"`{tasks.path[-1]}` has no tasks", tasks.path, key=True)
            yield from self._lint_names(tasks)
            names = tuple(named.name for named in tasks.tasks) if tasks.in_sequence else ()
            lost = [
                problem
                for index, named in enumerate(tasks.tasks)
                for problem in self._lint_targets(named.task, tasks.path_of(index), names)
            ]
            yield from lost
            if tasks.in_sequence and not lost:
                yield from self._lint_reach(tasks)

    def _error(self, code: str, message: str, path: Path, hint: str = "", *, key: bool = False) -> Problem:
        return self._document.problem("error", code, message, path, hint=hint, key=key)

    def _lint_names(self, tasks: TaskList) -> Iterator[Problem]:
        first: dict[str, int] = {}
        for index, named in enumerate(tasks.tasks):
            path = tasks.path_of(index)
            if named.name in first:
                line = self._document.locate(tasks.path_of(first[named.name]), key=True).line
                yield self._error(
                    "duplicate_name",
                    f"the name `{named.name}` is already that of the task in line {line}",
                    path,
                    "Names are unique in their list, so that `then` can name them.",
                    key=True,
                )
            elif named.name in DIRECTIVES:
                yield self._document.problem(
                    "warning",
                    "directive_name",
                    f"a task named `{named.name}` cannot be the target of a `then`",
                    path,
                    hint=f"`then: {named.name}` already has a meaning.",
                    key=True,
                )
            first.setdefault(named.name, index)

    def _lint_targets(self, task: Task, path: Path, names: tuple[str, ...]) -> Iterator[Problem]:
        for target, place in _iter_targets(task, path):
            if target not in DIRECTIVES and target not in names:
                yield self._error("unknown_target", self._describe(target), place, self._advise(target, names))
        if isinstance(task, SwitchTask):
            yield from self._lint_cases(task, path)

    def _describe(self, target: str) -> str:
        if target in self._all_names:
            return f"the task `{target}` is not in this list"
        return f"there is no task `{target}`"

    def _advise(self, target: str, names: tuple[str, ...]) -> str:
        if target in self._all_names and names:
            return f"`then` leads only to the tasks beside it: {list_words(names)}."
        meant = suggest(target, (*DIRECTIVES, *names))
        return f"Did you mean `{meant}`?" if meant else f"It can be {list_words((*DIRECTIVES, *names))}."

    def _lint_cases(self, task: SwitchTask, path: Path) -> Iterator[Problem]:
        counts = Counter(named.name for named in task.switch)
        defaults = [index for index, named in enumerate(task.switch) if named.case.when is None]
        for index, named in enumerate(task.switch):
            place = (*path, "switch", index, named.name)
            if counts[named.name] > 1:
                yield self._error(
                    "duplicate_name", f"{counts[named.name]} cases have the name `{named.name}`", place, key=True
                )
            if index in defaults[1:]:
                yield self._error(
                    "several_defaults",
                    f"`{named.name}` is a second default case",
                    place,
                    "A case without `when` is the default, and there can be one.",
                    key=True,
                )

    # -- reach --------------------------------------------------------------------------------------------------------

    def _lint_reach(self, tasks: TaskList) -> Iterator[Problem]:
        index_of = {named.name: index for index, named in reversed(list(enumerate(tasks.tasks)))}
        reached: set[int] = set()
        ahead = [0] if tasks.tasks else []
        while ahead:
            index = ahead.pop()
            if index in reached or index >= len(tasks.tasks):
                continue
            reached.add(index)
            ahead += _successors(tasks.tasks[index], index, index_of)
        for index, named in enumerate(tasks.tasks):
            if index not in reached:
                yield self._document.problem(
                    "warning",
                    "unreachable",
                    f"the task `{named.name}` is never reached",
                    tasks.path_of(index),
                    hint="No task goes on to it.",
                    key=True,
                )


def _successors(named: NamedTask, index: int, index_of: dict[str, int]) -> list[int]:
    """Give the tasks that may come after one, by their index in the list; the one after the last is no task."""
    task, following = named.task, index + 1
    found = []
    targets = [task.then]
    if isinstance(task, SwitchTask):
        targets = [named_case.case.then for named_case in task.switch]
        if all(named_case.case.when is not None for named_case in task.switch):
            targets.append(task.then)
    elif isinstance(task, TryTask) and task.catch.then is not None:
        targets.append(task.catch.then)
    if not isinstance(task, RaiseTask) and not _listens_for_ever(task):
        for target in targets:
            if target in (None, "continue"):
                found.append(following)
            elif target in index_of:
                found.append(index_of[target])
    if task.if_ is not None:
        found.append(following)
    return found


def _listens_for_ever(task: Task) -> bool:
    """Tell whether a task listens until nothing but a fault, its timeout or a cancellation ends it."""
    until = task.listen.to.until if isinstance(task, ListenTask) else None
    return isinstance(until, str) and unwrap(until)[0].strip() == "false"


def _iter_targets(task: Task, path: Path) -> Iterator[tuple[str, Path]]:
    """Iterate over all that a task's `then`s name, and where."""
    if task.then is not None:
        yield task.then, (*path, "then")
    if isinstance(task, SwitchTask):
        for index, named in enumerate(task.switch):
            yield named.case.then, (*path, "switch", index, named.name, "then")
    if isinstance(task, TryTask) and task.catch.then is not None:
        yield task.catch.then, (*path, "catch", "then")

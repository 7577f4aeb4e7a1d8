"""Walking through all the lists of tasks of a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kapell.language.model import (
    AsyncApiArguments,
    CallTask,
    DoTask,
    ForkTask,
    ForTask,
    ListenTask,
    NamedTask,
    Task,
    TryTask,
    Workflow,
)
from kapell.language.pointers import Path

if TYPE_CHECKING:
    from collections.abc import Iterator


class TaskList(msgspec.Struct, frozen=True):
    """A list of tasks.

    Attributes:
        path: Its place in the document.
        tasks: The tasks.
        in_sequence: Whether one follows another; the branches of a fork do not.
        may_be_empty: Whether an empty list means something.
    """

    path: Path
    tasks: tuple[NamedTask, ...]
    in_sequence: bool = True
    may_be_empty: bool = False

    def path_of(self, index: int) -> Path:
        """Give the place of a task."""
        return (*self.path, index, self.tasks[index].name)


def iter_lists(workflow: Workflow) -> Iterator[TaskList]:
    """Iterate over all lists of tasks, an outer one before those within it."""
    yield from _walk_list(TaskList(("do",), workflow.do))
    for name, function in workflow.use.functions.items():
        yield from _walk_task(function, ("use", "functions", name))
    for index, named in enumerate(workflow.use.extensions):
        path = ("use", "extensions", index, named.name)
        yield from _walk_list(TaskList((*path, "before"), named.extension.before, may_be_empty=True))
        yield from _walk_list(TaskList((*path, "after"), named.extension.after, may_be_empty=True))


def iter_tasks(workflow: Workflow) -> Iterator[tuple[str, Task, Path]]:
    """Iterate over the name, the task and the place of every task; a function's body goes by the function's name."""
    for name, function in workflow.use.functions.items():
        yield name, function, ("use", "functions", name)
    for tasks in iter_lists(workflow):
        for index, named in enumerate(tasks.tasks):
            yield named.name, named.task, tasks.path_of(index)


def iter_inner_tasks(task: Task) -> Iterator[Task]:
    """Iterate over a task and all the tasks within it."""
    yield task
    for tasks in _walk_task(task, ()):
        for named in tasks.tasks:
            yield named.task


def _walk_list(tasks: TaskList) -> Iterator[TaskList]:
    yield tasks
    for index, named in enumerate(tasks.tasks):
        yield from _walk_task(named.task, tasks.path_of(index))


def _walk_task(task: Task, path: Path) -> Iterator[TaskList]:
    for inner in _lists_of(task, path):
        yield from _walk_list(inner)


def _lists_of(task: Task, path: Path) -> list[TaskList]:
    match task:
        case DoTask() | ForTask():
            return [TaskList((*path, "do"), task.do)]
        case ForkTask():
            return [TaskList((*path, "fork", "branches"), task.fork.branches, in_sequence=False)]
        case TryTask():
            handler = TaskList((*path, "catch", "do"), task.catch.do or (), may_be_empty=True)
            return [TaskList((*path, "try"), task.try_), handler]
        case ListenTask(foreach=foreach) if foreach is not None:
            return [TaskList((*path, "foreach", "do"), foreach.do, may_be_empty=True)]
        case CallTask(with_=AsyncApiArguments(subscription=subscription)) if subscription and subscription.foreach:
            place = (*path, "with", "subscription", "foreach", "do")
            return [TaskList(place, subscription.foreach.do, may_be_empty=True)]
    return []

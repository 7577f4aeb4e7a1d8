"""A workflow taken apart for comparison: each task by itself, without the tasks within it, and the rest.

A task is known by its names: its own and those of the tasks around it, with the keys between them, but without indexes.
So it stays itself when another task is put before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kapell.language.pointers import Path, to_pointer
from kapell.language.walk import iter_lists, iter_tasks
from kapell.workflows.changes import freeze

if TYPE_CHECKING:
    from kapell.language import Workflow

_FUNCTION_DEPTH = 3  # use, functions, name


class OutlinedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task.

    Attributes:
        key: What it is known by.
        name: Its own name.
        path: Its place in the document.
        own: Its definition, with empty lists where it has lists of tasks.
        whole: Its definition with all that is within it, as bytes to compare.
    """

    key: Path
    name: str
    path: Path
    own: Any
    whole: bytes

    @property
    def list_key(self) -> Path:
        """What the list that it stands in is known by."""
        return self.key[:-1]

    @property
    def reference(self) -> str:
        """Its reference, as runs write it."""
        return to_pointer(self.path)


class Outline:
    """A workflow, taken apart.

    Attributes:
        tasks: Its tasks by key, an outer one before those within it.
        rest: The document without its tasks.
    """

    def __init__(self, workflow: Workflow) -> None:
        """Take `workflow` apart."""
        self._lists = {tasks.path for tasks in iter_lists(workflow)}
        self.tasks: dict[Path, OutlinedTask] = {}
        keys: dict[Path, Path] = {}
        for name, _, path in sorted(iter_tasks(workflow), key=lambda item: len(item[2])):
            value = _get(workflow.definition, path)
            key = self._make_key(path, keys)
            keys[path] = key
            own = self._strip(value, path)
            self.tasks[key] = OutlinedTask(key=key, name=name, path=path, own=own, whole=freeze(value))
        self._functions = {path for path in keys if len(path) == _FUNCTION_DEPTH and path[0] == "use"}
        self.rest: dict[str, Any] = self._strip(workflow.definition, (), self._functions)

    def _make_key(self, path: Path, keys: dict[Path, Path]) -> Path:
        """Put the key of the enclosing task in the place of its path, and leave out the index."""
        for length in range(len(path) - 1, 0, -1):
            outer = keys.get(path[:length])
            if outer is not None:
                return (*outer, *(step for step in path[length:] if not isinstance(step, int)))
        return tuple(step for step in path if not isinstance(step, int))

    def _strip(self, value: Any, path: Path, without: frozenset[Path] | set[Path] = frozenset()) -> Any:
        if path in self._lists:
            return []
        if isinstance(value, dict):
            inner = ((key, (*path, key)) for key in value)
            return {key: self._strip(value[key], at, without) for key, at in inner if at not in without}
        if isinstance(value, list):
            return [self._strip(item, (*path, index), without) for index, item in enumerate(value)]
        return value


def _get(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value

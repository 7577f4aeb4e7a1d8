"""What became of the tasks of a workflow: added, removed, moved, renamed, changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.workflows.changes import Change, compare_values, describe_field
from kapell.workflows.rising import find_longest_rise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.language.pointers import Path
    from kapell.workflows.outline import Outline, OutlinedTask

_MOST_FIELDS = 3


def compare_tasks(before: Outline, after: Outline) -> Iterator[Change]:
    """Iterate over the changes of tasks; of a task that came, went or moved whole, those within it are not named."""
    gone = _find_outermost(before, after)
    come = _find_outermost(after, before)
    pairs = list(_pair(gone, come))
    paired = {task.key for pair in pairs for task in pair}
    yield from (_describe_removed(task, before) for task in gone if task.key not in paired)
    yield from (_describe_added(task, after) for task in come if task.key not in paired)
    yield from (_describe_pair(one, other) for one, other in pairs)
    yield from _iter_moved(before, after)
    for key, task in before.tasks.items():
        if key in after.tasks:
            yield from _iter_changed(task, after.tasks[key])


def _find_outermost(here: Outline, there: Outline) -> list[OutlinedTask]:
    """Return the tasks that are only here and do not stand in another such task."""
    missing = {key for key in here.tasks if key not in there.tasks}
    return [here.tasks[key] for key in here.tasks if key in missing and not _is_within(key, missing)]


def _is_within(key: Path, others: set[Path]) -> bool:
    return any(key[:length] in others for length in range(1, len(key)))


def _pair(gone: list[OutlinedTask], come: list[OutlinedTask]) -> Iterator[tuple[OutlinedTask, OutlinedTask]]:
    """Find the same definition under the same name in another list, or under another name in the same list."""
    left = list(come)
    for task in gone:
        for other in left:
            is_kin = other.name == task.name or other.list_key == task.list_key
            if is_kin and other.whole == task.whole:
                left.remove(other)
                yield task, other
                break


def _iter_moved(before: Outline, after: Outline) -> Iterator[Change]:
    """Iterate over the fewest tasks that, moved within their lists, explain the new order."""
    lists: dict[Path, list[Path]] = {}
    for key, task in before.tasks.items():
        if key in after.tasks:
            lists.setdefault(task.list_key, []).append(key)
    for keys in lists.values():
        keys.sort(key=lambda key: before.tasks[key].path)
        positions = [after.tasks[key].path for key in keys]
        staying = set(find_longest_rise(positions))
        for index, key in enumerate(keys):
            if index not in staying:
                one, other = before.tasks[key], after.tasks[key]
                text = f"Task `{one.name}` moved from {one.reference} to {other.reference}."
                yield Change(kind="task_moved", before=one.reference, after=other.reference, text=text)


def _iter_changed(before: OutlinedTask, after: OutlinedTask) -> Iterator[Change]:
    fields = tuple(compare_values(before.own, after.own))
    if not fields:
        return
    said = "; ".join(describe_field(field) for field in fields[:_MOST_FIELDS])
    more = f"; and {len(fields) - _MOST_FIELDS} more" if len(fields) > _MOST_FIELDS else ""
    text = f"Task `{before.name}` changed: {said}{more}."
    yield Change(kind="task_changed", before=before.reference, after=after.reference, fields=fields, text=text)


def _describe_removed(task: OutlinedTask, outline: Outline) -> Change:
    text = f"Task `{task.name}` was removed from {task.reference}{_count_inner(task, outline)}."
    return Change(kind="task_removed", before=task.reference, text=text)


def _describe_added(task: OutlinedTask, outline: Outline) -> Change:
    text = f"Task `{task.name}` was added at {task.reference}{_count_inner(task, outline)}."
    return Change(kind="task_added", after=task.reference, text=text)


def _describe_pair(before: OutlinedTask, after: OutlinedTask) -> Change:
    if before.name == after.name:
        text = f"Task `{before.name}` moved from {before.reference} to {after.reference}."
        return Change(kind="task_moved", before=before.reference, after=after.reference, text=text)
    text = f"Task `{before.name}` is now called `{after.name}`."
    return Change(kind="task_renamed", before=before.reference, after=after.reference, text=text)


def _count_inner(task: OutlinedTask, outline: Outline) -> str:
    depth = len(task.key)
    count = sum(1 for key in outline.tasks if len(key) > depth and key[:depth] == task.key)
    return f", with {count} task{'s' if count > 1 else ''} within it" if count else ""

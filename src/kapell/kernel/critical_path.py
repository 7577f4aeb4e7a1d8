"""The way that took a run its time: through a `fork` it leads by one branch, the one that ended last.

Which one that is, is known only at the end. Until then the first branch that is still open counts: when it ends before
others, the next open one takes its place, so the branch that ends last is the one that counts then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from kapell.kernel.task_stories import TaskStory
from kapell.language.program import Kind

if TYPE_CHECKING:
    from kapell.language.program import Program


class _Fork(msgspec.Struct):
    """The branches (nodes) of a fork: which counts, which have ended, what lies directly in each.

    Of the branches before `first` all have ended.
    """

    branches: Sequence[int]
    compete: bool
    leader: int
    first: int = 0
    ended: set[int] = set()
    inside: dict[int, list[TaskStory]] = {}

    def find_open(self) -> int | None:
        """Return the first branch that has not ended."""
        while self.first < len(self.branches) and self.branches[self.first] in self.ended:
            self.first += 1
        return self.branches[self.first] if self.first < len(self.branches) else None


class CriticalPath:
    """Marks stories as critical while they are told. Each changes its mark twice at most."""

    def __init__(self, program: Program) -> None:
        """Follow a run of `program`."""
        self._program = program
        self._forks: dict[int, _Fork] = {}
        self._inside: dict[int, list[TaskStory]] = {}
        self._by_entry: dict[int, TaskStory] = {}

    def add(self, story: TaskStory) -> None:
        """Take a story that has just begun."""
        around = self._by_entry.get(story.parent)
        fork = self._forks.get(story.parent)
        story.is_critical = (around is None or around.is_critical) and (fork is None or fork.leader == story.node)
        self._inside.setdefault(story.parent, []).append(story)
        if fork is not None:
            fork.inside.setdefault(story.node, []).append(story)
            if story.node in fork.ended:  # a repair enters the branch anew
                fork.ended.remove(story.node)
                fork.first = 0
        if story.entry:
            self._by_entry[story.entry] = story
        if story.kind is Kind.FORK and story.entry:
            spec = self._program.nodes[story.node].spec
            self._forks[story.entry] = _Fork(spec.branches, spec.compete, spec.branches[0])

    def end_branch(self, fork_entry: int, node: int, seq: int, *, decides: bool = False) -> None:
        """Note that a branch of a fork has ended; one that decides the fork is the one that counts."""
        fork = self._forks.get(fork_entry)
        if fork is None:
            return
        fork.ended.add(node)
        if decides:
            self._lead(fork_entry, fork, node, seq)
        elif fork.leader == node and (still_open := fork.find_open()) is not None:
            self._lead(fork_entry, fork, still_open, seq)

    def complete_branch(self, fork_entry: int, node: int, seq: int) -> None:
        """Note that a branch has come to its end: where branches compete, it has won."""
        fork = self._forks.get(fork_entry)
        if fork is not None:
            self.end_branch(fork_entry, node, seq, decides=fork.compete)

    def _lead(self, fork_entry: int, fork: _Fork, leader: int, seq: int) -> None:
        if fork.leader == leader:
            return
        before, fork.leader = fork.leader, leader
        is_critical = self._by_entry[fork_entry].is_critical
        for story in fork.inside.get(before, ()):
            self._mark(story, is_critical=False, seq=seq)
        for story in fork.inside.get(leader, ()):
            self._mark(story, is_critical=is_critical, seq=seq)

    def _mark(self, first: TaskStory, *, is_critical: bool, seq: int) -> None:
        pending = [(first, is_critical)]
        while pending:
            story, mark = pending.pop()
            if story.is_critical == mark:
                continue  # and so is all that lies in it
            story.is_critical, story.seq = mark, seq
            fork = self._forks.get(story.entry) if story.entry else None
            pending += [
                (inner, mark and (fork is None or fork.leader == inner.node))
                for inner in (self._inside.get(story.entry, ()) if story.entry else ())
            ]

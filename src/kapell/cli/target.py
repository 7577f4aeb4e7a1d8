"""Where the runs are that a command is about: a data folder or its database, or a server. Commands see no difference.

The two are `folder_target.py` and `server_target.py`; `choosing.py` loads the one that is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from kapell.cli.show import Show
    from kapell.engine.store import LogLine, RunRecord
    from kapell.kernel.commands import ResumeRun, RetryTask, SkipTask
    from kapell.kernel.forking import RepeatedEffect
    from kapell.kernel.narration import Sentence
    from kapell.kernel.why import Explanation
    from kapell.language.error_types import WorkflowError

SERVER = "KAPELL_SERVER"


@dataclass(frozen=True)
class WantedRuns:
    """Which runs a list shows; empty for all."""

    statuses: list[str]
    name: str | None
    namespace: str | None
    parent: str | None
    after: str | None


@dataclass(frozen=True)
class RunsPage:
    """A page of runs, and what to ask the next one with."""

    records: list[RunRecord]
    after: str | None


@dataclass(frozen=True)
class RunData:
    """A run with its data.

    Attributes:
        record: What lists show of it.
        input: Its raw input.
        output: Its output, if it completed.
        error: Why it faulted.
        has_data: Whether the three may be seen.
    """

    record: RunRecord
    input: Any
    output: Any
    error: WorkflowError | None
    has_data: bool = True


@dataclass(frozen=True)
class RunRequest:
    """What `kapell run` is asked for.

    Attributes:
        what: A file, or the name of a published workflow.
        value: The raw input.
        workflows: Files and folders for `run: workflow`.
        key: The idempotency key.
    """

    what: str
    value: Any
    workflows: Sequence[Path] = ()
    key: str | None = None


class Target(Protocol):
    """The runs of a folder or a server. Each method raises `KapellError`."""

    def __enter__(self) -> Self:
        """Use it."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close what was opened."""
        ...

    def advise(self, *words: str) -> str:
        """Return a command for people to type, with what names this target where it is not the usual one."""
        ...

    # -- looking ------------------------------------------------------------------------------------------------------

    def find_run(self, name: str) -> str:
        """Return the id of the run that a person names: by its id, by the beginning of it, or by `last` or `-`."""
        ...

    def list_runs(self, wanted: WantedRuns, limit: int) -> RunsPage:
        """Return a page of runs, the newest first."""
        ...

    def get_run(self, run_id: str) -> RunData:
        """Return a run with its data."""
        ...

    def get_record(self, run_id: str) -> RunRecord:
        """Return where a run stands."""
        ...

    def tell(self, run_id: str) -> Iterator[Sentence]:
        """Tell a run's history."""
        ...

    def iter_events(self, run_id: str, after: int) -> Iterator[dict[str, Any]]:
        """Yield a run's events as they are stored, each with its number as `seq`."""
        ...

    def explain(self, run_id: str, task: str | None) -> Explanation:
        """Say why a run stands where it stands, or what became of a task."""
        ...

    def iter_log(self, run_id: str, after: int) -> Iterator[LogLine]:
        """Yield the lines that a run's processes have written after one."""
        ...

    def follow_log(self, run_id: str) -> Iterator[LogLine]:
        """Yield the lines that a run's processes write, from the first until the run has ended."""
        ...

    # -- doing --------------------------------------------------------------------------------------------------------

    def run(self, show: Show, request: RunRequest) -> int:
        """Start a run, show its progress, print its output, and return the exit code."""
        ...

    def cancel(self, run_id: str) -> int | None:
        """Cancel a run and return when nothing of it is left; an exit code, where the user would not wait."""
        ...

    def suspend(self, run_id: str) -> None:
        """Let nothing more of a run start."""
        ...

    def find_reference(self, run_id: str, task: str) -> str:
        """Return the reference of a task that was given by its name, where only one has it."""
        ...

    def repair(
        self, show: Show, run_id: str, command: ResumeRun | RetryTask | SkipTask, workflows: Sequence[Path]
    ) -> int:
        """Give a run a command, carry it on to its end unless it is to be left, and return the exit code."""
        ...

    def preview_fork(self, run_id: str, reference: str) -> Sequence[RepeatedEffect]:
        """Say what a fork would do once more."""
        ...

    def fork(self, show: Show, run_id: str, reference: str, workflows: Sequence[Path]) -> int:
        """Begin a new run that keeps a run's results before a task; as `repair` otherwise."""
        ...

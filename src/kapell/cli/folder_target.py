"""The runs of a data folder or its database, as commands see them."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.app import own_store
from kapell.cli import folder
from kapell.cli.concluding import conclude, report
from kapell.cli.files import load_offered, load_runnable_file
from kapell.cli.output import say
from kapell.cli.owning import ask_owner, is_owned, record
from kapell.cli.session import work
from kapell.cli.show import Show
from kapell.cli.target import RunData, RunsPage
from kapell.clock import SystemClock
from kapell.engine.definitions import Definitions
from kapell.engine.loading import iter_events, load_active
from kapell.engine.recording import record_fork
from kapell.engine.store import ENDED, RunFilter
from kapell.errors import ConflictError, NotFoundError, UsageError
from kapell.ids import make_run_id
from kapell.kernel.commands import CancelRun, ResumeRun, RetryTask, SkipTask, SuspendRun
from kapell.kernel.events import to_micros
from kapell.kernel.forking import plan_fork
from kapell.kernel.narration import Narrator
from kapell.kernel.why import explain_run, explain_task
from kapell.language.problems import suggest
from kapell.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from kapell.cli.target import RunRequest, WantedRuns
    from kapell.engine.definitions import Definition
    from kapell.engine.engine import Engine, RunOutcome
    from kapell.engine.store import LogLine, RunRecord, RunStore
    from kapell.kernel.forking import ForkPlan, RepeatedEffect
    from kapell.kernel.narration import Sentence
    from kapell.kernel.why import Explanation
    from kapell.language.program import Program
    from kapell.settings import Settings

_PAGE = 1000
_LOOK_SECONDS = 0.1
_ASKED = Reason("asked", "A person asked for it.")


class FolderTarget:
    """A folder's runs. They are read whoever owns them; what is asked of one is carried out by their owner."""

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet."""
        self.settings = settings
        self._stack = ExitStack()
        self._opened: RunStore | None = None

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what was opened."""
        self._close()

    def advise(self, *words: str) -> str:
        """Return a command for people to type, with the folder if it is not the usual one."""
        return folder.advise(self.settings, *words)

    @property
    def _store(self) -> RunStore:
        if self._opened is None:
            self._opened = self._stack.enter_context(folder.read_store(self.settings))
        return self._opened

    def _close(self) -> None:
        self._stack.close()
        self._opened = None

    # -- looking ------------------------------------------------------------------------------------------------------

    def find_run(self, name: str) -> str:
        """Return the id of the run that a person names."""
        return folder.resolve_run(self._store, name)

    def list_runs(self, wanted: WantedRuns, limit: int) -> RunsPage:
        """Return a page of runs, the newest first; none where there is no folder."""
        try:
            store = self._store
        except NotFoundError:
            if wanted.parent is None and wanted.after is None:
                return RunsPage([], None)
            raise
        where = RunFilter(
            statuses=frozenset(wanted.statuses),
            name=wanted.name,
            namespace=wanted.namespace,
            parent_run_id=None if wanted.parent is None else self.find_run(wanted.parent),
        )
        after = None if wanted.after is None else self.find_run(wanted.after)
        records = store.list_runs(where, limit=limit, after=after)
        return RunsPage(records, records[-1].run_id if len(records) == limit else None)

    def get_run(self, run_id: str) -> RunData:
        """Return a run with its data."""
        state = load_active(self._store, Definitions(self._store), run_id).state
        return RunData(self.get_record(run_id), state.raw_input, state.output, state.error)

    def get_record(self, run_id: str) -> RunRecord:
        """Return where a run stands."""
        return self._store.get_record(run_id)

    def tell(self, run_id: str) -> Iterator[Sentence]:
        """Tell a run's history."""
        narrator = Narrator(self._find_program(run_id))
        return (narrator.tell(event) for _, event in iter_events(self._store, run_id))

    def iter_events(self, run_id: str, after: int) -> Iterator[dict[str, Any]]:
        """Yield a run's events as they are stored."""
        for seq, event in iter_events(self._store, run_id, after):
            yield {"seq": seq, **msgspec.to_builtins(event)}

    def explain(self, run_id: str, task: str | None) -> Explanation:
        """Say why a run stands where it stands, or what became of a task."""
        program = self._find_program(run_id)
        events = (event for _, event in iter_events(self._store, run_id))
        now = to_micros(SystemClock().now())
        found = explain_run(program, events, now) if task is None else explain_task(program, events, now, task)
        if found is None:
            raise _no_such_task(program, str(task))
        return found

    def iter_log(self, run_id: str, after: int) -> Iterator[LogLine]:
        """Yield the lines that a run's processes have written after one."""
        while page := self._store.read_log(run_id, after_seq=after, limit=_PAGE):
            yield from page
            after = page[-1].seq

    def follow_log(self, run_id: str) -> Iterator[LogLine]:
        """Yield the lines that a run's processes write, from the first until the run has ended."""
        last = 0
        has_ended = False
        while not has_ended:
            has_ended = self.get_record(run_id).status in ENDED
            for line in self.iter_log(run_id, last):
                last = line.seq
                yield line
            if not has_ended:
                time.sleep(_LOOK_SECONDS)

    def find_reference(self, run_id: str, task: str) -> str:
        """Return the reference of a task that was given by its name, where the document has only one of that name."""
        if task.startswith("/"):
            return task
        found = [node.reference for node in self._find_program(run_id).nodes if node.name == task]
        if len(found) != 1:
            hint = f"There are several: {', '.join(found)}." if found else "See `kapell runs show`."
            raise UsageError(f"The workflow has no single task `{task}`.", hint=hint)
        return found[0]

    def _find_definition(self, run_id: str) -> Definition:
        return Definitions(self._store).get(self.get_record(run_id).definition)

    def _find_program(self, run_id: str) -> Program:
        return self._find_definition(run_id).program

    # -- doing --------------------------------------------------------------------------------------------------------

    def run(self, show: Show, request: RunRequest) -> int:
        """Run a file's workflow to its end."""
        if request.key is not None:
            raise UsageError("A folder takes no idempotency key.", hint="Leave --idempotency-key out.")
        workflow = load_runnable_file(Path(request.what))
        offered = [workflow, *load_offered(request.workflows)]

        async def begin(engine: Engine) -> list[str]:
            return [engine.start_run(workflow, request.value)]

        return self._conclude(show, work(self.settings, show, begin, workflows=offered))

    def cancel(self, run_id: str) -> int | None:
        """Cancel a run, by its owner, or as the owner for so long."""
        self._close()
        if ask_owner(self.settings, run_id, CancelRun(reason=_ASKED), wait_for_end=True):
            return None

        async def begin(engine: Engine) -> Sequence[str]:
            # What waits for the cancellation to be confirmed needs no second request.
            if self.get_record(run_id).status != "cancelling":
                await engine.cancel_run(run_id)
            return [run_id]

        outcomes = work(self.settings, Show(quiet=True), begin, only=(run_id,))
        return outcomes if isinstance(outcomes, int) else None

    def suspend(self, run_id: str) -> None:
        """Let nothing more of a run start."""
        self._close()
        command = SuspendRun(reason=_ASKED)
        if not ask_owner(self.settings, run_id, command):
            record(self.settings, run_id, command)

    def repair(
        self, show: Show, run_id: str, command: ResumeRun | RetryTask | SkipTask, workflows: Sequence[Path]
    ) -> int:
        """Give a run a command through its owner, or as its owner; then carry the run on, or leave it."""
        offered = load_offered(workflows)
        self._close()
        if ask_owner(self.settings, run_id, command):
            log = self.advise("runs", "log", "-f", run_id)
            say(f"The process that owns the data folder carries it on: `{log}`.")
            return report(self, run_id, as_json=show.as_json)
        if show.detach:
            record(self.settings, run_id, command)
            say(f"Recorded; carry it on with `{self.advise('resume', run_id)}`.")
            return report(self, run_id, as_json=show.as_json)

        async def begin(engine: Engine) -> Sequence[str]:
            match command:
                case ResumeRun():
                    await engine.resume_run(run_id)
                case RetryTask():
                    await engine.retry_task(run_id, command.reference, command.input)
                case SkipTask():
                    await engine.skip_task(run_id, command.output)
            return [run_id]

        return self._conclude(show, work(self.settings, show, begin, workflows=offered, only=(run_id,)))

    def preview_fork(self, run_id: str, reference: str) -> Sequence[RepeatedEffect]:
        """Say what a fork would do once more."""
        repeats = self._plan_fork(run_id, reference).repeats
        if is_owned(self.settings):
            raise ConflictError(
                "Another process owns the data folder, and a run can only be forked by the owner.",
                hint="Wait until it has ended, and try again; or fork it by that server, with --server.",
            )
        return repeats

    def _plan_fork(self, run_id: str, reference: str) -> ForkPlan:
        program = self._find_program(run_id)
        events = (event for _, event in iter_events(self._store, run_id))
        plan = plan_fork(program, events, reference, make_run_id(SystemClock().now()))
        if isinstance(plan, Reason):
            raise ConflictError(plan.text)
        return plan

    def fork(self, show: Show, run_id: str, reference: str, workflows: Sequence[Path]) -> int:
        """Begin a new run that keeps a run's results before a task, and carry it on, or leave it."""
        offered = load_offered(workflows)
        if show.detach:
            command, definition = self._plan_fork(run_id, reference).command, self._find_definition(run_id)
            self._close()
            with own_store(self.settings) as owned:
                record_fork(owned, SystemClock(), definition, command)
            say(f"Recorded; carry it on with `{self.advise('resume', command.run_id)}`.")
            return report(self, command.run_id, as_json=show.as_json)
        self._close()

        async def begin(engine: Engine) -> Sequence[str]:
            forked, _ = await engine.fork_run(run_id, reference)
            return [forked]

        return self._conclude(show, work(self.settings, show, begin, workflows=offered))

    def _conclude(self, show: Show, outcomes: list[RunOutcome] | int) -> int:
        if isinstance(outcomes, int):
            return outcomes
        (outcome,) = outcomes
        return conclude(self, show, outcome)


def _no_such_task(program: Program, task: str) -> NotFoundError:
    names = [node.name for node in program.nodes if node.name]
    likely = suggest(task, names)
    hint = f"Did you mean `{likely}`?" if likely else f"Its tasks are: {', '.join(dict.fromkeys(names))}."
    return NotFoundError(f"The workflow has no task `{task}`.", hint=hint)

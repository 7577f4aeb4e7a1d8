"""The runs of a server, as commands see them."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.cli.concluding import Outcome, conclude, report
from kapell.cli.output import say
from kapell.cli.server_client import advise, open_client
from kapell.cli.target import RunData, RunsPage
from kapell.cli.translating import make_error, make_line, make_record, make_sentence
from kapell.errors import ForbiddenError, NotFoundError, UsageError
from kapell.kernel.commands import ResumeRun, RetryTask, SkipTask
from kapell.kernel.forking import RepeatedEffect
from kapell.kernel.why import Explanation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from kapell.cli.show import Show
    from kapell.cli.target import RunRequest, WantedRuns
    from kapell.engine.store import LogLine, RunRecord
    from kapell.kernel.narration import Sentence

_ID_LENGTH = 26
_LOOKED_THROUGH = 500
_ITERATION = re.compile(r"(?<=/for)/\d+(?=/)")
_PUBLISHED = re.compile(r"(?P<namespace>[^/@\s]+)/(?P<name>[^/@\s]+?)(@(?P<version>[^/@\s]+))?")
_SUFFIXES = (".yaml", ".yml", ".json")


class ServerTarget:
    """A server's runs.

    Attributes:
        address: The server's.
    """

    def __init__(self, address: str, token_file: Path | None) -> None:
        """Ask nothing yet. Raises `UsageError` for what is no address, or a file without a token."""
        self._token_file = token_file
        self._opening = open_client(address, token_file)

    def __enter__(self) -> Self:
        """Use it."""
        self._client = self._opening.__enter__()
        self.address = self._client.profile.address
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all connections."""
        self._opening.__exit__(kind, error, traceback)

    def advise(self, *words: str) -> str:
        """Return a command for people to type, with the server if it is not the usual one."""
        return advise(self.address, *words, token_file=self._token_file)

    # -- looking ------------------------------------------------------------------------------------------------------

    def find_run(self, name: str) -> str:
        """Return the id of the run that a person names; the beginning of an id is looked for among the newest."""
        if name in {"last", "-"}:
            for run in self._client.runs.list(top=True, page_size=1):
                return run.run_id
            raise NotFoundError("There are no runs yet.", hint="Start one with `kapell run NAMESPACE/NAME`.")
        if len(name) >= _ID_LENGTH:
            return name.lower()
        newest = islice(self._client.runs.list(page_size=_LOOKED_THROUGH), _LOOKED_THROUGH)
        found = [run.run_id for run in newest if run.run_id.startswith(name.lower())]
        if not found:
            raise NotFoundError(
                f"There is no run {name} among the newest {_LOOKED_THROUGH}.", hint="Type its whole id."
            )
        if len(found) > 1:
            raise UsageError(f"Several runs begin with {name}: {', '.join(found[:5])}.", hint="Type more of it.")
        return found[0]

    def list_runs(self, wanted: WantedRuns, limit: int) -> RunsPage:
        """Return a page of runs, the newest first."""
        records: list[RunRecord] = []
        listed = self._client.runs.list(
            status=wanted.statuses or None,
            name=wanted.name,
            namespace=wanted.namespace,
            parent=None if wanted.parent is None else self.find_run(wanted.parent),
            page_size=min(limit, _LOOKED_THROUGH),
            cursor=wanted.after,
        )
        for page in listed.pages():
            records += [make_record(run) for run in page.items[: limit - len(records)]]
            if page.next is None or len(records) == limit:
                return RunsPage(records, page.next)
        return RunsPage(records, None)

    def get_run(self, run_id: str) -> RunData:
        """Return a run with its data."""
        found = self._client.runs.get(run_id)
        return RunData(make_record(found.run), found.input, found.output, make_error(found), found.has_data)

    def get_record(self, run_id: str) -> RunRecord:
        """Return where a run stands."""
        return make_record(self._client.runs.get(run_id, data=False).run)

    def tell(self, run_id: str) -> Iterator[Sentence]:
        """Tell a run's history."""
        return (make_sentence(event) for event in self._client.runs.history(run_id, page_size=500))

    def iter_events(self, run_id: str, after: int) -> Iterator[dict[str, Any]]:
        """Yield a run's events as they are stored."""
        for event in self._client.runs.history(run_id, after=after, page_size=500):
            if event.event is None:
                raise ForbiddenError(
                    "The events as they are stored hold data, which needs the permission run.data.",
                    permission="run.data",
                    hint="Leave --json out to read what happened.",
                )
            yield {"seq": event.seq, **event.event}

    def explain(self, run_id: str, task: str | None) -> Explanation:
        """Say why a run stands where it stands, or what became of a task."""
        found = self._client.runs.why(run_id, task=task)
        return msgspec.convert(msgspec.to_builtins(found), Explanation)

    def iter_log(self, run_id: str, after: int) -> Iterator[LogLine]:
        """Yield the lines that a run's processes have written after one."""
        for line in self._client.runs.log(run_id, after=after):
            yield make_line(line)

    def follow_log(self, run_id: str) -> Iterator[LogLine]:
        """Yield the lines that a run's processes write, from the first until the run has ended."""
        for line in self._client.runs.follow_log(run_id):
            yield make_line(line)

    def find_reference(self, run_id: str, task: str) -> str:
        """Return the reference of a task that was given by its name, where the run has come to only one of it."""
        if task.startswith("/"):
            return task
        told = (sentence for sentence in self.tell(run_id) if sentence.reference and sentence.name == task)
        found = list(dict.fromkeys(_ITERATION.sub("", sentence.reference) for sentence in told))
        if len(found) != 1:
            hint = f"There are several: {', '.join(found)}." if found else "See `kapell runs show`."
            raise UsageError(f"The run has come to no single task `{task}`.", hint=hint)
        return found[0]

    # -- doing --------------------------------------------------------------------------------------------------------

    def run(self, show: Show, request: RunRequest) -> int:
        """Start a run of a published workflow, and follow it to its end."""
        named = _PUBLISHED.fullmatch(request.what)
        if named is None or request.what.endswith(_SUFFIXES):
            raise self._refuse_file(request.what)
        started = self._client.runs.start(
            named["namespace"],
            named["name"],
            version=named["version"],
            input=request.value,
            idempotency_key=request.key,
        )
        return self._follow(show, started.run_id)

    def _refuse_file(self, what: str) -> UsageError:
        from kapell.cli.files import load_workflow_file

        name = "NAMESPACE/NAME"
        if Path(what).is_file():
            document = load_workflow_file(Path(what)).document
            name = f"{document.namespace}/{document.name}"
        elif not what.endswith(_SUFFIXES):
            return UsageError(
                f"{what} names no published workflow.", hint="Write NAMESPACE/NAME or NAMESPACE/NAME@VERSION."
            )
        return UsageError(
            "A server runs what is published there, and no files.",
            hint=f"`{self.advise('publish', what)}`, and then `{self.advise('run', name)}`.",
        )

    def cancel(self, run_id: str) -> int | None:
        """Cancel a run, and wait until nothing of it is left."""
        if self.get_record(run_id).status != "cancelling":
            self._client.runs.cancel(run_id)
        self._client.runs.wait(run_id)
        return None

    def suspend(self, run_id: str) -> None:
        """Let nothing more of a run start."""
        self._client.runs.suspend(run_id)

    def repair(
        self, show: Show, run_id: str, command: ResumeRun | RetryTask | SkipTask, workflows: Sequence[Path]
    ) -> int:
        """Give a run a command, and follow it to its end, or leave it to the server."""
        del workflows  # `choose_target` has refused them
        seen = max((sentence.seq for sentence in self.tell(run_id)), default=0)
        match command:
            case ResumeRun():
                self._client.runs.resume(run_id)
            case RetryTask():
                self._client.runs.retry(run_id, reference=command.reference, input=command.input)
            case SkipTask():
                self._client.runs.skip(run_id, output=command.output)
        return report(self, run_id, as_json=show.as_json) if show.detach else self._follow(show, run_id, seen)

    def preview_fork(self, run_id: str, reference: str) -> Sequence[RepeatedEffect]:
        """Say what a fork would do once more."""
        return [
            RepeatedEffect(effect.reference, effect.what)
            for effect in self._client.runs.preview_fork(run_id, reference)
        ]

    def fork(self, show: Show, run_id: str, reference: str, workflows: Sequence[Path]) -> int:
        """Begin a new run that keeps a run's results before a task, and follow it, or leave it to the server."""
        del workflows  # `choose_target` has refused them
        forked = self._client.runs.fork(run_id, reference).run.run_id
        return report(self, forked, as_json=show.as_json) if show.detach else self._follow(show, forked)

    def _follow(self, show: Show, run_id: str, after: int = 0) -> int:
        """Follow a run to its end; Ctrl-C leaves it to the server."""
        from kapell.cli import exits
        from kapell.cli.following import follow_run
        from kapell.cli.show import make_progress

        try:
            found = follow_run(self._client.profile, run_id, make_progress(show), after)
        except KeyboardInterrupt:
            say("")
            say(f"Run {run_id} goes on at the server; `{self.advise('runs', 'cancel', run_id)}` ends it.")
            return exits.INTERRUPTED
        return conclude(self, show, Outcome(run_id, found.run.status, found.output, make_error(found)))

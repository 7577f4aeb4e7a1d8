"""One process of a task, from its evaluated arguments to its output."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.connectors.process.output import Capture, LogBudget, LogLines
from kapell.connectors.process.supervisor import (
    Command,
    NeverStartedError,
    ProcessEnd,
    SupervisedProcess,
    Supervisor,
)
from kapell.sdk import ActivityContext, ActivityError, ActivityRequest

if TYPE_CHECKING:
    from kapell.connectors.process.settings import ProcessSettings

RETURNS = ("stdout", "stderr", "code", "all", "none")
_TAIL_LINES = 20
_TAIL_CHARACTERS = 2000


class ProcessRunner:
    """Runs the processes of `run: shell` and `run: script` under one supervisor."""

    def __init__(self, settings: ProcessSettings) -> None:
        """Start nothing yet."""
        self.settings = settings
        self._supervisor = Supervisor()

    async def run(
        self, request: ActivityRequest, context: ActivityContext, program: list[str], *, remove: str = ""
    ) -> Any:
        """Run a program with the arguments, environment and stdin of the request, and return its output.

        Args:
            request: The attempt; its arguments may hold `arguments`, `environment` and `stdin`.
            context: Where the output is shown while the program runs.
            program: The program's absolute path and its first arguments; those of the request follow.
            remove: A directory that is removed afterwards, whatever happens; empty for none.

        Raises:
            ActivityError: It could not be started, wrote too much, or ended with another code than 0 while the task
                returns neither `code` nor `all`.
            asyncio.CancelledError: It was cancelled, and its whole tree is gone.
        """
        if request.returns not in RETURNS:
            raise _refuse(request, f"The return '{request.returns}' is unknown; it is one of {', '.join(RETURNS)}.")
        command = Command(
            arguments=[*program, *read_arguments(request)],
            environment=make_environment(request, self.settings.inherited_environment),
            directory=self.settings.directory or str(Path.cwd()),
            grace=self.settings.grace_seconds,
            remove=remove,
        )
        attempt = _Attempt(request, context, self.settings)
        end = await attempt.perform(self._supervisor, command, read_stdin(request))
        return attempt.make_output(end)

    async def close(self) -> None:
        """End the supervisor."""
        await self._supervisor.close()


class _Attempt:
    """What one process writes, and what becomes of it."""

    def __init__(self, request: ActivityRequest, context: ActivityContext, settings: ProcessSettings) -> None:
        self._request = request
        self._context = context
        self._settings = settings
        self._process: SupervisedProcess | None = None
        budget = LogBudget(context, settings.max_log_bytes)
        self._stdout_lines, self._stderr_lines = LogLines("stdout", budget), LogLines("stderr", budget)
        self._stdout, self._stderr = self._make_capture("stdout"), self._make_capture("stderr")

    async def perform(self, supervisor: Supervisor, command: Command, stdin: bytes) -> ProcessEnd:
        try:
            end = await self._run(supervisor, command, stdin)
        except NeverStartedError:
            end = await self._run(supervisor, command, stdin)
        finally:
            self._stdout_lines.end()
            self._stderr_lines.end()
        if end.left_behind:
            text = f"{end.left_behind} process(es) that the command left running were ended with it."
            self._context.log("info", text)
        return end

    async def _run(self, supervisor: Supervisor, command: Command, stdin: bytes) -> ProcessEnd:
        process = await supervisor.launch(command, stdin, self._take_stdout, self._take_stderr)
        self._process = process
        try:
            return await process.wait()
        except asyncio.CancelledError:
            process.stop()
            await process.settle()
            raise

    def make_output(self, end: ProcessEnd) -> Any:
        returns = self._request.returns
        if self._stdout.overflowed or self._stderr.overflowed:
            stream = "stdout" if self._stdout.overflowed else "stderr"
            detail = f"The process wrote more than {self._settings.max_output_bytes} bytes to {stream} and was ended."
            hint = "Let it write to a file, or let the task return 'code' or 'none'."
            raise ActivityError("runtime", 500, "Output too large", f"{detail} {hint}")
        if returns == "code":
            return end.code
        if returns == "all":
            return {"code": end.code, "stdout": self._stdout.get_text(), "stderr": self._stderr.get_text()}
        if end.code != 0:
            raise ActivityError("runtime", 500, "Process failed", self._describe_failure(end.code))
        if returns == "none":
            return None
        return (self._stdout if returns == "stdout" else self._stderr).get_text()

    def _take_stdout(self, data: bytes) -> None:
        self._stdout.feed(data)
        self._stdout_lines.feed(data)

    def _take_stderr(self, data: bytes) -> None:
        self._stderr.feed(data)
        self._stderr_lines.feed(data)

    def _make_capture(self, stream: str) -> Capture:
        is_returned = self._request.returns in (stream, "all")
        return Capture(self._settings.max_output_bytes if is_returned else None, self._stop)

    def _stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def _describe_failure(self, code: int) -> str:
        text = f"It ended with exit code {code}"
        if code > 128:  # noqa: PLR2004 -- the shells' convention
            text += f" (killed by signal {code - 128})"
        tail = _get_tail(self._stderr.get_text()) or _get_tail(self._stdout.get_text())
        return f"{text}:\n{tail}" if tail else f"{text}, and wrote nothing."


def read_arguments(request: ActivityRequest) -> list[str]:
    """Return the command-line arguments as text: strings as they are, other values as JSON.

    Raises:
        ActivityError: They are no list, or hold a NUL character.
    """
    values = request.arguments.get("arguments")
    if values is None:
        return []
    if not isinstance(values, list):
        raise _refuse(request, "The arguments must be a list.")
    return [check_text(request, _to_text(value), "An argument") for value in values]


def read_stdin(request: ActivityRequest) -> bytes:
    """Return what the process reads: a string as it is, null as nothing, other values as JSON."""
    value = request.arguments.get("stdin")
    return b"" if value is None else _to_text(value).encode(errors="surrogatepass")


def make_environment(request: ActivityRequest, inherited: tuple[str, ...]) -> dict[str, str]:
    """Return the variables of a process: the allowed ones of the engine, those about the attempt, the request's own.

    `KAPELL_RUN_ID`, `KAPELL_REFERENCE`, `KAPELL_ATTEMPT` and `KAPELL_IDEMPOTENCY_KEY` tell a process for whom it works.
    Null removes a variable.

    Raises:
        ActivityError: The environment is no object, or holds a name that no variable can have.
    """
    own = request.arguments.get("environment")
    if own is not None and not isinstance(own, Mapping):
        raise _refuse(request, "The environment must be an object of names and values.")
    environment = {
        name: value
        for name, value in os.environ.items()
        if value.isprintable() and any(fnmatchcase(name, pattern) for pattern in inherited)
    }
    environment["KAPELL_RUN_ID"] = request.run_id
    environment["KAPELL_REFERENCE"] = request.reference
    environment["KAPELL_ATTEMPT"] = str(request.attempt)
    environment["KAPELL_IDEMPOTENCY_KEY"] = request.key
    for name, value in (own or {}).items():
        if not name or "=" in name or "\0" in name:
            raise _refuse(request, f"{name!r} cannot be the name of an environment variable.")
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = check_text(request, _to_text(value), f"The environment variable '{name}'")
    return environment


def check_text(request: ActivityRequest, text: str, what: str) -> str:
    """Return a text that a process can be given. Raises `ActivityError` for one that the operating system refuses."""
    if "\0" in text or not _is_utf8(text):
        raise _refuse(request, f"{what} contains a character that no process can be given.")
    return text


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _to_text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _get_tail(text: str) -> str:
    return "\n".join(text.splitlines()[-_TAIL_LINES:])[-_TAIL_CHARACTERS:]


def _refuse(request: ActivityRequest, detail: str) -> ActivityError:
    return ActivityError("validation", 400, f"Invalid arguments of run: {request.kind}", detail)

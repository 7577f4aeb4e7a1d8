"""Keeps helper processes: starts them when needed, hands them one evaluation at a time, kills them at a limit."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from kapell.engine.expression_helper.child import HEADER, make_frame
from kapell.engine.expression_helper.pieces import Assembler, UnfitError, encode_in_pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.language.expressions import HelperTask

_MIB = 2**20
_START_SECONDS = 30.0
_AGAIN_SECONDS = (0.05, 0.5, 0.0)
"""How long to wait after each try at which a process was killed or did not start."""

_PATIENCE = 6
"""The limit is one of processor time, which counts the same on a machine with other work; so many times as long by the
clock is waited at most."""

_WRITTEN_AT_ONCE = 64 * 1024
_CHILD = Path(__file__).with_name("child.py")


class HelperResult(msgspec.Struct, frozen=True):
    """What became of one evaluation: a JSON value, or the message of an error."""

    value: Any = None
    error: str | None = None


_SHUTTING_DOWN = HelperResult(error="The evaluation was ended, as the engine is shutting down.")


class ExpressionHelper:
    """Evaluates expressions in processes of their own; belongs to one event loop.

    Each process has one evaluation at a time, so that one which exceeds a limit takes no other with it.
    """

    def __init__(
        self,
        *,
        processes: int = 2,
        time_limit_seconds: float = 5.0,
        memory_limit_bytes: int = 512 * _MIB,
        output_limit_bytes: int = 32 * _MIB,
    ) -> None:
        """Set the limits of each evaluation; no process is started before the first one.

        Args:
            processes: How many evaluations may be under way at once.
            time_limit_seconds: The processor time that one may take, in seconds.
            memory_limit_bytes: The memory that one may take, with that of the process around it.
            output_limit_bytes: How large a result may be, as JSON.
        """
        self._time_limit = time_limit_seconds
        self._memory_limit = memory_limit_bytes
        self._output_limit = output_limit_bytes
        self._places = asyncio.Semaphore(processes)
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        """Give the helper itself."""
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Close it."""
        await self.close()

    async def evaluate(self, tasks: Sequence[HelperTask]) -> list[HelperResult]:
        """Carry out evaluations, and give their results in the same order.

        What goes wrong with one of them, a limit that it exceeds included, is its own result.
        """
        if len(tasks) == 1:
            return [await self._evaluate(tasks[0])]
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(self._evaluate(task)) for task in tasks]
        return [each.result() for each in running]

    async def close(self) -> None:
        """End all processes for good. Evaluations under way fail, and so do later ones."""
        self._closed = True
        for child in [*self._idle, *self._busy]:
            await child.end()
        self._idle.clear()

    async def _evaluate(self, task: HelperTask) -> HelperResult:
        for seconds in _AGAIN_SECONDS:
            try:
                return await self._evaluate_once(task)
            except _KilledFromOutsideError:
                problem = "The system killed the evaluation again and again, probably for want of memory."
            except _NotStartedError as error:
                problem = f"The process that evaluates expressions could not be started: {error}"
            await asyncio.sleep(seconds)
        return HelperResult(error=problem)

    async def _evaluate_once(self, task: HelperTask) -> HelperResult:
        async with self._places:
            if self._closed:
                return _SHUTTING_DOWN
            child = await self._take_child()
            self._busy.add(child)
            try:
                return await self._ask(child, task) if not self._closed else _SHUTTING_DOWN
            finally:
                self._busy.discard(child)
                if child.clean and not self._closed:
                    self._idle.append(child)
                else:
                    await asyncio.shield(child.end())

    async def _take_child(self) -> _Child:
        while self._idle:
            child = self._idle.pop()
            if child.alive:
                return child
            await child.end()
        try:
            return await _Child.start(self._memory_limit, self._output_limit, self._time_limit)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise _NotStartedError(f"{type(error).__name__}: {error}") from error

    async def _ask(self, child: _Child, task: HelperTask) -> HelperResult:
        try:
            await child.send(task)
            async with asyncio.timeout(_PATIENCE * self._time_limit):
                return await child.receive()
        except UnfitError as error:
            await child.forget()
            return HelperResult(error=str(error))
        except TimeoutError:
            return HelperResult(error=self._describe_time())
        except RecursionError:
            return HelperResult(error="The result is nested too deeply.")
        except (BrokenPipeError, ConnectionResetError, asyncio.IncompleteReadError):
            return HelperResult(error=self._describe_death(await child.wait()))

    def _describe_time(self) -> str:
        return f"The evaluation took longer than {self._time_limit:g} s, which is the limit, and was ended."

    def _describe_death(self, code: int) -> str:
        if code == -signal.SIGPROF:
            return self._describe_time()
        if code == -signal.SIGKILL:
            raise _KilledFromOutsideError
        if code == -signal.SIGABRT:  # what libjq does when it gets no memory
            return f"The evaluation needed more than {self._memory_limit // _MIB} MiB of memory, which is the limit."
        return f"The evaluation crashed libjq (exit code {code})."


class _NotStartedError(Exception):
    """A process could not be started, or ended before it was ready: the machine has none to give at present."""


class _KilledFromOutsideError(Exception):
    """Somebody else killed the process, which says nothing about the evaluation."""


class _Child:
    """One helper process, and the frames to and from it."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._input = process.stdin
        self._output = process.stdout
        self.clean = True

    @classmethod
    async def start(cls, memory_limit: int, output_limit: int, time_limit: float) -> _Child:
        """Start a process and wait until it is ready."""
        arguments = (str(memory_limit), str(output_limit), str(os.getpid()), str(time_limit))
        command = [sys.executable, "-I", "-S", str(_CHILD), *arguments]
        process = await asyncio.create_subprocess_exec(
            *command,
            *_find_libraries(),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd="/",
            env={},
            start_new_session=True,
        )
        child = cls(process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                kind, _ = await child._read_frame()
            assert kind == b"R"
        except BaseException:
            await asyncio.shield(child.end())
            raise
        return child

    @property
    def alive(self) -> bool:
        """Whether the process can be asked."""
        return self._process.returncode is None

    async def send(self, task: HelperTask) -> None:
        """Hand the program and its input over, piece by piece. Raises `UnfitError`."""
        self.clean = False
        program, document = _make_program(task)
        waiting = bytearray(make_frame(b"P", program.encode()))
        for piece in encode_in_pieces(document):
            waiting += make_frame(b"D", piece)
            if len(waiting) > _WRITTEN_AT_ONCE:
                self._input.write(bytes(waiting))
                waiting.clear()
                await self._input.drain()
                await asyncio.sleep(0)
        self._input.write(bytes(waiting) + make_frame(b"G"))
        await self._input.drain()

    async def forget(self) -> None:
        """Have the child drop what it was sent."""
        self._input.write(make_frame(b"X"))
        await self._input.drain()
        self.clean = True

    async def receive(self) -> HelperResult:
        """Take the answer in. Raises `asyncio.IncompleteReadError` when the process died instead."""
        assembler = Assembler()
        while True:
            kind, content = await self._read_frame()
            if kind == b"E":
                self.clean = True
                return HelperResult(error=content.decode())
            if assembler.take(kind, content):
                self.clean = True
                return HelperResult(value=assembler.value)

    async def wait(self) -> int:
        """Return the exit code of the process, which is about to end by itself."""
        return await self._process.wait()

    async def end(self) -> None:
        """Kill the process and wait until it is gone."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._input.close()
        await self._process.wait()

    async def _read_frame(self) -> tuple[bytes, bytes]:
        header = await self._output.readexactly(HEADER.size)
        kind, length = HEADER.unpack(header)
        return kind, await self._output.readexactly(length) if length else b""


def _make_program(task: HelperTask) -> tuple[str, Any]:
    """Return the text of a program that binds its own variables, gives one result as JSON text, and its input.

    Variables that the library itself would bind (`args=`) make it compile anew each time.
    """
    bindings = "".join(f".v[{_quote(name)}] as ${name} | " for name in task.variables)
    program = f"first({task.program}\n\n) | tojson"  # a comment may end in a backslash, and go on in the next line
    if not bindings:
        return program, task.document
    return f"{bindings}.d | {program}", {"v": task.variables, "d": task.document}


def _quote(name: str) -> str:
    return msgspec.json.encode(name).decode()


@cache
def _find_libraries() -> tuple[str, ...]:
    """Return where the child finds its libraries; it is started without `site`."""
    found = []
    for name in ("jq", "msgspec"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            package = Path(spec.origin).parent
            found.append(str(package.parent if spec.submodule_search_locations else package))
    return tuple(dict.fromkeys(found))

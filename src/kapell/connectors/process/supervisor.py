"""The engine's side of the supervisor: starts it, hands it commands, and learns of their end."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from kapell.connectors.process import keeper
from kapell.connectors.process.pipe import PipeReader
from kapell.sdk import ActivityError

if TYPE_CHECKING:
    from collections.abc import Callable

_CLOSE_SECONDS = 10.0
_DRAIN_SECONDS = 1.0
_RETRY_SECONDS = 0.002
_LIBRARY_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run.

    Attributes:
        arguments: The program's absolute path, followed by its arguments.
        environment: All variables that it gets.
        directory: Where it starts.
        grace: How many seconds its tree has to end after SIGTERM, before SIGKILL.
        remove: A directory that is removed after its end, even if the engine is dead by then; empty for none.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    directory: str
    grace: float
    remove: str = ""


class ProcessEnd(msgspec.Struct, frozen=True):
    """How a command ended, with its whole tree.

    Attributes:
        code: The exit code; 128 + n if signal n killed it, as shells have it.
        left_behind: How many processes it left running; they were ended.
    """

    code: int
    left_behind: int


class NeverStartedError(ActivityError):
    """The supervisor died with the command in its hands, before it could start it: another one can."""


class _Report(msgspec.Struct, rename="camel"):
    code: int = 0
    left_behind: int = 0
    errno: int = 0
    message: str = ""
    path: str = ""


class SupervisedProcess:
    """A command under way."""

    def __init__(self, control: socket.socket, command: Command, readers: Sequence[PipeReader]) -> None:
        """Send the command to the keeper at the other end of `control`."""
        self._control = control
        self._readers = readers
        self._end = asyncio.ensure_future(self._converse(msgspec.json.encode(command)))

    def stop(self) -> None:
        """Begin to end the tree: SIGTERM, a time of grace, SIGKILL. `wait` tells when it is gone."""
        if self._control.fileno() >= 0:
            try:
                self._control.send(keeper.STOP)
            except OSError:
                return  # it is over already

    async def wait(self) -> ProcessEnd:
        """Return when the command and everything that it started are gone, and its output has been read.

        Cancelling this call ends nothing; see `stop`.

        Raises:
            ActivityError: The command could not be started, or its keeper was killed.
            NeverStartedError: The supervisor died before it started the command.
        """
        return await asyncio.shield(self._end)

    async def settle(self) -> None:
        """Wait like `wait`, through every cancellation and without an error: afterwards nothing is left."""
        while not self._end.done():
            try:
                await asyncio.wait({self._end})
            except asyncio.CancelledError:
                continue  # the caller was cancelled once already, and goes on when the tree is gone
        if not self._end.cancelled():
            self._end.exception()

    async def _converse(self, request: bytes) -> ProcessEnd:
        try:
            received = await self._send_and_receive(request)
            # Whoever inherited the streams is gone, unless one was passed to a process outside the tree.
            await asyncio.wait([reader.ended for reader in self._readers], timeout=_DRAIN_SECONDS)
        finally:
            self._control.close()
            for reader in self._readers:
                reader.close()
        if not received:
            detail = "The supervising process was killed before it could start the command."
            raise NeverStartedError("runtime", 500, "Supervisor lost", detail)
        if received == keeper.ACCEPTED:
            detail = "The process that watched over the command was killed; the command's processes were ended too."
            raise ActivityError("runtime", 500, "Process lost", detail)
        report = msgspec.json.decode(received, type=_Report)
        if report.message:
            raise _describe_failed_start(report)
        return ProcessEnd(report.code if report.code >= 0 else 128 - report.code, report.left_behind)

    async def _send_and_receive(self, request: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        received = b""
        try:
            await loop.sock_sendall(self._control, len(request).to_bytes(keeper.LENGTH_BYTES, "big") + request)
            while part := await loop.sock_recv(self._control, 65536):
                received += part
        except (BrokenPipeError, ConnectionResetError):
            return received
        return received


class Supervisor:
    """Runs commands so that nothing of them survives their end, their cancellation or the engine (see `keeper`)."""

    def __init__(self) -> None:
        """Start nothing yet: the supervising process begins with the first command."""
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    async def launch(
        self,
        command: Command,
        stdin: bytes,
        on_stdout: Callable[[bytes], None],
        on_stderr: Callable[[bytes], None],
    ) -> SupervisedProcess:
        """Start a command; what it writes is given to the two callables as it comes.

        Raises:
            ActivityError: The supervising process cannot be started.
        """
        stdout, stdout_end = os.pipe()
        stderr, stderr_end = os.pipe()
        control, control_end = socket.socketpair()
        control.setblocking(False)
        try:
            with _open_input(stdin) as source:
                await self._hand_over([source.fileno(), stdout_end, stderr_end, control_end.fileno()])
        except BaseException:
            os.close(stdout)
            os.close(stderr)
            control.close()
            raise
        finally:
            os.close(stdout_end)
            os.close(stderr_end)
            control_end.close()
        return SupervisedProcess(control, command, [PipeReader(stdout, on_stdout), PipeReader(stderr, on_stderr)])

    async def close(self) -> None:
        """End the supervising process; commands under way keep their keepers until they are over."""
        process, channel, self._process, self._channel = self._process, self._channel, None, None
        if channel is not None:
            channel.close()
        if process is not None:
            await asyncio.to_thread(_await_exit, process)

    async def _hand_over(self, descriptors: list[int]) -> None:
        restarted = False
        while True:
            channel = self._channel or self._start()
            try:
                socket.send_fds(channel, [b"c"], descriptors)
            except BlockingIOError:
                await asyncio.sleep(_RETRY_SECONDS)
            except OSError as error:
                if restarted:
                    raise ActivityError("runtime", 500, "Supervisor lost", f"It cannot be reached: {error}.") from error
                restarted = True
                if channel is self._channel:
                    await self.close()  # somebody killed it; a new one serves as well
            else:
                return

    def _start(self) -> socket.socket:
        channel, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._process = subprocess.Popen(  # noqa: S603 -- our own program, with nothing from outside
                [sys.executable, "-I", "-S", "-X", "utf8", str(Path(keeper.__file__)), str(other.fileno())],
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                env={name: os.environ[name] for name in _LIBRARY_VARIABLES if name in os.environ},
            )
        except OSError as error:
            channel.close()
            raise ActivityError("runtime", 500, "Supervisor lost", f"It cannot be started: {error}.") from error
        finally:
            other.close()
        channel.setblocking(False)
        self._channel = channel
        return channel


def _open_input(content: bytes) -> IO[bytes]:
    """Return a file that holds what the command reads: no pipe has to be fed while it runs."""
    if not content:
        return Path(os.devnull).open("rb")
    if hasattr(os, "memfd_create"):
        file: IO[bytes] = os.fdopen(os.memfd_create("stdin"), "w+b")
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115 -- the caller closes it
    file.write(content)
    file.seek(0)
    return file


def _await_exit(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_CLOSE_SECONDS)
    except subprocess.TimeoutExpired:
        process.returncode = 0  # it outlives us only to watch over commands that outlive us


def _describe_failed_start(report: _Report) -> ActivityError:
    if report.errno == errno.E2BIG:
        detail = "The arguments and the environment are too large for a process together; use stdin for large data."
        return ActivityError("validation", 400, "Process not started", detail)
    return ActivityError("configuration", 500, "Process not started", f"{report.path}: {report.message}.")

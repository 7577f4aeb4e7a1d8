"""The program that stands between the engine and a command, and ends the command with everything that it started.

It is run by its path, as a process of its own with nothing imported but the standard library, and forks quickly:

    engine --- supervisor -+- keeper --- the command --- its children, daemons, ...
                           +- keeper --- another command

The engine hands the supervisor four file descriptors for each command: stdin, stdout, stderr, and one end of a
control socket. It forks a *keeper*, which reads what to run from the control socket, runs it, and reports there when it
is over. Both are child subreapers (prctl(2)): a process that loses its parent becomes the keeper's child, whatever
sessions and forks it used to get away, so that "the keeper has no child" means that the whole tree is gone.

The keeper ends the tree when the command has ended (nothing may work on unseen), when the engine says `stop` (SIGTERM,
a time of grace, SIGKILL), and at once with SIGKILL when the control socket closes, as the engine is dead then. Should
somebody kill a keeper, its children become the supervisor's, which ends them before the control socket closes.

Without Linux there are no subreapers: there the command's process group is ended, and daemons of their own get away.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any, NoReturn

STOP = b"s"
ACCEPTED = b" "  # JSON's white space: from here on the command may have run
LENGTH_BYTES = 4
_PR_SET_CHILD_SUBREAPER = 36
_IS_LINUX = sys.platform.startswith("linux")
_LINGER_SECONDS = 0.1  # what ends by itself shortly after the command, as the `tee` of a pipe, is not signalled
_TERM_POLL_SECONDS = 0.05
_KILL_POLL_SECONDS = 0.01
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_RESTORED = (*_IGNORED, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD)  # Python ignores the second and third itself


def main() -> None:
    """Serve the engine at the socket whose descriptor is the first argument, until it closes and all is over."""
    become_subreaper()
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)  # only the engine's socket ends us
    Supervisor(socket.socket(fileno=int(sys.argv[1]))).serve()


def become_subreaper() -> None:
    """Ask the kernel to make orphans of ours our children, where it can."""
    if _IS_LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Supervisor:
    """Forks a keeper for each command, and ends what a killed keeper left behind."""

    def __init__(self, channel: socket.socket) -> None:
        """Serve the engine at the other end of this socket."""
        self._channel: socket.socket | None = channel
        self._keepers: dict[int, int] = {}
        self._lost: list[int] = []
        self._wake = Wake()

    def serve(self) -> None:
        """Return when the engine has closed its end and no keeper is left."""
        while self._channel or self._keepers or self._lost:
            ready = self._wake.wait(self._channel, _KILL_POLL_SECONDS if self._lost else None)
            if ready and self._channel:
                self._accept(self._channel)
            for pid, status in reap():
                control = self._keepers.pop(pid, None)
                if control is not None and status != 0:
                    self._lost.append(control)
                elif control is not None:
                    os.close(control)
            if self._lost and not self._end_strangers():
                while self._lost:
                    os.close(self._lost.pop())

    def _accept(self, channel: socket.socket) -> None:
        message, descriptors, _, _ = socket.recv_fds(channel, 1, 4)
        if not message:
            channel.close()
            self._channel = None
            return
        pid = os.fork()
        if pid == 0:
            _run_keeper(descriptors)
        for descriptor in descriptors[:3]:
            os.close(descriptor)
        self._keepers[pid] = descriptors[3]  # kept open until the keeper's tree is gone for certain

    def _end_strangers(self) -> bool:
        strangers = list_descendants(os.getpid(), set(self._keepers))
        kill_all(strangers)
        return bool(strangers)


def _run_keeper(descriptors: list[int]) -> NoReturn:
    code = 1
    try:
        _close_all_but([0, 1, 2, *descriptors])  # the engine's socket and those of other commands are not ours
        Keeper(*descriptors).keep()
        code = 0
    finally:
        os._exit(code)


class Keeper:
    """Runs one command and ends its whole tree."""

    def __init__(self, stdin: int, stdout: int, stderr: int, control: int) -> None:
        """Take over the command's streams and the control socket."""
        self._streams = (stdin, stdout, stderr)
        self._control: socket.socket | None = socket.socket(fileno=control)
        self._wake = Wake()
        self._term_at = self._kill_at = float("inf")
        self._signalled: set[int] = set()

    def keep(self) -> None:
        """Run the command that the engine asks for and report its end, when all of its tree is gone."""
        become_subreaper()
        control = self._control
        request = _read_request(control) if control else None
        if control is None or request is None:
            return
        control.sendall(ACCEPTED)
        try:
            main = spawn(request, self._streams)
        except OSError as error:
            report = {"errno": error.errno, "message": error.strerror, "path": error.filename}
        else:
            for descriptor in self._streams:
                os.close(descriptor)
            report = self._watch(main, request["grace"])
        _remove_directory(request["remove"])
        with suppress(OSError):  # the engine may be dead; the tree is gone all the same
            control.sendall(json.dumps(report).encode())

    def _watch(self, main: int, grace: float) -> dict[str, Any]:
        status = None
        left_behind = 0
        while True:
            for pid, ended in reap():
                status = ended if pid == main else status
            if not has_children():
                if not _IS_LINUX:
                    _signal_group(main, signal.SIGKILL)
                return {"code": os.waitstatus_to_exitcode(status or 0), "leftBehind": left_behind}
            now = time.monotonic()
            if status is not None and self._term_at > now + _LINGER_SECONDS:
                self._begin_to_end(now + _LINGER_SECONDS, grace)
            if now >= self._term_at:
                count = self._end_tree(main, kill=now >= self._kill_at)
                left_behind = max(left_behind, count) if status is not None else 0
            self._listen(grace)

    def _begin_to_end(self, at: float, grace: float) -> None:
        self._term_at = min(self._term_at, at)
        self._kill_at = min(self._kill_at, at + grace)

    def _listen(self, grace: float) -> None:
        """Wait for a word of the engine, a child's end, or the time of the next look at the tree."""
        timeout = None
        if self._term_at < float("inf"):
            timeout = _KILL_POLL_SECONDS if time.monotonic() >= self._kill_at else _TERM_POLL_SECONDS
        if not self._wake.wait(self._control, timeout) or self._control is None:
            return
        if self._control.recv(1):
            self._begin_to_end(time.monotonic(), grace)
        else:
            self._begin_to_end(time.monotonic(), 0.0)  # the engine is dead
            self._control = None

    def _end_tree(self, main: int, *, kill: bool) -> int:
        """Signal what is left of the tree, and return how many processes that are."""
        if not _IS_LINUX:
            _signal_group(main, signal.SIGKILL if kill else signal.SIGTERM)
            return 1
        found = list_descendants(os.getpid())
        if kill:
            kill_all(found)
            return len(found)
        for pid in found.keys() - self._signalled:
            self._signalled.add(pid)
            send_signal(pid, signal.SIGTERM)
            send_signal(pid, signal.SIGCONT)  # a stopped process would not hear it
        return len(found)


class Wake:
    """Waits for a socket and for the end of a child at the same time."""

    def __init__(self) -> None:
        """Have SIGCHLD written into a pipe."""
        self._reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if _IS_LINUX else _make_pipe()
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def wait(self, channel: socket.socket | None, timeout: float | None) -> bool:
        """Return whether the socket can be read; false after a child's end or the timeout, in seconds."""
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        if channel:
            poll.register(channel, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(None if timeout is None else timeout * 1000)}
        if self._reader in ready:
            os.read(self._reader, 4096)
        return channel is not None and channel.fileno() in ready


def spawn(request: dict[str, Any], streams: tuple[int, int, int]) -> int:
    """Start the command in a session of its own and return its process id.

    Raises:
        OSError: It could not be started; the kernel's number and the path say why.
    """
    reader, writer = os.pipe()  # closes at a successful exec; carries the failure of another
    pid = os.fork()
    if pid == 0:
        _execute(request, streams, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as failure:
        text = failure.read()
    if text:
        os.waitpid(pid, 0)
        number, path = json.loads(text)
        raise OSError(number, os.strerror(number), path)
    return pid


def _execute(request: dict[str, Any], streams: tuple[int, int, int], failure: int) -> NoReturn:
    try:
        os.setsid()
        for number in _RESTORED:
            signal.signal(number, signal.SIG_DFL)
        for target, descriptor in enumerate(streams):
            os.dup2(descriptor, target)  # the streams are never 0 to 2 themselves: these are open on /dev/null
        _close_all_but([0, 1, 2, failure])
        os.chdir(request["directory"])
        os.execve(request["arguments"][0], request["arguments"], request["environment"])  # noqa: S606 -- its purpose
    except OSError as error:
        os.write(failure, json.dumps([error.errno, error.filename or request["arguments"][0]]).encode())
    finally:
        os._exit(127)


def reap() -> list[tuple[int, int]]:
    """Return process id and wait status of each child that has ended; they are no zombies any more."""
    ended: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, status))


def has_children() -> bool:
    """Tell whether any child is left, without reaping it."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def list_descendants(root: int, leave_out: set[int] | None = None) -> dict[int, int]:
    """Return all processes below `root` with their groups, but not those in `leave_out` nor what is below these."""
    children: dict[int, dict[int, int]] = {}
    with os.scandir("/proc") as entries:
        for entry in entries:
            parent, group = _find_parent_and_group(entry.name) if entry.name.isdecimal() else (0, 0)
            if parent:
                children.setdefault(parent, {})[int(entry.name)] = group
    found: dict[int, int] = {}
    open_ends = [root]
    while open_ends:
        for pid, group in children.get(open_ends.pop(), {}).items():
            if not leave_out or pid not in leave_out:
                found[pid] = group
                open_ends.append(pid)
    return found


def _find_parent_and_group(pid: str) -> tuple[int, int]:
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return 0, 0
    try:
        text = os.read(descriptor, 1024)
    except OSError:
        return 0, 0
    finally:
        os.close(descriptor)
    # "pid (name) state parent group ...": the name may hold anything, so count from its last bracket.
    _, parent, group, _ = text[text.rindex(b")") + 2 :].split(None, 3)
    return int(parent), int(group)


def kill_all(found: dict[int, int]) -> None:
    """Kill these processes with all of their groups.

    A signal to a group reaches also who was born after we looked: what forks faster than we read `/proc` does not get
    away. The groups hold nothing but the command's own, as it has begun a session and nobody joins one from outside.
    """
    for group in set(found.values()) - {os.getpgrp()}:
        _signal_group(group, signal.SIGKILL)
    for pid in found:
        send_signal(pid, signal.SIGKILL)


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended meanwhile, or that belongs to another user."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _read_request(channel: socket.socket) -> dict[str, Any] | None:
    head = _read_exactly(channel, LENGTH_BYTES)
    body = _read_exactly(channel, int.from_bytes(head, "big"))
    request: dict[str, Any] | None = json.loads(body) if body else None
    return request


def _read_exactly(channel: socket.socket, count: int) -> bytes:
    parts: list[bytes] = []
    while count:
        part = channel.recv(min(count, 1 << 20))
        if not part:
            return b""
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _close_all_but(descriptors: list[int]) -> None:
    low = 0
    for descriptor in sorted(descriptors):
        if low < descriptor:
            os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))


def _make_pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    return reader, writer


def _remove_directory(top: str) -> None:
    """Remove the directory that the engine made for a script; an empty name removes nothing."""
    if top:
        shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    main()

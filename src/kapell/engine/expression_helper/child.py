"""The helper process: reads programs and documents from its input, and writes what libjq makes of them.

It is started as a script, by path, isolated and without `site`, so that it is ready quickly; its arguments are the
limits (of memory and of results in bytes), the engine's process id, the limit of processor time in seconds, and where
libraries are found. It has no environment, and dies with the engine.

It speaks in frames: a kind of one byte, a length of four, and the content. To the child: `P` a program's text, `D` a
piece of the input's JSON, `G` evaluate, `X` forget what was sent. From the child: `R` ready, `E` the message of an
error, `V` a whole result in JSON. A large result comes in pieces, none of which takes the engine more than a few
milliseconds to decode: `[` and `{` open a container, `a` and `o` hold some of its elements or members, `k` names the
member that comes next, `v` is one element or member alone, `]` closes the container.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
from collections import OrderedDict
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = struct.Struct("!cI")
"""A frame's beginning: its kind and the length of its content in bytes."""

_PR_SET_PDEATHSIG = 1
_PROGRAMS_KEPT = 500
_PIECE = 128 * 1024
_BROKEN_MEMORY = "The evaluation needed more memory than allowed."


def make_frame(kind: bytes, content: bytes = b"") -> bytes:
    """Return a frame as it goes over the pipe."""
    return HEADER.pack(kind, len(content)) + content


class _Programs:
    """Compiled programs; compiling takes libjq a millisecond."""

    def __init__(self) -> None:
        import jq  # type: ignore[import-not-found] # noqa: PLC0415 -- no types; the limits of this process are set before any library is loaded

        self._compile = jq.compile
        self._kept: OrderedDict[str, Any] = OrderedDict()

    def get(self, text: str) -> Any:
        program = self._kept.get(text)
        if program is None:
            program = self._compile(text)
            self._kept[text] = program
            if len(self._kept) > _PROGRAMS_KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(text)
        return program


def main() -> None:
    """Serve until the input ends."""
    memory_limit, output_limit, parent = (int(argument) for argument in sys.argv[1:4])
    time_limit = float(sys.argv[4])
    sys.path.extend(sys.argv[5:])
    _die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_limit, memory_limit))
    programs = _Programs()
    output = sys.stdout.buffer
    output.write(make_frame(b"R"))
    output.flush()
    for program, document in _iter_requests(sys.stdin.buffer):
        signal.setitimer(signal.ITIMER_PROF, time_limit)  # when it has run for so long, SIGPROF ends this process
        try:
            result = _evaluate(programs, program, document)
            if len(result) > output_limit:
                message = f"The result is larger than {output_limit // 2**20} MiB, which is the limit."
                output.write(make_frame(b"E", message.encode()))
            else:
                _write_result(output, result)
        except ValueError as error:
            output.write(make_frame(b"E", str(error).encode(errors="replace")))
        except MemoryError:
            output.write(make_frame(b"E", _BROKEN_MEMORY.encode()))
        output.flush()
        signal.setitimer(signal.ITIMER_PROF, 0)


def _die_with(parent: int) -> None:
    """Have the kernel end this process when the engine ends, however that happens."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def _iter_requests(source: IO[bytes]) -> Iterator[tuple[str, str]]:
    program, pieces = "", []
    while header := source.read(HEADER.size):
        kind, length = HEADER.unpack(header)
        content = source.read(length)
        if kind == b"P":
            program = content.decode()
        elif kind == b"D":
            pieces.append(content)
        else:
            document, pieces = b"".join(pieces).decode(), []
            if kind == b"G":
                yield program, document


def _evaluate(programs: _Programs, program: str, document: str) -> bytes:
    """Return the first result in JSON; null where there is none."""
    for result in programs.get(program).input_text(document):
        text: str = result
        return text.encode()
    return b"null"


def _write_result(output: IO[bytes], result: bytes) -> None:
    if len(result) <= _PIECE or result[:1] not in (b"[", b"{"):
        output.write(make_frame(b"V", result))
    else:
        for frame in _split(result):
            output.write(frame)


def _split(text: bytes) -> Iterator[bytes]:
    """Cut a large array or object into frames."""
    import msgspec  # noqa: PLC0415 -- rarely needed, and slow to load

    if text[:1] == b"[":
        yield make_frame(b"[")
        yield from _split_array(msgspec.json.decode(text, type=list[msgspec.Raw]))
    else:
        yield make_frame(b"{")
        yield from _split_object(msgspec.json.decode(text, type=dict[str, msgspec.Raw]), msgspec.json.encode)
    yield make_frame(b"]")


def _split_array(items: list[Any]) -> Iterator[bytes]:
    batch: list[bytes] = []
    size = 0
    for item in items:
        raw = bytes(item)
        if len(raw) > _PIECE:
            yield make_frame(b"a", b"[" + b",".join(batch) + b"]")
            batch, size = [], 0
            yield from _split(raw) if raw[:1] in (b"[", b"{") else (make_frame(b"v", raw),)
            continue
        batch.append(raw)
        size += len(raw)
        if size > _PIECE:
            yield make_frame(b"a", b"[" + b",".join(batch) + b"]")
            batch, size = [], 0
    yield make_frame(b"a", b"[" + b",".join(batch) + b"]")


def _split_object(members: dict[str, Any], encode: Any) -> Iterator[bytes]:
    batch: list[bytes] = []
    size = 0
    for key, member in members.items():
        name, raw = encode(key), bytes(member)
        if len(raw) > _PIECE:
            yield make_frame(b"o", b"{" + b",".join(batch) + b"}")
            batch, size = [], 0
            yield make_frame(b"k", name)
            yield from _split(raw) if raw[:1] in (b"[", b"{") else (make_frame(b"v", raw),)
            continue
        batch.append(name + b":" + raw)
        size += len(name) + len(raw)
        if size > _PIECE:
            yield make_frame(b"o", b"{" + b",".join(batch) + b"}")
            batch, size = [], 0
    yield make_frame(b"o", b"{" + b",".join(batch) + b"}")


if __name__ == "__main__":
    main()

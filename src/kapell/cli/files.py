"""Files and values that a person names: workflows, folders of them, inputs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.errors import UsageError
from kapell.language import list_unsupported, load_workflow, read_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kapell.language import Workflow

SUFFIXES = (".yaml", ".yml", ".json")


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes. Raises `UsageError`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error


def load_workflow_file(path: Path) -> Workflow:
    """Read and check a workflow. Raises `UsageError`, for a workflow that is not valid `InvalidWorkflowError`."""
    return load_workflow(read_bytes(path), str(path))


def load_runnable_file(path: Path) -> Workflow:
    """Read a workflow that can be run by this version. Raises `UsageError`."""
    source = read_bytes(path)
    workflow = load_workflow(source, str(path))
    unsupported = list_unsupported(workflow)
    if unsupported:
        document = read_document(source, str(path))
        raise UsageError("\n".join(str(problem) for problem in list_unsupported(workflow, document)))
    return workflow


def load_offered(paths: Sequence[Path]) -> list[Workflow]:
    """Return the workflows of files and folders, for `run: workflow`; other files in folders are passed over.

    Raises:
        UsageError: A path does not exist, or a workflow is not valid.
    """
    return [workflow for path in paths for workflow in _load_path(path)]


def _load_path(path: Path) -> Iterator[Workflow]:
    if not path.is_dir():
        yield load_workflow_file(path)
        return
    for file in sorted(path.rglob("*")):
        if file.suffix in SUFFIXES and file.is_file() and _is_workflow(file):
            yield load_workflow_file(file)


def _is_workflow(file: Path) -> bool:
    """Tell whether a file of a folder says that it is a workflow: a folder may hold other documents too."""
    return b"document" in (source := read_bytes(file)) and b"dsl" in source


def read_input(text: str | None, file: str | None) -> Any:
    """Return the input that was given as JSON or by a file (`-` is stdin); an empty object if none was.

    Raises:
        UsageError: Both were given, or it is no JSON.
    """
    if text is not None and file is not None:
        raise UsageError("The input is given twice.", hint="Use --input or --input-file, not both.")
    if file is not None:
        source = sys.stdin.buffer.read() if file == "-" else read_bytes(Path(file))
        return decode_json(source, "stdin" if file == "-" else file)
    return {} if text is None else decode_json(text.encode(), "--input")


def decode_json(source: bytes, name: str) -> Any:
    """Return a JSON value. Raises `UsageError` that says where the text stops being JSON."""
    try:
        return msgspec.json.decode(source)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        hint = 'Quote it for the shell, such as --input \'{"name": "Ada"}\'.' if name.startswith("--") else ""
        raise UsageError(f"{name} is no JSON: {str(error).removesuffix('.')}.", hint=hint) from error
    except RecursionError as error:
        raise UsageError(f"{name} is nested too deeply.") from error

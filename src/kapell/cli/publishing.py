"""`kapell publish`: workflows from files to a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kapell.cli import exits
from kapell.cli.files import load_workflow_file, read_bytes
from kapell.cli.output import print_json, print_lines, say
from kapell.cli.server_client import open_client
from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kapell.client.wire.workflows import Publication


def publish_files(
    server: str | None,
    token_file: Path | None,
    files: Sequence[Path],
    note: str,
    *,
    allow_lower: bool,
    as_json: bool,
) -> int:
    """Publish the workflows of files and say what was done.

    All are read and checked before the first is published.

    Raises:
        UsageError: A file cannot be read or is not valid, here or for the server.
        ConflictError: Another text was published as that version, or a higher version was published.
    """
    checked = [(load_workflow_file(file).document, _read_text(file)) for file in files]
    done: list[Publication] = []
    with open_client(server, token_file) as client:
        for document, source in checked:
            published = client.workflows.publish(
                document.namespace, document.name, source=source, note=note, allow_lower=allow_lower
            )
            done.append(published)
            if not as_json:
                _tell(published)
    if as_json:
        print_json(msgspec.to_builtins(done))
    return exits.COMPLETED


def _read_text(file: Path) -> str:
    try:
        return read_bytes(file).decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no text in UTF-8: {error.reason} at byte {error.start}.") from error


def _tell(published: Publication) -> None:
    about = published.version
    name = f"{about.namespace}/{about.name}@{about.version}"
    print_lines(f"{name} {'had been published before' if published.was_published else 'is published'}")
    for warning in published.warnings:
        say(f"{name}:{warning.line}:{warning.column} {warning.severity}: {warning.message}")

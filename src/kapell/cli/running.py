"""`kapell run`: one workflow, durably, to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.cli.files import read_input
from kapell.cli.target import RunRequest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kapell.cli.show import Show
    from kapell.cli.target import Target


def run_workflow(
    target: Target,
    show: Show,
    what: str,
    text: str | None,
    input_file: str | None,
    paths: Sequence[Path],
    key: str | None,
) -> int:
    """Run a workflow: a file in a folder, a published one on a server. Return the exit code.

    Raises:
        UsageError: A file, the input or a setting cannot be used; nothing was started.
    """
    return target.run(show, RunRequest(what, read_input(text, input_file), paths, key))

"""`kapell run`: one workflow, durably, to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.cli.files import load_offered, load_runnable_file, read_input
from kapell.cli.session import Show, conclude, work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kapell.engine.engine import Engine
    from kapell.language import Workflow
    from kapell.settings import Settings


def run_file(
    settings: Settings, show: Show, file: Path, text: str | None, input_file: str | None, paths: Sequence[Path]
) -> int:
    """Run the workflow of a file and return the exit code.

    Raises:
        UsageError: A file, the input or a setting cannot be used; nothing was started.
    """
    workflow = load_runnable_file(file)
    offered = [workflow, *load_offered(paths)]
    value = read_input(text, input_file)
    return run_workflow(settings, show, workflow, value, offered)


def run_workflow(settings: Settings, show: Show, workflow: Workflow, value: Any, offered: Sequence[Workflow]) -> int:
    """Run a workflow, show its progress, print its output, and return the exit code."""

    async def begin(engine: Engine) -> list[str]:
        return [engine.start_run(workflow, value)]

    return conclude(settings, show, work(settings, show, begin, workflows=offered))

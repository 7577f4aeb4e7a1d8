"""What the shell offers when a person presses Tab: run ids, and files that may be workflows."""

from __future__ import annotations

from pathlib import Path

_MOST_RUNS = 50
_SUFFIXES = (".yaml", ".yml", ".json")


def complete_run(incomplete: str) -> list[tuple[str, str]]:
    """Return run ids that begin so, newest first, each with its workflow and status; where runs usually are."""
    from kapell.cli.choosing import choose_target
    from kapell.cli.target import WantedRuns
    from kapell.errors import KapellError

    try:
        with choose_target(data=None, server=None, token_file=None) as target:
            records = target.list_runs(WantedRuns([], None, None, None, None), _MOST_RUNS).records
    except KapellError:
        return []
    found = [(record.run_id, f"{record.name}, {record.status}") for record in records]
    found.append(("last", "the newest run"))
    return [(run_id, text) for run_id, text in found if run_id.startswith(incomplete)]


def complete_workflow_file(incomplete: str) -> list[str]:
    """Return folders, and files with a workflow's ending, that begin so."""
    begun = Path(incomplete)
    folder, prefix = (begun, "") if incomplete.endswith("/") or not incomplete else (begun.parent, begun.name)
    if not folder.is_dir():
        return []
    paths = sorted(path for path in folder.iterdir() if path.name.startswith(prefix))
    return [
        f"{path}/" if path.is_dir() else str(path)
        for path in paths
        if path.suffix in _SUFFIXES or (path.is_dir() and not path.name.startswith("."))
    ]

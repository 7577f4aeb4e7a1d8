"""What the shell offers when a person presses Tab: run ids, and files that may be workflows."""

from __future__ import annotations

from pathlib import Path

_MOST_RUNS = 50
_SUFFIXES = (".yaml", ".yml", ".json")


def complete_run(incomplete: str) -> list[tuple[str, str]]:
    """Return run ids that begin so, newest first, each with its workflow and status; the folder is the default one."""
    from kapell.app import open_store
    from kapell.engine.store import RunFilter
    from kapell.errors import KapellError
    from kapell.settings import read_settings

    try:
        settings = read_settings()
        if not settings.database and not settings.data.is_dir():
            return []
        store = open_store(settings)
        try:
            records = store.list_runs(RunFilter(), limit=_MOST_RUNS)
        finally:
            store.close()
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

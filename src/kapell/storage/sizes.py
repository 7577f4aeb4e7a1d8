"""How much room the databases of an installation take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from kapell.storage.data_folder import SERVER_DATABASE, DataFolder

if TYPE_CHECKING:
    from pathlib import Path

    from kapell.storage.server_database import ServerDatabase


def measure_databases(folder: Path, database: ServerDatabase) -> dict[str, int]:
    """Return the bytes of each database: `runs`, `log` and `server`, or the one `postgresql`. Raises `StorageError`."""
    if not database.is_sqlite:
        with database.read() as connection:
            size = connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one()
        return {"postgresql": int(size)}
    runs = DataFolder(folder)
    paths = {"runs": runs.database_path, "log": runs.log_path, "server": folder / SERVER_DATABASE}
    return {name: _measure(path) + _measure(path.with_name(f"{path.name}-wal")) for name, path in paths.items()}


def _measure(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0

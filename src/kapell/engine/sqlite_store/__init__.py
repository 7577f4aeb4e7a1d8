"""Runs kept in SQLite: the default `RunStore`."""

from __future__ import annotations

from kapell.engine.sqlite_store.store import SqliteRunStore

__all__ = ["SqliteRunStore"]

"""Runs kept in PostgreSQL: the second `RunStore`."""

from __future__ import annotations

from kapell.engine.postgres_store.lock import OwnerLock
from kapell.engine.postgres_store.store import PostgresRunStore

__all__ = ["OwnerLock", "PostgresRunStore"]

"""What is told of secrets, as values. None of them holds what is secret."""

from __future__ import annotations

from datetime import datetime

import msgspec


class SecretInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A secret without its value.

    Attributes:
        namespace: The namespace whose runs can read it.
        name: Its name, as workflows write it.
        version: Counts how often it was put; from 1 again after it was deleted.
        created_at: When it was put first.
        updated_at: When its value was put.
        updated_by: Who put it, by id.
        updated_by_name: Who put it, by name.
        last_used_at: When a run read it last, to the minute or so; `None` if none ever did.
    """

    namespace: str
    name: str
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str
    updated_by_name: str
    last_used_at: datetime | None


class SecretPage(msgspec.Struct, frozen=True):
    """A page of secrets, by namespace and name.

    Attributes:
        items: The secrets.
        after: What to ask the next page with; `None` after the last.
    """

    items: tuple[SecretInfo, ...]
    after: tuple[str, str] | None


class Uses(msgspec.Struct, kw_only=True):
    """How often runs read a secret since that was last written down."""

    count: int
    first_at: datetime
    last_at: datetime

    def add(self, other: Uses) -> None:
        """Count other uses of the same secret too."""
        self.count += other.count
        self.first_at = min(self.first_at, other.first_at)
        self.last_at = max(self.last_at, other.last_at)

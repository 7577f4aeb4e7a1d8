"""`kapell up --demo`: a system that lives, so that a stranger sees what Kapell does before writing anything."""

from __future__ import annotations

from kapell.demo.demonstration import Demonstration

__all__ = ["Demonstration"]

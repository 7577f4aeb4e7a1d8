"""What authors of connectors import: the contract between the engine and the outside work it asks for."""

from __future__ import annotations

from kapell.sdk.activity import Activity, ActivityContext, ActivityError, ActivityRequest

__all__ = ["Activity", "ActivityContext", "ActivityError", "ActivityRequest"]

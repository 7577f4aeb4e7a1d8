"""`call: openapi`: operations of services that describe themselves."""

from __future__ import annotations

from kapell.connectors.openapi.activity import OpenApiActivity

__all__ = ["OpenApiActivity"]

"""The console's files, as `make console` has built them from `web/`, and how a browser gets them."""

from __future__ import annotations

from kapell.console.files import ConsoleFiles

__all__ = ["ConsoleFiles"]

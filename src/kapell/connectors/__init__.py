"""The built-in connectors: how `call: http`, `call: openapi`, `run: shell` and `run: script` reach the world."""

from __future__ import annotations

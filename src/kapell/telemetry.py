"""Logging: structured events for operators. What users are to be told never goes this way.

The logging library takes longer to load than the whole language, and most commands log nothing: so it is loaded, and
set up, with the first event that is worth a line.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

_LEVELS = {"info": 20, "warning": 30, "error": 40}
_lowest = {"level": _LEVELS["warning"]}


def configure_logging(*, debug: bool) -> None:
    """Say what is worth a line: warnings and errors, or with `debug` everything."""
    _lowest["level"] = 0 if debug else _LEVELS["warning"]


class Logger:
    """A named logger; its events are snake_case words with keyword facts."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        """Log under `name`, a module's."""
        self._name = name

    def info(self, event: str, **facts: Any) -> None:
        """Log what an operator may want to know."""
        self._log("info", event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        """Log what may become a problem."""
        self._log("warning", event, facts)

    def error(self, event: str, **facts: Any) -> None:
        """Log a problem."""
        self._log("error", event, facts)

    def exception(self, event: str, **facts: Any) -> None:
        """Log a problem with the exception that is being handled, and where it arose."""
        self._log("error", event, {**facts, "exc_info": True})

    def _log(self, level: str, event: str, facts: dict[str, Any]) -> None:
        if _LEVELS[level] >= _lowest["level"]:
            getattr(_load_library().get_logger(module=self._name), level)(event, **facts)


def get_logger(name: str) -> Logger:
    """Return the logger of a module."""
    return Logger(name)


@cache
def _load_library() -> Any:
    """Load the logging library and let it write lines for people to stderr."""
    import structlog  # noqa: PLC0415 -- see the docstring

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        # Asked for each time: while progress is shown, stderr is lent to it.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    return structlog

"""Logging: structured events for operators. What users are to be told never goes this way.

The logging library takes longer to load than the whole language, and most commands log nothing: so it is loaded, and
set up, with the first event that is worth a line. A server writes what it logs, and what the libraries under it do, as
lines for people or as JSON, an object a line: `timestamp` (UTC), `level`, `event`, `module`, and the event's facts.
"""

from __future__ import annotations

import logging
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_TALKATIVE = ("uvicorn.error",)
"""Libraries whose news are worth a line; of the others only warnings are."""


class _Setup:
    """How this process logs; the only thing that all modules share."""

    def __init__(self) -> None:
        self.lowest = _LEVELS["warning"]
        self.form = "text"
        self.find_trace: Callable[[str], str | None] = lambda _run_id: None


_setup = _Setup()


def configure_logging(*, debug: bool) -> None:
    """Say what is worth a line: warnings and errors, or with `debug` everything."""
    _setup.lowest = 0 if debug else _LEVELS["warning"]


def configure_server_logging(level: str, form: str) -> None:
    """Log as a server does, and what the libraries under it log in the same way.

    Args:
        level: The lowest level that is worth a line: `debug`, `info`, `warning` or `error`. Where `configure_logging`
            has asked for everything, it stays at that.
        form: `text` for people, `json` for programs.
    """
    if _setup.lowest:
        _setup.lowest = _LEVELS[level]
    _setup.form = form
    _load_library.cache_clear()
    root = logging.getLogger()
    if not any(isinstance(handler, _Bridge) for handler in root.handlers):
        root.addHandler(_Bridge())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(_setup.lowest or _LEVELS["debug"])


def trace_runs_by(find_trace: Callable[[str], str | None]) -> None:
    """Add to every event that names a run (`run_id`) the id of its trace, if `find_trace` knows one."""
    _setup.find_trace = find_trace


class Logger:
    """A named logger; its events are snake_case words with keyword facts."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        """Log under `name`, a module's."""
        self._name = name

    def debug(self, event: str, **facts: Any) -> None:
        """Log what only a search for a fault needs."""
        self.log("debug", event, facts)

    def info(self, event: str, **facts: Any) -> None:
        """Log what an operator may want to know."""
        self.log("info", event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        """Log what may become a problem."""
        self.log("warning", event, facts)

    def error(self, event: str, **facts: Any) -> None:
        """Log a problem."""
        self.log("error", event, facts)

    def exception(self, event: str, **facts: Any) -> None:
        """Log a problem with the exception that is being handled, and where it arose."""
        self.log("error", event, {**facts, "exc_info": True})

    def log(self, level: str, event: str, facts: dict[str, Any]) -> None:
        """Log an event of a level that was found out only now."""
        if _LEVELS[level] < _setup.lowest:
            return
        if "run_id" in facts and (trace_id := _setup.find_trace(facts["run_id"])) is not None:
            facts = {**facts, "trace_id": trace_id}
        getattr(_load_library().get_logger(module=self._name), level)(event, **facts)


def get_logger(name: str) -> Logger:
    """Return the logger of a module."""
    return Logger(name)


class _Bridge(logging.Handler):
    """Brings what libraries log to where our own events go."""

    def emit(self, record: logging.LogRecord) -> None:
        level = next(name for name in reversed(_LEVELS) if record.levelno >= _LEVELS[name] or name == "debug")
        facts = {"exc_info": record.exc_info} if record.exc_info else {}
        Logger(record.name).log(level, record.getMessage(), facts)


@cache
def _load_library() -> Any:
    """Load the logging library and let it write to stderr."""
    import structlog  # noqa: PLC0415 -- see the docstring

    structlog.configure(
        processors=_list_json_steps(structlog) if _setup.form == "json" else _list_text_steps(structlog),
        # Asked for each time: while progress is shown, stderr is lent to it.
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    return structlog


def _list_text_steps(structlog: Any) -> list[Any]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The other one shows the values of all variables, and with them what runs work with, secrets among it.
            exception_formatter=structlog.dev.plain_traceback,
        ),
    ]


def _list_json_steps(structlog: Any) -> list[Any]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        structlog.processors.format_exc_info,
        _put_in_order,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _put_in_order(_logger: Any, _method: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Return an event with what people look for first at its beginning."""
    first = {name: facts[name] for name in ("timestamp", "level", "event", "module")}
    return first | facts

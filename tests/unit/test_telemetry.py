"""How events become lines."""

import json
import logging
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kapell import telemetry
from kapell.telemetry import configure_logging, configure_server_logging, get_logger, trace_runs_by

log = get_logger("kapell.some.module")
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    """A setup of the test's own, and the root logger as it was."""
    root = logging.getLogger()
    monkeypatch.setattr(telemetry, "_setup", telemetry._Setup())
    handlers = list(root.handlers)
    yield
    root.handlers = handlers
    telemetry._load_library.cache_clear()


@pytest.fixture
def lines(capsys):
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_json_lines_tell_when_how_bad_what_and_where(lines):
    configure_server_logging("info", "json")
    log.info("server_ready", address="http://localhost:8020", port=8020)
    (line,) = lines()
    assert list(line) == ["timestamp", "level", "event", "module", "address", "port"]
    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() == timedelta(0)
    assert line == {
        "level": "info",
        "event": "server_ready",
        "module": "kapell.some.module",
        "address": "http://localhost:8020",
        "port": 8020,
    }


@pytest.mark.parametrize(
    ("level", "expected"),
    [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")],
)
def test_the_level_says_what_is_worth_a_line(lines, level, expected):
    configure_server_logging(level, "json")
    for write, event in ((log.debug, "d"), (log.info, "i"), (log.warning, "w"), (log.error, "e")):
        write(event)
    assert "".join(line["event"] for line in lines()) == expected


def test_debug_of_the_command_line_stays_in_force(lines):
    configure_logging(debug=True)
    configure_server_logging("error", "json")
    log.debug("detail")
    assert [line["event"] for line in lines()] == ["detail"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_exception_tells_where_it_arose_and_shows_no_variables(capsys, form):
    configure_server_logging("info", form)
    canary = "the-value-of-" + "a-variable"
    try:
        int("broken")
    except ValueError:
        log.exception("failed")
    text = capsys.readouterr().err
    assert "ValueError: invalid literal" in text
    assert "test_telemetry.py" in text
    assert canary not in text


def test_what_libraries_log_goes_the_same_way_once(lines):
    configure_server_logging("info", "json")
    configure_server_logging("info", "json")
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
    logging.getLogger("aiohttp.access").info("not of interest")
    logging.getLogger("asyncio").error("Task exception was never retrieved")
    found = lines()
    assert [(line["module"], line["level"], line["event"]) for line in found] == [
        ("uvicorn.error", "info", "Started server process [7]"),
        ("asyncio", "error", "Task exception was never retrieved"),
    ]


def test_an_event_of_a_run_names_its_trace(lines):
    configure_server_logging("info", "json")
    trace_runs_by({"r1": "0af7651916cd43dd8448eb211c80319c"}.get)
    log.info("a", run_id="r1")
    log.info("b", run_id="r2")
    log.info("c")
    assert [line.get("trace_id") for line in lines()] == ["0af7651916cd43dd8448eb211c80319c", None, None]


def test_a_command_that_logs_nothing_does_not_load_the_library():
    program = "import sys, kapell.app; sys.exit('structlog' in sys.modules or 'cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_events_that_the_guide_names_are_logged_somewhere():
    guide = (ROOT / "docs" / "how-to" / "observe.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|", guide, re.MULTILINE)
    named = {event for row in rows for event in re.findall(r"`(\w+)`", row)}
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert len(named) > 20
    assert {event for event in named if f'("{event}"' not in source and f', "{event}"' not in source} == set()

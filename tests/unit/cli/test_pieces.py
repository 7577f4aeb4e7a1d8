"""The small pieces of the command line."""

import io
from datetime import timedelta

import pytest

from kapell.cli.exits import find_worst
from kapell.cli.output import colour, draw_table
from kapell.cli.pruning import read_length
from kapell.errors import UsageError
from kapell.language.spans import say_length
from kapell.settings import Settings, describe_settings, read_descriptions

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([], 0),
        (["completed", "completed"], 0),
        (["completed", "cancelled"], 3),
        (["cancelled", "faulted"], 1),
        (["damaged"], 1),
    ],
)
def test_several_runs_exit_with_the_worst(statuses, code):
    assert find_worst(statuses) == code


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30d", timedelta(days=30)),
        ("1.5h", timedelta(minutes=90)),
        ("0s", timedelta()),
        ("2W", timedelta(weeks=2)),
        ("P1DT12H", timedelta(days=1, hours=12)),
    ],
)
def test_lengths_are_read(text, length):
    assert read_length(text) == length


@pytest.mark.parametrize("text", ["", "soon", "5", "-5d", "1y", "9" * 30 + "d"])
def test_what_is_no_length_is_refused(text):
    with pytest.raises(UsageError, match="is no length of time"):
        read_length(text)


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (-5, "0 ms"),
        (4_000, "4 ms"),
        (999_999, "999 ms"),
        (SECOND, "1 s"),
        (1_340_000, "1.3 s"),
        (59 * SECOND, "59 s"),
        (60 * SECOND, "1 min"),
        (125 * SECOND, "2 min 5 s"),
        (3600 * SECOND, "1 h"),
        (26 * 3600 * SECOND, "1 d 2 h"),
    ],
)
def test_lengths_are_told(micros, text):
    assert say_length(micros) == text


def test_tables_align_and_have_no_colours_off_a_terminal():
    lines = draw_table(("run", "status"), [("a", "faulted"), ("bcd", "x")], io.StringIO())
    assert lines == ["run  status", "a    faulted", "bcd  x"]
    assert colour("x", "red", io.StringIO()) == "x"


def test_every_setting_is_described():
    assert set(read_descriptions()) == set(Settings.__struct_fields__)
    assert all(line.description.endswith(".") for line in describe_settings(Settings()))


def test_settings_say_where_they_come_from(monkeypatch):
    monkeypatch.setenv("KAPELL_NODE", "nodejs")
    lines = {line.name: line for line in describe_settings(Settings(node="nodejs"), {"data"})}
    assert (lines["node"].source, lines["node"].value, lines["node"].default) == ("KAPELL_NODE", "nodejs", "node")
    assert (lines["data"].source, lines["max_calls"].source) == ("option", "default")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:s3cret@host:5432/name", "postgresql://me:***@host:5432/name"),
        ("postgresql://me:s3:cr/et@host/name", "postgresql://me:***@host/name"),
        ("postgresql://host/name?user=me&password=s3cret&x=y", "postgresql://host/name?user=me&password=***&x=y"),
        ("postgresql://me@host:5432/name", "postgresql://me@host:5432/name"),
        ("", ""),
    ],
)
def test_settings_show_no_password(url, shown):
    lines = {line.name: line for line in describe_settings(Settings(database=url, proxy=url))}
    assert lines["database"].value == lines["proxy"].value == shown

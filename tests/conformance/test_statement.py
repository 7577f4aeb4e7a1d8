"""docs/conformance.md says of each decision which scenarios test it: they are there, and none is left out."""

import re
from pathlib import Path

import pytest

FEATURES = Path(__file__).with_name("features")
TAG = re.compile(r"`@([a-z]+(?:-[a-z0-9]+)*)`")
ROW = re.compile(r"^\| (\d+) \|(.*)\|$", re.MULTILINE)
LATER = {20}


@pytest.fixture
def statement(project_dir):
    return (project_dir / "docs" / "conformance.md").read_text(encoding="utf-8")


def read_tags(file):
    return set(re.findall(r"@([a-z]+(?:-[a-z0-9]+)*)\b", file.read_text(encoding="utf-8").replace("@default", "")))


def test_each_decision_has_its_row_and_each_row_its_scenarios(statement):
    rows = {int(number): row for number, row in ROW.findall(statement)}
    assert sorted(rows) == list(range(1, 24))
    for number, row in rows.items():
        if number in LATER:
            assert "not built yet" in row
            continue
        assert TAG.findall(row) == [f"decision-{number}"]
        (name,) = re.findall(r"features/([a-z]+)\.feature", row)
        assert f"decision-{number}" in read_tags(FEATURES / f"{name}.feature"), number


def test_every_tag_of_a_scenario_stands_in_the_statement(statement):
    tags = set().union(*(read_tags(file) for file in FEATURES.glob("*.feature")))
    assert tags - set(TAG.findall(statement)) == set()


def test_no_decision_is_said_in_half_a_sentence(statement):
    for _, row in ROW.findall(statement):
        assert len([cell for cell in row.split(" | ") if cell.strip()]) == 4

"""Every workflow of the examples is valid, by Kapell's own reading and by the specification's schema."""

import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest
from ruamel.yaml import YAML

KAPELL = Path(sys.executable).with_name("kapell")
EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
WORKFLOWS = sorted(str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.yaml"))


def load(path):
    return YAML(typ="safe", pure=True).load(path)


def test_there_are_five_examples():
    assert {name.split("/")[0] for name in WORKFLOWS} == {
        "backup",
        "delivery",
        "fan-out",
        "order",
        "provision-configure",
    }


@pytest.mark.parametrize("name", WORKFLOWS)
def test_it_is_valid_by_the_schema(name, spec_dir):
    validator = jsonschema_rs.Draft202012Validator(load(spec_dir / "schema" / "workflow.yaml"))
    assert [str(error) for error in validator.iter_errors(load(EXAMPLES / name))] == []


def test_kapell_finds_them_all_valid():
    validated = subprocess.run(
        [KAPELL, "validate", *(EXAMPLES / name for name in WORKFLOWS)], check=False, capture_output=True, text=True
    )
    assert validated.returncode == 0, validated.stdout + validated.stderr

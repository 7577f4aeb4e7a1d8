"""The documents: their links lead somewhere, and what they tell the reader to type exists."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
MAKE = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)


def list_documents():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("name", list_documents())
def test_links_lead_somewhere(name):
    document = ROOT / name
    targets = [target.split("#")[0] for target in LINK.findall(document.read_text(encoding="utf-8"))]
    local = [target for target in targets if target and not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("name", list_documents())
def test_make_targets_that_are_named_exist(name):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert set(MAKE.findall((ROOT / name).read_text(encoding="utf-8"))) <= targets


def test_every_example_has_a_readme_and_stands_in_the_main_one():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    examples = [path for path in (ROOT / "examples").iterdir() if path.is_dir() and list(path.glob("*.yaml"))]
    assert examples
    for example in examples:
        assert (example / "README.md").is_file(), example.name
        assert f"examples/{example.name}" in readme, example.name

"""The workflows that the documents show are valid, without a warning."""

import re
from pathlib import Path

import pytest

from kapell.language import read_document, validate

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def list_workflows():
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]:
        for number, match in enumerate(BLOCK.finditer(path.read_text(encoding="utf-8")), 1):
            if match[1].startswith("document:"):
                yield pytest.param(match[1], id=f"{path.relative_to(ROOT)}-{number}")


@pytest.mark.parametrize("text", list(list_workflows()))
def test_a_workflow_in_a_document_is_valid(text):
    assert validate(read_document(text, "document.md")).problems == ()


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.yaml")), ids=lambda path: path.stem)
def test_an_example_is_valid_without_a_warning(path):
    assert validate(read_document(path.read_bytes(), path.name)).problems == ()

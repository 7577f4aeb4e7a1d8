"""The size report measures what it says, and fails where something long does not explain itself."""

import ast
import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "size_report.py"


@pytest.fixture
def report(tmp_path, monkeypatch):
    specification = importlib.util.spec_from_file_location("size_report", TOOL)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(
        module, "list_python_files", lambda: [path.relative_to(tmp_path) for path in tmp_path.rglob("*.py")]
    )
    (tmp_path / "src").mkdir()
    return module


def test_a_docstring_does_not_count(report):
    source = 'def f():\n    """One.\n\n    Two.\n    """\n    return 1\n'
    (size,) = report.measure_functions(Path("f.py"), ast.parse(source), source.splitlines())
    assert size.lines == 2


@pytest.mark.parametrize(("explanation", "exit_code"), [("", 1), ("# Long because a table is one thing.\n", 0)])
def test_a_long_module_must_explain_itself(report, tmp_path, explanation, exit_code):
    (tmp_path / "src" / "long.py").write_text(explanation + "a = 1\n" * 601)
    assert report.main() == exit_code


@pytest.mark.parametrize(("explanation", "exit_code"), [("", 1), ("    # Long because it is a list.\n", 0)])
def test_a_long_function_must_explain_itself(report, tmp_path, explanation, exit_code):
    (tmp_path / "src" / "long.py").write_text("def f():\n" + explanation + "    a = 1\n" * 61)
    assert report.main() == exit_code


def test_short_things_pass(report, tmp_path):
    (tmp_path / "src" / "short.py").write_text("def f():\n    return 1\n")
    assert report.main() == 0

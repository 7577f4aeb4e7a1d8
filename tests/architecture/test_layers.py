"""The map: each folder of the package stands on it, and the contract of the layers is one that can fail."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def run_import_linter(cwd, config):
    command = [sys.executable, "-c", "import importlinter.cli as c; c.lint_imports_command()", "--no-cache", "--config"]
    return subprocess.run([*command, str(config)], check=False, cwd=cwd, capture_output=True, text=True, timeout=60)


def test_every_module_at_the_top_stands_on_the_map():
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(c for c in configuration["tool"]["importlinter"]["contracts"] if c["id"] == "layers")["layers"]
    on_the_map = {word.strip("()") for layer in layers for word in layer.replace("|", ":").split(" ")} - {":"}
    package = ROOT / "src" / "kapell"
    present = {path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert present - {"__init__", "__main__"} <= on_the_map


def test_every_module_at_the_top_stands_in_the_architecture():
    drawn = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("```")[1]
    package = ROOT / "src" / "kapell"
    present = {path.name for path in package.glob("*.py")} - {"__init__.py", "__main__.py"}
    present |= {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    assert [name for name in sorted(present) if name not in drawn] == []


def test_a_forbidden_import_is_found(tmp_path):
    package = tmp_path / "sample"
    for name in ("kernel", "engine"):
        (package / name).mkdir(parents=True)
    for folder in (package, package / "kernel", package / "engine"):
        (folder / "__init__.py").write_text("")
    (package / "kernel" / "__init__.py").write_text("import sample.engine\nimport asyncio\n")
    config = tmp_path / "contract.toml"
    config.write_text(
        "[tool.importlinter]\nroot_package = 'sample'\ninclude_external_packages = true\n"
        "[[tool.importlinter.contracts]]\nid = 'layers'\nname = 'layers'\ntype = 'layers'\n"
        "containers = ['sample']\nexhaustive = true\nlayers = ['engine', 'kernel']\n"
        "[[tool.importlinter.contracts]]\nid = 'pure'\nname = 'pure'\ntype = 'forbidden'\n"
        "source_modules = ['sample.kernel']\nforbidden_modules = ['asyncio']\n"
    )
    result = run_import_linter(tmp_path, config)
    assert result.returncode == 1
    assert "layers BROKEN" in result.stdout
    assert "pure BROKEN" in result.stdout


def test_the_kernel_makes_no_ids_by_chance():
    pure = [path for folder in ("kernel", "language") for path in (ROOT / "src" / "kapell" / folder).rglob("*.py")]
    assert pure
    assert [path.name for path in pure if "make_run_id" in path.read_text(encoding="utf-8")] == []

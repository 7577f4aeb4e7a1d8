"""Report how large modules and functions are, and fail where one is too large and does not say why.

The guides: half of the modules have at most 120 lines; think at 400; explain at 600. Nine functions in ten have under
30 lines (their docstring not counted); explain at 60. To explain, write a comment `# Long because ...` among the
module's first 30 lines, or within the function's first 12.
"""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
GUIDED = ("src", "tools", "benchmarks", "examples")
MODULE_LIMIT = 600
FUNCTION_LIMIT = 60
FUNCTION_GUIDE = 30
MODULE_HEAD = 30
FUNCTION_HEAD = 12
EXPLANATION = "# Long because "
SHOWN = 8


class Size(NamedTuple):
    """How long one thing is.

    Attributes:
        lines: Its length; a function's docstring is not counted.
        place: Where it stands, as `path` or `path:line name`.
        explained: Whether it says why it is long.
    """

    lines: int
    place: str
    explained: bool


def list_python_files() -> list[Path]:
    """List the Python files of the project that git tracks or would track, as paths relative to the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.py"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 -- fixed words
    return sorted(Path(name) for name in set(listed.stdout.split("\0")) if name and (ROOT / name).is_file())


def measure_functions(path: Path, tree: ast.Module, lines: list[str]) -> list[Size]:
    """Measure each function and method of a module, nested ones too."""
    sizes = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first, last = node.lineno, node.end_lineno or node.lineno
        length = last - first + 1
        opening = node.body[0]
        if ast.get_docstring(node, clean=False) is not None:
            length -= (opening.end_lineno or opening.lineno) - opening.lineno + 1
        head_end = (opening.end_lineno or opening.lineno) + FUNCTION_HEAD
        explained = any(EXPLANATION in line for line in lines[max(0, first - 3) : head_end])
        sizes.append(Size(length, f"{path}:{first} {node.name}", explained))
    return sizes


def measure(paths: list[Path]) -> tuple[list[Size], list[Size]]:
    """Measure modules and their functions.

    Returns:
        The sizes of the modules, and those of all their functions.
    """
    modules: list[Size] = []
    functions: list[Size] = []
    for path in paths:
        text = (ROOT / path).read_text(encoding="utf-8")
        lines = text.splitlines()
        if lines:
            modules.append(Size(len(lines), str(path), any(EXPLANATION in line for line in lines[:MODULE_HEAD])))
            functions += measure_functions(path, ast.parse(text), lines)
    return modules, functions


def print_tail(title: str, sizes: list[Size]) -> None:
    """Print the median, the ninth decile and the largest of some sizes."""
    lengths = sorted(size.lines for size in sizes)
    if not lengths:
        return
    ninth = lengths[min(len(lengths) - 1, len(lengths) * 9 // 10)]
    median = statistics.median(lengths)
    print(f"{title}: {len(lengths)}, median {median:g} lines, nine in ten up to {ninth}, largest {lengths[-1]}")
    for size in sorted(sizes, reverse=True)[:SHOWN]:
        print(f"  {size.lines:5}  {size.place}{'  (explained)' if size.explained else ''}")


def main() -> int:
    """Print the report; give 1 where something is too large without an explanation."""
    paths = list_python_files()
    modules, functions = measure([path for path in paths if path.parts[0] in GUIDED])
    test_modules, test_functions = measure([path for path in paths if path.parts[0] == "tests"])
    print_tail("modules", modules)
    print_tail("functions", functions)
    print_tail("test modules", test_modules)
    if functions:
        short = sum(size.lines < FUNCTION_GUIDE for size in functions) / len(functions)
        ratio = sum(size.lines for size in test_modules) / sum(size.lines for size in modules)
        print(f"functions under {FUNCTION_GUIDE} lines: {short:.0%}; lines of tests a line of code: {ratio:.1f}")
    too_large = [size for size in modules + test_modules if size.lines > MODULE_LIMIT and not size.explained]
    too_large += [size for size in functions + test_functions if size.lines > FUNCTION_LIMIT and not size.explained]
    for size in too_large:
        print(f"too large without '{EXPLANATION}...': {size.place} ({size.lines} lines)", file=sys.stderr)
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())

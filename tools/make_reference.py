"""Write the reference pages that the code itself knows best: `docs/reference/`.

With `--check` it writes nothing and fails where a page is not what the code says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from reference.access import make_access_page
from reference.api import make_api_pages
from reference.client import make_client_page
from reference.commands import make_commands_page
from reference.errors import make_errors_page
from reference.expressions import make_expressions_page
from reference.language import make_language_pages
from reference.markdown import NOTICE
from reference.metrics import make_metrics_page
from reference.settings import make_settings_page

from kapell.language.schema import make_json_schema

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"


def make_pages() -> dict[str, str]:
    """Return every page by its file name, relative to the reference's folder."""
    return {
        "access.md": make_access_page(),
        "client.md": make_client_page(),
        "commands.md": make_commands_page(),
        "errors.md": make_errors_page(),
        "metrics.md": make_metrics_page(),
        "settings.md": make_settings_page(),
        "language/expressions.md": make_expressions_page(),
        "workflow.schema.json": json.dumps(make_json_schema(), indent=2, ensure_ascii=False) + "\n",
        **make_api_pages(),
        **make_language_pages(),
    }


def list_leftovers(pages: dict[str, str]) -> list[Path]:
    """Return the pages in the folder that were made once and are made no more."""
    found = [path for path in FOLDER.rglob("*.md") if str(path.relative_to(FOLDER)) not in pages]
    return sorted(path for path in found if NOTICE in path.read_text(encoding="utf-8"))


def main(arguments: list[str]) -> int:
    """Write the pages, or check them; give 1 where a checked page is out of date."""
    pages = make_pages()
    stale = [name for name, text in pages.items() if _read(FOLDER / name) != text]
    leftovers = list_leftovers(pages)
    if "--check" in arguments:
        names = [*stale, *(path.name for path in leftovers)]
        if names:
            print(f"out of date: {', '.join(names)}; run `make docs`", file=sys.stderr)
        return 1 if names else 0
    for name in stale:
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(pages[name], encoding="utf-8")
        print(f"wrote docs/reference/{name}")
    for path in leftovers:
        path.unlink()
        print(f"removed docs/reference/{path.relative_to(FOLDER)}")
    return 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

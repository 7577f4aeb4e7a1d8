"""Write the reference pages that the code itself knows best: `docs/reference/`.

With `--check` it writes nothing and fails where a page is not what the code says.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kapell.language.schema import make_json_schema
from kapell.settings import PREFIX, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
ATTRIBUTE = re.compile(r"^        (\w+): (.*(?:\n            .*)*)", re.MULTILINE)
NOTICE = "<!-- Made by `make docs` from the code; change it there. -->\n\n"


def read_attributes(documented: type) -> dict[str, str]:
    """Return what a class's docstring says of each attribute.

    Raises:
        ValueError: A field is not documented, or something is documented that is no field.
    """
    found = {name: " ".join(text.split()) for name, text in ATTRIBUTE.findall(documented.__doc__ or "")}
    fields = set(getattr(documented, "__struct_fields__", ()))
    if fields != set(found):
        raise ValueError(f"{documented.__name__} documents {sorted(found)} and has {sorted(fields)}")
    return found


def make_settings_page() -> str:
    """Return the page of the settings, in the order in which they are declared."""
    meanings, defaults = read_attributes(Settings), Settings()
    rows = [
        f"| `{PREFIX}{name.upper()}` | {show_default(getattr(defaults, name))} | {meanings[name]} |"
        for name in Settings.__struct_fields__
    ]
    return (
        "# Settings\n\n"
        + NOTICE
        + "Each is an environment variable. A name that is none of these is refused, with the likeliest one.\n\n"
        + "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows, ""])
    )


def show_default(value: object) -> str:
    """Return a default as the page shows it."""
    return "" if value in ("", None) else f"`{value}`"


def make_schema_page() -> str:
    """Return the JSON Schema of workflows, which editors complete and check by."""
    return json.dumps(make_json_schema(), indent=2, ensure_ascii=False) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": make_settings_page,
    "workflow.schema.json": make_schema_page,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or check them; give 1 where a checked page is out of date."""
    stale = []
    for name, make_page in PAGES.items():
        path, text = FOLDER / name, make_page()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if "--check" in arguments:
            stale.append(name)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(FOLDER.parent.parent)}")
    if stale:
        print(f"out of date: {', '.join(stale)}; run `make docs`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

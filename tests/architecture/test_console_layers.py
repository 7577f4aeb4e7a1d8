"""The console's map: each layer imports only what is below it, and a feature no other but `session`."""

from __future__ import annotations

import re
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "web" / "src"
ALLOWED = {
    "lib": {"api"},
    "api": set(),
    "graph": {"lib", "api"},
    "ui": {"lib", "api", "graph"},
    "features": {"lib", "api", "graph", "ui"},
    "app": {"lib", "api", "graph", "ui", "features"},
}
SHARED_FEATURE = "session"
IMPORT = re.compile(r"""(?:from|import\(|import)\s*["']([^"']+)["']""")


def list_imports():
    """Give each file of the console, and what it imports, both as paths below `src`."""
    for path in sorted(SOURCE.rglob("*.ts*")):
        for target in IMPORT.findall(path.read_text()):
            if target.startswith("@/"):
                yield path.relative_to(SOURCE), Path(target[2:])
            elif target.startswith("."):
                yield path.relative_to(SOURCE), (path.parent / target).resolve().relative_to(SOURCE)


def place(path):
    """Return the layer and, in a feature, its name."""
    return path.parts[0], path.parts[1] if path.parts[0] == "features" else ""


def test_every_layer_imports_only_what_is_below_it():
    wrong = []
    for importer, imported in list_imports():
        (layer, feature), (below, other) = place(importer), place(imported)
        if len(importer.parts) == 1 or (layer == below == "features" and other in {feature, SHARED_FEATURE}):
            continue
        if below not in ALLOWED[layer] | ({layer} - {"features"}):
            wrong.append(f"{importer} imports {imported}")
    assert wrong == []


def test_what_is_framework_free_knows_no_react():
    found = [
        str(path.relative_to(SOURCE))
        for layer in ("graph", "lib")
        for path in (SOURCE / layer).rglob("*.ts*")
        if re.search(r"""from ["'](?:react|@mantine|@tanstack|@xyflow)""", path.read_text())
    ]
    assert found == []

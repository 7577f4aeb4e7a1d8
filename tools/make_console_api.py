"""Write web/src/api/schema.ts: the types of the API for the console, from the OpenAPI document of this code.

    python tools/make_console_api.py [--check]

With `--check` nothing is written: the exit code says whether the file is what it would be.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from kapell.api.application import make_document

WEB = Path(__file__).resolve().parents[1] / "web"
SCHEMA = WEB / "src" / "api" / "schema.ts"
_OPTIONS = ["--default-non-nullable=false", "--root-types", "--root-types-no-schema-prefix", "--alphabetize"]


def make_schema() -> str:
    """Return what the file should hold; `npm ci` must have been done in web/."""
    document = make_document()
    for operations in document["paths"].values():
        for operation in operations.values():
            # Problems are the same everywhere, and are thrown before a caller sees an answer.
            operation["responses"] = {
                status: said for status, said in operation["responses"].items() if status.startswith("2")
            }
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "openapi.json"), Path(folder, "schema.ts")
        source.write_text(json.dumps(document))
        program = WEB / "node_modules" / ".bin" / "openapi-typescript"
        command = [program, source, "--output", target, *_OPTIONS]
        made = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 -- our own command
        if made.returncode:
            raise SystemExit(made.stdout + made.stderr)
        return target.read_text()


def main() -> None:
    """Write the file, or check it."""
    schema = make_schema()
    if "--check" not in sys.argv:
        SCHEMA.write_text(schema)
    elif schema != SCHEMA.read_text():
        raise SystemExit("web/src/api/schema.ts is not what the API says: run `make schema`.")


if __name__ == "__main__":
    main()

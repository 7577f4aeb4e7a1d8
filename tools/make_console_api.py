"""Write what the console knows of this code: the types of the API, and the schema of workflows for its editor.

These are web/src/api/schema.ts, made from the OpenAPI document, and web/src/api/workflow.schema.json.

    python tools/make_console_api.py [--check]

With `--check` nothing is written: the exit code says whether the files are what they would be.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from kapell.api.application import make_document
from kapell.language import make_json_schema

WEB = Path(__file__).resolve().parents[1] / "web"
API = WEB / "src" / "api"
_OPTIONS = ["--default-non-nullable=false", "--root-types", "--root-types-no-schema-prefix", "--alphabetize"]


def make_types() -> str:
    """Return the types of the API; `npm ci` must have been done in web/."""
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
        command = [str(program), str(source), "--output", str(target), *_OPTIONS]
        made = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 -- our own command
        if made.returncode:
            raise SystemExit(made.stdout + made.stderr)
        return target.read_text()


def main() -> None:
    """Write the files, or check them."""
    files = {
        API / "schema.ts": make_types(),
        API / "workflow.schema.json": json.dumps(make_json_schema(), indent=1, ensure_ascii=False) + "\n",
    }
    for file, text in files.items():
        if "--check" not in sys.argv:
            file.write_text(text)
        elif not file.is_file() or file.read_text() != text:
            raise SystemExit(f"web/src/api/{file.name} is not what the code says: run `make schema`.")


if __name__ == "__main__":
    main()

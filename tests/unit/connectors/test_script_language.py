"""Which JavaScript is a module."""

from __future__ import annotations

import pytest

from kapell.connectors.process.script import is_module


@pytest.mark.parametrize(
    "code",
    [
        "import 'x'",
        "// a comment\nimport { a } from 'b';",
        "import * as a from 'x'",
        "import a, { b } from 'x'",
        "console.log('http://x')\nimport fs from 'fs'",
        "export default 1",
        "export { a }",
        "const x = await f()",
        "await f()",
        "for await (const x of y) {}",
        "console.log(import.meta.url)",
    ],
)
def test_what_imports_exports_or_awaits_at_the_top_is_a_module(code):
    assert is_module(code)


@pytest.mark.parametrize(
    "code",
    [
        "console.log(process.argv)",
        "const a = require('x')\n/*\nimport x\n*/",
        "const s = `\nimport x from y\n`",
        "const s = 'import.meta'",
        "import('x').then(console.log)",
        "async function f() {\n  await x\n}",
        "const y = 1; // import x\nlet exported = 1",
        "importing()",
        "",
    ],
)
def test_everything_else_is_none(code):
    assert not is_module(code)

"""What validates and cannot run yet is named with its task."""

from __future__ import annotations

import pytest

from kapell.language import list_unsupported, load_workflow, read_document

HEAD = "document: {dsl: 1.0.3, namespace: test, name: sample, version: 1.0.0}\n"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("do: [{a: {do: [{b: {run: {container: {image: x}}}}]}}]", "`run: container` (task `b`)"),
        (
            "do: [{a: {call: 'log:1.0.0@default', with: {}}}]",
            "functions of a catalog (`call: log:1.0.0@default`) (task `a`)",
        ),
        ("do: [{a: {call: 'https://a.b/f.yaml', with: {}}}]", "`call: https://a.b/f.yaml` (task `a`)"),
        (
            "do: [{a: {call: mcp, with: {method: tools/list, transport: {stdio: {command: x}}}}}]",
            "`call: mcp` (task `a`)",
        ),
        ("do: [{a: {run: {script: {language: ruby, code: x}}}}]", "scripts in `ruby` (task `a`)"),
        ("use: {authentications: {a: {oauth2: {}}}}\ndo: [{a: {set: {x: 1}}}]", "`oauth2` authentication"),
        (
            (
                "do: [{a: {call: http, with: {method: get, endpoint: {uri: 'https://a.b', authentication: "
                "{digest: {username: x, password: y}}}}}}]"
            ),
            "`digest` authentication (task `a`)",
        ),
        (
            "use: {extensions: [{e: {extend: call, before: [{b: {set: {x: 1}}}]}}]}\ndo: [{a: {set: {x: 1}}}]",
            "extensions (`e`)",
        ),
        (
            "input: {schema: {format: avro, document: {}}}\ndo: [{a: {set: {x: 1}}}]",
            "schemas in the format `avro`",
        ),
        (
            "use: {functions: {f: {run: {container: {image: x}}}}}\ndo: [{a: {call: f}}]",
            "`run: container` (task `f`)",
        ),
    ],
)
def test_what_is_not_supported_is_named(body: str, said: str) -> None:
    workflow = load_workflow(HEAD + body)
    (problem,) = list_unsupported(workflow)
    assert problem.message == f"not supported yet: {said}"


def test_the_place_is_told_where_the_document_is_at_hand() -> None:
    document = read_document(HEAD + "do:\n  - a:\n      run: {container: {image: x}}\n", "w.yaml")
    (problem,) = list_unsupported(load_workflow(document.text), document)
    assert str(problem) == "w.yaml:3:5: error: not supported yet: `run: container` (task `a`)"


def test_what_is_supported_is_not_named() -> None:
    workflow = load_workflow(
        HEAD
        + """\
use:
  functions: {f: {set: {x: 1}}}
  authentications: {a: {basic: {username: x, password: y}}}
do:
  - a: {call: http, with: {method: get, endpoint: {uri: 'https://a.b', authentication: {use: a}}}}
  - b: {call: openapi, with: {document: {endpoint: 'https://a.b'}, operationId: x}}
  - c: {run: {shell: {command: ls}}}
  - d: {run: {script: {language: python, code: x}}}
  - e: {call: f}
  - f: {emit: {event: {with: {type: x, source: 'https://a.b'}}}}
  - g: {listen: {to: {any: [], until: {one: {with: {type: x}}}}, read: raw}, foreach: {do: [{h: {set: {y: 1}}}]}}
schedule: {on: {one: {with: {type: x}}}}
"""
    )
    assert list_unsupported(workflow) == ()

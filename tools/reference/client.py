"""The page of the Python client, from its docstrings."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kapell.client import AsyncClient, Client
from kapell.client import errors as client_errors
from kapell.client import wire as wire_package
from kapell.client.operations import listing, operation, procedure, streaming
from kapell.client.resources import resources
from kapell.errors import KapellError
from reference.markdown import make_page, make_table, read_attributes, read_section, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_INTRODUCTION: Final = """\
`kapell.client` asks a server from a Python program: `Client` for programs without an event loop, `AsyncClient` for those with
one, where every method is awaited and every iterator is asynchronous. [The tutorial](../tutorial/run-over-the-api.md#from-a-program)
uses it first.

```python
from kapell.client import Client

with Client("https://kapell.example", token="kpl_...") as client:
    run = client.runs.start("shop", "ship", input={"grams": "750"})
    print(client.runs.wait(run.run_id).output)
```

Errors are those of the server, as the classes of `kapell.errors` with the same [codes](errors.md), and the four below."""

_SHAPES: Final = {
    operation: ("{0}", r"Call\[(.*)\]"),
    procedure: ("{0}", r"Generator\[Step, Any, (.*)\]"),
    listing: ("iterator of {0}", r"Call\[Page\[(.*)\]\]"),
    streaming: ("iterator of {0}, live", r"Stream\[(.*)\]"),
}
"""Kind of method -> what it returns, and where the annotation says of what."""


_LONGEST_LINE: Final = 100


def make_client_page() -> str:
    """Return the page of the client."""
    shown = read_attributes(resources.Resources.__doc__)
    classes = {name: _find_class(name) for name in shown}
    names = [(f"[`client.{name}`](#client{name})", about) for name, about in shown.items()]
    types = dict(_iter_types())
    return make_page(
        "Python client",
        _INTRODUCTION,
        "## Client",
        f"```text\n{_sign('Client', inspect.signature(Client.__init__))}\n```",
        read_text(Client.__doc__),
        _list_section(Client.__init__.__doc__, "Args"),
        "## AsyncClient",
        read_text(AsyncClient.__doc__),
        "## What it can do",
        make_table(("resource", "what it is for"), names),
        *(part for name, kind in classes.items() for part in _describe_resource(name, kind, types)),
        "## Errors of the client",
        make_table(("class", "code", "what it means"), _list_errors()),
        "## Types",
        "What methods return: frozen structs (msgspec), whose members are listed.",
        *(part for name in sorted(types) for part in _describe_type(name, types[name], types)),
    )


def _find_class(attribute: str) -> type:
    source = inspect.getsource(resources.Resources)
    found = re.search(rf"self\.{attribute}: (\w+)\[S\]", source)
    assert found is not None, attribute
    kind: type = getattr(resources, found[1])
    return kind


def _describe_resource(name: str, kind: type, types: dict[str, type]) -> Iterator[str]:
    yield f"## client.{name}"
    yield read_text(kind.__doc__)
    for method_name, method in vars(kind).items():
        if type(method) in _SHAPES:
            signature = inspect.signature(method.describe)
            yield f"### {name}.{method_name}"
            yield f"```python\n{_sign(f'def {method_name}', signature)}: ...\n```"
            yield read_text(method.describe.__doc__)
            yield _list_section(method.describe.__doc__, "Args")
            returned = _say_returned(type(method), str(signature.return_annotation), types)
            raised = ", ".join(f"`{error}`" for error in _names_in(method.describe.__doc__, "Raises"))
            yield f"Returns {returned}." + (f" Raises {raised}." if raised else "")


def _sign(name: str, signature: inspect.Signature) -> str:
    """Return a call as it is declared, a line for each argument if it is long."""
    kept = [
        str(each.replace(annotation=_plain(each.annotation)))
        for each in signature.parameters.values()
        if each.name != "self"
    ]
    keyword = [each for each in signature.parameters.values() if each.kind is each.KEYWORD_ONLY]
    if keyword:
        kept.insert(len(kept) - len(keyword), "*")
    line = f"{name}({', '.join(kept)})"
    return line if len(line) <= _LONGEST_LINE else "\n".join([f"{name}(", *(f"    {each}," for each in kept), ")"])


def _plain(annotation: Any) -> Any:
    return _Words(annotation) if isinstance(annotation, str) else annotation


class _Words(str):
    """An annotation that is shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _say_returned(kind: type, annotation: str, types: dict[str, type]) -> str:
    shape, pattern = _SHAPES[kind]
    found = re.fullmatch(pattern, annotation)
    name = found[1] if found else annotation
    return "nothing" if name == "None" else shape.format(_link(name, types))


def _link(annotation: str, types: dict[str, type]) -> str:
    """Return an annotation with links to the types on this page."""
    text = re.sub(r"\bwire\.", "", annotation).replace("'", "")
    return re.sub(r"\w+", lambda word: f"[{word[0]}](#type-{word[0].lower()})" if word[0] in types else word[0], text)


def _list_section(docstring: str | None, section: str) -> str:
    return "\n".join(f"- `{name}`: {about}" for name, about in read_section(docstring, section).items())


def _names_in(docstring: str | None, section: str) -> list[str]:
    return list(read_section(docstring, section)) or re.findall(r"Raises `(\w+)`", docstring or "")


def _list_errors() -> list[tuple[str, str, str]]:
    kinds = [kind for kind in vars(client_errors).values() if isinstance(kind, type) and issubclass(kind, KapellError)]
    return [
        (f"`{kind.__name__}`", f"`{kind.code}`", read_text(kind.__doc__)) for kind in kinds if kind is not KapellError
    ]


def _iter_types() -> Iterator[tuple[str, type]]:
    for module in _list_modules():
        for name, kind in vars(module).items():
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__:
                yield name, kind


def _list_modules() -> list[ModuleType]:
    return [
        importlib.import_module(found.name)
        for found in pkgutil.iter_modules(wire_package.__path__, f"{wire_package.__name__}.")
    ]


def _describe_type(name: str, kind: type, types: dict[str, type]) -> Iterator[str]:
    yield f"### type {name}"
    yield read_text(kind.__doc__)
    meanings = read_attributes(kind.__doc__)
    annotations = {
        key: value for base in reversed(kind.__mro__) for key, value in vars(base).get("__annotations__", {}).items()
    }
    fields = getattr(kind, "__struct_fields__", ())
    rows = [(f"`{field}`", _link(str(annotations[field]), types), meanings.get(field, "")) for field in fields]
    yield make_table(("member", "type", "what it is"), rows)

"""The pages of the API: an overview, a page for each area, and one of all bodies; from the OpenAPI document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from kapell.api.application import PREFIX, list_permissions, make_routes
from reference.markdown import make_page, make_table, read_attributes, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

Operation = tuple[str, str, dict[str, Any]]
"""Method, path, and what the OpenAPI document says of them."""

INTRODUCTION: Final = f"""\
All requests but those for health begin with `{PREFIX}`. `{PREFIX}/openapi.json` is this reference for programs (OpenAPI
3.1); [`kapell.client`](client.md) is the client for Python.

**Who is calling.** A request carries an API token, `Authorization: Bearer kpl_...`, or the cookie of a session that
`POST {PREFIX}/sign-in` opened. A browser's requests with a cookie must come from the server's own origin.

**What the caller may do.** Each request names the [permission](access.md) that it needs. A permission is held in
namespaces; what is outside of them is not there for the caller, in lists too. Where no permission is named, any caller who is
known may ask, for what is their own; *public* requests need no caller.

**Bodies** are JSON objects; a member that is not known is refused. Times are ISO 8601 with a zone, in answers UTC.

**Lists** come in pages: `limit` says how many at most, and `next` of the answer is the `cursor` of the next page; it is null on
the last one.

**Errors** are problem documents with a [code](errors.md), a sentence and a hint.

**Sending again.** A run is started once for each `Idempotency-Key`, however often the request is sent, for seven days. Other
writes say what they found (`409 conflict`) when they are repeated.

**Live events** are Server-Sent Events. Each has an id; a client that reconnects with the header `Last-Event-ID` misses
nothing. `event: end` is the last one of a run."""

_REFERENCE: Final = "#/components/schemas/"
_INTERNAL: Final = ("HTTPValidationError", "ValidationError")
"""Schemas that FastAPI adds and no request uses."""


def make_api_pages() -> dict[str, str]:
    """Return the pages by file name, relative to the reference's folder."""
    app = make_routes()
    document = app.openapi()
    needed = {(method, path): permission for method, path, permission in list_permissions(app)}
    areas = _group_operations(document, needed)
    pages = {f"api/{_file_of(area)}.md": _make_area_page(area, operations) for area, operations in areas.items()}
    return {"api.md": _make_overview(areas), "api/types.md": _make_types_page(document), **pages}


def _group_operations(
    document: dict[str, Any], needed: dict[tuple[str, str], str | None]
) -> dict[str, list[Operation]]:
    found: dict[str, list[Operation]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["x-permission"] = needed[method.upper(), path]
            found.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    return found


def _make_overview(areas: dict[str, list[Operation]]) -> str:
    tables = []
    for area, operations in areas.items():
        page = f"api/{_file_of(area)}.md"
        rows = [
            (f"[`{method} {path}`]({page}#{_anchor(method, path)})", _say_needed(operation), _summarize(operation))
            for method, path, operation in operations
        ]
        tables += [f"## {area.capitalize()}", make_table(("request", "permission", "what it does"), rows)]
    listed = "\n".join(["```{toctree}", ":hidden:", *(f"api/{_file_of(area)}" for area in areas), "api/types", "```"])
    return make_page("API", INTRODUCTION, listed, *tables)


def _make_area_page(area: str, operations: list[Operation]) -> str:
    sections = [part for operation in operations for part in _describe(*operation)]
    return make_page(f"API: {area}", *sections)


def _describe(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"## `{method} {path}`"
    yield read_text(operation.get("description") or operation["summary"])
    yield f"Permission: {_say_needed(operation) or 'none, but the caller must be known'}."
    rows = [
        (f"`{each['name']}`", each["in"], _say_type(each["schema"]), _say_parameter(each))
        for each in operation.get("parameters", ())
    ]
    if rows:
        yield make_table(("parameter", "in", "type", "meaning"), rows)
    if body := operation.get("requestBody"):
        kinds = [_say_type(content["schema"]) or name for name, content in body["content"].items()]
        yield f"Body: {' or '.join(kinds)}."
    for status, response in operation["responses"].items():
        if status < "400":
            yield f"Answer: {_say_answer(status, response)}."


def _say_needed(operation: dict[str, Any]) -> str:
    permission = operation["x-permission"]
    return "public" if permission is None else f"`{permission}`" if permission else ""


def _say_answer(status: str, response: dict[str, Any]) -> str:
    kinds = [
        _say_type(content.get("schema", {})) if name == "application/json" else f"`{name}`"
        for name, content in response.get("content", {}).items()
    ]
    text = response.get("description", "").rstrip(".")
    about = f", {text[0].lower()}{text[1:]}" if text not in {"", "Done", "Successful Response"} else ""
    return f"`{status}`" + (f" with {' or '.join(kind or 'any JSON' for kind in kinds)}" if kinds else "") + about


def _say_parameter(parameter: dict[str, Any]) -> str:
    about = str(parameter.get("description", ""))
    schema = parameter["schema"]
    default = schema.get("default")
    limits = [
        f"{word} {schema[key]:g}" for key, word in (("minimum", "at least"), ("maximum", "at most")) if key in schema
    ]
    notes = [*([f"`{default}` unless given"] if default not in (None, "", []) else []), *limits]
    required = "Required. " if parameter.get("required") and parameter["in"] != "path" else ""
    return required + " ".join(filter(None, [about, f"({', '.join(notes)})" if notes else ""]))


def _make_types_page(document: dict[str, Any]) -> str:
    schemas = {
        name: schema
        for name, schema in document["components"]["schemas"].items()
        if name not in _INTERNAL and not name.startswith("Page_")
    }
    sections = [part for name in sorted(schemas) for part in _describe_type(name, schemas[name])]
    introduction = (
        "What requests and answers are made of. A `Page` of a type holds `items`, and `next`, a cursor or null."
    )
    return make_page("API: types", introduction, *sections)


def _describe_type(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"## {name}"
    yield read_text(schema.get("description"))
    meanings = read_attributes(schema.get("description"))
    required = schema.get("required", ())
    rows = [
        (f"`{field}`", _say_type(each), "" if field in required else "optional", meanings.get(field, ""))
        for field, each in schema.get("properties", {}).items()
    ]
    yield make_table(("member", "type", "", "meaning"), rows)


def _say_type(schema: dict[str, Any]) -> str:
    """Return a JSON Schema in words, with links to the types of our own."""
    if reference := schema.get("$ref"):
        return _link_type(reference.removeprefix(_REFERENCE))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if alternatives := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_say_type(each) for each in alternatives))
    kind = schema.get("type", "any JSON" if set(schema) <= {"default", "title", "description"} else "")
    if kind == "array":
        return f"list of {_say_type(schema.get('items', {})) or 'any JSON'}"
    return "object" if kind == "object" else str(kind)


def _link_type(name: str) -> str:
    if name.startswith("Page_"):
        return f"a page of {_link_type(name.removeprefix('Page_').removesuffix('_'))}"
    return f"[{name}](types.md#{name.lower()})"


def _summarize(operation: dict[str, Any]) -> str:
    return read_text(operation.get("description") or operation["summary"]).splitlines()[0]


def _file_of(area: str) -> str:
    return area.replace(" ", "-")


def _anchor(method: str, path: str) -> str:
    return re.sub(r"[^\w\- ]", "", f"{method} {path}".lower()).replace(" ", "-")

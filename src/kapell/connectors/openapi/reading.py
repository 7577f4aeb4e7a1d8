"""From a parsed document to its operations: what OpenAPI 3 and Swagger 2 have in common, and what each has alone."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from kapell.connectors.openapi.operation import (
    BodyShape,
    Operation,
    Parameter,
    choose_accepted,
    choose_media_type,
)
from kapell.connectors.openapi.references import Library, Node, make_document_error
from kapell.connectors.openapi.schema import read_shape
from kapell.sdk import ActivityError

if TYPE_CHECKING:
    from collections.abc import Iterator

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_DEFAULT_STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
# Swagger 2's collectionFormat as OpenAPI 3's style and explode, for queries and forms.
_COLLECTION_STYLES = {
    "csv": ("form", False),
    "multi": ("form", True),
    "ssv": ("spaceDelimited", False),
    "pipes": ("pipeDelimited", False),
    "tsv": ("tabDelimited", False),
}


class ApiDescription:
    """A document's operations, each read when it is first called."""

    def __init__(self, uri: str, library: Library, document: Any) -> None:
        """Describe the document at `uri`, whose references lead into `library`.

        Raises:
            ActivityError: It is not an OpenAPI 3.x or Swagger 2.0 document.
        """
        self._library = library
        self._root = Node(uri, document)
        self._known: dict[str, Operation] = {}
        version = document.get("openapi", document.get("swagger")) if isinstance(document, dict) else None
        if not str(version).startswith(("3.", "2.0")):
            raise make_document_error(f"{uri} is not an OpenAPI 3.x or Swagger 2.0 document.")
        self._is_swagger = str(version).startswith("2.")

    def get_operation(self, operation_id: str) -> Operation:
        """Return an operation.

        Raises:
            ActivityError: The document has no operation of that id, or its description cannot be used.
        """
        known = self._known.get(operation_id)
        if known is None:
            known = self._known[operation_id] = self._read(operation_id)
        return known

    def _read(self, operation_id: str) -> Operation:
        found = []
        for path, method, item, node in self._iter_operations():
            name = node.get("operationId").value
            if name == operation_id:
                read = self._read_swagger if self._is_swagger else self._read_openapi
                return read(operation_id, path, method, item, node)
            found.append(str(name))
        close = get_close_matches(operation_id, found, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        detail = f"{self._root.uri} has no operation '{operation_id}'.{hint}"
        raise ActivityError("validation", 400, "Unknown operation", detail)

    def _iter_operations(self) -> Iterator[tuple[str, str, Node, Node]]:
        for path, reference in self._root.get("paths").list_members():
            item = self._library.resolve(reference)
            for method in _METHODS:
                node = item.get(method)
                if node.value is not None:
                    yield path, method, item, node

    def _read_parameters(self, item: Node, node: Node) -> list[Node]:
        """Return the parameters of a path and of its operation, of which the latter win."""
        merged: dict[tuple[Any, Any], Node] = {}
        for reference in item.get("parameters").list_items() + node.get("parameters").list_items():
            parameter = self._library.resolve(reference)
            merged[parameter.get("name").value, parameter.get("in").value] = parameter
        return list(merged.values())

    # -- OpenAPI 3 -------------------------------------------------------------------------------------------------

    def _read_openapi(self, operation_id: str, path: str, method: str, item: Node, node: Node) -> Operation:
        parameters = tuple(_make_parameter(each) for each in self._read_parameters(item, node))
        servers = [*node.get("servers").list_items(), *item.get("servers").list_items()]
        server = next(iter([*servers, *self._root.get("servers").list_items()]), Node(self._root.uri, {"url": "/"}))
        variables = {
            name: str(variable.get("default").value) for name, variable in server.get("variables").list_members()
        }
        answers = [
            media_type
            for _, reference in node.get("responses").list_members()
            for media_type, _ in self._library.resolve(reference).get("content").list_members()
        ]
        return Operation(
            operation_id=operation_id,
            method=method.upper(),
            server=_make_absolute(str(server.get("url").value or "/"), self._root.uri),
            server_variables=variables,
            path=path,
            parameters=parameters,
            body=self._read_request_body(node),
            accept=choose_accepted(answers),
        )

    def _read_request_body(self, node: Node) -> BodyShape | None:
        body = self._library.resolve(node.get("requestBody"))
        if body.value is None:
            return None
        content = dict(body.get("content").list_members())
        media_type = choose_media_type(list(content))
        shape = read_shape(self._library, content[media_type].get("schema") if media_type in content else body)
        return BodyShape(
            required=body.get("required").value is True,
            content_type=media_type,
            properties=shape.properties,
            is_open=shape.is_open,
            files=shape.files,
        )

    # -- Swagger 2 -------------------------------------------------------------------------------------------------

    def _read_swagger(self, operation_id: str, path: str, method: str, item: Node, node: Node) -> Operation:
        declared = self._read_parameters(item, node)
        plain = [each for each in declared if each.get("in").value != "body"]
        return Operation(
            operation_id=operation_id,
            method=method.upper(),
            server=self._find_swagger_server(node),
            path=path,
            parameters=tuple(_make_swagger_parameter(each) for each in plain),
            body=self._read_swagger_body(declared, self._list_types("consumes", node)),
            accept=choose_accepted(self._list_types("produces", node)),
        )

    def _list_types(self, name: str, node: Node) -> list[str]:
        own = node.get(name)
        return [str(each.value) for each in (self._root.get(name) if own.value is None else own).list_items()]

    def _find_swagger_server(self, node: Node) -> str:
        base = urlsplit(self._root.uri)
        schemes = [each.value for each in node.get("schemes").list_items() or self._root.get("schemes").list_items()]
        scheme = next((each for each in ("https", "http") if each in schemes), base.scheme)
        host = self._root.get("host").value or base.netloc.rpartition("@")[2]
        prefix = str(self._root.get("basePath").value or "").rstrip("/")
        return _make_absolute(f"{scheme}://{host}{prefix}", self._root.uri)

    def _read_swagger_body(self, declared: list[Node], consumes: list[str]) -> BodyShape | None:
        body = next((each for each in declared if each.get("in").value == "body"), None)
        if body is not None:
            shape = read_shape(self._library, body.get("schema"))
            return BodyShape(
                name=str(body.get("name").value),
                required=body.get("required").value is True,
                content_type=choose_media_type(consumes),
                properties=shape.properties,
                is_open=shape.is_open,
            )
        fields = [each for each in declared if each.get("in").value == "formData"]
        if not fields:
            return None
        has_file = any(each.get("type").value == "file" for each in fields)
        urlencoded = "application/x-www-form-urlencoded"
        multipart = has_file or (urlencoded not in consumes and "multipart/form-data" in consumes)
        return BodyShape(name="", content_type="multipart/form-data" if multipart else urlencoded)


def _make_parameter(node: Node) -> Parameter:
    location = str(node.get("in").value)
    style = str(node.get("style").value or _DEFAULT_STYLES.get(location, "form"))
    explode = node.get("explode").value
    return Parameter(
        name=str(node.get("name").value),
        location=location,
        required=node.get("required").value is True or location == "path",
        style=style,
        explode=style == "form" if explode is None else explode is True,
        allow_reserved=node.get("allowReserved").value is True,
        as_json=node.get("content").value is not None,
    )


def _make_swagger_parameter(node: Node) -> Parameter:
    location = str(node.get("in").value)
    style, explode = _COLLECTION_STYLES.get(str(node.get("collectionFormat").value or "csv"), ("form", False))
    if location in ("path", "header") and style == "form":
        style, explode = "simple", False
    return Parameter(
        name=str(node.get("name").value),
        location="form" if location == "formData" else location,
        required=node.get("required").value is True or location == "path",
        style=style,
        explode=explode,
        is_file=node.get("type").value == "file",
    )


def _make_absolute(server: str, document_uri: str) -> str:
    url = urljoin(document_uri, server).rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise make_document_error(f"The document names no server to call: '{server}', read from {document_uri}.")
    return url

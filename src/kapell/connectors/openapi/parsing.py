"""Documents as JSON or YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kapell.connectors.http.large_json import decode_large_json
from kapell.connectors.openapi.references import make_document_error

if TYPE_CHECKING:
    from kapell.connectors.http.documents import Document


def parse_document(document: Document) -> Any:
    """Parse a document; slow for large YAML, so that it is to be called off the event loop.

    Raises:
        ActivityError: It is neither JSON nor YAML 1.2.
    """
    if document.body.lstrip()[:1] == b"{":
        try:
            return decode_large_json(document.body)
        except (msgspec.DecodeError, RecursionError):
            pass  # a YAML mapping in flow style, perhaps; if not, YAML's message has the position
    try:
        return YAML(typ="safe", pure=True).load(document.body.decode())
    except (YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        text = " ".join(str(error).split())
        raise make_document_error(f"{document.uri} is neither JSON nor YAML: {text}.") from error

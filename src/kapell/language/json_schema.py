"""JSON Schemas of the author: compiled once, asked for each input, output and context that they describe."""

from __future__ import annotations

from typing import Any

import jsonschema_rs


class SchemaValidator:
    """A compiled JSON Schema (draft 2020-12 unless `$schema` names another); references outward are refused."""

    __slots__ = ("_validator",)

    def __init__(self, schema: Any) -> None:
        """Compile a schema.

        Raises:
            ValueError: The schema itself is wrong; the text says how.
        """
        try:
            self._validator = jsonschema_rs.validator_for(schema, retriever=_refuse)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            raise ValueError(f"this is no valid JSON Schema: {_describe(error)}") from error

    def find_problem(self, value: Any) -> str | None:
        """Return what is wrong with `value` and where, or `None` if it satisfies the schema."""
        if self._validator.is_valid(value):
            return None
        found = []
        for error in self._validator.iter_errors(value):
            place = "/".join(str(part) for part in error.instance_path)
            found.append(f"at /{place}: {error.message}" if place else error.message)
            if len(found) == _MOST_PROBLEMS:
                break
        return "; ".join(found)


_MOST_PROBLEMS = 3


def _refuse(uri: str) -> Any:
    raise ValueError(f"a schema may not refer to {uri}: only what stands in the schema itself can be used")


def _describe(error: Exception) -> str:
    return str(getattr(error, "message", error)).splitlines()[0]

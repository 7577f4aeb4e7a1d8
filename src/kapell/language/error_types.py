"""Errors as the language knows them: the standard types, the error object of RFC 9457, and how filters match types.

The specification writes its standard types in two ways, under two domains (decision 1). Inside, Kapell uses one of the
four forms; a filter may use any of them. Types that are not standard are compared as they stand.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

STANDARD_PREFIX: Final = "https://serverlessworkflow.io/spec/1.0.0/errors/"
"""What Kapell's form of a standard type begins with."""

CONFIGURATION: Final = f"{STANDARD_PREFIX}configuration"
VALIDATION: Final = f"{STANDARD_PREFIX}validation"
EXPRESSION: Final = f"{STANDARD_PREFIX}expression"
AUTHENTICATION: Final = f"{STANDARD_PREFIX}authentication"
AUTHORIZATION: Final = f"{STANDARD_PREFIX}authorization"
TIMEOUT: Final = f"{STANDARD_PREFIX}timeout"
COMMUNICATION: Final = f"{STANDARD_PREFIX}communication"
RUNTIME: Final = f"{STANDARD_PREFIX}runtime"

LOST: Final = "kapell://errors/lost"
"""Kapell's own: the process died while the attempt was under way, so that its outcome is unknown (decision 9)."""

DEFAULT_STATUS: Final[dict[str, int]] = {
    CONFIGURATION: 400,
    VALIDATION: 400,
    EXPRESSION: 400,
    AUTHENTICATION: 401,
    AUTHORIZATION: 403,
    TIMEOUT: 408,
    COMMUNICATION: 500,
    RUNTIME: 500,
    LOST: 500,
}
"""The status of each type where nothing describes the error better (dsl-reference, Standard Error Types)."""

TITLES: Final[dict[str, str]] = {
    CONFIGURATION: "Configuration error",
    VALIDATION: "Validation error",
    EXPRESSION: "Expression error",
    AUTHENTICATION: "Authentication error",
    AUTHORIZATION: "Authorization error",
    TIMEOUT: "Timeout",
    COMMUNICATION: "Communication error",
    RUNTIME: "Runtime error",
    LOST: "Attempt lost",
}
"""The title of each type where none is given."""

_STANDARD_FORMS: Final = re.compile(
    r"https://(?:serverlessworkflow\.io|open-workflow-specification\.org)"
    r"/(?:spec/1\.0\.0/errors|dsl/errors/types)/([a-z]+)"
)


class WorkflowError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error of a run: what is raised, caught, and shown when a run faults (dsl-reference, Error; RFC 9457).

    Attributes:
        type: The URI of the kind of error, in Kapell's form where it is a standard one.
        status: The status code that describes it best.
        title: A short summary that is the same for each error of this kind.
        detail: What happened this time.
        instance: The JSON pointer of the task where the error arose.
    """

    type: str
    status: int
    title: str = ""
    detail: str = ""
    instance: str = ""

    def to_json(self) -> dict[str, Any]:
        """Give the error as `$error` shows it: members that say nothing are left out."""
        value: dict[str, Any] = msgspec.to_builtins(self)
        return value


def make_error(type_uri: str, detail: str = "", *, status: int | None = None, instance: str = "") -> WorkflowError:
    """Make an error of a known type with that type's title and, unless another is given, its status."""
    return WorkflowError(
        type=type_uri,
        status=DEFAULT_STATUS.get(type_uri, DEFAULT_STATUS[RUNTIME]) if status is None else status,
        title=TITLES.get(type_uri, ""),
        detail=detail,
        instance=instance,
    )


def canonical_error_type(type_uri: str) -> str:
    """Give Kapell's form of a type: a standard type's four forms become one, a bare standard name its URI.

    Any other type comes back as it is.
    """
    match = _STANDARD_FORMS.fullmatch(type_uri)
    name = match[1] if match else type_uri
    if name == "lost" and not match:
        return LOST
    uri = STANDARD_PREFIX + name
    return uri if uri in DEFAULT_STATUS else type_uri


def error_type_matches(filter_value: str, type_uri: str) -> bool:
    """Tell whether the `type` of an error filter names this type, in whichever form either is written (decision 1)."""
    return filter_value == type_uri or canonical_error_type(filter_value) == canonical_error_type(type_uri)

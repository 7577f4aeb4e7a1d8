"""What can go wrong with an expression: in its text, in its evaluation, or only with evaluating it here."""

from __future__ import annotations

from typing import Any

import msgspec


class ExpressionSyntaxError(ValueError):
    """The text is no expression that Kapell runs.

    Attributes:
        message: What is wrong, in one sentence.
        position: Where, as a 0-based offset in the source.
        hint: What to write instead, or an empty string.
    """

    def __init__(self, message: str, position: int = 0, hint: str = "") -> None:
        """Describe what is wrong and where."""
        super().__init__(f"{message} {hint}" if hint else message)
        self.message = message
        self.position = position
        self.hint = hint


class ExpressionError(Exception):
    """The evaluation failed: jq's own kind of error, which `try` can catch.

    Attributes:
        value: What was raised, a JSON value; mostly a sentence.
        message: The same as text.
    """

    def __init__(self, value: Any) -> None:
        """Keep the value that `catch` is given."""
        self.value = value
        self.message = value if isinstance(value, str) else _describe(value)
        super().__init__(self.message)


class HelperNeeded(Exception):  # noqa: N818 -- a request to the host, not a failure
    """Only the helper process may carry out this evaluation.

    Attributes:
        indexes: Of a template: which of its expressions need the helper.
    """

    def __init__(self, reason: str = "", indexes: tuple[int, ...] = ()) -> None:
        """Say why, for logs."""
        super().__init__(reason)
        self.indexes = indexes


def _describe(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (RecursionError, TypeError, ValueError):  # deep, not JSON (an unknown value), half a surrogate pair
        return "a value that cannot be shown"

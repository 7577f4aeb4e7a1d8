"""What is wrong with a document, where, and what was probably meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Literal

import msgspec

from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["error", "warning", "info"]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to say about a place in a document.

    Attributes:
        severity: An error makes the document unusable; a warning is probably a mistake; an info is good to know.
        code: A stable name of the kind of problem, for programs.
        message: What is wrong, without a full stop.
        hint: What was probably meant or what to do, as a sentence; empty where there is nothing to advise.
        file: The document's name.
        line: From 1; 0 where the place is not known.
        column: From 1, in characters; 0 where the place is not known.
        pointer: The JSON pointer (RFC 6901) of the place; empty for the document as a whole.
    """

    severity: Severity
    code: str
    message: str
    hint: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    pointer: str = ""

    def __str__(self) -> str:
        """Give `file:line:column: severity: message. Hint`, as compilers do."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        text = f"{place}: {self.severity}: {self.message}"
        return f"{text}. {self.hint}" if self.hint else text


class InvalidWorkflowError(UsageError):
    """A document cannot be used: it is not readable, or it is no valid workflow.

    Attributes:
        problems: Everything that was found, errors and others, in the order of the text.
    """

    code = "invalid_workflow"

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Say all that is wrong, one line each."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems if problem.severity == "error"))


def suggest(word: str, known: Iterable[str]) -> str:
    """Give the known word that was probably meant, or an empty string."""
    folded = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else ""


def list_words(words: Iterable[str], last: str = "or") -> str:
    """Write words as in a sentence: `a, b or c`."""
    *most, final = [f"`{word}`" for word in words]
    return f"{', '.join(most)} {last} {final}" if most else final

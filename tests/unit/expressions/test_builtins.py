"""The table of functions is the one of the library that evaluates what closures do not."""

from __future__ import annotations

import jq

from kapell.language.expressions.builtins import BUILTINS, FORMATS, REFUSED
from kapell.language.expressions.calls import CALLS
from kapell.language.expressions.functions import FUNCTIONS
from kapell.language.expressions.macros import MACROS


def test_every_function_of_the_library_is_known_or_refused() -> None:
    listed = jq.compile('[builtins | .[] / "/"]').input_value(None).first()
    names = {(name, int(arity)) for name, arity in listed}
    assert {each for each in names if each[0] not in REFUSED} == BUILTINS


def test_every_format_is_one_of_the_library() -> None:
    for name in FORMATS:
        jq.compile(f"@{name}")


def test_what_closures_implement_exists() -> None:
    assert {*CALLS, *FUNCTIONS, *MACROS} <= BUILTINS

"""The base of the model's classes: how Python's names become the language's."""

from typing import ClassVar

import msgspec

from kapell.language.shapes import Rule


def json_name(name: str) -> str:
    """Give the language's name of a field: `except_when` is `exceptWhen`, `if_` is `if`."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename=json_name):
    """An object of the language.

    Attributes:
        RULES: What must hold between the fields.
        OPEN: Whether the schema lets other keys stand; the reader then warns about them and does not refuse them.
        KEEPS: Whether other keys have a meaning (extension attributes of an event), so that nothing is said of them.
    """

    RULES: ClassVar[tuple[Rule, ...]] = ()
    OPEN: ClassVar[bool] = False
    KEEPS: ClassVar[bool] = False

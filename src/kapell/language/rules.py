"""What must hold between the keys of an object, beyond each of them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kapell.language import shapes
from kapell.language.problems import list_words

if TYPE_CHECKING:
    from collections.abc import Callable


def find_broken_rule(rule: shapes.Rule, value: dict[str, Any]) -> str:
    """Say how an object breaks a rule, to follow the object's name; an empty string where it does not."""
    return _CHECKS[type(rule)](rule, value)


def _check_exactly_one(rule: shapes.ExactlyOne, value: dict[str, Any]) -> str:
    written = [key for key in rule.keys if key in value]
    if len(written) == 1:
        return ""
    if written:
        return f"has {list_words(written, 'and')}, of which only one can be"
    return f"must have one of {list_words(rule.keys)}"


def _check_needs(rule: shapes.Needs, value: dict[str, Any]) -> str:
    return f"has `{rule.key}` but not `{rule.other}`" if rule.key in value and rule.other not in value else ""


def _check_alone(rule: shapes.Alone, value: dict[str, Any]) -> str:
    others = [key for key in value if key != rule.key]
    if rule.key not in value or not others:
        return ""
    return f"has `{rule.key}` and {list_words(others, 'and')}; `{rule.key}` stands alone"


def _check_needed_when(rule: shapes.NeededWhen, value: dict[str, Any]) -> str:
    if (value.get(rule.other) == rule.value) == (rule.key in value):
        return ""
    if rule.key in value:
        return f"has `{rule.key}`, which only goes with `{rule.other}: {rule.value}`"
    return f"needs `{rule.key}` with `{rule.other}: {rule.value}`"


def _check_needed_for(rule: shapes.NeededFor, value: dict[str, Any]) -> str:
    given = value.get(rule.other)
    return f"needs `{rule.key}` with `{rule.other}: {given}`" if given in rule.values and rule.key not in value else ""


_CHECKS: Final[dict[type, Callable[[Any, dict[str, Any]], str]]] = {
    shapes.ExactlyOne: _check_exactly_one,
    shapes.Needs: _check_needs,
    shapes.Alone: _check_alone,
    shapes.NeededWhen: _check_needed_when,
    shapes.NeededFor: _check_needed_for,
}

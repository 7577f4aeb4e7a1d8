"""Compiling the arguments of activities: policies are written in by name, and what reads secrets is set apart.

Secrets are never recorded (decision 5). So the arguments fall in two: what the kernel evaluates and records when it
creates an attempt, and what is put in, at its path, when the attempt is dispatched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.language.expressions import Expression, compile_expression, compile_template, is_expression
from kapell.language.program import ActivitySpec

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple[str | int, ...]

_SCHEMES = {"basic": "Basic", "bearer": "Bearer", "digest": "Digest", "oauth2": "Bearer", "oidc": "Bearer"}


def compile_activity(
    kind: str, written: Any, policies: Mapping[str, Any], *, returns: str, awaits: bool
) -> ActivitySpec:
    """Compile the arguments of an activity.

    Args:
        kind: The activity's kind.
        written: The arguments as in the document, JSON.
        policies: `use.authentications`, as in the document.
        returns: What a process gives.
        awaits: Whether the task waits for the end.

    Raises:
        ValueError: An authentication policy that is named does not exist.
    """
    arguments = _write_in_policies(written, policies)
    secret_arguments: list[tuple[Path, Expression]] = []
    open_arguments = _set_secrets_apart(arguments, (), secret_arguments)
    secret_policies: list[tuple[Path, str]] = []
    scheme = _find_policies(arguments, (), secret_policies)
    return ActivitySpec(
        activity=kind,
        arguments=compile_template(open_arguments),
        secret_arguments=tuple(secret_arguments),
        full_arguments=compile_template(arguments),
        secret_policies=tuple(secret_policies),
        returns=returns,
        awaits=awaits,
        scheme=scheme,
    )


def _write_in_policies(value: Any, policies: Mapping[str, Any]) -> Any:
    """Replace `authentication: {use: name}` by the policy of that name, wherever an endpoint stands."""
    if not isinstance(value, dict):
        return value
    result = {}
    for key, member in value.items():
        if key == "authentication" and isinstance(member, dict) and set(member) == {"use"}:
            if member["use"] not in policies:
                raise ValueError(f"the authentication `{member['use']}` is not defined under `use.authentications`")
            result[key] = policies[member["use"]]
        elif key in {"endpoint", "document", "source"}:
            result[key] = _write_in_policies(member, policies)
        else:
            result[key] = member
    return result


def _set_secrets_apart(value: Any, path: Path, found: list[tuple[Path, Expression]]) -> Any:
    if isinstance(value, dict):
        return {key: _set_secrets_apart(member, (*path, key), found) for key, member in value.items()}
    if isinstance(value, list):
        return [_set_secrets_apart(member, (*path, index), found) for index, member in enumerate(value)]
    if isinstance(value, str) and is_expression(value):
        expression = compile_expression(value)
        if "secrets" in expression.variables:
            found.append((path, expression))
            return None
    return value


def _find_policies(value: Any, path: Path, found: list[tuple[Path, str]]) -> str | None:
    """Find policies that are kept in secrets; return the scheme of the call's own authentication."""
    scheme = None
    if isinstance(value, dict):
        for key, member in value.items():
            if key == "authentication" and isinstance(member, dict):
                for name, policy in member.items():
                    scheme = _SCHEMES.get(name, scheme)
                    if isinstance(policy, dict) and set(policy) == {"use"}:
                        found.append(((*path, key, name), policy["use"]))
            elif key in {"endpoint", "document", "source"}:
                scheme = _find_policies(member, (*path, key), found) or scheme
    return scheme

"""Authentication policies of the language, as `Authorization` headers."""

from __future__ import annotations

import base64
from typing import Any

from kapell.sdk import ActivityError

_LATER = ("certificate", "digest", "oauth2", "oidc")


def make_authorization(policy: Any) -> str:
    """Return the `Authorization` header of an evaluated authentication policy (DSL reference, "Authentication").

    Args:
        policy: `{basic: {username, password}}` or `{bearer: {token}}`.

    Raises:
        ActivityError: The policy is of another kind, or lacks what its kind needs.
    """
    if not isinstance(policy, dict):
        raise _refuse("The authentication policy must be an object such as {basic: {username, password}}.")
    if "basic" in policy:
        user, password = _get(policy, "basic", "username"), _get(policy, "basic", "password")
        if ":" in user:
            raise _refuse("A username for basic authentication cannot contain a colon (RFC 7617, 2).")
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    if "bearer" in policy:
        return "Bearer " + _get(policy, "bearer", "token")
    for kind in _LATER:
        if kind in policy:
            raise _refuse(f"Authentication by '{kind}' is not supported yet; 'basic' and 'bearer' are.")
    raise _refuse("The authentication policy names no known scheme; 'basic' and 'bearer' are supported.")


def _get(policy: dict[str, Any], scheme: str, name: str) -> str:
    members = policy[scheme]
    value = members.get(name) if isinstance(members, dict) else None
    if not isinstance(value, str):
        raise _refuse(f"The '{scheme}' authentication needs '{name}', a string.")
    return value


def _refuse(detail: str) -> ActivityError:
    return ActivityError("configuration", 400, "Invalid authentication policy", detail)

"""Secrets: where they come from, and how they are kept out of everything that is written down (decision 5)."""

from __future__ import annotations

import base64
import html
import json
import os
import re
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, quote_plus

import msgspec

from kapell.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ENVIRONMENT_PREFIX = "KAPELL_SECRET_"
_SHORTEST = 4
"""Values with fewer characters are not redacted: they would be found everywhere."""

_SHORTEST_BASE64 = 8

_PERCENT = re.compile(r"%[0-9A-F]{2}")

MASK = "***"


class NamespaceSecrets(Protocol):
    """The secrets that runs of one namespace can read."""

    def get_secret(self, name: str) -> Any:
        """Return a secret, a string or an object. Raises `NotFoundError`."""
        ...

    def find_secrets(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Return those of the named secrets that there are."""
        ...


class Secrets(Protocol):
    """The secrets of an installation.

    Attributes:
        are_at_hand: Whether reading one takes no longer than a look at memory; if not, it is done in a thread.
    """

    @property
    def are_at_hand(self) -> bool:
        """Tell whether a secret is read at once."""
        ...

    def for_namespace(self, namespace: str) -> NamespaceSecrets:
        """Return what runs of a namespace can read."""
        ...


class SecretSource:
    """Secrets by name, from a file first, then from the environment.

    The file holds a JSON object: secret name -> string or object. In the environment, the secret `mySecret` is
    `KAPELL_SECRET_mySecret` or `KAPELL_SECRET_MYSECRET` (with `-` and `.` as `_`); a value that is a JSON object is
    read as one.
    """

    are_at_hand = True

    def __init__(self, file: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
        """Read the file, if one is given.

        Raises:
            UsageError: The file cannot be read or is no JSON object.
        """
        self._environment = os.environ if environment is None else environment
        self._values: dict[str, Any] = {} if file is None else _read_file(file)

    def for_namespace(self, namespace: str) -> NamespaceSecrets:
        """Return what runs of a namespace can read: here the same for all of them."""
        del namespace
        return self

    def get_secret(self, name: str) -> Any:
        """Return a secret, a string or an object. Raises `NotFoundError`."""
        if name in self._values:
            return self._values[name]
        plain = name.replace("-", "_").replace(".", "_")
        for key in (name, plain, plain.upper()):
            written = self._environment.get(ENVIRONMENT_PREFIX + key)
            if written is not None:
                return _read_value(written)
        raise NotFoundError(
            f"There is no secret `{name}`.",
            hint=f"Set {ENVIRONMENT_PREFIX}{plain.upper()} in the environment, or name a file by --secrets.",
        )

    def find_secrets(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Return those of the named secrets that there are."""
        found = {}
        for name in names:
            try:
                found[name] = self.get_secret(name)
            except NotFoundError:
                continue
        return found


class Redactor:
    """Replaces secret values by `***`: as they stand, and in the forms that JSON, URLs, HTML, base64 and hex have."""

    def __init__(self, secrets: Mapping[str, Any]) -> None:
        """Know the values that must not appear."""
        self.secrets = secrets
        forms: set[str] = set()
        for text in _iter_texts(secrets):
            for piece in {text, *text.splitlines()}:
                if len(piece) >= _SHORTEST:
                    forms.update(_iter_forms(piece))
        # The longest first, so that no part of a value is left over.
        self._forms = sorted(forms, key=len, reverse=True)

    def redact_text(self, text: str) -> str:
        """Return `text` without secret values."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def redact(self, value: Any) -> Any:
        """Return a JSON value whose strings, keys too, hold no secret values; the same object if there were none."""
        if not self._forms:
            return value
        if isinstance(value, str):
            return self.redact_text(value)
        if isinstance(value, list):
            return [self.redact(member) for member in value]
        if isinstance(value, dict):
            return {self.redact_text(key): self.redact(member) for key, member in value.items()}
        return value


def _read_file(file: Path) -> dict[str, Any]:
    try:
        values = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise UsageError(f"The secrets file {file} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The secrets file {file} is no JSON object.", hint='Write {"name": "value", "other": {"key": "value"}}.'
        ) from error
    return values


def _read_value(written: str) -> Any:
    if written.lstrip().startswith("{"):
        try:
            return msgspec.json.decode(written, type=dict[str, Any])
        except msgspec.DecodeError:
            return written
    return written


def _iter_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _iter_texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _iter_texts(member)


def _iter_forms(text: str) -> Iterator[str]:
    yield text
    yield from _iter_base64(text.encode())
    yield text.encode().hex()
    yield text.encode().hex().upper()
    yield html.escape(text)
    yield quote(text, safe="")
    yield _PERCENT.sub(lambda match: match[0].lower(), quote(text, safe=""))
    yield quote(text)
    yield quote_plus(text)
    yield msgspec.json.encode(text)[1:-1].decode()
    yield json.dumps(text)[1:-1]


def _iter_base64(raw: bytes) -> Iterator[str]:
    """Yield what base64 makes of the value, alone and within a longer text such as `user:password`.

    Three bytes become four characters, so that it matters how many bytes stand before the value. Characters that hold
    bits of what surrounds it are left out.
    """
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode()
        yield whole
        yield whole.rstrip("=")
        for before in range(3):
            inner = encode(bytes(before) + raw).decode()[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
            if len(inner) >= _SHORTEST_BASE64:
                yield inner

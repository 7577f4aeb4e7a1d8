"""PURE: a CloudEvent as a value, and what makes it a valid one (CloudEvents 1.0.2, "Context Attributes").

An event's data is held in one of three ways: as a JSON value, as text, or as bytes. Which of them follows from the
content type, whichever way the event came, so that a filter sees the same event in each case.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final, TypeAlias

import msgspec

from kapell.errors import LimitExceededError, UsageError
from kapell.kernel.sizes import MAX_DEPTH, find_excess

SPEC_VERSION: Final = "1.0"
JSON_TYPE: Final = "application/json"

MAX_EVENT_BYTES: Final = 1024 * 1024
"""The largest event, in bytes of its JSON format; the specification asks for 64 KiB at least."""

MAX_EXTENSIONS: Final = 100
MAX_NAME_LENGTH: Final = 64
MAX_ATTRIBUTE_BYTES: Final[dict[str, int]] = {"id": 512, "source": 1024, "type": 512, "subject": 1024}
"""Attributes that events are found by, each in bytes of UTF-8."""

MAX_OTHER_BYTES: Final = 8192
"""The largest value of any other attribute, in bytes of UTF-8."""

_INTEGERS = range(-(2**31), 2**31)
_NAME = re.compile(r"[a-z0-9]+")
_RESERVED = frozenset({"data", "specversion"})
# Control characters, surrogates and noncharacters; the last two of each plane are the noncharacters besides U+FDD0..EF.
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(17))
    + "]"
)
# Every repetition keeps what it has taken (`*+`), so that no text takes longer than one look at each character.
_CHARACTERS = r"[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2}"
_URI_REFERENCE = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*+):|(?![^/?#:]*+:))"
    r"(?://(?:\[[0-9A-Fa-f:.vV]*+\]|[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*+(?=[/?#]|$))?"
    rf"(?:{_CHARACTERS})*+(?:\?(?:{_CHARACTERS}|\?)*+)?(?:\#(?:{_CHARACTERS}|\?)*+)?"
)
_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}):([0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~\-]++"  # noqa: S105 -- the grammar's word for it
_PARAMETER = rf"{_TOKEN}=(?:{_TOKEN}|\"(?:[^\"\\]|\\.)*+\")"
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:[ \t]*+;[ \t]*+(?:{_PARAMETER})?)*+[ \t]*+")
_CHARSET = re.compile(r";[ \t]*+charset=(?:\"([^\"\\]*)\"|([^\";\s]*))", re.IGNORECASE)
_TEXT_TYPES = frozenset(
    {
        "application/ecmascript",
        "application/graphql",
        "application/javascript",
        "application/sql",
        "application/x-www-form-urlencoded",
        "application/xml",
        "application/yaml",
    }
)
_CHARSETS = {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii", "": "utf-8"}

Extension: TypeAlias = str | bool | int


class CloudEvent(msgspec.Struct, kw_only=True, frozen=True):
    """An event of CloudEvents 1.0. Made by hand, it is to be given to `check_event`.

    Attributes:
        id: Which event of its source it is.
        source: Where it happened, a URI reference.
        type: What happened.
        subject: To what, within the source.
        time: When, as RFC 3339 writes it; kept as it was sent.
        datacontenttype: The media type of the data.
        dataschema: The URI of a schema that the data follows.
        extensions: Other attributes by name; a whole number has 32 bits.
        data: The data as a JSON value, or as text where the media type is not JSON.
        binary: The data as bytes, where it is neither; then `data` is not set.
    """

    id: str
    source: str
    type: str
    subject: str | None = None
    time: str | None = None
    datacontenttype: str | None = None
    dataschema: str | None = None
    extensions: dict[str, Extension] = {}
    data: Any = msgspec.UNSET
    binary: bytes | None = None


KNOWN: Final = frozenset(CloudEvent.__struct_fields__) - {"extensions", "data", "binary"}
"""The attributes that the specification names, but for `specversion`."""


def make_event(attributes: dict[str, Any], *, data: Any = msgspec.UNSET, binary: bytes | None = None) -> CloudEvent:
    """Return the event of these attributes and this data.

    Args:
        attributes: By name, as they came, `specversion` among them; what is `None` is not set.
        data: A JSON value, or text.
        binary: Bytes; what they are is read from the content type.

    Raises:
        UsageError: It is no valid event; the sentence names the attribute.
        LimitExceededError: It is too large or too deep.
    """
    given = {name: value for name, value in attributes.items() if value is not None}
    _check_version(given.pop("specversion", None))
    for name in ("id", "source", "type"):
        if name not in given:
            raise refuse(name, "is missing")
    known = {name: given.pop(name) for name in KNOWN if name in given}
    content_type = known.get("datacontenttype")
    if content_type is not None:
        _check_media_type(content_type)
    if binary is not None:
        data, binary = read_content(binary, content_type)
    elif data is None and not is_json(content_type):
        data = msgspec.UNSET
    event = CloudEvent(**known, extensions=given, data=data, binary=binary)
    check_event(event)
    return event


def check_event(event: CloudEvent) -> None:
    """See whether an event is valid.

    Raises:
        UsageError: It is not; the sentence names the attribute.
        LimitExceededError: It is too large or too deep.
    """
    for name in ("id", "source", "type", "subject", "time", "dataschema"):
        value = getattr(event, name)
        if value is not None:
            _check_text(name, value)
    for name, text in (("source", event.source), ("dataschema", event.dataschema)):
        if text is not None:
            _check_uri(name, text, is_whole=name == "dataschema")
    if event.time is not None and not _is_date_time(event.time):
        raise refuse("time", "is no time of RFC 3339, as `2026-01-31T12:00:00Z` is")
    if event.datacontenttype is not None:
        _check_media_type(event.datacontenttype)
    if len(event.extensions) > MAX_EXTENSIONS:
        raise LimitExceededError(f"An event may have {MAX_EXTENSIONS} extension attributes at most.")
    for name, value in event.extensions.items():
        _check_extension(name, value)
    _check_data(event)


def is_json(datacontenttype: str | None) -> bool:
    """Tell whether a media type says that the data is JSON; without one, it is."""
    if datacontenttype is None:
        return True
    subtype = _media_type(datacontenttype).partition("/")[2]
    return subtype == "json" or subtype.endswith("+json")


def find_charset(datacontenttype: str | None) -> str | None:
    """Return how text of a media type is encoded; `None` where the data is no text, or in an encoding of its own."""
    media_type = _media_type(datacontenttype or JSON_TYPE)
    is_text = media_type.startswith("text/") or media_type in _TEXT_TYPES or media_type.endswith(("+xml", "+yaml"))
    if not is_text and not is_json(datacontenttype):
        return None
    found = _CHARSET.search(datacontenttype or "")
    return _CHARSETS.get((found[1] or found[2] or "").lower() if found else "")


def read_content(content: bytes, datacontenttype: str | None) -> tuple[Any, bytes | None]:
    """Return what bytes of a media type are: `data` and `binary` of an event.

    Without a media type nothing is taken for granted (JSON format, 3.1.2). Raises `UsageError` for JSON that is none.
    """
    charset = None if datacontenttype is None else find_charset(datacontenttype)
    if charset is None:
        return msgspec.UNSET, content
    if is_json(datacontenttype):
        return _read_json(content), None
    try:
        return content.decode(charset), None
    except UnicodeDecodeError:
        return msgspec.UNSET, content


def refuse(attribute: str, why: str, *, hint: str = "") -> UsageError:
    """Return the error that an attribute of an event is not as it has to be."""
    return UsageError(f"The event's `{attribute}` {why}.", hint=hint)


def _read_json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except RecursionError as error:
        raise _too_deep() from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise refuse("data", f"is not the JSON that its `datacontenttype` says: {error}") from error


def _media_type(datacontenttype: str) -> str:
    return datacontenttype.partition(";")[0].strip().lower()


def _check_version(version: Any) -> None:
    if version is None:
        raise refuse("specversion", "is missing")
    if version != SPEC_VERSION:
        raise refuse("specversion", f"has to be `{SPEC_VERSION}`", hint="Other versions of CloudEvents are not read.")


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise refuse(name, "is not a string")
    if not value:
        raise refuse(name, "is empty")
    if _FORBIDDEN.search(value):
        raise refuse(name, "has a control character, or another that may stand in no attribute")
    limit = MAX_ATTRIBUTE_BYTES.get(name, MAX_OTHER_BYTES)
    if len(value) > limit or len(value.encode()) > limit:
        raise LimitExceededError(f"The event's `{name}` may have {limit} bytes at most.")


def _check_uri(name: str, text: str, *, is_whole: bool) -> None:
    found = _URI_REFERENCE.fullmatch(text)
    if found is None:
        raise refuse(name, "is no URI reference of RFC 3986", hint="Spaces and such are written as `%20`.")
    if is_whole and found["scheme"] is None:
        raise refuse(name, "is no URI: it begins without a scheme such as `https:`")


def _check_media_type(text: Any) -> None:
    _check_text("datacontenttype", text)
    if not _MEDIA_TYPE.fullmatch(text):
        raise refuse("datacontenttype", "is no media type, as `application/json` is")


def _is_date_time(text: str) -> bool:
    """Tell whether a text is a `date-time` of RFC 3339; a minute may have a leap second."""
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        return False
    try:
        datetime.fromisoformat(f"{found[1]}T{found[2]}:00+00:00")
    except ValueError:
        return False
    return True


def _check_extension(name: str, value: Any) -> None:
    if len(name) > MAX_NAME_LENGTH or not _NAME.fullmatch(name) or name in _RESERVED or name in KNOWN:
        shown = name[:MAX_NAME_LENGTH]
        raise refuse(shown, "is no name of an attribute: those are of lower-case letters and digits, and not `data`")
    if isinstance(value, str):
        if value:
            _check_text(name, value)
    elif not isinstance(value, bool) and not isinstance(value, int):
        raise refuse(name, "is no string, whole number, true or false", hint="Larger things belong into `data`.")
    elif value not in _INTEGERS:
        raise refuse(name, "is a number of more than 32 bits", hint="Send it as a string, or in `data`.")


def _check_data(event: CloudEvent) -> None:
    if event.binary is not None:
        if event.data is not msgspec.UNSET:
            raise refuse("data", "is there twice, also as `data_base64`")
        if len(event.binary) > MAX_EVENT_BYTES * 3 // 4:
            raise too_large()
        return
    if event.data is msgspec.UNSET:
        return
    if not isinstance(event.data, str) and not is_json(event.datacontenttype):
        hint = "Send other bytes as `data_base64`."
        raise refuse("data", "is no string, and its `datacontenttype` says that it is no JSON", hint=hint)
    excess = find_excess(event.data, MAX_EVENT_BYTES)
    if excess:
        raise _too_deep() if excess == "depth" else too_large()


def too_large() -> LimitExceededError:
    """Return the error that an event is too large."""
    return LimitExceededError(
        f"An event may have {MAX_EVENT_BYTES} bytes at most.", hint="Let its data name a place where the rest is found."
    )


def _too_deep() -> LimitExceededError:
    return LimitExceededError(f"The event's `data` has more than {MAX_DEPTH} levels.")

"""Words: what the search index holds of a run, and what a query asks for. The same for every store.

A text is a row of words: letters and digits in any script, without marks and case (`Ünïcode-7` is `unicode` and `7`).
A query is words and "phrases", all of which a run must have; its last word may be the beginning of one, if it has
three letters. What looks like one thing (`ORD-1234`) is a phrase by itself. Everything else in a query only parts
words: there is no syntax to err in.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_CHARACTERS = 4096
"""How many characters of a run are indexed."""

_SHORTEST_BEGINNING = 3
_MAX_PHRASES = 16
_MAX_QUERY = 1000
_WORD = re.compile(r"[^\W_]+")
_JSON_TEXT = re.compile(r'"[^"]*":?|[-0-9][-+.0-9eE]*')
"""A string, a key with its colon, or a number of a JSON text without escapes."""

_ASCII = bytes(ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(128)).ljust(256)
"""Makes small letters of capitals, and spaces of all that is no letter or digit."""

_TOO_LONG = re.compile(r"(\S{100})\S+")
_PIECE = re.compile(r'"([^"]*)"?|(\S+)')


class Phrase(NamedTuple):
    """Words that stand next to one another.

    Attributes:
        words: The words, at least one.
        is_open: Whether the last word may go on.
    """

    words: tuple[str, ...]
    is_open: bool


def normalise(text: str) -> str:
    """Return the words of a text, with one space or more between them."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.casefold())
        plain = "".join(character for character in decomposed if not unicodedata.combining(character))
        text = " ".join(_WORD.findall(plain.lower()))
    else:
        text = text.encode().translate(_ASCII).decode()
    return _TOO_LONG.sub(r"\1", text)


def split_words(text: str) -> list[str]:
    """Return the words of a text."""
    return normalise(text).split()


def read_query(text: str) -> tuple[Phrase, ...]:
    """Return what a query asks for; nothing if it has no words."""
    found: list[Phrase] = []
    for quoted, plain in _PIECE.findall(text[:_MAX_QUERY]):
        if words := split_words(quoted or plain):
            found.append(Phrase(tuple(words), is_open=False))
    if found and not text.rstrip().endswith('"') and _may_go_on(found[-1].words):
        found[-1] = found[-1]._replace(is_open=True)
    return tuple(found[:_MAX_PHRASES])


def _may_go_on(words: Sequence[str]) -> bool:
    """Tell whether words are long enough to be a beginning: one or two letters would be that of half of all words."""
    text = "".join(words)
    return len(text) >= _SHORTEST_BEGINNING or not text.isascii()


def find_json_words(text: str) -> str:
    """Return, normalised, the words of a JSON text without white space: of its strings and numbers, not of its keys.

    The text is not taken apart where that can be spared: it would take five times as long.
    """
    if "\\" not in text:
        values = "\n".join([found for found in _JSON_TEXT.findall(text) if found[-1] != ":"])
        if len(values) <= MAX_CHARACTERS:
            return normalise(values)
    return find_words(msgspec.json.decode(text))


def find_words(value: Any) -> str:
    """Return, normalised, the words of a JSON value: of its strings and numbers, not of its keys."""
    texts: list[str] = []
    left = MAX_CHARACTERS
    for text in _walk(value):
        texts.append(text[:left])
        left -= len(text)
        if left <= 0:
            break
    return normalise("\n".join(texts))  # all at once: a run has many short texts


def _walk(whole: Any) -> Iterator[str]:
    """Give the texts of a value, without recursion: it may be nested deeply."""
    stack = [iter((whole,))]
    while stack:
        for value in stack[-1]:
            if isinstance(value, str):
                yield value
            elif isinstance(value, dict):
                stack.append(iter(value.values()))
                break
            elif isinstance(value, list):
                stack.append(iter(value))
                break
            elif value is not None and not isinstance(value, bool):
                yield msgspec.json.encode(value).decode()
        else:
            stack.pop()


def has_phrases(words: list[str], phrases: Iterable[Phrase]) -> bool:
    """Tell whether a row of words has all phrases: what every store's index answers."""
    return all(any(_begins_at(words, at, phrase) for at in range(len(words))) for phrase in phrases)


def _begins_at(words: list[str], at: int, phrase: Phrase) -> bool:
    piece = words[at : at + len(phrase.words)]
    if len(piece) < len(phrase.words) or piece[:-1] != list(phrase.words[:-1]):
        return False
    return piece[-1].startswith(phrase.words[-1]) if phrase.is_open else piece[-1] == phrase.words[-1]

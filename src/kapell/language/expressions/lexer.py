"""Cuts the source of an expression into tokens, one at a time: what a quote means only the parser can tell."""

from __future__ import annotations

import re

import msgspec

from kapell.language.expressions.errors import ExpressionSyntaxError

KEYWORDS = frozenset(
    {
        *("def", "if", "then", "elif", "else", "end", "as", "reduce", "foreach", "and", "or", "try", "catch", "label"),
        *("import", "include", "module", "__loc__"),
    }
)

_NAME = r"(?:[A-Za-z_]\w*::)*[A-Za-z_]\w*"
_TOKEN = re.compile(
    rf"""
    (?P<space>    (?: [ \t\r\n]+ | \#(?: [^\\\n] | \\\r?\n | \\[^\n]? )* )+ )
  | (?P<number>   (?: [0-9]+(?:\.[0-9]*)? | \.[0-9]+ ) (?:[eE][+-]?[0-9]+)? )
  | (?P<field>    \.[A-Za-z_]\w* )
  | (?P<variable> \${_NAME} )
  | (?P<format>   @[A-Za-z0-9_]+ )
  | (?P<name>     {_NAME} )
  | (?P<quote>    " )
  | (?P<sign>     \?//= | \?// | //= | \.\. | [-|+*/%=!<>]= | // | [][.{{}}()|,:;=<>+*/%?-] )
    """,
    re.VERBOSE | re.ASCII,
)
_PIECE = re.compile(r'[^"\\]+')
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HIGH_SURROGATES = range(0xD800, 0xDC00)
_LOW_SURROGATES = range(0xDC00, 0xE000)
_UNICODE_DIGITS = 4


class Token(msgspec.Struct, frozen=True):
    """A token: its kind (a group of the pattern, `keyword` or `end`), its text, and where it stands."""

    kind: str
    text: str
    position: int
    end: int


def read_token(source: str, position: int) -> Token:
    """Return the next token at or after `position`; the last one is of kind `end`. Raises `ExpressionSyntaxError`."""
    match = _TOKEN.match(source, position)
    if match is not None and match.lastgroup == "space":
        position = match.end()
        match = _TOKEN.match(source, position)
    if match is None:
        if position >= len(source):
            return Token("end", "", position, position)
        raise ExpressionSyntaxError(
            f"{source[position]!r} means nothing in an expression.", position, _advice(source, position)
        )
    kind = match.lastgroup or ""
    text = match.group()
    if kind == "name" and text in KEYWORDS:
        kind = "keyword"
    return Token(kind, text, position, match.end())


def _advice(source: str, position: int) -> str:
    if source[position] == "'":
        return "Strings stand in double quotes."
    if source.startswith(("&&", "||"), position):
        return "jq writes `and` and `or`."
    if source[position] == "!":
        return "Negation is written `(...) | not`."
    return ""


def read_text(source: str, position: int) -> tuple[str, int]:
    r"""Return the text of a string from `position` up to its closing quote or to `\(`, and where that stands.

    Raises:
        ExpressionSyntaxError: An escape is wrong, or the string does not end.
    """
    pieces: list[str] = []
    while position < len(source):
        match = _PIECE.match(source, position)
        if match is not None:
            pieces.append(match.group())
            position = match.end()
        elif source[position] == '"' or source.startswith("\\(", position):
            return "".join(pieces), position
        else:
            piece, position = _read_escape(source, position)
            pieces.append(piece)
    raise ExpressionSyntaxError("A string is not closed.", len(source), 'A `"` is missing.')


def _read_escape(source: str, position: int) -> tuple[str, int]:
    letter = source[position + 1 : position + 2]
    if letter in _ESCAPES:
        return _ESCAPES[letter], position + 2
    if letter != "u":
        raise ExpressionSyntaxError(
            f"`\\{letter}` is no escape of a string.", position, "A backslash is written `\\\\`."
        )
    code = _read_code(source, position)
    end = position + 2 + _UNICODE_DIGITS
    if code in _HIGH_SURROGATES and source.startswith("\\u", end):
        low = _read_code(source, end)
        if low in _LOW_SURROGATES:
            pair = 0x10000 + ((code - _HIGH_SURROGATES.start) << 10) + (low - _LOW_SURROGATES.start)
            return chr(pair), end + 2 + _UNICODE_DIGITS
    if code in _HIGH_SURROGATES or code in _LOW_SURROGATES:
        raise ExpressionSyntaxError("Half of a surrogate pair stands alone.", position)
    return chr(code), end


def _read_code(source: str, position: int) -> int:
    digits = source[position + 2 : position + 2 + _UNICODE_DIGITS]
    if len(digits) != _UNICODE_DIGITS or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
        raise ExpressionSyntaxError("`\\u` needs four hexadecimal digits.", position)
    return int(digits, 16)


class TokenStream:
    """A source and a place in it.

    Attributes:
        source: The text.
        token: The token that comes next.
    """

    def __init__(self, source: str) -> None:
        """Begin at the first token."""
        self.source = source
        self.token = read_token(source, 0)

    def advance(self) -> Token:
        """Take the next token."""
        token = self.token
        self.token = read_token(self.source, token.end)
        return token

    def at(self, text: str) -> bool:
        """Tell whether the next token is this sign or keyword."""
        return self.token.text == text and self.token.kind in ("sign", "keyword")

    def accept(self, text: str) -> bool:
        """Take this sign or keyword if it comes next; tell whether it did."""
        if self.at(text):
            self.advance()
            return True
        return False

    def expect(self, text: str, opened: Token | None = None) -> Token:
        """Take this sign or keyword, which closes `opened` if that is given. Raises `ExpressionSyntaxError`."""
        if not self.at(text):
            closing = f"`{text}`"
            if opened is not None:
                closing += f" for the `{opened.text}` at {opened.position}"
            raise self.unexpected(closing)
        return self.advance()

    def unexpected(self, expected: str) -> ExpressionSyntaxError:
        """Make the error that something else was expected here."""
        token = self.token
        found = "the expression ends" if token.kind == "end" else f"there is `{token.text}`"
        hint = "Write `? //` with a blank." if token.text == "?//" else ""
        return ExpressionSyntaxError(f"Here {found} where {expected} was expected.", token.position, hint)

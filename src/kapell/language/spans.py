"""Lengths of time in words, for sentences."""

from __future__ import annotations

_MILLI = 1_000
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def say_length(micros: int) -> str:
    """Return a length of time in words that are precise enough: `4 ms`, `1.3 s`, `2 min 5 s`, `3 d 4 h`."""
    if micros < _SECOND:
        return f"{max(micros, 0) // _MILLI} ms"
    if micros < 10 * _SECOND:
        return f"{micros / _SECOND:.1f}".removesuffix(".0") + " s"
    if micros < _MINUTE:
        return f"{micros // _SECOND} s"
    for large, small, words in ((_MINUTE, _SECOND, ("min", "s")), (_HOUR, _MINUTE, ("h", "min"))):
        if micros < large * (60 if large == _MINUTE else 24):
            return _say_two(micros, large, small, words)
    return _say_two(micros, _DAY, _HOUR, ("d", "h"))


def _say_two(micros: int, large: int, small: int, words: tuple[str, str]) -> str:
    rest = micros % large // small
    return f"{micros // large} {words[0]}" + (f" {rest} {words[1]}" if rest else "")

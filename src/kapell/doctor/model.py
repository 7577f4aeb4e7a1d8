"""What the doctor says."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["ok", "warning", "problem", "skipped"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a check says.

    Attributes:
        check: The check.
        status: `ok`; `warning`: it works, and may not for long or not as well as it could; `problem`: it does not work;
            `skipped`: it could not be looked at.
        text: What is so, in a sentence.
        advice: What to do, where something is to be done.
        fixes: Files whose rights are too wide, which `kapell doctor --fix` narrows.
    """

    check: str
    status: Status
    text: str
    advice: str = ""
    fixes: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True):
    """What a check yields: a finding that does not say yet which check it is of."""

    status: Status
    text: str
    advice: str = ""
    fixes: tuple[str, ...] = ()


def fine(text: str) -> Verdict:
    """Return that something is as it should be."""
    return Verdict("ok", text)


def warn(text: str, advice: str) -> Verdict:
    """Return that something works, and may not for long or not as well as it could."""
    return Verdict("warning", text, advice)


def refuse(text: str, advice: str) -> Verdict:
    """Return that something does not work."""
    return Verdict("problem", text, advice)


def skip(text: str) -> Verdict:
    """Return why something could not be looked at."""
    return Verdict("skipped", text)


class NotExaminedError(Exception):
    """What a check needs cannot be had, as another check tells; the text says what."""

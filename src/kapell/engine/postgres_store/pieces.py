"""Pieces: stretches of runs' keys, each of which is a word of the search index.

A run has a word for the piece of 4,096 keys that its key lies in, for the one of 32,768 around it, and so on. Some of
these words, in a query, narrow it to some of the keys, as many as are worth looking at.
"""

from __future__ import annotations

from typing import NamedTuple

FIRST_BITS, _MORE_BITS, _LEVELS = 12, 3, 7
"""A piece of the first level has 2^12 keys, and each of the next level eight of them; the last has 2^30."""

_MOST_AT_ONCE = 24


class Piece(NamedTuple):
    """Some keys that lie together: from `number` times 2^`bits` on, 2^`bits` of them."""

    bits: int
    number: int

    @property
    def word(self) -> str:
        """The word that runs of this piece have."""
        return f"@{self.bits}.{self.number}"


def list_pieces_of(key: int) -> list[Piece]:
    """Return the pieces in which a key lies, one of each level."""
    return [Piece(bits, key >> bits) for bits in range(FIRST_BITS, FIRST_BITS + _LEVELS * _MORE_BITS, _MORE_BITS)]


def choose_pieces(before: int, wanted: int) -> tuple[list[Piece], int]:
    """Return pieces with the highest keys below `before`, some `wanted` keys together, and the least of these keys."""
    top = (before + (1 << FIRST_BITS) - 1) >> FIRST_BITS  # counted in pieces of the first level
    left = max(1, wanted >> FIRST_BITS)
    pieces: list[Piece] = []
    while top > 0 and left > 0 and len(pieces) < _MOST_AT_ONCE:
        more_bits = 0
        while (
            more_bits < _MORE_BITS * (_LEVELS - 1)
            and top % (1 << more_bits + _MORE_BITS) == 0
            and 1 << more_bits + _MORE_BITS <= left
        ):
            more_bits += _MORE_BITS
        top -= 1 << more_bits
        left -= 1 << more_bits
        pieces.append(Piece(FIRST_BITS + more_bits, top >> more_bits))
    return pieces, top << FIRST_BITS

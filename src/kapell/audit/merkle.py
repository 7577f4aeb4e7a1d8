"""Merkle trees and their proofs, as RFC 6962 (section 2.1) shapes them and RFC 9162 (section 2.1) checks them.

A tree over n leaves splits at the largest power of two below n. A leaf's hash begins with the byte 0, that of a node
with the byte 1, so that neither can be taken for the other. The tree over no leaves has no use here.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    ReadRange = Callable[[int, int], bytes]
    """Gives the root over the leaves from `start` (from 0) up to, not including, `end`."""

_HASH_BYTES = 32


def hash_leaf(data: bytes) -> bytes:
    """Return a leaf's hash."""
    return hashlib.sha256(b"\x00" + data).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that grows at its end: of n leaves it keeps only the peaks, the perfect trees that n falls into."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: bytes = b"") -> None:
        """Go on from `size` leaves with these peaks (32 bytes each, the largest tree first).

        Raises:
            ValueError: So many leaves do not have so many peaks.
        """
        if len(peaks) != size.bit_count() * _HASH_BYTES:
            raise ValueError(f"{size} leaves have {size.bit_count()} peaks")
        self.size = size
        self.peaks = [peaks[at : at + _HASH_BYTES] for at in range(0, len(peaks), _HASH_BYTES)]

    def add(self, data: bytes) -> None:
        """Add a leaf."""
        node = hash_leaf(data)
        full = self.size
        while full & 1:
            node = hash_node(self.peaks.pop(), node)
            full >>= 1
        self.peaks.append(node)
        self.size += 1

    def compute_root(self) -> bytes:
        """Return the root; there is at least one leaf."""
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = hash_node(peak, root)
        return root

    def encode_peaks(self) -> bytes:
        """Return the peaks as the constructor takes them."""
        return b"".join(self.peaks)


def compute_root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaves, of which there is at least one."""
    frontier = Frontier()
    for data in leaves:
        frontier.add(data)
    return frontier.compute_root()


def prove_inclusion(index: int, size: int, read_range: ReadRange) -> list[bytes]:
    """Return the path from leaf `index` (from 0) to the root over `size` leaves, from below."""
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(read_range(middle, end))
            end = middle
        else:
            path.append(read_range(start, middle))
            start = middle
    return path[::-1]


def check_inclusion(index: int, size: int, data: bytes, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether the path shows that leaf `index` of the tree of this size and root is `data` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, hash_leaf(data)
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = hash_node(sibling, found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = hash_node(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def prove_consistency(first: int, second: int, read_range: ReadRange) -> list[bytes]:
    """Return what shows that the tree over `first` leaves begins the one over `second`; 1 <= first <= second."""
    path: list[bytes] = []
    start, end, is_whole = 0, second, True
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(read_range(middle, end))
            end = middle
        else:
            path.append(read_range(start, middle))
            start, is_whole = middle, False
    if not is_whole:
        path.append(read_range(start, end))
    return path[::-1]


def check_consistency(first: int, second: int, path: Sequence[bytes], first_root: bytes, second_root: bytes) -> bool:
    """Tell whether the path shows that one tree is the beginning of the other (RFC 9162, 2.1.4.2)."""
    if first == second:
        return not path and first_root == second_root
    if not 0 < first < second:
        return False
    steps = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not steps:
        return False
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = hash_node(sibling, old), hash_node(sibling, new)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new = hash_node(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)

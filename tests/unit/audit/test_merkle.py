"""Merkle trees: the shapes of RFC 6962, and proofs that hold for what is so and for nothing else."""

import hashlib

import pytest

from kapell.audit.merkle import (
    Frontier,
    check_consistency,
    check_inclusion,
    compute_root,
    hash_leaf,
    hash_node,
    prove_consistency,
    prove_inclusion,
)

# The leaves and roots that implementations of RFC 6962 (Certificate Transparency) are commonly tested with.
LEAVES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
LEAVES.append(bytes(range(0x60, 0x70)))
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def make_leaves(count):
    return [hashlib.sha256(bytes([number])).digest() for number in range(count)]


def split_root(leaves):
    """The definition of RFC 6962, word for word."""
    if len(leaves) == 1:
        return hash_leaf(leaves[0])
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return hash_node(split_root(leaves[:middle]), split_root(leaves[middle:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size):
    assert compute_root(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_a_tree_that_grows_has_the_roots_of_the_definition():
    leaves, frontier = make_leaves(70), Frontier()
    for size, leaf in enumerate(leaves, 1):
        frontier.add(leaf)
        assert frontier.compute_root() == split_root(leaves[:size])
        again = Frontier(size, frontier.encode_peaks())
        assert (again.compute_root(), again.size) == (frontier.compute_root(), size)


def test_so_many_leaves_have_so_many_peaks():
    with pytest.raises(ValueError, match="2 peaks"):
        Frontier(3, bytes(32))


def test_every_leaf_of_every_tree_is_proved_and_no_other():
    leaves = make_leaves(20)
    for size in range(1, 21):
        root = split_root(leaves[:size])
        for index in range(size):
            path = prove_inclusion(index, size, lambda start, end: split_root(leaves[start:end]))
            assert check_inclusion(index, size, leaves[index], path, root)
            assert not check_inclusion(index, size, b"another", path, root)
            assert not check_inclusion(index, size, leaves[index], path, bytes(32))
            assert not check_inclusion(index, size, leaves[index], [*path, bytes(32)], root)
            assert not check_inclusion(index, size, leaves[index], path[:-1], root) or not path
            assert not any(
                check_inclusion(other, size, leaves[index], path, root) for other in range(size) if other != index
            )
        assert not check_inclusion(size, size, leaves[0], [], root)
        assert not check_inclusion(-1, size, leaves[0], [], root)


def test_every_beginning_of_every_tree_is_proved_and_no_other():
    leaves = make_leaves(20)
    for second in range(1, 21):
        new = split_root(leaves[:second])
        for first in range(1, second + 1):
            old = split_root(leaves[:first])
            path = prove_consistency(first, second, lambda start, end: split_root(leaves[start:end]))
            assert check_consistency(first, second, path, old, new)
            assert not check_consistency(first, second, path, bytes(32), new)
            assert not check_consistency(first, second, path, old, bytes(32))
            assert not check_consistency(first, second, [*path, bytes(32)], old, new)
            if path:
                assert not check_consistency(first, second, path[:-1], old, new)
                assert not check_consistency(first, second, [bytes(32), *path[1:]], old, new)
    assert not check_consistency(0, 5, [], bytes(32), bytes(32))
    assert not check_consistency(5, 4, [], bytes(32), bytes(32))

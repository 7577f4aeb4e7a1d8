"""Which pieces of the keys a search looks at next."""

import pytest

from kapell.engine.postgres_store.pieces import choose_pieces, list_pieces_of


@pytest.mark.parametrize("before", [1, 2, 4096, 4097, 40_961, 262_144, 1_000_001, 2**31, 2**40 + 5])
@pytest.mark.parametrize("wanted", [1, 8192, 50_000, 2**30])
def test_pieces_are_the_highest_keys_without_a_gap(before, wanted):
    pieces, lower = choose_pieces(before, wanted)
    above = -(-before // 4096) * 4096
    for piece in pieces:
        assert (piece.number + 1) << piece.bits == above
        above = piece.number << piece.bits
    assert above == lower
    assert lower < before
    assert len(pieces) <= 24


def test_as_many_keys_are_covered_as_are_wanted_or_nearly():
    for before in (10**6, 10**7 + 1):
        _, lower = choose_pieces(before, 500_000)
        assert 500_000 - 4096 <= before - lower <= 500_000 + 4096


def test_a_million_keys_are_a_few_pieces():
    pieces, lower = choose_pieces(1_000_001, 2**30)
    assert lower == 0
    assert len(pieces) < 20


def test_every_level_has_a_word_for_a_key():
    assert [piece.word for piece in list_pieces_of(999_999)][:3] == ["@12.244", "@15.30", "@18.3"]
    chosen, _ = choose_pieces(1_000_001, 8192)
    assert set(chosen) & set(list_pieces_of(999_999))

"""Sealing: what was sealed opens in its place, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapell.vault import sealing
from kapell.vault.master_keys import MasterKeyError, open_master_keys
from kapell.vault.sealing import OVERHEAD_BYTES, DamagedSealError, Sealer, make_context, read_key_id

CONTEXT = make_context("payload", "run-1", 7)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return open_master_keys(tmp_path_factory.mktemp("keys") / "master.key", may_create=True)


@pytest.fixture(scope="module")
def sealer(keys):
    return Sealer(keys, "payloads")


@given(value=st.binary(max_size=2000), context=st.binary(max_size=50))
def test_what_was_sealed_opens(sealer, keys, value, context):
    sealed = sealer.seal(value, context)
    assert len(sealed) == len(value) + OVERHEAD_BYTES
    assert sealer.open(sealed, context) == value
    assert Sealer(keys, "payloads").open(sealed, context) == value


@given(value=st.binary(max_size=40), data=st.data())
def test_any_flipped_bit_is_refused(sealer, value, data):
    sealed = bytearray(sealer.seal(value, CONTEXT))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises((DamagedSealError, MasterKeyError)):
        sealer.open(bytes(sealed), CONTEXT)


def test_every_bit_of_one_value_counts(sealer):
    sealed = sealer.seal(b"value", CONTEXT)
    for bit in range(len(sealed) * 8):
        flipped = bytearray(sealed)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises((DamagedSealError, MasterKeyError)):
            sealer.open(bytes(flipped), CONTEXT)


@given(value=st.binary(min_size=1, max_size=100), data=st.data())
def test_a_cut_or_longer_value_is_refused(sealer, value, data):
    sealed = sealer.seal(value, CONTEXT)
    cut = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
    for wrong in (cut, sealed + b"\0", b""):
        with pytest.raises(DamagedSealError):
            sealer.open(wrong, CONTEXT)


@given(one=st.lists(st.text() | st.integers()), other=st.lists(st.text() | st.integers()))
def test_contexts_are_the_same_only_for_the_same_parts(one, other):
    assert (make_context(*one) == make_context(*other)) == (one == other)


def test_a_value_opens_only_in_its_context_and_for_its_purpose(sealer, keys):
    sealed = sealer.seal(b"value", CONTEXT)
    with pytest.raises(DamagedSealError, match="moved there"):
        sealer.open(sealed, make_context("payload", "run-2", 7))
    with pytest.raises(DamagedSealError):
        Sealer(keys, "secrets").open(sealed, CONTEXT)


def test_equal_values_look_different(sealer):
    assert len({sealer.seal(b"value", CONTEXT) for _ in range(100)}) == 100


def test_a_value_of_a_foreign_master_key_names_it(sealer, tmp_path):
    foreign = Sealer(open_master_keys(tmp_path / "other.key", may_create=True), "payloads").seal(b"value", CONTEXT)
    with pytest.raises(MasterKeyError, match=read_key_id(foreign)):
        sealer.open(foreign, CONTEXT)


def test_a_new_salt_is_drawn_before_nonces_could_meet(keys, monkeypatch):
    monkeypatch.setattr(sealing, "_SEALS_PER_SALT", 3)
    sealer = Sealer(keys, "payloads")
    sealed = [sealer.seal(b"value", CONTEXT) for _ in range(9)]
    assert len({value[9:25] for value in sealed}) == 3
    assert [sealer.open(value, CONTEXT) for value in sealed] == [b"value"] * 9


def test_a_sealer_takes_up_a_new_master_key_and_opens_the_old(tmp_path):
    keys = open_master_keys(tmp_path / "master.key", may_create=True)
    sealer = Sealer(keys, "payloads")
    old = sealer.seal(b"old", CONTEXT)
    made = keys.rotate()
    new = sealer.seal(b"new", CONTEXT)
    assert read_key_id(new) == made.name != read_key_id(old)
    assert [sealer.open(value, CONTEXT) for value in (old, new)] == [b"old", b"new"]

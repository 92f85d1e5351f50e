from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.vault.domain import envelope
from apps.vault.domain.errors import KeyVersionsSpent, SealBroken

KEY = bytes(range(32))
parts = st.lists(st.text(max_size=12), min_size=1, max_size=5).map(tuple)
versions = st.integers(1, 255)


@given(clear=st.binary(max_size=300), place=parts, version=versions)
def test_what_was_sealed_opens_at_its_place(clear, place, version):
    sealed = envelope.seal(clear, key=KEY, version=version, place=place)

    assert envelope.unseal(sealed, key=KEY, version=version, place=place) == clear
    assert sealed[:2] == bytes((1, version))
    assert len(sealed) == 2 + 12 + len(clear) + 16


@given(place=parts, other=parts)
def test_a_ciphertext_opens_at_no_other_place(place, other):
    sealed = envelope.seal(b"x", key=KEY, version=1, place=place)

    if place == other:
        return
    with pytest.raises(SealBroken):
        envelope.unseal(sealed, key=KEY, version=1, place=other)


def test_neighboring_parts_do_not_run_together():
    sealed = envelope.seal(b"x", key=KEY, version=1, place=("ab", "c"))

    with pytest.raises(SealBroken):
        envelope.unseal(sealed, key=KEY, version=1, place=("a", "bc"))


@given(version=versions, claimed=versions)
def test_another_version_does_not_open_it_even_with_its_byte_changed(version, claimed):
    sealed = bytearray(envelope.seal(b"x", key=KEY, version=version, place=("p",)))
    if version == claimed:
        return
    with pytest.raises(SealBroken):
        envelope.unseal(bytes(sealed), key=KEY, version=claimed, place=("p",))
    sealed[1] = claimed
    with pytest.raises(SealBroken):
        envelope.unseal(bytes(sealed), key=KEY, version=claimed, place=("p",))


@given(at=st.integers(0, 33), bit=st.integers(0, 7))
def test_any_flipped_bit_breaks_the_seal(at, bit):
    sealed = bytearray(envelope.seal(b"four", key=KEY, version=3, place=("p",)))
    sealed[at] ^= 1 << bit

    with pytest.raises(SealBroken):
        envelope.unseal(bytes(sealed), key=KEY, version=3, place=("p",))


@given(short=st.binary(max_size=29))
def test_what_is_no_envelope_is_refused(short):
    with pytest.raises(SealBroken):
        envelope.version_of(short)


def test_two_seals_of_one_value_share_no_nonce():
    seals = {envelope.seal(b"x", key=KEY, version=1, place=("p",))[2:14] for _ in range(50)}

    assert len(seals) == 50


@pytest.mark.parametrize("version", [0, 256])
def test_a_version_that_is_no_byte_is_refused(version):
    with pytest.raises(KeyVersionsSpent):
        envelope.seal(b"x", key=KEY, version=version, place=("p",))


def test_wiping_leaves_zeros():
    buffer = bytearray(b"secret")

    envelope.wipe(buffer)

    assert buffer == bytes(6)

"""What is packed comes back equal, whatever was done to it; what was damaged is refused and never other data."""

from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.payloads.codec import Codec
from infrastructure.payloads.compression import Compression, Dictionaries
from infrastructure.payloads.encryption import Seal
from infrastructure.payloads.header import PayloadError
from tests.unit.payloads.golden import FOLDER, TENANTS_DICTIONARY
from tests.unit.payloads.strategies import at_any_speed, json, same

ANYTHING = msgspec.msgpack.Decoder()
SEAL = Seal(b"key id 8", bytes(range(32)), b"this place")
TENANT, WITH_ITS_OWN = 1, 2


class OneKey:
    """Knows the key of SEAL."""

    def secret(self, key_id: bytes) -> bytes:
        if key_id != SEAL.key_id:
            raise PayloadError("there is no such key")
        return SEAL.secret


def _dictionaries() -> Dictionaries:
    made = Dictionaries()
    made.add(TENANTS_DICTIONARY, (FOLDER / f"{TENANTS_DICTIONARY}.zdict").read_bytes())
    made.use(WITH_ITS_OWN, TENANTS_DICTIONARY)
    return made


class Way(NamedTuple):
    """A way to pack, and the header byte of what can get smaller by it."""

    codec: Codec
    tenant_id: int
    seal: Seal | None
    header: int

    def pack(self, value: Any) -> bytes:
        return self.codec.pack(value, tenant_id=self.tenant_id, seal=self.seal)

    def unpack(self, payload: bytes) -> Any:
        return self.codec.unpack(payload, ANYTHING, bound_to=self.seal.bound_to if self.seal else b"")


def _codec(above: int) -> Codec:
    return Codec(Compression(above, dictionaries=_dictionaries()), OneKey())


NEVER = 1 << 30
WAYS = {
    f"{name}{', sealed' if seal else ''}": Way(_codec(above), tenant_id, seal, first | (0x04 if seal else 0))
    for seal in (None, SEAL)
    for name, above, tenant_id, first in (
        ("plain", NEVER, 0, 0x10),
        ("compressed", 0, 0, 0x11),
        ("with the shipped dictionary", NEVER, TENANT, 0x13),
        ("with a dictionary of the tenant", NEVER, WITH_ITS_OWN, 0x13),
    )
}
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())

# Each way makes it smaller, and each kind of zstandard's blocks and tables is met.
SAMPLE = {
    "role": "assistant",
    "content": "I have looked, and looked again, and found 17 of them: " + "one more, " * 6,
    "turns": [{"id": number, "status": "completed"} for number in range(4)],
}


@ways
def test_the_sample_is_packed_in_the_way_that_is_meant(way: Way) -> None:
    assert way.pack(SAMPLE)[0] == way.header


@ways
@at_any_speed
@given(value=json)
def test_what_is_packed_comes_back_equal(way: Way, value: Any) -> None:
    assert same(way.unpack(way.pack(value)), value)


@ways
def test_any_flipped_bit_is_noticed(way: Way) -> None:
    payload = way.pack(SAMPLE)
    unnoticed = []
    for bit in range(8 * len(payload)):
        damaged = bytearray(payload)
        damaged[bit // 8] ^= 1 << (bit % 8)
        try:
            assert way.unpack(bytes(damaged)) == SAMPLE, f"bit {bit} gives other data"
            unnoticed.append(bit)
        except PayloadError:
            pass
    # In a frame there are bits that don't matter; elsewhere there are none.
    assert len(unnoticed) <= (8 if way.header & 0x01 and not way.seal else 0), unnoticed


@ways
@at_any_speed
@given(value=json, data=st.data())
def test_any_flipped_bit_of_any_payload_gives_an_error_and_never_other_data(
    way: Way, value: Any, data: st.DataObject
) -> None:
    payload = bytearray(way.pack(value))
    bit = data.draw(st.integers(0, 8 * len(payload) - 1))
    payload[bit // 8] ^= 1 << (bit % 8)
    with suppress(PayloadError):
        assert same(way.unpack(bytes(payload)), value)


@ways
def test_a_payload_that_was_cut_is_refused_at_every_length(way: Way) -> None:
    payload = way.pack(SAMPLE)
    for length in range(len(payload)):
        with pytest.raises(PayloadError):
            way.unpack(payload[:length])


@ways
def test_a_payload_that_goes_on_is_refused(way: Way) -> None:
    payload = way.pack(SAMPLE)
    for more in (b"\x00", payload[-1:], payload):
        with pytest.raises(PayloadError):
            way.unpack(payload + more)


@ways
@pytest.mark.parametrize("header", [0x00, 0x03, 0x12, 0x16, 0x1A, 0x1E, 0x20, 0x33, 0xF0, 0xFF])
def test_an_unknown_header_is_refused_by_name(way: Way, header: int) -> None:
    payload = bytes((header,)) + way.pack(SAMPLE)[1:]
    with pytest.raises(PayloadError, match=f"header is 0x{header:02x}"):
        way.unpack(payload)


def test_a_dictionary_of_0_is_refused() -> None:
    with pytest.raises(PayloadError, match="names 0"):
        Codec().unpack(b"\x13\x00" + bytes(20), ANYTHING)


def test_a_payload_that_claims_to_be_enormous_is_refused() -> None:
    # A frame header that has a content size of 8 bytes, all of them set.
    for size in (b"\xff" * 8, b"\x00\x00\x00\x00\x00\x00\x01\x00"):
        for payload in (b"\x13\x01\xe0" + size, b"\x11\x28\xb5\x2f\xfd\xe0" + size):
            with pytest.raises(PayloadError):
                Codec().unpack(payload + bytes(20), ANYTHING)

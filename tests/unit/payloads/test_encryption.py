"""Encrypted payloads: they come back as they were, in their own place alone, or not at all."""

import os
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contexts.events import Attributes, ContextReplaced
from domain.errors import DamagedEventError
from infrastructure.payloads import header
from infrastructure.payloads.codec import Codec
from infrastructure.payloads.compression import Compression
from infrastructure.payloads.encryption import EVENT, SNAPSHOT, ErasedError, Seal, place
from infrastructure.payloads.header import PayloadError
from tests.unit.domain.strategies import documents
from tests.unit.payloads.test_codec import same

WHERE = "stream 1234 version 7 (position 99)"
STREAM, OTHER = UUID(int=1), UUID(int=2)
HERE = place(EVENT, 1, STREAM, 7)
KEY_ID, SECRET = bytes(range(8)), os.urandom(32)
ERASED = bytes(8)


class Keys:
    def secret(self, key_id: bytes) -> bytes:
        if key_id == ERASED:
            raise ErasedError
        if key_id != KEY_ID:
            raise PayloadError(f"it is encrypted with the key {key_id.hex()}, which the key store doesn't have")
        return SECRET


codecs = [Codec(keys=Keys()), Codec(Compression(above=0), Keys()), Codec(Compression(above=1 << 30), Keys())]
SEAL = Seal(KEY_ID, SECRET, HERE)


def replaced(data: Any) -> ContextReplaced:
    return ContextReplaced(data=data, attributes=Attributes(), encrypted=True)


@given(documents, st.sampled_from(codecs), st.booleans())
def test_any_document_comes_back_as_it_was_and_is_not_to_be_seen(data: Any, codec: Codec, compress: bool) -> None:
    event = ContextReplaced(data=[data, "plaintext " * 200], attributes=Attributes(), compress=compress)
    payload = codec.encode_event(event, seal=SEAL)
    assert same(codec.decode_event("context-replaced", payload, WHERE, bound_to=HERE), event)
    assert header.is_encrypted(payload)
    assert header.parse(payload).key_id == KEY_ID
    assert b"plaintext" not in payload
    # Encrypting twice gives nothing to compare.
    assert codec.encode_event(event, seal=SEAL) != payload


@pytest.mark.parametrize("codec", codecs)
def test_no_flipped_bit_gives_wrong_data(codec: Codec) -> None:
    payload = codec.encode_event(replaced({"text": "the same again " * 20}), seal=SEAL)
    for bit in range(8 * len(payload)):
        damaged = bytearray(payload)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises((DamagedEventError, PayloadError)):
            codec.decode_event("context-replaced", bytes(damaged), WHERE, bound_to=HERE)
    for length in range(len(payload)):
        with pytest.raises(DamagedEventError):
            codec.decode_event("context-replaced", payload[:length], WHERE, bound_to=HERE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        place(EVENT, 1, STREAM, 8),
        place(EVENT, 1, OTHER, 7),
        place(EVENT, 2, STREAM, 7),
        place(SNAPSHOT, 1, STREAM, 7),
        b"",
    ],
    ids=["version", "stream", "tenant", "kind", "nowhere"],
)
def test_a_payload_that_was_moved_is_refused(elsewhere: bytes) -> None:
    codec = codecs[0]
    payload = codec.encode_event(replaced(1), seal=SEAL)
    with pytest.raises(DamagedEventError, match=r"1234.*version 7.*position 99.*does not decrypt"):
        codec.decode_event("context-replaced", payload, WHERE, bound_to=elsewhere)


@pytest.mark.parametrize("seal", [SEAL._replace(secret=os.urandom(32)), SEAL._replace(key_id=b"another!")])
def test_a_wrong_and_a_missing_key_are_told_with_stream_version_and_position(seal: Seal) -> None:
    payload = codecs[0].encode_event(replaced(1), seal=seal)
    with pytest.raises(DamagedEventError, match=r"stream 1234 version 7 \(position 99\)") as refusal:
        codecs[0].decode_event("context-replaced", payload, WHERE, bound_to=HERE)
    assert SECRET.hex() not in str(refusal.value)


def test_without_a_master_key_the_settings_to_look_at_are_named() -> None:
    payload = codecs[0].encode_event(replaced(1), seal=SEAL)
    with pytest.raises(DamagedEventError, match=f"{KEY_ID.hex()}.*CONTEXTLINE_MASTER_KEY"):
        Codec().decode_event("context-replaced", payload, WHERE, bound_to=HERE)


def test_what_was_erased_is_told_as_such() -> None:
    payload = codecs[0].encode_event(replaced(1), seal=SEAL._replace(key_id=ERASED))
    with pytest.raises(ErasedError):
        codecs[0].decode_event("context-replaced", payload, WHERE, bound_to=HERE)
    with pytest.raises(ErasedError):
        codecs[0].seal(ERASED, HERE)


def test_a_seal_is_made_of_a_key_that_is_there_or_of_none() -> None:
    assert codecs[0].seal(KEY_ID, HERE) == SEAL
    assert codecs[0].seal(b"", HERE) is None
    sealed = codecs[0].pack([1], seal=codecs[0].seal(KEY_ID, HERE))
    assert codecs[0].unpack(sealed, msgspec.msgpack.Decoder(), bound_to=HERE) == [1]


@pytest.mark.parametrize("first", [0x00, 0x10, 0x11, 0x24, 0x84])
def test_only_a_header_of_ours_with_the_flag_is_encrypted(first: int) -> None:
    assert not header.is_encrypted(bytes([first]) + bytes(30))
    assert not header.is_encrypted(b"")

"""Small payloads are compressed with a dictionary, and can be read as long as it is there."""

import hashlib
from pathlib import Path

import msgspec
import pytest
import zstandard

from domain.contexts.events import Attributes, ContextCreated, ContextReplaced, ContextUpdated
from domain.errors import DamagedEventError
from domain.sessions.events import SessionCompleted
from infrastructure.payloads import compression
from infrastructure.payloads.codec import Codec, encode
from infrastructure.payloads.compression import (
    LARGEST,
    SHIPPED,
    SMALLEST,
    Compression,
    Dictionaries,
    UnknownDictionaryError,
)
from infrastructure.payloads.header import PayloadError
from tests.unit.payloads.golden import FOLDER, GOLDEN, SEALED_WITH, TENANTS_DICTIONARY, WITH_DICTIONARY, payloads
from tests.unit.payloads.strategies import same

PINNED = {1: "5f3d137910f67b03e3590b46e1043a79edfc5a942b42339d70e4998b4ef5689c"}
"""Payloads depend on the bytes of these files. A file, once released, never changes; a better one gets a new number."""

TENANT, OTHER = 7, 8
PLAIN, COMPRESSED, DICTIONARY = 0x10, 0x11, 0x13
ANYTHING = msgspec.msgpack.Decoder()
TRAINED = (FOLDER / f"{TENANTS_DICTIONARY}.zdict").read_bytes()

MESSAGE = ContextUpdated(
    change_type="append",
    patch=[{"op": "add", "path": "/messages/-", "value": {"role": "user", "content": "Yes, please go ahead."}}],
    action="message",
)


def codec_with(*numbers: int, newest: int = SHIPPED) -> Codec:
    """One that knows a trained dictionary by these numbers, too, and writes the tenant's payloads with `newest`."""
    dictionaries = Dictionaries()
    for number in numbers:
        dictionaries.add(number, TRAINED)
    dictionaries.use(TENANT, newest)
    return Codec(Compression(dictionaries=dictionaries))


def test_the_shipped_dictionaries_are_the_ones_that_payloads_were_written_with() -> None:
    folder = Path(compression.__file__).parent / "dictionaries"
    found = {int(path.stem): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert found == PINNED
    assert max(PINNED) == SHIPPED


def test_a_small_payload_of_a_tenant_is_compressed_with_the_shipped_dictionary() -> None:
    codec = Codec()
    payload = codec.encode_event(MESSAGE, tenant_id=TENANT)
    assert payload[0] == DICTIONARY
    assert payload[1] == SHIPPED
    assert len(payload) < len(codec.encode_event(MESSAGE)) / 2
    assert same(codec.decode_event("context-updated", payload, ""), MESSAGE)


def test_a_frame_says_its_size_and_has_a_checksum_but_no_magic_number_and_no_dictionarys_id() -> None:
    frame = Codec().encode_event(MESSAGE, tenant_id=TENANT)[2:]
    told = zstandard.get_frame_parameters(frame, format=zstandard.FORMAT_ZSTD1_MAGICLESS)
    assert (told.content_size, told.dict_id, told.has_checksum) == (len(encode(MESSAGE)), 0, True)


def test_what_is_no_tenants_is_written_without_a_dictionary() -> None:
    assert Codec().encode_event(MESSAGE)[0] == PLAIN


def test_switched_off_none_is_written_with_and_all_are_read() -> None:
    off = Codec(Compression(with_dictionaries=False))
    assert off.encode_event(MESSAGE, tenant_id=TENANT)[0] == PLAIN
    assert off.encode_event(SessionCompleted(reason="on and on " * 200), tenant_id=TENANT)[0] == COMPRESSED
    written = Codec().encode_event(MESSAGE, tenant_id=TENANT)
    assert same(off.decode_event("context-updated", written, ""), MESSAGE)


@pytest.mark.parametrize(
    ("bytes_of_body", "header"),
    [(SMALLEST - 1, PLAIN), (40, DICTIONARY), (LARGEST, DICTIONARY), (LARGEST + 1, COMPRESSED)],
)
def test_bodies_of_a_middling_size_are_compressed_with_a_dictionary(bytes_of_body: int, header: int) -> None:
    codec = Codec()
    # MessagePack puts a byte before a short text, three before a long one.
    text = "a" * (bytes_of_body - (1 if bytes_of_body < 32 else 3))
    payload = codec.pack(text, tenant_id=TENANT)
    assert payload[0] == header
    assert codec.unpack(payload, ANYTHING) == text


def test_what_would_not_get_smaller_stays_as_it_is_with_a_checksum() -> None:
    codec = Codec()
    noise = bytes(range(256))
    payload = codec.pack(noise, tenant_id=TENANT)
    assert payload[0] == PLAIN
    assert codec.unpack(payload, ANYTHING) == noise


def test_a_context_that_asks_for_it_is_not_compressed() -> None:
    created = ContextCreated(namespace="n", key="k", data={"role": "user"}, attributes=Attributes(), compress=False)
    assert Codec().encode_event(created, tenant_id=TENANT)[0] == PLAIN
    replaced = ContextReplaced(data={"role": "user"}, attributes=Attributes(ttl=86_400))
    assert Codec().encode_event(replaced, tenant_id=TENANT)[0] == DICTIONARY


def test_a_tenant_is_written_with_its_own_dictionary_and_the_others_with_the_shipped_one() -> None:
    codec = codec_with(1000, newest=1000)
    mine, others = (codec.encode_event(MESSAGE, tenant_id=tenant) for tenant in (TENANT, OTHER))
    assert mine[:3] == b"\x13\xe8\x07"
    assert others[:2] == b"\x13\x01"
    for payload in (mine, others):
        assert same(codec.decode_event("context-updated", payload, ""), MESSAGE)


def test_what_was_written_with_earlier_dictionaries_is_read_after_a_newer_one_was_taken_up() -> None:
    codec = codec_with(1000, 1001)
    written = []
    for number in (SHIPPED, 1000, 1001):
        codec.dictionaries.use(TENANT, number)
        written.append(codec.encode_event(MESSAGE, tenant_id=TENANT))
    assert [payload[1:3] for payload in written[1:]] == [b"\xe8\x07", b"\xe9\x07"]
    for payload in written:
        assert same(codec.decode_event("context-updated", payload, ""), MESSAGE)


def test_a_dictionary_that_is_not_there_is_told_by_its_number_with_the_place_of_the_event() -> None:
    payload = codec_with(70_000, newest=70_000).encode_event(MESSAGE, tenant_id=TENANT)
    with pytest.raises(UnknownDictionaryError, match="dictionary 70000") as missing:
        Codec().unpack(payload, ANYTHING)
    assert missing.value.number == 70_000
    with pytest.raises(DamagedEventError, match=r"stream 12 version 7 \(position 99\).*dictionary 70000") as damaged:
        Codec().decode_event("context-updated", payload, "stream 12 version 7 (position 99)")
    assert isinstance(damaged.value.__cause__, UnknownDictionaryError)


def test_another_dictionary_under_that_number_gives_an_error_and_no_other_data() -> None:
    payload = codec_with(1000, newest=1000).encode_event(MESSAGE, tenant_id=TENANT)
    wrong = Dictionaries()
    wrong.add(1000, bytes(reversed(TRAINED)))
    with pytest.raises(PayloadError):
        Codec(Compression(dictionaries=wrong)).unpack(payload, ANYTHING)


def test_what_a_number_stands_for_never_changes() -> None:
    dictionaries = Dictionaries()
    dictionaries.add(1000, TRAINED)
    dictionaries.add(1000, bytes(reversed(TRAINED)))
    assert dictionaries.get(1000).as_bytes() == TRAINED
    assert dictionaries.sha256(1000) == hashlib.sha256(TRAINED).digest()


def test_a_tenant_is_told_of_when_it_is_met_for_the_first_time() -> None:
    dictionaries = Dictionaries()
    told: list[int] = []
    dictionaries.on_tenant = lambda: told.append(len(dictionaries.tenants()))
    for tenant in (TENANT, OTHER, TENANT):
        assert dictionaries.newest(tenant) == SHIPPED
    assert told == [1, 2]
    assert set(dictionaries.tenants()) == {TENANT, OTHER}


@pytest.mark.parametrize("name", WITH_DICTIONARY)
def test_what_was_once_written_with_the_shipped_dictionary_is_read_for_ever(name: str) -> None:
    (payload,) = payloads(f"{name}.dictionary")
    assert same(Codec().decode_event(name, payload, ""), GOLDEN[name][0])


def test_what_was_once_written_with_a_tenants_dictionary_is_read_for_ever() -> None:
    (payload,) = payloads("context-updated.dictionary-1000")
    assert same(codec_with(1000).decode_event("context-updated", payload, ""), GOLDEN["context-updated"][0])


def test_what_was_once_written_with_a_dictionary_and_encrypted_is_read_for_ever() -> None:
    class Keys:
        def secret(self, key_id: bytes) -> bytes:
            assert key_id == SEALED_WITH.key_id
            return SEALED_WITH.secret

    (payload,) = payloads("context-updated.sealed")
    event = Codec(keys=Keys()).decode_event("context-updated", payload, "", bound_to=SEALED_WITH.bound_to)
    assert same(event, GOLDEN["context-updated"][0])

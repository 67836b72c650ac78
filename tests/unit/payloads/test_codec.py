import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalogue import EVENTS
from domain.contexts.events import Attributes, ContextCreated, ContextReplaced, ContextUpdated
from domain.errors import DamagedEventError, UnknownEventError
from domain.recorded import Event, Origin
from domain.sessions.events import SessionCompleted
from domain.values import MAX_DEPTH, check_json, identical
from infrastructure.payloads.codec import Codec, decode_origin, encode_origin, event_name
from infrastructure.payloads.compression import COMPRESS_ABOVE, Compression
from infrastructure.payloads.header import PayloadError
from tests.unit.payloads.golden import FOLDER, GOLDEN, LATER, payloads
from tests.unit.payloads.strategies import at_any_speed, json, objects, same, text

WHERE = "stream 1234 version 7 (position 99)"
codec = Codec()
PLAIN, COMPRESSED = 0x10, 0x11


def there_and_back(event: Event, through: Codec = codec) -> Event:
    return through.decode_event(event_name(event), through.encode_event(event), WHERE)


@at_any_speed
@given(json, objects, st.booleans())
def test_any_json_value_comes_back_as_it_was(data: Any, metadata: dict[str, Any], compress: bool) -> None:
    check_json(data)
    before = copy.deepcopy(data)
    event = ContextCreated(
        namespace="n",
        key="k",
        data=data,
        attributes=Attributes(metadata=metadata),
        metadata=metadata,
        compress=compress,
    )
    for through in (codec, Codec(Compression(above=0))):
        assert same(there_and_back(event, through), event)
    assert identical(data, before)


@at_any_speed
@given(st.lists(st.fixed_dictionaries({"op": st.just("add"), "path": text, "value": json}), max_size=3), objects)
def test_any_patch_and_outcome_comes_back_as_it_was(patch: list[dict[str, Any]], outcome: dict[str, Any]) -> None:
    for event in (ContextUpdated(change_type="jsonPatch", patch=patch), SessionCompleted(outcome=outcome)):
        assert same(there_and_back(event), event)


def test_the_deepest_value_that_is_accepted_comes_back() -> None:
    value: Any = "deep"
    for level in range(MAX_DEPTH):
        value = [value] if level % 2 else {"in": value}
    check_json(value)
    event = ContextReplaced(data=value, attributes=Attributes())
    assert same(there_and_back(event), event)


@at_any_speed
@given(st.builds(Origin, **{name: st.none() | text for name in Origin.__struct_fields__}))
def test_any_origin_comes_back(origin: Origin) -> None:
    assert decode_origin(encode_origin(origin)) == origin


def test_an_origin_of_which_nothing_is_known_takes_no_room() -> None:
    assert encode_origin(Origin()) == b""


def test_what_is_large_and_repeats_itself_is_compressed() -> None:
    event = SessionCompleted(outcome={"words": "the same again " * 1000})
    payload = codec.encode_event(event)
    assert payload[0] == COMPRESSED
    assert len(payload) < 200
    assert same(codec.decode_event("session-completed", payload, WHERE), event)


def test_what_is_small_is_not_compressed() -> None:
    assert codec.encode_event(SessionCompleted(outcome={"words": "x" * (COMPRESS_ABOVE - 100)}))[0] == PLAIN


def test_what_would_not_get_smaller_is_not_compressed() -> None:
    noise = bytes(range(256))
    packed = Codec(Compression(above=0)).pack(noise)
    assert packed[0] == PLAIN
    assert codec.unpack(packed, msgspec.msgpack.Decoder(bytes)) == noise


def test_a_context_that_asks_for_it_is_not_compressed() -> None:
    event = ContextReplaced(data="the same again " * 1000, attributes=Attributes(), compress=False)
    assert codec.encode_event(event)[0] == PLAIN


def test_every_event_has_its_fixture() -> None:
    assert set(GOLDEN) == set(EVENTS)
    assert {path.stem for path in FOLDER.glob("*.hex")} >= set(EVENTS)


@pytest.mark.parametrize("name", GOLDEN)
def test_bytes_that_were_once_written_are_read_for_ever(name: str) -> None:
    stored = payloads(name)
    assert len(stored) == len(GOLDEN[name]) == 2
    for payload, expected in zip(stored, GOLDEN[name], strict=True):
        assert same(codec.decode_event(name, payload, WHERE), expected)


@pytest.mark.parametrize("file", LATER)
def test_fields_that_came_later_are_read_for_ever(file: str) -> None:
    name, expected = LATER[file]
    (payload,) = payloads(file)
    assert same(codec.decode_event(name, payload, WHERE), expected)
    assert Codec(Compression(above=1 << 20)).encode_event(expected) == payload


@pytest.mark.parametrize("name", GOLDEN)
def test_events_are_written_as_they_were(name: str) -> None:
    """Not a promise, but a change of it should be meant: other programs may compare bytes."""
    assert [Codec(Compression(above=1 << 20)).encode_event(event) for event in GOLDEN[name]] == payloads(name)


def test_a_compressed_payload_that_was_once_written_is_read_for_ever() -> None:
    (payload,) = payloads("session-completed.compressed")
    assert payload[0] == COMPRESSED
    expected = SessionCompleted(outcome={"lines": [f"line {n} of a long text" for n in range(60)]}, reason="all done")
    assert same(codec.decode_event("session-completed", payload, WHERE), expected)


@pytest.mark.parametrize("header", [0x00, 0x01, 0x12, 0x20, 0x91, 0xFF])
def test_an_unknown_header_is_refused_by_name(header: int) -> None:
    payload = bytes([header]) + codec.encode_event(SessionCompleted())[1:]
    with pytest.raises(PayloadError, match=f"0x{header:02x}"):
        codec.unpack(payload, msgspec.msgpack.Decoder(SessionCompleted))
    with pytest.raises(DamagedEventError, match=f"(?s)1234.*version 7.*position 99.*0x{header:02x}"):
        codec.decode_event("session-completed", payload, WHERE)


def test_an_empty_payload_is_refused() -> None:
    with pytest.raises(DamagedEventError, match="empty"):
        codec.decode_event("session-completed", b"", WHERE)


def test_an_event_of_a_newer_program_is_refused_by_name() -> None:
    with pytest.raises(UnknownEventError, match=r"1234.*'context-dreamt-of'"):
        codec.decode_event("context-dreamt-of", codec.encode_event(SessionCompleted()), WHERE)


def test_no_flipped_bit_of_a_compressed_payload_gives_wrong_data() -> None:
    event = SessionCompleted(outcome={f"key {n}": f"value {n * n}" for n in range(150)}, reason="to be damaged")
    payload = codec.encode_event(event)
    assert payload[0] == COMPRESSED
    refused = 0
    for bit in range(8 * len(payload)):
        damaged = bytearray(payload)
        damaged[bit // 8] ^= 1 << (bit % 8)
        try:
            assert same(codec.decode_event("session-completed", bytes(damaged), WHERE), event), f"bit {bit}"
        except DamagedEventError as error:
            assert "stream 1234 version 7 (position 99)" in str(error)  # noqa: PT017
            refused += 1
    assert refused > 7 * len(payload)


def test_no_piece_of_a_payload_is_taken_for_the_whole() -> None:
    for through in (codec, Codec(Compression(above=1 << 20))):
        payload = through.encode_event(SessionCompleted(outcome={"words": "the same again " * 100}, reason="cut"))
        for length in range(len(payload)):
            with pytest.raises(DamagedEventError):
                through.decode_event("session-completed", payload[:length], WHERE)


def test_a_payload_under_another_events_name_is_refused() -> None:
    payload = codec.encode_event(SessionCompleted(reason="done"))
    with pytest.raises(DamagedEventError, match="session-created"):
        codec.decode_event("session-created", payload, WHERE)

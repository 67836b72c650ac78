"""Pieces of large values that are missing, damaged, of another size or of another place: never wrong data."""

from typing import Any

import msgspec
import pytest

from domain.contexts.events import Attributes, ContextReplaced
from domain.errors import DamagedEventError
from domain.values import identical
from infrastructure.payloads.codec import Codec
from infrastructure.payloads.encryption import ErasedError, Seal
from infrastructure.payloads.header import PayloadError
from infrastructure.payloads.large_values import Values, references
from infrastructure.payloads.pieces import Piece, open_piece
from tests.unit.payloads.golden import FOLDER
from tests.unit.payloads.large_support import SEAL, at_hand, put_together, small_pieces, taken_out

WHERE = "stream 1234 version 7 (position 99)"
DOCUMENT = {"text": "".join(chr(0x4E00 + n) for n in range(200)), "more": "abc" * 200, "n": list(range(300))}
EVENT = ContextReplaced(data=DOCUMENT, attributes=Attributes())
codec = Codec()
_anything = msgspec.msgpack.Decoder()


def read(payload: bytes, values: Values) -> Any:
    return codec.decode_event("context-replaced", payload, WHERE, values=values)


def refused(payload: bytes, values: Values) -> str:
    with pytest.raises(DamagedEventError, match=r"stream 1234 version 7 \(position 99\)") as refusal:
        read(payload, values)
    return str(refusal.value)


@pytest.fixture(params=[False, True])
def packed(request: pytest.FixtureRequest) -> tuple[bytes, tuple[Piece, ...]]:
    """An event of several values of several pieces, compressed or not."""
    with small_pieces():
        taken = taken_out(EVENT, compress=request.param)
    assert len(taken.pieces) > 10
    return codec.close(taken.body, taken.references, compress=request.param), taken.pieces


def test_a_payload_tells_what_it_refers_to_without_being_decoded(packed: Any) -> None:
    payload, pieces = packed
    assert set(references(payload)) == {piece.hash for piece in pieces}
    assert references(codec.encode_event(EVENT)) == ()
    assert references(b"") == ()
    assert identical(read(payload, at_hand(pieces)).data, DOCUMENT)


def test_a_missing_piece_is_told_by_its_hash(packed: Any) -> None:
    payload, pieces = packed
    for missing in range(len(pieces)):
        left = [piece for index, piece in enumerate(pieces) if index != missing]
        assert f"{pieces[missing].hash.hex()}: it is not there" in refused(payload, at_hand(left))
    refused(payload, Values())


def test_a_piece_of_another_size_is_refused(packed: Any) -> None:
    payload, pieces = packed
    for size in (0, pieces[0].size - 1, pieces[0].size + 1, 2**40):
        refused(payload, at_hand([pieces[0]._replace(size=size), *pieces[1:]]))


def test_a_piece_under_another_hash_is_refused(packed: Any) -> None:
    payload, pieces = packed
    assert pieces[0].size == pieces[1].size
    swapped = pieces[0]._replace(payload=pieces[1].payload)
    assert "hash" in refused(payload, at_hand([swapped, *pieces[1:]]))


@pytest.mark.parametrize("seal", [None, SEAL])
def test_no_flipped_bit_and_no_cut_of_a_piece_gives_wrong_data(seal: Seal | None) -> None:
    for compress in (True, False):
        for piece in taken_out({"text": "all of this is the same " * 20}, compress=compress, seal=seal).pieces:
            secret = seal.secret if seal else None
            assert piece.payload is not None
            content = open_piece(piece.hash, piece.size, piece.payload, secret)
            for bit in range(8 * len(piece.payload)):
                damaged = bytearray(piece.payload)
                damaged[bit // 8] ^= 1 << (bit % 8)
                # Some bits say nothing: what comes back in spite of one is what was there.
                try:
                    assert open_piece(piece.hash, piece.size, bytes(damaged), secret) == content
                except PayloadError:
                    continue
            for length in range(len(piece.payload)):
                with pytest.raises(PayloadError):
                    open_piece(piece.hash, piece.size, piece.payload[:length], secret)


def test_no_flipped_bit_of_what_refers_to_values_gives_wrong_data() -> None:
    with small_pieces():
        taken = taken_out(EVENT)
    payload = codec.close(taken.body, taken.references, compress=False)
    event = read(payload, at_hand(taken.pieces))
    for bit in range(8 * len(payload)):
        damaged = bytearray(payload)
        damaged[bit // 8] ^= 1 << (bit % 8)
        try:
            assert read(bytes(damaged), at_hand(taken.pieces)) == event
        except DamagedEventError:
            continue


def test_an_extension_of_another_kind_is_refused() -> None:
    for body in (b"\xd4\x01\x00", b"\xc7\x00\x01", b"\xd4\x02\x00", b"\xc7\x21\x01\xa0" + bytes(31) + b"\x00\x00"):
        with pytest.raises(PayloadError):
            codec.unpack(codec.close(body[: 3 + body[1]], (bytes(32),)), _anything, values=Values())


def test_a_value_whose_key_was_destroyed_is_erased_and_not_damaged() -> None:
    taken = taken_out(EVENT, seal=SEAL)
    payload = codec.close(taken.body, taken.references)
    with pytest.raises(ErasedError):
        read(payload, at_hand(taken.pieces, ErasedError("gone")))
    with pytest.raises(DamagedEventError):
        read(payload, at_hand(taken.pieces, PayloadError("no such key")))


def test_an_encrypted_piece_opens_with_its_own_key_alone() -> None:
    taken = taken_out(DOCUMENT, seal=SEAL)
    piece = taken.pieces[0]
    assert piece.payload is not None
    assert identical(put_together(taken, SEAL.secret), DOCUMENT)
    for secret in (bytes(32), None):
        with pytest.raises(PayloadError):
            open_piece(piece.hash, piece.size, piece.payload, secret)
    (clear, *_) = taken_out(DOCUMENT).pieces
    assert clear.payload is not None
    with pytest.raises(PayloadError):
        open_piece(clear.hash, clear.size, clear.payload, SEAL.secret)


def test_what_was_once_written_is_read_for_ever() -> None:
    """The payload of an event, and the pieces that it refers to: their sizes, hashes and payloads."""
    payload, *lines = (FOLDER / "context-replaced.large.hex").read_text().split("\n")[:-1]
    pieces = []
    for line in lines:
        size, digest, content = line.split(" ")
        pieces.append(Piece(bytes.fromhex(digest), int(size), bytes.fromhex(content)))
    assert len(pieces) > 10
    assert identical(read(bytes.fromhex(payload), at_hand(pieces)).data, DOCUMENT)

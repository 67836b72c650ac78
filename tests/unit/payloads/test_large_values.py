"""Taking large values out of documents, and putting them back."""

import copy
import hashlib
import hmac
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contexts.events import Attributes, ContextReplaced, ContextUpdated
from domain.values import MAX_DEPTH, identical
from infrastructure.payloads import large_values, pieces
from infrastructure.payloads.codec import encode
from infrastructure.payloads.large_values import MOST_MEMBERS, refer_to, take_out
from infrastructure.payloads.pieces import PIECE_BYTES
from tests.unit.payloads.large_support import (
    ABOVE,
    ANOTHER_SEAL,
    PIECE,
    SEAL,
    extensions,
    put_together,
    small_pieces,
    taken_out,
)
from tests.unit.payloads.strategies import json, same, text

LARGE = "a large text, " * 40
ALSO = "another one.. " * 40

long_text = st.integers(1, 10).map(lambda n: LARGE * n) | st.text(min_size=ABOVE, max_size=4 * ABOVE)
# What looks like an extension of ours to somebody who would look for it in the text: type, header, hash.
looks_alike = st.binary(min_size=33, max_size=70).map(lambda raw: "\xc7\x21\x01" + raw.decode("latin-1"))
leaves = json | long_text | looks_alike | st.sampled_from([LARGE, ALSO])
documents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(text | long_text, inner, max_size=6),
    max_leaves=24,
)


@given(documents, st.booleans(), st.sampled_from([None, SEAL]))
def test_any_document_comes_back_as_it_was(document: Any, compress: bool, seal: Any) -> None:
    before = copy.deepcopy(document)
    with small_pieces():
        taken = taken_out(document, compress=compress, seal=seal)
        back = put_together(taken, seal and seal.secret)
    assert identical(back, document)
    assert identical(document, before)


@given(documents)
def test_nothing_large_is_left_but_the_hashes_of_what_was_taken_out(document: Any) -> None:
    with small_pieces():
        taken = taken_out(document)
    assert len(encode(msgspec.msgpack.decode(taken.body, ext_hook=lambda *_: None))) <= ABOVE
    assert len(set(taken.references)) == len(taken.references)
    assert {piece.hash for piece in taken.pieces} == set(taken.references)
    assert all(piece.size <= PIECE for piece in taken.pieces)


@given(documents, st.lists(st.booleans(), min_size=1, max_size=16))
def test_what_refers_to_what_is_known_comes_back_too(document: Any, knows: list[bool]) -> None:
    body = encode(document)
    with small_pieces():
        taken = take_out(body, above=ABOVE)
        known = {piece.hash for index, piece in enumerate(taken.pieces) if knows[index % len(knows)]}
        rest, hashes = refer_to(body, known, above=ABOVE)
        assert set(hashes) <= known
        assert identical(put_together(taken._replace(body=rest)), document)
        if all(knows):
            assert (rest, hashes) == (taken.body, taken.references)
        if not any(knows):
            assert (rest, hashes) == (body, ())


def test_events_come_back_as_they_do_when_nothing_is_taken_out() -> None:
    attributes = Attributes(tags=("a",), importance=1, metadata={"m": LARGE})
    patch = [{"op": "add", "path": f"/{n}", "value": n} for n in range(50)]
    for event in (
        ContextReplaced(data=LARGE, attributes=attributes, metadata={"why": [LARGE, ALSO]}),
        ContextReplaced(data=1, attributes=Attributes(metadata={str(n): n for n in range(100)})),
        ContextUpdated(change_type="jsonPatch", patch=patch),
    ):
        taken = taken_out(event)
        assert taken.references
        whole = msgspec.msgpack.decode(encode(event), type=type(event))
        assert same(put_together(taken, kind=type(event)), whole)


def test_what_is_small_is_left_as_it_is() -> None:
    body = encode({"text": "x" * (ABOVE - 10)})
    assert take_out(body, above=ABOVE) == (body, (), ())


def test_a_large_text_is_one_piece_under_the_hash_of_its_characters() -> None:
    taken = taken_out({"text": LARGE, "n": 1})
    (piece,) = taken.pieces
    assert piece.hash == hashlib.sha256(LARGE.encode()).digest()
    assert piece.size == len(LARGE)
    assert taken.references == (piece.hash,)
    assert extensions(taken.body) == [b"\x01" + encode(LARGE)[:3] + piece.hash]


def test_what_stands_in_several_places_is_one_piece_and_comes_back_as_one_object() -> None:
    taken = taken_out({"a": LARGE, "b": [1, {"c": LARGE}], "d": [LARGE, "small"]})
    assert len(taken.pieces) == 1
    back = put_together(taken)
    assert back["a"] is back["b"][1]["c"] is back["d"][0]


def test_a_container_of_many_small_things_is_a_value_without_the_large_ones_in_it() -> None:
    small = {f"member {n}": n for n in range(50)}
    taken = taken_out({"all": {**small, "text": LARGE}, "n": 1})
    assert len(taken.pieces) == 2
    changed = taken_out({"all": {**small, "text": ALSO}, "n": 1})
    assert taken.pieces[-1].hash not in {piece.hash for piece in changed.pieces}
    assert taken_out({"elsewhere": {**small, "text": LARGE}}).references == taken.references


def test_a_list_that_grows_at_its_end_shares_all_pieces_but_the_last() -> None:
    lines = [f"line {n} of what was said" for n in range(40_000)]
    before, after = taken_out({"lines": lines}, above=64_000), taken_out({"lines": [*lines, "more"]}, above=64_000)
    assert len(before.pieces) == len(after.pieces) == -(-len(encode(lines)) // PIECE_BYTES)
    assert before.references[:-1] == after.references[:-1]
    assert before.references[-1] != after.references[-1]


def test_the_whole_is_a_value_when_nothing_in_it_is_one() -> None:
    document = list(range(1000, 1500))
    taken = taken_out(document)
    assert len(taken.body) < 50
    assert put_together(taken) == document


def test_values_can_be_nested_as_deep_as_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    document: Any = LARGE
    for level in range(MAX_DEPTH):
        document = [document, *range(level, level + 400)]
    monkeypatch.setattr(large_values, "MOST_PASSES", MAX_DEPTH)
    taken = taken_out({"data": document})
    assert len(taken.pieces) == MAX_DEPTH + 1
    assert put_together(taken) == {"data": document}


@pytest.mark.parametrize("kind", [list, dict])
def test_a_container_of_very_many_members_is_taken_as_it_is(kind: Any) -> None:
    def document(count: int) -> Any:
        members = [0] * (count - 1) + [LARGE]
        return members if kind is list else {str(n): member for n, member in enumerate(members)}

    whole = taken_out({"data": document(MOST_MEMBERS + 1)})
    assert hashlib.sha256(LARGE.encode()).digest() not in whole.references
    assert put_together(whole)["data"] == document(MOST_MEMBERS + 1)
    assert hashlib.sha256(LARGE.encode()).digest() in taken_out(document(MOST_MEMBERS)).references


def test_looking_for_values_ends_however_deep_many_members_are(monkeypatch: pytest.MonkeyPatch) -> None:
    passed_over = 0
    decoder = large_values._array

    class Counting:
        def decode(self, value: Any) -> Any:
            nonlocal passed_over
            passed_over += len(value)
            return decoder.decode(value)

    monkeypatch.setattr(large_values, "_array", Counting())
    document: Any = [0] * 100_000
    for _ in range(100):
        document = [document]
    body = encode(document)
    taken = take_out(body, above=ABOVE)
    assert passed_over <= large_values.MOST_PASSES * len(body)
    assert put_together(taken) == document


def test_pieces_are_compressed_where_that_gains_something() -> None:
    (piece,) = taken_out(LARGE * 100).pieces
    assert piece.payload is not None
    assert len(piece.payload) < piece.size / 10
    (piece,) = taken_out(LARGE * 100, compress=False).pieces
    assert piece.payload is not None
    assert len(piece.payload) == piece.size + 5


def test_an_encrypted_value_is_kept_under_a_hash_that_needs_the_key() -> None:
    content = LARGE.encode()
    (piece,) = taken_out({"text": LARGE}, seal=SEAL).pieces
    assert piece.hash == hmac.digest(SEAL.secret, content, "sha256")
    assert piece.payload is not None
    assert content not in piece.payload
    assert hashlib.sha256(content).digest() not in piece.payload


def test_an_encrypted_value_is_shared_under_its_own_key_alone() -> None:
    def hashes(**options: Any) -> set[bytes]:
        return {piece.hash for piece in taken_out({"text": LARGE}, **options).pieces}

    assert hashes(seal=SEAL) == hashes(seal=SEAL._replace(bound_to=b"elsewhere"))
    assert not hashes(seal=SEAL) & hashes(seal=ANOTHER_SEAL)
    assert not hashes(seal=SEAL) & hashes()


def test_a_piece_of_several_values_is_opened_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def counting(digest: bytes, *rest: Any) -> bytes:
        opened.append(digest)
        return pieces.open_piece(digest, *rest)

    monkeypatch.setattr(large_values, "open_piece", counting)
    with small_pieces():
        one, other = "x" * PIECE * 5, "x" * PIECE * 5 + "y" * PIECE
        taken = taken_out([one, other])
        assert len(taken.pieces) == 2
        assert put_together(taken) == [one, other]
    assert len(opened) == 11

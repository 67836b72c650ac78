"""Answers that are encoded in pieces have the very text that they would have as a whole."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interfaces.http import streaming
from interfaces.http.streaming import LARGE, PIECE, looks_large, pieces
from tests.unit.domain.strategies import documents, texts

wide = st.recursive(
    documents | st.text(min_size=30, max_size=90),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(texts, inner, max_size=12),
    max_leaves=40,
)


def whole(pieces: Any) -> bytes:
    return b"".join(pieces)


@given(wide)
def test_the_pieces_together_are_the_whole_text(document: Any) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(streaming, "PIECE", 20)
        patched.setattr(streaming, "_TOGETHER", 3)
        assert whole(pieces(document)) == msgspec.json.encode(document)


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"at": datetime(2026, 1, 1, tzinfo=UTC), "tags": ("a", "b"), "none": None, "data": {"": []}},
        {"data": '\u2028"\\\x01é\U0001f600' * 50_000, "more": 1.5},
        {"data": list(range(300_000))},
        {"data": [{"role": "user", "text": f"line {n}"} for n in range(40_000)]},
        {"data": {f"name {n}": [n, None, True, {"n": n}] for n in range(40_000)}},
        {"x" * 200_000: {"y": ["z" * 100_000] * 5}},
    ],
)
def test_large_documents_are_cut_where_it_does_not_show(document: Any) -> None:
    found = list(pieces(document))
    assert whole(found) == msgspec.json.encode(document)
    assert max(map(len, found)) < 20 * PIECE


def test_pieces_are_neither_large_nor_many() -> None:
    document = {"data": ["word " * 100, 1, {"n": [1.5] * 50}] * 5_000}
    sizes = [len(piece) for piece in pieces(document)]
    assert max(sizes) < 4 * PIECE
    assert len(sizes) <= sum(sizes) / PIECE + 1


@pytest.mark.parametrize(
    "data",
    ["x" * (LARGE + 1), list(range(LARGE // 32 + 1)), {"text": "x" * LARGE}, [[1] * LARGE]],
)
def test_what_is_large_near_its_root_is_sent_in_pieces(data: Any) -> None:
    assert looks_large(data)


@pytest.mark.parametrize("data", [None, "x" * 1000, [1, 2], {"n": {"m": []}}, [{"a": "b" * 100}] * 2_000])
def test_what_is_not_is_sent_at_once(data: Any) -> None:
    assert not looks_large(data)

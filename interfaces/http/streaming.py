"""Large answers, encoded while they are sent: their text is never in memory as a whole, however slowly it is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any

import msgspec
from fastapi import Response
from fastapi.responses import StreamingResponse

_encoder = msgspec.json.Encoder()

LARGE = 1024 * 1024
"""Bytes of an answer, about, above which it is sent in pieces."""
PIECE = 64 * 1024
_LOOKS = 32
"""Members that are looked at to find out whether a document is large: that takes 2 µs."""
_TOGETHER = 256
_SCALARS = frozenset({int, float, bool, type(None)})


def answer_in_pieces(document: dict[str, Any], headers: dict[str, str]) -> Response:
    """A JSON answer that is sent as it is encoded."""
    return StreamingResponse(_stream(document), headers=headers, media_type="application/json")


async def _stream(document: dict[str, Any]) -> AsyncIterator[bytes]:
    for piece in pieces(document):
        yield piece


def looks_large(data: Any) -> bool:
    """Whether a document has long texts, or very many members, at its root or right below; not deeper down."""
    if isinstance(data, str):
        return len(data) > LARGE
    if not isinstance(data, dict | list):
        return False
    size = 32 * len(data)
    for value in islice(data.values() if isinstance(data, dict) else data, _LOOKS):
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, dict | list):
            size += 32 * len(value)
    return size > LARGE


def pieces(value: Any) -> Iterator[bytes]:
    """The text of a value, as msgspec writes it, in pieces of about 64 KiB."""
    text = bytearray()
    for part in _parts(value):
        text += part
        if len(text) >= PIECE:
            yield bytes(text)
            text.clear()
    yield bytes(text)


def _parts(value: Any) -> Iterator[bytes]:
    if isinstance(value, str) and len(value) > PIECE:
        yield b'"'
        for start in range(0, len(value), PIECE):
            yield _encoder.encode(value[start : start + PIECE])[1:-1]
        yield b'"'
    elif isinstance(value, dict) and value:
        yield b"{"
        members = list(value.items())
        for start in range(0, len(members), _TOGETHER):
            if start:
                yield b","
            yield from _members(members[start : start + _TOGETHER])
        yield b"}"
    elif isinstance(value, list) and value:
        yield b"["
        for start in range(0, len(value), _TOGETHER):
            if start:
                yield b","
            yield from _items(value[start : start + _TOGETHER])
        yield b"]"
    else:
        yield _encoder.encode(value)


def _items(items: list[Any]) -> Iterator[bytes]:
    if _SCALARS.issuperset(map(type, items)) or _left_of(PIECE, items) > 0:
        yield _encoder.encode(items)[1:-1]
    elif len(items) == 1:
        yield from _parts(items[0])
    else:
        middle = len(items) // 2
        yield from _items(items[:middle])
        yield b","
        yield from _items(items[middle:])


def _members(members: list[tuple[str, Any]]) -> Iterator[bytes]:
    some = dict(members)
    if _left_of(PIECE, some) > 0:
        yield _encoder.encode(some)[1:-1]
    elif len(members) == 1:
        ((name, value),) = members
        yield from _parts(name)
        yield b":"
        yield from _parts(value)
    else:
        middle = len(members) // 2
        yield from _members(members[:middle])
        yield b","
        yield from _members(members[middle:])


def _left_of(size: int, value: Any) -> int:
    """What is left of so many bytes when a value is written, about; looking ends when nothing is."""
    if isinstance(value, str):
        return size - len(value)
    if isinstance(value, dict):
        size -= sum(map(len, value))
        value = value.values()
    elif not isinstance(value, list | tuple):
        return size - 8
    for item in value:
        kind = type(item)
        if kind is str:
            size -= len(item)
        elif kind in _SCALARS:
            size -= 8
        else:
            size = _left_of(size, item)
        if size <= 0:
            break
    return size

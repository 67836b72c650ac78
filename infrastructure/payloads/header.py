"""The header of a payload: what was done to its body, and what is needed to undo it.

The format is described in docs/reference/payload-format.md.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

VERSION = 0x10
COMPRESSED, DICTIONARY, ENCRYPTED, REFERENCES = 0x01, 0x02, 0x04, 0x08

HASH_BYTES = 32
KEY_ID_BYTES = 8
NONCE_BYTES = 12


class PayloadError(Exception):
    """Bytes that are no payload of a known format, or that were damaged."""


class Header(NamedTuple):
    """`references`: hashes of the large values that the body refers to. `body`: where it begins."""

    flags: int
    references: tuple[bytes, ...]
    dictionary: int
    key_id: bytes
    nonce: bytes
    body: int


def build(
    *,
    compressed: bool,
    references: tuple[bytes, ...] = (),
    dictionary: int = 0,
    key_id: bytes = b"",
    nonce: bytes = b"",
) -> bytes:
    """The header's bytes; a dictionary of 0 is none."""
    first = VERSION | (COMPRESSED if compressed else 0)
    rest = b""
    if references:
        first |= REFERENCES
        rest += _varint(len(references)) + b"".join(references)
    if dictionary:
        first |= DICTIONARY
        rest += _varint(dictionary)
    if key_id:
        first |= ENCRYPTED
        rest += key_id + nonce
    return bytes((first,)) + rest


@cache
def compressed(dictionary: int) -> bytes:
    """The whole header where a body was compressed, with that dictionary (0: none), and nothing else was done to it."""
    return build(compressed=True, dictionary=dictionary)


def parse(payload: bytes) -> Header:
    """The header of a payload.

    Raises:
        PayloadError: it is empty, cut short, or of a format that this version doesn't know.
    """
    if not payload:
        raise PayloadError("the payload is empty")
    first = payload[0]
    flags, at = first & 0x0F, 1
    if first & 0xF0 != VERSION or (flags & DICTIONARY and not flags & COMPRESSED):
        raise PayloadError(f"the payload's header is 0x{first:02x}, a format that this version does not know")
    if flags <= COMPRESSED:
        return Header(flags, (), 0, b"", b"", 1)
    references: tuple[bytes, ...] = ()
    dictionary, key_id, nonce = 0, b"", b""
    if flags & REFERENCES:
        count, at = _read_varint(payload, at)
        end = at + count * HASH_BYTES
        references = tuple(
            payload[start : start + HASH_BYTES] for start in range(at, min(end, len(payload)), HASH_BYTES)
        )
        at = end
    if flags & DICTIONARY:
        dictionary, at = _read_varint(payload, at)
        if not dictionary:
            raise PayloadError("the payload names 0 as its dictionary, which is none")
    if flags & ENCRYPTED:
        key_id, nonce = payload[at : at + KEY_ID_BYTES], payload[at + KEY_ID_BYTES : at + KEY_ID_BYTES + NONCE_BYTES]
        at += KEY_ID_BYTES + NONCE_BYTES
    if at > len(payload):
        raise PayloadError("the payload is cut short")
    return Header(flags, references, dictionary, key_id, nonce, at)


def is_encrypted(payload: bytes) -> bool:
    """Whether a key is needed to read it."""
    return bool(payload) and payload[0] & (0xF0 | ENCRYPTED) == VERSION | ENCRYPTED


def _varint(number: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(payload: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if at >= len(payload) or shift > 28:
            raise PayloadError("the payload is cut short")
        number |= (payload[at] & 0x7F) << shift
        at += 1
        if payload[at - 1] < 0x80:
            return number, at
        shift += 7

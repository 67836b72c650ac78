"""What makes a payload large is taken out of it and kept beside it, in pieces, each once under its hash.

In the place of a value stands a MessagePack extension of type 1: the header of the value's own MessagePack (1 to 5
bytes, which tell what it is), then the hashes (32 bytes each) of the pieces of what follows it, cut every 256 KiB. So a
list that grows at its end, stored as a whole again and again, shares all pieces but the last. The hash of a piece is
SHA-256; of one that is encrypted it is HMAC-SHA-256 under the data key, so that nobody without the key can tell whether
two are alike, or confirm a guess. A value can hold values. The format is described in docs/reference/payload-format.md.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any, NamedTuple

import msgspec

from infrastructure.payloads import header
from infrastructure.payloads.encryption import Seal
from infrastructure.payloads.header import HASH_BYTES, PayloadError
from infrastructure.payloads.pieces import PIECE_BYTES, Making, Piece, content_hash, open_piece

ABOVE = 64 * 1024
"""Bytes of MessagePack above which a value is kept by itself."""

EXTENSION = 1
"""The type of the MessagePack extension that stands in the place of a value."""

MOST_MEMBERS = 65_536
"""Members of containers that are looked at in one payload. A container that has more is taken out as it is, whatever is
in it: a document of a million numbers has nothing to share, and looking at each of them would take half a second."""

MOST_PASSES = 16
"""How often, on the whole, a payload's bytes are passed over: each level of containers passes over what is in it."""

_encoder = msgspec.msgpack.Encoder()
_array: msgspec.msgpack.Decoder[list[msgspec.Raw]] = msgspec.msgpack.Decoder(list[msgspec.Raw])
_map: msgspec.msgpack.Decoder[dict[str, msgspec.Raw]] = msgspec.msgpack.Decoder(dict[str, msgspec.Raw])

_Encoded = bytes | msgspec.Raw
_Hashes = dict[bytes, None]
"""Hashes, each once, in the order in which they were met."""


class Taken(NamedTuple):
    """What is left of a body, the hashes of all that was taken out, and the pieces, each once."""

    body: bytes
    references: tuple[bytes, ...]
    pieces: tuple[Piece, ...]

    @property
    def size(self) -> int:
        """Bytes of the pieces."""
        return sum([piece.size for piece in self.pieces])


def take_out(body: bytes, *, above: int = ABOVE, compress: bool = True, seal: Seal | None = None) -> Taken:
    """Take out of a body (MessagePack) what is larger than `above`; sealed with the same key, if there is a seal.

    A string above the limit is a value, and so is a container that is still above it without the values in it, the body
    itself included. Safe in a thread. 16 MiB take some 0.2 s, most of it compressing.
    """
    making = Making(compress, seal)
    taker = _Taker(len(body), above, seal, making)
    rest = taker.put_in_place_of(body)
    return Taken(bytes(rest.value), tuple(rest.hashes), tuple(making.pieces.values()))


def refer_to(
    body: bytes, known: Container[bytes], *, above: int = ABOVE, seal: Seal | None = None
) -> tuple[bytes, tuple[bytes, ...]]:
    """The same for what changes in its place: only what is `known` to be kept is taken out, nothing new comes of it.

    Returns what is left, and the hashes of what was taken out. Safe in a thread.
    """
    rest = _Taker(len(body), above, seal, known).put_in_place_of(body)
    return bytes(rest.value), tuple(rest.hashes)


class _Rest(NamedTuple):
    """What stands where a value stood, the hashes that are needed to undo it, and whether nothing large is left."""

    value: _Encoded
    hashes: _Hashes
    done: bool


class _Taker:
    """Takes values out of one body: all that are large, making their pieces, or those alone whose pieces are known."""

    def __init__(self, size: int, above: int, seal: Seal | None, to: Making | Container[bytes]) -> None:
        self._above, self._secret = above, seal.secret if seal else None
        self._members, self._bytes = MOST_MEMBERS, MOST_PASSES * size
        self.making = to if isinstance(to, Making) else None
        self._known: Container[bytes] = () if isinstance(to, Making) else to

    def put_in_place_of(self, value: _Encoded) -> _Rest:
        if len(value) <= self._above:
            return _Rest(value, {}, True)
        rest = self._without_its_large_members(value)
        # Where something in it is not known, it can't be known either.
        return self._replaced(rest) if len(rest.value) > self._above and rest.done else rest

    def _without_its_large_members(self, value: _Encoded) -> _Rest:
        is_map, count = _container(memoryview(value))
        if not 0 < count <= self._members or len(value) > self._bytes:
            return _Rest(value, {}, True)
        self._members -= count
        self._bytes -= len(value)
        members: dict[str, msgspec.Raw] | list[msgspec.Raw]
        try:
            members = _map.decode(value) if is_map else _array.decode(value)
        except msgspec.ValidationError:
            return _Rest(value, {}, True)  # a map whose names aren't strings
        hashes: _Hashes = {}
        done = True
        for place, member in members.items() if isinstance(members, dict) else enumerate(members):
            if len(member) > self._above:
                rest = self.put_in_place_of(member)
                raw = rest.value if isinstance(rest.value, msgspec.Raw) else msgspec.Raw(rest.value)
                members[place] = raw  # type: ignore[index]
                hashes |= rest.hashes
                done = done and rest.done
        return _Rest(_encoder.encode(members) if hashes else value, hashes, done)

    def _replaced(self, rest: _Rest) -> _Rest:
        view = memoryview(rest.value)
        start = _header_bytes(view)
        digests = []
        for at in range(start, len(view), PIECE_BYTES):
            piece = view[at : at + PIECE_BYTES]
            digest = content_hash(piece, self._secret)
            if self.making:
                self.making.add(digest, piece)
            elif digest not in self._known:
                return rest._replace(done=False)
            digests.append(digest)
        extension = _encoder.encode(msgspec.msgpack.Ext(EXTENSION, b"".join((view[:start], *digests))))
        return _Rest(extension, rest.hashes | dict.fromkeys(digests), True)


def _container(value: memoryview) -> tuple[bool, int]:
    """Whether a value is a map, and how many members it has; 0 where it is neither map nor array."""
    first = value[0]
    if 0x80 <= first <= 0x9F:
        return first < 0x90, first & 0x0F
    if 0xDC <= first <= 0xDF:
        return first >= 0xDE, int.from_bytes(value[1 : _header_bytes(value)], "big")
    return False, 0


def _header_bytes(value: memoryview) -> int:
    """Bytes before the content of a string, a binary, an array or a map."""
    first = value[0]
    if 0x80 <= first <= 0xBF:
        return 1
    if first in (0xC4, 0xD9):
        return 2
    if first in (0xC5, 0xDA, 0xDC, 0xDE):
        return 3
    if first in (0xC6, 0xDB, 0xDD, 0xDF):
        return 5
    raise PayloadError(f"0x{first:02x} does not begin a value that is kept by itself")


def references(payload: bytes) -> tuple[bytes, ...]:
    """The hashes of all pieces that are needed to read a payload, also of values that are in others.

    Raises:
        PayloadError: the header is of a format that this version doesn't know, or cut short.
    """
    return header.parse(payload).references if payload and payload[0] & header.REFERENCES else ()


class Values:
    """Pieces at hand, to decode payloads with. Each value is decoded once: in several places it is one object."""

    def __init__(self) -> None:
        self._pieces: dict[bytes, tuple[Piece, bytes | None] | Exception] = {}
        self._opened: dict[bytes, bytes | Exception] = {}
        self._decoded: dict[bytes, Any] = {}
        self._decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(ext_hook=self._value)

    def add(self, piece: Piece, secret: bytes | None | Exception) -> None:
        """Have a piece at hand, with the data key of an encrypted one, or with why there is none."""
        self._pieces[piece.hash] = secret if isinstance(secret, Exception) else (piece, secret)

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._pieces

    def size(self, hashes: Sequence[bytes]) -> int:
        """Bytes of the pieces at hand with these hashes."""
        found = [self._pieces.get(digest) for digest in hashes]
        return sum([piece[0].size for piece in found if isinstance(piece, tuple)])

    def open(self) -> None:
        """Decrypt, decompress and check what is at hand; what is wrong is told where it is needed. Safe in a thread."""
        for digest in self._pieces.keys() - self._opened.keys():
            self._opened[digest] = self._open(digest)

    def decode(self, body: bytes | memoryview, kind: Any) -> Any:
        """What a body is that refers to values.

        Raises:
            PayloadError: a piece is missing or damaged.
            ErasedError: the data key of one was destroyed.
            msgspec.ValidationError: it is not of that kind.
        """
        return msgspec.convert(self._decoder.decode(body), kind)

    def _value(self, code: int, data: memoryview) -> Any:
        extension = bytes(data)
        if extension in self._decoded:
            return self._decoded[extension]
        start = _header_bytes(data) if data else 0
        if code != EXTENSION or len(data) <= start or (len(data) - start) % HASH_BYTES:
            raise PayloadError(f"it holds an extension {code} of {len(data)} bytes, which this version does not know")
        value = bytearray(data[:start])
        for at in range(start, len(data), HASH_BYTES):
            value += self._content(extension[at : at + HASH_BYTES])
        decoded = self._decoded[extension] = self._decoder.decode(value)
        return decoded

    def _content(self, digest: bytes) -> bytes:
        # Given away: another value that has the same piece opens it again, which is rarer than large values are large.
        content = self._opened.pop(digest, None) or self._open(digest)
        if isinstance(content, PayloadError):
            raise PayloadError(f"the large value {digest.hex()}: {content}") from content
        if isinstance(content, Exception):
            raise content
        return content

    def _open(self, digest: bytes) -> bytes | Exception:
        found = self._pieces.get(digest, _MISSING)
        if isinstance(found, Exception):
            return found
        piece, secret = found
        assert piece.payload is not None, "what is at hand was read"
        try:
            return open_piece(digest, piece.size, piece.payload, secret)
        except PayloadError as error:
            return error


_MISSING = PayloadError("it is not there")
NONE = Values()
"""Where nothing was fetched."""

"""Events to bytes and back.

A payload is one header byte and a body. The high half of the header is the format's version (1); of the low half, bit 0
says that the body is compressed with zstandard, whose frame has a checksum. A body that isn't compressed has the CRC-32
of itself before it, big-endian, so that no flipped bit is ever taken for data. The body is the event's fields as a
MessagePack map; fields that have their default are left out. A header that isn't known is refused by name.
"""

from __future__ import annotations

import zlib
from typing import TypeVar

import msgspec
import zstandard

from domain.catalogue import EVENTS, NAMES
from domain.errors import DamagedEventError, UnknownEventError
from domain.recorded import Event, Origin

PLAIN, COMPRESSED = 0x10, 0x11
COMPRESS_ABOVE = 1024
"""Bytes; smaller bodies gain too little to pay for it."""

_encoder = msgspec.msgpack.Encoder()
_decoders = {name: msgspec.msgpack.Decoder(kind) for name, kind in EVENTS.items()}
_origin_decoder = msgspec.msgpack.Decoder(Origin)
_NOTHING_KNOWN = Origin()

T = TypeVar("T")


class PayloadError(Exception):
    """Bytes that are no payload of a known format, or that were damaged."""


class Codec:
    """Not to be shared between threads: zstandard's contexts can't be."""

    def __init__(self, compress_above: int = COMPRESS_ABOVE, level: int = 3) -> None:
        self._compress_above = compress_above
        self._compressor = zstandard.ZstdCompressor(level=level, write_checksum=True)
        self._decompressor = zstandard.ZstdDecompressor()

    def pack(self, value: object, *, compress: bool = True) -> bytes:
        """Any value that MessagePack can hold, behind the header."""
        body = _encoder.encode(value)
        if compress and len(body) > self._compress_above:
            smaller = self._compressor.compress(body)
            if len(smaller) < len(body):
                return b"\x11" + smaller
        return b"\x10" + zlib.crc32(body).to_bytes(4, "big") + body

    def unpack(self, payload: bytes, decoder: msgspec.msgpack.Decoder[T]) -> T:
        """What `pack` was given.

        Raises:
            PayloadError: the header is unknown, or the body can't be what was written.
        """
        if not payload:
            raise PayloadError("the payload is empty")
        header, body = payload[0], memoryview(payload)[1:]
        try:
            if header == PLAIN:
                checksum, body = body[:4], body[4:]
                if zlib.crc32(body).to_bytes(4, "big") != checksum:
                    raise PayloadError("the checksum is not that of the body")
                return decoder.decode(body)
            if header == COMPRESSED:
                return decoder.decode(self._decompressor.decompress(body))
        except (msgspec.DecodeError, zstandard.ZstdError, UnicodeDecodeError, MemoryError) as error:
            raise PayloadError(str(error)) from error
        raise PayloadError(f"the payload's header is 0x{header:02x}, a format that this version does not know")

    def encode_event(self, event: Event) -> bytes:
        """An event's payload."""
        return self.pack(event, compress=getattr(event, "compress", True))

    def decode_event(self, name: str, payload: bytes, where: str) -> Event:
        """An event from its name and payload; `where` names stream, version and position for the error.

        Raises:
            UnknownEventError: this program has no event of that name.
            DamagedEventError: the payload can't be decoded.
        """
        decoder = _decoders.get(name)
        if decoder is None:
            raise UnknownEventError(
                f"{where}: the log holds an event {name!r}, which this version does not know: run a newer one"
            )
        try:
            return self.unpack(payload, decoder)
        except PayloadError as error:
            raise DamagedEventError(f"{where}: the payload of {name!r} can't be decoded: {error}") from error


def event_name(event: Event) -> str:
    """The stable name under which an event is stored."""
    return NAMES[type(event)]


def encode_origin(origin: Origin) -> bytes:
    """Nothing at all where nothing is known, which is often."""
    return b"" if origin == _NOTHING_KNOWN else _encoder.encode(origin)


def decode_origin(data: bytes) -> Origin:
    """The reverse of `encode_origin`."""
    return _origin_decoder.decode(data) if data else _NOTHING_KNOWN

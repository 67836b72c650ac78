"""Values to payloads and back: MessagePack, then zstandard, then AES-256-GCM where asked, behind a header.

A body that is neither compressed nor encrypted has the CRC-32 of itself before it, big-endian; a zstandard frame and an
encrypted body bring a checksum of their own. So no flipped bit is ever taken for data. The format is described in
docs/reference/payload-format.md.
"""

from __future__ import annotations

import zlib
from typing import TypeVar

import msgspec

from domain.catalogue import EVENTS, NAMES
from domain.errors import DamagedEventError, UnknownEventError
from domain.recorded import Event, Origin
from infrastructure.payloads import encryption, header
from infrastructure.payloads.compression import Compression
from infrastructure.payloads.encryption import DataKeys, NoKeys, Seal
from infrastructure.payloads.header import PayloadError

_encoder = msgspec.msgpack.Encoder()
_decoders = {name: msgspec.msgpack.Decoder(kind) for name, kind in EVENTS.items()}
_origin_decoder = msgspec.msgpack.Decoder(Origin)
_NOTHING_KNOWN = Origin()

T = TypeVar("T")


class Codec:
    """Not to be shared between threads: zstandard's contexts can't be."""

    def __init__(self, compression: Compression | None = None, keys: DataKeys | None = None) -> None:
        self._compression, self._keys = compression or Compression(), keys or NoKeys()

    def pack(self, value: object, *, compress: bool = True, tenant_id: int = 0, seal: Seal | None = None) -> bytes:
        """Any value that MessagePack can hold, behind the header; `tenant_id` chooses the dictionary."""
        body = _encoder.encode(value)
        smaller = self._compression.compress(body, tenant_id) if compress else None
        if seal is not None:
            nonce = encryption.new_nonce()
            dictionary = smaller[1] if smaller else 0
            head = header.build(compressed=bool(smaller), dictionary=dictionary, key_id=seal.key_id, nonce=nonce)
            return head + encryption.encrypt(smaller[0] if smaller else body, seal, nonce, head)
        if smaller is not None:
            return header.build(compressed=True, dictionary=smaller[1]) + smaller[0]
        return b"\x10" + zlib.crc32(body).to_bytes(4, "big") + body

    def unpack(self, payload: bytes, decoder: msgspec.msgpack.Decoder[T], *, bound_to: bytes = b"") -> T:
        """What `pack` was given; `bound_to` is where the payload was found.

        Raises:
            PayloadError: the header is unknown, or the body can't be what was written.
            ErasedError: the key that it was encrypted with was destroyed.
        """
        try:
            return decoder.decode(self._body(payload, bound_to))
        except (msgspec.DecodeError, UnicodeDecodeError, MemoryError) as error:
            raise PayloadError(str(error)) from error

    def _body(self, payload: bytes, bound_to: bytes) -> bytes | memoryview:
        head = header.parse(payload)
        body: bytes | memoryview = memoryview(payload)[head.body :]
        if head.flags & header.ENCRYPTED:
            secret = self._keys.secret(head.key_id)
            body = encryption.decrypt(body, secret, head.nonce, payload[: head.body], bound_to)
        elif not head.flags & header.COMPRESSED:
            checksum, body = body[:4], body[4:]
            if zlib.crc32(body).to_bytes(4, "big") != checksum:
                raise PayloadError("the checksum is not that of the body")
        if head.flags & header.COMPRESSED:
            body = self._compression.decompress(body, head.dictionary)
        return body

    def encode_event(self, event: Event, *, tenant_id: int = 0, seal: Seal | None = None) -> bytes:
        """An event's payload."""
        return self.pack(event, compress=getattr(event, "compress", True), tenant_id=tenant_id, seal=seal)

    def decode_event(self, name: str, payload: bytes, where: str, *, bound_to: bytes = b"") -> Event:
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
            return self.unpack(payload, decoder, bound_to=bound_to)
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

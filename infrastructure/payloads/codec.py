"""Values to payloads and back: MessagePack, then zstandard, then AES-256-GCM where asked, behind a header.

A body that is neither compressed nor encrypted has the CRC-32 of itself before it, big-endian; a zstandard frame and an
encrypted body bring a checksum of their own. So no flipped bit is ever taken for data. The format is described in
docs/reference/payload-format.md.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Container
from typing import NamedTuple, TypeVar

import msgspec

from domain.catalogue import EVENTS, NAMES
from domain.errors import DamagedEventError, UnknownEventError
from domain.recorded import Event, Origin
from infrastructure.payloads import encryption, header, large_values
from infrastructure.payloads.compression import Compression, Dictionaries
from infrastructure.payloads.encryption import DataKeys, NoKeys, Seal
from infrastructure.payloads.header import PayloadError
from infrastructure.payloads.large_values import Values
from infrastructure.payloads.pieces import Piece

_encoder = msgspec.msgpack.Encoder()
_decoders = {name: msgspec.msgpack.Decoder(kind) for name, kind in EVENTS.items()}
_origin_decoder = msgspec.msgpack.Decoder(Origin)
_NOTHING_KNOWN = Origin()
_EMPTY_MAP = b"\x80"

T = TypeVar("T")


class Packed(NamedTuple):
    """A payload, the hashes of the pieces of large values that it refers to, and those pieces that were made."""

    payload: bytes
    references: tuple[bytes, ...] = ()
    pieces: tuple[Piece, ...] = ()

    @property
    def size(self) -> int:
        """Bytes: what it costs to read it again, the large values included."""
        return len(self.payload) + sum([piece.size for piece in self.pieces]) if self.pieces else len(self.payload)


class Codec:
    """Not to be shared between threads: zstandard's contexts can't be. `large_above`: bytes of a large value."""

    def __init__(
        self,
        compression: Compression | None = None,
        keys: DataKeys | None = None,
        large_above: int = large_values.ABOVE,
    ) -> None:
        self._compression, self._keys = compression or Compression(), keys or NoKeys()
        self.large_above = large_above

    def pack(self, value: object, *, compress: bool = True, tenant_id: int = 0, seal: Seal | None = None) -> bytes:
        """Any value that MessagePack can hold, behind the header; `tenant_id` chooses the dictionary."""
        return self.close(_encoder.encode(value), compress=compress, tenant_id=tenant_id, seal=seal)

    def close(
        self,
        body: bytes,
        references: tuple[bytes, ...] = (),
        *,
        compress: bool = True,
        tenant_id: int = 0,
        seal: Seal | None = None,
        compression: Compression | None = None,
    ) -> bytes:
        """The same from what `encode` gave, and the hashes of what was taken out of it.

        In a thread it needs a `compression` of its own.
        """
        smaller = (compression or self._compression).compress(body, tenant_id) if compress else None
        if seal is not None:
            nonce = encryption.new_nonce()
            dictionary = smaller[1] if smaller else 0
            head = header.build(
                compressed=bool(smaller),
                references=references,
                dictionary=dictionary,
                key_id=seal.key_id,
                nonce=nonce,
            )
            return head + encryption.encrypt(smaller[0] if smaller else body, seal, nonce, head)
        if smaller is not None:
            if not references:
                return header.compressed(smaller[1]) + smaller[0]
            return header.build(compressed=True, references=references, dictionary=smaller[1]) + smaller[0]
        head = header.build(compressed=False, references=references) if references else b"\x10"
        return head + zlib.crc32(body).to_bytes(4, "big") + body

    async def close_large(
        self, body: bytes, *, compress: bool = True, tenant_id: int = 0, seal: Seal | None = None
    ) -> Packed:
        """The same for a body above `large_above`, whose large values are taken out, in a thread."""
        smaller = compress and self._compression.compresses(len(body))
        taken = await asyncio.to_thread(
            large_values.take_out, body, above=self.large_above, compress=smaller, seal=seal
        )
        payload = self.close(taken.body, taken.references, compress=compress, tenant_id=tenant_id, seal=seal)
        return Packed(payload, taken.references, taken.pieces)

    def close_referring(
        self,
        body: bytes,
        known: Container[bytes],
        *,
        compress: bool = True,
        tenant_id: int = 0,
        seal: Seal | None = None,
    ) -> bytes:
        """The same for a payload that is replaced when its value changes: it refers to what is `known` to be kept."""
        references: tuple[bytes, ...] = ()
        if len(body) > self.large_above:
            body, references = large_values.refer_to(body, known, above=self.large_above, seal=seal)
        return self.close(body, references, compress=compress, tenant_id=tenant_id, seal=seal)

    def unpack(
        self,
        payload: bytes,
        decoder: msgspec.msgpack.Decoder[T],
        *,
        bound_to: bytes = b"",
        values: Values = large_values.NONE,
    ) -> T:
        """What `pack` was given; `bound_to` is where the payload was found, `values` what it refers to.

        Raises:
            PayloadError: the header is unknown, the body can't be what was written, or a large value is missing.
            ErasedError: the key that it was encrypted with was destroyed.
        """
        try:
            body = self._body(payload, bound_to)
            if payload[0] & header.REFERENCES:
                decoded: T = values.decode(body, decoder.type)
                return decoded
            return decoder.decode(body)
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

    @property
    def dictionaries(self) -> Dictionaries:
        """Those at hand."""
        return self._compression.dictionaries

    def clear_body(self, payload: bytes) -> bytes | None:
        """The MessagePack of a payload, None of an encrypted one: what dictionaries are trained on.

        Raises:
            PayloadError: it can't be what was written, or not by this program.
        """
        return None if header.is_encrypted(payload) else bytes(self._body(payload, b""))

    def seal(self, key_id: bytes, bound_to: bytes) -> Seal | None:
        """What to encrypt with a key that is there already; None where `key_id` is empty.

        Raises:
            PayloadError, ErasedError: there is no such key, or none any more.
        """
        return Seal(key_id, self._keys.secret(key_id), bound_to) if key_id else None

    def secret_of(self, piece: bytes) -> bytes | None:
        """The data key of a piece's payload, None where it is in the clear.

        Raises:
            PayloadError, ErasedError: there is none, or none any more.
        """
        head = header.parse(piece)
        return self._keys.secret(head.key_id) if head.flags & header.ENCRYPTED else None

    def encode_event(self, event: Event, *, tenant_id: int = 0, seal: Seal | None = None) -> bytes:
        """An event's payload."""
        return self.pack(event, compress=getattr(event, "compress", True), tenant_id=tenant_id, seal=seal)

    def decode_event(
        self, name: str, payload: bytes, where: str, *, bound_to: bytes = b"", values: Values = large_values.NONE
    ) -> Event:
        """An event from its name and payload; `where` names stream, version and position for the error.

        Raises:
            UnknownEventError: this program has no event of that name.
            DamagedEventError: the payload can't be decoded.
            ErasedError: the key that it was encrypted with was destroyed.
        """
        decoder = _decoders.get(name)
        if decoder is None:
            raise UnknownEventError(
                f"{where}: the log holds an event {name!r}, which this version does not know: run a newer one"
            )
        try:
            return self.unpack(payload, decoder, bound_to=bound_to, values=values)
        except PayloadError as error:
            raise DamagedEventError(f"{where}: the payload of {name!r} can't be decoded: {error}") from error


def encode(value: object) -> bytes:
    """A value as MessagePack: the body of its payload, as long as nothing was done to it."""
    return _encoder.encode(value)


def event_name(event: Event) -> str:
    """The stable name under which an event is stored."""
    return NAMES[type(event)]


def encode_origin(origin: Origin) -> bytes:
    """Nothing at all where nothing is known, which is often."""
    encoded = _encoder.encode(origin)
    return b"" if encoded == _EMPTY_MAP else encoded


def decode_origin(data: bytes) -> Origin:
    """The reverse of `encode_origin`."""
    return _origin_decoder.decode(data) if data else _NOTHING_KNOWN

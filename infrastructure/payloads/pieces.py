"""The pieces that large values are kept in: each is a payload under its hash, and says nothing of who holds it."""

from __future__ import annotations

import hashlib
import hmac
import zlib
from typing import NamedTuple

import zstandard

from infrastructure.payloads import encryption, header
from infrastructure.payloads.compression import LEVEL
from infrastructure.payloads.encryption import Seal
from infrastructure.payloads.header import PayloadError

PIECE_BYTES = 256 * 1024
"""Larger ones compress better (by a quarter at 1 MiB, on real agent runs), smaller ones are shared more often."""


class Piece(NamedTuple):
    """A piece of a large value: its hash, its bytes, and its payload; None where it is known to be kept already."""

    hash: bytes
    size: int
    payload: bytes | None


class Making:
    """Makes the pieces of one payload's values, each once."""

    def __init__(self, compress: bool, seal: Seal | None) -> None:
        self._seal = seal
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True) if compress else None
        self.pieces: dict[bytes, Piece] = {}

    def add(self, digest: bytes, content: memoryview) -> None:
        """Make one, unless there is one like it."""
        if digest not in self.pieces:
            self.pieces[digest] = Piece(digest, len(content), self._payload(content, digest))

    def _payload(self, content: memoryview, digest: bytes) -> bytes:
        smaller = self._compressor.compress(content) if self._compressor else content
        compressed = len(smaller) < len(content)
        body = smaller if compressed else content
        if self._seal is None:
            head = header.build(compressed=compressed)
            return b"".join((head, b"" if compressed else zlib.crc32(body).to_bytes(4, "big"), body))
        nonce = encryption.new_nonce()
        head = header.build(compressed=compressed, key_id=self._seal.key_id, nonce=nonce)
        # Bound to what it is, not to a place: it belongs to all who hold it.
        return head + encryption.encrypt(bytes(body), self._seal._replace(bound_to=digest), nonce, head)


def open_piece(digest: bytes, size: int, payload: bytes, secret: bytes | None = None) -> bytes:
    """The content of a piece, from its payload; `secret` is the data key of an encrypted one. Safe in a thread.

    Raises:
        PayloadError: it is not the piece with that hash and size.
    """
    head = header.parse(payload)
    body: bytes | memoryview = memoryview(payload)[head.body :]
    if bool(head.flags & header.ENCRYPTED) != (secret is not None):
        raise PayloadError("it is encrypted and was not to be, or the reverse")
    if secret is not None:
        body = encryption.decrypt(body, secret, head.nonce, payload[: head.body], digest)
    elif not head.flags & header.COMPRESSED:
        body = body[4:]  # after a checksum; the hash says more
    if head.flags & header.COMPRESSED:
        try:
            # Looked at first: a damaged frame can claim any size, and that much would be allocated.
            if zstandard.get_frame_parameters(body).content_size != size:
                raise PayloadError(f"it has not got the {size} bytes that it should have")
            body = zstandard.ZstdDecompressor().decompress(body)
        except (zstandard.ZstdError, MemoryError) as error:
            raise PayloadError(str(error)) from error
    if len(body) != size or not hmac.compare_digest(content_hash(body, secret), digest):
        raise PayloadError("its hash or its size is not the one that it is kept under")
    return bytes(body)


def content_hash(content: bytes | memoryview, secret: bytes | None) -> bytes:
    """What a piece is kept under: SHA-256, or with a data key HMAC-SHA-256."""
    return hashlib.sha256(content).digest() if secret is None else hmac.digest(secret, content, "sha256")

"""AES-256-GCM over a payload's body. The header, and where the payload belongs, are authenticated with it."""

from __future__ import annotations

import os
import struct
from typing import NamedTuple, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infrastructure.payloads.header import NONCE_BYTES, PayloadError


class ErasedError(Exception):
    """The key that a payload was encrypted with was destroyed."""


class Seal(NamedTuple):
    """What to encrypt a payload with: a data key, and the place that the payload is bound to."""

    key_id: bytes
    secret: bytes
    bound_to: bytes


class DataKeys(Protocol):
    """Gives the data keys to read with."""

    def secret(self, key_id: bytes) -> bytes:
        """The key's 32 bytes.

        Raises:
            ErasedError: it was destroyed, as the erasure ledger says.
            PayloadError: there is no such key, and none was erased.
        """
        ...


_PLACE = struct.Struct(">i16si")
EVENT, SNAPSHOT = b"event", b"snapshot"


def place(kind: bytes, tenant_id: int, stream_id: UUID, version: int = 0) -> bytes:
    """What a payload is bound to: moved to another tenant, stream, version or column, it does not decrypt."""
    return kind + b"\0" + _PLACE.pack(tenant_id, stream_id.bytes, version)


class NoKeys:
    """Where nothing is encrypted."""

    def secret(self, key_id: bytes) -> bytes:
        """There is none."""
        raise PayloadError(
            f"it is encrypted with the key {key_id.hex()}, and this process has no master key: set "
            "CONTEXTLINE_MASTER_KEY or CONTEXTLINE_MASTER_KEY_FILE"
        )


def new_nonce() -> bytes:
    """A random one: with a key for each subject, far fewer than the 2^32 messages for which that is safe."""
    return os.urandom(NONCE_BYTES)


def encrypt(body: bytes, seal: Seal, nonce: bytes, header: bytes) -> bytes:
    """The ciphertext and its tag."""
    return AESGCM(seal.secret).encrypt(nonce, body, header + seal.bound_to)


def decrypt(body: bytes | memoryview, secret: bytes, nonce: bytes, header: bytes, bound_to: bytes) -> bytes:
    """The reverse.

    Raises:
        PayloadError: the key is another one, the payload belongs elsewhere, or a bit was flipped.
    """
    try:
        return AESGCM(secret).decrypt(nonce, body, header + bound_to)
    except InvalidTag:
        raise PayloadError("it does not decrypt: a wrong key, or not the bytes that were written there") from None

"""zstandard, with dictionaries for small payloads."""

from __future__ import annotations

import zstandard

from infrastructure.payloads.header import PayloadError

LEVEL = 3
COMPRESS_ABOVE = 1024
"""Bytes; smaller bodies gain too little to pay for it without a dictionary."""


class Compression:
    """Not to be shared between threads: zstandard's contexts can't be."""

    def __init__(self, above: int = COMPRESS_ABOVE, level: int = LEVEL) -> None:
        self._above = above
        self._compressor = zstandard.ZstdCompressor(level=level, write_checksum=True)
        self._decompressor = zstandard.ZstdDecompressor()

    def compress(self, body: bytes, tenant_id: int) -> tuple[bytes, int] | None:
        """A smaller body and the dictionary that it needs (0: none); None where compressing gains nothing."""
        if len(body) > self._above:
            smaller = self._compressor.compress(body)
            if len(smaller) < len(body):
                return smaller, 0
        return None

    def decompress(self, body: bytes | memoryview, dictionary: int) -> bytes:
        """The reverse.

        Raises:
            PayloadError: the dictionary is not known, or it is not what was written.
        """
        if dictionary:
            raise PayloadError(f"it needs the dictionary {dictionary}, which is not there")
        try:
            return self._decompressor.decompress(body)
        except (zstandard.ZstdError, MemoryError) as error:
            raise PayloadError(str(error)) from error

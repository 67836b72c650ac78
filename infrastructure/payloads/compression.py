"""zstandard, with dictionaries for small payloads.

A frame that was made with a dictionary has neither the magic number nor the dictionary's id: the payload's header says
what it is. The figures behind the limits are in docs/decisions/0009-compression-dictionaries.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path

import zstandard

from infrastructure.payloads.header import PayloadError

LEVEL = 3
COMPRESS_ABOVE = 1024
"""Bytes; smaller bodies gain too little to pay for it without a dictionary."""

SMALLEST, LARGEST = 16, 16 * 1024
"""Bytes of a body that is compressed with a dictionary: a shorter one never gets smaller by it; a longer one is a tenth
smaller at most, and zstandard would copy its tables for each."""

SHIPPED = 1
"""The number of the dictionary that comes with the program. Those trained on tenants' events have numbers from 1000."""

_FOLDER = Path(__file__).parent / "dictionaries"


class UnknownDictionaryError(PayloadError):
    """A payload needs a dictionary that is not at hand."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"it needs the dictionary {number}, which is not there")


class Dictionaries:
    """The dictionaries at hand, and which of them each tenant's payloads are written with.

    One for all that reads and writes in a process. Where dictionaries are trained or stored it doesn't know: whoever
    does brings them by `add` and `use`.
    """

    def __init__(self) -> None:
        self._known = {SHIPPED: _shipped()}
        self._newest: dict[int, int] = {}
        self.on_tenant: Callable[[], None] = lambda: None
        """Called when a tenant's is asked for the first time; until another one is in use, it is the shipped one."""

    def __contains__(self, number: int) -> bool:
        return number in self._known

    def get(self, number: int) -> zstandard.ZstdCompressionDict:
        """The dictionary with that number.

        Raises:
            UnknownDictionaryError: it is not at hand.
        """
        try:
            return self._known[number]
        except KeyError:
            raise UnknownDictionaryError(number) from None

    def newest(self, tenant_id: int) -> int:
        """The number of the one to write a tenant's payloads with."""
        number = self._newest.get(tenant_id)
        if number is None:
            number = self._newest[tenant_id] = SHIPPED
            self.on_tenant()
        return number

    def sha256(self, number: int) -> bytes:
        """Of the very bytes of a dictionary at hand."""
        return hashlib.sha256(self.get(number).as_bytes()).digest()

    def tenants(self) -> Collection[int]:
        """Those whose payloads were written here."""
        return self._newest.keys()

    def add(self, number: int, content: bytes) -> None:
        """Have a dictionary at hand. What a number stands for never changes."""
        self._known.setdefault(number, _prepared(content))

    def use(self, tenant_id: int, number: int) -> None:
        """Write a tenant's payloads with that one from now on; it must be at hand."""
        assert number in self._known, "what is written can be read here"
        self._newest[tenant_id] = number


def _prepared(content: bytes) -> zstandard.ZstdCompressionDict:
    dictionary = zstandard.ZstdCompressionDict(content)
    # Once for all: else zstandard would do it for every payload.
    dictionary.precompute_compress(level=LEVEL)
    return dictionary


@cache
def _shipped() -> zstandard.ZstdCompressionDict:
    return _prepared((_FOLDER / f"{SHIPPED:04}.zdict").read_bytes())


class Compression:
    """Not to be shared between threads: zstandard's contexts can't be."""

    def __init__(
        self,
        above: int = COMPRESS_ABOVE,
        level: int = LEVEL,
        dictionaries: Dictionaries | None = None,
        *,
        with_dictionaries: bool = True,
    ) -> None:
        """`above`: bytes above which a body is compressed without a dictionary; the others go by `with_dictionaries`.

        What was written with a dictionary is read in any case.
        """
        self.dictionaries = dictionaries or Dictionaries()
        self._above, self._with_dictionaries = above, with_dictionaries
        self._compressor = zstandard.ZstdCompressor(level=level, write_checksum=True)
        self._decompressor = zstandard.ZstdDecompressor()
        self._compressors: dict[int, zstandard.ZstdCompressor] = {}
        self._decompressors: dict[int, zstandard.ZstdDecompressor] = {}

    def compresses(self, size: int) -> bool:
        """Whether a body of so many bytes is compressed without a dictionary, where that makes it smaller."""
        return size > self._above

    def compress(self, body: bytes, tenant_id: int) -> tuple[bytes, int] | None:
        """A smaller body and the dictionary that it needs (0: none); None where compressing gains nothing.

        A `tenant_id` of 0 is no tenant's, and has no dictionary.
        """
        size = len(body)
        if tenant_id and self._with_dictionaries and SMALLEST <= size <= LARGEST:
            number = self.dictionaries.newest(tenant_id)
            compressor = self._compressors.get(number) or self._compressor_with(number)
        elif size > self._above:
            number, compressor = 0, self._compressor
        else:
            return None
        smaller = compressor.compress(body)
        return (smaller, number) if len(smaller) < size else None

    def decompress(self, body: bytes | memoryview, dictionary: int) -> bytes:
        """The reverse.

        Raises:
            UnknownDictionaryError: the dictionary is not at hand.
            PayloadError: it is not what was written.
        """
        decompressor = self._decompressor
        if dictionary:
            decompressor = self._decompressors.get(dictionary) or self._decompressor_with(dictionary)
        try:
            return decompressor.decompress(body, allow_extra_data=False)
        except (zstandard.ZstdError, MemoryError) as error:
            raise PayloadError(str(error)) from error

    def _compressor_with(self, number: int) -> zstandard.ZstdCompressor:
        parameters = zstandard.ZstdCompressionParameters.from_level(
            LEVEL, format=zstandard.FORMAT_ZSTD1_MAGICLESS, write_checksum=True, write_dict_id=False
        )
        made = zstandard.ZstdCompressor(dict_data=self.dictionaries.get(number), compression_params=parameters)
        self._compressors[number] = made
        return made

    def _decompressor_with(self, number: int) -> zstandard.ZstdDecompressor:
        made = zstandard.ZstdDecompressor(
            dict_data=self.dictionaries.get(number), format=zstandard.FORMAT_ZSTD1_MAGICLESS
        )
        self._decompressors[number] = made
        return made

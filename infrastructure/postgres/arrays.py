"""PostgreSQL arrays packed in binary by hand.

psycopg dumps a list item by item and picks the element type by looking at the values, which makes a new prepared
statement for each mixture of small and large numbers. These name their type and pack in one call: on the append path
that is most of what Python does.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format

_HEAD = struct.Struct(">iiIii")
_LENGTHS = [length.to_bytes(4, "big") for length in range(4096)]


@lru_cache(maxsize=2048)
def _items(letter: str, count: int) -> struct.Struct:
    return struct.Struct(">" + f"i{letter}" * count)


class _Array:
    """A one-dimensional array without nulls: its bytes in PostgreSQL's binary format."""

    __slots__ = ("packed",)
    element_oid: int
    packed: bytes

    def _pack(self, count: int, items: bytes) -> bytes:
        if not count:
            return struct.pack(">iiI", 0, 0, self.element_oid)
        return _HEAD.pack(1, 0, self.element_oid, count, 1) + items


class _Integers(_Array):
    size: int
    letter: str

    def __init__(self, values: Sequence[int]) -> None:
        count = len(values)
        flat = [self.size] * (2 * count)
        flat[1::2] = values
        self.packed = self._pack(count, _items(self.letter, count).pack(*flat))


class SmallInts(_Integers):
    """smallint[]"""

    element_oid, size, letter = 21, 2, "h"


class Integers(_Integers):
    """integer[]"""

    element_oid, size, letter = 23, 4, "i"


class BigInts(_Integers):
    """bigint[]"""

    element_oid, size, letter = 20, 8, "q"


class _Blobs(_Array):
    def __init__(self, values: Sequence[bytes]) -> None:
        parts = [b""] * (2 * len(values))
        lengths = list(map(len, values))
        if lengths and max(lengths) < len(_LENGTHS):
            parts[::2] = map(_LENGTHS.__getitem__, lengths)
        else:
            parts[::2] = [length.to_bytes(4, "big") for length in lengths]
        parts[1::2] = values
        self.packed = self._pack(len(values), b"".join(parts))


class Byteas(_Blobs):
    """bytea[]"""

    element_oid = 17


class Texts(_Blobs):
    """text[]"""

    element_oid = 25

    def __init__(self, values: Sequence[str]) -> None:
        super().__init__([value.encode() for value in values])


class Uuids(_Blobs):
    """uuid[]"""

    element_oid = 2950

    def __init__(self, values: Sequence[UUID]) -> None:
        # What `UUID.bytes` does, without the call.
        super().__init__([value.int.to_bytes(16, "big") for value in values])


_ARRAY_OIDS: dict[type[_Array], int] = {
    SmallInts: 1005,
    Integers: 1007,
    BigInts: 1016,
    Byteas: 1001,
    Texts: 1009,
    Uuids: 2951,
}


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Array) -> bytes:
        return obj.packed


def register(adapters: AdaptersMap) -> None:
    """Make a connection understand these types."""
    for kind, oid in _ARRAY_OIDS.items():
        adapters.register_dumper(kind, type(f"{kind.__name__}Dumper", (_ArrayDumper,), {"oid": oid}))

"""What the tests of large values share: codecs that have large values in small documents, and pieces put together."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from infrastructure.payloads import large_values
from infrastructure.payloads.codec import encode
from infrastructure.payloads.encryption import Seal
from infrastructure.payloads.large_values import Taken, Values
from infrastructure.payloads.pieces import Piece

ABOVE, PIECE = 400, 96
"""Small enough for a document of a thousand bytes to have values in values, and values of several pieces."""

SEAL = Seal(b"a key id", bytes(range(32)), b"where it belongs")
ANOTHER_SEAL = Seal(b"another.", bytes(range(1, 33)), b"where it belongs")


@contextmanager
def small_pieces() -> Iterator[None]:
    """Pieces of `PIECE` bytes."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(large_values, "PIECE_BYTES", PIECE)
        yield


def taken_out(value: Any, **options: Any) -> Taken:
    return large_values.take_out(encode(value), **{"above": ABOVE, **options})


def at_hand(pieces: Iterable[Piece], secret: bytes | None | Exception = None) -> Values:
    """Pieces as they are when they were read."""
    values = Values()
    for piece in pieces:
        values.add(piece, secret)
    return values


def put_together(taken: Taken, secret: bytes | None = None, kind: Any = Any) -> Any:
    return at_hand(taken.pieces, secret).decode(taken.body, kind)


def extensions(body: bytes) -> list[bytes]:
    """What stands in a body in the place of large values."""
    found: list[bytes] = []
    msgspec.msgpack.decode(body, ext_hook=lambda code, data: found.append(bytes([code]) + bytes(data)))
    return found

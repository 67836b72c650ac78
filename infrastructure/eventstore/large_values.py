"""Large values in the database: their pieces, each once for a tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from infrastructure.payloads.codec import Codec
from infrastructure.payloads.compression import Compression
from infrastructure.payloads.encryption import ErasedError, Seal
from infrastructure.payloads.header import PayloadError
from infrastructure.payloads.large_values import Values, refer_to
from infrastructure.payloads.pieces import Piece
from infrastructure.postgres.arrays import Byteas, Integers
from infrastructure.postgres.pipeline import Prepared, Statement
from infrastructure.sql import load

_INTEGER, _INTEGERS, _BYTEAS = 23, 1007, 1001

HOLD = Prepared(b"hold_large_values", load(__file__, "hold_large_values"), (_INTEGER, _BYTEAS))
KEEP = Prepared(b"keep_large_values", load(__file__, "keep_large_values"), (_INTEGER, _BYTEAS, _INTEGERS, _BYTEAS))
GONE = "CL003"
"""What `hold_large_values` raises: a piece that was known to be kept is not any more."""

_KNOWN = load(__file__, "known_large_values")
_READ = load(__file__, "large_values")

PIECES_A_STATEMENT = 16
"""Some 4 MiB: more would stand in memory several times over, in libpq's buffers, which never shrink, among others."""
HASHES_A_STATEMENT = 10_000
IN_A_THREAD = 1024 * 1024
"""Bytes of pieces that are opened in a thread: decompressing and hashing them takes milliseconds."""

Fetch = Callable[[bytes, dict[str, Any]], Awaitable[list[Any]]]
"""Gives the rows of a statement, values in binary."""


def statements(pieces: Iterable[tuple[int, Piece]]) -> Iterator[Statement]:
    """What a transaction begins with that refers to these pieces, each with its tenant.

    They are kept in the order of their hashes, so that two transactions that bring the same ones don't wait for each
    other. Each statement is built when it is asked for.
    """
    brought: dict[int, dict[bytes, Piece]] = {}
    for tenant_id, piece in pieces:
        of_tenant = brought.setdefault(tenant_id, {})
        if piece.payload is not None or piece.hash not in of_tenant:
            of_tenant[piece.hash] = piece
    for tenant_id, of_tenant in sorted(brought.items()):
        tenant = tenant_id.to_bytes(4, "big")
        needed = [piece.hash for piece in of_tenant.values() if piece.payload is None]
        yield Statement(HOLD.name, [tenant, Byteas(needed).packed])
        new = [of_tenant[digest] for digest in sorted(of_tenant) if of_tenant[digest].payload is not None]
        for some in _slices(new, PIECES_A_STATEMENT):
            yield Statement(
                KEEP.name,
                [
                    tenant,
                    Byteas([piece.hash for piece in some]).packed,
                    Integers([piece.size for piece in some]).packed,
                    Byteas([piece.payload or b"" for piece in some]).packed,
                ],
            )


class LargeValues:
    """Reads them, by statements of bounded size."""

    def __init__(self, fetch: Fetch, codec: Codec) -> None:
        self._fetch, self._codec = fetch, codec

    async def known(self, tenant_id: int, hashes: Collection[bytes]) -> set[bytes]:
        """Those of the hashes whose pieces are kept."""
        found: set[bytes] = set()
        for some in _slices(list(hashes), HASHES_A_STATEMENT):
            rows = await self._fetch(_KNOWN, {"tenant_id": tenant_id, "hashes": Byteas(some)})
            found.update(digest for (digest,) in rows)
        return found

    async def read(self, tenant_id: int, hashes: Collection[bytes], into: Values | None = None) -> Values:
        """The pieces with these hashes, checked. One that is missing or damaged is told of where it is needed."""
        values = into or Values()
        size = 0
        for some in _slices([digest for digest in hashes if digest not in values], PIECES_A_STATEMENT):
            for row in await self._fetch(_READ, {"tenant_id": tenant_id, "hashes": Byteas(some)}):
                piece = Piece(*row)
                values.add(piece, self._secret(piece))
                size += piece.size
        if size > IN_A_THREAD:
            await asyncio.to_thread(values.open)
        else:
            values.open()
        return values

    async def close_referring(self, tenant_id: int, body: bytes, seal: Seal | None) -> bytes:
        """The payload of a large body, which refers to what is kept already and holds the rest itself.

        For what is replaced when it changes, where values of its own would only be left behind.
        """
        above = self._codec.large_above
        rest, hashes = await asyncio.to_thread(refer_to, body, _Everything(), above=above, seal=seal)
        known = await self.known(tenant_id, hashes)
        if len(known) < len(hashes):
            rest, hashes = await asyncio.to_thread(refer_to, body, known, above=above, seal=seal)
        return await asyncio.to_thread(self._codec.close, rest, hashes, seal=seal, compression=Compression())

    def _secret(self, piece: Piece) -> bytes | None | Exception:
        assert piece.payload is not None, "it was read"
        try:
            return self._codec.secret_of(piece.payload)
        except (PayloadError, ErasedError) as error:
            return error


class _Everything:
    """Holds whatever it is asked for."""

    def __contains__(self, _: object) -> bool:
        return True


def _slices(items: Sequence[Any], most: int) -> Iterator[Any]:
    for start in range(0, len(items), most):
        yield items[start : start + most]

"""Pages of the log: bounded in rows and in bytes, so that what is read is never in memory all at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from infrastructure.payloads import header, large_values
from infrastructure.payloads.header import PayloadError
from infrastructure.payloads.pieces import PIECE_BYTES
from infrastructure.postgres.arrays import BigInts
from infrastructure.postgres.database import Database
from infrastructure.sql import load

_HEAVY_PAYLOADS = load(__file__, "heavy_payloads")

PAGE = 1_000
"""Events that one statement reads."""
PAGE_BYTES = 16 * 1024 * 1024
"""Bytes of heavy payloads that a page has at most, and of large values; one event alone may have more."""


class StoredRow(NamedTuple):
    """A row of the log, not yet decoded."""

    position: int
    recorded_at: datetime
    tenant_id: int
    stream_id: UUID
    version: int
    type_id: int
    origin: bytes
    payload: bytes
    stream_name: str


class Page(NamedTuple):
    """Rows, and whether there may be more."""

    rows: list[StoredRow]
    more: bool


async def read_page(database: Database, statement: bytes, parameters: dict[str, Any]) -> Page:
    """What a statement that reads the log gives, as many of its first rows as can be afforded; one at least.

    Such a statement leaves heavy payloads (above 16 KiB) out; they are read by another one, which is bounded in bytes.
    So 1,000 rows have 16 MiB of light ones at most, and reading those costs nothing more.
    """
    found = await database.fetch(statement, parameters)
    more = len(found) == parameters["limit"]
    if heavy := [row[0] for row in found if row[7] is None]:
        wanted = {"positions": BigInts(heavy), "bytes": PAGE_BYTES}
        payloads = dict(await database.fetch(_HEAVY_PAYLOADS, wanted))
        cut = next((index for index, row in enumerate(found) if row[7] is None and row[0] not in payloads), len(found))
        assert cut or not found, "an event that was there a moment ago is there"
        more = more or cut < len(found)
        found = [(*row[:7], payloads.get(row[0], row[7]), *row[8:]) for row in found[:cut]]
    rows = [StoredRow(*row) for row in found]
    referring = references(rows)
    if referring and (cut := _affordable(rows, referring)) < len(rows):
        rows, more = rows[:cut], True
    return Page(rows, more)


def references(rows: Sequence[StoredRow]) -> dict[int, tuple[bytes, ...]]:
    """The hashes of the large values that rows refer to, by position."""
    found = {}
    for row in rows:
        if row.payload and row.payload[0] & header.REFERENCES:
            try:
                found[row.position] = large_values.references(row.payload)
            except PayloadError:
                continue  # told by who decodes it
    return found


def _affordable(rows: Sequence[StoredRow], referring: dict[int, tuple[bytes, ...]]) -> int:
    """How many of the first rows; each large value counts once, and each piece as a whole one."""
    hashes: set[bytes] = set()
    for index, row in enumerate(rows):
        hashes.update(referring.get(row.position, ()))
        if index and len(hashes) * PIECE_BYTES > PAGE_BYTES:
            return index
    return len(rows)

"""Training a tenant's dictionary on what the log holds of it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, NamedTuple

from infrastructure.eventstore.dictionaries import StoredDictionaries
from infrastructure.payloads.codec import Codec
from infrastructure.payloads.compression import Compression, UnknownDictionaryError
from infrastructure.payloads.header import PayloadError
from infrastructure.payloads.training import Trained, train
from infrastructure.postgres.database import Database
from infrastructure.sql import load

_LOG_END = load(__file__, "log_end")
_PAYLOADS_BEFORE = load(__file__, "payloads_before")

PAGE = 1_000
"""Payloads that one statement reads."""
STRETCH = 50_000
"""Positions that one statement looks at, most of which may be of other tenants."""
MOST_SAMPLE_BYTES = 64 * 1024 * 1024

WORTH_KEEPING = 0.95
"""Of the bytes with the dictionary in use: one that saves less is not worth being kept for ever."""


class Training(NamedTuple):
    """What came of it: `number` of the new dictionary, None where it was not worth keeping; the one in use before."""

    trained: Trained
    in_use: int
    number: int | None


async def train_dictionary(database: Database, tenant_id: int, events: int, now: datetime) -> Training:
    """Train on a tenant's newest events (as many as that at most) and keep what comes of it, if it is better.

    No transaction is open while it trains.

    Raises:
        TooFewEventsError: there is too little to train on.
    """
    codec = Codec()
    dictionaries = StoredDictionaries(database, codec.dictionaries)
    codec.dictionaries.newest(tenant_id)
    await dictionaries.take_up()
    in_use = codec.dictionaries.newest(tenant_id)
    bodies = await ClearPayloads(database, codec).newest(tenant_id, events)
    trained = await asyncio.to_thread(train, bodies, Compression(dictionaries=codec.dictionaries), tenant_id)
    number = None
    if trained.after < WORTH_KEEPING * trained.before:
        number = await dictionaries.keep(tenant_id, trained.content, now)
    return Training(trained, in_use, number)


class ClearPayloads:
    """Gives what dictionaries are trained on: the bodies of a tenant's payloads that were never encrypted."""

    def __init__(self, database: Database, codec: Codec) -> None:
        self._database, self._codec = database, codec
        self._stored = StoredDictionaries(database, codec.dictionaries)

    async def newest(self, tenant_id: int, count: int) -> list[bytes]:
        """The newest `count` of them at most, and 64 MiB, oldest first."""
        rows: list[Any] = await self._database.fetch(_LOG_END)
        before = int(rows[0][0]) + 1 if rows else 1
        bodies: list[bytes] = []
        size = 0
        while before > 1:
            least = max(1, before - STRETCH)
            place = {"before": before, "least": least, "tenant_id": tenant_id, "limit": PAGE}
            page = await self._database.fetch(_PAYLOADS_BEFORE, place)
            for _, payload in page:
                body = await self._body(tenant_id, payload)
                if body is not None:
                    bodies.append(body)
                    size += len(body)
                if len(bodies) == count or size >= MOST_SAMPLE_BYTES:
                    return bodies[::-1]
            before = page[-1][0] if len(page) == PAGE else least
        return bodies[::-1]

    async def _body(self, tenant_id: int, payload: bytes) -> bytes | None:
        try:
            try:
                return self._codec.clear_body(payload)
            except UnknownDictionaryError as missing:
                await self._stored.fetch(tenant_id, missing.number)
                return self._codec.clear_body(payload)
        except PayloadError:
            # Damaged, or of a program that shares the log and has a format of its own: training can do without.
            return None

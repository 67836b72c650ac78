"""How often contexts were read: columns of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection

from domain.access.events import AccessesRecorded
from domain.recorded import Event, Recorded
from infrastructure.postgres.arrays import BigInts, Integers, Uuids
from infrastructure.sql import load

_ADD = load(__file__, "add_reads")
_A_STATEMENT = 10_000


class ReadCounts:
    """Comes after the contexts of a batch: the statement sees which of their lives each record means."""

    async def apply(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        """Add the reads that a batch tells of."""
        told = [
            (recorded.tenant_id, recorded.position, reads)
            for recorded in events
            if isinstance(recorded.event, AccessesRecorded)
            for reads in recorded.event.contexts
        ]
        for start in range(0, len(told), _A_STATEMENT):
            tenant_ids, positions, reads = zip(*told[start : start + _A_STATEMENT], strict=True)
            await connection.execute(
                _ADD,
                {
                    "tenant_ids": Integers(tenant_ids),
                    "positions": BigInts(positions),
                    "context_ids": Uuids([each.context_id for each in reads]),
                    "created_ats": [each.created_at for each in reads],
                    "reads": BigInts([each.reads for each in reads]),
                    "lasts": [each.last for each in reads],
                },
            )

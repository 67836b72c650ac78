"""How often and when each context was read, counted in memory: approximate, and of this process alone."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Access(NamedTuple):
    """Reads counted so far, and the instant of the last one before this."""

    reads: int
    last: datetime | None


class AccessCounts:
    """The counts of the contexts read last; bounded, so old ones begin anew."""

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._counts: OrderedDict[UUID, Access] = OrderedDict()

    def count(self, stream_id: UUID, now: datetime) -> Access:
        """Count a read; what is told includes it, and when the read before it was."""
        before = self._counts.pop(stream_id, Access(0, None))
        self._counts[stream_id] = Access(before.reads + 1, now)
        if len(self._counts) > self._capacity:
            self._counts.popitem(last=False)
        return Access(before.reads + 1, before.last)

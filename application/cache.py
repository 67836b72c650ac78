"""One cache for all states of a process, bounded by the memory that they hold and by the time since they were used.

What is in it is never trusted by itself (`aggregates.py` says how it is checked), so losing any of it costs time alone.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from application.ports import Clock

DEFAULT_BYTES = 512 * 1024 * 1024
DEFAULT_SECONDS = 300.0

PLACE = 400
"""Bytes that an entry takes beside what it holds: its places in the table, its own fields, its key (measured)."""

_SWEEPS = 8
"""So often within the time that an unused entry may stay, those that stayed too long are looked for."""

_NEVER = datetime.min.replace(tzinfo=UTC)


class Entry:
    """What is kept. The cache alone changes these fields."""

    __slots__ = ("charged", "used")

    def __init__(self) -> None:
        self.charged = 0
        self.used = _NEVER


class CacheStats(NamedTuple):
    """How the cache does. `bytes` is an estimate; `evicted`: for want of room; `expired`: not used for too long."""

    hits: int
    misses: int
    entries: int
    bytes: int
    limit: int
    evicted: int
    expired: int


class StateCache:
    """Entries by key, the one used longest ago first to go.

    `limit` in bytes, of all entries together; `seconds` after its last use an entry goes (up to an eighth later).
    """

    def __init__(self, clock: Clock, limit: int = DEFAULT_BYTES, seconds: float = DEFAULT_SECONDS) -> None:
        self._clock, self._limit, self._seconds = clock, limit, seconds
        self._unused, self._pause = timedelta(seconds=seconds), timedelta(seconds=seconds / _SWEEPS)
        self._entries: OrderedDict[Hashable, Any] = OrderedDict()
        self._bytes = self._evicted = self._expired = 0
        self._swept = _NEVER
        self.hits = self.misses = 0
        """Counted by those who ask for states; who asks for something else doesn't count."""

    def get(self, key: Hashable) -> Any:
        """The entry, which has been used now; None where there is none."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.used = self._clock()
            self._entries.move_to_end(key)
        return entry

    def peek(self, key: Hashable) -> Any:
        """The entry, without using it."""
        return self._entries.get(key)

    def put(self, key: Hashable, entry: Entry, size: int) -> None:
        """Keep an entry in place of another of that key, or the same one with a new size, after it was used.

        One that is larger than the limit is not kept.
        """
        before = self._entries.get(key)
        if before is not None:
            self._bytes -= before.charged
        if before is not entry:
            entry.used = self._clock()
        entry.charged = size + PLACE
        self._bytes += entry.charged
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if entry.charged > self._limit:
            self.drop(key)
            self._evicted += 1
        while self._bytes > self._limit:
            _, oldest = self._entries.popitem(last=False)
            self._bytes -= oldest.charged
            self._evicted += 1
        if entry.used - self._swept >= self._pause:
            self.expire()

    def drop(self, key: Hashable) -> None:
        """Keep it no longer."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.charged

    def expire(self) -> None:
        """Let those go that were not used for too long."""
        self._swept = self._clock()
        last_use = self._swept - self._unused
        while self._entries:
            key = next(iter(self._entries))
            if self._entries[key].used > last_use:
                break
            self.drop(key)
            self._expired += 1

    async def keep_expiring(self) -> None:
        """Until cancelled: so that they go also where nothing comes in."""
        while True:
            await asyncio.sleep(self._seconds / _SWEEPS)
            self.expire()

    def stats(self) -> CacheStats:
        """How it does."""
        return CacheStats(
            self.hits, self.misses, len(self._entries), self._bytes, self._limit, self._evicted, self._expired
        )

"""Names that rows refer to by number: tenants and event types. A number, once given, stays, so both are kept."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from infrastructure.sql import load


class Numbered:
    """Name to number and back, read from a table and added to on demand."""

    def __init__(self, pool: AsyncConnectionPool[Any], select: str, add: str) -> None:
        self._pool, self._select, self._add = pool, load(__file__, select), load(__file__, add)
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}

    async def number(self, name: str) -> int:
        """The name's number, given to it now if it has none."""
        known = self._numbers.get(name)
        if known is not None:
            return known
        async with self._pool.connection() as connection:
            await self._read(connection)
            if name not in self._numbers:
                await connection.execute(self._add, {"name": name})
                await self._read(connection)
        return self._numbers[name]

    async def known_number(self, name: str) -> int | None:
        """The name's number, or None if it has none: for reading, which must not write."""
        if name not in self._numbers:
            async with self._pool.connection() as connection:
                await self._read(connection)
        return self._numbers.get(name)

    async def name(self, number: int) -> str:
        """The name behind a number of a row."""
        if number not in self._names:
            async with self._pool.connection() as connection:
                await self._read(connection)
        return self._names[number]

    def known_names(self) -> dict[int, str]:
        """Those read so far, by number; a live view."""
        return self._names

    async def _read(self, connection: AsyncConnection[Any]) -> None:
        cursor = await connection.execute(self._select)
        for name, number in await cursor.fetchall():
            self._numbers[name], self._names[number] = number, name


def tenants(pool: AsyncConnectionPool[Any]) -> Numbered:
    """The tenants' numbers."""
    return Numbered(pool, "tenants", "add_tenant")


def event_types(pool: AsyncConnectionPool[Any]) -> Numbered:
    """The event names' numbers."""
    return Numbered(pool, "event_types", "add_event_type")

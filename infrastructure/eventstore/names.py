"""Names that rows refer to by number: tenants and event types. A number, once given, stays, so both are kept."""

from __future__ import annotations

from infrastructure.postgres.database import Database
from infrastructure.sql import load


class Numbered:
    """Name to number and back, read from a table and added to on demand."""

    def __init__(self, database: Database, select: str, add: str) -> None:
        self._database, self._select, self._add = database, load(__file__, select), load(__file__, add)
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def remembered(self, name: str) -> int | None:
        """The name's number if it was asked for before, without waiting."""
        return self._numbers.get(name)

    async def number(self, name: str) -> int:
        """The name's number, given to it now if it has none."""
        known = await self.known_number(name)
        if known is None:
            await self._database.fetch(self._add, {"name": name})
            await self._read()
        return self._numbers[name]

    async def known_number(self, name: str) -> int | None:
        """The name's number, or None if it has none: for reading, which must not write."""
        if name not in self._numbers:
            await self._read()
        return self._numbers.get(name)

    async def name(self, number: int) -> str:
        """The name behind a number of a row."""
        if number not in self._names:
            await self._read()
        return self._names[number]

    async def names(self) -> list[str]:
        """All of them."""
        await self._read()
        return list(self._numbers)

    async def _read(self) -> None:
        for name, number in await self._database.fetch(self._select):
            self._numbers[name], self._names[number] = number, name


def tenants(database: Database) -> Numbered:
    """The tenants' numbers."""
    return Numbered(database, "tenants", "add_tenant")


def event_types(database: Database) -> Numbered:
    """The event names' numbers."""
    return Numbered(database, "event_types", "add_event_type")

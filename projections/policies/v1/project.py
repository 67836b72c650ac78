"""What the policies know, and which events something follows from. What follows is carried out by who is handed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from psycopg import AsyncConnection

from domain.belonging import Cause, Ended, end_of, owners
from domain.recorded import Event, Recorded
from infrastructure.postgres.arrays import Integers, Texts, Uuids
from infrastructure.sql import load
from projections.policies.v1.members import Members, fold_members

_TABLES = (Path(__file__).parent / "tables.sql").read_bytes()
_WRITE_ENDED = load(__file__, "write_ended")
_KNOWN_ENDED = load(__file__, "known_ended")
_POPULATED = load(__file__, "populated")
_STREAM_NAMES = load(__file__, "stream_names")

Owner = tuple[int, str]
"""A tenant, and what others belong to in it."""

Hold = Callable[[], Awaitable[None]]
"""Called between the steps of what takes long: proves that this process is still the one, or raises."""


class Reactions(Protocol):
    """What follows from events."""

    def concerns(self, event: Event, ended: Ended) -> bool:
        """Whether something may follow; `ended` as in Cause."""
        ...

    async def carry_out(self, cause: Cause, members: Members, hold: Hold) -> None:
        """Do what follows. It may be called again for the same cause, by a process that doesn't know what was done."""
        ...


class Policies:
    """All policies of this program: one process manager with one position."""

    name = "policies"
    version = 1

    def __init__(self, reactions: Reactions) -> None:
        self._reactions = reactions

    async def set_up(self, connection: AsyncConnection[Any]) -> None:
        """Make the tables where they are missing."""
        await connection.execute(_TABLES)

    async def apply(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        """Fold a batch into what is known."""
        await fold_members(connection, events)
        ends = {recorded.position: status for recorded in events if (status := end_of(recorded.event))}
        if ends:
            ending = [recorded for recorded in events if recorded.position in ends]
            names = await _names(connection, ending)
            rows = [
                {
                    "tenant_id": recorded.tenant_id,
                    "owner": names[recorded.tenant_id, recorded.stream_id],
                    "status": ends[recorded.position],
                    "position": recorded.position,
                }
                for recorded in ending
            ]
            async with connection.cursor() as cursor:
                await cursor.executemany(_WRITE_ENDED, rows)

    async def causes(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> Mapping[int, Cause]:
        """Those of a batch from which something may follow, by position. What is known is told up to its first."""
        joined = [[owner for owner in owners(recorded.event).values() if owner is not None] for recorded in events]
        named = {(event.tenant_id, owner) for event, some in zip(events, joined, strict=True) for owner in some}
        ended = await _ended(connection, named)
        ending = [recorded for recorded in events if end_of(recorded.event)]
        names = await _names(connection, ending) if ending else {}
        populated = named | await _populated(connection, [(key[0], name) for key, name in names.items()])
        found: list[tuple[Recorded[Event], Ended]] = []
        for recorded, some in zip(events, joined, strict=True):
            tenant_id = recorded.tenant_id
            late = {owner: ended[tenant_id, owner] for owner in some if (tenant_id, owner) in ended}
            if status := end_of(recorded.event):
                name = names[tenant_id, recorded.stream_id]
                ended[tenant_id, name] = status
                if (tenant_id, name) not in populated:
                    # Nothing belongs to it.
                    continue
            if self._reactions.concerns(recorded.event, late):
                found.append((recorded, late))
        if not found:
            return {}
        names |= await _names(connection, [recorded for recorded, _ in found])
        return {
            recorded.position: Cause(recorded, names[recorded.tenant_id, recorded.stream_id], late)
            for recorded, late in found
        }

    async def carry_out(self, connection: AsyncConnection[Any], cause: Cause, hold: Hold) -> None:
        """Do what follows from an event, by what is known up to the event before it."""
        await self._reactions.carry_out(cause, Members(connection, cause.recorded.tenant_id), hold)


async def _ended(connection: AsyncConnection[Any], asked: Iterable[Owner]) -> dict[Owner, str]:
    return {(row[0], row[1]): row[2] for row in await _of_owners(connection, _KNOWN_ENDED, list(asked))}


async def _populated(connection: AsyncConnection[Any], asked: Iterable[Owner]) -> set[Owner]:
    return {(row[0], row[1]) for row in await _of_owners(connection, _POPULATED, list(asked))}


async def _of_owners(connection: AsyncConnection[Any], statement: bytes, asked: list[Owner]) -> list[Any]:
    if not asked:
        return []
    parameters = {"tenant_ids": Integers([item[0] for item in asked]), "owners": Texts([item[1] for item in asked])}
    return await (await connection.execute(statement, parameters)).fetchall()


async def _names(connection: AsyncConnection[Any], events: Iterable[Recorded[Event]]) -> dict[tuple[int, UUID], str]:
    streams = list({(recorded.tenant_id, recorded.stream_id) for recorded in events})
    parameters = {
        "tenant_ids": Integers([stream[0] for stream in streams]),
        "stream_ids": Uuids([stream[1] for stream in streams]),
    }
    cursor = await connection.execute(_STREAM_NAMES, parameters)
    return {(row[0], row[1]): row[2] for row in await cursor.fetchall()}

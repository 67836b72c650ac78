"""Who belongs to whom: folded from events, with its history; read page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from domain.belonging import is_forgotten, owners
from domain.recorded import Event, Recorded
from infrastructure.postgres.arrays import Integers, Uuids
from infrastructure.sql import load

_KNOWN = load(__file__, "known_members")
_FORGET = load(__file__, "forget_members")
_CLOSE = load(__file__, "close_member")
_ADD = load(__file__, "add_member")
_NOW = load(__file__, "members_now")
_THEN = load(__file__, "members_then")

PROJECTION = "policies"
"""Who keeps them."""

FIRST = UUID(int=0)
"""Before every stream."""

Stream = tuple[int, UUID]


class _Membership:
    """One row."""

    __slots__ = ("from_position", "is_new", "owner", "to_position")

    def __init__(self, owner: str, from_position: int, is_new: bool) -> None:
        self.owner, self.from_position, self.is_new = owner, from_position, is_new
        self.to_position: int | None = None

    def row(self, stream: Stream) -> dict[str, Any]:
        return {
            "tenant_id": stream[0],
            "stream_id": stream[1],
            "owner": self.owner,
            "from_position": self.from_position,
            "to_position": self.to_position,
        }


async def fold_members(connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """What a batch says of who belongs to whom, into the rows."""
    told = [(recorded, owners(recorded.event), is_forgotten(recorded.event)) for recorded in events]
    told = [(recorded, changes, forgotten) for recorded, changes, forgotten in told if changes or forgotten]
    if not told:
        return
    open_ones = await _open(connection, list({(recorded.tenant_id, recorded.stream_id) for recorded, _, _ in told}))
    forgotten_streams: list[Stream] = []
    touched: list[tuple[Stream, _Membership]] = []
    for recorded, changes, forgotten in told:
        stream, position = (recorded.tenant_id, recorded.stream_id), recorded.position
        if forgotten:
            open_ones.pop(stream, None)
            forgotten_streams.append(stream)
            touched = [(other, membership) for other, membership in touched if other != stream]
            continue
        current = open_ones.setdefault(stream, {})
        for relation, owner in changes.items():
            before = current.get(relation)
            if before is not None and before.owner == owner:
                continue
            if before is not None:
                before.to_position = position
                touched.append((stream, before))
                del current[relation]
            if owner is not None:
                current[relation] = _Membership(owner, position, is_new=True)
                touched.append((stream, current[relation]))
    rows = {id(membership): (membership, membership.row(stream)) for stream, membership in touched}
    async with connection.cursor() as cursor:
        await cursor.executemany(_FORGET, [{"tenant_id": one[0], "stream_id": one[1]} for one in forgotten_streams])
        await cursor.executemany(_CLOSE, [row for membership, row in rows.values() if not membership.is_new])
        await cursor.executemany(_ADD, [row for membership, row in rows.values() if membership.is_new])


async def _open(connection: AsyncConnection[Any], streams: list[Stream]) -> dict[Stream, dict[str, _Membership]]:
    found: dict[Stream, dict[str, _Membership]] = {}
    parameters = {"tenant_ids": Integers([one[0] for one in streams]), "stream_ids": Uuids([one[1] for one in streams])}
    for tenant_id, stream_id, owner, position in await (await connection.execute(_KNOWN, parameters)).fetchall():
        relation = owner.partition("\n")[0]
        found.setdefault((tenant_id, stream_id), {})[relation] = _Membership(owner, position, is_new=False)
    return found


class Members:
    """A tenant's memberships, as they are known by now. Implements `application.ports.Members`."""

    def __init__(self, connection: AsyncConnection[Any], tenant_id: int) -> None:
        self._connection, self._tenant_id = connection, tenant_id

    async def page(
        self, owner: str, *, at: int | None = None, after: UUID = FIRST, limit: int = 1_000
    ) -> Sequence[tuple[UUID, str]]:
        """Ids and names of the streams that belong to an owner, now or after the event at a position, by their ids."""
        parameters = {"tenant_id": self._tenant_id, "owner": owner, "after": after, "limit": limit}
        async with self._connection.transaction():
            if at is None:
                cursor = await self._connection.execute(_NOW, parameters)
            else:
                cursor = await self._connection.execute(_THEN, {**parameters, "position": at})
            return await cursor.fetchall()

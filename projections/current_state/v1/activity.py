"""When sessions had their last command: columns of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection

from domain.erasure import Erased
from domain.recorded import Event, Recorded
from domain.sessions import activity
from domain.sessions.activity import Activity
from domain.sessions.events import EVENTS
from infrastructure.postgres.arrays import Integers, Uuids
from infrastructure.sql import load
from projections.current_state.v1.known import Key, fetch

_KNOWN = load(__file__, "known_activity")
_WRITE = load(__file__, "write_activity")

_OWN = tuple(EVENTS.values())


class SessionActivity:
    """Comes after the sessions of a batch: what they are called is in their rows, and what is erased has none."""

    async def apply(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        """Fold the events of a batch that are commands in sessions."""
        told = [recorded for recorded in events if _is_own(recorded.event) or recorded.origin.session_id is not None]
        if not told:
            return
        rows = await fetch(connection, _KNOWN, _wanted(told))
        streams: dict[tuple[int, str], Key] = {(row[0], row[2]): (row[0], row[1]) for row in rows}
        before: dict[Key, Activity | None] = {
            (row[0], row[1]): None if row[3] is None else Activity(row[3], row[4]) for row in rows
        }
        after = dict(before)
        for recorded in told:
            own = _is_own(recorded.event)
            named = streams.get((recorded.tenant_id, recorded.origin.session_id or ""))
            key = (recorded.tenant_id, recorded.stream_id) if own else named
            if key is not None and key in after:
                after[key] = activity.evolve(after[key], recorded, own)
        changed = [(key, found) for key, found in after.items() if found is not None and found != before[key]]
        if changed:
            await connection.execute(
                _WRITE,
                {
                    "tenant_ids": Integers([key[0] for key, _ in changed]),
                    "ids": Uuids([key[1] for key, _ in changed]),
                    "lasts": [found.last for _, found in changed],
                    "timeouts": [found.timeout for _, found in changed],
                    "expiries": [found.expires_at for _, found in changed],
                },
            )


def _is_own(event: Event) -> bool:
    return event.name in EVENTS if isinstance(event, Erased) else isinstance(event, _OWN)


def _wanted(told: Sequence[Recorded[Event]]) -> dict[str, Any]:
    named = {(each.tenant_id, each.origin.session_id) for each in told if each.origin.session_id is not None}
    own = {(each.tenant_id, each.stream_id) for each in told if _is_own(each.event)}
    return {
        "named_tenant_ids": Integers([tenant_id for tenant_id, _ in named]),
        "session_ids": [session_id for _, session_id in named],
        "own_tenant_ids": Integers([tenant_id for tenant_id, _ in own]),
        "own_ids": Uuids([stream_id for _, stream_id in own]),
    }

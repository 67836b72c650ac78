"""What goes with a session beside its contexts and tasks: preferences of its user, its decisions, open conflicts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from application.contexts import ContextRef
from application.points import Point
from domain.contexts.conflicts import OpenConflict
from domain.contexts.context import Context
from domain.decisions import decision as decisions
from domain.decisions.decision import Decision
from domain.errors import PreferencesErasedError
from domain.preferences import state as preference_states
from domain.preferences.preferences import readable
from domain.preferences.state import Preferences
from domain.recorded import stream_id
from infrastructure.eventstore import large_values
from infrastructure.postgres.arrays import Uuids
from infrastructure.sql import load
from interfaces.bootstrap import Services
from projections.current_state.v1.project import CurrentState
from projections.current_state.v1.read import ContextRow
from projections.current_state.v1.read_decisions import DecisionFilter

MOST_DECISIONS = 20
"""Of the session, newest first."""

MOST_CONFLICTS = 100
"""Open ones that are told; their number is told in full."""

_EVER_IN_CONFLICT = load(large_values.__file__, "ever_in_conflict")


class ConflictIn(NamedTuple):
    """An open conflict, and of which context."""

    namespace: str
    key: str
    conflict: OpenConflict


async def preferences_now(wired: Services, tenant: str, user_id: str | None) -> Preferences | None:
    """Those of the user, strongly consistent; None where there are none, or none any more."""
    if user_id is None:
        return None
    try:
        return await wired.preferences.get(tenant, user_id)
    except PreferencesErasedError:
        return None


async def preferences_then(wired: Services, tenant: str, user_id: str | None, point: Point) -> Preferences | None:
    """Those that the user had then; None where there were none, or they were erased since."""
    if user_id is None:
        return None
    events = await wired.store.read_stream(tenant, stream_id(tenant, preference_states.stream_name(user_id)))
    found = preference_states.fold(None, [each for each in events if each.position <= point.position])
    try:
        return readable(found)
    except PreferencesErasedError:
        return None


async def decisions_now(wired: Services, tenant_id: int, session_id: str) -> Sequence[Decision]:
    """The newest of the session, as the read model has them."""
    wanted = DecisionFilter(session_id=session_id)
    found, _ = await wired.decision_rows.list_decisions(tenant_id, wanted, limit=MOST_DECISIONS, cursor=None)
    return found


async def decisions_then(
    wired: Services, tenant: str, tenant_id: int, session_id: str, point: Point
) -> Sequence[Decision]:
    """The newest that had been made by then, as they were then.

    A decision stays in its session for good, and can't be deleted: so those of then are among those of now.

    Raises:
        ReadModelBehindError: the read model did not get that far in time.
    """
    if point.position:
        await wired.registry.wait_for(CurrentState.name, point.position, wired.settings.read_timeout)
    wanted = DecisionFilter(session_id=session_id, created_to=point.at + timedelta(microseconds=1))
    found: list[Decision] = []
    cursor: str | None = None
    while True:
        page, cursor = await wired.decision_rows.list_decisions(tenant_id, wanted, limit=MOST_DECISIONS, cursor=cursor)
        folded = await asyncio.gather(*(_decision_then(wired, tenant, each.id, point) for each in page))
        found += [each for each in folded if each is not None]
        if cursor is None or len(found) >= MOST_DECISIONS:
            return found[:MOST_DECISIONS]


async def conflicts_now(wired: Services, tenant: str, tenant_id: int, rows: Iterable[ContextRow]) -> list[ConflictIn]:
    """Those that are open in these contexts, strongly consistent."""
    by_id = {row.id: row for row in rows}
    if not by_id:
        return []
    found = await wired.store.database.fetch(_EVER_IN_CONFLICT, {"tenant_id": tenant_id, "streams": Uuids(list(by_id))})
    named = [by_id[row[0]] for row in found]
    loaded = await asyncio.gather(*(wired.contexts.load(ContextRef(tenant, row.namespace, row.key)) for row in named))
    return conflicts_in(context for context in loaded if context is not None)


def conflicts_in(contexts: Iterable[Context]) -> list[ConflictIn]:
    """The open ones of contexts, the one opened last first."""
    found = [
        ConflictIn(context.namespace, context.key, conflict)
        for context in contexts
        for conflict in context.conflicts.values()
    ]
    found.sort(key=lambda each: (each.conflict.opened_at, each.namespace, each.key, each.conflict.id), reverse=True)
    return found


async def _decision_then(wired: Services, tenant: str, decision_id: str, point: Point) -> Decision | None:
    events = await wired.store.read_stream(tenant, stream_id(tenant, decisions.stream_name(decision_id)))
    found = decisions.fold(None, [each for each in events if each.position <= point.position])
    return None if found is None or found.erased else found

"""All that an agent needs to go on with a session, now or as of a past point.

Now, it comes from the read model, in a few statements side by side; the session, preferences and open conflicts come
from the log. As of a past point all is folded from the log, so that what was deleted since is there too: which streams
belonged to the session then is told by the memberships that the policies keep (`policies_v1.members`), also of what is
gone by now; which decisions, by the read model, for none of them ever leaves its session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from application.points import Point, point_in_log
from application.sessions import SeenSession
from domain.belonging import is_forgotten
from domain.capture.naming import normalize
from domain.contexts import context as contexts
from domain.contexts.context import Context
from domain.contexts.identity import is_stream_name as is_context
from domain.decisions.decision import Decision
from domain.errors import SessionErasedError, SessionNotFoundError
from domain.preferences.state import Preferences
from domain.recorded import Event, Recorded, stream_id
from domain.relevance import ActiveTask
from domain.sessions import session as sessions
from domain.sessions.session import Moment, Session
from domain.tasks import task as tasks
from domain.tasks.identity import is_stream_name as is_task
from domain.tasks.lifecycle import IN_PROGRESS, PENDING
from domain.tasks.task import Task
from infrastructure.sql import load
from interfaces.accompanying import (
    ConflictIn,
    conflicts_in,
    conflicts_now,
    decisions_now,
    decisions_then,
    preferences_now,
    preferences_then,
)
from interfaces.bootstrap import Services
from interfaces.recalling import Budget, Recollection, recollect
from projections.current_state.v1.read import CANDIDATES, ContextRow
from projections.current_state.v1.read_tasks import TaskFilter
from projections.policies.v1 import members as memberships

MOST_TASKS = 100
"""Active tasks that are told, the ones in progress first."""

MOST_STREAMS = 5_000
"""Of a session as of a past point; of one with more, those by the order of their ids."""

AT_ONCE = 20
"""Streams that are read at the same time."""

_THEN = load(memberships.__file__, "members_then")
_PAGE = 1_000

S = TypeVar("S")


class Reconstruction(NamedTuple):
    """A session at an instant, and what belongs to it. `position`: of the log, up to which all of it is told.

    `complete` is False where it had more streams than are looked at.
    """

    session: Session
    moment: Moment
    tasks: Sequence[Task]
    found: Recollection
    recent: Sequence[ContextRow]
    position: int
    at: datetime
    complete: bool = True
    preferences: Preferences | None = None
    decisions: Sequence[Decision] = ()
    conflicts: Sequence[ConflictIn] = ()


class Wanted(NamedTuple):
    """How much of it."""

    budget: Budget
    recent: int


async def reconstruct_now(wired: Services, tenant: str, session_id: str, wanted: Wanted) -> Reconstruction:
    """The session as the read model has it.

    Raises:
        SessionNotFoundError, SessionErasedError: there is none.
    """
    tenant_id = await wired.store.tenants.number(tenant)
    (seen, preferences), position, pending, running, rows, decisions = await asyncio.gather(
        _session_and_preferences(wired, tenant, session_id),
        wired.current_state.known_position(),
        _listed(wired, tenant_id, session_id, PENDING),
        _listed(wired, tenant_id, session_id, IN_PROGRESS),
        wired.current_state.candidates(tenant_id, session_id=session_id, namespace=None, kind=None, tags=None),
        decisions_now(wired, tenant_id, session_id),
    )
    active = [*running, *pending][:MOST_TASKS]
    made = _reconstruction(wired, seen.session, seen.moment, active, rows, wanted, position, seen.moment.now)
    conflicts = await conflicts_now(wired, tenant, tenant_id, _shown(made))
    return made._replace(preferences=preferences, decisions=decisions, conflicts=conflicts)


async def reconstruct_then(
    wired: Services, tenant: str, session_id: str, wanted: Wanted, instant: datetime | None, position: int | None
) -> Reconstruction:
    """The session as it was at a past instant or after a position of the log.

    Raises:
        InvalidInputError, PositionNotReachedError: there is no such point.
        SessionNotFoundError: there was no such session then.
        SessionErasedError: it was erased since.
        ReadModelBehindError: who belonged to it then is not known in time.
    """
    point = await point_in_log(wired.store, wired.clock, instant, position)
    sessions.check_id(session_id)
    name = sessions.stream_name(session_id)
    events = await wired.store.read_stream(tenant, stream_id(tenant, name))
    session = sessions.fold(None, [each for each in events if each.position <= point.position])
    if any(is_forgotten(each.event) for each in events if each.position > point.position):
        raise SessionErasedError("the session was erased since")
    if session is None:
        raise SessionNotFoundError("there was no session with that id then")
    session = sessions.existing(session)
    if point.position:
        await wired.registry.wait_for(memberships.PROJECTION, point.position, wired.settings.read_timeout)
    streams, complete = await _members_then(wired, await wired.store.tenants.number(tenant), name, point.position)
    tenant_id = await wired.store.tenants.number(tenant)
    found_contexts = await _folded(wired, tenant, streams, is_context, contexts.fold, point)
    found_tasks = await _folded(wired, tenant, streams, is_task, tasks.fold, point)
    preferences, decisions = await asyncio.gather(
        preferences_then(wired, tenant, session.user_id, point),
        decisions_then(wired, tenant, tenant_id, session_id, point),
    )
    active = [task for task in found_tasks if task.status in (PENDING, IN_PROGRESS)]
    active.sort(key=lambda task: (task.status != IN_PROGRESS, task.position))
    rows = [_row(context) for context in found_contexts if context.is_live(point.at)]
    rows.sort(key=lambda row: row.position, reverse=True)
    last = max(
        [each.updated_at for each in found_contexts] + [each.updated_at for each in found_tasks],
        default=session.updated_at,
    )
    moment = Moment(point.at, max(last, session.updated_at))
    made = _reconstruction(
        wired,
        session.at(moment),
        moment,
        active[:MOST_TASKS],
        rows[: 2 * CANDIDATES],
        wanted,
        point.position,
        point.at,
    )
    shown = {row.id for row in _shown(made)}
    conflicts = conflicts_in(context for context in found_contexts if context.id in shown)
    return made._replace(complete=complete, preferences=preferences, decisions=decisions, conflicts=conflicts)


def active_task(task: Task) -> ActiveTask:
    """A task as what is relevant to it; contexts that it refers to stand in its parameter `contexts`, keys or ids."""
    details = task.details
    named = details.parameters.get("contexts")
    return ActiveTask(
        id=task.id,
        references=frozenset(each for each in named if isinstance(each, str))
        if isinstance(named, list)
        else frozenset(),
        files=frozenset(map(normalize, details.files)),
        code_area=normalize(details.code_area) if details.code_area else None,
        project=details.project,
    )


async def active_tasks(wired: Services, tenant_id: int, session_id: str) -> list[ActiveTask]:
    """Those of a session, from the read model."""
    running, pending = await asyncio.gather(
        _listed(wired, tenant_id, session_id, IN_PROGRESS), _listed(wired, tenant_id, session_id, PENDING)
    )
    return [active_task(task) for task in [*running, *pending][:MOST_TASKS]]


def _shown(made: Reconstruction) -> list[ContextRow]:
    return [*(each.row for each in made.found.taken), *made.recent]


async def _session_and_preferences(
    wired: Services, tenant: str, session_id: str
) -> tuple[SeenSession, Preferences | None]:
    seen = await wired.sessions.see(tenant, session_id)
    return seen, await preferences_now(wired, tenant, seen.session.user_id)


def _reconstruction(
    wired: Services,
    session: Session,
    moment: Moment,
    active: Sequence[Task],
    rows: Sequence[ContextRow],
    wanted: Wanted,
    position: int,
    at: datetime,
) -> Reconstruction:
    found = recollect(rows, at, [active_task(task) for task in active], wanted.budget, wired.tokenizer)
    return Reconstruction(session, moment, active, found, rows[: wanted.recent], position, at)


async def _listed(wired: Services, tenant_id: int, session_id: str, status: str) -> list[Task]:
    wanted = TaskFilter(session_id=session_id, status=status)
    found, _ = await wired.task_rows.list_tasks(tenant_id, wanted, limit=MOST_TASKS, cursor=None)
    return found


async def _members_then(
    wired: Services, tenant_id: int, owner: str, position: int
) -> tuple[list[tuple[UUID, str]], bool]:
    found: list[tuple[UUID, str]] = []
    parameters: dict[str, Any] = {"tenant_id": tenant_id, "owner": owner, "position": position, "limit": _PAGE}
    after = UUID(int=0)
    while len(found) < MOST_STREAMS:
        page = await wired.store.database.fetch(_THEN, {**parameters, "after": after})
        found += [(row[0], row[1]) for row in page]
        if len(page) < _PAGE:
            return found, True
        after = found[-1][0]
    return found, False


async def _folded(
    wired: Services,
    tenant: str,
    streams: Sequence[tuple[UUID, str]],
    is_kind: Callable[[str], bool],
    fold: Callable[[S | None, Sequence[Recorded[Event]]], S | None],
    point: Point,
) -> list[S]:
    """What the streams of one kind were then. What was erased since is left out: nothing of it can be read."""

    async def one(stream: UUID) -> S | None:
        events = await wired.store.read_stream(tenant, stream)
        if any(is_forgotten(each.event) for each in events if each.position > point.position):
            return None
        return fold(None, [each for each in events if each.position <= point.position])

    wanted = [stream for stream, name in streams if is_kind(name)]
    found: list[S] = []
    for begin in range(0, len(wanted), AT_ONCE):
        group = await asyncio.gather(*map(one, wanted[begin : begin + AT_ONCE]))
        found += [each for each in group if each is not None]
    return found


def _row(context: Context) -> ContextRow:
    """A folded context as the read model would have it; how often it had been read by then is not in its stream."""
    return ContextRow(
        id=context.id,
        position=context.position,
        version=context.version,
        namespace=context.namespace,
        key=context.key,
        created_at=context.created_at,
        updated_at=context.updated_at,
        expires_at=context.expires_at,
        access_count=0,
        last_accessed_at=None,
        attributes=context.attributes,
        data=(context.data,),
        encrypted=context.encrypted,
    )

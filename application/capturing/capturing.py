"""Stores what an agent saw: one context for each element, all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from time import monotonic
from typing import Any, Literal, NamedTuple

from application.capturing.ports import CodeReader, SecretFinder
from application.capturing.seen import Dropped, Seen
from application.capturing.understanding import check, understand
from application.contexts import ContextRef, Contexts
from application.ports import Clock
from application.together import Together
from domain.capture.deciding import capture
from domain.capture.elements import Element, to_data
from domain.capture.naming import features_of
from domain.capture.relationships import Relationship, relate
from domain.contexts.commands import StoreContext
from domain.contexts.context import Context
from domain.contexts.events import Attributes, ContextCreated
from domain.recorded import Event, Origin

Change = Literal["created", "replaced", "unchanged"]


class Keeping(NamedTuple):
    """How the elements are kept: the attributes of their contexts beside what the elements say themselves."""

    namespace: str
    session_id: str | None = None
    agent_id: str | None = None
    user_id: str | None = None
    project: str | None = None
    tags: tuple[str, ...] = ()
    ttl: int | None = None
    encrypt: bool | None = None
    encrypt_new: bool = False
    action: str | None = None
    reason: str | None = None


class Captured(NamedTuple):
    """One element's context, and what became of it."""

    context: Context
    change: Change


class CaptureOutcome(NamedTuple):
    """What a capture did; relationships are those among its own elements."""

    captured: Sequence[Captured]
    relationships: Sequence[Relationship]
    dropped: Sequence[Dropped]


class Capturing:
    """The application's face for captures. As a context manager it ends the thread that it reads code in."""

    def __init__(
        self, contexts: Contexts, together: Together, clock: Clock, reader: CodeReader, finder: SecretFinder
    ) -> None:
        self._contexts, self._together, self._clock = contexts, together, clock
        self._reader, self._finder = reader, finder
        # One: what is read one after the other can't take all of a machine.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="capture")

    def __enter__(self) -> Capturing:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def capture(self, tenant: str, seen: Seen, keeping: Keeping, origin: Origin) -> CaptureOutcome:
        """Store it as elements, in one append.

        Raises:
            InvalidInputError: it is too much, an element comes twice, a path can't be; nothing was stored.
        """
        check(seen)
        loop = asyncio.get_running_loop()
        elements, dropped = await loop.run_in_executor(
            self._thread, understand, seen, self._reader, self._finder, monotonic
        )
        members = [self._contexts.member(ContextRef(tenant, keeping.namespace, key)) for key in elements]
        commands = [_command(key, element, keeping) for key, element in elements.items()]
        # Of all at once: one after the other each would be a question to the database.
        known = await asyncio.gather(*(member.aggregates.load(tenant, member.stream_name) for member in members))

        def decide(states: Sequence[Any], now: datetime) -> list[Sequence[Event]]:
            return [capture(state, command, now) for state, command in zip(states, commands, strict=True)]

        captured: list[Captured]
        if not any(decide(known, self._clock())):
            captured = [Captured(state, "unchanged") for state in known if state is not None]
        else:
            outcomes = await self._together.execute(tenant, members, decide, origin)
            captured = [Captured(outcome.state, _change(outcome.events)) for outcome in outcomes]
        return CaptureOutcome(captured, relate(elements), dropped)


def _change(events: Sequence[Any]) -> Change:
    if not events:
        return "unchanged"
    return "created" if isinstance(events[0].event, ContextCreated) else "replaced"


def _command(key: str, element: Element, keeping: Keeping) -> StoreContext:
    metadata: Mapping[str, str] = {"project": keeping.project} if keeping.project else {}
    attributes = Attributes(
        session_id=keeping.session_id,
        agent_id=keeping.agent_id,
        user_id=keeping.user_id,
        type=element.TYPE,
        tags=keeping.tags,
        features=features_of(element),
        ttl=keeping.ttl,
        metadata=dict(metadata),
    )
    return StoreContext(
        namespace=keeping.namespace,
        key=key,
        data=to_data(element),
        attributes=attributes,
        encrypt=keeping.encrypt,
        encrypt_new=keeping.encrypt_new,
        action=keeping.action,
        reason=keeping.reason,
    )

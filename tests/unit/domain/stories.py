"""Given these events, when this is asked, then that happens: the words for tests of aggregates."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from domain.contexts import context as contexts
from domain.contexts.commands import (
    DeleteContext,
    ResolveConflict,
    RollBackContext,
    StoreContext,
    SynchronizeContext,
    UpdateContext,
)
from domain.contexts.context import Context
from domain.contexts.events import Attributes
from domain.contexts.resolving import resolve
from domain.contexts.strategies import Policy
from domain.contexts.synchronizing import synchronize
from domain.recorded import Event, Origin, Recorded, stream_id
from domain.sessions import session as sessions
from domain.sessions.session import Session

START = datetime(2026, 1, 1, tzinfo=UTC)
STREAM = stream_id("default", "context\n\nplan")


def at(seconds: float) -> datetime:
    """That long after the beginning."""
    return START + timedelta(seconds=seconds)


def recorded(*events: Event, seconds: float = 0, after: int = 0) -> list[Recorded[Event]]:
    """Events as a stream holds them; positions are ten times the versions."""
    return [
        Recorded(event, 1, STREAM, version, 10 * version, at(seconds), Origin())
        for version, event in enumerate(events, after + 1)
    ]


class ContextStory:
    """One context's life: each step is decided on what the steps before left, and folded."""

    def __init__(self) -> None:
        self.context: Context | None = None
        self.events: list[Recorded[Event]] = []
        self.now = START

    def wait(self, seconds: float) -> "ContextStory":
        self.now += timedelta(seconds=seconds)
        return self

    def _happened(self, events: Sequence[Event]) -> Event:
        (event,) = events
        self._all_happened(events)
        return event

    def _all_happened(self, events: Sequence[Event]) -> None:
        new = recorded(*events, after=len(self.events))
        self.events += [msgspec.structs.replace(one, recorded_at=self.now) for one in new]
        self.context = contexts.fold(self.context, self.events[len(self.events) - len(new) :])

    def at_version(self, version: int) -> Context:
        """The context as it was then."""
        found = contexts.fold(None, self.events[:version])
        assert found is not None
        return found

    @property
    def current(self) -> Context:
        assert self.context is not None
        return self.context

    @property
    def data(self) -> Any:
        return self.current.data

    def store(self, data: Any, *, attributes: Attributes | None = None, **command: Any) -> Event:
        asked = StoreContext(
            namespace="", key="plan", data=data, attributes=attributes or Attributes(ttl=3600), **command
        )
        return self._happened(contexts.store(self.context, asked, self.now))

    def update(self, data: Any, change_type: Any = "replace", **command: Any) -> Event:
        asked = UpdateContext(data=data, change_type=change_type, **command)
        return self._happened(contexts.update(self.context, asked, self.now))

    def change(self, **command: Any) -> Event:
        """Attributes or a checkpoint, without data."""
        return self._happened(contexts.update(self.context, UpdateContext(**command), self.now))

    def delete(self, **command: Any) -> Event:
        return self._happened(contexts.delete(self.context, DeleteContext(**command), self.now))

    def roll_back(self, version: int, **command: Any) -> Event:
        asked = RollBackContext(**command)
        return self._happened(contexts.roll_back(self.context, asked, self.at_version(version), self.now))

    def synchronize(self, data: Any, base: int, policy: Policy | None = None, **command: Any) -> Sequence[Event]:
        """All events that came of it; base 0: nothing was known."""
        asked = SynchronizeContext(data=data, base_version=base, policy=policy or Policy(), **command)
        events = synchronize(self.context, asked, self.at_version(base) if base else None, self.now)
        self._all_happened(events)
        return events

    def resolve(self, conflict_id: str, take: Any, **command: Any) -> Event:
        asked = ResolveConflict(conflict_id=conflict_id, take=take, **command)
        return self._happened(resolve(self.context, asked, self.now))


def session_after(*events: Event, seconds: float = 0) -> Session | None:
    """A session folded from events."""
    return sessions.fold(None, recorded(*events, seconds=seconds))

"""Given these events, when this is asked, then that happens: the words for tests of aggregates."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.contexts import context as contexts
from domain.contexts.commands import DeleteContext, RollBackContext, StoreContext, UpdateContext
from domain.contexts.context import Context
from domain.contexts.events import Attributes
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
        new = Recorded(event, 1, STREAM, len(self.events) + 1, 10 * (len(self.events) + 1), self.now, Origin())
        self.events.append(new)
        self.context = contexts.evolve(self.context, new)
        return event

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
        earlier = contexts.fold(None, self.events[:version])
        assert earlier is not None
        asked = RollBackContext(**command)
        return self._happened(contexts.roll_back(self.context, asked, earlier, self.now))


def session_after(*events: Event, seconds: float = 0) -> Session | None:
    """A session folded from events."""
    return sessions.fold(None, recorded(*events, seconds=seconds))

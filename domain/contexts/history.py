"""What happened to a context, change by change, as a person would want to read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from domain.contexts.conflicts import OpenConflict, Resolution
from domain.contexts.context import Context, evolve
from domain.contexts.events import (
    Attributes,
    Change,
    ConflictResolved,
    ConflictsOpened,
    ContextCreated,
    ContextDeleted,
    ContextErased,
    ContextReplaced,
    ContextRolledBack,
    ContextSynchronized,
    ContextUpdated,
)
from domain.contexts.opening import opened
from domain.contexts.patches import Operation, diff
from domain.erasure import Erased
from domain.recorded import Event, Origin, Recorded
from domain.values import identical


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change: `diff` (RFC 6902) of the data against the version before, `attributes` that it set.

    `resolutions` are the conflicts that it settled, `conflicts` those that it opened.
    Of an `erased` one there is no more than when, by whom and what kind of change it was.
    """

    version: int
    position: int
    at: datetime
    event: str
    origin: Origin
    action: str | None
    reason: str | None
    metadata: dict[str, Any]
    change_type: str | None
    checkpoint: str | None
    to_version: int | None
    diff: list[Operation]
    attributes: dict[str, Any]
    resolutions: tuple[Resolution, ...] = ()
    conflicts: tuple[OpenConflict, ...] = ()
    erased: bool = False


def entries(
    events: Iterable[Recorded[Event]], names: dict[type[Event], str], *, after: int = 0, erased_through: int = 0
) -> Iterator[HistoryEntry]:
    """A stream's events from its first on, as history of the versions above `after`.

    Versions up to `erased_through` are told without contents, also those that could still be read: what was stored in
    the clear before an erasure is not shown any more.
    """
    context: Context | None = None
    for recorded in events:
        before, context = context, evolve(context, recorded)
        if recorded.version <= after:
            continue
        event = recorded.event
        if is_erased(recorded, erased_through):
            yield _erased(recorded, names)
            continue
        assert isinstance(event, Change)
        yield HistoryEntry(
            version=recorded.version,
            position=recorded.position,
            at=recorded.recorded_at,
            event=event_name(event, names),
            origin=recorded.origin,
            action=event.action,
            reason=event.reason,
            metadata=event.metadata,
            change_type=event.change_type if isinstance(event, ContextUpdated) else None,
            checkpoint=event.checkpoint if isinstance(event, ContextUpdated) else None,
            to_version=event.to_version if isinstance(event, ContextRolledBack) else None,
            diff=_diff(before, event),
            attributes=_attributes(before, context, event),
            resolutions=_resolutions(event),
            conflicts=opened(event, recorded) if isinstance(event, ConflictsOpened) else (),
        )


def is_erased(recorded: Recorded[Event], erased_through: int) -> bool:
    """Whether the contents of a version are gone; an erasure itself is told as it was recorded."""
    return isinstance(recorded.event, Erased) or (
        recorded.version <= erased_through and not isinstance(recorded.event, ContextErased)
    )


def event_name(event: Event, names: dict[type[Event], str]) -> str:
    """The name that an event is stored under, also where nothing else is left of it."""
    return event.name if isinstance(event, Erased) else names[type(event)]


def _erased(recorded: Recorded[Event], names: dict[type[Event], str]) -> HistoryEntry:
    return HistoryEntry(
        version=recorded.version,
        position=recorded.position,
        at=recorded.recorded_at,
        event=event_name(recorded.event, names),
        origin=recorded.origin,
        action=None,
        reason=None,
        metadata={},
        change_type=None,
        checkpoint=None,
        to_version=None,
        diff=[],
        attributes={},
        erased=True,
    )


def _diff(before: Context | None, event: Event) -> list[Operation]:
    match event:
        case ContextUpdated() | ContextRolledBack() | ContextSynchronized() | ConflictResolved():
            # As recorded; only where the whole was replaced is it worth telling which parts of it are new.
            if before and len(event.patch) == 1 and event.patch[0]["path"] == "" and event.patch[0]["op"] == "replace":
                return diff(before.data, event.patch[0]["value"])
            return event.patch
        case ContextReplaced() if before:
            return diff(before.data, event.data)
        case ContextCreated():
            return [{"op": "add", "path": "", "value": event.data}]
    return []


def _resolutions(event: Event) -> tuple[Resolution, ...]:
    match event:
        case ContextSynchronized():
            return event.resolutions
        case ConflictResolved():
            return (event.resolution,)
    return ()


def _attributes(before: Context | None, after: Context, event: Event) -> dict[str, Any]:
    if isinstance(event, ContextDeleted | ContextErased):
        return {}
    old = msgspec.structs.asdict(
        before.attributes if before and not isinstance(event, ContextCreated) else Attributes()
    )
    return {
        name: value
        for name, value in msgspec.structs.asdict(after.attributes).items()
        if not identical(value, old[name])
    }

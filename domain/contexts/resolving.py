"""Deciding an open conflict; and how one that is not open any more came to its end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from domain.contexts.commands import ResolveConflict
from domain.contexts.conflicts import Resolution, opened_by
from domain.contexts.context import Context, alive, check_expected, why
from domain.contexts.events import (
    ConflictResolved,
    ContextCreated,
    ContextDeleted,
    ContextErased,
    ContextEvent,
    ContextReplaced,
)
from domain.contexts.opening import opens
from domain.contexts.patches import Operation, apply_patch, parse_pointer
from domain.errors import AlreadyResolvedError, ChangeDoesNotApplyError, ConflictNotFoundError
from domain.recorded import Event, Recorded
from domain.values import MAX_DOCUMENT, Json, check_json, identical

STRATEGY = "user_decides"


def resolve(context: Context | None, command: ResolveConflict, now: datetime) -> list[ContextEvent]:
    """Decide an open conflict. What stands at its place now is what `ours` leaves, whoever changed it since.

    Raises:
        ContextNotFoundError: there is no live context.
        VersionConflictError: the expected version is not the current one.
        ConflictNotFoundError: no such conflict is open.
        ChangeDoesNotApplyError: what its place is in is not there any more, or the document would be too large.
        InvalidInputError: the value would be nested too deep.
    """
    context = alive(context, now)
    check_expected(context, command)
    conflict = context.conflicts.get(command.conflict_id)
    if conflict is None:
        raise ConflictNotFoundError(f"no conflict {command.conflict_id!r} is open")
    there = standing(context.data, conflict.pointer)
    wanted = {"ours": there, "theirs": conflict.theirs, "value": command.value}[command.take]
    patch = _put(conflict.pointer, there, wanted)
    changed = apply_patch(context.data, patch)
    if command.take == "value":
        check_json(changed, "/value")
    if len(msgspec.json.encode(changed)) > MAX_DOCUMENT:
        raise ChangeDoesNotApplyError("", f"the document would be larger than {MAX_DOCUMENT} bytes of JSON")
    resolution = Resolution(
        pointer=conflict.pointer,
        base=conflict.base,
        ours=there,
        theirs=conflict.theirs,
        strategy=STRATEGY,
        take=command.take,
        value=command.value if command.take == "value" else UNSET,
    )
    return [ConflictResolved(conflict_id=conflict.id, resolution=resolution, patch=patch, **why(command))]


def standing(document: Json, pointer: str) -> Json | UnsetType:
    """What is at a place; UNSET where nothing is. Places of conflicts never go through arrays."""
    for name in parse_pointer(pointer):
        if not isinstance(document, dict) or name not in document:
            return UNSET
        document = document[name]
    return document


def _put(pointer: str, there: Json | UnsetType, wanted: Json | UnsetType) -> list[Operation]:
    if identical(there, wanted):
        return []
    if wanted is UNSET:
        return [{"op": "remove", "path": pointer}]
    return [{"op": "add" if there is UNSET else "replace", "path": pointer, "value": wanted}]


def ended(events: Iterable[Recorded[Event]], conflict_id: str, names: dict[type[Event], str]) -> AlreadyResolvedError:
    """How a conflict came to its end; `events` are those of its stream from the one that opened it on.

    Raises:
        ConflictNotFoundError: there never was such a conflict, or what is known of it was erased.
    """
    version, known = opened_by(conflict_id), False
    for recorded in events:
        event = recorded.event
        if recorded.version == version:
            known = opens(event, version, conflict_id)
        if not known:
            break
        how: dict[str, Any] = {
            "conflictId": conflict_id,
            "version": recorded.version,
            "at": recorded.recorded_at,
            "by": recorded.origin.actor,
            "event": names.get(type(event)),
        }
        match event:
            case ConflictResolved() if event.conflict_id == conflict_id:
                taken = event.resolution.take
                how |= {"take": taken} | ({"value": event.resolution.value} if taken == "value" else {})
                what = f"taking {taken if taken != 'value' else 'a given value'}"
            case ContextReplaced() | ContextDeleted() | ContextCreated() | ContextErased():
                what = "because the context was stored anew, deleted or erased"
            case _:
                continue
        return AlreadyResolvedError(
            f"the conflict {conflict_id!r} was resolved at version {recorded.version}, {what}", how
        )
    raise ConflictNotFoundError(f"there is no conflict {conflict_id!r} in this context; GET /api/context/conflicts")

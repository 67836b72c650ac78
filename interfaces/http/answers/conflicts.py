"""Answers about conflicts. A side that had nothing at a place has no member there: null is a value."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import UNSET, UnsetType

from application.synchronizing import Synchronized
from domain.contexts.conflicts import Conflict, OpenConflict, Resolution
from domain.contexts.context import Context
from domain.contexts.resolving import standing
from domain.values import Json
from interfaces.http.answers.base import Answer


def conflict_document(conflict: OpenConflict) -> dict[str, Any]:
    """An open conflict with what each side had."""
    return {
        **open_conflict_document(conflict),
        "baseVersion": conflict.base_version,
        **_sides(conflict),
    }


def conflict_in(context: Context, conflict: OpenConflict) -> dict[str, Any]:
    """The same, with what stands at its place now."""
    return conflict_document(conflict) | _there("current", standing(context.data, conflict.pointer))


def open_conflict_document(conflict: OpenConflict) -> dict[str, Any]:
    """That a conflict is open, where and since when."""
    return {
        "id": conflict.id,
        "pointer": conflict.pointer,
        "version": conflict.version,
        "openedAt": conflict.opened_at,
        "actor": conflict.actor,
        "agentId": conflict.agent_id,
    }


def resolution_document(resolution: Resolution) -> dict[str, Any]:
    """How a conflict was settled."""
    return {
        "pointer": resolution.pointer,
        "strategy": resolution.strategy,
        "take": resolution.take,
        **_sides(resolution),
        **_there("result", resolution.result),
    }


def synchronized_document(done: Synchronized) -> dict[str, Any]:
    """What a synchronization did, beside what every command answers."""
    return {
        "changed": done.changed,
        "resolutions": [resolution_document(resolution) for resolution in done.resolutions],
        "conflicts": [conflict_document(conflict) for conflict in done.opened],
        "openConflicts": len(done.context.conflicts),
        "data": done.context.data,
    }


def _sides(conflict: Conflict) -> dict[str, Any]:
    return _there("base", conflict.base) | _there("ours", conflict.ours) | _there("theirs", conflict.theirs)


def _there(name: str, value: Json | UnsetType) -> dict[str, Any]:
    return {} if value is UNSET else {name: value}


class OpenConflictItem(Answer):
    """A conflict that waits for a person; GET /api/context/conflicts tells what each side had."""

    id: str
    pointer: str
    version: int
    opened_at: datetime
    actor: str | None
    agent_id: str | None


class ConflictItem(OpenConflictItem):
    """An open conflict: what both knew, what the context had, what was submitted. A member is left out for nothing."""

    base_version: int
    base: Any = None
    ours: Any = None
    theirs: Any = None


class CurrentConflictItem(ConflictItem):
    """An open conflict, and what stands at its place now."""

    current: Any = None


class ResolutionItem(Answer):
    """A conflict that was settled, by which strategy; `result` is what stands there after it."""

    pointer: str
    strategy: str
    take: str
    base: Any = None
    ours: Any = None
    theirs: Any = None
    result: Any = None


class ConflictPage(Answer):
    """A page of open conflicts, the one opened first before; `nextCursor` is null on the last."""

    items: list[CurrentConflictItem]
    next_cursor: str | None
    version: int

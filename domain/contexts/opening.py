"""What opens conflicts, whoever found them: a writer that synchronizes, or a merge."""

from __future__ import annotations

from domain.contexts.conflicts import OpenConflict, conflict_id
from domain.contexts.events import ConflictsOpened
from domain.recorded import Event, Recorded


def opened(event: ConflictsOpened, recorded: Recorded[Event]) -> tuple[OpenConflict, ...]:
    """The conflicts that an event opens."""
    return tuple(
        OpenConflict(
            id=conflict_id(recorded.version, conflict.pointer),
            pointer=conflict.pointer,
            base=conflict.base,
            ours=conflict.ours,
            theirs=conflict.theirs,
            version=recorded.version,
            base_version=event.base_version,
            opened_at=recorded.recorded_at,
            actor=recorded.origin.actor,
            agent_id=recorded.origin.agent_id,
        )
        for conflict in event.conflicts
    )


def opens(event: Event, version: int, name: str) -> bool:
    """Whether an event that made that version opened a conflict of that id."""
    return isinstance(event, ConflictsOpened) and any(
        conflict_id(version, conflict.pointer) == name for conflict in event.conflicts
    )

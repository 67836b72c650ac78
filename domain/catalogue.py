"""Every event that the log can hold, by its stable name."""

from __future__ import annotations

from domain.access import events as access
from domain.contexts import events as contexts
from domain.decisions import events as decisions
from domain.preferences import events as preferences
from domain.recorded import Event
from domain.sessions import events as sessions
from domain.tasks import events as tasks

EVENTS: dict[str, type[Event]] = {
    **contexts.EVENTS,
    **sessions.EVENTS,
    **tasks.EVENTS,
    **decisions.EVENTS,
    **preferences.EVENTS,
    **access.EVENTS,
}
NAMES: dict[type[Event], str] = {kind: name for name, kind in EVENTS.items()}

Erasure = (
    contexts.ContextErased
    | sessions.SessionErased
    | tasks.TaskErased
    | decisions.DecisionErased
    | preferences.PreferencesErased
)
"""What tells a stream that keys of it were destroyed."""

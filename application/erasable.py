"""What can be erased, by the first part of its stream's name: how that is told, and how what is left is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from application.ports import LeftInTheClear, PendingErasure
from domain.contexts import identity
from domain.contexts.events import ContextErased
from domain.decisions import decision as decisions
from domain.decisions.events import DecisionErased
from domain.preferences import state as preferences
from domain.preferences.events import PreferencesErased
from domain.recorded import Event
from domain.sessions import session as sessions
from domain.sessions.events import SessionErased
from domain.tasks import identity as tasks
from domain.tasks.events import TaskErased


class _Kind(NamedTuple):
    """`names` reads a stream's name into what the event is told, the last of them being the key or id."""

    event: Callable[..., Event]
    names: Callable[[str], dict[str, str]]


def _context(stream_name: str) -> dict[str, str]:
    namespace, key = identity.parse_stream_name(stream_name)
    return {"namespace": namespace, "key": key}


KINDS: dict[str, _Kind] = {
    "context": _Kind(ContextErased, _context),
    "session": _Kind(SessionErased, lambda name: {"session_id": sessions.parse_stream_name(name)}),
    "task": _Kind(TaskErased, lambda name: {"task_id": tasks.parse_stream_name(name)}),
    "decision": _Kind(DecisionErased, lambda name: {"decision_id": decisions.parse_stream_name(name)}),
    "preferences": _Kind(PreferencesErased, lambda name: {"user_id": preferences.parse_stream_name(name)}),
}


def kind_of(stream_name: str) -> str:
    """What a stream holds: a key of KINDS."""
    return stream_name.partition("\n")[0]


def erasure_event(erasure: PendingErasure) -> Event:
    """What tells a stream that its keys were destroyed."""
    kind = KINDS[kind_of(erasure.stream_name)]
    why: dict[str, Any] = {"reason": erasure.reason, "subject": erasure.subject, "keys": erasure.keys}
    return kind.event(**kind.names(erasure.stream_name), **why)


def left_in_the_clear(stream_name: str, versions: Sequence[tuple[int, int]]) -> LeftInTheClear:
    """Of a stream these versions."""
    names = KINDS[kind_of(stream_name)].names(stream_name)
    return LeftInTheClear(kind_of(stream_name), list(names.values())[-1], names.get("namespace", ""), versions)

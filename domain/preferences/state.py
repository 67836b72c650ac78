"""The state of a user's preferences, and what events make of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from domain.erasure import Erased
from domain.preferences.events import PreferenceCleared, PreferenceObserved, PreferencesErased, PreferenceSet
from domain.preferences.learning import EXPLICIT_CONFIDENCE, NOTHING, Learned, observe
from domain.recorded import Event, Recorded
from domain.values import Json


class Preference(msgspec.Struct, frozen=True, kw_only=True):
    """One preference: what was observed, and what was said (`set_at` is None where nothing was)."""

    type: str
    key: str
    learned: Learned = NOTHING
    set_value: Json = None
    set_at: datetime | None = None
    updated_at: datetime

    @property
    def explicit(self) -> bool:
        """Whether it was said, not only observed."""
        return self.set_at is not None

    @property
    def value(self) -> Json:
        """What holds."""
        return self.set_value if self.explicit else self.learned.candidates[0].value

    @property
    def confidence(self) -> float:
        """1 of what was said, else strictly between 0 and 1."""
        return EXPLICIT_CONFIDENCE if self.explicit else self.learned.confidence


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """The preferences of one user at one version, by type and key."""

    SHAPE: ClassVar[int] = 1
    """Raise it when the fields change: snapshots of another shape are ignored."""

    stream_id: UUID
    user_id: str
    version: int
    position: int
    by_type: dict[str, dict[str, Preference]]
    created_at: datetime
    updated_at: datetime
    encrypted: bool
    erased: bool = False

    def find(self, type_: str, key: str) -> Preference | None:
        """One of them."""
        return self.by_type.get(type_, {}).get(key)

    def __iter__(self) -> Iterator[Preference]:
        for of_type in self.by_type.values():
            yield from of_type.values()

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(map(len, self.by_type.values()))


def stream_name(user_id: str) -> str:
    """The name of the stream of a user's preferences."""
    return f"preferences\n{user_id}"


def parse_stream_name(name: str) -> str:
    """The user of a stream of preferences."""
    return name.split("\n")[1]


def evolve(preferences: Preferences | None, recorded: Recorded[Event]) -> Preferences:
    """What an event makes of a user's preferences."""
    event = recorded.event
    if isinstance(event, PreferencesErased | Erased):
        user_id = event.user_id if isinstance(event, PreferencesErased) else parse_stream_name(event.stream_name)
        return _with(preferences, recorded, user_id, {}, encrypted=True, erased=True)
    assert isinstance(event, PreferenceObserved | PreferenceSet | PreferenceCleared)
    by_type = preferences.by_type if preferences else {}
    changed = evolve_one(preferences.find(event.type, event.key) if preferences else None, event, recorded.recorded_at)
    of_type = {key: one for key, one in by_type.get(event.type, {}).items() if key != event.key or changed is not None}
    if changed is not None:
        of_type[event.key] = changed
    by_type = {type_: keys for type_, keys in by_type.items() if type_ != event.type or of_type}
    if of_type:
        by_type[event.type] = of_type
    return _with(preferences, recorded, event.user_id, by_type, encrypted=event.encrypted)


def evolve_one(
    preference: Preference | None, event: PreferenceObserved | PreferenceSet | PreferenceCleared, at: datetime
) -> Preference | None:
    """What an event makes of the one preference that it names; None: nothing is left of it."""
    one = preference or Preference(type=event.type, key=event.key, updated_at=at)
    changes: dict[str, Any] = {"updated_at": at}
    match event:
        case PreferenceObserved():
            changes["learned"] = observe(one.learned, event.value, at)
        case PreferenceSet():
            changes |= {"set_value": event.value, "set_at": at}
        case PreferenceCleared():
            if event.observations or not one.learned.candidates:
                return None
            changes |= {"set_value": None, "set_at": None}
    return msgspec.structs.replace(one, **changes)


def _with(
    preferences: Preferences | None,
    recorded: Recorded[Event],
    user_id: str,
    by_type: dict[str, dict[str, Preference]],
    *,
    encrypted: bool,
    erased: bool = False,
) -> Preferences:
    return Preferences(
        stream_id=recorded.stream_id,
        user_id=user_id,
        version=recorded.version,
        position=recorded.position,
        by_type=by_type,
        created_at=preferences.created_at if preferences else recorded.recorded_at,
        updated_at=recorded.recorded_at,
        encrypted=encrypted,
        erased=erased,
    )


def fold(preferences: Preferences | None, events: Iterable[Recorded[Event]]) -> Preferences | None:
    """All of them, in order."""
    for recorded in events:
        preferences = evolve(preferences, recorded)
    return preferences

"""The Preferences aggregate, all of one user: what may be done. `state.py` says what comes of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from domain.contexts.identity import name_fault
from domain.erasure import Subject
from domain.errors import (
    Fault,
    InvalidInputError,
    PreferenceNotFoundError,
    PreferencesErasedError,
    TooManyPreferencesError,
    VersionConflictError,
)
from domain.preferences.commands import ClearPreference, Command, ObservePreferences, SetPreference
from domain.preferences.events import PreferenceCleared, PreferenceEvent, PreferenceObserved, PreferenceSet
from domain.preferences.state import Preferences
from domain.recorded import Event
from domain.values import Json

MAX_USER_ID_LENGTH = 256
"""In Unicode code points."""

MAX_PREFERENCES = 1_000
"""Of one user."""

MAX_OBSERVATIONS = 100
"""Of one command."""

MAX_VALUE_BYTES = 1_024
"""Of a value as JSON: a preference is a word or a few; larger things are contexts."""


def check_user_id(user_id: str, pointer: str = "/userId") -> None:
    """Refuse an id that breaks the rules.

    Raises:
        InvalidInputError: it is empty, longer than 256 code points, or holds control characters.
    """
    fault = name_fault(user_id, MAX_USER_ID_LENGTH) if user_id else "a user's id has at least one character"
    if fault:
        raise InvalidInputError.at(pointer, fault)


def take_in(preferences: Preferences | None, command: ObservePreferences) -> list[PreferenceEvent]:
    """Decide what was observed.

    Raises:
        VersionConflictError: the expected version is not the current one.
        InvalidInputError: none or more than 100 observations, or a value that is too large.
        TooManyPreferencesError: the user would have more than 1,000.
    """
    _check_expected(preferences, command)
    count = len(command.observations)
    if not 1 <= count <= MAX_OBSERVATIONS:
        raise InvalidInputError.at("/observations", f"takes 1 to {MAX_OBSERVATIONS} observations, not {count}")
    faults = [
        Fault(f"/observations/{index}/value", fault)
        for index, observation in enumerate(command.observations)
        if (fault := _value_fault(observation.value))
    ]
    if faults:
        raise InvalidInputError(faults)
    _check_room(preferences, {(observation.type, observation.key) for observation in command.observations})
    encrypted = _encrypts(preferences, command)
    return [
        PreferenceObserved(
            user_id=command.user_id,
            type=observation.type,
            key=observation.key,
            value=observation.value,
            encrypted=encrypted,
        )
        for observation in command.observations
    ]


def set_value(preferences: Preferences | None, command: SetPreference) -> list[PreferenceEvent]:
    """Decide that a value holds; raises as `take_in`."""
    _check_expected(preferences, command)
    if fault := _value_fault(command.value):
        raise InvalidInputError.at("/value", fault)
    _check_room(preferences, {(command.type, command.key)})
    return [
        PreferenceSet(
            user_id=command.user_id,
            type=command.type,
            key=command.key,
            value=command.value,
            reason=command.reason,
            encrypted=_encrypts(preferences, command),
        )
    ]


def clear(preferences: Preferences | None, command: ClearPreference) -> list[PreferenceEvent]:
    """Decide that what was set holds no longer.

    Raises:
        VersionConflictError: the expected version is not the current one.
        PreferenceNotFoundError: there is no such preference, or it was only observed and that is to be kept.
    """
    _check_expected(preferences, command)
    found = preferences.find(command.type, command.key) if preferences else None
    if found is None:
        raise PreferenceNotFoundError(f"the user has no preference {command.key!r} of type {command.type!r}")
    if not found.explicit and not command.observations:
        raise PreferenceNotFoundError(
            f"the preference {command.key!r} of type {command.type!r} was never set, only observed: "
            "clear it with observations: true to forget that, too"
        )
    return [
        PreferenceCleared(
            user_id=command.user_id,
            type=command.type,
            key=command.key,
            observations=command.observations,
            reason=command.reason,
            encrypted=_encrypts(preferences, command),
        )
    ]


def readable(preferences: Preferences | None) -> Preferences | None:
    """The preferences, None where there are none.

    Raises:
        PreferencesErasedError: they were erased, and nothing was observed or set since.
    """
    if preferences is not None and preferences.erased:
        raise PreferencesErasedError(f"the user's preferences were erased (version {preferences.version})")
    return preferences


def _check_expected(preferences: Preferences | None, command: Command) -> None:
    current = preferences.version if preferences else 0
    if command.expected_version not in (None, current):
        assert command.expected_version is not None
        raise VersionConflictError(command.expected_version, current)


def _check_room(preferences: Preferences | None, named: set[tuple[str, str]]) -> None:
    known = preferences.count if preferences else 0
    added = sum(preferences is None or preferences.find(*one) is None for one in named)
    if added and known + added > MAX_PREFERENCES:
        raise TooManyPreferencesError(MAX_PREFERENCES, known)


def _value_fault(value: Json) -> str | None:
    size = len(msgspec.json.encode(value))
    if size <= MAX_VALUE_BYTES:
        return None
    return f"is {size} bytes of JSON, and a preference has at most {MAX_VALUE_BYTES}: store a context instead"


def _encrypts(preferences: Preferences | None, command: Command) -> bool:
    """What was encrypted once stays so until it is erased: the state is kept as a whole, under the last event's key."""
    encrypted = preferences is not None and preferences.encrypted
    if encrypted and command.encrypt is False and preferences is not None and not preferences.erased:
        raise InvalidInputError.at(
            "/encrypt", "the user's preferences are encrypted, and stay so until they are erased"
        )
    return command.encrypt if command.encrypt is not None else encrypted or command.encrypt_new


def sealed_for(preferences: Preferences | None, events: Sequence[Event]) -> Subject | None:
    """Whose key to encrypt new events with: the user's; None: in the clear."""
    for event in events:
        if isinstance(event, PreferenceObserved | PreferenceSet | PreferenceCleared):
            return Subject(None, event.user_id) if event.encrypted else None
    return None

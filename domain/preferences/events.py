"""What can happen to a user's preferences. The names in EVENTS are what the log stores, for ever."""

from __future__ import annotations

from domain.recorded import Event
from domain.values import Json


class PreferenceObserved(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The user was seen to prefer this value."""

    user_id: str
    type: str
    key: str
    value: Json
    encrypted: bool = False


class PreferenceSet(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The user, or somebody for them, said what they prefer: it holds until it is cleared, whatever is observed."""

    user_id: str
    type: str
    key: str
    value: Json
    reason: str | None = None
    encrypted: bool = False


class PreferenceCleared(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What was set holds no longer; with `observations` what was observed is forgotten too."""

    user_id: str
    type: str
    key: str
    observations: bool = False
    reason: str | None = None
    encrypted: bool = False


class PreferencesErased(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The keys of a user's encrypted preferences were destroyed. Always stored in the clear, reason included.

    `subject` tells what was erased: the user. `keys` are the ids (hexadecimal) of the keys.
    """

    user_id: str
    reason: str | None = None
    subject: str = "user"
    keys: tuple[str, ...] = ()


PreferenceEvent = PreferenceObserved | PreferenceSet | PreferenceCleared | PreferencesErased

EVENTS: dict[str, type[Event]] = {
    "preference-observed": PreferenceObserved,
    "preference-set": PreferenceSet,
    "preference-cleared": PreferenceCleared,
    "preferences-erased": PreferencesErased,
}

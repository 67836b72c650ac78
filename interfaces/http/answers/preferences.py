"""Answers about preferences."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.preferences.state import Preference, Preferences
from interfaces.http.answers.base import Answer


def preference_document(preference: Preference) -> dict[str, Any]:
    """One preference."""
    return {
        "type": preference.type,
        "key": preference.key,
        "value": preference.value,
        "confidence": preference.confidence,
        "explicit": preference.explicit,
        "observations": preference.learned.observations,
        "lastObserved": preference.learned.last_observed,
        "setAt": preference.set_at,
        "updatedAt": preference.updated_at,
        "candidates": [
            {
                "value": candidate.value,
                "observations": candidate.observations,
                "lastObserved": candidate.last_observed,
            }
            for candidate in preference.learned.candidates
        ],
    }


def preferences_document(
    user_id: str, preferences: Preferences | None, type_: str | None = None, key: str | None = None
) -> dict[str, Any]:
    """A user's preferences by type and key; where there never were any, version 0."""
    found = sorted(preferences or (), key=lambda one: (one.type, one.key))
    return {
        "userId": user_id,
        "items": [preference_document(one) for one in found if type_ in (None, one.type) and key in (None, one.key)],
        "encrypted": preferences is not None and preferences.encrypted,
        "version": preferences.version if preferences else 0,
        "position": preferences.position if preferences else 0,
    }


class CandidateAnswer(Answer):
    """A value that was observed, how often, and when last; the first one is the best supported."""

    value: Any
    observations: int
    last_observed: datetime


class PreferenceAnswer(Answer):
    """A preference: of one that is set the confidence is 1, else strictly between 0 and 1."""

    type: str
    key: str
    value: Any
    confidence: float
    explicit: bool
    observations: int
    last_observed: datetime | None
    set_at: datetime | None
    updated_at: datetime
    candidates: list[CandidateAnswer]


class PreferencesAnswer(Answer):
    """A user's preferences; `version` is that of all of them together."""

    user_id: str
    items: list[PreferenceAnswer]
    encrypted: bool
    version: int
    position: int


class ListedPreference(PreferenceAnswer):
    """A preference, and whose it is."""

    user_id: str


class PreferencePage(Answer):
    """A page; `nextCursor` is null on the last."""

    items: list[ListedPreference]
    next_cursor: str | None

"""Results of calls about preferences."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contextline.types.base import Result


class Candidate(Result, frozen=True, kw_only=True):
    """A value that was observed, how often, and when last."""

    value: Any
    observations: int
    last_observed: datetime


class Preference(Result, frozen=True, kw_only=True):
    """A preference. `confidence` is 1 of one that is set (`explicit`), else strictly between 0 and 1.

    `candidates` are the values that were observed, the best supported first.
    """

    type: str
    key: str
    value: Any
    confidence: float
    explicit: bool = False
    observations: int = 0
    last_observed: datetime | None = None
    set_at: datetime | None = None
    updated_at: datetime
    candidates: list[Candidate] = []


class UserPreference(Preference, frozen=True, kw_only=True):
    """A preference, and whose it is."""

    user_id: str


class Preferences(Result, frozen=True, kw_only=True):
    """Preferences of a user; `version` is that of all of them together, 0 where there never were any."""

    user_id: str
    items: list[Preference]
    encrypted: bool = False
    version: int
    position: int

    def value(self, type: str, key: str, default: Any = None) -> Any:  # noqa: A002 - the word of the API
        """The value of one of them."""
        return next((item.value for item in self.items if (item.type, item.key) == (type, key)), default)

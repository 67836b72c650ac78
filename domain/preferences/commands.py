"""What can be asked of a user's preferences."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from domain.values import Json


class Observation(NamedTuple):
    """The user was seen to prefer a value."""

    type: str
    key: str
    value: Json


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a user's preferences, and the version that it is based on; None: whichever.

    `encrypt` None: as they are by now, or else as `encrypt_new` says.
    """

    user_id: str
    encrypt: bool | None = None
    encrypt_new: bool = False
    expected_version: int | None = None


class ObservePreferences(Command, frozen=True, kw_only=True):
    """Take in what was observed, in this order."""

    observations: tuple[Observation, ...]


class SetPreference(Command, frozen=True, kw_only=True):
    """Have a value hold, whatever is observed."""

    type: str
    key: str
    value: Json
    reason: str | None = None


class ClearPreference(Command, frozen=True, kw_only=True):
    """Have what was set hold no longer; with `observations` forget what was observed, too."""

    type: str
    key: str
    observations: bool = False
    reason: str | None = None

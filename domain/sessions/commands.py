"""What can be asked of a session. `expected_version` is the version that the asker knew; None asks no question."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from domain.contexts.changes import ChangeType


class CreateSession(msgspec.Struct, frozen=True, kw_only=True):
    """Begin a session under an id of the caller's choice or a made one; `timeout` in seconds, None: never."""

    session_id: str
    user_id: str | None = None
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    encrypt: bool = False
    timeout: int | None = None


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """The base of what is asked of a session that is there: on which version it was based, and why it is done."""

    expected_version: int | None = None
    reason: str | None = None


class UpdateSession(Command, frozen=True, kw_only=True):
    """Change what a session holds; what is UNSET stays. `metadata` is replaced as a whole."""

    data: dict[str, Any] | UnsetType = UNSET
    change_type: ChangeType = "replace"
    metadata: dict[str, Any] | UnsetType = UNSET
    timeout: int | None | UnsetType = UNSET


class PauseSession(Command, frozen=True, kw_only=True):
    """Stop work for a while."""


class ResumeSession(Command, frozen=True, kw_only=True):
    """Go on."""


class EndSession(Command, frozen=True, kw_only=True):
    """Complete a session, or say that it failed."""

    status: str
    outcome: dict[str, Any] = {}


class DeleteSession(Command, frozen=True, kw_only=True):
    """Delete a session."""

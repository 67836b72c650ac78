"""What erasing answers."""

from __future__ import annotations

from contextline.types.base import Result


class ErasedContext(Result, frozen=True, kw_only=True):
    """A context was erased. The versions in `clear_versions` (ranges, both ends included) could not be.

    They were stored in the clear: no read shows them any more, but they stay in the log and in its backups.
    """

    id: str
    key: str
    namespace: str
    erased: bool = True
    version: int
    position: int
    clear_versions: list[tuple[int, int]] = []


class LeftContext(Result, frozen=True, kw_only=True):
    """A context that could not be erased, because it was stored in the clear: some versions, or all (None)."""

    namespace: str
    key: str
    versions: list[tuple[int, int]] | None = None


class LeftSession(Result, frozen=True, kw_only=True):
    """A session that could not be erased, because it was stored in the clear: some versions, or all (None)."""

    id: str
    versions: list[tuple[int, int]] | None = None


class LeftDecision(Result, frozen=True, kw_only=True):
    """A decision that could not be erased, because it was stored in the clear: some versions, or all (None)."""

    id: str
    versions: list[tuple[int, int]] | None = None


class LeftTask(Result, frozen=True, kw_only=True):
    """A task that could not be erased, because it was stored in the clear: some versions, or all (None)."""

    id: str
    versions: list[tuple[int, int]] | None = None


class LeftPreferences(Result, frozen=True, kw_only=True):
    """Preferences that could not be erased, as they were stored in the clear: some versions, or all (None)."""

    user_id: str
    versions: list[tuple[int, int]] | None = None


class ErasedAll(Result, frozen=True, kw_only=True):
    """How much of a session or of a user was erased; and how much could not be, with the names of the first 1,000."""

    erased_contexts: int
    erased_sessions: int
    erased_tasks: int = 0
    erased_decisions: int = 0
    erased_preferences: int = 0
    position: int
    clear_total: int = 0
    clear_contexts: list[LeftContext] = []
    clear_sessions: list[LeftSession] = []
    clear_tasks: list[LeftTask] = []
    clear_decisions: list[LeftDecision] = []
    clear_preferences: list[LeftPreferences] = []

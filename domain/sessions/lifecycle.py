"""The statuses of a session: the one table that code, tests and docs follow."""

from __future__ import annotations

from domain.errors import IllegalTransitionError

ACTIVE, COMPLETED, FAILED, ERASED = "active", "completed", "failed", "erased"

TRANSITIONS: dict[str, tuple[str, ...]] = {
    ACTIVE: (COMPLETED, FAILED),
    COMPLETED: (),
    FAILED: (),
    ERASED: (),
}
"""From each status, those that can follow it. Erasing is no step of a session's own: it can be done in any status."""


def check_transition(session_id: str, status: str, to: str) -> None:
    """Refuse a step that the table doesn't have.

    Raises:
        IllegalTransitionError: it names the current status and what can follow it.
    """
    if to not in TRANSITIONS[status]:
        raise IllegalTransitionError(f"session {session_id!r}", status, TRANSITIONS[status])

"""The statuses of a session: the one table that code, tests and docs follow."""

from __future__ import annotations

from domain.errors import IllegalTransitionError

ACTIVE, COMPLETED, FAILED = "active", "completed", "failed"

TRANSITIONS: dict[str, tuple[str, ...]] = {
    ACTIVE: (COMPLETED, FAILED),
    COMPLETED: (),
    FAILED: (),
}
"""From each status, those that can follow it."""


def check_transition(session_id: str, status: str, to: str) -> None:
    """Refuse a step that the table doesn't have.

    Raises:
        IllegalTransitionError: it names the current status and what can follow it.
    """
    if to not in TRANSITIONS[status]:
        raise IllegalTransitionError(f"session {session_id!r}", status, TRANSITIONS[status])

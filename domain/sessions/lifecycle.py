"""The statuses of a session: the one table that code, tests and docs follow."""

from __future__ import annotations

from domain.lifecycle import Transitions, take

ACTIVE, PAUSED, COMPLETED, FAILED = "active", "paused", "completed", "failed"
EXPIRED, DELETED, ERASED = "expired", "deleted", "erased"

UPDATE, PAUSE, RESUME, COMPLETE, FAIL = "update", "pause", "resume", "complete", "fail"
EXPIRE, DELETE = "expire", "delete"

TRANSITIONS: Transitions = {
    ACTIVE: {
        UPDATE: ACTIVE,
        PAUSE: PAUSED,
        COMPLETE: COMPLETED,
        FAIL: FAILED,
        EXPIRE: EXPIRED,
        DELETE: DELETED,
    },
    PAUSED: {
        UPDATE: PAUSED,
        RESUME: ACTIVE,
        COMPLETE: COMPLETED,
        FAIL: FAILED,
        EXPIRE: EXPIRED,
        DELETE: DELETED,
    },
    COMPLETED: {DELETE: DELETED},
    FAILED: {DELETE: DELETED},
    EXPIRED: {DELETE: DELETED},
    DELETED: {},
    ERASED: {},
}
"""From each status, the steps and where they lead. Erasing is no step of a session's own: it can be done in any."""

LIVE = tuple(status for status, steps in TRANSITIONS.items() if EXPIRE in steps)
"""The statuses of a session that has not ended: those that can expire."""

STEPS = tuple(dict.fromkeys(step for steps in TRANSITIONS.values() for step in steps))


def check_step(session_id: str, status: str, step: str) -> str:
    """The status after a step.

    Raises:
        IllegalTransitionError: the table doesn't have it.
    """
    return take(TRANSITIONS, f"session {session_id!r}", status, step)

"""The statuses of a task: the one table that code, tests and docs follow."""

from __future__ import annotations

from domain.lifecycle import Transitions, take

PENDING, IN_PROGRESS = "pending", "in_progress"
COMPLETED, FAILED, CANCELLED, ERASED = "completed", "failed", "cancelled", "erased"

UPDATE, START, COMPLETE, FAIL, CANCEL, RETRY = "update", "start", "complete", "fail", "cancel", "retry"

TRANSITIONS: Transitions = {
    PENDING: {UPDATE: PENDING, START: IN_PROGRESS, CANCEL: CANCELLED},
    IN_PROGRESS: {UPDATE: IN_PROGRESS, COMPLETE: COMPLETED, FAIL: FAILED, CANCEL: CANCELLED},
    COMPLETED: {},
    FAILED: {UPDATE: FAILED, RETRY: PENDING, CANCEL: CANCELLED},
    CANCELLED: {},
    ERASED: {},
}
"""From each status, the steps and where they lead. Erasing is no step of a task's own: it can be done in any."""

STEPS = tuple(dict.fromkeys(step for steps in TRANSITIONS.values() for step in steps))


def check_step(task_id: str, status: str, step: str) -> str:
    """The status after a step.

    Raises:
        IllegalTransitionError: the table doesn't have it.
    """
    return take(TRANSITIONS, f"task {task_id!r}", status, step)

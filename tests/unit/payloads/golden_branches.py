"""The golden events of branched sessions; see golden.py."""

from datetime import UTC, datetime

from domain.recorded import Event
from domain.sessions.events import BranchPoint, SessionCreated
from domain.tasks.events import TaskCopied, TaskDetails

_AT = datetime(2026, 12, 31, 23, 59, 59, 654321, tzinfo=UTC)

BRANCHES: dict[str, tuple[Event, Event]] = {
    "task-copied": (
        TaskCopied(
            task_id="task_2",
            session_id="b-1",
            user_id="u-1",
            copied_from="task_1",
            copied_version=3,
            details=TaskDetails(
                type="tool",
                description="東京",
                parent_id="task_0",
                dependencies=("task_3",),
                files=("a.py",),
                project="p",
                code_area="src",
                priority=9,
                parameters={"x": 1},
            ),
            status="failed",
            result=[1],
            error={"why": "no"},
            reason="tried",
            retry_count=2,
            started_at=_AT,
            completed_at=_AT,
            encrypted=True,
        ),
        TaskCopied(
            task_id="task_2",
            session_id="b-1",
            user_id=None,
            copied_from="task_1",
            copied_version=1,
            details=TaskDetails(
                type="generic",
                description="",
                parent_id=None,
                dependencies=(),
                files=(),
                project=None,
                code_area=None,
                priority=5,
                parameters={},
            ),
            status="pending",
            result=None,
            error=None,
            reason=None,
            retry_count=0,
            started_at=None,
            completed_at=None,
            encrypted=False,
        ),
    ),
}

BRANCHES_LATER: dict[str, tuple[str, Event]] = {
    "session-created.branched": (
        "session-created",
        SessionCreated(session_id="b-1", branched_from=BranchPoint(session_id="s-1", position=2**40, at=_AT)),
    ),
}

"""Given what something belongs to, when that ends, then this becomes of it."""

from datetime import timedelta
from typing import Any

import pytest

from application.policies.rules import Reaction, concerns, reactions, settle
from domain.belonging import Cause
from domain.contexts.events import Attributes, ContextCreated, ContextDeleted
from domain.recorded import Event
from domain.sessions.events import (
    BranchPoint,
    SessionCompleted,
    SessionCreated,
    SessionDeleted,
    SessionExpired,
    SessionFailed,
    SessionPaused,
)
from domain.tasks import task as tasks
from domain.tasks.events import TaskCancelled, TaskCompleted, TaskCreated, TaskDetails, TaskFailed, TaskStarted
from tests.unit.domain.stories import START, ContextStory, recorded

SESSION, PARENT = "session\ns-1", "task\np"
CREATED = TaskCreated(task_id="t", session_id="s-1", details=TaskDetails(parent_id="p"))


def follows(event: Event, stream_name: str = SESSION, **ended: Any) -> list[Reaction]:
    (happened,) = recorded(event)
    return list(reactions(Cause(happened, stream_name, **ended)))


@pytest.mark.parametrize(
    ("event", "policy", "status"),
    [
        (SessionDeleted(), "session-deleted", "deleted"),
        (SessionCompleted(), "session-ended", "completed"),
        (SessionFailed(), "session-ended", "failed"),
        (SessionExpired(expired_at=START), "session-ended", "expired"),
    ],
)
def test_the_end_of_a_session_settles_all_that_belongs_to_it(event: Event, policy: str, status: str) -> None:
    assert concerns(event, {})
    assert follows(event) == [Reaction(policy, SESSION, status, alone=False, session_id="s-1")]


def test_a_cancelled_task_settles_its_children_and_one_that_ends_otherwise_nobody() -> None:
    assert follows(TaskCancelled(), PARENT) == [Reaction("task-cancelled", PARENT, "cancelled", False, None)]
    for event in (TaskFailed(), TaskCompleted(), SessionPaused(), SessionCreated(session_id="s-1")):
        assert not concerns(event, {})
        assert follows(event, PARENT) == []


def test_what_comes_too_late_is_settled_alone_but_contexts_may_come_to_what_was_completed() -> None:
    context = ContextCreated(namespace="", key="k", data=1, attributes=Attributes(session_id="s-1"))
    assert concerns(context, {SESSION: "deleted"})
    assert not concerns(context, {SESSION: "completed"})
    assert concerns(CREATED, {PARENT: "cancelled"})
    assert follows(context, "context\n\nk", ended={SESSION: "deleted"}) == [
        Reaction("session-deleted", SESSION, "deleted", alone=True, session_id="s-1")
    ]


def test_a_branch_has_copies_follow() -> None:
    point = BranchPoint(session_id="s-1", position=1, at=START)
    assert concerns(SessionCreated(session_id="b-1", branched_from=point), {})


def test_a_context_of_a_deleted_session_is_deleted_if_it_lives_and_is_still_there() -> None:
    deleted = Reaction("session-deleted", SESSION, "deleted", False, "s-1")
    story = ContextStory()
    story.store(1, attributes=Attributes(session_id="s-1", ttl=10))
    (event,) = settle(deleted, story.current, START)
    assert event == ContextDeleted(action="session-deleted", reason="session 's-1' was deleted")
    assert settle(deleted, story.current, START + timedelta(seconds=10)) == []
    assert settle(Reaction("session-ended", SESSION, "completed", False, "s-1"), story.current, START) == []
    elsewhere = Reaction("session-deleted", "session\ns-2", "deleted", False, "s-2")
    assert settle(elsewhere, story.current, START) == []


@pytest.mark.parametrize(
    ("owner", "status", "why"),
    [
        (SESSION, "deleted", "session 's-1' was deleted"),
        (SESSION, "completed", "session 's-1' was completed"),
        (SESSION, "failed", "session 's-1' has failed"),
        (SESSION, "expired", "session 's-1' has expired"),
        (PARENT, "cancelled", "its parent 'p' was cancelled"),
    ],
)
def test_an_open_task_is_cancelled_with_the_reason_and_one_that_has_ended_stays(
    owner: str, status: str, why: str
) -> None:
    reaction = Reaction("policy", owner, status, False, "s-1")
    for life in ([CREATED], [CREATED, TaskStarted()]):
        assert settle(reaction, tasks.fold(None, recorded(*life)), START) == [TaskCancelled(reason=why)]
    for end in (TaskCompleted(), TaskFailed(), TaskCancelled()):
        assert settle(reaction, tasks.fold(None, recorded(CREATED, TaskStarted(), end)), START) == []


def test_a_task_that_belongs_elsewhere_by_now_stays_and_what_never_was_needs_nothing() -> None:
    task = tasks.fold(None, recorded(CREATED))
    for owner in ("session\ns-2", "task\nq"):
        assert settle(Reaction("policy", owner, "cancelled", False, None), task, START) == []
    assert settle(Reaction("policy", SESSION, "deleted", False, "s-1"), None, START) == []

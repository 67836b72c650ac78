"""Tasks: beginning, changing, ending, what they wait for, and the steps that their status does not allow."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from domain.catalogue import NAMES
from domain.erasure import Erased, Subject
from domain.errors import (
    AlreadyExistsError,
    DependenciesNotMetError,
    IllegalTransitionError,
    InvalidInputError,
    SessionErasedError,
    SessionNotFoundError,
    SessionStatusError,
    TaskCycleError,
    TaskErasedError,
    TaskNotFoundError,
    VersionConflictError,
)
from domain.recorded import Event
from domain.sessions.events import (
    SessionCompleted,
    SessionCreated,
    SessionDeleted,
    SessionErased,
    SessionPaused,
)
from domain.sessions.session import Moment, Session
from domain.tasks import graph, lifecycle, steps
from domain.tasks import task as tasks
from domain.tasks.commands import CancelTask, CompleteTask, CreateTask, FailTask, RetryTask, StartTask, UpdateTask
from domain.tasks.events import (
    TaskCancelled,
    TaskChanges,
    TaskCompleted,
    TaskCreated,
    TaskDetails,
    TaskErased,
    TaskFailed,
    TaskRetried,
    TaskStarted,
    TaskUpdated,
)
from domain.tasks.identity import check_id
from domain.tasks.lifecycle import CANCELLED, COMPLETED, ERASED, FAILED, IN_PROGRESS, PENDING, STEPS, TRANSITIONS
from domain.tasks.task import Task, existing
from tests.unit.domain.stories import at, recorded, session_after

CREATED = TaskCreated(task_id="t", session_id="s", user_id="u", details=TaskDetails(description="do it"))
NOW = Moment(at(0))
BEGUN = SessionCreated(session_id="s", user_id="u", timeout=60)

IN: dict[str, Sequence[Event]] = {
    PENDING: [CREATED],
    IN_PROGRESS: [CREATED, TaskStarted()],
    COMPLETED: [CREATED, TaskStarted(), TaskCompleted()],
    FAILED: [CREATED, TaskStarted(), TaskFailed()],
    CANCELLED: [CREATED, TaskCancelled()],
    ERASED: [CREATED, TaskErased(task_id="t")],
}
"""What brings a task into each status."""

ACTIVE = session_after(BEGUN)

TAKE: dict[str, Callable[[Task | None], Sequence[Event]]] = {
    lifecycle.UPDATE: lambda task: steps.update(task, UpdateTask(changes=TaskChanges(priority=1)), {}),
    lifecycle.START: lambda task: steps.start(task, ACTIVE, StartTask(), NOW, {}),
    lifecycle.COMPLETE: lambda task: steps.complete(task, CompleteTask()),
    lifecycle.FAIL: lambda task: steps.fail(task, FailTask()),
    lifecycle.CANCEL: lambda task: steps.cancel(task, CancelTask()),
    lifecycle.RETRY: lambda task: steps.retry(task, ACTIVE, RetryTask(), NOW),
}


def task_after(*events: Event, seconds: float = 0) -> Task:
    task = tasks.fold(None, recorded(*events, seconds=seconds))
    assert task is not None
    return task


def then(task: Task, events: Sequence[Event], seconds: float = 0) -> Task:
    after = tasks.fold(task, recorded(*events, seconds=seconds, after=task.version))
    assert after is not None
    return after


def other(task_id: str, *events: Event, session_id: str = "s", **details: Any) -> Task:
    begun = TaskCreated(task_id=task_id, session_id=session_id, details=TaskDetails(**details))
    return task_after(begun, *events)


def test_the_table_names_only_statuses_that_it_has() -> None:
    assert TRANSITIONS.keys() == IN.keys()
    assert {to for each in TRANSITIONS.values() for to in each.values()} <= TRANSITIONS.keys()
    assert TAKE.keys() == set(STEPS)


@pytest.mark.parametrize(("status", "step"), [(status, step) for status in TRANSITIONS for step in STEPS])
def test_a_task_can_do_what_the_table_says_and_nothing_else(status: str, step: str) -> None:
    task = task_after(*IN[status])
    assert task.status == status
    to = TRANSITIONS[status].get(step)
    if status == ERASED:
        with pytest.raises(TaskErasedError):
            TAKE[step](task)
    elif to is None:
        with pytest.raises(IllegalTransitionError) as refusal:
            TAKE[step](task)
        allowed = [following for following in dict.fromkeys(TRANSITIONS[status].values()) if following != status]
        assert refusal.value.details() == {"currentStatus": status, "allowed": allowed}
    else:
        assert then(task, TAKE[step](task)).status == to


@pytest.mark.parametrize("step", STEPS)
def test_with_what_was_never_created_nothing_can_be_done(step: str) -> None:
    with pytest.raises(TaskNotFoundError):
        TAKE[step](None)
    with pytest.raises(TaskNotFoundError):
        existing(None)


def test_a_task_begins_pending_and_with_its_sessions_user() -> None:
    command = CreateTask(task_id="t", session_id="s", details=TaskDetails(description="do it"))
    assert steps.create(None, ACTIVE, command, NOW, {}) == [CREATED]
    task = task_after(CREATED)
    assert (task.id, task.session_id, task.user_id, task.status, task.version) == ("t", "s", "u", PENDING, 1)
    assert (task.details.description, task.retry_count, task.duration) == ("do it", 0, None)


@pytest.mark.parametrize("status", TRANSITIONS)
def test_an_id_can_be_used_once_whatever_became_of_the_task(status: str) -> None:
    command = CreateTask(task_id="t", session_id="s", details=TaskDetails())
    with pytest.raises(AlreadyExistsError, match=f"'t' exists and is {status}"):
        steps.create(task_after(*IN[status]), ACTIVE, command, NOW, {})


@pytest.mark.parametrize(
    ("events", "moment", "refusal"),
    [
        ([], NOW, SessionNotFoundError),
        ([BEGUN, SessionDeleted()], NOW, SessionNotFoundError),
        ([BEGUN, SessionErased(session_id="s")], NOW, SessionErasedError),
        ([BEGUN, SessionCompleted()], NOW, SessionStatusError),
        ([BEGUN], Moment(at(60)), SessionStatusError),
    ],
)
def test_there_is_no_task_to_begin_or_retry_without_a_live_session(
    events: Sequence[Event], moment: Moment, refusal: type[Exception]
) -> None:
    session: Session | None = session_after(*events)
    command = CreateTask(task_id="t", session_id="s", details=TaskDetails())
    with pytest.raises(refusal):
        steps.create(None, session, command, moment, {})
    with pytest.raises(refusal):
        steps.start(task_after(CREATED), session, StartTask(), moment, {})
    with pytest.raises(refusal):
        steps.retry(task_after(*IN[FAILED]), session, RetryTask(), moment)


def test_in_a_paused_session_tasks_can_be_planned_and_not_started() -> None:
    paused = session_after(BEGUN, SessionPaused())
    assert steps.create(None, paused, CreateTask(task_id="t", session_id="s", details=TaskDetails()), NOW, {})
    assert steps.retry(task_after(*IN[FAILED]), paused, RetryTask(), NOW) == [TaskRetried()]
    with pytest.raises(SessionStatusError, match="is paused; starting a task needs one that is active") as refusal:
        steps.start(task_after(CREATED), paused, StartTask(), NOW, {})
    assert refusal.value.details() == {"sessionId": "s", "currentStatus": "paused", "needed": ["active"]}


def test_times_result_and_error_are_those_of_the_last_try() -> None:
    failed = then(then(task_after(CREATED), [TaskStarted()], 10), [TaskFailed(error=["x"], reason="broke")], 15)
    assert (failed.started_at, failed.completed_at, failed.duration) == (at(10), at(15), 5.0)
    again = then(failed, [TaskRetried(reason="once more")], 20)
    assert (again.status, again.retry_count, again.reason, again.error) == (PENDING, 1, "once more", ["x"])
    assert (again.started_at, again.completed_at, again.duration) == (None, None, None)
    done = then(then(again, [TaskStarted()], 30), [TaskCompleted(result=3, reason="fine")], 31)
    assert (done.result, done.error, done.duration, done.retry_count) == (3, None, 1.0, 1)
    cancelled = then(task_after(CREATED), [TaskCancelled(reason="no")], 4)
    assert (cancelled.completed_at, cancelled.duration, cancelled.reason) == (at(4), None, "no")


@pytest.mark.parametrize("status", [PENDING, IN_PROGRESS, FAILED, CANCELLED, ERASED])
def test_what_is_not_completed_unblocks_nobody(status: str) -> None:
    waiting = other("w", dependencies=("t", "done"))
    others = {"t": task_after(*IN[status]), "done": task_after(*IN[COMPLETED])}
    with pytest.raises(DependenciesNotMetError, match=f"'t' is {status}") as refusal:
        steps.start(waiting, ACTIVE, StartTask(), NOW, others)
    assert refusal.value.details() == {"dependencies": [{"id": "t", "status": status}]}
    others["t"] = task_after(*IN[COMPLETED])
    assert steps.start(waiting, ACTIVE, StartTask(reason="go"), NOW, others) == [TaskStarted(reason="go")]


def test_the_tasks_that_one_names_are_of_its_session() -> None:
    details = TaskDetails(parent_id="no", dependencies=("here", "elsewhere"))
    others = {"no": None, "here": other("here"), "elsewhere": other("elsewhere", session_id="s-2")}
    with pytest.raises(InvalidInputError) as refusal:
        steps.create(None, ACTIVE, CreateTask(task_id="t", session_id="s", details=details), NOW, others)
    assert [fault.pointer for fault in refusal.value.faults] == ["/parentId", "/dependencies/1"]


def test_what_would_close_a_circle_is_refused_with_the_way_round() -> None:
    task = other("a")
    others = {"a": task, "b": other("b", dependencies=("a",)), "c": other("c", dependencies=("b",), parent_id="a")}
    with pytest.raises(TaskCycleError, match="would depend on itself") as refusal:
        steps.update(task, UpdateTask(changes=TaskChanges(dependencies=("c",))), others)
    assert refusal.value.details() == {"cycle": ["a", "c", "b", "a"]}
    with pytest.raises(TaskCycleError, match="would be a part of itself"):
        steps.update(task, UpdateTask(changes=TaskChanges(parent_id="c")), others)


def test_an_update_changes_what_it_names() -> None:
    changes = TaskChanges(priority=9, parent_id=None, files=())
    (event,) = steps.update(other("t", files=("a",), project="p"), UpdateTask(changes=changes, reason="why"), {})
    assert event == TaskUpdated(changes=changes, reason="why")
    after = then(other("t", files=("a",), project="p"), [event], 3)
    assert (after.details.priority, after.details.files, after.details.project) == (9, (), "p")
    assert (after.status, after.updated_at) == (PENDING, at(3))


def test_a_stale_version_is_refused_before_the_status_is_looked_at() -> None:
    with pytest.raises(VersionConflictError):
        steps.complete(task_after(CREATED), CompleteTask(expected_version=7))


@pytest.mark.parametrize("bad", ["", "x" * 257, "a\nb"])
def test_an_id_that_breaks_the_rules_is_refused(bad: str) -> None:
    with pytest.raises(InvalidInputError):
        check_id(bad)


def test_an_erased_task_folds_alike_whether_what_came_before_can_be_read_or_not() -> None:
    created = TaskCreated(task_id="t", session_id="s", user_id="u", details=TaskDetails(type="x"), encrypted=True)
    for before in ([created], [created, TaskStarted(), TaskCompleted(result=1)]):
        events = recorded(*before, TaskErased(task_id="t", keys=("00",)))
        left = [
            msgspec.structs.replace(each, event=Erased(name=NAMES[type(each.event)], stream_name="task\nt"))
            for each in events[:-1]
        ]
        task = tasks.fold(None, events)
        assert task is not None
        assert tasks.fold(None, [*left, events[-1]]) == task
        assert (task.id, task.status, task.session_id, task.details) == ("t", ERASED, "", TaskDetails())
    first, last = recorded(created, TaskStarted())
    gone = Erased(name="task-created", stream_name="task\nt")
    half = tasks.fold(None, [msgspec.structs.replace(first, event=gone), last])
    assert half is not None
    assert (half.status, half.version) == (ERASED, 2)


def test_a_task_is_encrypted_as_its_session_is() -> None:
    encrypted = session_after(SessionCreated(session_id="s", user_id="u", encrypted=True))
    (event,) = steps.create(None, encrypted, CreateTask(task_id="t", session_id="s", details=TaskDetails()), NOW, {})
    assert tasks.sealed_for(None, [event]) == Subject("s", "u")
    assert tasks.sealed_for(task_after(event), [TaskStarted()]) == Subject("s", "u")
    assert tasks.sealed_for(task_after(event), [TaskErased(task_id="t")]) is None
    assert tasks.sealed_for(None, [CREATED]) is None
    assert tasks.sealed_for(task_after(CREATED), [TaskStarted()]) is None


def test_the_graph_tells_what_is_not_known_and_finds_its_way_round() -> None:
    links = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}
    follow: Callable[[list[str]], list[str]] = lambda found: found  # noqa: E731
    assert sorted(graph.unknown(["a"], {"a": ["b", "c"]}, follow)) == ["b", "c"]
    assert graph.unknown(["a"], links, follow) == []
    assert graph.cycle("x", ["a"], links, follow) is None
    assert graph.cycle("x", ["a"], links | {"d": ["x"]}, follow) in (
        ["x", "a", "b", "d", "x"],
        ["x", "a", "c", "d", "x"],
    )

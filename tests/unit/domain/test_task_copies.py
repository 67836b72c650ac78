"""Copying a task into a branch of its session."""

from datetime import timedelta

import msgspec

from domain.erasure import Subject
from domain.tasks import task as tasks
from domain.tasks.copying import copied, copy_id
from domain.tasks.events import (
    TaskCompleted,
    TaskCopied,
    TaskCreated,
    TaskDetails,
    TaskFailed,
    TaskRetried,
    TaskStarted,
)
from domain.tasks.lifecycle import COMPLETED, FAILED, IN_PROGRESS, PENDING
from domain.tasks.task import Task
from tests.unit.domain.stories import START, recorded

DETAILS = TaskDetails(description="d", parent_id="p", dependencies=("x", "y"), priority=1)
CREATED = TaskCreated(task_id="t", session_id="s-1", user_id="u", details=DETAILS)
STORIES = {
    PENDING: [CREATED],
    IN_PROGRESS: [CREATED, TaskStarted()],
    COMPLETED: [CREATED, TaskStarted(), TaskCompleted(result=[1])],
    FAILED: [CREATED, TaskStarted(), TaskFailed(error="e"), TaskRetried(), TaskStarted(), TaskFailed(error="f")],
}


def folded(*events: object) -> Task:
    task = tasks.fold(None, recorded(*events))  # type: ignore[arg-type]
    assert task is not None
    return task


def test_a_copy_is_as_the_task_was_in_every_status_but_for_its_place() -> None:
    for status, events in STORIES.items():
        source = folded(*events)
        (copy,) = copied(None, source, "b-1")
        (made,) = recorded(copy, seconds=60)
        task = tasks.evolve(None, made)
        assert task.status == status
        assert (task.id, task.session_id) == (copy_id("b-1", "t"), "b-1")
        assert task.details.parent_id == copy_id("b-1", "p")
        assert task.details.dependencies == (copy_id("b-1", "x"), copy_id("b-1", "y"))
        assert task.created_at == START + timedelta(seconds=60)
        names = ("id", "session_id", "details", "version", "position", "created_at", "updated_at")
        same = {name: getattr(source, name) for name in names}
        assert msgspec.structs.replace(task, **same) == source


def test_a_copy_that_is_there_is_not_made_again() -> None:
    assert copied(folded(CREATED), folded(CREATED), "b-1") == []


def test_copies_of_one_task_in_two_sessions_have_ids_of_their_own() -> None:
    assert copy_id("b-1", "t") == copy_id("b-1", "t")
    assert len({copy_id("b-1", "t"), copy_id("b-2", "t"), copy_id("b-1", "u")}) == 3


def test_the_copy_of_an_encrypted_task_is_encrypted_for_its_new_session() -> None:
    source = folded(msgspec.structs.replace(CREATED, encrypted=True))
    events = copied(None, source, "b-1")
    assert isinstance(events[0], TaskCopied)
    assert tasks.sealed_for(None, events) == Subject("b-1", "u")
    assert tasks.session_of(None, events) == "b-1"

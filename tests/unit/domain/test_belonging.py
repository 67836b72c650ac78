"""What events say of whom their streams belong to, and of what has ended."""

import msgspec
import pytest

from domain.belonging import PARENT, SESSION, end_of, is_forgotten, owners, session_of
from domain.catalogue import EVENTS
from domain.contexts.events import EVENTS as CONTEXT_EVENTS
from domain.contexts.events import (
    AttributeChanges,
    Attributes,
    ContextCreated,
    ContextDeleted,
    ContextErased,
    ContextReplaced,
    ContextRolledBack,
    ContextUpdated,
)
from domain.erasure import Erased
from domain.recorded import Event
from domain.sessions.events import SessionCompleted, SessionCreated, SessionDeleted, SessionPaused
from domain.sessions.lifecycle import COMPLETED, DELETED, EXPIRED, FAILED
from domain.tasks.events import (
    TaskCancelled,
    TaskChanges,
    TaskCompleted,
    TaskCreated,
    TaskDetails,
    TaskErased,
    TaskFailed,
    TaskUpdated,
)
from domain.tasks.lifecycle import CANCELLED

IN = Attributes(session_id="s-1")
NONE = Attributes()


@pytest.mark.parametrize(
    "event",
    [
        ContextCreated(namespace="", key="k", data=1, attributes=IN),
        ContextReplaced(data=1, attributes=IN),
        ContextRolledBack(to_version=1, attributes=IN),
        ContextUpdated(change_type=None, attributes=AttributeChanges(session_id="s-1")),
    ],
)
def test_what_sets_the_session_of_a_context_puts_it_there(event: Event) -> None:
    assert session_of(event) == "s-1"
    assert owners(event) == {SESSION: "session\ns-1"}


@pytest.mark.parametrize(
    "event",
    [
        ContextCreated(namespace="", key="k", data=1, attributes=NONE),
        ContextReplaced(data=1, attributes=NONE),
        ContextUpdated(change_type=None, attributes=AttributeChanges(session_id=None)),
        ContextDeleted(),
    ],
)
def test_what_sets_none_or_deletes_takes_it_out(event: Event) -> None:
    assert owners(event) == {SESSION: None}


def test_a_change_that_does_not_name_the_session_leaves_it() -> None:
    assert owners(ContextUpdated(change_type="replace", attributes=AttributeChanges(tags=("t",)))) == {}
    assert owners(SessionPaused()) == {}


def test_every_event_of_a_context_that_has_attributes_calls_them_so() -> None:
    for name, kind in CONTEXT_EVENTS.items():
        fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
        named = [field for field, of in fields.items() if of in (Attributes, AttributeChanges)]
        assert named in ([], ["attributes"]), f"{name}: what belongs to a session would be overlooked"


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("session-completed", COMPLETED),
        ("session-failed", FAILED),
        ("session-expired", EXPIRED),
        ("session-deleted", DELETED),
    ],
)
def test_a_session_ends_also_when_nothing_is_left_of_its_end_but_the_name(name: str, status: str) -> None:
    assert end_of(Erased(name=name, stream_name="session\ns-1")) == status
    assert end_of(SessionCompleted() if status == COMPLETED else SessionDeleted()) in (COMPLETED, DELETED)


def test_nothing_else_ends_what_others_belong_to() -> None:
    assert end_of(SessionCreated(session_id="s-1")) is None
    ends = {name for name in EVENTS if end_of(Erased(name=name, stream_name="session\ns-1"))}
    of_sessions = {"session-completed", "session-failed", "session-expired", "session-deleted"}
    assert ends == {*of_sessions, "task-cancelled"}
    assert end_of(TaskCancelled()) == CANCELLED
    assert end_of(TaskCompleted()) is None
    assert end_of(TaskFailed()) is None


def test_a_task_belongs_to_its_session_and_to_its_parent() -> None:
    alone = TaskCreated(task_id="t", session_id="s-1", details=TaskDetails())
    below = TaskCreated(task_id="t", session_id="s-1", details=TaskDetails(parent_id="p"))
    assert owners(alone) == {SESSION: "session\ns-1", PARENT: None}
    assert owners(below) == {SESSION: "session\ns-1", PARENT: "task\np"}
    assert owners(TaskUpdated(changes=TaskChanges(parent_id="q"))) == {PARENT: "task\nq"}
    assert owners(TaskUpdated(changes=TaskChanges(parent_id=None))) == {PARENT: None}
    assert owners(TaskUpdated(changes=TaskChanges(priority=1))) == {}


def test_an_erasure_makes_forget_to_whom_it_belonged() -> None:
    assert is_forgotten(ContextErased(namespace="", key="k"))
    assert is_forgotten(TaskErased(task_id="t"))
    assert is_forgotten(Erased(name="context-created", stream_name="context\n\nk"))
    assert not is_forgotten(ContextDeleted())

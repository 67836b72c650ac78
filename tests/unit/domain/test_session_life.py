"""Sessions: beginning, changing, ending, and the steps that their status does not allow."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from domain.errors import (
    AlreadyExistsError,
    ChangeDoesNotApplyError,
    IllegalTransitionError,
    InvalidInputError,
    NotDueError,
    SessionErasedError,
    SessionNotFoundError,
    VersionConflictError,
)
from domain.recorded import Event
from domain.sessions import lifecycle, steps
from domain.sessions import session as sessions
from domain.sessions.commands import (
    CreateSession,
    DeleteSession,
    EndSession,
    PauseSession,
    ResumeSession,
    UpdateSession,
)
from domain.sessions.events import (
    SessionCompleted,
    SessionCreated,
    SessionDeleted,
    SessionErased,
    SessionExpired,
    SessionFailed,
    SessionPaused,
    SessionUpdated,
)
from domain.sessions.lifecycle import (
    ACTIVE,
    COMPLETED,
    DELETED,
    ERASED,
    EXPIRED,
    FAILED,
    PAUSED,
    STEPS,
    TRANSITIONS,
)
from domain.sessions.session import Moment, Session, check_id, existing
from tests.unit.domain.stories import at, recorded, session_after

CREATED = SessionCreated(session_id="s-1", user_id="u", data={"goal": 1}, metadata={"m": None}, timeout=60)
NOW = Moment(at(0))

IN: dict[str, Sequence[Event]] = {
    ACTIVE: [CREATED],
    PAUSED: [CREATED, SessionPaused()],
    COMPLETED: [CREATED, SessionCompleted()],
    FAILED: [CREATED, SessionFailed()],
    EXPIRED: [CREATED, SessionExpired(expired_at=at(60))],
    DELETED: [CREATED, SessionDeleted()],
    ERASED: [CREATED, SessionErased(session_id="s-1")],
}
"""What brings a session into each status."""

TAKE: dict[str, Callable[[Session | None, Moment], Sequence[Event]]] = {
    lifecycle.UPDATE: lambda session, moment: steps.update(session, UpdateSession(metadata={}), moment),
    lifecycle.PAUSE: lambda session, moment: steps.pause(session, PauseSession(), moment),
    lifecycle.RESUME: lambda session, moment: steps.resume(session, ResumeSession(), moment),
    lifecycle.COMPLETE: lambda session, moment: steps.end(session, EndSession(status=COMPLETED), moment),
    lifecycle.FAIL: lambda session, moment: steps.end(session, EndSession(status=FAILED), moment),
    lifecycle.EXPIRE: lambda session, moment: steps.expire(session, moment._replace(now=at(60))),
    lifecycle.DELETE: lambda session, moment: steps.delete(session, DeleteSession(), moment),
}
"""How each step is asked for, at the moment given; expiry, at the one at which it is due."""

CELLS = [(status, step) for status in TRANSITIONS for step in STEPS]


def then(session: Session | None, events: Sequence[Event], seconds: float = 0) -> Session:
    assert session is not None
    after = sessions.fold(session, recorded(*events, seconds=seconds, after=session.version))
    assert after is not None
    return after


def test_a_session_begins_active_with_what_it_was_given() -> None:
    command = CreateSession(session_id="s-1", user_id="u", data={"goal": 1}, metadata={"m": None}, timeout=60)
    assert steps.create(None, command) == [CREATED]
    session = session_after(CREATED)
    assert session is not None
    assert (session.id, session.status, session.version, session.user_id) == ("s-1", ACTIVE, 1, "u")
    assert (session.data, session.metadata, session.outcome) == ({"goal": 1}, {"m": None}, {})
    assert (session.created_at, session.updated_at, session.ended_at) == (at(0), at(0), None)
    assert (session.timeout, session.expires_at()) == (60, at(60))


@pytest.mark.parametrize("status", TRANSITIONS)
def test_an_id_can_be_used_once_whatever_became_of_the_session(status: str) -> None:
    session = session_after(*IN[status])
    with pytest.raises(AlreadyExistsError, match=f"'s-1' exists and is {status}") as refusal:
        steps.create(session, CreateSession(session_id="s-1"))
    assert refusal.value.details() == {"currentVersion": len(IN[status])}


def test_the_table_names_only_statuses_that_it_has() -> None:
    assert TRANSITIONS.keys() == IN.keys()
    assert {to for steps in TRANSITIONS.values() for to in steps.values()} <= TRANSITIONS.keys()
    assert TAKE.keys() == set(STEPS)
    assert lifecycle.LIVE == (ACTIVE, PAUSED)


@pytest.mark.parametrize(("status", "step"), CELLS)
def test_a_session_can_do_what_the_table_says_and_nothing_else(status: str, step: str) -> None:
    session = session_after(*IN[status])
    assert session is not None
    assert session.status == status
    to = TRANSITIONS[status].get(step)
    if status == ERASED:
        with pytest.raises(SessionErasedError):
            TAKE[step](session, NOW)
    elif status == DELETED:
        with pytest.raises(SessionNotFoundError, match=r"was deleted \(version 2\)"):
            TAKE[step](session, NOW)
    elif to is None:
        with pytest.raises(IllegalTransitionError) as refusal:
            TAKE[step](session, NOW)
        allowed = [following for following in dict.fromkeys(TRANSITIONS[status].values()) if following != status]
        assert refusal.value.details() == {"currentStatus": status, "allowed": allowed}
        assert status in str(refusal.value)
    else:
        assert then(session, TAKE[step](session, NOW)).status == to


@pytest.mark.parametrize(("status", "kind"), [(COMPLETED, SessionCompleted), (FAILED, SessionFailed)])
def test_an_active_session_can_end_either_way(status: str, kind: type[SessionCompleted | SessionFailed]) -> None:
    session = session_after(CREATED)
    command = EndSession(status=status, outcome={"ok": 1}, reason="why", expected_version=1)
    (event,) = steps.end(session, command, NOW)
    assert event == kind(outcome={"ok": 1}, reason="why")
    ended = then(session, [event], seconds=30)
    assert (ended.status, ended.version, ended.outcome, ended.reason) == (status, 2, {"ok": 1}, "why")
    assert (ended.created_at, ended.updated_at, ended.ended_at) == (at(0), at(30), at(30))
    assert (ended.data, ended.expires_at()) == ({"goal": 1}, None)


@pytest.mark.parametrize(
    ("change_type", "data", "after"),
    [
        ("replace", {"a": 1}, {"a": 1}),
        ("merge", {"a": 1}, {"goal": 1, "a": 1}),
        ("mergePatch", {"goal": None}, {}),
        ("increment", {"goal": 2}, {"goal": 3}),
        ("append", {"log": ["x"]}, {"goal": 1, "log": ["x"]}),
        ("jsonPatch", [{"op": "remove", "path": "/goal"}], {}),
    ],
)
def test_the_data_change_as_those_of_a_context_do(change_type: Any, data: Any, after: Any) -> None:
    session = session_after(CREATED)
    (event,) = steps.update(session, UpdateSession(data=data, change_type=change_type, reason="why"), NOW)
    assert isinstance(event, SessionUpdated)
    assert (event.change_type, event.reason) == (change_type, "why")
    changed = then(session, [event], seconds=5)
    assert (changed.data, changed.metadata, changed.timeout, changed.updated_at) == (after, {"m": None}, 60, at(5))


def test_metadata_and_timeout_are_replaced_and_what_is_not_named_stays() -> None:
    session = session_after(CREATED)
    event = steps.update(session, UpdateSession(metadata={"n": 1}, timeout=None), NOW)
    assert event == [SessionUpdated(metadata={"n": 1}, timeout=None)]
    changed = then(session, event)
    assert (changed.data, changed.metadata, changed.expires_at()) == ({"goal": 1}, {"n": 1}, None)


@pytest.mark.parametrize("data", [[], [{"op": "replace", "path": "", "value": 3}]])
def test_the_data_of_a_session_stay_an_object(data: Any) -> None:
    command = UpdateSession(data=data, change_type="replace" if data == [] else "jsonPatch")
    with pytest.raises(ChangeDoesNotApplyError, match="must stay an object"):
        steps.update(session_after(CREATED), command, NOW)


def test_pausing_and_resuming_say_why() -> None:
    session = session_after(CREATED)
    paused = then(session, steps.pause(session, PauseSession(reason="lunch"), NOW), seconds=10)
    assert (paused.status, paused.reason, paused.ended_at) == (PAUSED, "lunch", None)
    resumed = then(paused, steps.resume(paused, ResumeSession(), Moment(at(20))), seconds=20)
    assert (resumed.status, resumed.reason, resumed.expires_at()) == (ACTIVE, None, at(80))


@pytest.mark.parametrize("status", lifecycle.LIVE)
def test_a_session_expires_at_the_instant_when_its_last_command_is_as_old_as_its_timeout(status: str) -> None:
    session = session_after(*IN[status])
    assert session is not None
    assert session.at(Moment(at(59.999))) is session
    seen = session.at(Moment(at(60)))
    assert (seen.status, seen.ended_at, seen.version) == (EXPIRED, at(60), session.version)
    assert session.at(Moment(at(60), last_active=at(1))) is session
    assert session.at(Moment(at(61), last_active=at(1))).ended_at == at(61)


@pytest.mark.parametrize("step", [lifecycle.UPDATE, lifecycle.PAUSE, lifecycle.COMPLETE, lifecycle.FAIL])
def test_what_has_expired_unrecorded_can_do_nothing_that_is_done_to_a_live_one(step: str) -> None:
    with pytest.raises(IllegalTransitionError) as refusal:
        TAKE[step](session_after(CREATED), Moment(at(60)))
    assert refusal.value.details() == {"currentStatus": EXPIRED, "allowed": [DELETED]}
    TAKE[step](session_after(CREATED), Moment(at(60), last_active=at(1)))


def test_expiry_is_recorded_with_the_instant_at_which_it_came() -> None:
    session = session_after(CREATED)
    assert steps.expire(session, Moment(at(500), at(30))) == [SessionExpired(expired_at=at(90))]
    expired = then(session, [SessionExpired(expired_at=at(90))], seconds=500)
    assert (expired.status, expired.ended_at, expired.updated_at) == (EXPIRED, at(90), at(500))
    assert (expired.data, expired.expires_at()) == ({"goal": 1}, None)


def test_expiry_is_not_recorded_before_it_is_due_nor_for_a_session_that_never_expires() -> None:
    with pytest.raises(NotDueError):
        steps.expire(session_after(CREATED), Moment(at(60), at(1)))
    with pytest.raises(NotDueError):
        steps.expire(session_after(SessionCreated(session_id="s-1")), Moment(at(10**9)))


def test_deleting_what_has_expired_unrecorded_tells_both() -> None:
    told = steps.delete(session_after(CREATED), DeleteSession(reason="tidy"), Moment(at(100)))
    assert told == [SessionExpired(expired_at=at(60)), SessionDeleted(reason="tidy")]
    assert then(session_after(CREATED), told, seconds=100).ended_at == at(60)


@pytest.mark.parametrize("status", [ACTIVE, PAUSED, COMPLETED, FAILED, EXPIRED])
def test_of_a_deleted_session_no_contents_are_kept(status: str) -> None:
    session = session_after(*IN[status])
    deleted = then(session, [SessionDeleted(reason="tidy")], seconds=7)
    assert (deleted.status, deleted.data, deleted.metadata, deleted.outcome) == (DELETED, {}, {}, {})
    assert (deleted.id, deleted.user_id, deleted.reason) == ("s-1", "u", "tidy")
    with pytest.raises(SessionNotFoundError, match="was deleted"):
        existing(deleted)


def test_a_stale_version_is_refused_before_the_status_is_looked_at() -> None:
    with pytest.raises(VersionConflictError):
        steps.end(session_after(CREATED, SessionFailed()), EndSession(status=COMPLETED, expected_version=1), NOW)


@pytest.mark.parametrize("step", STEPS)
def test_with_what_was_never_created_nothing_can_be_done(step: str) -> None:
    with pytest.raises(SessionNotFoundError):
        TAKE[step](None, NOW)
    with pytest.raises(SessionNotFoundError):
        existing(None)


@pytest.mark.parametrize("bad", ["", "x" * 257, "a\nb", "\x7f", "\ud800"])
def test_an_id_that_breaks_the_rules_is_refused(bad: str) -> None:
    with pytest.raises(InvalidInputError):
        check_id(bad)


def test_an_id_of_256_code_points_is_accepted() -> None:
    check_id("\U0001f600" * 256)

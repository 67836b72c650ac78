"""Sessions: beginning, ending, and the steps that their status does not allow."""

import pytest

from domain.errors import (
    AlreadyExistsError,
    IllegalTransitionError,
    InvalidInputError,
    SessionNotFoundError,
    VersionConflictError,
)
from domain.sessions import session as sessions
from domain.sessions.events import SessionCompleted, SessionCreated, SessionFailed
from domain.sessions.lifecycle import ACTIVE, COMPLETED, ERASED, FAILED, TRANSITIONS
from domain.sessions.session import CreateSession, EndSession, check_id, existing
from tests.unit.domain.stories import at, recorded, session_after

CREATED = SessionCreated(session_id="s-1", user_id="u", data={"goal": 1}, metadata={"m": None})
ENDS = [(COMPLETED, SessionCompleted), (FAILED, SessionFailed)]


def test_a_session_begins_active_with_what_it_was_given() -> None:
    command = CreateSession(session_id="s-1", user_id="u", data={"goal": 1}, metadata={"m": None})
    assert sessions.create(None, command) == [CREATED]
    session = session_after(CREATED)
    assert session is not None
    assert (session.id, session.status, session.version, session.user_id) == ("s-1", ACTIVE, 1, "u")
    assert (session.data, session.metadata, session.outcome) == ({"goal": 1}, {"m": None}, {})
    assert (session.created_at, session.updated_at, session.ended_at) == (at(0), at(0), None)


@pytest.mark.parametrize("events", [[CREATED], [CREATED, SessionCompleted()], [CREATED, SessionFailed()]])
def test_an_id_can_be_used_once_also_after_the_session_has_ended(events: list[SessionCreated]) -> None:
    session = session_after(*events)
    assert session is not None
    with pytest.raises(AlreadyExistsError, match=f"'s-1' exists and is {session.status}") as refusal:
        sessions.create(session, CreateSession(session_id="s-1"))
    assert refusal.value.details() == {"currentVersion": len(events)}


@pytest.mark.parametrize(("status", "kind"), ENDS)
def test_an_active_session_can_end_either_way(status: str, kind: type[SessionCompleted | SessionFailed]) -> None:
    session = session_after(CREATED)
    command = EndSession(status=status, outcome={"ok": 1}, reason="why", expected_version=1)
    (event,) = sessions.end(session, command)
    assert event == kind(outcome={"ok": 1}, reason="why")
    ended = sessions.fold(session, recorded(event, seconds=30, after=1))
    assert ended is not None
    assert (ended.status, ended.version, ended.outcome, ended.reason) == (status, 2, {"ok": 1}, "why")
    assert (ended.created_at, ended.updated_at, ended.ended_at) == (at(0), at(30), at(30))
    assert ended.data == {"goal": 1}


@pytest.mark.parametrize("to", [COMPLETED, FAILED])
@pytest.mark.parametrize(("status", "kind"), ENDS)
def test_an_ended_session_can_not_end_again(status: str, kind: type[SessionCompleted | SessionFailed], to: str) -> None:
    with pytest.raises(IllegalTransitionError) as refusal:
        sessions.end(session_after(CREATED, kind()), EndSession(status=to))
    assert refusal.value.details() == {"currentStatus": status, "allowed": []}


def test_the_table_has_every_status_and_names_only_statuses() -> None:
    assert TRANSITIONS.keys() == {ACTIVE, COMPLETED, FAILED, ERASED}
    assert all(following in TRANSITIONS for allowed in TRANSITIONS.values() for following in allowed)


def test_a_stale_version_is_refused_before_the_status_is_looked_at() -> None:
    with pytest.raises(VersionConflictError):
        sessions.end(session_after(CREATED, SessionFailed()), EndSession(status=COMPLETED, expected_version=1))


def test_what_was_never_created_can_be_neither_ended_nor_read() -> None:
    with pytest.raises(SessionNotFoundError):
        sessions.end(None, EndSession(status=COMPLETED))
    with pytest.raises(SessionNotFoundError):
        existing(None)


@pytest.mark.parametrize("bad", ["", "x" * 257, "a\nb", "\x7f", "\ud800"])
def test_an_id_that_breaks_the_rules_is_refused(bad: str) -> None:
    with pytest.raises(InvalidInputError):
        check_id(bad)


def test_an_id_of_256_code_points_is_accepted() -> None:
    check_id("\U0001f600" * 256)

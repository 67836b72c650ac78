"""Erasing a session."""

import msgspec
import pytest

from domain.catalogue import NAMES
from domain.erasure import Erased, Subject
from domain.errors import AlreadyExistsError, SessionErasedError
from domain.recorded import Event
from domain.sessions import session as sessions
from domain.sessions import steps
from domain.sessions.commands import CreateSession, EndSession
from domain.sessions.events import SessionCompleted, SessionCreated, SessionErased
from domain.sessions.lifecycle import ERASED
from domain.sessions.session import Moment, existing
from tests.unit.domain.stories import at, recorded

CREATED = SessionCreated(session_id="s-1", user_id="u-1", data={"goal": 1}, encrypted=True)
GONE = SessionErased(session_id="s-1", reason="asked for", keys=("00",))


def test_it_folds_alike_whether_what_came_before_can_be_read_or_not() -> None:
    for before in ([CREATED], [CREATED, SessionCompleted(outcome={"ok": 1})]):
        events = recorded(*before, GONE)
        left = [
            msgspec.structs.replace(each, event=Erased(name=NAMES[type(each.event)], stream_name="session\ns-1"))
            for each in events[:-1]
        ]
        session = sessions.fold(None, events)
        assert session is not None
        assert sessions.fold(None, [*left, events[-1]]) == session
        assert (session.id, session.status, session.user_id) == ("s-1", ERASED, None)
        assert (session.data, session.outcome, session.encrypted) == ({}, {}, True)
        alone = sessions.fold(None, left)
        assert alone is not None
        assert (alone.id, alone.status) == ("s-1", ERASED)


def test_nothing_can_be_done_with_it_any_more() -> None:
    session = sessions.fold(None, recorded(CREATED, GONE))
    with pytest.raises(SessionErasedError):
        existing(session)
    with pytest.raises(SessionErasedError):
        steps.end(session, EndSession(status="completed"), Moment(at(0)))
    with pytest.raises(AlreadyExistsError, match="is erased"):
        steps.create(session, CreateSession(session_id="s-1"))


def test_what_could_be_read_after_its_beginning_is_gone_changes_nothing() -> None:
    first, last = recorded(CREATED, SessionCompleted(outcome={"ok": 1}))
    gone: Event = Erased(name="session-created", stream_name="session\ns-1")
    session = sessions.fold(None, [msgspec.structs.replace(first, event=gone), last])
    assert session is not None
    assert (session.status, session.outcome, session.version) == (ERASED, {}, 2)


def test_a_session_is_encrypted_from_its_beginning_or_not_at_all() -> None:
    (event,) = steps.create(None, CreateSession(session_id="s-1", user_id="u-1", encrypt=True))
    assert sessions.sealed_for(None, [event]) == Subject("s-1", "u-1")
    session = sessions.fold(None, recorded(event))
    assert session is not None
    assert session.encrypted
    assert sessions.sealed_for(session, [SessionCompleted()]) == Subject("s-1", "u-1")
    assert sessions.sealed_for(session, [GONE]) is None
    (clear,) = steps.create(None, CreateSession(session_id="s-1"))
    assert sessions.sealed_for(None, [clear]) is None
    assert sessions.sealed_for(sessions.fold(None, recorded(clear)), [SessionCompleted()]) is None

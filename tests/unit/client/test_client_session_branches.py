"""What the call that branches a session sends, and what it makes of the answer."""

from datetime import UTC, datetime

import pytest
from client_fakes import AT, SESSION, Client, FakeServer

from contextline import BranchPoint, InvalidInputError, SessionNotFoundError

INSTANT = datetime(2026, 1, 31, 12, tzinfo=UTC)
BRANCHED = SESSION | {
    "id": "b-1",
    "position": 40,
    "complete": True,
    "branchedFrom": {"sessionId": "s-1", "position": 7, "at": AT},
}


async def test_it_names_the_session_and_the_point(client: Client, server: FakeServer) -> None:
    server.will_answer(BRANCHED, 201)
    branched = await client.branch_session("s-1", as_of=INSTANT, new_session_id="b-1", changed_by="me")
    assert server.asked == "POST /api/sessions/branch"
    assert server.body == {
        "sessionId": "s-1",
        "newSessionId": "b-1",
        "asOf": "2026-01-31T12:00:00Z",
        "timeout": 5.0,
        "changedBy": "me",
    }
    assert (branched.id, branched.complete) == ("b-1", True)
    assert branched.branched_from == BranchPoint(session_id="s-1", position=7, at=branched.created_at)
    assert client.inner.position == 40


async def test_it_waits_longer_for_the_answer_when_the_server_may(client: Client, server: FakeServer) -> None:
    server.will_answer(BRANCHED | {"complete": False}, 201)
    branched = await client.branch_session("s-1", position=7, timeout=60)
    assert server.body == {"sessionId": "s-1", "position": 7, "timeout": 60}
    assert server.requests[-1].extensions["timeout"]["read"] >= 60
    assert branched.complete is False


async def test_an_instant_without_a_time_zone_is_refused_before_it_is_sent(client: Client, server: FakeServer) -> None:
    with pytest.raises(InvalidInputError):
        await client.branch_session("s-1", as_of=INSTANT.replace(tzinfo=None))
    assert server.requests == []


async def test_a_session_that_is_not_there_is_told(client: Client, server: FakeServer) -> None:
    server.will_refuse(404, "session-not-found")
    with pytest.raises(SessionNotFoundError):
        await client.branch_session("nobody")

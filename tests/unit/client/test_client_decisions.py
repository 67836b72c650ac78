"""What the calls about decisions and preferences send, and what they make of the answers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from client_fakes import AT, EMPTY_PAGE, Client, FakeServer

from contextline import (
    ConflictError,
    DecisionErasedError,
    DecisionNotFoundError,
    NotFoundError,
    PositionNotInLogError,
    PreferenceNotFoundError,
    PreferencesErasedError,
    ReadModelBehindError,
    TooManyPreferencesError,
)

DECISION: dict[str, Any] = {
    "id": "dec_1",
    "sessionId": "s-1",
    "taskId": None,
    "agentId": "a-1",
    "userId": None,
    "type": "ci",
    "contextHash": "h",
    "features": ["x"],
    "decision": {"action": "retry"},
    "alternatives": [],
    "confidence": 0.5,
    "autonomous": True,
    "reasoning": None,
    "metadata": {},
    "outcome": "success",
    "outcomeDetails": {"exit": 0},
    "outcomeReason": None,
    "outcomeAt": AT,
    "userOverride": {"by": "ada", "instead": "skip", "reason": None, "at": AT},
    "feedback": {"score": -0.5, "by": None, "comment": "c", "at": AT},
    "encrypted": False,
    "version": 3,
    "position": 30,
    "createdAt": AT,
    "updatedAt": AT,
}
TALLY = {"decisions": 1, "outcomes": {"success": 1}, "overridden": 1, "meanFeedback": -0.5}
SIMILAR: dict[str, Any] = {
    "contextHash": "h",
    "items": [{"similarity": 1.0, "sameContext": True, "decision": DECISION}],
    "complete": False,
    "summary": TALLY | {"byDecision": [TALLY | {"decision": {"action": "retry"}}]},
}
PREFERENCE: dict[str, Any] = {
    "type": "travel",
    "key": "seat",
    "value": "window",
    "confidence": 0.5,
    "explicit": False,
    "observations": 1,
    "lastObserved": AT,
    "setAt": None,
    "updatedAt": AT,
    "candidates": [{"value": "window", "observations": 1, "lastObserved": AT}],
}
PREFERENCES: dict[str, Any] = {"userId": "u", "items": [PREFERENCE], "encrypted": True, "version": 4, "position": 40}


async def test_make_decision_sends_what_is_named(client: Client, server: FakeServer) -> None:
    server.will_answer(DECISION, 201)
    made = await client.make_decision(
        "s-1", {"action": "retry"}, decision_id="dec_1", context={"a_b": 1}, features=("x",), confidence=0, task_id=None
    )
    assert server.asked == "POST /api/decisions"
    assert server.body == {
        "id": "dec_1",
        "sessionId": "s-1",
        "context": {"a_b": 1},
        "features": ["x"],
        "confidence": 0,
        "decision": {"action": "retry"},
    }
    assert (made.id, made.decision, made.outcome_details) == ("dec_1", {"action": "retry"}, {"exit": 0})
    assert made.user_override.by == "ada"
    assert made.feedback.score == -0.5
    assert client.inner.position == 30


async def test_a_decision_can_be_null_and_an_unknown_option_is_refused(client: Client, server: FakeServer) -> None:
    server.will_answer(DECISION | {"userOverride": None, "feedback": None}, 201)
    made = await client.make_decision("s-1", None)
    assert server.body == {"sessionId": "s-1", "decision": None}
    assert (made.user_override, made.feedback) == (None, None)
    with pytest.raises(TypeError, match="did you mean 'confidence'"):
        await client.make_decision("s-1", 1, confidance=1)
    with pytest.raises(TypeError, match="did you mean 'features'"):
        await client.list_decisions(feature="x")


async def test_what_came_of_it_is_sent(client: Client, server: FakeServer) -> None:
    for call, path, body in (
        (
            client.record_outcome("d/1", "failure", details={"exit": 1}, expected_version=2, agent_id="a"),
            "outcome",
            {"outcome": "failure", "details": {"exit": 1}, "agentId": "a", "expectedVersion": 2},
        ),
        (
            client.override_decision("d/1", None, by="ada", reason="r"),
            "override",
            {"by": "ada", "reason": "r", "instead": None},
        ),
        (
            client.give_feedback("d/1", 0, comment="c", changed_by="me", session_id="s"),
            "feedback",
            {"score": 0, "comment": "c", "sessionId": "s", "changedBy": "me"},
        ),
    ):
        server.will_answer(DECISION)
        assert (await call).version == 3
        assert (server.asked, server.query) == (f"POST /api/decisions/{path}", {"id": ["d/1"]})
        assert server.body == body


async def test_decisions_are_read_and_listed(client: Client, server: FakeServer) -> None:
    server.will_answer(DECISION)
    assert (await client.get_decision("d/1")).created_at.tzinfo is UTC
    assert (server.asked, server.query) == ("GET /api/decisions/get", {"id": ["d/1"]})
    server.will_answer({"items": [DECISION], "nextCursor": "c"})
    page = await client.list_decisions(
        session_id="s-1",
        features=["x", "y"],
        autonomous=False,
        outcome="success",
        created_from=datetime(2031, 1, 1, tzinfo=UTC),
        limit=1,
        min_position=5,
    )
    assert server.asked == "GET /api/decisions"
    assert server.query == {
        "sessionId": ["s-1"],
        "feature": ["x", "y"],
        "autonomous": ["false"],
        "outcome": ["success"],
        "createdFrom": ["2031-01-01T00:00:00Z"],
        "limit": ["1"],
        "minPosition": ["5"],
    }
    assert (page.next_cursor, page.items[0].id) == ("c", "dec_1")


async def test_similar_decisions_sees_what_this_client_has_done_and_is_repeated_like_a_read(
    client: Client, server: FakeServer
) -> None:
    server.will_answer(DECISION, 201)
    await client.make_decision("s-1", 1)
    server.will_refuse(503, "read-model-behind")
    server.will_answer(SIMILAR)
    found = await client.similar_decisions(context=[1], features=["x"], min_similarity=0.5, limit=3, timeout=2)
    assert server.asked == "POST /api/decisions/similar"
    assert server.body == {
        "context": [1],
        "features": ["x"],
        "minSimilarity": 0.5,
        "limit": 3,
        "minPosition": 30,
        "timeout": 2,
    }
    assert len(server.requests) == 3
    assert (found.items[0].similarity, found.items[0].same_context, found.complete) == (1, True, False)
    assert found.summary.by_decision[0].decision == {"action": "retry"}
    assert found.summary.mean_feedback == -0.5


async def test_a_position_that_the_log_has_not_got_is_forgotten(client: Client, server: FakeServer) -> None:
    server.will_answer(DECISION, 201)
    await client.make_decision("s-1", 1)
    server.will_refuse(409, "position-not-in-log")
    with pytest.raises(PositionNotInLogError):
        await client.similar_decisions(features=["x"])
    server.will_answer(SIMILAR)
    await client.similar_decisions(features=["x"])
    assert server.body == {"features": ["x"]}


async def test_one_observation_and_many_are_sent_alike(client: Client, server: FakeServer) -> None:
    server.will_answer(PREFERENCES)
    after = await client.observe_preference("u", "travel", "seat", None, agent_id="a", encrypt=True)
    assert server.asked == "POST /api/preferences/observe"
    assert server.body == {
        "userId": "u",
        "agentId": "a",
        "encrypt": True,
        "observations": [{"type": "travel", "key": "seat", "value": None}],
    }
    assert (after.version, after.items[0].confidence, after.items[0].candidates[0].observations) == (4, 0.5, 1)
    assert after.value("travel", "seat") == "window"
    assert after.value("travel", "meal", "any") == "any"
    assert client.inner.position == 40
    server.will_answer(PREFERENCES)
    await client.observe_preferences("u", iter([("t", "a", 1), ("t", "b", [2])]), expected_version=4)
    assert server.body == {
        "userId": "u",
        "expectedVersion": 4,
        "observations": [{"type": "t", "key": "a", "value": 1}, {"type": "t", "key": "b", "value": [2]}],
    }


async def test_preferences_are_set_cleared_read_and_listed(client: Client, server: FakeServer) -> None:
    server.will_answer(PREFERENCES)
    await client.set_preference("u", "t", "k", None, reason="r")
    assert server.asked == "POST /api/preferences/set"
    assert server.body == {"userId": "u", "type": "t", "key": "k", "reason": "r", "value": None}
    server.will_answer(PREFERENCES)
    await client.clear_preference("u", "t", "k")
    assert (server.asked, server.body) == ("POST /api/preferences/clear", {"userId": "u", "type": "t", "key": "k"})
    server.will_answer(PREFERENCES)
    await client.clear_preference("u", "t", "k", observations=True)
    assert server.body["observations"] is True
    server.will_answer(PREFERENCES)
    assert (await client.get_preferences("u", type="t")).items[0].value == "window"
    assert (server.asked, server.query) == ("GET /api/preferences/get", {"userId": ["u"], "type": ["t"]})
    server.will_answer({"items": [PREFERENCE | {"userId": "u"}], "nextCursor": None})
    page = await client.list_preferences(type="t", explicit=True, min_confidence=0.5, min_position=0)
    assert server.asked == "GET /api/preferences"
    assert server.query == {"type": ["t"], "explicit": ["true"], "minConfidence": ["0.5"]}
    assert (page.items[0].user_id, page.items[0].key) == ("u", "seat")
    server.will_answer(EMPTY_PAGE)
    await client.list_preferences()
    assert server.query == {"minPosition": ["40"]}


@pytest.mark.parametrize(
    ("status", "code", "kind", "base"),
    [
        (404, "decision-not-found", DecisionNotFoundError, NotFoundError),
        (410, "decision-erased", DecisionErasedError, DecisionNotFoundError),
        (404, "preference-not-found", PreferenceNotFoundError, NotFoundError),
        (410, "preferences-erased", PreferencesErasedError, NotFoundError),
        (409, "too-many-preferences", TooManyPreferencesError, ConflictError),
    ],
)
async def test_refusals_have_classes_of_their_own(
    client: Client, server: FakeServer, status: int, code: str, kind: type[Exception], base: type[Exception]
) -> None:
    server.will_refuse(status, code)
    with pytest.raises(base) as caught:
        await client.get_decision("d")
    assert type(caught.value) is kind
    assert not isinstance(caught.value, ReadModelBehindError)

"""What the calls about capturing and recalling send, and what they make of the answers."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from client_fakes import AT, CONTEXT, LISTED, SESSION, Client, FakeServer

from contextline import Dropped, InvalidInputError, Relationship

CAPTURED: dict[str, Any] = {
    "source": "editor",
    "namespace": "s-1",
    "elements": [
        {"id": "ctx_1", "key": "capture/file/a", "type": "file", "change": "created", "version": 1, "position": 70}
    ],
    "relationships": [{"from": "x", "to": "y", "kind": "imports", "strength": 0.8}],
    "dropped": [{"place": "/files/0/content", "line": 2, "rule": "AWS Access Key"}],
    "droppedCount": 1,
    "position": 70,
}
RELEVANT: dict[str, Any] = {
    "items": [
        CONTEXT
        | {
            "relevance": {
                "score": 0.7,
                "timeDecay": 1.0,
                "accessBoost": 0.1,
                "relationships": 0.24,
                "taskRelevance": 1.0,
            },
            "cost": 30,
        }
    ],
    "relationships": [],
    "budget": {"unit": "bytes", "size": 100, "used": 30, "limit": 50},
    "candidates": 4,
    "activeTasks": ["t"],
    "at": AT,
}


async def test_capture_sends_elements_by_their_names_on_the_wire(client: Client, server: FakeServer) -> None:
    server.will_answer(CAPTURED)
    modified = datetime(2031, 6, 3, 12, tzinfo=timezone(timedelta(hours=2)))
    captured = await client.capture(
        "editor",
        files=[{"path": "a", "modified": modified, "size": None}],
        code=[{"path": "a.py", "class": "A", "function": "f"}],
        environment={"working_directory": "/w", "variables": {"SOME_NAME": "x"}},
        session_id="s-1",
        keep_text=True,
    )
    assert server.asked == "POST /api/context/capture"
    assert server.body == {
        "source": "editor",
        "files": [{"path": "a", "modified": "2031-06-03T10:00:00Z"}],
        "code": [{"path": "a.py", "class": "A", "function": "f"}],
        "environment": {"workingDirectory": "/w", "variables": {"SOME_NAME": "x"}},
        "options": {"sessionId": "s-1", "keepText": True},
    }
    assert captured.elements[0].change == "created"
    assert captured.relationships == [Relationship(start="x", end="y", kind="imports", strength=0.8)]
    assert captured.dropped == [Dropped(place="/files/0/content", line=2, rule="AWS Access Key")]
    assert client.inner.position == 70


async def test_relevant_waits_for_what_this_client_captured(client: Client, server: FakeServer) -> None:
    server.will_answer(CAPTURED)
    await client.capture("editor", tasks=[{"name": "t"}])
    server.will_answer(RELEVANT)
    found = await client.relevant(
        "s-1", bytes=100, files=["a", "b"], references=["k"], code_area="src", project="p", tags=["x"], limit=5
    )
    assert server.asked == "GET /api/context/relevant"
    assert server.query == {
        "sessionId": ["s-1"],
        "bytes": ["100"],
        "file": ["a", "b"],
        "reference": ["k"],
        "codeArea": ["src"],
        "project": ["p"],
        "tag": ["x"],
        "limit": ["5"],
        "minPosition": ["70"],
    }
    (item,) = found.items
    assert (item.key, item.cost, item.relevance.task_relevance) == ("plan", 30, 1.0)
    assert (found.budget.used, found.active_tasks) == (30, ["t"])
    assert found.at == datetime(2031, 6, 3, 10, 0, 0, 250_000, UTC)


async def test_options_that_there_are_not_are_told(client: Client) -> None:
    with pytest.raises(TypeError, match="session_id"):
        await client.capture("editor", files=[{"path": "a"}], sesion_id="s")


async def test_an_instant_without_a_zone_is_refused(client: Client) -> None:
    with pytest.raises(InvalidInputError, match="time zone"):
        await client.capture("editor", files=[{"path": "a", "modified": datetime(2031, 6, 3)}])  # noqa: DTZ001


async def test_reconstruct_tells_of_when_and_how_much(client: Client, server: FakeServer) -> None:
    made = {name: RELEVANT[name] for name in ("relationships", "budget", "candidates", "at")}
    made |= {"session": SESSION, "relevant": RELEVANT["items"], "recent": [LISTED]}
    server.will_answer(made | {"activeTasks": [], "complete": True, "position": 90})
    found = await client.reconstruct("s-1", as_of_position=90, bytes=5000, recent=3)
    assert server.asked == "GET /api/sessions/reconstruct"
    assert server.query == {"id": ["s-1"], "asOfPosition": ["90"], "bytes": ["5000"], "recent": ["3"]}
    assert (found.session.id, found.active_tasks, found.position) == ("s-1", [], 90)
    assert [context.key for context in (*found.relevant, *found.recent)] == ["plan", "plan"]

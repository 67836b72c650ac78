"""Calls about sessions and tasks, of both clients: what they send, and what they make of the answers."""

from typing import Any

import pytest
from client_fakes import AT, SESSION, Client, FakeServer

from contextline import (
    DependenciesNotMetError,
    SessionStatusError,
    TaskCycleError,
    TaskErasedError,
    TaskNotFoundError,
)

TASK: dict[str, Any] = {
    "id": "t",
    "sessionId": "s-1",
    "status": "in_progress",
    "type": "edit",
    "dependencies": ["a"],
    "priority": 9,
    "retryCount": 1,
    "version": 3,
    "position": 40,
    "createdAt": AT,
    "updatedAt": AT,
    "startedAt": AT,
    "duration": None,
    "somethingNewer": True,
}
WHY: dict[str, Any] = {"reason": "why", "expected_version": 2, "agent_id": "a", "changed_by": None}
SENT = {"reason": "why", "expectedVersion": 2, "agentId": "a"}


async def test_a_session_is_created_with_a_timeout_of_its_own(client: Client, server: FakeServer) -> None:
    server.will_answer(SESSION | {"timeout": None, "lastActiveAt": AT, "expiresAt": None}, status=201)
    session = await client.create_session("s-1", timeout=None, agent_id="a")
    assert server.body == {"id": "s-1", "timeout": None, "agentId": "a"}
    assert (session.timeout, session.expires_at) == (None, None)
    assert session.last_active_at is not None
    server.will_answer(SESSION, status=201)
    await client.create_session("s-1")
    assert server.body == {"id": "s-1"}


async def test_a_session_is_updated_by_what_is_named(client: Client, server: FakeServer) -> None:
    server.will_answer(SESSION)
    await client.update_session("s-1", {"a": 1}, change_type="merge", metadata={}, timeout=60, **WHY)
    assert server.asked == "PUT /api/sessions/update"
    assert server.query == {"id": ["s-1"]}
    assert server.body == {"data": {"a": 1}, "changeType": "merge", "metadata": {}, "timeout": 60, **SENT}
    server.will_answer(SESSION)
    await client.update_session("s-1", None, timeout=None)
    assert server.body == {"data": None, "timeout": None}


@pytest.mark.parametrize("step", ["pause", "resume", "complete", "fail"])
async def test_each_step_of_a_session_is_a_call_of_its_own(client: Client, server: FakeServer, step: str) -> None:
    server.will_answer(SESSION)
    session = await getattr(client, f"{step}_session")("s-1", **WHY)
    assert (server.asked, server.query) == (f"POST /api/sessions/{step}", {"id": ["s-1"]})
    assert server.body == SENT
    assert client.inner.position == session.position


async def test_a_session_is_deleted(client: Client, server: FakeServer) -> None:
    server.will_answer({"id": "s-1", "deleted": True, "version": 4, "position": 90})
    deleted = await client.delete_session("s-1", **WHY)
    assert server.asked == "DELETE /api/sessions/delete"
    assert server.query == {"id": ["s-1"], "reason": ["why"], "expectedVersion": ["2"], "agentId": ["a"]}
    assert (deleted.deleted, client.inner.position) == (True, 90)


async def test_a_task_is_created_with_its_details(client: Client, server: FakeServer) -> None:
    server.will_answer(TASK, status=201)
    task = await client.create_task(
        "s-1", "Fix it", task_id="t", type="edit", dependencies=["a"], code_area="src", agent_id="p"
    )
    assert server.asked == "POST /api/tasks"
    assert server.body == {
        "id": "t",
        "sessionId": "s-1",
        "description": "Fix it",
        "type": "edit",
        "dependencies": ["a"],
        "codeArea": "src",
        "agentId": "p",
    }
    assert (task.status, task.dependencies, task.retry_count, client.inner.position) == ("in_progress", ["a"], 1, 40)
    with pytest.raises(TypeError, match="did you mean 'dependencies'"):
        await client.create_task("s-1", dependecies=["a"])


async def test_a_task_is_updated_by_what_is_named(client: Client, server: FakeServer) -> None:
    server.will_answer(TASK)
    await client.update_task("t", parent_id=None, priority=1, description="after", reason="why")
    assert server.asked == "PUT /api/tasks/update"
    assert server.body == {"parentId": None, "priority": 1, "description": "after", "reason": "why"}


@pytest.mark.parametrize(
    ("step", "given", "sent"),
    [
        ("start", (), {}),
        ("complete", ({"lines": 3},), {"result": {"lines": 3}}),
        ("complete", (), {"result": None}),
        ("fail", (["x"],), {"error": ["x"]}),
        ("cancel", (), {}),
        ("retry", (), {}),
    ],
)
async def test_each_step_of_a_task_is_a_call_of_its_own(
    client: Client, server: FakeServer, step: str, given: tuple[Any, ...], sent: dict[str, Any]
) -> None:
    server.will_answer(TASK)
    await getattr(client, f"{step}_task")("t", *given, **WHY)
    assert (server.asked, server.query) == (f"POST /api/tasks/{step}", {"id": ["t"]})
    assert server.body == sent | SENT


async def test_lists_and_trees_wait_for_what_this_client_has_done(client: Client, server: FakeServer) -> None:
    server.will_answer(TASK)
    await client.start_task("t")
    server.will_answer({"items": [TASK], "nextCursor": None})
    page = await client.list_tasks(session_id="s-1", code_area="src", file="a.py", limit=5, parent_id=None)
    assert server.asked == "GET /api/tasks"
    assert server.query == {
        "sessionId": ["s-1"],
        "codeArea": ["src"],
        "file": ["a.py"],
        "limit": ["5"],
        "minPosition": ["40"],
    }
    assert page.items[0].id == "t"
    server.will_answer({"items": [TASK | {"depth": 2, "children": ["u"]}], "complete": False})
    tree = await client.task_tree("s-1")
    assert (server.asked, server.query) == ("GET /api/tasks/tree", {"sessionId": ["s-1"], "minPosition": ["40"]})
    assert (tree.items[0].depth, tree.items[0].children, tree.complete) == (2, ["u"], False)
    server.will_answer(TASK)
    assert (await client.get_task("t")).session_id == "s-1"


@pytest.mark.parametrize(
    ("status", "code", "kind", "members"),
    [
        (404, "task-not-found", TaskNotFoundError, {}),
        (410, "task-erased", TaskErasedError, {}),
        (409, "session-status", SessionStatusError, {"currentStatus": "paused"}),
        (409, "dependencies-not-met", DependenciesNotMetError, {"dependencies": [{"id": "a", "status": "failed"}]}),
        (409, "task-cycle", TaskCycleError, {"cycle": ["a", "b", "a"]}),
    ],
)
async def test_refusals_are_errors_of_their_own(
    client: Client, server: FakeServer, status: int, code: str, kind: type[Exception], members: dict[str, Any]
) -> None:
    server.will_refuse(status, code, **members)
    with pytest.raises(kind) as refusal:
        await client.start_task("t")
    error = refusal.value
    if isinstance(error, SessionStatusError):
        assert error.current_status == "paused"
    if isinstance(error, DependenciesNotMetError):
        assert error.dependencies == {"a": "failed"}
    if isinstance(error, TaskCycleError):
        assert error.cycle == ["a", "b", "a"]

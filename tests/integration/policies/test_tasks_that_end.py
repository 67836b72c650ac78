"""Tasks end with their session and with their parent, each once; and nobody is unblocked by a failure."""

from typing import Any

import pytest

from tests.integration.policies.acting import Policed


class Work:
    """A session and its tasks, by HTTP."""

    def __init__(self, policed: Policed) -> None:
        self.policed, self.http = policed, policed.api.http

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = await self.http.post(path, json=body or {})
        assert answer.is_success, answer.text
        return answer.json()

    async def task(self, task_id: str, **details: Any) -> Any:
        return await self.post("/api/tasks", {"id": task_id, "sessionId": "s-1", **details})

    async def step(self, task_id: str, step: str) -> Any:
        return await self.post(f"/api/tasks/{step}/{task_id}")

    async def get(self, task_id: str) -> Any:
        return (await self.http.get(f"/api/tasks/get/{task_id}")).json()

    async def statuses(self, *task_ids: str) -> list[str]:
        return [(await self.get(task_id))["status"] for task_id in task_ids]

    async def log(self) -> list[Any]:
        return list(await self.policed.api.services.store.reader.log(0, 10_000))

    async def by_policies(self) -> list[Any]:
        return [recorded for recorded in await self.log() if (recorded.origin.actor or "").startswith("policy:")]


@pytest.fixture
async def work(policed: Policed) -> Work:
    made = Work(policed)
    await made.post("/api/sessions", {"id": "s-1"})
    return made


@pytest.mark.parametrize(
    ("end", "policy", "why"),
    [
        ("complete", "session-ended", "session 's-1' was completed"),
        ("fail", "session-ended", "session 's-1' has failed"),
        ("delete", "session-deleted", "session 's-1' was deleted"),
    ],
)
async def test_open_tasks_of_a_session_that_ends_are_cancelled_and_ended_ones_stay(
    work: Work, end: str, policy: str, why: str
) -> None:
    for task_id in ("pending", "started", "done", "failed", "cancelled"):
        await work.task(task_id)
    for task_id in ("started", "done", "failed"):
        await work.step(task_id, "start")
    await work.step("done", "complete")
    await work.step("failed", "fail")
    await work.step("cancelled", "cancel")
    if end == "delete":
        ended = (await work.http.delete("/api/sessions/delete/s-1", params={"correlationId": "c"})).json()
    else:
        ended = await work.post(f"/api/sessions/{end}/s-1", {"correlationId": "c"})
    await work.policed.catch_up()
    assert await work.statuses("pending", "started", "done", "failed", "cancelled") == [
        "cancelled",
        "cancelled",
        "completed",
        "failed",
        "cancelled",
    ]
    assert (await work.get("pending"))["reason"] == why
    made = await work.by_policies()
    assert len(made) == 2
    assert {recorded.origin.actor for recorded in made} == {f"policy:{policy}"}
    assert {recorded.origin.causation_id for recorded in made} == {f"evt_{ended['position']}"}
    assert {recorded.origin.correlation_id for recorded in made} == {"c"}


async def test_open_tasks_of_a_session_that_expired_are_cancelled(work: Work) -> None:
    policed = work.policed
    await work.post("/api/sessions", {"id": "s-2", "timeout": 60})
    await work.post("/api/tasks", {"id": "t", "sessionId": "s-2"})
    policed.clock.advance(61)
    await policed.sessions.expire("s-2")
    await policed.catch_up()
    task = await work.get("t")
    assert (task["status"], task["reason"]) == ("cancelled", "session 's-2' has expired")


async def test_open_children_of_a_cancelled_task_are_cancelled_down_to_the_last(work: Work) -> None:
    await work.task("root")
    await work.task("child", parentId="root")
    await work.task("done", parentId="root")
    await work.task("grandchild", parentId="child")
    await work.task("other")
    await work.step("done", "start")
    await work.step("done", "complete")
    cancelled = await work.step("root", "cancel")
    await work.policed.catch_up()
    assert await work.statuses("root", "child", "grandchild", "done", "other") == [
        "cancelled",
        "cancelled",
        "cancelled",
        "completed",
        "pending",
    ]
    first, second = await work.by_policies()
    assert first.origin.causation_id == f"evt_{cancelled['position']}"
    assert second.origin.causation_id == f"evt_{first.position}"
    assert {recorded.origin.actor for recorded in (first, second)} == {"policy:task-cancelled"}
    assert first.origin.session_id == "s-1"
    assert (await work.get("grandchild"))["reason"] == "its parent 'child' was cancelled"


async def test_a_child_that_comes_to_a_cancelled_parent_is_cancelled_too_and_one_that_left_in_time_is_not(
    work: Work,
) -> None:
    await work.task("root")
    await work.task("leaves", parentId="root")
    await work.task("joins")
    answer = await work.http.put("/api/tasks/update/leaves", json={"parentId": None})
    assert answer.status_code == 200, answer.text
    await work.step("root", "cancel")
    await work.policed.catch_up()
    answer = await work.http.put("/api/tasks/update/joins", json={"parentId": "root"})
    assert answer.status_code == 200, answer.text
    await work.task("late", parentId="root")
    await work.policed.catch_up()
    assert await work.statuses("leaves", "joins", "late") == ["pending", "cancelled", "cancelled"]


async def test_children_of_a_task_that_was_completed_or_failed_go_on(work: Work) -> None:
    for task_id, end in (("good", "complete"), ("bad", "fail")):
        await work.task(task_id)
        await work.task(f"below-{task_id}", parentId=task_id)
        await work.step(task_id, "start")
        await work.step(task_id, end)
    await work.policed.catch_up()
    assert await work.statuses("below-good", "below-bad") == ["pending", "pending"]
    assert await work.by_policies() == []


async def test_a_failed_or_cancelled_task_unblocks_nobody_and_ends_nobody_who_waits_for_it(work: Work) -> None:
    await work.task("bad")
    await work.task("gone")
    await work.task("waits", dependencies=["bad"])
    await work.task("waits-too", dependencies=["gone"])
    await work.step("bad", "start")
    await work.step("bad", "fail")
    await work.step("gone", "cancel")
    await work.policed.catch_up()
    for task_id in ("waits", "waits-too"):
        answer = await work.http.post(f"/api/tasks/start/{task_id}", json={})
        assert answer.status_code == 409, answer.text
    assert await work.statuses("waits", "waits-too") == ["pending", "pending"]


async def test_a_deleted_session_takes_tasks_and_contexts_and_all_is_done_once(work: Work) -> None:
    await work.task("root")
    for number in range(30):
        await work.task(f"t{number}", parentId="root")
        await work.policed.api.stored(f"k{number}", number, sessionId="s-1")
    await work.http.delete("/api/sessions/delete/s-1")
    await work.policed.catch_up(at_once=7, page=11)
    made = await work.by_policies()
    assert len({recorded.stream_id for recorded in made}) == len(made) == 61
    assert {recorded.origin.actor for recorded in made} == {"policy:session-deleted"}

"""Tasks of an encrypted session are encrypted with it, and are erased with it."""

from domain.recorded import stream_id
from domain.tasks.events import TaskErased
from domain.tasks.identity import stream_name
from infrastructure.payloads.header import is_encrypted
from tests.fixtures.http import Api, refused
from tests.integration.http.session_calls import begin
from tests.integration.http.task_calls import listed, look, made, step, took
from tests.integration.projections.reading import fetch

SECRET = "nobody should read this"


async def test_with_a_session_go_its_tasks(sealed: Api, projection: object, database_url: str) -> None:
    await begin(sealed, encrypt=True, userId="u")
    await begin(sealed, "clear")
    task = await made(sealed, "t", description=SECRET, project="p", codeArea="src", files=["a.py"], type="edit")
    await made(sealed, "kept", "clear", description="plain")
    await took(sealed, "start", "t")
    assert (await took(sealed, "complete", "t", result={"said": SECRET}))["encrypted"] is True
    assert task["encrypted"] is True
    # What is asked for by what only the payload has is not found; names, type and status are not hidden.
    assert await listed(sealed, sessionId="s") == await listed(sealed, type="edit", status="completed") == ["t"]
    assert await listed(sealed, project="p") == await listed(sealed, file="a.py") == []
    rows = await fetch(database_url, "SELECT * FROM current_state_v1.tasks WHERE task_id = 't'")
    assert is_encrypted(rows[0]["document"])
    assert (rows[0]["project"], rows[0]["code_area"], rows[0]["files"]) == (None, None, [])
    payloads = await fetch(database_url, "SELECT payload FROM contextline.events")
    assert not any(SECRET.encode() in row["payload"] for row in payloads)

    answer = await sealed.http.post("/api/sessions/erase/s", json={"reason": "asked for"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["erasedSessions"], answer.json()["erasedTasks"], answer.json()["clearTotal"]) == (1, 1, 0)
    await refused(sealed, sealed.http.get("/api/tasks/get/t"), 410, "task-erased")
    await refused(sealed, step(sealed, "cancel", "t"), 410, "task-erased")
    assert await listed(sealed) == ["kept"]
    assert (await look(sealed, "kept"))["description"] == "plain"
    (*_, last) = await sealed.services.store.read_stream("default", stream_id("default", stream_name("t")))
    assert isinstance(last.event, TaskErased)
    assert (last.event.task_id, last.event.reason) == ("t", "asked for")


async def test_erasing_a_user_takes_the_tasks_of_their_sessions_along(sealed: Api, projection: object) -> None:
    await begin(sealed, encrypt=True, userId="u")
    await made(sealed, "t")
    answer = await sealed.http.post("/api/users/erase", json={"userId": "u"})
    assert (answer.json()["erasedSessions"], answer.json()["erasedTasks"]) == (1, 1)
    await refused(sealed, sealed.http.get("/api/tasks/get/t"), 410, "task-erased")


async def test_tasks_that_are_in_the_clear_are_told(sealed: Api, projection: object) -> None:
    await begin(sealed)
    await made(sealed, "t")
    problem = await refused(sealed, sealed.http.post("/api/sessions/erase/s", json={}), 409, "stored-in-the-clear")
    assert "2 things" in problem["detail"]

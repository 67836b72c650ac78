"""Tasks as a caller of the HTTP API has them."""

from typing import Any

import httpx

from tests.fixtures.http import Api


async def create(api: Api, task_id: str | None = None, session_id: str = "s", **body: Any) -> httpx.Response:
    named = {"id": task_id} if task_id is not None else {}
    return await api.http.post("/api/tasks", json={"sessionId": session_id, **named, **body})


async def made(api: Api, task_id: str | None = None, session_id: str = "s", **body: Any) -> Any:
    """The answer to a creation that must succeed."""
    answer = await create(api, task_id, session_id, **body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def step(api: Api, name: str, task_id: str, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    method = "PUT" if name == "update" else "POST"
    return await api.http.request(method, f"/api/tasks/{name}", params={"id": task_id}, json=body, headers=headers)


async def took(api: Api, name: str, task_id: str, **body: Any) -> Any:
    """The answer to a step that must succeed."""
    answer = await step(api, name, task_id, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def look(api: Api, task_id: str) -> Any:
    answer = await api.http.get("/api/tasks/get", params={"id": task_id})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def listed(api: Api, **query: Any) -> list[str]:
    """The ids on all pages, of what everything acknowledged so far left."""
    pages = await api.pages("/api/tasks", minPosition=await api.log_end(), **query)
    return [task["id"] for page in pages for task in page]

"""Sessions as a caller of the HTTP API has them."""

from typing import Any

import httpx

from tests.fixtures.http import Api


async def ask(api: Api, step: str, session_id: str = "s", **body: Any) -> httpx.Response:
    if step == "delete":
        return await api.http.delete("/api/sessions/delete", params={"id": session_id, **body})
    if step == "update":
        asked = body or {"metadata": {}}
        return await api.http.put("/api/sessions/update", params={"id": session_id}, json=asked)
    return await api.http.post(f"/api/sessions/{step}", params={"id": session_id}, json=body)


async def done(api: Api, step: str, session_id: str = "s", **body: Any) -> Any:
    """The answer to a step that must succeed."""
    answer = await ask(api, step, session_id, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def begin(api: Api, session_id: str = "s", **body: Any) -> Any:
    answer = await api.http.post("/api/sessions", json={"id": session_id, **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def read(api: Api, session_id: str = "s") -> Any:
    answer = await api.http.get("/api/sessions/get", params={"id": session_id})
    assert answer.status_code == 200, answer.text
    return answer.json()

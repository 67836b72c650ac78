"""What is refused before any route sees it."""

import json
from typing import Any

import pytest

from interfaces.http.requests import Edge


async def status_of(
    path: bytes = b"/api/context/get/k", query: bytes = b"", method: str = "GET", **headers: str
) -> Any:
    """200 where it went through to the application, else the status and the code of the refusal."""
    sent: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    found = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "raw_path": path, "query_string": query, "headers": found}
    await Edge(application)(scope, receive, send)
    status = sent[0]["status"]
    return status if status == 200 else (status, json.loads(sent[1]["body"])["code"])


@pytest.mark.parametrize("text", [b"k", b"%C3%A9", b"%F0%9F%98%80", b"%zz", b"%", b"100%25", b"a+b", b"%2F%2e"])
async def test_percent_encoded_utf8_goes_through(text: bytes) -> None:
    assert await status_of(path=b"/" + text) == 200
    assert await status_of(query=b"key=" + text) == 200


@pytest.mark.parametrize("text", [b"\xc3\xa9", b"\xff", b"%FF", b"%C3", b"%ED%A0%80", b"%C0%AF", b"k\xe2\x80%A8"])
async def test_everything_else_is_400(text: bytes) -> None:
    assert await status_of(path=b"/" + text) == (400, "malformed-request")
    assert await status_of(query=b"key=" + text) == (400, "malformed-request")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_an_idempotency_key_is_a_promise_that_can_not_be_kept_yet(method: str) -> None:
    assert await status_of(method=method, **{"idempotency-key": "1"}) == (501, "not-implemented")


async def test_an_idempotency_key_on_a_read_promises_nothing() -> None:
    assert await status_of(**{"idempotency-key": "1"}) == 200

"""A server that is a list of answers, and a way to call both clients alike."""

import inspect
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from contextline import AsyncContextClient, ContextClient

AT = "2031-06-03T10:00:00.25Z"
STORED = {
    "id": "ctx_1",
    "key": "plan",
    "namespace": "",
    "version": 1,
    "position": 7,
    "created": True,
    "createdAt": AT,
    "updatedAt": AT,
    "expiresAt": None,
}
UPDATED = {key: value for key, value in STORED.items() if key not in ("created", "createdAt")} | {
    "version": 2,
    "position": 9,
}
DELETED = {"key": "plan", "namespace": "", "deleted": True, "version": 3, "position": 11}
ROLLED_BACK = UPDATED | {"toVersion": 1}
LISTED = {
    "id": "ctx_1",
    "key": "plan",
    "namespace": "n",
    "version": 2,
    "position": 9,
    "sessionId": "s-1",
    "agentId": None,
    "userId": None,
    "type": "generic",
    "tags": ["plan"],
    "priority": 0,
    "importance": 0.5,
    "features": [],
    "permissions": [],
    "environment": "development",
    "documentVersion": "1.0.0",
    "ttl": 3600,
    "metadata": {},
    "createdAt": AT,
    "updatedAt": AT,
    "expiresAt": AT,
}
CONTEXT = LISTED | {"data": {"step": 1}, "checkpoints": {"first": 1}, "accessCount": 2, "lastAccessedAt": AT}
SESSION = {
    "id": "s-1",
    "status": "active",
    "userId": "u-1",
    "data": {},
    "metadata": {"taskId": 5},
    "outcome": {},
    "reason": None,
    "version": 1,
    "position": 4,
    "createdAt": AT,
    "updatedAt": AT,
    "endedAt": None,
}
EMPTY_PAGE: dict[str, Any] = {"items": [], "nextCursor": None}


@dataclass
class FakeServer:
    """Gives its answers one after the other, and keeps what it was asked."""

    answers: list[httpx.Response | Exception] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def will_answer(self, body: Any, status: int = 200, **headers: str) -> None:
        self.answers.append(httpx.Response(status, json=body, headers=headers))

    def will_refuse(self, status: int, code: str, retry_after: str | None = None, **members: Any) -> None:
        body = {"type": f"urn:contextline:problem:{code}", "title": "No", "status": status, "code": code} | members
        headers = {"content-type": "application/problem+json"} | ({"retry-after": retry_after} if retry_after else {})
        self.answers.append(httpx.Response(status, content=json.dumps(body), headers=headers))

    def will_fail(self, error: Exception) -> None:
        self.answers.append(error)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def asked(self) -> str:
        """The last request: method and path."""
        return f"{self.requests[-1].method} {self.requests[-1].url.path}"

    @property
    def query(self) -> dict[str, list[str]]:
        """The last request's query."""
        parameters = self.requests[-1].url.params
        return {name: parameters.get_list(name) for name in parameters}

    @property
    def body(self) -> Any:
        """The last request's body."""
        return json.loads(self.requests[-1].content)


@dataclass
class Client:
    """Either client, with everything to be awaited."""

    inner: ContextClient | AsyncContextClient

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def call(*arguments: Any, **options: Any) -> Any:
            answer = getattr(self.inner, name)(*arguments, **options)
            return await answer if inspect.isawaitable(answer) else answer

        return call

    async def all(self, **options: Any) -> list[Any]:
        found = self.inner.iterate(**options)
        return [item async for item in found] if isinstance(found, AsyncIterator) else list(found)

    async def end(self) -> None:
        await self.close() if isinstance(self.inner, ContextClient) else await self.aclose()

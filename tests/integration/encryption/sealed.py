"""The API with keys, another process with the same keys, and the projection that feeds its lists."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio

from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, open_api, running_projection
from tests.integration.projections.reading import fetch


@pytest_asyncio.fixture
async def sealed(database_url: str, clock: MovableClock, key_settings: dict[str, Any]) -> AsyncIterator[Api]:
    """The API on `database_url`, with keys."""
    async with open_api(database_url, clock, **key_settings) as opened:
        yield opened


@pytest_asyncio.fixture
async def other(
    sealed: Api, database_url: str, clock: MovableClock, key_settings: dict[str, Any]
) -> AsyncIterator[Api]:
    """Another process on the same database and key store."""
    async with open_api(database_url, clock, **key_settings) as opened:
        yield opened


@pytest_asyncio.fixture
async def projection(
    sealed: Api, database_url: str, clock: MovableClock, key_settings: dict[str, Any]
) -> AsyncIterator["asyncio.Task[None]"]:
    """The current state of `database_url`, kept up to date with the same keys."""
    async with running_projection(database_url, clock, **key_settings) as task:
        yield task


async def erase(api: Api, key: str, **body: Any) -> httpx.Response:
    return await api.http.post("/api/context/erase", json={"key": key, **body})


async def erased(api: Api, key: str, **body: Any) -> Any:
    """The answer to an erasure that must succeed."""
    answer = await erase(api, key, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def history(api: Api, key: str) -> Any:
    answer = await api.http.get("/api/context/history", params={"key": key})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def read_model(api: Api, url: str) -> Any:
    """The rows of the current state: every column as it stands, and what the payloads give."""
    contexts = await fetch(url, "SELECT * FROM current_state_v1.contexts ORDER BY context_id")
    sessions = await fetch(url, "SELECT * FROM current_state_v1.sessions ORDER BY stream_id")
    for row in contexts + sessions:
        # Encrypting the same twice gives other bytes.
        for payload in ("attributes", "data", "document"):
            row.pop(payload, None)
    shown = [await api.pages(order="key", include="data"), await api.pages("/api/sessions")]
    return contexts, sessions, shown

"""Both clients against a server that is a list of answers."""

from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx
import pytest
from client_fakes import Client, FakeServer

from contextline import AsyncContextClient, ContextClient


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    fake = FakeServer()

    async def sleep(seconds: float) -> None:
        fake.waits.append(seconds)

    monkeypatch.setattr("contextline._sync.transport.time", SimpleNamespace(sleep=fake.waits.append))
    monkeypatch.setattr("contextline._async.transport.anyio", SimpleNamespace(sleep=sleep))
    monkeypatch.delenv("CONTEXTLINE_URL", raising=False)
    return fake


@pytest.fixture(params=[ContextClient, AsyncContextClient], ids=["sync", "async"])
async def client(request: pytest.FixtureRequest, server: FakeServer) -> AsyncIterator[Client]:
    made = Client(request.param("http://store.test", transport=httpx.MockTransport(server)))
    yield made
    await made.end()

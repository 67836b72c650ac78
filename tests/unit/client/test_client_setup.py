"""Making clients, the one-line functions, and the generator."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from client_fakes import CONTEXT, EMPTY_PAGE, STORED, FakeServer

import contextline
from contextline import (
    AsyncContextClient,
    ConnectionFailedError,
    ContextClient,
    InvalidInputError,
    get_context,
    store_context,
)
from contextline import _shortcuts as shortcuts

ROOT = Path(__file__).resolve().parents[3]


def test_the_address_is_the_argument_else_the_environment_else_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTEXTLINE_URL", "https://store.test/base")
    with ContextClient() as named, ContextClient("http://other.test:1") as given:
        assert repr(named) == "ContextClient('https://store.test/base')"
        assert repr(given) == "ContextClient('http://other.test:1')"
    monkeypatch.delenv("CONTEXTLINE_URL")
    with ContextClient() as default:
        assert repr(default) == "ContextClient('http://127.0.0.1:3100')"


def test_a_path_in_the_address_stays_in_front(server: FakeServer) -> None:
    server.will_answer(CONTEXT)
    with ContextClient("https://store.test/base/", transport=httpx.MockTransport(server)) as client:
        client.get("plan")
    assert server.asked == "GET /base/api/context/get"


@pytest.mark.parametrize("url", ["localhost:3100", "127.0.0.1", "ftp://store.test", "http://"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(InvalidInputError, match="begins with http:// or https://"):
        ContextClient(url)


def test_retries_are_counted_from_zero() -> None:
    with pytest.raises(ValueError, match="negative"):
        ContextClient(retries=-1)


def test_requests_say_who_asks(server: FakeServer) -> None:
    for _ in range(2):
        server.will_answer(CONTEXT)
    transport = httpx.MockTransport(server)
    with ContextClient("http://store.test", transport=transport) as client:
        client.get("plan")
    headers = server.requests[0].headers
    assert headers["user-agent"].startswith("contextline-python/")
    assert "authorization" not in headers
    with ContextClient("http://store.test", api_key="secret", transport=transport) as client:
        client.get("plan")
        assert "secret" not in repr(client)
    assert server.requests[1].headers["authorization"] == "Bearer secret"


def test_passwords_in_the_address_are_not_shown(server: FakeServer) -> None:
    server.will_fail(httpx.ConnectError("refused"))
    transport = httpx.MockTransport(server)
    with ContextClient("http://ada:secret@store.test", retries=0, transport=transport) as client:
        assert "secret" not in repr(client)
        with pytest.raises(ConnectionFailedError) as caught:
            client.get("plan")
    assert "secret" not in str(caught.value)
    assert "authorization" in server.requests[0].headers


def test_the_timeout_is_the_servers_not_the_queues(server: FakeServer) -> None:
    server.will_answer(EMPTY_PAGE)
    with ContextClient("http://store.test", timeout=3, transport=httpx.MockTransport(server)) as client:
        client.list()
    assert server.requests[0].extensions["timeout"] == {"connect": 3, "read": 3, "write": 3, "pool": None}


def test_a_proxy_of_the_environment_is_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with ContextClient("http://localhost:1", retries=0) as client, pytest.raises(ConnectionFailedError):
        client.health()
    with ContextClient() as client:
        assert not client._transport._http._mounts


async def test_the_asynchronous_client_is_a_context_manager(server: FakeServer) -> None:
    server.will_answer(CONTEXT)
    async with AsyncContextClient("http://store.test", transport=httpx.MockTransport(server)) as client:
        assert (await client.get("plan")).data == {"step": 1}
    with pytest.raises(RuntimeError, match="closed"):
        await client.get("plan")


def test_one_line_functions_share_one_client(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ContextClient] = []

    def make() -> ContextClient:
        made.append(ContextClient("http://store.test", transport=httpx.MockTransport(server)))
        return made[-1]

    monkeypatch.setattr(shortcuts, "ContextClient", make)
    shortcuts._shared_client.cache_clear()
    try:
        server.will_answer(STORED, 201)
        assert store_context("plan", {"step": 1}, session_id="s-1").created
        assert server.body == {"key": "plan", "data": {"step": 1}, "options": {"sessionId": "s-1"}}
        server.will_answer(CONTEXT)
        assert get_context("plan", version=2).data == {"step": 1}
        assert server.query == {"key": ["plan"], "version": ["2"]}
        assert len(made) == 1
    finally:
        shortcuts._shared_client.cache_clear()


def test_everything_public_is_there() -> None:
    for name in contextline.__all__:
        assert hasattr(contextline, name)


def test_the_synchronous_client_is_up_to_date() -> None:
    script = [sys.executable, "scripts/generate_sync_client.py", "--check"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_package_does_not_need_the_servers_folders(tmp_path: Path) -> None:
    program = "import sys, contextline; print([name for name in ('domain', 'application') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""What wrk's scripts send, seen by a server that only writes it down."""

import contextlib
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from benchmarks import b3_store, b10_memory, bodies, wrk
from benchmarks.harness import BenchmarkError

needs_wrk = pytest.mark.skipif(
    shutil.which("wrk") is None, reason="wrk is not installed: scripts/install-bench-tools does it on Debian"
)


class Seen(NamedTuple):
    method: str
    path: str
    body: Any


class Server:
    """Answers 204 to everything."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/json"
                body = self.rfile.read(int(self.headers["Content-Length"]))
                seen.append(Seen(self.command, self.path, json.loads(body)))
                self.send_response(204)
                self.end_headers()

            do_PUT = do_POST  # noqa: N815 (by this name it is found)

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                # wrk hangs up at its end.
                with contextlib.suppress(ConnectionError):
                    super().handle()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@needs_wrk
def test_stores_have_keys_of_their_own(server: Server, tmp_path: Path) -> None:
    made = bodies.write(tmp_path, "stores", bodies.stores())
    sample = wrk.run(
        f"{server.url}/api/context/store",
        connections=2,
        seconds=1,
        script=b3_store.SCRIPT,
        arguments=("run-7-", made),
    )
    keys = [seen.body["key"] for seen in server.seen]
    assert len(set(keys)) == len(keys) >= sample.raw["requests"] > 10
    assert all(key.startswith("run-7-") for key in keys)
    assert {(seen.method, seen.path) for seen in server.seen} == {("POST", "/api/context/store")}
    assert server.seen[0].body.keys() == {"key", "data", "options"}


@needs_wrk
@pytest.mark.parametrize("begin", [0, 3])
def test_commands_store_each_context_once_and_then_update_those(server: Server, tmp_path: Path, begin: int) -> None:
    files = (bodies.write(tmp_path, "stores", bodies.stores()), bodies.write(tmp_path, "updates", bodies.updates()))
    wrk.run(server.url, connections=1, seconds=1, script=b10_memory.SCRIPT, arguments=(begin, 12, *files))
    stores = [seen for seen in server.seen if seen.method == "POST"]
    updates = server.seen[len(stores) :]
    assert [seen.body["key"] for seen in stores] == [f"context-{number}" for number in range(begin + 1, 13)]
    assert len(updates) > 10
    for seen in updates:
        assert (seen.method, seen.path.split("?")[0]) == ("PUT", "/api/context/update")
        assert seen.path.partition("?key=")[2] == "context-1"
        assert seen.body["options"]["changeType"] == "merge"


def test_endpoints_that_do_not_do_what_they_should_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {("real", True): 201, ("real", False): 422, ("idle", True): 204, ("idle", False): 422}

    def post(target: str, content: str, **_: Any) -> httpx.Response:
        return httpx.Response(answers[target, '"unknown"' not in content], request=httpx.Request("POST", "http://x"))

    monkeypatch.setattr(httpx, "post", post)
    b3_store.check("real", "idle", '{"key":"k","data":1}')
    for one, wrong in ((("idle", False), 204), (("real", True), 200), (("idle", True), 404)):
        right, answers[one] = answers[one], wrong
        with pytest.raises(BenchmarkError, match=f"{one[0]} answered {wrong}"):
            b3_store.check("real", "idle", '{"key":"k","data":1}')
        answers[one] = right

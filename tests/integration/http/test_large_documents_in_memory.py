"""Large documents are streamed in and out: how much memory the API's process takes for one of 15 MiB, at its peak."""

import http.client
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.fixtures.waiting import DEADLINE
from tests.support.running import wait_until

# What is measured depends on the allocator and on the kernel: by `make soak`, where a miss holds nothing else up.
pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(sys.platform != "linux", reason="the peak is told by Linux's /proc"),
]

ROOT = Path(__file__).resolve().parents[3]
MEGABYTE = 1024 * 1024
SIZE = 15 * MEGABYTE
PROGRAM = """
import sys
from infrastructure.settings import Settings
from interfaces.cli.server import bind, serve
settings = Settings(_env_file=None, port=0)
listener = bind(settings)
print(listener.getsockname()[1], flush=True)
serve(settings, sys.argv[1], listener)
"""


class Process:
    """The API in a process of its own, as `contextline serve` runs it."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", PROGRAM, url], cwd=ROOT, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The answer to what must succeed."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=DEADLINE)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status in (200, 201), text
        connection.close()
        return text

    def held(self) -> float:
        """MiB of memory that it has now."""
        return self._told("VmRSS")

    def forget_the_peak(self) -> None:
        """Measure anew from here on."""
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")

    def peak(self) -> float:
        """MiB that it had at most."""
        return self._told("VmHWM")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _told(self, what: str) -> float:
        found = re.search(what + r":\s+(\d+) kB", Path(f"/proc/{self._process.pid}/status").read_text())
        assert found is not None
        return int(found[1]) / 1024


@pytest.fixture
def processes(database_url: str) -> Iterator[list[Process]]:
    """Two that have answered before."""
    started = [Process(database_url) for _ in range(2)]
    for process in started:
        process.ask("POST", "/api/context/store", b'{"key": "first", "data": 1}')
        process.ask("GET", "/api/context/get?key=first")
        process.forget_the_peak()
    yield started
    for process in started:
        process.stop()


def test_storing_and_reading_a_large_document_takes_little_more_than_the_document(
    processes: list[Process], database_url: str
) -> None:
    warm, cold = processes
    rng = random.Random(1)
    words = [f"{rng.getrandbits(30):x} " for _ in range(2_000)]
    text = "".join(rng.choices(words, k=SIZE // 7))[:SIZE].encode()
    base = warm.held()
    # Twice the document: as text and parsed, then parsed and as MessagePack. It was 59 MiB, with the snapshot.
    warm.ask("POST", "/api/context/store", b'{"key": "k", "data": "' + text + b'"}')
    assert warm.peak() - base < 42
    with psycopg.connect(database_url, autocommit=True) as look:
        wait_until(lambda: bool(look.execute("SELECT 1 FROM contextline.snapshots").fetchone()), "the snapshot is kept")
    # What stays is the document itself, in the cache. It was 59.
    assert warm.held() - base < 27
    # Encoded while it is sent. It was 67.
    warm.forget_the_peak()
    assert text in warm.ask("GET", "/api/context/get?key=k")
    assert warm.peak() - base < 29
    base = cold.held()
    # The pieces as they were kept and put together, then the document that comes of them. It was 41.
    assert text in cold.ask("GET", "/api/context/get?key=k")
    assert cold.peak() - base < 43

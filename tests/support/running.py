"""A whole store, started the way a user starts it, for tests from outside."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

PATIENCE = 120.0
"""Seconds that whole processes get on a busy machine; it costs nothing when all goes well."""


def free_port() -> int:
    """A port that is free, below those that systems hand out by themselves: no connection takes it meanwhile."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(condition: Callable[[], bool], what: str, deadline: float = PATIENCE) -> None:
    """Look until it holds."""
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, f"not within {deadline} s: {what}"
        time.sleep(0.05)


class RunningStore:
    """`contextline up` in a process of its own."""

    def __init__(self, data_dir: Path, command: list[str] | None = None, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data_dir.parent / f"{data_dir.name}.log"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONTEXTLINE_")}
        self.environment = {
            **inherited,
            "CONTEXTLINE_DATA_DIR": str(data_dir),
            "CONTEXTLINE_PORT": str(self.port),
            "CONTEXTLINE_URL": self.url,
            **environment,
        }
        self._command = command or [sys.executable, "-m", "contextline"]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, wait: bool = True) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._command, "up"], env=self.environment, stdout=log, stderr=log, cwd=self.data_dir.parent
            )
        if wait:
            wait_until(self.is_healthy, "the store is healthy")

    def is_healthy(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"it ended: {self.log.read_text()[-2000:]}"
        try:
            answer = httpx.get(f"{self.url}/api/context/health", timeout=15, trust_env=False)
        except httpx.HTTPError:
            return False
        healthy: bool = answer.json()["status"] == "healthy"
        return healthy

    def is_caught_up(self) -> bool:
        """Whether the lists show everything that is in the log."""
        told = httpx.get(f"{self.url}/api/projections", timeout=PATIENCE, trust_env=False).json()
        return all(item["position"] == told["logEnd"] for item in told["items"])

    def process_named(self, *words: str) -> psutil.Process | None:
        """The child whose command line has these words."""
        assert self.process is not None
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):  # ended, and not yet collected
                if all(word in child.cmdline() for word in words):
                    return child
        return None

    def signal(self, number: int = signal.SIGINT, deadline: float = PATIENCE) -> int:
        """Send a signal, wait for the end; the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(deadline)

    def run(self, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """A command line against it."""
        return subprocess.run(
            [*self._command, *arguments], env=self.environment, capture_output=True, input=stdin, timeout=PATIENCE
        )

    def end(self) -> None:
        """Whatever state it is in, nothing of it is left."""
        if self.process is not None and self.process.poll() is None:
            children = psutil.Process(self.process.pid).children(recursive=True)
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            for child in children:
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            wait_until(lambda: not any(map(lives, children)), "its children are gone")


def lives(process: psutil.Process) -> bool:
    """Whether it is there, and not only waiting to be collected."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A temporary folder that the user who runs PostgreSQL can reach, also when the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="contextline-test-") as folder:
        path = Path(folder)
        path.chmod(0o711)
        yield path


@contextmanager
def running_store(**environment: str) -> Iterator[RunningStore]:
    """A fresh store, gone afterwards."""
    with reachable_folder() as folder:
        store = RunningStore(folder / "data", **environment)
        try:
            store.start()
            yield store
        finally:
            store.end()

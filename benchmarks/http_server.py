"""Starts the benchmarks' server as a process of its own, and ends it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks.bench_app import DATABASE_URL
from benchmarks.harness import BenchmarkError
from interfaces.cli.server import STOP_WHEN_CLOSED

_ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 30.0


class Started(NamedTuple):
    """A server's address and the number of its process."""

    address: str
    pid: int


@contextmanager
def serving(database_url: str) -> Iterator[str]:
    """The address of one API process on a database.

    Raises:
        BenchmarkError: it does not come up.
    """
    with started(database_url) as server:
        yield server.address


@contextmanager
def started(database_url: str, **settings: object) -> Iterator[Started]:
    """One API process on a database, with its default settings but for those that are given.

    Raises:
        BenchmarkError: it does not come up.
    """
    ours, theirs = os.pipe()
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.bench_app", str(listener.fileno()), *_arguments(settings)],
            cwd=_ROOT,
            env={**os.environ, DATABASE_URL: database_url, STOP_WHEN_CLOSED: str(ours)},
            pass_fds=(listener.fileno(), ours),
            stdin=subprocess.DEVNULL,
        )
    os.close(ours)
    try:
        _wait_until_ready(process, address)
        yield Started(address, process.pid)
    finally:
        # It ends when this pipe does, also when we are killed.
        os.close(theirs)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _arguments(settings: Mapping[str, object]) -> list[str]:
    return [f"{name}={value}" for name, value in settings.items()]


def _wait_until_ready(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/bench/static", timeout=1.0).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise BenchmarkError(f"the server does not answer (it ended with {process.poll()}); what it said stands above")

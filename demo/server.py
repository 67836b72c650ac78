"""A store of its own for the demo: started for it, in a folder of its own, and stopped with it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

START_SECONDS = 60.0
STOP_SECONDS = 30.0


class ServerError(Exception):
    """The store did not start."""


def data_folder(folder: Path) -> Path:
    """Where the store keeps its data."""
    return folder / "data"


def output_tail(folder: Path, lines: int = 25) -> str:
    """The last that the server wrote."""
    log = folder / "server.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


@contextmanager
def running_store(folder: Path) -> Iterator[str]:
    """The address of a store that runs until the block ends. Raises ServerError."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with (folder / "server.log").open("wb") as log:
        # A session of its own: Ctrl-C reaches the demo alone, which then stops the server in order.
        server = subprocess.Popen(
            [sys.executable, "-m", "contextline", "up"],
            env=_environment(folder, port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_healthy(server, url)
        yield url
    finally:
        _stop(server, folder)


def _environment(folder: Path, port: int) -> dict[str, str]:
    # What the shell says of another store, such as its database, must not reach the demo's.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONTEXTLINE_")}
    return kept | {
        "CONTEXTLINE_DATA_DIR": str(data_folder(folder)),
        "CONTEXTLINE_HOST": "127.0.0.1",
        "CONTEXTLINE_PORT": str(port),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_healthy(server: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    # trust_env: a proxy that the shell names is not for a server on this machine.
    with httpx.Client(timeout=2.0, trust_env=False) as client:
        while time.monotonic() < deadline:
            if server.poll() is not None:
                raise ServerError(f"the store ended with exit status {server.returncode} while starting")
            with suppress(httpx.TransportError):
                if client.get(f"{url}/api/context/health").status_code == 200:
                    return
            time.sleep(0.1)
    raise ServerError(f"the store was not healthy within {START_SECONDS:.0f} seconds")


def _stop(server: subprocess.Popen[bytes], folder: Path) -> None:
    """SIGINT first; what is still there after its time, and whatever it started, is made to end."""
    family = _family(server)
    try:
        if server.poll() is None:
            server.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                server.wait(STOP_SECONDS)
    finally:  # also after a second Ctrl-C
        # To PostgreSQL SIGTERM means "when all clients have gone", SIGINT means now.
        for process in family:
            _end(process, signal.SIGTERM)
        for process in _postgres(folder):
            _end(process, signal.SIGINT)
        server.wait(STOP_SECONDS)


def _end(process: psutil.Process, how: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        if not process.is_running():
            return
        process.send_signal(how)
        try:
            process.wait(10)
        except psutil.TimeoutExpired:
            process.kill()


def _family(server: subprocess.Popen[bytes]) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(server.pid)
        return [process, *process.children(recursive=True)]
    return []


def _postgres(folder: Path) -> list[psutil.Process]:
    """PostgreSQL leaves the family of who starts it; its pid file, in the folder while it runs, still names it."""
    found = []
    for file in data_folder(folder).rglob("postmaster.pid"):
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            process = psutil.Process(int(file.read_text().splitlines()[0]))
            # A pid file left by a crash may name a stranger.
            if str(file.parent) in " ".join(process.cmdline()):
                found.append(process)
    return found

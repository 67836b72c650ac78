"""`contextline up`: the whole store on one machine, as one command that supervises its processes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass

import httpx
from rich.console import Console

from contextline._launch import server_command
from infrastructure.keys.opening import check_keys, ensure_master_key
from infrastructure.postgres.connections import API, PROJECTION
from infrastructure.postgres.embedded import EmbeddedPostgres
from infrastructure.postgres.migrate import migrate
from infrastructure.settings import Settings
from interfaces.bootstrap import PROJECTIONS
from interfaces.cli.holding import hold
from interfaces.cli.server import STOP_WHEN_CLOSED, bind
from projections.policies.v1.project import Policies

POLICIES = "contextline_policies"
"""The login of the policies, where it is ours to make: they follow the log as a projection and write as the API."""

STEADY = 60.0
"""Seconds after which a process that was started again counts as well."""

GRACE = 20.0
"""Seconds that a process gets to end in order."""


@dataclass
class Child:
    """One supervised process, started again when it ends by itself; each time after a longer pause."""

    name: str
    arguments: list[str]
    environment: dict[str, str]
    descriptors: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    start_at: float = 0.0
    started_at: float = 0.0

    def start(self) -> None:
        """Start it, in a session of its own: Ctrl-C in the terminal is for the supervisor alone."""
        self.process = subprocess.Popen(
            [*server_command(), *self.arguments],
            env=self.environment,
            pass_fds=self.descriptors,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )

    def supervise(self, console: Console, now: float) -> None:
        """Start it if it isn't running and its pause is over."""
        if self.process is not None and self.process.poll() is not None:
            self.failures += 1
            pause = min(0.2 * 2**self.failures, 10.0)
            console.print(f"[yellow]{self.name} ended ({self.process.returncode}); starting it again in {pause:.1f} s")
            self.process, self.start_at = None, now + pause
        if self.process is None and now >= self.start_at:
            self.start()
            self.started_at = now
        elif self.process is not None and now - self.started_at > STEADY:
            self.failures = 0

    def stop(self) -> None:
        """Ask it to end, wait, then insist."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def up(settings: Settings, console: Console) -> None:
    """Start PostgreSQL (unless a URL names one) and all processes of the store; serve until SIGINT or SIGTERM.

    Raises:
        AlreadyRunningError: another one works in the data folder.
        OSError: the address can't be listened on.
    """
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with contextlib.ExitStack() as stack:
        embedded = settings.database_url is None
        lock = stack.enter_context(hold(settings.data_dir)) if embedded else None
        listener = stack.enter_context(bind(settings))
        host, port = listener.getsockname()[:2]
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        if lock:
            print(f"process {os.getpid()}, {address}", file=lock, end="", flush=True)
        postgres = None
        keys: dict[str, str] = {}
        if settings.database_url is None:
            keys = ensure_master_key(settings)
            postgres = EmbeddedPostgres(settings.data_dir)
            stack.callback(postgres.stop)
            postgres.start()
            owner, api, projection = postgres.url(), postgres.url(user=API), postgres.url(user=PROJECTION)
            policies = postgres.url(user=POLICIES)
            console.print(f"PostgreSQL runs in {settings.data_dir}")
        else:
            check_keys(settings)
            owner = api = projection = policies = settings.database_url.get_secret_value()
        for name in migrate(owner):
            console.print(f"Applied migration {name}")
        if postgres:
            postgres.make_login(POLICIES, (API, PROJECTION))
        _supervise(_children(listener, (api, projection, policies), keys, stack), postgres, address, stopped, console)


def _children(
    listener: socket.socket, urls: tuple[str, str, str], keys: dict[str, str], stack: contextlib.ExitStack
) -> list[Child]:
    api, projection, policies = urls
    # The writing end stays open as long as this process lives: when the reading ends see its end, they stop too.
    reading, writing = os.pipe()
    stack.callback(os.close, reading)
    stack.callback(os.close, writing)
    common = {**os.environ, **keys, STOP_WHEN_CLOSED: str(reading)}
    children = [
        Child(
            "the API",
            ["serve", "--listener", str(listener.fileno())],
            {**common, "CONTEXTLINE_DATABASE_URL": api},
            (reading, listener.fileno()),
        ),
        Child(
            "the projections",
            ["project", *PROJECTIONS],
            {**common, "CONTEXTLINE_DATABASE_URL": projection},
            (reading,),
        ),
        Child(
            "the policies",
            ["project", Policies.name],
            {**common, "CONTEXTLINE_DATABASE_URL": policies},
            (reading,),
        ),
    ]
    for child in children:
        stack.callback(child.stop)
    return children


def _supervise(
    children: list[Child],
    postgres: EmbeddedPostgres | None,
    address: str,
    stopped: threading.Event,
    console: Console,
) -> None:
    announced = False
    while not stopped.is_set():
        now = time.monotonic()
        if postgres and not postgres.is_running():
            console.print("[yellow]PostgreSQL ended; starting it again")
            postgres.start()
        for child in children:
            child.supervise(console, now)
        if not announced and _answers(address):
            announced = True
            for child in children:
                child.failures = 0
            console.print(
                f"contextline is up at [bold]{address}[/bold]  (documentation: {address}/api/context/docs; "
                "Ctrl-C stops it)"
            )
        stopped.wait(0.2 if announced else 0.05)
    console.print("Stopping")


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/api/context/health", timeout=2.0, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False

"""The processes of the server: the API and the projections."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading

import uvicorn
import uvloop

from domain.errors import ContextlineError
from infrastructure.background import end
from infrastructure.keys.opening import check_keys
from infrastructure.memory import collect_garbage_seldom, give_large_blocks_back
from infrastructure.postgres.connections import API, PROJECTION
from infrastructure.postgres.database import Database
from infrastructure.postgres.migrate import check_current
from infrastructure.settings import Settings
from interfaces.bootstrap import run_projections
from interfaces.http.app import create_app
from projections.engine.registry import ProjectionStatus, read_status

STOP_WHEN_CLOSED = "CONTEXTLINE_PARENT_PIPE"
"""Names the file descriptor whose end means that the parent is gone; set by `up` for its children."""


def configure_logging(settings: Settings) -> None:
    """Plain lines on standard error."""
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
        force=True,
    )
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    logging.getLogger("httpx").setLevel(logging.WARNING)


def watch_parent() -> None:
    """End this process in order when its parent is gone, however it went."""
    descriptor = os.environ.pop(STOP_WHEN_CLOSED, None)
    if descriptor is None:
        return

    def watch() -> None:
        with contextlib.suppress(OSError):
            os.read(int(descriptor), 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()


def bind(settings: Settings) -> socket.socket:
    """The listening socket.

    Raises:
        OSError: the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError:
        listener.close()
        raise
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener


def serve(settings: Settings, url: str, listener: socket.socket) -> None:
    """Answer requests until SIGTERM or SIGINT; then finish those under way."""
    give_large_blocks_back()
    collect_garbage_seldom()
    check_keys(settings)
    check_current(url, API)
    config = uvicorn.Config(
        create_app(settings, url),
        log_config=None,
        log_level=settings.log_level,
        access_log=settings.log_level == "debug",
        loop="uvloop",
        http="httptools",
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=15,
        h11_max_incomplete_event_size=64 * 1024,
    )
    uvicorn.Server(config).run(sockets=[listener])


def project(settings: Settings, url: str, names: list[str]) -> None:
    """Run what follows the log until SIGTERM or SIGINT.

    Raises:
        ContextlineError: one can't go on, and why.
    """
    give_large_blocks_back()
    check_keys(settings)
    check_current(url, PROJECTION)
    try:
        uvloop.run(_until_stopped(settings, url, names))
    except* ContextlineError as group:
        raise group.exceptions[0] from None


async def _until_stopped(settings: Settings, url: str, names: list[str]) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    running = asyncio.create_task(run_projections(settings, url, names))
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if running.done():
        running.result()
        return
    await end(running)


async def registry_status(url: str) -> list[ProjectionStatus]:
    """How the read models are, asked of the database itself."""
    async with Database(url, PROJECTION, pool_min=1, pool_max=1) as database:
        return await read_status(database)

"""The server as `contextline serve` runs it, with endpoints of the same kind that do less, to compare with.

python -m benchmarks.bench_app LISTENER [SETTING=VALUE ...]    # the number of a listening socket that is inherited

`PUT /bench/static` says what to remember, `GET /bench/static` answers it: bytes from memory. `POST /bench/validate`
reads and validates the body of a store, and does nothing. They are FastAPI endpoints like the others and stand first
among the routes, so that they are found at once.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any
from unittest.mock import patch

from fastapi import FastAPI, Request, Response

from application.ports import Clock
from infrastructure.settings import Settings
from interfaces.bootstrap import utc_now
from interfaces.cli import server
from interfaces.http.app import create_app
from interfaces.http.models.contexts import StoreRequest
from interfaces.http.requests import read_body

DATABASE_URL = "CONTEXTLINE_DATABASE_URL"


def create_bench_app(settings: Settings, url: str, clock: Clock = utc_now) -> FastAPI:
    """The API and the endpoint."""
    app = create_app(settings, url, clock)
    remembered: dict[str, bytes | str] = {"body": b"", "etag": ""}

    async def static() -> Response:
        # What a route makes of its own answer, with bytes that are there already.
        return Response(remembered["body"], 200, {"ETag": str(remembered["etag"])}, "application/json")

    async def remember(request: Request) -> Response:
        remembered["body"] = await request.body()
        remembered["etag"] = request.headers["etag"]
        return Response(status_code=204)

    async def validate(request: Request) -> Response:
        await read_body(request, StoreRequest)
        return Response(status_code=204)

    endpoints = (
        ("/bench/static", "PUT", remember),
        ("/bench/validate", "POST", validate),
        ("/bench/static", "GET", static),
    )
    for path, method, endpoint in endpoints:
        app.add_api_route(path, endpoint, methods=[method], include_in_schema=False)
        app.router.routes.insert(0, app.router.routes.pop())
    return app


def main() -> None:
    """Serve until SIGTERM, or until the parent is gone."""
    url = os.environ.pop(DATABASE_URL)
    # Somebody's own settings must not change what is measured.
    for name in [name for name in os.environ if name.startswith("CONTEXTLINE_") and name != server.STOP_WHEN_CLOSED]:
        del os.environ[name]
    given: dict[str, Any] = dict(argument.split("=", 1) for argument in sys.argv[2:])
    settings = Settings(_env_file=None, **{"log_level": "warning", **given})
    server.configure_logging(settings)
    server.watch_parent()
    # Everything else is done by the server's own function, so that it is served as it is served in earnest.
    with patch.object(server, "create_app", create_bench_app), socket.socket(fileno=int(sys.argv[1])) as listener:
        server.serve(settings, url, listener)


if __name__ == "__main__":
    main()

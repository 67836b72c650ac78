"""The server as `contextline serve` runs it, with one more endpoint that answers remembered bytes from memory.

python -m benchmarks.bench_app LISTENER    # the number of a listening socket that is inherited

`PUT /bench/static` says what to remember, `GET /bench/static` answers it. It is a FastAPI endpoint like the others,
takes nothing from its request, and stands first among the routes, so that it is found at once.
"""

from __future__ import annotations

import os
import socket
import sys
from unittest.mock import patch

from fastapi import FastAPI, Request, Response

from application.ports import Clock
from infrastructure.settings import Settings
from interfaces.bootstrap import utc_now
from interfaces.cli import server
from interfaces.http.app import create_app

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

    app.add_api_route("/bench/static", remember, methods=["PUT"], include_in_schema=False)
    app.router.routes.insert(0, app.router.routes.pop())
    app.add_api_route("/bench/static", static, methods=["GET"], include_in_schema=False)
    app.router.routes.insert(0, app.router.routes.pop())
    return app


def main() -> None:
    """Serve until SIGTERM, or until the parent is gone."""
    url = os.environ.pop(DATABASE_URL)
    # Somebody's own settings must not change what is measured.
    for name in [name for name in os.environ if name.startswith("CONTEXTLINE_") and name != server.STOP_WHEN_CLOSED]:
        del os.environ[name]
    settings = Settings(_env_file=None, log_level="warning")
    server.configure_logging(settings)
    server.watch_parent()
    # Everything else is done by the server's own function, so that it is served as it is served in earnest.
    with patch.object(server, "create_app", create_bench_app), socket.socket(fileno=int(sys.argv[1])) as listener:
        server.serve(settings, url, listener)


if __name__ == "__main__":
    main()

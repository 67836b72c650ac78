"""The HTTP application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI
from fastapi.middleware import Middleware
from fastapi_offline import FastAPIOffline

from application.ports import Clock
from infrastructure.settings import Settings
from interfaces.bootstrap import services, utc_now
from interfaces.http import contract, problems
from interfaces.http.requests import Edge
from interfaces.http.routes import (
    batch,
    branches,
    capture,
    checkpoints,
    contexts,
    decisions,
    erasure,
    lists,
    preferences,
    recall,
    reconstruct,
    session_branches,
    sessions,
    synchronizing,
    system,
    tasks,
)


def program_version() -> str:
    """The version of contextline that is installed."""
    try:
        return version("contextline")
    except PackageNotFoundError:
        return "0.0.0"


def create_app(settings: Settings, url: str, clock: Clock = utc_now) -> FastAPI:
    """The API on a database."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with services(settings, url, clock) as wired:
            app.state.services = wired
            yield

    # Its documentation page loads nothing from elsewhere: it works offline, and no one else's script runs in it.
    app = FastAPIOffline(
        title="contextline",
        summary="An event-sourced context store for AI agents",
        version=program_version(),
        docs_url="/api/context/docs",
        static_url="/api/context/docs-assets",
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        middleware=[Middleware(Edge)],
    )
    problems.install(app)
    contract.install(app)
    # The ones asked most stand first: routes are looked through in order.
    for router in (
        contexts.router,
        lists.router,
        sessions.router,
        tasks.router,
        decisions.router,
        preferences.router,
        synchronizing.router,
        batch.router,
        checkpoints.router,
        branches.router,
        session_branches.router,
        capture.router,
        recall.router,
        reconstruct.router,
        erasure.router,
        system.router,
    ):
        app.router.routes.extend(router.routes)
    return app

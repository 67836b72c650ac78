"""The HTTP application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from fastapi.middleware import Middleware

from application.ports import Clock
from infrastructure.settings import Settings
from interfaces.bootstrap import services, utc_now
from interfaces.http import problems
from interfaces.http.answers import Problem
from interfaces.http.requests import ExactUrls
from interfaces.http.routes import contexts, lists, sessions, system

_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": title, "content": {problems.MEDIA_TYPE: {}}}
    for status, title in {
        400: "The request can't be read",
        404: "There is no such thing",
        409: "What is there does not allow it",
        412: "A precondition does not hold",
        413: "The body is too large",
        415: "The body is not said to be JSON",
        422: "The input breaks a rule",
        501: "Not implemented yet",
        503: "Unavailable; try again after Retry-After seconds",
    }.items()
}


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

    app = FastAPI(
        title="contextline",
        summary="An event-sourced context store for AI agents",
        version=program_version(),
        docs_url="/api/context/docs",
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        responses=_REFUSALS,
        middleware=[Middleware(ExactUrls)],
    )
    problems.install(app)
    # Fixed paths stand before the routers whose paths end in a key.
    for router in (lists.router, system.router, contexts.router, sessions.router):
        app.include_router(router)
    return app

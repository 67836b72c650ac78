"""How the system is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from domain.errors import UnavailableError
from interfaces.bootstrap import FOLLOWERS, Services
from interfaces.http.answers.base import answer
from interfaces.http.answers.system import HealthAnswer, ProjectionsAnswer
from interfaces.http.contract import told
from interfaces.http.requests import services
from projections.engine.registry import STALE_AFTER, ProjectionStatus

router = APIRouter(tags=["system"])


@router.get("/api/context/health", **told({200: HealthAnswer, 503: HealthAnswer}))
async def health(request: Request) -> Response:
    """Whether it works: 503 where the database is away, `degraded` where a read model or a policy is not following."""
    wired = services(request)
    checks: dict[str, dict[str, Any]] = {"database": {"status": "healthy"}}
    try:
        projections = await wired.registry.status()
    except UnavailableError as error:
        checks["database"] = {"status": "unhealthy", "detail": str(error)}
        return answer({"status": "unhealthy", "checks": checks}, 503)
    live = {status.name: status for status in projections if status.live}
    for name in FOLLOWERS:
        checks[f"projection:{name}"] = _check(live.get(name), wired)
    healthy = all(check["status"] == "healthy" for check in checks.values())
    return answer({"status": "healthy" if healthy else "degraded", "checks": checks})


@router.get("/api/projections", **told({200: ProjectionsAnswer}))
async def projections(request: Request) -> Response:
    """How far each read model is, and the policies, how far behind, and what is wrong with it."""
    wired = services(request)
    now = wired.clock()
    found = await wired.registry.status()
    items = [
        {
            "name": status.name,
            "version": status.version,
            "live": status.live,
            "position": status.position,
            "lag": status.lag,
            "lagSeconds": status.lag_seconds(now),
            "lookedAt": status.looked_at,
            "error": status.error,
            "owner": status.owner,
        }
        for status in found
    ]
    return answer({"items": items, "logEnd": await wired.store.end()})


def _check(status: ProjectionStatus | None, wired: Services) -> dict[str, Any]:
    if status is None:
        return {"status": "unhealthy", "detail": "has never run"}
    age = (wired.clock() - status.looked_at).total_seconds()
    check: dict[str, Any] = {"status": "healthy", "position": status.position, "lag": status.lag}
    if status.error:
        return check | {"status": "unhealthy", "detail": status.error}
    if age > STALE_AFTER:
        return check | {"status": "unhealthy", "detail": f"looked at the log {age:.0f} s ago"}
    return check

"""Routes of calls about one context: its key stands in the query, or in the path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from interfaces.http.contract import told

R = Callable[[Request], Awaitable[Response]]


def with_key(router: APIRouter, method: str, name: str, **told_of: Any) -> Callable[[R], R]:
    """A route of two forms: the key in the query, or in the path."""

    def decorate(endpoint: R) -> R:
        by_query = router.api_route(f"/{name}", methods=[method], **told(**told_of))
        by_path = router.api_route(
            f"/{name}/{{path_key:whole}}",
            methods=[method],
            operation_id=f"{name}_by_path",
            **told(**told_of, path="path_key"),
        )
        return by_path(by_query(endpoint))

    return decorate

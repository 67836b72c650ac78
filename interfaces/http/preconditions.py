"""What a header asked for and did not hold."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from fastapi import Request

from domain.errors import AlreadyExistsError, VersionConflictError
from interfaces.http.problems import PreconditionFailedError
from interfaces.http.requests import if_match

T = TypeVar("T")


async def conditional(request: Request, command: Awaitable[T]) -> T:
    """A refusal of what a header asked for is a failed precondition (412), not a conflict (409)."""
    try:
        return await command
    except AlreadyExistsError as error:
        if "if-none-match" in request.headers:
            raise PreconditionFailedError(str(error), error.current) from error
        raise
    except VersionConflictError as error:
        if if_match(request) is not None:
            raise PreconditionFailedError(str(error), error.current) from error
        raise

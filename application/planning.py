"""Commands that need more than states: it is read first, and read again if what it was read for has changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from application.aggregates import ATTEMPTS
from domain.errors import OverloadedError

T = TypeVar("T")


class OutdatedError(Exception):
    """What was read does not fit the states any more."""


async def planned(attempt: Callable[[], Awaitable[T]]) -> T:
    """Read and carry out, until what was read still fits.

    Raises:
        OverloadedError: it never did, because others kept changing the states.
    """
    for _ in range(ATTEMPTS):
        try:
            return await attempt()
        except OutdatedError:
            continue
    raise OverloadedError(f"the change met {ATTEMPTS} others on its way and was not made; try again")

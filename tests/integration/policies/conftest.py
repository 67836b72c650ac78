import pytest_asyncio

from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, api
from tests.integration.policies.acting import Policed

__all__ = ["api", "policed"]


@pytest_asyncio.fixture
async def policed(api: Api, database_url: str, clock: MovableClock) -> Policed:
    """The API on `database_url`, and its policies."""
    return Policed(api, database_url, clock)

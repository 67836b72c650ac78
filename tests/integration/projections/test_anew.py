"""A read model whose tables were dropped is made anew from the whole log, and equals the one before."""

import pytest

from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, running_projection
from tests.fixtures.waiting import eventually
from tests.integration.projections.reading import fetch, rows

DROP = "DROP SCHEMA current_state_v1 CASCADE"
FORGET = "DELETE FROM contextline.projections WHERE name = 'current_state'"


@pytest.mark.parametrize("statements", [(DROP, FORGET), (DROP,)], ids=["as the docs say", "without the registry's row"])
async def test_dropped_while_its_process_runs_it_is_built_again(
    api: Api, database_url: str, clock: MovableClock, statements: tuple[str, ...]
) -> None:
    async with running_projection(database_url, clock, projection_poll=0.05):
        for number in range(5):
            await api.stored(f"k{number}", number, tags=["a"])
        await api.keys()
        before = await rows(database_url)
        for statement in statements:
            await fetch(database_url, statement)
        if statements == (DROP,):
            # It looks at its tables again when it has something to apply.
            await api.stored("k0", "new", tags=["a"])
            await eventually(lambda: has_keys(api, 5))
            assert (await rows(database_url))["contexts"].keys() == before["contexts"].keys()
        else:
            await eventually(lambda: has_keys(api, 5))
            assert await rows(database_url) == before


async def has_keys(api: Api, count: int) -> bool:
    answer = await api.http.get("/api/context/list")
    return answer.status_code == 200 and len(answer.json()["items"]) == count

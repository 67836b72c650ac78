"""However storing, moving and deleting come together: nothing is left in a deleted session, and nothing else goes."""

import asyncio
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.contexts.context import Context, evolve
from domain.contexts.events import ContextDeleted
from domain.recorded import Event, Recorded
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, module_database_url, open_api
from tests.integration.policies.acting import SessionCommands, running_policies, settled

__all__ = ["module_database_url"]

keys, sessions = st.integers(0, 2), st.integers(0, 2)
commands = st.one_of(
    st.tuples(st.just("store"), keys, st.none() | sessions),
    st.tuples(st.just("move"), keys, st.none() | sessions),
    st.tuples(st.just("touch"), keys),
    st.tuples(st.just("back"), keys),
    st.tuples(st.just("delete"), keys),
    st.tuples(st.just("end"), sessions),
)
rounds = st.lists(st.lists(commands, min_size=1, max_size=4), min_size=1, max_size=8)
"""The commands of one round are given at once."""

numbers = count()


class Run:
    """One example: its keys and sessions have names of their own."""

    def __init__(self, api: Api, clock: MovableClock) -> None:
        self._api, self._name = api, f"run{next(numbers)}"
        self._sessions = SessionCommands(api)
        self.deleted: set[str] = set()

    def key(self, number: int) -> str:
        return f"{self._name}-k{number}"

    def session(self, number: int | None) -> str | None:
        return None if number is None else f"{self._name}-s{number}"

    async def begin(self) -> None:
        for number in range(3):
            await self._sessions.create(f"{self._name}-s{number}")

    async def do(self, command: Any) -> None:
        match command:
            case "store", number, session:
                await self._api.stored(self.key(number), 1, sessionId=self.session(session), ttl=None)
            case "move", number, session:
                await self._allowed(self._api.update(self.key(number), 2, sessionId=self.session(session)))
            case "touch", number:
                await self._allowed(self._api.update(self.key(number), 3))
            case "back", number:
                call = {"params": {"key": self.key(number)}, "json": {"version": 1}}
                await self._allowed(self._api.http.post("/api/context/rollback", **call))
            case "delete", number:
                await self._allowed(self._api.delete(self.key(number)))
            case "end", number:
                session = f"{self._name}-s{number}"
                if session not in self.deleted:
                    self.deleted.add(session)
                    await self._sessions.delete(session)

    async def _allowed(self, call: Any) -> None:
        answer = await call
        assert answer.status_code in (200, 404), answer.text

    async def check(self) -> None:
        log = await self._api.services.store.reader.log(0, 100_000)
        contexts: dict[Any, Context] = {}
        causes: set[tuple[Any, str | None]] = set()
        for recorded in log:
            before = contexts.get(recorded.stream_id)
            if hasattr(recorded.event, "attributes") or isinstance(recorded.event, ContextDeleted):
                contexts[recorded.stream_id] = evolve(before, recorded)
            if recorded.origin.actor:
                self._check_deletion(before, recorded)
                cause = recorded.stream_id, recorded.origin.causation_id
                assert cause not in causes, "one event has one deletion of a context follow from it"
                causes.add(cause)
        left = [
            context.key
            for context in contexts.values()
            if not context.deleted and context.attributes.session_id in self.deleted
        ]
        assert left == []

    def _check_deletion(self, before: Context | None, recorded: Recorded[Event]) -> None:
        assert recorded.origin.actor == "policy:session-deleted"
        assert isinstance(recorded.event, ContextDeleted)
        assert before is not None
        assert not before.deleted
        if before.key.startswith(self._name):
            assert before.attributes.session_id in self.deleted


async def example(url: str, script: list[list[Any]], owner: str) -> None:
    clock = MovableClock()
    async with open_api(url, clock) as api, running_policies(url, clock, at_once=2, page=2, batch=3, owner=owner):
        run = Run(api, clock)
        await run.begin()
        for some in script:
            await asyncio.gather(*map(run.do, some))
        await settled(url, api.log_end)
        await run.check()


@pytest.mark.usefixtures("module_database_url")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(script=rounds)
def test_no_live_context_is_left_in_a_deleted_session(module_database_url: str, script: list[list[Any]]) -> None:
    asyncio.run(example(module_database_url, script, f"run {next(numbers)}"))

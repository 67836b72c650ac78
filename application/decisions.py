"""What can be done with decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from application.aggregates import Aggregates
from application.cache import StateCache
from application.ports import Clock, EventStore, Snapshots
from domain.decisions import decision as aggregate
from domain.decisions.commands import GiveFeedback, MakeDecision, Override, RecordOutcome
from domain.decisions.decision import Decision, check_id, existing, stream_name
from domain.decisions.events import DecisionEvent
from domain.recorded import Origin


class Decisions:
    """The application's face for decisions."""

    def __init__(
        self,
        store: EventStore,
        snapshots: Snapshots,
        clock: Clock,
        new_id: Callable[[], str],
        cache: StateCache | None = None,
    ) -> None:
        self._decisions: Aggregates[Decision] = Aggregates(
            Decision,
            store,
            snapshots,
            clock,
            aggregate.fold,
            aggregate.sealed_for,
            cache or StateCache(clock),
            lambda decision, _: decision.session_id if decision else None,
        )
        self._new_id = new_id

    def make_id(self) -> str:
        """An id for a decision that was given none."""
        return self._new_id()

    async def make(self, tenant: str, command: MakeDecision, origin: Origin) -> Decision:
        """Record a decision."""
        check_id(command.decision_id)
        after, _ = await self._decisions.execute(
            tenant, stream_name(command.decision_id), lambda state, _: aggregate.make(state, command), origin
        )
        return after

    async def record_outcome(self, tenant: str, decision_id: str, command: RecordOutcome, origin: Origin) -> Decision:
        """Say how it turned out."""
        return await self._change(tenant, decision_id, lambda state: aggregate.record_outcome(state, command), origin)

    async def override(self, tenant: str, decision_id: str, command: Override, origin: Origin) -> Decision:
        """Say that a person decided otherwise."""
        return await self._change(tenant, decision_id, lambda state: aggregate.override(state, command), origin)

    async def give_feedback(self, tenant: str, decision_id: str, command: GiveFeedback, origin: Origin) -> Decision:
        """Say what is thought of it."""
        return await self._change(tenant, decision_id, lambda state: aggregate.give_feedback(state, command), origin)

    async def get(self, tenant: str, decision_id: str) -> Decision:
        """The decision as it is now, read strongly consistent.

        Raises:
            DecisionNotFoundError: there is none.
        """
        check_id(decision_id)
        return existing(await self._decisions.load(tenant, stream_name(decision_id)))

    async def _change(
        self,
        tenant: str,
        decision_id: str,
        decide: Callable[[Decision | None], Sequence[DecisionEvent]],
        origin: Origin,
    ) -> Decision:
        if origin.session_id is None:
            # Whoever looks for what happened in a session finds this too.
            found = await self.get(tenant, decision_id)
            origin = msgspec.structs.replace(origin, session_id=found.session_id)
        check_id(decision_id)
        after, _ = await self._decisions.execute(
            tenant, stream_name(decision_id), lambda state, _: decide(state), origin
        )
        return after

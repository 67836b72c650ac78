"""What can be done with users' preferences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from application.aggregates import Aggregates
from application.cache import StateCache
from application.ports import Clock, EventStore, Snapshots
from domain.preferences import preferences as aggregate
from domain.preferences import state as states
from domain.preferences.commands import ClearPreference, ObservePreferences, SetPreference
from domain.preferences.events import PreferenceEvent
from domain.preferences.preferences import check_user_id, readable
from domain.preferences.state import Preferences, stream_name
from domain.recorded import Origin


class UserPreferences:
    """The application's face for preferences."""

    def __init__(self, store: EventStore, snapshots: Snapshots, clock: Clock, cache: StateCache | None = None) -> None:
        self._preferences: Aggregates[Preferences] = Aggregates(
            Preferences, store, snapshots, clock, states.fold, aggregate.sealed_for, cache or StateCache(clock)
        )

    async def observe(self, tenant: str, command: ObservePreferences, origin: Origin) -> Preferences:
        """Take in what was observed, all or nothing."""
        return await self._change(tenant, command.user_id, lambda state: aggregate.take_in(state, command), origin)

    async def set_value(self, tenant: str, command: SetPreference, origin: Origin) -> Preferences:
        """Have a value hold, whatever is observed."""
        return await self._change(tenant, command.user_id, lambda state: aggregate.set_value(state, command), origin)

    async def clear(self, tenant: str, command: ClearPreference, origin: Origin) -> Preferences:
        """Have what was set hold no longer."""
        return await self._change(tenant, command.user_id, lambda state: aggregate.clear(state, command), origin)

    async def get(self, tenant: str, user_id: str) -> Preferences | None:
        """All preferences of a user as they are now, read strongly consistent; None where there never were any.

        Raises:
            PreferencesErasedError: they were erased, and nothing was observed or set since.
        """
        check_user_id(user_id)
        return readable(await self._preferences.load(tenant, stream_name(user_id)))

    async def _change(
        self,
        tenant: str,
        user_id: str,
        decide: Callable[[Preferences | None], Sequence[PreferenceEvent]],
        origin: Origin,
    ) -> Preferences:
        check_user_id(user_id)
        after, _ = await self._preferences.execute(tenant, stream_name(user_id), lambda state, _: decide(state), origin)
        return after

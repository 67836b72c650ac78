"""Waiting for the current state, where a request names a position that it must have reached."""

from __future__ import annotations

from interfaces.bootstrap import Services
from projections.current_state.v1.project import CurrentState


async def wait_for_position(wired: Services, position: int, timeout: float | None) -> None:
    """Until the current state has that position; `timeout` in seconds, None: as the server is set.

    Raises:
        ReadModelBehindError: it does not get there in time.
        PositionNotReachedError: the log has not got that position.
    """
    if position:
        await wired.registry.wait_for(CurrentState.name, position, timeout or wired.settings.read_timeout)

"""Bringing the states of concurrent writers together, and deciding what is left open of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from application.contexts import ContextRef, Contexts
from application.ports import Clock
from domain.catalogue import NAMES
from domain.contexts.commands import ResolveConflict, SynchronizeContext
from domain.contexts.conflicts import OpenConflict, Resolution, opened_by
from domain.contexts.context import Context, alive
from domain.contexts.events import ContextSynchronized
from domain.contexts.resolving import ended, resolve
from domain.contexts.synchronizing import synchronize
from domain.errors import ConflictNotFoundError, ContextNotFoundError, InvalidInputError
from domain.recorded import Origin


class Synchronized(NamedTuple):
    """What a synchronization left: the context, whether it was changed, what was settled, what was opened."""

    context: Context
    changed: bool
    resolutions: Sequence[Resolution]
    opened: Sequence[OpenConflict]


class Synchronizing:
    """The application's face for it."""

    def __init__(self, contexts: Contexts, clock: Clock) -> None:
        self._contexts, self._clock = contexts, clock

    async def synchronize(self, ref: ContextRef, command: SynchronizeContext, origin: Origin) -> Synchronized:
        """Bring a submitted state together with the context.

        Raises:
            ContextNotFoundError: there is no live context.
            VersionNotFoundError: the context has no such base version.
            ContextErasedError: the context, or the base version, was erased.
            InvalidInputError: the base version is a deletion or can't be told of, or the policy can't be one.
        """
        base = await self._base(ref, command.base_version)
        context, events = await self._contexts.execute(
            ref, lambda state, now: synchronize(state, command, base, now), origin
        )
        done = [recorded.event for recorded in events if isinstance(recorded.event, ContextSynchronized)]
        versions = {recorded.version for recorded in events}
        return Synchronized(
            context=context,
            changed=any(event.patch for event in done),
            resolutions=[resolution for event in done for resolution in event.resolutions],
            opened=[conflict for conflict in context.conflicts.values() if conflict.version in versions],
        )

    async def resolve(self, ref: ContextRef, command: ResolveConflict, origin: Origin) -> tuple[Context, Resolution]:
        """Decide an open conflict; the context after it, and what was taken.

        Raises:
            ContextNotFoundError: there is no live context.
            ConflictNotFoundError: it never had such a conflict.
            AlreadyResolvedError: that one is not open any more; the error tells how it ended.
        """
        try:
            context, events = await self._contexts.execute(ref, lambda state, now: resolve(state, command, now), origin)
        except ConflictNotFoundError:
            version = opened_by(command.conflict_id)
            if not version:
                raise
            # Not kept in the state, which would grow with each that was ever decided: the log knows.
            raise ended(await self._contexts.events_since(ref, version), command.conflict_id, NAMES) from None
        (recorded,) = events
        return context, recorded.event.resolution  # type: ignore[attr-defined]

    async def conflicts(self, ref: ContextRef) -> Context:
        """A live context, with the conflicts that are open in it.

        Raises:
            ContextNotFoundError: there is none, or none any more.
        """
        return alive(await self._contexts.load(ref), self._clock())

    async def _base(self, ref: ContextRef, version: int) -> Context | None:
        alive(await self._contexts.load(ref), self._clock())
        if not version:
            return None
        try:
            return await self._contexts.get_version(ref, version)
        except ContextNotFoundError as error:
            if type(error) is not ContextNotFoundError:
                raise
            message = f"version {version} is a deletion: name the version that you knew before it"
            raise InvalidInputError.at("/baseVersion", message) from None

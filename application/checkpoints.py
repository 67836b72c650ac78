"""What can be done with the checkpoints of contexts."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from application.contexts import ContextRef, Contexts, refuse_erased
from application.planning import OutdatedError, planned
from application.ports import Clock
from domain.contexts import checkpoints as aggregate
from domain.contexts.checkpoints import CreateCheckpoint, RestoreCheckpoint, named
from domain.contexts.context import Context, alive
from domain.contexts.events import CheckpointRestored, ContextEvent
from domain.contexts.marks import Checkpoint
from domain.contexts.patches import Operation, diff
from domain.errors import ContextNotFoundError
from domain.recorded import Origin


class Listed(NamedTuple):
    """A checkpoint and its name."""

    name: str
    checkpoint: Checkpoint


class Checkpoints:
    """The application's face for them."""

    def __init__(self, contexts: Contexts, clock: Clock) -> None:
        self._contexts, self._clock = contexts, clock

    async def create(self, ref: ContextRef, command: CreateCheckpoint, origin: Origin) -> tuple[Context, Listed]:
        """Give what is there a name.

        Raises:
            ContextNotFoundError: there is no live context.
            AlreadyExistsError: there is a checkpoint of that name.
        """
        after, _ = await self._contexts.execute(ref, lambda state, now: aggregate.create(state, command, now), origin)
        name = next(reversed(after.checkpoints))
        return after, Listed(name, after.checkpoints[name])

    async def page(
        self, ref: ContextRef, *, after: tuple[int, str] | None = None, limit: int = 50
    ) -> tuple[Context, list[Listed], bool]:
        """At most `limit`, by version and name, beyond `after`; and whether there are more. Also of what is gone.

        Raises:
            ContextNotFoundError: nothing was ever stored under that key.
        """
        context = await self._ever(ref)
        found = sorted((mark.version, name) for name, mark in context.checkpoints.items())
        page = [place for place in found if after is None or place > after][: limit + 1]
        listed = [Listed(name, context.checkpoints[name]) for _, name in page[:limit]]
        return context, listed, len(page) > limit

    async def compare(self, ref: ContextRef, name: str, other: str | None) -> tuple[Context, Context, list[Operation]]:
        """The context at a checkpoint and at another one, or now; and the patch (RFC 6902) between their data.

        Raises:
            ContextNotFoundError: there is no live context.
            VersionNotFoundError: there is no such checkpoint.
            ContextErasedError: what it marks was erased.
        """
        current = alive(await self._contexts.load(ref), self._clock())
        one = await self._contexts.at_version(ref, current, named(current, name).version)
        two = current
        if other is not None:
            two = await self._contexts.at_version(ref, current, named(current, other).version)
        return one, two, diff(one.data, two.data)

    async def version_of(self, ref: ContextRef, name: str) -> int:
        """The version that a checkpoint marks; also of a context that is gone.

        Raises:
            ContextNotFoundError: nothing was ever stored under that key.
            VersionNotFoundError: there is no such checkpoint.
            ContextErasedError: it was erased, with its checkpoints, and not stored since.
        """
        context = await self._ever(ref)
        refuse_erased(context, context.version)
        return named(context, name).version

    async def restore(
        self, ref: ContextRef, command: RestoreCheckpoint, origin: Origin
    ) -> tuple[Context, CheckpointRestored]:
        """Make a context what it was at a checkpoint; the context after it, and what was done.

        Raises:
            ContextNotFoundError: there is no live context.
            VersionNotFoundError: there is no such checkpoint.
            ContextErasedError: what it marks was erased.
        """

        async def attempt() -> tuple[Context, CheckpointRestored]:
            current = alive(await self._contexts.load(ref), self._clock())
            earlier = await self._contexts.at_version(ref, current, named(current, command.name).version)

            def decide(state: Context | None, now: datetime) -> list[ContextEvent]:
                mark = state.checkpoints.get(command.name) if state else None
                if mark and mark.version != earlier.version:
                    raise OutdatedError
                return aggregate.restore(state, command, earlier, self._contexts.checkpointing.kept, now)

            after, (recorded,) = await self._contexts.execute(ref, decide, origin)
            assert isinstance(recorded.event, CheckpointRestored), "it restores"
            return after, recorded.event

        return await planned(attempt)

    async def _ever(self, ref: ContextRef) -> Context:
        context = await self._contexts.load(ref)
        if context is None:
            raise ContextNotFoundError("nothing was ever stored under that key")
        return context

"""Forking, splitting and merging contexts: each one append over all streams that it touches, or none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from application.contexts import ContextRef, Contexts, refuse_erased
from application.planning import OutdatedError, planned
from application.ports import Clock
from application.together import Together
from domain.contexts.ancestry import common_ancestors, point, unknown
from domain.contexts.context import Context, alive, check_expected, current_version
from domain.contexts.events import ContextMerged, Part, Point
from domain.contexts.forking import ForkContext, fork
from domain.contexts.merging import FoundConflict, MergeContexts, Merged, merge, participants
from domain.contexts.splitting import SplitContext, check_parts, split
from domain.errors import (
    ContextNotFoundError,
    Fault,
    InvalidInputError,
    SourcesMissingError,
    VersionNotFoundError,
)
from domain.recorded import Event, Origin, stream_id


class VersionRef(NamedTuple):
    """A context as it is now, or as it was at a version."""

    ref: ContextRef
    version: int | None = None


class MergedContext(NamedTuple):
    """What a merge left: the target, what was merged, the ancestors compared with, sources left out, conflicts met.

    `automatic` is the checkpoint that marks what a live target was before.
    """

    context: Context
    created: bool
    sources: Sequence[Point]
    bases: Sequence[Point]
    missing: Sequence[VersionRef]
    conflicts: Sequence[FoundConflict]
    automatic: str | None


class SplitContexts(NamedTuple):
    """What a split left: the context, and those that its parts became."""

    source: Context
    targets: Sequence[Context]


class _Plan(NamedTuple):
    """What a merge was prepared on: each context's version, whether the target was alive; what was read for it."""

    versions: Sequence[int]
    live: bool
    sources: Sequence[Context]
    missing: Sequence[VersionRef]
    bases: Sequence[Context]


class Branches:
    """The application's face for them."""

    def __init__(self, contexts: Contexts, together: Together, clock: Clock) -> None:
        self._contexts, self._together, self._clock = contexts, together, clock

    async def fork(self, parent: VersionRef, command: ForkContext, origin: Origin) -> tuple[Context, Point]:
        """Begin a branch; the new context, and what it was forked from.

        Raises:
            ContextNotFoundError: there is no live parent, or that version of it is a deletion.
            VersionNotFoundError: it has no such version.
            ContextErasedError: it, or that version, was erased.
            VersionConflictError: the expected version is not the parent's.
            AlreadyExistsError: a live context has the key.
            InvalidInputError: parent and branch are the same.
        """
        target = ContextRef(parent.ref.tenant, command.namespace, command.key)
        members = [self._contexts.member(target), self._contexts.member(parent.ref)]
        if members[0].stream_name == members[1].stream_name:
            raise InvalidInputError.at("/target/key", "is the context that is to be forked: choose another key")
        past = await self._past(parent) if parent.version is not None else None

        def decide(states: Sequence[Context | None], now: datetime) -> Sequence[Sequence[Event]]:
            if past is not None:
                refuse_erased(states[1], past.version)
            check_expected(states[1], command)
            return [fork(states[0], past or alive(states[1], now), command, now), []]

        outcome, watched = await self._together.execute(parent.ref.tenant, members, decide, origin)
        return outcome.state, point(past or watched.state)

    async def split(
        self, ref: ContextRef, parts: Sequence[tuple[str, ContextRef]], command: SplitContext, origin: Origin
    ) -> SplitContexts:
        """Make contexts of parts, each named by a JSON pointer (RFC 6901).

        Raises:
            ContextNotFoundError: there is no live context.
            VersionConflictError: the expected version is not the current one.
            InvalidInputError: pointers that overlap or lead to nothing; targets that are named twice, or the source.
            TargetsExistError: live contexts are where parts are to be.
        """
        members = [self._contexts.member(ref), *(self._contexts.member(target) for _, target in parts)]
        streams = [stream_id(ref.tenant, member.stream_name) for member in members]
        wanted = [
            Part(
                pointer=pointer,
                target=Point(stream_id=stream, namespace=target.namespace, key=target.key, version=0),
            )
            for (pointer, target), stream in zip(parts, streams[1:], strict=True)
        ]
        check_parts(wanted, streams[0])
        source, *targets = await self._together.execute(
            ref.tenant, members, lambda states, now: split(states[0], states[1:], wanted, command, now), origin
        )
        return SplitContexts(source.state, [target.state for target in targets])

    async def merge(
        self, sources: Sequence[VersionRef], command: MergeContexts, origin: Origin, *, ignore_missing: bool = False
    ) -> MergedContext:
        """Merge into a new context or a live one.

        Raises:
            SourcesMissingError: sources that are not there, unless they are ignored; or none is.
            VersionConflictError: the expected version is not the target's.
            InvalidInputError: a context is named twice or merged with itself; what is encrypted is to be in the clear.
            MergeConflictError: both sides changed the same places, and that is to be refused.
            NoCommonAncestorError, AncestorErasedError: there is nothing that a three-way merge could compare with.
            TooManyConflictsError, ChangeDoesNotApplyError: more conflicts, or a larger document, than there can be.
        """
        target = ContextRef(sources[0].ref.tenant, command.namespace, command.key)
        refs = list(dict.fromkeys([target, *(source.ref for source in sources)]))
        members = [self._contexts.member(ref) for ref in refs]

        async def attempt() -> MergedContext:
            plan = await self._plan(refs, sources, command, ignore_missing)
            decided: list[Merged] = []

            def decide(states: Sequence[Context | None], now: datetime) -> list[Sequence[Event]]:
                if [current_version(state) for state in states] != plan.versions or _lives(states[0], now) != plan.live:
                    raise OutdatedError
                decided.append(
                    merge(states[0], plan.sources, plan.bases, command, self._contexts.checkpointing.kept, now)
                )
                return [decided[-1].events, *([] for _ in refs[1:])]

            outcome = (await self._together.execute(target.tenant, members, decide, origin))[0]
            (event,) = [event for event in decided[-1].events if isinstance(event, ContextMerged)]
            return MergedContext(
                context=outcome.state,
                created=not plan.live,
                sources=event.sources,
                bases=event.bases,
                missing=plan.missing,
                conflicts=decided[-1].conflicts,
                automatic=event.automatic[0].name if event.automatic else None,
            )

        return await planned(attempt)

    async def _plan(
        self, refs: Sequence[ContextRef], sources: Sequence[VersionRef], command: MergeContexts, ignore_missing: bool
    ) -> _Plan:
        states = {ref: await self._contexts.load(ref) for ref in refs}
        now = self._clock()
        found: list[Context] = []
        faults: list[Fault] = []
        missing: list[VersionRef] = []
        for index, source in enumerate(sources):
            try:
                past = await self._past(source) if source.version is not None else None
                found.append(past or alive(states[source.ref], now))
            except (ContextNotFoundError, VersionNotFoundError) as error:
                missing.append(source)
                faults.append(Fault(f"/sources/{index}", str(error)))
        if not found:
            raise SourcesMissingError("none of the contexts is there, so there is nothing to merge", faults)
        if faults and not ignore_missing:
            raise SourcesMissingError("not all of the contexts are there: leave out those, or ask to ignore it", faults)
        target = states[refs[0]]
        taking_part = participants(target, found, now)
        bases = await self._bases(refs[0].tenant, taking_part) if command.strategy == "three_way" else []
        versions = [current_version(state) for state in states.values()]
        return _Plan(versions, _lives(target, now), found, missing, bases)

    async def _bases(self, tenant: str, taking_part: Sequence[Context]) -> list[Context]:
        """For each but the first the nearest ancestor that it has in common with those before it.

        Where several are equally near, because branches were merged into each other, the one written last.
        """
        points = [point(context) for context in taking_part]
        states: dict[UUID, Context | None] = {}
        while needed := unknown(states, points):
            for place in needed:
                states[place.stream_id] = await self._contexts.load(ContextRef(tenant, place.namespace, place.key))
        bases = []
        for index in range(1, len(points)):
            nearest = []
            for place in common_ancestors(states, points[:index], points[index]):
                current = states[place.stream_id]
                assert current is not None, "what was reached is there"
                ref = ContextRef(tenant, place.namespace, place.key)
                nearest.append(await self._contexts.at_version(ref, current, place.version))
            bases.append(max(nearest, key=lambda context: context.position))
        return bases

    async def _past(self, wanted: VersionRef) -> Context:
        """A context as it was at a version.

        Raises:
            ContextNotFoundError: nothing was ever stored there, or that version is a deletion.
            VersionNotFoundError: it has no such version.
            ContextErasedError: that version was erased.
        """
        assert wanted.version is not None
        return await self._contexts.get_version(wanted.ref, wanted.version)


def _lives(context: Context | None, now: datetime) -> bool:
    return context is not None and context.is_live(now)

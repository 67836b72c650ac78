"""Deciding what comes of several contexts that are merged into one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

import msgspec
from msgspec import UNSET

from domain.contexts.ancestry import point
from domain.contexts.checkpoints import before
from domain.contexts.comparing import Settlement, bring_together
from domain.contexts.conflicts import Conflict, Resolution
from domain.contexts.context import Context, check_expected, why
from domain.contexts.events import NO_CHANGES, ConflictsOpened, ContextEvent, ContextForked, ContextMerged
from domain.contexts.forking import Copying, encrypts
from domain.contexts.patches import diff
from domain.contexts.synchronizing import MAX_OPEN, MAX_OPEN_BYTES, not_open_yet
from domain.errors import ChangeDoesNotApplyError, Fault, InvalidInputError, MergeConflictError, TooManyConflictsError
from domain.values import MAX_DOCUMENT, Json

Strategy = Literal["last_write_wins", "first_write_wins", "deep_merge", "three_way"]
STRATEGIES: tuple[str, ...] = get_args(Strategy)

OnConflict = Literal["refuse", "last", "first", "keep"]

MAX_SOURCES = 100
"""Of one merge."""


class MergeContexts(Copying, frozen=True, kw_only=True):
    """Merge into the context of this key. Attributes that are not named are those that it has, else the first source's.

    `on_conflict` is for three_way alone: what becomes of places that both sides changed differently.
    """

    namespace: str
    key: str
    strategy: Strategy
    on_conflict: OnConflict = "refuse"


class FoundConflict(NamedTuple):
    """A place that a source changed differently from what was merged before it; `taken`: ours, theirs or kept open."""

    source: Context
    conflict: Conflict
    taken: str

    def document(self) -> dict[str, Any]:
        """By its names on the wire; what is not there is left out."""
        values = {name: getattr(self.conflict, name) for name in ("base", "ours", "theirs")}
        return {
            "pointer": self.conflict.pointer,
            **{name: value for name, value in values.items() if value is not UNSET},
            "source": {"key": self.source.key, "namespace": self.source.namespace, "version": self.source.version},
        }


class Merged(NamedTuple):
    """What was decided: the events of the target, and the conflicts that were met."""

    events: list[ContextEvent]
    conflicts: list[FoundConflict]


def participants(target: Context | None, sources: Sequence[Context], now: datetime) -> list[Context]:
    """What takes part in a merge, in order. A live target comes first, unless it is named among the sources.

    Raises:
        InvalidInputError: a context is named twice, or is merged with itself.
    """
    seen: dict[Any, int] = {}
    faults = []
    live = target if target is not None and target.is_live(now) else None
    for index, source in enumerate(sources):
        if source.id in seen:
            faults.append(Fault(f"/sources/{index}", f"is the context of /sources/{seen[source.id]} too"))
        seen.setdefault(source.id, index)
        if target is not None and source.id == target.id and (live is None or source.version != target.version):
            faults.append(Fault(f"/sources/{index}", "is an earlier version of the target: to go back, roll it back"))
    taking_part = list(sources)
    if live is not None and live.id not in seen:
        taking_part.insert(0, live)
    if live is not None and len(taking_part) == 1:
        faults.append(Fault("/sources", "the context can't be merged with itself: name another one"))
    if faults:
        raise InvalidInputError(faults)
    return taking_part


def merge(
    target: Context | None,
    sources: Sequence[Context],
    bases: Sequence[Context],
    command: MergeContexts,
    kept: int,
    now: datetime,
) -> Merged:
    """Decide a merge of at least one source; `bases` are the common ancestors, of three_way alone.

    There is one for each of the `participants` but the first. What a live target was before is marked by an automatic
    checkpoint, of which `kept` are kept.

    Raises:
        VersionConflictError: the expected version is not the target's.
        InvalidInputError: a context is named twice, or merged with itself; what is encrypted is to be in the clear.
        MergeConflictError: conflicts that are to be refused.
        TooManyConflictsError: too many conflicts, or too many would be open.
        ChangeDoesNotApplyError: all together would be too large.
    """
    check_expected(target, command)
    live = target if target is not None and target.is_live(now) else None
    first, *others = taking_part = participants(target, sources, now)
    data, conflicts = first.data, list[FoundConflict]()
    if command.strategy == "three_way":
        for base, source in zip(bases, others, strict=True):
            data, met = _three_way(base, data, source, command.on_conflict)
            conflicts += met
    else:
        for source in others:
            data = combine(command.strategy, data, source.data)
    if conflicts and command.on_conflict == "refuse":
        raise MergeConflictError([found.document() for found in conflicts])
    if len(msgspec.json.encode(data)) > MAX_DOCUMENT:
        raise ChangeDoesNotApplyError("", f"the document would be larger than {MAX_DOCUMENT} bytes of JSON")
    encrypted = encrypts(command, [*taking_part, *bases], target)
    events: list[ContextEvent] = []
    if live is None:
        events.append(
            ContextForked(
                namespace=command.namespace,
                key=command.key,
                parent=point(first),
                data=first.data,
                attributes=msgspec.structs.replace(first.attributes, **command.attributes.named()),
                compress=command.compress,
                encrypted=encrypted,
                **why(command),
            )
        )
    events.append(
        ContextMerged(
            sources=tuple(map(point, taking_part)),
            strategy=command.strategy,
            patch=diff(first.data if live is None else live.data, data),
            attributes=NO_CHANGES if live is None else command.attributes,
            encrypted=encrypted,
            on_conflict=command.on_conflict if command.strategy == "three_way" else None,
            bases=tuple(map(point, bases)),
            resolutions=tuple(found.conflict for found in conflicts if isinstance(found.conflict, Resolution)),
            automatic=() if live is None else (before(live, "merge", kept),),
            **why(command),
        )
    )
    if conflicts and command.on_conflict == "keep":
        events += _opened(live, others, bases, conflicts)
    return Merged(events, conflicts)


def combine(strategy: str, one: Json, other: Json) -> Json:
    """Two documents by a strategy that always decides: the whole of one where not both are objects.

    By last_write_wins and first_write_wins each member is one side's; by deep_merge objects in both are merged in turn.
    """
    if not isinstance(one, dict) or not isinstance(other, dict):
        return one if strategy == "first_write_wins" else other
    match strategy:
        case "first_write_wins":
            return {**one, **{name: value for name, value in other.items() if name not in one}}
        case "last_write_wins":
            return {**one, **other}
    return {
        **one,
        **{
            # Where only one side has a member there is nothing to go down into.
            name: combine(strategy, one[name], value) if name in one else value
            for name, value in other.items()
        },
    }


def _three_way(base: Context, ours: Json, source: Context, on_conflict: str) -> tuple[Json, list[FoundConflict]]:
    take = {"last": "theirs", "first": "ours"}.get(on_conflict)

    def settle(_: Conflict) -> Settlement | None:
        return None if take is None else Settlement(on_conflict, take)  # type: ignore[arg-type]

    outcome = bring_together(base.data, ours, source.data, settle)
    found = [FoundConflict(source, resolution, resolution.take) for resolution in outcome.resolutions]
    return outcome.document, found + [FoundConflict(source, conflict, "open") for conflict in outcome.left_open]


def _opened(
    live: Context | None, others: Sequence[Context], bases: Sequence[Context], conflicts: Sequence[FoundConflict]
) -> list[ContextEvent]:
    """An event for each source: one place may be in conflict with several."""
    there = list(live.conflicts.values()) if live else []
    together = [*there, *(found.conflict for found in conflicts)]
    if len(together) > MAX_OPEN or len(msgspec.json.encode(together)) > MAX_OPEN_BYTES:
        raise TooManyConflictsError(
            f"more than {MAX_OPEN} conflicts or {MAX_OPEN_BYTES} bytes of them would be open: merge with onConflict: "
            "last or first"
        )
    events: list[ContextEvent] = []
    for source, base in zip(others, bases, strict=True):
        mine = tuple(found.conflict for found in conflicts if found.source is source)
        if live is not None:
            mine = not_open_yet(live, mine)
        if mine:
            known = base.version if live is not None and base.id == live.id else 0
            events.append(ConflictsOpened(conflicts=mine, base_version=known))
    return events

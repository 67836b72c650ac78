"""Deciding how a state that a writer submits comes together with what others have changed since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from domain.contexts.commands import SynchronizeContext
from domain.contexts.comparing import bring_together
from domain.contexts.conflicts import Conflict
from domain.contexts.context import Context, alive, check_expected, why
from domain.contexts.events import ConflictsOpened, ContextEvent, ContextSynchronized
from domain.contexts.strategies import settling
from domain.errors import ChangeDoesNotApplyError, InvalidInputError, TooManyConflictsError
from domain.values import MAX_DOCUMENT, Json, identical

MAX_OPEN = 1_000
"""Conflicts that a context may have open: a person is to look at each."""

MAX_OPEN_BYTES = 64 * 1024 * 1024
"""Bytes that they may have together, as JSON: they are in memory with the context. One may hold three documents."""


def synchronize(
    context: Context | None, command: SynchronizeContext, base: Context | None, now: datetime
) -> list[ContextEvent]:
    """Decide a synchronization; `base` is the context at the version that the writer knew, None where it knew none.

    No events: nothing is to be changed, settled or opened by it.

    Raises:
        ContextNotFoundError: there is no live context.
        VersionConflictError: the expected version is not the current one.
        InvalidInputError: the policy can't be one; the base was encrypted, and the context is in the clear now.
        TooManyConflictsError: too many places conflict, or too many conflicts would be open.
        ChangeDoesNotApplyError: both together would be too large.
    """
    context = alive(context, now)
    check_expected(context, command)
    if base and base.encrypted and not context.encrypted:
        # Conflicts would tell of it in the clear.
        message = "that version was encrypted, and the context is in the clear now: name a later version"
        raise InvalidInputError.at("/baseVersion", message)
    known = base.data if base else UNSET
    outcome = bring_together(known, context.data, command.data, settling(command.policy))
    events: list[ContextEvent] = []
    if outcome.patch or outcome.resolutions:
        if len(msgspec.json.encode(outcome.document)) > MAX_DOCUMENT:
            raise ChangeDoesNotApplyError("", f"the document would be larger than {MAX_DOCUMENT} bytes of JSON")
        events.append(
            ContextSynchronized(
                base_version=command.base_version,
                strategy=command.policy.strategy,
                patch=outcome.patch,
                resolutions=tuple(outcome.resolutions),
                **why(command),
            )
        )
    if new := not_open_yet(context, outcome.left_open):
        events.append(ConflictsOpened(base_version=command.base_version, conflicts=new, **why(command)))
    return events


def not_open_yet(context: Context, conflicts: Sequence[Conflict]) -> tuple[Conflict, ...]:
    """Those that are not open already, at the same place about the same value: who submits twice asks once.

    Raises:
        TooManyConflictsError: more than 1,000 would be open, or more than 64 MiB of them.
    """
    known: dict[str, list[Json | UnsetType]] = {}
    for conflict in context.conflicts.values():
        known.setdefault(conflict.pointer, []).append(conflict.theirs)
    new = tuple(
        conflict
        for conflict in conflicts
        if not any(identical(theirs, conflict.theirs) for theirs in known.get(conflict.pointer, ()))
    )
    if len(context.conflicts) + len(new) > MAX_OPEN:
        raise TooManyConflictsError(
            f"{len(context.conflicts)} conflicts are open, and {len(new)} more would be; at most {MAX_OPEN} are kept: "
            "resolve some, or use another strategy"
        )
    if new and len(msgspec.json.encode([*context.conflicts.values(), *new])) > MAX_OPEN_BYTES:
        raise TooManyConflictsError(
            f"the open conflicts would have more than {MAX_OPEN_BYTES} bytes together: resolve some, or use another "
            "strategy"
        )
    return new

"""Checkpoints: deciding that a version gets a name, or that a context is again what it was there; automatic ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from domain.contexts.commands import Command
from domain.contexts.context import Context, alive, begins, check_expected, current_version, why
from domain.contexts.events import AutomaticCheckpoint, CheckpointCreated, CheckpointRestored, ContextEvent, Marking
from domain.contexts.marks import AUTOMATIC_PREFIX, Checkpoint, check_name
from domain.contexts.patches import diff
from domain.errors import AlreadyExistsError, VersionNotFoundError
from domain.recorded import Event


class Checkpointing(NamedTuple):
    """How automatic checkpoints are made: one for each `interval` changes, and how many of them are kept."""

    interval: int = 100
    kept: int = 10


class CreateCheckpoint(Command, frozen=True, kw_only=True):
    """Give the version that this makes a name; None: one made from the version."""

    name: str | None = None
    description: str | None = None


class RestoreCheckpoint(Command, frozen=True, kw_only=True):
    """Make data and attributes what they were at the checkpoint of that name."""

    name: str


def create(context: Context | None, command: CreateCheckpoint, now: datetime) -> list[ContextEvent]:
    """Decide a checkpoint.

    Raises:
        ContextNotFoundError: there is no live context.
        VersionConflictError: the expected version is not the current one.
        AlreadyExistsError: there is a checkpoint of that name.
        InvalidInputError: the name is one of automatic checkpoints.
    """
    context = alive(context, now)
    check_expected(context, command)
    name = command.name or f"version-{context.version + 1}"
    check_name(name, "/name")
    if name in context.checkpoints:
        marked = context.checkpoints[name].version
        raise AlreadyExistsError(
            f"there is a checkpoint {name!r} already, of version {marked}: choose another name", context.version
        )
    return [CheckpointCreated(checkpoint=name, description=command.description, **why(command))]


def named(context: Context, name: str) -> Checkpoint:
    """The checkpoint of that name.

    Raises:
        VersionNotFoundError: there is none.
    """
    if name not in context.checkpoints:
        raise VersionNotFoundError(f"there is no checkpoint {name!r}")
    return context.checkpoints[name]


def restore(
    context: Context | None, command: RestoreCheckpoint, earlier: Context, kept: int, now: datetime
) -> list[ContextEvent]:
    """Decide a restore; `earlier` is the context at the version that the checkpoint marks.

    What was there before it is marked by an automatic checkpoint, of which `kept` are kept.

    Raises:
        ContextNotFoundError: there is no live context.
        VersionConflictError: the expected version is not the current one.
        VersionNotFoundError: there is no such checkpoint.
    """
    context = alive(context, now)
    check_expected(context, command)
    named(context, command.name)
    return [
        CheckpointRestored(
            name=command.name,
            to_version=earlier.version,
            patch=diff(context.data, earlier.data),
            attributes=earlier.attributes,
            # The patch tells of both states.
            encrypted=context.encrypted or earlier.encrypted,
            automatic=(before(context, "restore", kept),),
            **why(command),
        )
    ]


def before(context: Context, what: str, kept: int) -> AutomaticCheckpoint:
    """An automatic checkpoint of what is there before something is done."""
    return AutomaticCheckpoint(
        name=f"{AUTOMATIC_PREFIX}{context.version}_before-{what}", version=context.version, kept=kept
    )


def with_due_checkpoint(context: Context | None, events: Sequence[Event], rule: Checkpointing) -> Sequence[Event]:
    """The events of one command, of which one makes an automatic checkpoint if that many changes were made.

    Those that have theirs already stay as they are.
    """
    changes = context.unmarked if context else 0
    if changes + len(events) < rule.interval:
        return events
    decided = list(events)
    for index, event in enumerate(decided):
        if begins(event):
            changes = 1
        if not isinstance(event, Marking):
            continue
        version = current_version(context) + index + 1
        changes += 1
        if event.automatic and event.automatic[-1].version == version:
            changes = 0
        elif changes >= rule.interval:
            mark = AutomaticCheckpoint(name=f"{AUTOMATIC_PREFIX}{version}", version=version, kept=rule.kept)
            decided[index] = msgspec.structs.replace(event, automatic=(*event.automatic, mark))
            changes = 0
    return decided

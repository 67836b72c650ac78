"""The checkpoints of a context as its events make them: which there are, and which automatic ones have gone again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

import msgspec

from domain.contexts.events import AutomaticCheckpoint
from domain.errors import InvalidInputError

AUTOMATIC_PREFIX = "auto_"
"""What the names of automatic checkpoints begin with, and no others."""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Marks a version. `at` is when the mark was made."""

    version: int
    at: datetime
    automatic: bool = False
    description: str | None = None


Checkpoints = dict[str, Checkpoint]
"""By name, the ones made first standing first."""


def checkpoint_id(stream: UUID, name: str) -> str:
    """How a checkpoint's id is shown."""
    return f"chk_{uuid5(stream, name).hex}"


def check_name(name: str, pointer: str) -> None:
    """Refuse names that automatic checkpoints could have.

    Raises:
        InvalidInputError: it is one.
    """
    if name.startswith(AUTOMATIC_PREFIX):
        raise InvalidInputError.at(pointer, f"names that begin with {AUTOMATIC_PREFIX} are for automatic checkpoints")


def with_checkpoint(checkpoints: Checkpoints, name: str, checkpoint: Checkpoint) -> Checkpoints:
    """With one more; another of that name goes."""
    return {**{other: mark for other, mark in checkpoints.items() if other != name}, name: checkpoint}


def with_automatic(checkpoints: Checkpoints, made: Sequence[AutomaticCheckpoint], at: datetime) -> Checkpoints:
    """With automatic ones that an event made; of their kind the newest stay, as many as the event says."""
    for automatic in made:
        mark = Checkpoint(version=automatic.version, at=at, automatic=True)
        checkpoints = with_checkpoint(checkpoints, automatic.name, mark)
        names = [name for name, mark in checkpoints.items() if mark.automatic]
        gone = set(names[: max(0, len(names) - automatic.kept)])
        checkpoints = {name: mark for name, mark in checkpoints.items() if name not in gone}
    return checkpoints

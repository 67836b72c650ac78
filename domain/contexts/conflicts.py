"""Conflicts: what two writers changed differently at one place, how it was settled, or that it is left to a person."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from domain.values import Json

Take = Literal["ours", "theirs", "value"]


class Conflict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place (JSON pointer, RFC 6901) that both sides changed differently.

    `base` is what both knew, `ours` what the context had, `theirs` what was submitted; UNSET where there was nothing.
    """

    pointer: str
    base: Json | UnsetType = UNSET
    ours: Json | UnsetType = UNSET
    theirs: Json | UnsetType = UNSET


class Resolution(Conflict, frozen=True, kw_only=True, omit_defaults=True):
    """A conflict that was settled: by which strategy, and what was taken; `value` where it was neither side's."""

    strategy: str
    take: Take
    value: Json | UnsetType = UNSET

    @property
    def result(self) -> Json | UnsetType:
        """What stands there after it; UNSET: nothing."""
        match self.take:
            case "ours":
                return self.ours
            case "theirs":
                return self.theirs
        return self.value


class OpenConflict(Conflict, frozen=True, kw_only=True, omit_defaults=True):
    """A conflict that waits for a person.

    `version` is the one that opened it, `base_version` the one that the other side knew (0: none), `actor` and
    `agent_id` whose `theirs` are.
    """

    id: str
    version: int
    base_version: int
    opened_at: datetime
    actor: str | None = None
    agent_id: str | None = None


def conflict_id(version: int, pointer: str) -> str:
    """The id of a conflict in its context: derived from the version that opened it and its place."""
    return f"conf_{version}_{hashlib.sha256(pointer.encode()).hexdigest()[:16]}"


def opened_by(conflict_id: str) -> int | None:
    """The version that opened a conflict of that id; None where that is no id of a conflict."""
    match conflict_id.split("_"):
        case ["conf", version, _] if version.isascii() and version.isdecimal() and len(version) <= 10:
            return int(version)
    return None

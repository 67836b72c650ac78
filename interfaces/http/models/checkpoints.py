"""Bodies and queries about checkpoints."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from interfaces.http.models.base import Body, Limit, Name, Text
from interfaces.http.models.contexts import KeyQuery, RollbackOptions

_CURSOR = re.compile(r"([1-9]\d{0,8})\.(.+)", re.DOTALL)


class CreateCheckpointRequest(Body):
    """A name for what is there; one is made from the version if none is given."""

    name: Name | None = None
    description: Text | None = None
    options: RollbackOptions = RollbackOptions()


class RestoreRequest(Body):
    """The checkpoint to go back to."""

    checkpoint: Name
    options: RollbackOptions = RollbackOptions()


class CheckpointsQuery(KeyQuery):
    """A page of a context's checkpoints."""

    limit: Limit = 50
    cursor: Annotated[str, Field(max_length=1024, pattern=r"^[1-9]\d{0,8}\.[\s\S]+$")] | None = Field(
        None, description="nextCursor of the last page."
    )

    def after(self) -> tuple[int, str] | None:
        """What the cursor says: the version and the name of the last one."""
        found = _CURSOR.fullmatch(self.cursor) if self.cursor else None
        return (int(found[1]), found[2]) if found else None


class CompareQuery(KeyQuery):
    """A checkpoint, and what to compare it with."""

    checkpoint: Name
    with_: Annotated[
        Name | None, Field(alias="with", description="Another checkpoint; left out: what is there now.")
    ] = None

"""Bodies and queries of synchronizing."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from domain.contexts.conflicts import Take
from domain.contexts.strategies import MAX_PATTERNS, RuleTake, Strategy
from interfaces.http.models.base import Body, ChangeOptions, Limit, Name, Text, Version
from interfaces.http.models.contexts import KeyQuery

_POINTER = "A JSON pointer (RFC 6901) in which a token may be *; it stands for the place and everything below it."

Pattern = Annotated[Text, Field(description=_POINTER)]


class RuleBody(Body):
    """What to take at a place. max and min fit numbers, union arrays, longer strings or arrays, the others all."""

    pointer: Pattern
    take: RuleTake


class SyncOptions(ChangeOptions):
    """How conflicts are settled, and who submits."""

    strategy: Strategy = "auto"
    rules: Annotated[list[RuleBody], Field(max_length=MAX_PATTERNS)] = []
    critical: Annotated[list[Pattern], Field(max_length=MAX_PATTERNS)] = Field(
        [], description="Places where conflicts are left open for a person."
    )
    agent_id: Name | None = Field(None, description="The agent that submits; the context's own stays.")
    metadata: dict[str, Any] = Field({}, description="Of this change, kept in the history.")


class SyncRequest(Body):
    """A state, and the version that it began from."""

    data: Any
    base_version: Version = Field(description="The version that the writer knew; 0: none.")
    options: SyncOptions = SyncOptions()


class ResolveOptions(ChangeOptions):
    """Who decides, and why."""

    metadata: dict[str, Any] = Field({}, description="Of this change, kept in the history.")


class ResolveRequest(Body):
    """Which conflict, and what to take; `value` with take value alone."""

    conflict_id: Name
    take: Take
    value: Any = None
    options: ResolveOptions = ResolveOptions()


class ConflictsQuery(KeyQuery):
    """A page of a context's open conflicts."""

    limit: Limit = 50
    cursor: Annotated[str, Field(max_length=256)] | None = Field(None, description="nextCursor of the last page.")

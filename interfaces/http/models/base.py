"""What bodies and queries are made of: camelCase, unknown fields refused, types as they are."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from domain.contexts.identity import MAX_LENGTH, name_fault
from domain.sessions.session import MAX_ID_LENGTH

MAX_INT32 = 2**31 - 1
MAX_POSITION = 2**63 - 1
_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def plain_name(value: str) -> str:
    """Refuses names with control characters, and too long ones."""
    if fault := name_fault(value):
        raise ValueError(fault)
    return value


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("strings can't hold the NUL character")
    return value


def _date_and_time(value: Any) -> str:
    # Without this a number would be taken for seconds since 1970.
    if not isinstance(value, str) or not _DATE_AND_TIME.match(value):
        raise ValueError("must be a date and time as RFC 3339 has it, such as 2026-01-31T12:00:00Z")
    return value


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999") from None


Name = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(plain_name)]
"""Ids, tags and the like: 1 to 256 characters without control characters."""
Namespace = Annotated[str, Field(max_length=MAX_LENGTH), AfterValidator(plain_name)]
Text = Annotated[str, Field(max_length=10_000), AfterValidator(_no_nul)]
Names = Annotated[list[Name], Field(max_length=256)]


def _whole_number(value: Any) -> Any:
    # Of a query. Bodies have numbers; there, a text is refused whatever is in it.
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,19}", value):
        raise ValueError("must be a whole number")
    return value


WholeNumber = BeforeValidator(_whole_number)
Version = Annotated[int, WholeNumber, Field(ge=0, le=MAX_INT32)]
Position = Annotated[int, WholeNumber, Field(ge=0, le=MAX_POSITION)]
# The years within which PostgreSQL's and Python's calendars both have every instant, in every time zone.
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_date_and_time),
    AfterValidator(_utc),
    Field(ge=datetime(1, 1, 2, tzinfo=UTC), le=datetime(9999, 12, 30, tzinfo=UTC)),
]
Limit = Annotated[int, WholeNumber, Field(ge=1, le=1000)]
SessionId = Annotated[str, Field(min_length=1, max_length=MAX_ID_LENGTH), AfterValidator(plain_name)]


class Body(BaseModel):
    """A request body: nothing is converted, nothing unknown is taken."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


class CausedBody(Body):
    """A command that tells who gives it and what it came from."""

    changed_by: Name | None = Field(None, description="Who makes the change.")
    causation_id: Name | None = None
    correlation_id: Name | None = None


class ChangeOptions(Body):
    """Who makes a change, why, and on which version it was based."""

    namespace: Namespace = ""
    expected_version: Version | None = Field(None, description="Refuse (409) unless this is the current version.")
    changed_by: Name | None = Field(None, description="Who makes the change.")
    action: Name | None = None
    reason: Text | None = None
    causation_id: Name | None = None
    correlation_id: Name | None = None


class CommandRequest(Body):
    """Who gives a command, why, in which session and on which version it was based; for what is not a context."""

    expected_version: Version | None = Field(None, description="Refuse (409) unless this is the current version.")
    changed_by: Name | None = Field(None, description="Who gives the command.")
    agent_id: Name | None = Field(None, description="The agent that gives it.")
    reason: Text | None = None
    causation_id: Name | None = None
    correlation_id: Name | None = None


class Query(BaseModel):
    """A query string: numbers are read from text, unknown parameters are refused."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class PageQuery(Query):
    """A page of a read model, and from which position on."""

    limit: Limit = 50
    cursor: Annotated[str, Field(max_length=4096)] | None = None
    min_position: Position = 0
    timeout: Annotated[float, Field(gt=0, le=60)] | None = Field(None, description="Seconds to wait for minPosition.")

"""Bodies and queries as the wire has them: camelCase, unknown fields refused, types as they are."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from domain.contexts.changes import ChangeType
from domain.contexts.identity import MAX_LENGTH, name_fault
from domain.sessions.session import MAX_ID_LENGTH

MAX_INT32 = 2**31 - 1
MAX_POSITION = 2**63 - 1
_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def _plain_name(value: str) -> str:
    if fault := name_fault(value):
        raise ValueError(fault)
    return value


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("strings can't hold the NUL character")
    return value


def _date_and_time(value: str) -> str:
    # Without this a number would be taken for seconds since 1970.
    if not _DATE_AND_TIME.match(value):
        raise ValueError("must be a date and time as RFC 3339 has it, such as 2026-01-31T12:00:00Z")
    return value


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999") from None


Name = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_plain_name)]
"""Ids, tags and the like: 1 to 256 characters without control characters."""
Namespace = Annotated[str, Field(max_length=MAX_LENGTH), AfterValidator(_plain_name)]
Text = Annotated[str, Field(max_length=10_000), AfterValidator(_no_nul)]
Names = Annotated[list[Name], Field(max_length=256)]


def _whole_number(value: Any) -> Any:
    # Of a query. Bodies have numbers; there, a text is refused whatever is in it.
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,19}", value):
        raise ValueError("must be a whole number")
    return value


WholeNumber = BeforeValidator(_whole_number)
Ttl = Annotated[int, Field(ge=1, le=1_000_000_000, description="Seconds from the last change; null for ever.")]
Version = Annotated[int, WholeNumber, Field(ge=0, le=MAX_INT32)]
Position = Annotated[int, WholeNumber, Field(ge=0, le=MAX_POSITION)]
Priority = Annotated[int, WholeNumber, Field(ge=-MAX_INT32, le=MAX_INT32)]
Importance = Annotated[float, Field(ge=0, le=1)]
# The years within which PostgreSQL's and Python's calendars both have every instant, in every time zone.
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_date_and_time),
    AfterValidator(_utc),
    Field(ge=datetime(1, 1, 2, tzinfo=UTC), le=datetime(9999, 12, 30, tzinfo=UTC)),
]
Limit = Annotated[int, WholeNumber, Field(ge=1, le=1000)]
SessionId = Annotated[str, Field(min_length=1, max_length=MAX_ID_LENGTH), AfterValidator(_plain_name)]


class Body(BaseModel):
    """A request body: nothing is converted, nothing unknown is taken."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


class ChangeOptions(Body):
    """Who makes a change, why, and on which version it was based."""

    namespace: Namespace = ""
    expected_version: Version | None = Field(None, description="Refuse (409) unless this is the current version.")
    changed_by: Name | None = Field(None, description="Who makes the change.")
    action: Name | None = None
    reason: Text | None = None
    causation_id: Name | None = None
    correlation_id: Name | None = None


class AttributeOptions(BaseModel):
    """What a context has beside its data."""

    session_id: SessionId | None = None
    agent_id: Name | None = None
    user_id: Name | None = None
    type: Name = "generic"
    tags: Names = []
    priority: Priority = 0
    importance: Importance = 0.5
    features: Names = []
    permissions: Names = []
    environment: Name = "development"
    document_version: Name = "1.0.0"
    ttl: Ttl | None = Field(None, description="Seconds from the last change; null for ever; left out: the default.")


class StoreOptions(AttributeOptions, ChangeOptions):
    """The options of a store; what is left out takes its default."""

    metadata: dict[str, Any] = Field({}, description="Free, kept with the context.")
    encrypt: bool | None = Field(
        None, description="Encrypt it; left out: as it was stored before, else as CONTEXTLINE_ENCRYPT_DEFAULT says."
    )
    compress: bool = Field(True, description="false keeps the payload uncompressed.")


class StoreRequest(Body):
    """Data and where to keep it."""

    key: str
    data: Any
    options: StoreOptions = StoreOptions()


class UpdateOptions(AttributeOptions, ChangeOptions):
    """The options of an update; attributes that are left out stay as they are."""

    change_type: ChangeType = "replace"
    metadata: dict[str, Any] = Field({}, description="Of this change, kept in the history.")
    context_metadata: dict[str, Any] = Field({}, description="The context's own metadata, replaced as a whole.")
    checkpoint: bool | Name = Field(False, description="Mark the new version as a checkpoint; true names it by itself.")


class UpdateRequest(Body):
    """A change of a part; without `data`, of attributes alone."""

    data: Any = None
    options: UpdateOptions = UpdateOptions()


class RollbackOptions(ChangeOptions):
    """The options of a rollback."""

    metadata: dict[str, Any] = Field({}, description="Of this change, kept in the history.")


class RollbackRequest(Body):
    """Where to go back to: a version, or a checkpoint by its name."""

    version: Annotated[int, WholeNumber, Field(ge=1, le=MAX_INT32)] | None = None
    checkpoint: Name | None = None
    options: RollbackOptions = RollbackOptions()


class CreateSessionRequest(Body):
    """A session to begin; an id is made if none is given."""

    id: SessionId | None = None
    user_id: Name | None = None
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    encrypt: bool | None = Field(None, description="Encrypt it; left out: as CONTEXTLINE_ENCRYPT_DEFAULT says.")


class EndSessionRequest(Body):
    """How a session ended."""

    outcome: dict[str, Any] = {}
    reason: Text | None = None
    expected_version: Version | None = None


class EraseRequest(Body):
    """Who erases, and why: kept in the clear for ever, so that it can be told what was done."""

    reason: Text | None = None
    changed_by: Name | None = None
    causation_id: Name | None = None
    correlation_id: Name | None = None


class EraseContextRequest(EraseRequest):
    """A context to erase; path or query may name it instead."""

    key: str | None = None
    namespace: Namespace = ""


class EraseUserRequest(EraseRequest):
    """A user to erase."""

    user_id: Name


class Query(BaseModel):
    """A query string: numbers are read from text, unknown parameters are refused."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class KeyQuery(Query):
    """Names a context; the key may stand in the path instead."""

    key: str | None = None
    namespace: str = ""


class GetQuery(KeyQuery):
    """Which state to read: the current one, a version's, or that of a past instant or position."""

    version: Annotated[int, WholeNumber, Field(ge=1, le=MAX_INT32)] | None = None
    as_of: Instant | None = None
    as_of_position: Position | None = None
    min_position: Position = 0


class DeleteQuery(KeyQuery):
    """Why and on which version."""

    expected_version: Version | None = None
    changed_by: Name | None = None
    action: Name | None = None
    reason: Text | None = None
    causation_id: Name | None = None
    correlation_id: Name | None = None


class HistoryQuery(KeyQuery):
    """A page of the history."""

    limit: Annotated[int, WholeNumber, Field(ge=1, le=100)] = 100
    cursor: Annotated[int, WholeNumber, Field(ge=1, le=MAX_INT32)] | None = Field(
        None, description="nextCursor of the last page."
    )
    order: Literal["asc", "desc"] = "asc"


class DiffQuery(KeyQuery):
    """Two versions."""

    from_: Annotated[int, WholeNumber, Field(alias="from", ge=1, le=MAX_INT32)]
    to: Annotated[int, WholeNumber, Field(ge=1, le=MAX_INT32)]


class PageQuery(Query):
    """A page of a read model, and from which position on."""

    limit: Limit = 50
    cursor: Annotated[str, Field(max_length=4096)] | None = None
    min_position: Position = 0
    timeout: Annotated[float, Field(gt=0, le=60)] | None = Field(None, description="Seconds to wait for minPosition.")


class ListQuery(PageQuery):
    """Filters; those given must all hold."""

    namespace: Namespace | None = None
    session_id: SessionId | None = None
    agent_id: Name | None = None
    user_id: Name | None = None
    type: Name | None = None
    environment: Name | None = None
    key_prefix: Annotated[str, Field(max_length=MAX_LENGTH), AfterValidator(_plain_name)] | None = None
    tag: Annotated[list[Name], Field(max_length=16)] = Field([], description="All of them; repeatable.")
    feature: Annotated[list[Name], Field(max_length=16)] = Field([], description="All of them; repeatable.")
    min_priority: Priority | None = None
    min_importance: Importance | None = None
    created_from: Instant | None = None
    created_to: Instant | None = Field(None, description="Before it.")
    updated_from: Instant | None = None
    updated_to: Instant | None = Field(None, description="Before it.")
    order: Literal["created", "-created", "key"] = "created"
    include: Literal["data"] | None = None


class SessionListQuery(PageQuery):
    """Filters for sessions."""

    status: Literal["active", "completed", "failed"] | None = None
    user_id: Name | None = None


class SessionQuery(Query):
    """Names a session; its id may stand in the path instead."""

    id: str | None = None

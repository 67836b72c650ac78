"""Bodies and queries about contexts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from application.histories import Place
from domain.contexts.changes import ChangeType
from domain.contexts.identity import MAX_LENGTH
from interfaces.http.models.base import (
    MAX_INT32,
    Body,
    ChangeOptions,
    Instant,
    Name,
    Names,
    Namespace,
    PageQuery,
    Position,
    Query,
    SessionId,
    Text,
    Version,
    WholeNumber,
    plain_name,
)

Ttl = Annotated[int, Field(ge=1, le=1_000_000_000, description="Seconds from the last change; null for ever.")]
_PLACE = r"^(?:[1-9]\d{0,8}\.[1-9]\d{0,8}\.)?[1-9]\d{0,8}$"
Priority = Annotated[int, WholeNumber, Field(ge=-MAX_INT32, le=MAX_INT32)]
Importance = Annotated[float, Field(ge=0, le=1)]


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
    cursor: Annotated[str, Field(pattern=_PLACE)] | None = Field(None, description="nextCursor of the last page.")
    order: Literal["asc", "desc"] = "asc"

    def place(self) -> Place | None:
        """What the cursor says: a version, or one of an ancestor, with the version that was forked and how far back."""
        return Place(*map(int, reversed(self.cursor.split(".")))) if self.cursor else None


class DiffQuery(KeyQuery):
    """Two versions."""

    from_: Annotated[int, WholeNumber, Field(alias="from", ge=1, le=MAX_INT32)]
    to: Annotated[int, WholeNumber, Field(ge=1, le=MAX_INT32)]


class ListQuery(PageQuery):
    """Filters; those given must all hold."""

    namespace: Namespace | None = None
    session_id: SessionId | None = None
    agent_id: Name | None = None
    user_id: Name | None = None
    type: Name | None = None
    environment: Name | None = None
    key_prefix: Annotated[str, Field(max_length=MAX_LENGTH), AfterValidator(plain_name)] | None = None
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

"""Bodies of batches."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from application.batching import MAX_OPERATIONS
from interfaces.http.models.base import Body, ChangeOptions
from interfaces.http.models.contexts import StoreRequest, UpdateRequest


class StoreOperation(StoreRequest):
    """A store, as in its own call."""

    op: Literal["store"]
    if_absent: bool = Field(False, description="Refuse (409) if a live context is there.")


class UpdateOperation(UpdateRequest):
    """An update, as in its own call."""

    op: Literal["update"]
    key: str


class DeleteOperation(Body):
    """A deletion."""

    op: Literal["delete"]
    key: str
    options: ChangeOptions = ChangeOptions()


OPERATIONS: dict[str, type[StoreOperation | UpdateOperation | DeleteOperation]] = {
    "store": StoreOperation,
    "update": UpdateOperation,
    "delete": DeleteOperation,
}

# Read one by one: of a batch of independent ones, the others are done.
_ANY_OPERATION = {
    "type": "object",
    "oneOf": [{"$ref": f"#/components/schemas/{model.__name__}"} for model in OPERATIONS.values()],
    "discriminator": {"propertyName": "op"},
}


class BatchRequest(Body):
    """Operations in order; atomic: all or nothing; independent: each for itself, with a result of its own."""

    mode: Literal["atomic", "independent"] = "atomic"
    operations: Annotated[
        list[Annotated[Any, WithJsonSchema(_ANY_OPERATION)]], Field(min_length=1, max_length=MAX_OPERATIONS)
    ]

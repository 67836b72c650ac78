"""Many operations in one request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from application.batching import BatchOperation, CarriedOut
from application.contexts import ContextRef
from domain.contexts.commands import DeleteContext
from domain.errors import Fault, InvalidInputError
from domain.values import Json
from infrastructure.settings import Settings
from interfaces.http.answers.base import answer
from interfaces.http.answers.batch import BatchAnswer, done_document
from interfaces.http.commands import origin, store_command, update_command, why
from interfaces.http.contract import told
from interfaces.http.models.batch import (
    OPERATIONS,
    BatchRequest,
    DeleteOperation,
    StoreOperation,
    UpdateOperation,
)
from interfaces.http.problems import problem_document
from interfaces.http.requests import TENANT, read_body, refuse_preconditions, services, validated

router = APIRouter(prefix="/api/context", tags=["contexts"])


@router.post("/batch", **told({200: BatchAnswer}, body=BatchRequest))
async def batch(request: Request) -> Response:
    """Carry out up to 1,000 operations: all or nothing (atomic), or each for itself, with a result for each."""
    refuse_preconditions(request)
    wired, body = services(request), await read_body(request, BatchRequest)
    read = [_read(value, wired.settings) for value in body.operations]
    outcomes: Sequence[CarriedOut | Exception]
    if body.mode == "atomic":
        outcomes = await wired.batches.atomic(TENANT, _all_valid(read))
    else:
        valid = [operation for operation in read if isinstance(operation, BatchOperation)]
        done = iter(await wired.batches.independent(valid))
        outcomes = [next(done) if isinstance(operation, BatchOperation) else operation for operation in read]
    results = [
        _result(value, operation, outcome)
        for value, operation, outcome in zip(body.operations, read, outcomes, strict=True)
    ]
    contexts = [outcome.context for outcome in outcomes if isinstance(outcome, CarriedOut)]
    return answer(
        {
            "mode": body.mode,
            "results": results,
            "succeeded": len(contexts),
            "failed": len(results) - len(contexts),
            "position": max((context.position for context in contexts), default=None),
        }
    )


def _read(value: Json, settings: Settings) -> BatchOperation | InvalidInputError:
    try:
        return _operation(value, settings)
    except InvalidInputError as error:
        return error


def _operation(value: Json, settings: Settings) -> BatchOperation:
    """One of them; the pointers of a refusal begin at it."""
    if not isinstance(value, dict):
        raise InvalidInputError.at("", "an operation is an object")
    name = value.get("op")
    if not isinstance(name, str) or name not in OPERATIONS:
        raise InvalidInputError.at("/op", f"must be one of {', '.join(OPERATIONS)}")
    asked = validated(OPERATIONS[name], value)
    command: Any
    match asked:
        case StoreOperation():
            command = store_command(asked, settings, only_if_absent=asked.if_absent)
        case UpdateOperation():
            command = update_command(asked)
        case DeleteOperation():
            command = DeleteContext(**why(asked.options))
    return BatchOperation(ContextRef(TENANT, asked.options.namespace, asked.key), command, origin(asked.options))


def _all_valid(read: Sequence[BatchOperation | InvalidInputError]) -> list[BatchOperation]:
    """All of them.

    Raises:
        InvalidInputError: what is wrong with each that is not.
    """
    faults = [
        Fault(f"/operations/{index}{fault.pointer}", fault.message)
        for index, operation in enumerate(read)
        if isinstance(operation, InvalidInputError)
        for fault in operation.faults
    ]
    if faults:
        raise InvalidInputError(faults)
    return [operation for operation in read if isinstance(operation, BatchOperation)]


def _result(
    value: Json, operation: BatchOperation | InvalidInputError, outcome: CarriedOut | Exception
) -> dict[str, Any]:
    asked = value if isinstance(value, dict) else {}
    named = {name: asked[name] if isinstance(asked.get(name), str) else None for name in ("op", "key")}
    if isinstance(outcome, CarriedOut) and isinstance(operation, BatchOperation):
        status, document = done_document(operation.command, outcome)
        return {"op": named["op"], "status": status, **document}
    assert isinstance(outcome, Exception)
    problem = problem_document(outcome)
    return {**named, "status": problem["status"], "problem": problem}

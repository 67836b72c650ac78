"""From what requests say to commands; a batch says the same of many."""

from __future__ import annotations

from typing import Any

import msgspec

from domain.contexts.commands import StoreContext, UpdateContext
from domain.contexts.events import AttributeChanges, Attributes
from domain.errors import InvalidInputError
from domain.recorded import Origin
from infrastructure.settings import Settings
from interfaces.http.models.base import ChangeOptions
from interfaces.http.models.contexts import AttributeOptions, DeleteQuery, KeyQuery, StoreRequest, UpdateRequest
from interfaces.http.requests import combine_expected

_ATTRIBUTES = tuple(field.name for field in msgspec.structs.fields(Attributes) if field.name != "metadata")


def store_command(
    body: StoreRequest,
    settings: Settings,
    expected: int | None = None,
    *,
    only_if_absent: bool = False,
    only_if_present: bool = False,
) -> StoreContext:
    """A store; `expected` is the version that a header asks for."""
    options = body.options
    given = _named_attributes(options)
    given.setdefault("ttl", settings.default_ttl)
    return StoreContext(
        namespace=options.namespace,
        key=body.key,
        data=body.data,
        attributes=Attributes(**given, metadata=options.metadata),
        only_if_absent=only_if_absent,
        only_if_present=only_if_present,
        compress=options.compress,
        encrypt=options.encrypt,
        encrypt_new=settings.encrypt_default,
        **why(options, expected),
    )


def update_command(body: UpdateRequest, expected: int | None = None) -> UpdateContext:
    """An update.

    Raises:
        InvalidInputError: it would change nothing.
    """
    options = body.options
    given = _named_attributes(options)
    if "context_metadata" in options.model_fields_set:
        given["metadata"] = options.context_metadata
    if "data" not in body.model_fields_set and not given and not options.checkpoint:
        raise InvalidInputError.at("/data", "nothing is to be changed: give data, an option to set, or a checkpoint")
    return UpdateContext(
        data=body.data if "data" in body.model_fields_set else msgspec.UNSET,
        change_type=options.change_type,
        attributes=AttributeChanges(**given),
        checkpoint=options.checkpoint,
        metadata=options.metadata,
        **why(options, expected),
    )


def why(options: ChangeOptions | DeleteQuery, expected: int | None = None) -> dict[str, Any]:
    """What every command says; `expected` is the version that a header asks for."""
    return {
        "expected_version": combine_expected(expected, options.expected_version),
        "action": options.action,
        "reason": options.reason,
    }


def origin(options: ChangeOptions | DeleteQuery) -> Origin:
    """Where a command comes from."""
    return Origin(
        actor=options.changed_by,
        agent_id=getattr(options, "agent_id", None),
        session_id=getattr(options, "session_id", None),
        causation_id=options.causation_id,
        correlation_id=options.correlation_id,
    )


def namespace(query: KeyQuery, options: ChangeOptions) -> str:
    """The namespace that a query or a body names.

    Raises:
        InvalidInputError: both do, and differ.
    """
    if query.namespace and options.namespace and query.namespace != options.namespace:
        raise InvalidInputError.at("/options/namespace", "the query and the body name different namespaces")
    return query.namespace or options.namespace


def _named_attributes(options: AttributeOptions) -> dict[str, Any]:
    """The attributes that a request names, as events have them."""
    given = {name: getattr(options, name) for name in _ATTRIBUTES if name in options.model_fields_set}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}

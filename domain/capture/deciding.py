"""What a capture makes of one element: a store, or nothing where it is known as it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.contexts import context as contexts
from domain.contexts.commands import StoreContext
from domain.contexts.context import Context
from domain.contexts.events import ContextEvent
from domain.values import Json, identical


def capture(context: Context | None, command: StoreContext, now: datetime) -> list[ContextEvent]:
    """Decide it. What was captured again and is unchanged makes no event, so its history tells changes alone.

    Where it was stored in the meantime as something else, by whomever, the capture stores over it.
    """
    if context is not None and _is_known(context, command, now):
        return []
    return contexts.store(context, command, now)


def _is_known(context: Context, command: StoreContext, now: datetime) -> bool:
    return (
        context.is_live(now)
        and not _is_ageing(context, now)
        and context.attributes == command.attributes
        and context.encrypted == _encrypts(context, command)
        and identical(_facts(context.data), _facts(command.data))
    )


def _is_ageing(context: Context, now: datetime) -> bool:
    """Whether more than half of its time is over: seen again it is to live on, without an event each time."""
    ttl = context.attributes.ttl
    return ttl is not None and now - context.updated_at > timedelta(seconds=ttl) / 2


def _encrypts(context: Context, command: StoreContext) -> bool:
    return command.encrypt if command.encrypt is not None else command.encrypt_new or context.encrypted


def _facts(data: Json) -> Json:
    """All but where it was seen: the same thing seen by another tool is no change."""
    return {name: value for name, value in data.items() if name != "source"} if isinstance(data, dict) else data

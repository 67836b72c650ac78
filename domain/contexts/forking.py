"""Deciding that a context begins as a branch of another one."""

from __future__ import annotations

from datetime import datetime

import msgspec

from domain.contexts.ancestry import point
from domain.contexts.commands import Command
from domain.contexts.context import Context, why
from domain.contexts.events import NO_CHANGES, AttributeChanges, ContextEvent, ContextForked
from domain.errors import AlreadyExistsError, InvalidInputError


class Copying(Command, frozen=True, kw_only=True):
    """What commands have in common by which contexts begin with the data of others.

    `encrypt` None: what comes from an encrypted context is encrypted, else as `encrypt_new` says.
    """

    attributes: AttributeChanges = NO_CHANGES
    compress: bool = True
    encrypt: bool | None = None
    encrypt_new: bool = False


class ForkContext(Copying, frozen=True, kw_only=True):
    """Begin a branch under this key; attributes that are not named are the parent's."""

    namespace: str
    key: str


def fork(target: Context | None, parent: Context, command: ForkContext, now: datetime) -> list[ContextEvent]:
    """Decide a fork from a state of the parent.

    Raises:
        AlreadyExistsError: a live context has that key.
        InvalidInputError: it is not to be encrypted, and the parent is.
    """
    refuse_alive(target, now)
    return [
        ContextForked(
            namespace=command.namespace,
            key=command.key,
            parent=point(parent),
            data=parent.data,
            attributes=msgspec.structs.replace(parent.attributes, **command.attributes.named()),
            compress=command.compress,
            encrypted=encrypts(command, [parent], target),
            **why(command),
        )
    ]


def refuse_alive(target: Context | None, now: datetime) -> None:
    """Refuse where something lives.

    Raises:
        AlreadyExistsError: it does.
    """
    if target is not None and target.is_live(now):
        raise AlreadyExistsError(
            f"a live context has the key {target.key!r} in namespace {target.namespace!r} already: choose another key",
            target.version,
        )


def encrypts(command: Copying, parents: list[Context], target: Context | None) -> bool:
    """Whether what comes from these is to be encrypted: never less than they are.

    Raises:
        InvalidInputError: the command says that it is not, and one of them is.
    """
    if any(parent.encrypted for parent in parents):
        if command.encrypt is False:
            raise InvalidInputError.at(
                "/options/encrypt", "can't be false: what it comes from is encrypted, and would come to be in the clear"
            )
        return True
    if command.encrypt is not None:
        return command.encrypt
    return command.encrypt_new or (target is not None and target.encrypted)

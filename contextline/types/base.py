"""What all results share."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

Item = TypeVar("Item")


class Result(Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True):
    """The base of all results."""


class Page(Result, Generic[Item], frozen=True, kw_only=True):
    """Some of many; `next_cursor` leads to the next page, None on the last one."""

    items: list[Item]
    next_cursor: str | None = None

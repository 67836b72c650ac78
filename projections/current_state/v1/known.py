"""The rows that a batch touches, read a few megabytes at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from infrastructure.postgres.arrays import Integers, Uuids

GROUP_BYTES = 16 * 1024 * 1024
"""Bytes of heavy payloads (above 16 KiB) that are in memory at once; one alone may have more."""

Key = tuple[int, UUID]
Row = tuple[Any, ...]


async def in_groups(
    connection: AsyncConnection[Any], keys: Collection[Key], statement: bytes, payloads_statement: bytes
) -> AsyncIterator[tuple[list[Key], dict[Key, Row]]]:
    """The keys, some at a time, and the rows of those that are there. A row ends with its payload.

    Of the first statement, a row begins with its key and ends with its payload and that one's size in bytes. Heavy
    payloads are left out there; the second statement gives them by key.
    """
    rows = {(row[0], row[1]): row for row in await fetch(connection, statement, _wanted(keys))}
    group: list[Key] = []
    size = 0
    for key in keys:
        heavy = rows[key][-1] if key in rows and rows[key][-2] is None else 0
        if group and size + heavy > GROUP_BYTES:
            yield group, await _whole(connection, payloads_statement, group, rows)
            group, size = [], 0
        group.append(key)
        size += heavy
    if group:
        yield group, await _whole(connection, payloads_statement, group, rows)


async def fetch(connection: AsyncConnection[Any], statement: bytes, parameters: dict[str, Any]) -> list[Any]:
    """The rows of a statement, in the connection's transaction."""
    return await (await connection.execute(statement, parameters, binary=True)).fetchall()


async def _whole(
    connection: AsyncConnection[Any], statement: bytes, group: Sequence[Key], rows: dict[Key, Row]
) -> dict[Key, Row]:
    found = {key: rows.pop(key) for key in group if key in rows}
    payloads: dict[Key, bytes] = {}
    if heavy := [key for key, row in found.items() if row[-2] is None]:
        payloads = {(row[0], row[1]): row[2] for row in await fetch(connection, statement, _wanted(heavy))}
    return {key: (*row[:-2], payloads.get(key, row[-2])) for key, row in found.items()}


def _wanted(keys: Collection[Key]) -> dict[str, Any]:
    return {"tenant_ids": Integers([key[0] for key in keys]), "ids": Uuids([key[1] for key in keys])}

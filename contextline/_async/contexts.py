"""Calls about contexts."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Literal, Unpack

from msgspec import UNSET

from contextline._async.base import AsyncBase
from contextline._encoding import camel_members, check_names, context_names
from contextline.options import ListFilters, Order, RollbackOptions, StoreOptions, UpdateOptions
from contextline.types import (
    Context,
    Deleted,
    DiffResult,
    HistoryEntry,
    HistoryPage,
    Page,
    RolledBack,
    Stored,
    Updated,
    Version,
)


class AsyncContextCalls(AsyncBase):
    """Calls about contexts."""

    async def store(self, key: str, data: Any, **options: Unpack[StoreOptions]) -> Stored:
        """Store data under a key; over a live context it replaces data and all options.

        An option that is None takes its default, as if it were left out; only `ttl=None` means something: never expire.

        Raises:
            VersionConflictError: `expected_version` is not the current version.
            PreconditionFailedError: `only_if_absent`, and a live context is there.
        """
        check_names("store", StoreOptions, options)
        headers = {"If-None-Match": "*"} if options.pop("only_if_absent", False) else None
        members = {name: value for name, value in options.items() if value is not None or name == "ttl"}
        body = {"key": key, "data": data, "options": camel_members(members)}
        stored = await self._transport.command("POST", "/api/context/store", Stored, {}, body, headers)
        self._seen.note(stored.position)
        return stored

    async def get(
        self,
        key: str,
        *,
        namespace: str = "",
        version: int | None = None,
        as_of: datetime | str | None = None,
        as_of_position: int | None = None,
        min_position: int | None = None,
    ) -> Context:
        """The context as it is now, or as it was at a version, an instant or a position.

        What this or another client has stored is always seen; no `min_position` is needed for that.

        Raises:
            ContextNotFoundError: there is none, or none any more.
            VersionNotFoundError: it has no such version, or did not exist then.
        """
        parameters = {
            **context_names(key, namespace),
            "version": version,
            "as_of": as_of,
            "as_of_position": as_of_position,
            "min_position": min_position,
        }
        return await self._transport.read("/api/context/get", Context, parameters)

    async def update(self, key: str, data: Any = UNSET, **options: Unpack[UpdateOptions]) -> Updated:
        """Change data, options or both; what is not named stays, and the time to live begins anew.

        `change_type` says what `data` does: "replace" (default), "merge", "append", "mergePatch", "jsonPatch" or
        "increment".

        Raises:
            ContextNotFoundError: there is none, or none any more.
            VersionConflictError: `expected_version` is not the current version.
            ChangeDoesNotApplyError: it does not fit the data as it is now.
        """
        check_names("update", UpdateOptions, options)
        body = {"options": camel_members(options)} | ({} if data is UNSET else {"data": data})
        updated = await self._transport.command("PUT", "/api/context/update", Updated, {"key": key}, body)
        self._seen.note(updated.position)
        return updated

    async def delete(
        self,
        key: str,
        *,
        namespace: str = "",
        expected_version: int | None = None,
        changed_by: str | None = None,
        action: str | None = None,
        reason: str | None = None,
        causation_id: str | None = None,
        correlation_id: str | None = None,
    ) -> Deleted:
        """Delete a context; its history stays, and can still be read.

        Raises:
            ContextNotFoundError: there is none, or none any more.
            VersionConflictError: `expected_version` is not the current version.
        """
        parameters = {
            **context_names(key, namespace),
            "expected_version": expected_version,
            "changed_by": changed_by,
            "action": action,
            "reason": reason,
            "causation_id": causation_id,
            "correlation_id": correlation_id,
        }
        deleted = await self._transport.command("DELETE", "/api/context/delete", Deleted, parameters)
        self._seen.note(deleted.position)
        return deleted

    async def rollback(
        self,
        key: str,
        version: int | str | None = None,
        *,
        checkpoint: str | None = None,
        **options: Unpack[RollbackOptions],
    ) -> RolledBack:
        """Make a context what it was at a version or at a named checkpoint; nothing is lost: it is a new version.

        A text as `version` is the name of a checkpoint too.

        Raises:
            ContextNotFoundError: there is none, or none any more.
            VersionNotFoundError: there is no such version or checkpoint.
            VersionConflictError: `expected_version` is not the current version.
        """
        check_names("rollback", RollbackOptions, options)
        if (version is None) == (checkpoint is None):
            raise TypeError("rollback() takes either a version or a checkpoint")
        target = {"version": version} if isinstance(version, int) else {"checkpoint": checkpoint or version}
        body = {**target, "options": camel_members(options)}
        rolled = await self._transport.command("POST", "/api/context/rollback", RolledBack, {"key": key}, body)
        self._seen.note(rolled.position)
        return rolled

    async def list(
        self,
        *,
        order: Order | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        include_data: bool = False,
        min_position: int | None = None,
        timeout: float | None = None,
        **filters: Unpack[ListFilters],
    ) -> Page[Context]:
        """A page of the contexts that match; `data` is UNSET in them unless `include_data`.

        `timeout`: the seconds that the server may wait for `min_position`.

        Raises:
            ReadModelBehindError: the list did not get as far as `min_position` in time.
        """
        check_names("list", ListFilters, filters)
        for name in ("tags", "features"):
            if isinstance(filters.get(name), str):
                raise TypeError(f"{name} takes a list of strings")
        wanted: dict[str, Any] = {**filters}
        # A query names each one, a body all of them.
        wanted |= {"tag": wanted.pop("tags", None), "feature": wanted.pop("features", None)}
        wanted |= {"order": order, "limit": limit, "cursor": cursor, "include": "data" if include_data else None}
        return await self._read_model("/api/context/list", Page[Context], wanted, min_position, timeout)

    async def iterate(
        self,
        *,
        order: Order | None = None,
        page_size: int | None = None,
        include_data: bool = False,
        min_position: int | None = None,
        timeout: float | None = None,
        **filters: Unpack[ListFilters],
    ) -> AsyncIterator[Context]:
        """All contexts that match, fetched page by page; otherwise as `list`."""
        cursor = None
        while True:
            page = await self.list(
                order=order,
                limit=page_size,
                cursor=cursor,
                include_data=include_data,
                min_position=min_position,
                timeout=timeout,
                **filters,
            )
            for context in page.items:
                yield context
            cursor = page.next_cursor
            if cursor is None:
                return

    async def history(
        self,
        key: str,
        *,
        namespace: str = "",
        order: Literal["asc", "desc"] | None = None,
        limit: int | None = None,
        cursor: str | int | None = None,
    ) -> Page[HistoryEntry]:
        """A page of a context's changes, oldest first unless `order` is "desc"; also of one that is deleted.

        Raises:
            ContextNotFoundError: nothing was ever stored under that key.
        """
        parameters = {**context_names(key, namespace), "order": order, "limit": limit, "cursor": cursor}
        page = await self._transport.read("/api/context/history", HistoryPage, parameters)
        return Page(items=page.items, next_cursor=None if page.next_cursor is None else str(page.next_cursor))

    async def versions(self, key: str, *, namespace: str = "") -> builtins.list[Version]:
        """All versions of a context, also of one that is deleted, oldest first.

        Raises:
            ContextNotFoundError: nothing was ever stored under that key.
        """
        page = await self._transport.read("/api/context/versions", Page[Version], context_names(key, namespace))
        return page.items

    async def diff(self, key: str, from_version: int, to_version: int, *, namespace: str = "") -> DiffResult:
        """What turns one version of a context into another.

        Raises:
            ContextNotFoundError: nothing was ever stored under that key.
            VersionNotFoundError: there is no such version.
        """
        parameters = {**context_names(key, namespace), "from": from_version, "to": to_version}
        return await self._transport.read("/api/context/diff", DiffResult, parameters)

"""Calls of concurrent writers, and of many operations at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Unpack

from msgspec import UNSET

from contextline._async.base import AsyncBase
from contextline._encoding import camel_members, check_names, context_names
from contextline.operations import Operation
from contextline.options import ResolveOptions, SyncOptions
from contextline.types import BatchResult, ConflictPage, Resolved, Synchronized


class AsyncSynchronizingCalls(AsyncBase):
    """Calls of concurrent writers, and of many operations at once."""

    async def sync(self, key: str, data: Any, base_version: int, **options: Unpack[SyncOptions]) -> Synchronized:
        """Submit a state that began from `base_version` (0: from nothing known), and go on with what comes back.

        What others changed since is kept, what this side changed is taken, and what both changed differently is settled
        by `strategy`: "auto" (default), "last_write_wins", "merge", "rule_based" or "user_decides". `rules` are
        {"pointer": …, "take": "ours" | "theirs" | "max" | "min" | "union" | "longer"}, `critical` pointers of places
        where a person is to decide; in both a token may be "*".

        Raises:
            ContextNotFoundError: there is none, or none any more.
            VersionNotFoundError: it has no such base version.
            ContextErasedError: it, or the base version, was erased.
            TooManyConflictsError: the states have too little in common, or too many conflicts would be open.
        """
        check_names("sync", SyncOptions, options)
        body = {"data": data, "baseVersion": base_version, "options": camel_members(options)}
        done = await self._transport.command("POST", "/api/context/sync", Synchronized, {"key": key}, body)
        self._seen.note(done.position)
        return done

    async def conflicts(
        self, key: str, *, namespace: str = "", limit: int | None = None, cursor: str | None = None
    ) -> ConflictPage:
        """A page of the open conflicts of a context, the one opened first before.

        Raises:
            ContextNotFoundError: there is none, or none any more.
        """
        parameters = {**context_names(key, namespace), "limit": limit, "cursor": cursor}
        return await self._transport.read("/api/context/conflicts", ConflictPage, parameters)

    async def resolve(
        self,
        key: str,
        conflict_id: str,
        take: Literal["ours", "theirs", "value"],
        value: Any = UNSET,
        **options: Unpack[ResolveOptions],
    ) -> Resolved:
        """Decide an open conflict: leave what stands there now (ours), take theirs, or `value`.

        Raises:
            ConflictNotFoundError: there never was such a conflict.
            AlreadyResolvedError: it is not open any more; `resolved` tells how it ended.
            ChangeDoesNotApplyError: what its place is in is not there any more.
            VersionConflictError: `expected_version` is not the current version.
        """
        check_names("resolve", ResolveOptions, options)
        body = {"conflictId": conflict_id, "take": take, "options": camel_members(options)}
        if value is not UNSET:
            body["value"] = value
        done = await self._transport.command("POST", "/api/context/resolve", Resolved, {"key": key}, body)
        self._seen.note(done.position)
        return done

    async def batch(
        self,
        operations: Sequence[Operation | Mapping[str, Any]],
        *,
        mode: Literal["atomic", "independent"] = "atomic",
    ) -> BatchResult:
        """Carry out up to 1,000 operations: all or nothing, or each for itself, with an error of its own.

        Raises:
            ContextlineError: atomic: as the call of the operation that was refused, whose place is in `index`, or in
                `errors` where several can't be read. Nothing was written.
        """
        body = {
            "mode": mode,
            "operations": [one.body if isinstance(one, Operation) else dict(one) for one in operations],
        }
        done = await self._transport.command("POST", "/api/context/batch", BatchResult, {}, body)
        if done.position is not None:
            self._seen.note(done.position)
        return done

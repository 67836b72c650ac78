"""The client: one method for each call of the HTTP API."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack

import httpx
from msgspec import UNSET

from contextline._async_transport import AsyncTransport
from contextline._encoding import camel_members, check_names, named
from contextline._position import SeenPosition
from contextline.errors import PositionNotInLogError
from contextline.options import ListFilters, Order, RollbackOptions, StoreOptions, UpdateOptions
from contextline.types import (
    Context,
    Deleted,
    DiffResult,
    ErasedAll,
    ErasedContext,
    HealthReport,
    HistoryEntry,
    HistoryPage,
    Page,
    ProjectionStatus,
    RolledBack,
    Session,
    Stored,
    Updated,
    Version,
)

T = TypeVar("T")


class AsyncContextClient:
    """A store, over HTTP. Keeps its connections: make one, use it for long, then close it or use it as a `with` block.

    Data are JSON values: None, booleans, numbers, strings, lists and dictionaries with strings as names. They come
    back equal, but for tuples, which are sent as arrays and come back as lists. Anything else is refused.

    Lists are read models and may lag behind what was just stored. The client remembers the highest position that its
    own commands were answered with and has lists wait for it; `min_position` asks for another one, 0 for none.

    Reads are repeated when the connection fails or the server is not available (503). Commands are repeated only if
    no connection could be made, so that nothing was sent.

    Every method raises ContextlineError: InvalidInputError, NotFoundError, ConflictError, UnavailableError and others
    in `contextline.errors`.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: float = 10.0,
        retries: int = 2,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`url`: by default CONTEXTLINE_URL, else http://127.0.0.1:3100. `timeout` in seconds, for each step of a try.

        `retries`: how often a request is repeated at most. `transport`: for tests and servers in the same process.
        """
        self._transport = AsyncTransport(url, api_key=api_key, timeout=timeout, retries=retries, transport=transport)
        self._seen = SeenPosition()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._transport.url)!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. The client can't be used any more."""
        await self._transport.aclose()

    @property
    def position(self) -> int:
        """The highest position that this client's commands were answered with; 0 before the first."""
        return self._seen.highest

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
            **_names(key, namespace),
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
            **_names(key, namespace),
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

    async def erase(
        self, key: str, *, namespace: str = "", reason: str | None = None, changed_by: str | None = None
    ) -> ErasedContext:
        """Destroy the keys of a context that was stored encrypted: nothing, no backup either, gives it back.

        `reason` and `changed_by` are kept in the clear for ever. For a context that is erased already the answer is
        that of the first time.

        Raises:
            ContextNotFoundError: nothing was ever stored under that key.
            StoredInTheClearError: it was not encrypted; it can be deleted.
        """
        body = named(key=key, namespace=namespace, reason=reason, changed_by=changed_by)
        erased = await self._transport.command("POST", "/api/context/erase", ErasedContext, {}, body)
        self._seen.note(erased.position)
        return erased

    async def erase_session(
        self, session_id: str, *, reason: str | None = None, changed_by: str | None = None
    ) -> ErasedAll:
        """Erase a session, and the contexts that are or were in it; what was stored in the clear is told.

        Raises:
            NotFoundError: there is nothing of it.
            StoredInTheClearError: nothing of it was encrypted.
            ReadModelBehindError: what can't be erased can't be told yet; nothing was erased.
        """
        return await self._erase_all("/api/sessions/erase", {"id": session_id}, reason, changed_by)

    async def erase_user(self, user_id: str, *, reason: str | None = None, changed_by: str | None = None) -> ErasedAll:
        """Erase a user's sessions, the contexts in them, and the user's other contexts; else as `erase_session`."""
        return await self._erase_all("/api/users/erase", {}, reason, changed_by, user_id=user_id)

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
        parameters = {**_names(key, namespace), "order": order, "limit": limit, "cursor": cursor}
        page = await self._transport.read("/api/context/history", HistoryPage, parameters)
        return Page(items=page.items, next_cursor=None if page.next_cursor is None else str(page.next_cursor))

    async def versions(self, key: str, *, namespace: str = "") -> builtins.list[Version]:
        """All versions of a context, also of one that is deleted, oldest first.

        Raises:
            ContextNotFoundError: nothing was ever stored under that key.
        """
        page = await self._transport.read("/api/context/versions", Page[Version], _names(key, namespace))
        return page.items

    async def diff(self, key: str, from_version: int, to_version: int, *, namespace: str = "") -> DiffResult:
        """What turns one version of a context into another.

        Raises:
            ContextNotFoundError: nothing was ever stored under that key.
            VersionNotFoundError: there is no such version.
        """
        parameters = {**_names(key, namespace), "from": from_version, "to": to_version}
        return await self._transport.read("/api/context/diff", DiffResult, parameters)

    async def health(self) -> HealthReport:
        """How the server is. One that is not healthy gives a report too, not an error."""
        return await self._transport.read("/api/context/health", HealthReport, {}, answers=503)

    async def projections(self) -> builtins.list[ProjectionStatus]:
        """How far each read model is."""
        page = await self._transport.read("/api/projections", Page[ProjectionStatus], {})
        return page.items

    async def create_session(
        self,
        session_id: str | None = None,
        *,
        user_id: str | None = None,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        encrypt: bool | None = None,
    ) -> Session:
        """Begin a session, under an id of your choice or one that the server makes.

        `encrypt` is for the session itself: each of its contexts says so for itself.

        Raises:
            AlreadyExistsError: the id was used before, also if that session has ended.
        """
        body = named(id=session_id, user_id=user_id, data=data, metadata=metadata, encrypt=encrypt)
        return await self._session_command("/api/sessions", {}, body)

    async def get_session(self, session_id: str) -> Session:
        """The session as it is now.

        Raises:
            SessionNotFoundError: there is none.
        """
        return await self._transport.read("/api/sessions/get", Session, {"id": session_id})

    async def list_sessions(
        self,
        *,
        status: str | None = None,
        user_id: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        min_position: int | None = None,
        timeout: float | None = None,
    ) -> Page[Session]:
        """A page of sessions; `min_position` and `timeout` as in `list`.

        Raises:
            ReadModelBehindError: the list did not get as far as `min_position` in time.
        """
        wanted = {"status": status, "user_id": user_id, "limit": limit, "cursor": cursor}
        return await self._read_model("/api/sessions", Page[Session], wanted, min_position, timeout)

    async def complete_session(
        self,
        session_id: str,
        *,
        outcome: dict[str, Any] | None = None,
        reason: str | None = None,
        expected_version: int | None = None,
    ) -> Session:
        """End a session that reached what it was for; `outcome` is what came of it.

        Raises:
            SessionNotFoundError: there is none.
            IllegalTransitionError: it has ended already.
            VersionConflictError: `expected_version` is not the current version.
        """
        body = named(outcome=outcome, reason=reason, expected_version=expected_version)
        return await self._session_command("/api/sessions/complete", {"id": session_id}, body)

    async def fail_session(
        self,
        session_id: str,
        *,
        outcome: dict[str, Any] | None = None,
        reason: str | None = None,
        expected_version: int | None = None,
    ) -> Session:
        """End a session that did not reach what it was for; otherwise as `complete_session`."""
        body = named(outcome=outcome, reason=reason, expected_version=expected_version)
        return await self._session_command("/api/sessions/fail", {"id": session_id}, body)

    async def _erase_all(
        self, path: str, parameters: Mapping[str, Any], reason: str | None, changed_by: str | None, **names: str
    ) -> ErasedAll:
        body = named(reason=reason, changed_by=changed_by, **names)
        erased = await self._transport.command("POST", path, ErasedAll, parameters, body)
        self._seen.note(erased.position)
        return erased

    async def _session_command(self, path: str, parameters: Mapping[str, Any], body: Mapping[str, Any]) -> Session:
        session = await self._transport.command("POST", path, Session, parameters, body)
        self._seen.note(session.position)
        return session

    async def _read_model(
        self, path: str, kind: type[T], wanted: Mapping[str, Any], min_position: int | None, timeout: float | None
    ) -> T:
        position = self._seen.highest if min_position is None else min_position
        parameters = {**wanted, "min_position": position or None, "timeout": timeout}
        try:
            return await self._transport.read(path, kind, parameters, wait=timeout or 0)
        except PositionNotInLogError:
            if min_position is None:
                self._seen.forget()
            raise


def _names(key: str, namespace: str) -> dict[str, Any]:
    return {"key": key, "namespace": namespace or None}

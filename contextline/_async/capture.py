"""Calls about what agents saw, and about what is relevant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Unpack

from contextline._async.base import AsyncBase
from contextline._encoding import camel_members, check_names, named
from contextline.errors import InvalidInputError
from contextline.options import CaptureOptions
from contextline.types import Captured, Reconstruction, Relevant


class AsyncCaptureCalls(AsyncBase):
    """Calls about what agents saw, and about what is relevant."""

    async def capture(
        self,
        source: str,
        *,
        files: Sequence[Mapping[str, Any]] = (),
        code: Sequence[Mapping[str, Any]] = (),
        tasks: Sequence[Mapping[str, Any]] = (),
        environment: Mapping[str, Any] | None = None,
        **options: Unpack[CaptureOptions],
    ) -> Captured:
        """Store what an agent saw: one context for each file, piece of code, task and environment, all or none.

        Members by their Python names: a file has `path`, `size`, `modified`, `language`, `content`; code `path`,
        `language`, `function`, `class`, `imports`, `text`; a task `name`, `description`, `status`, `dependencies`,
        `files`; an environment `working_directory`, `interpreter_version`, `packages`, `variables`. What looks like a
        secret is dropped before it is stored, and told in `dropped`.

        Raises:
            InvalidInputError: more than 1,000 elements, texts above 256 KiB or 1 MiB together, or one told twice.
        """
        check_names("capture", CaptureOptions, options)
        body: dict[str, Any] = {"source": source, "options": camel_members(options)}
        for name, elements in (("files", files), ("code", code), ("tasks", tasks)):
            if elements:
                body[name] = [_element(each, f"/{name}/{index}") for index, each in enumerate(elements)]
        if environment is not None:
            body["environment"] = _element(environment, "/environment")
        captured = await self._transport.command("POST", "/api/context/capture", Captured, {}, body)
        self._seen.note(captured.position)
        return captured

    async def relevant(
        self,
        session_id: str | None = None,
        *,
        namespace: str | None = None,
        type: str | None = None,  # noqa: A002 - its name on the wire
        tags: Sequence[str] = (),
        tokens: int | None = None,
        bytes: int | None = None,  # noqa: A002
        limit: int | None = None,
        references: Sequence[str] = (),
        files: Sequence[str] = (),
        code_area: str | None = None,
        project: str | None = None,
        min_position: int | None = None,
        timeout: float | None = None,
    ) -> Relevant:
        """The most relevant contexts of a session or a namespace that fit into a budget of `tokens` or `bytes`.

        `references` (keys or ids), `files`, `code_area` and `project` tell of the task at hand. `min_position` and
        `timeout` as in `list`.

        Raises:
            InvalidInputError: neither a session nor a namespace; tokens, and the server has no tokenizer.
            ReadModelBehindError: the read model did not get as far as `min_position` in time.
        """
        wanted = {
            "session_id": session_id,
            "namespace": namespace,
            "type": type,
            "tag": list(tags),
            "tokens": tokens,
            "bytes": bytes,
            "limit": limit,
            "reference": list(references),
            "file": list(files),
            "code_area": code_area,
            "project": project,
        }
        return await self._read_model("/api/context/relevant", Relevant, wanted, min_position, timeout)

    async def reconstruct(
        self,
        session_id: str,
        *,
        as_of: datetime | str | None = None,
        as_of_position: int | None = None,
        tokens: int | None = None,
        bytes: int | None = None,  # noqa: A002
        limit: int | None = None,
        recent: int | None = None,
        min_position: int | None = None,
        timeout: float | None = None,
    ) -> Reconstruction:
        """All that is needed to go on with a session, now or as it was at a past instant or position.

        `tokens` or `bytes` and `limit` bound what comes with its data, `recent` what comes without. As of a past point
        what was deleted since is there too. `min_position` and `timeout` as in `list`.

        Raises:
            SessionNotFoundError: there is, or was then, no such session.
            ReadModelBehindError: the read model did not get as far as `min_position` in time.
        """
        wanted = {
            "id": session_id,
            "as_of": as_of,
            "as_of_position": as_of_position,
            "tokens": tokens,
            "bytes": bytes,
            "limit": limit,
            "recent": recent,
        }
        return await self._read_model("/api/sessions/reconstruct", Reconstruction, wanted, min_position, timeout)


def _element(members: Mapping[str, Any], place: str) -> dict[str, Any]:
    """An element as it is sent; instants become texts."""
    sent = named(**members)
    modified = sent.get("modified")
    if isinstance(modified, datetime):
        if modified.utcoffset() is None:
            raise InvalidInputError.at(f"{place}/modified", "a datetime without a time zone; give it one")
        sent["modified"] = modified.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return sent

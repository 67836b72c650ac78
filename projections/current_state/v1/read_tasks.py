"""Asking the current state for tasks."""

from __future__ import annotations

import msgspec

from domain.tasks.task import Task
from infrastructure.sql import load
from projections.current_state.v1.reader import Reader
from projections.current_state.v1.tasks import directory

_LIST = load(__file__, "list_tasks")

MOST_IN_TREE = 1_000
"""Tasks of a session that its tree shows."""

_task: msgspec.msgpack.Decoder[Task] = msgspec.msgpack.Decoder(Task)


class TaskFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to list; None asks nothing. `code_area`: that directory and all below; `file`: tasks that involve it."""

    session_id: str | None = None
    status: str | None = None
    type: str | None = None
    parent_id: str | None = None
    project: str | None = None
    code_area: str | None = None
    file: str | None = None


class TaskReader(Reader):
    """Tasks."""

    async def list_tasks(
        self, tenant_id: int, wanted: TaskFilter, *, limit: int, cursor: str | None
    ) -> tuple[list[Task], str | None]:
        """A page of tasks, oldest first, and the cursor of the next one or None; with large data fewer than `limit`.

        Raises:
            InvalidInputError: the cursor is not one of a list of tasks.
        """
        asked = msgspec.structs.asdict(wanted) | {"code_area": directory(wanted.code_area)}
        return await self.page_of_documents(
            _LIST, asked, "task", _task, tenant_id=tenant_id, limit=limit, cursor=cursor
        )

    async def tasks_of_session(self, tenant_id: int, session_id: str) -> tuple[list[Task], bool]:
        """A session's tasks, oldest first, at most 1,000; and whether these are all."""
        found: list[Task] = []
        cursor = None
        while len(found) < MOST_IN_TREE:
            wanted = TaskFilter(session_id=session_id)
            page, cursor = await self.list_tasks(tenant_id, wanted, limit=MOST_IN_TREE - len(found), cursor=cursor)
            found += page
            if cursor is None:
                return found, True
        return found, False

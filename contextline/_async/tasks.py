"""Calls about tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from contextline._async.base import AsyncBase
from contextline._encoding import camel_members, check_names, named
from contextline.options import CommandOptions, TaskFilters, TaskOptions, UpdateTaskOptions
from contextline.types import (
    Page,
    Task,
    TaskTree,
)


class AsyncTaskCalls(AsyncBase):
    """Calls about tasks. Every command takes who gives it and why, and can name the version that it was based on."""

    async def create_task(
        self,
        session_id: str,
        description: str = "",
        *,
        task_id: str | None = None,
        changed_by: str | None = None,
        agent_id: str | None = None,
        causation_id: str | None = None,
        correlation_id: str | None = None,
        **details: Unpack[TaskOptions],
    ) -> Task:
        """Have something done in a session, under an id of your choice or one that the server makes.

        Raises:
            SessionNotFoundError: there is no such session, or it was deleted.
            SessionStatusError: it has ended.
            AlreadyExistsError: the id was used before.
            InvalidInputError: it names a task that is not one of the session.
        """
        check_names("create_task", TaskOptions, details)
        body = named(
            id=task_id,
            session_id=session_id,
            description=description,
            changed_by=changed_by,
            agent_id=agent_id,
            causation_id=causation_id,
            correlation_id=correlation_id,
        )
        return await self._task_command("POST", "/api/tasks", {}, body | camel_members(details))

    async def get_task(self, task_id: str) -> Task:
        """The task as it is now.

        Raises:
            TaskNotFoundError: there is none.
        """
        return await self._transport.read("/api/tasks/get", Task, {"id": task_id})

    async def update_task(self, task_id: str, **options: Unpack[UpdateTaskOptions]) -> Task:
        """Change what a task is; what is not named stays.

        Raises:
            TaskNotFoundError, IllegalTransitionError, VersionConflictError: as in `start_task`.
            InvalidInputError: it names a task that is not one of the session.
            TaskCycleError: it would depend on itself, or be a part of itself.
        """
        check_names("update_task", UpdateTaskOptions, options)
        return await self._task_command("PUT", "/api/tasks/update", {"id": task_id}, camel_members(options))

    async def start_task(self, task_id: str, **options: Unpack[CommandOptions]) -> Task:
        """Begin work on a task.

        Raises:
            TaskNotFoundError: there is none.
            IllegalTransitionError: its status does not allow it.
            VersionConflictError: `expected_version` is not the current version.
            SessionStatusError: its session is not active.
            DependenciesNotMetError: something that it depends on is not completed.
        """
        return await self._task_step("start", task_id, {}, options)

    async def complete_task(self, task_id: str, result: Any = None, **options: Unpack[CommandOptions]) -> Task:
        """Say that a task is done; `result`, any JSON, is what came of it.

        Raises:
            TaskNotFoundError, IllegalTransitionError, VersionConflictError: as in `start_task`.
        """
        return await self._task_step("complete", task_id, {"result": result}, options)

    async def fail_task(self, task_id: str, error: Any = None, **options: Unpack[CommandOptions]) -> Task:
        """Say that a task could not be done; `error`, any JSON, has the details. Otherwise as `complete_task`."""
        return await self._task_step("fail", task_id, {"error": error}, options)

    async def cancel_task(self, task_id: str, **options: Unpack[CommandOptions]) -> Task:
        """Say that a task is not to be done any more; otherwise as `complete_task`."""
        return await self._task_step("cancel", task_id, {}, options)

    async def retry_task(self, task_id: str, **options: Unpack[CommandOptions]) -> Task:
        """Have a task that failed done once more: it is pending again.

        Raises:
            TaskNotFoundError, IllegalTransitionError, VersionConflictError: as in `start_task`.
            SessionStatusError: its session has ended.
        """
        return await self._task_step("retry", task_id, {}, options)

    async def list_tasks(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        min_position: int | None = None,
        timeout: float | None = None,
        **filters: Unpack[TaskFilters],
    ) -> Page[Task]:
        """A page of tasks, oldest first; `min_position` and `timeout` as in `list`.

        Raises:
            ReadModelBehindError: the list did not get as far as `min_position` in time.
        """
        check_names("list_tasks", TaskFilters, filters)
        wanted = {**filters, "limit": limit, "cursor": cursor}
        return await self._read_model("/api/tasks", Page[Task], wanted, min_position, timeout)

    async def task_tree(
        self, session_id: str, *, min_position: int | None = None, timeout: float | None = None
    ) -> TaskTree:
        """The tasks of a session as a tree, at most 1,000; `min_position` and `timeout` as in `list`.

        Raises:
            ReadModelBehindError: the read model did not get as far as `min_position` in time.
        """
        wanted = {"session_id": session_id}
        return await self._read_model("/api/tasks/tree", TaskTree, wanted, min_position, timeout)

    async def _task_step(self, step: str, task_id: str, body: Mapping[str, Any], options: CommandOptions) -> Task:
        check_names(f"{step}_task", CommandOptions, options)
        whole = {**body, **camel_members({name: value for name, value in options.items() if value is not None})}
        return await self._task_command("POST", f"/api/tasks/{step}", {"id": task_id}, whole)

    async def _task_command(
        self, method: str, path: str, parameters: Mapping[str, Any], body: Mapping[str, Any]
    ) -> Task:
        task = await self._transport.command(method, path, Task, parameters, body)
        self._seen.note(task.position)
        return task

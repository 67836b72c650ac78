"""Commands on tasks, the read of one, and lists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from domain.errors import InvalidInputError
from domain.recorded import Origin
from domain.tasks.commands import CancelTask, CompleteTask, CreateTask, FailTask, RetryTask, StartTask, UpdateTask
from domain.tasks.events import TaskChanges, TaskDetails
from domain.tasks.task import Task
from interfaces.http.answers.base import answer, etag
from interfaces.http.answers.tasks import TaskAnswer, TaskPage, TaskTreeAnswer, task_document, tree_documents
from interfaces.http.contract import told
from interfaces.http.models.base import CommandRequest
from interfaces.http.models.tasks import (
    CompleteTaskRequest,
    CreateTaskRequest,
    FailTaskRequest,
    StepTaskRequest,
    TaskDetailsOptions,
    TaskListQuery,
    TaskQuery,
    TaskTreeQuery,
    UpdateTaskRequest,
)
from interfaces.http.preconditions import conditional
from interfaces.http.requests import (
    TENANT,
    combine_expected,
    if_match,
    one_of,
    read_body,
    read_query,
    refuse_if_none_match,
    services,
)
from interfaces.http.routes.waiting import wait_for_position
from projections.current_state.v1.read_tasks import TaskFilter

router = APIRouter(prefix="/api/tasks", tags=["tasks"])

_DETAILS = tuple(field.name for field in msgspec.structs.fields(TaskDetails))

R = Callable[[Request], Awaitable[Response]]


def _with_id(method: str, name: str, **told_of: Any) -> Callable[[R], R]:
    """A route of two forms: the id in the query, or in the path."""

    def decorate(endpoint: R) -> R:
        answers: dict[int, Any] = {200: TaskAnswer}
        by_query = router.api_route(f"/{name}", methods=[method], **told(answers, query=TaskQuery, **told_of))
        by_path = router.api_route(
            f"/{name}/{{path_id:whole}}",
            methods=[method],
            operation_id=f"{name}_task_by_path",
            **told(answers, path="path_id", **told_of),
        )
        return by_path(by_query(endpoint))

    return decorate


_IF_MATCH = ("If-Match",)


@router.post("", **told({201: TaskAnswer}, body=CreateTaskRequest))
async def create(request: Request) -> Response:
    """Have something done in a session that is active or paused. Without an id one is made; an id can be used once."""
    wired, body = services(request), await read_body(request, CreateTaskRequest)
    command = CreateTask(
        task_id=body.id or wired.tasks.make_id(),
        session_id=body.session_id,
        details=TaskDetails(**_details(body, body.model_fields_set)),
    )
    task = await wired.tasks.create(TENANT, command, _origin(body))
    return answer(task_document(task), 201, etag(task.version))


@router.get("", **told({200: TaskPage}, query=TaskListQuery))
async def list_tasks(request: Request) -> Response:
    """Tasks by filters, oldest first, page by page."""
    wired, query = services(request), read_query(request, TaskListQuery)
    await wait_for_position(wired, query.min_position, query.timeout)
    wanted = TaskFilter(
        session_id=query.session_id,
        status=query.status,
        type=query.type,
        parent_id=query.parent_id,
        project=query.project,
        code_area=query.code_area,
        file=query.file,
    )
    tenant_id = await wired.store.tenants.number(TENANT)
    tasks, cursor = await wired.task_rows.list_tasks(tenant_id, wanted, limit=query.limit, cursor=query.cursor)
    return answer({"items": [task_document(task) for task in tasks], "nextCursor": cursor})


@router.get("/tree", **told({200: TaskTreeAnswer}, query=TaskTreeQuery))
async def tree(request: Request) -> Response:
    """The tasks of a session as a tree: each parent before its children. At most 1,000; lists have all."""
    wired, query = services(request), read_query(request, TaskTreeQuery)
    await wait_for_position(wired, query.min_position, query.timeout)
    tenant_id = await wired.store.tenants.number(TENANT)
    tasks, complete = await wired.task_rows.tasks_of_session(tenant_id, query.session_id)
    return answer({"items": tree_documents(tasks), "complete": complete})


@_with_id("GET", "get")
async def get(request: Request) -> Response:
    """Read one task, strongly consistent."""
    task = await services(request).tasks.get(TENANT, _id(request))
    return answer(task_document(task), headers=etag(task.version))


@_with_id("PUT", "update", body=UpdateTaskRequest, headers=_IF_MATCH)
async def update(request: Request) -> Response:
    """Change what a task is; what is left out stays. What would make tasks go in a circle is refused."""
    body = await read_body(request, UpdateTaskRequest)
    named = _details(body, body.model_fields_set)
    if not named:
        raise InvalidInputError.at("", "nothing is to be changed: give a detail of the task")
    command = UpdateTask(changes=TaskChanges(**named), **_why(request, body))
    return await _step(request, body, services(request).tasks.update, command)


@_with_id("POST", "start", body=StepTaskRequest, headers=_IF_MATCH)
async def start(request: Request) -> Response:
    """Begin work on a task of an active session, when all that it depends on is completed."""
    body = await read_body(request, StepTaskRequest)
    return await _step(request, body, services(request).tasks.start, StartTask(**_why(request, body)))


@_with_id("POST", "complete", body=CompleteTaskRequest, headers=_IF_MATCH)
async def complete(request: Request) -> Response:
    """Say that a task is done. Its children, if some are open, go on."""
    body = await read_body(request, CompleteTaskRequest)
    command = CompleteTask(result=body.result, **_why(request, body))
    return await _step(request, body, services(request).tasks.complete, command)


@_with_id("POST", "fail", body=FailTaskRequest, headers=_IF_MATCH)
async def fail(request: Request) -> Response:
    """Say that a task could not be done. What depends on it can't be started."""
    body = await read_body(request, FailTaskRequest)
    command = FailTask(error=body.error, **_why(request, body))
    return await _step(request, body, services(request).tasks.fail, command)


@_with_id("POST", "cancel", body=StepTaskRequest, headers=_IF_MATCH)
async def cancel(request: Request) -> Response:
    """Say that a task is not to be done any more."""
    body = await read_body(request, StepTaskRequest)
    return await _step(request, body, services(request).tasks.cancel, CancelTask(**_why(request, body)))


@_with_id("POST", "retry", body=StepTaskRequest, headers=_IF_MATCH)
async def retry(request: Request) -> Response:
    """Have a task that failed done once more: it is pending again."""
    body = await read_body(request, StepTaskRequest)
    return await _step(request, body, services(request).tasks.retry, RetryTask(**_why(request, body)))


async def _step(
    request: Request, body: CommandRequest, do: Callable[[str, str, Any, Origin], Awaitable[Task]], command: Any
) -> Response:
    refuse_if_none_match(request)
    task = await conditional(request, do(TENANT, _id(request), command, _origin(body)))
    return answer(task_document(task), headers=etag(task.version))


def _id(request: Request) -> str:
    return one_of(request.path_params.get("path_id"), read_query(request, TaskQuery).id, "id")


def _details(options: TaskDetailsOptions, named: set[str]) -> dict[str, Any]:
    """The details that a request names, as events have them."""
    given = {name: getattr(options, name) for name in _DETAILS if name in named}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def _why(request: Request, asked: CommandRequest) -> dict[str, Any]:
    return {"expected_version": combine_expected(if_match(request), asked.expected_version), "reason": asked.reason}


def _origin(asked: CreateTaskRequest | CommandRequest) -> Origin:
    """The session is the task's: the application knows it."""
    return Origin(
        actor=asked.changed_by,
        agent_id=asked.agent_id,
        causation_id=asked.causation_id,
        correlation_id=asked.correlation_id,
    )

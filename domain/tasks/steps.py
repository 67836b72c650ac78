"""What can be done with a task, each step decided on its state.

It may depend on its session and on other tasks, too; these come in as states. A dependency is fulfilled when it is
completed: one that failed or was cancelled unblocks nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import UNSET

from domain.errors import (
    AlreadyExistsError,
    DependenciesNotMetError,
    Fault,
    InvalidInputError,
    SessionStatusError,
    TaskCycleError,
    VersionConflictError,
)
from domain.sessions import lifecycle as session_lifecycle
from domain.sessions import session as sessions
from domain.sessions.session import Moment, Session
from domain.tasks import graph, lifecycle
from domain.tasks.commands import (
    CancelTask,
    Command,
    CompleteTask,
    CreateTask,
    FailTask,
    RetryTask,
    StartTask,
    UpdateTask,
)
from domain.tasks.events import (
    TaskCancelled,
    TaskCompleted,
    TaskCreated,
    TaskEvent,
    TaskFailed,
    TaskRetried,
    TaskStarted,
    TaskUpdated,
)
from domain.tasks.lifecycle import COMPLETED
from domain.tasks.task import Task, existing

Others = Mapping[str, Task | None]
"""Other tasks by id, as far as they were looked up; None where there is none."""


def dependencies(task: Task | None) -> Sequence[str]:
    """The tasks that one depends on."""
    return task.details.dependencies if task is not None else ()


def parents(task: Task | None) -> Sequence[str]:
    """The task that one is a part of, if it is."""
    return (task.details.parent_id,) if task is not None and task.details.parent_id is not None else ()


def create(
    task: Task | None, session: Session | None, command: CreateTask, moment: Moment, others: Others
) -> list[TaskEvent]:
    """Decide the beginning. `others` are the tasks that it names.

    Raises:
        SessionNotFoundError, SessionStatusError: its session is not there, or has ended.
        AlreadyExistsError: that id was used before.
        InvalidInputError: it names a task that is not one of the session.
    """
    session = _in_session(session, moment, session_lifecycle.LIVE, "creating a task")
    if task is not None:
        raise AlreadyExistsError(f"task {task.id!r} exists and is {task.status}", task.version)
    details = command.details
    _check_named(command.session_id, details.parent_id, details.dependencies, others)
    return [
        TaskCreated(
            task_id=command.task_id,
            session_id=command.session_id,
            user_id=session.user_id,
            details=details,
            encrypted=session.encrypted,
        )
    ]


def update(task: Task | None, command: UpdateTask, others: Others) -> list[TaskEvent]:
    """Decide a change of what it is. `others` are all tasks that stand behind those that it names.

    Raises:
        TaskNotFoundError, VersionConflictError, IllegalTransitionError: as for every step (`_step`).
        InvalidInputError: it names a task that is not one of the session.
        TaskCycleError: it would depend on itself, or be a part of itself.
    """
    task = _step(task, command, lifecycle.UPDATE)
    named = command.changes
    behind = named.dependencies if named.dependencies is not UNSET else ()
    above = (named.parent_id,) if named.parent_id not in (UNSET, None) else ()
    for first, links, what in ((behind, dependencies, "depend on"), (above, parents, "be a part of")):
        if way := graph.cycle(task.id, first, others, links):
            raise TaskCycleError(f"task {task.id!r} would {what} itself: {' → '.join(way)}", way)
    _check_named(task.session_id, above[0] if above else None, behind, others)
    return [TaskUpdated(changes=named, reason=command.reason)]


def start(
    task: Task | None, session: Session | None, command: StartTask, moment: Moment, others: Others
) -> list[TaskEvent]:
    """Decide that work on it begins. `others` are the tasks that it depends on.

    Raises:
        TaskNotFoundError, VersionConflictError, IllegalTransitionError: as for every step (`_step`).
        SessionStatusError: its session is not active.
        DependenciesNotMetError: something that it depends on is not completed.
    """
    task = _step(task, command, lifecycle.START)
    _in_session(session, moment, (session_lifecycle.ACTIVE,), "starting a task")
    statuses = {each: _status(others[each]) for each in task.details.dependencies}
    if unmet := {each: status for each, status in statuses.items() if status != COMPLETED}:
        raise DependenciesNotMetError(task.id, unmet)
    return [TaskStarted(reason=command.reason)]


def complete(task: Task | None, command: CompleteTask) -> list[TaskEvent]:
    """Decide that it is done; its children may go on. Refused as every step is (`_step`)."""
    _step(task, command, lifecycle.COMPLETE)
    return [TaskCompleted(result=command.result, reason=command.reason)]


def fail(task: Task | None, command: FailTask) -> list[TaskEvent]:
    """Decide that it could not be done; refused as every step is (`_step`)."""
    _step(task, command, lifecycle.FAIL)
    return [TaskFailed(error=command.error, reason=command.reason)]


def cancel(task: Task | None, command: CancelTask) -> list[TaskEvent]:
    """Decide that it is not to be done any more; refused as every step is (`_step`)."""
    _step(task, command, lifecycle.CANCEL)
    return [TaskCancelled(reason=command.reason)]


def retry(task: Task | None, session: Session | None, command: RetryTask, moment: Moment) -> list[TaskEvent]:
    """Decide that it is to be done once more.

    Raises:
        TaskNotFoundError, VersionConflictError, IllegalTransitionError: as for every step (`_step`).
        SessionStatusError: its session has ended.
    """
    _step(task, command, lifecycle.RETRY)
    _in_session(session, moment, session_lifecycle.LIVE, "retrying a task")
    return [TaskRetried(reason=command.reason)]


def _step(task: Task | None, command: Command, step: str) -> Task:
    """The task, when it can take that step.

    Raises:
        TaskNotFoundError: there is no such task, or it was erased.
        VersionConflictError: the expected version is not the current one.
        IllegalTransitionError: its status doesn't allow it.
    """
    task = existing(task)
    if command.expected_version not in (None, task.version):
        assert command.expected_version is not None
        raise VersionConflictError(command.expected_version, task.version)
    lifecycle.check_step(task.id, task.status, step)
    return task


def _in_session(session: Session | None, moment: Moment, needed: Sequence[str], what: str) -> Session:
    session = sessions.existing(session).at(moment)
    if session.status not in needed:
        raise SessionStatusError(session.id, session.status, needed, what)
    return session


def _check_named(session_id: str, parent_id: str | None, behind: Sequence[str], others: Others) -> None:
    places = [] if parent_id is None else [("/parentId", parent_id)]
    places += [(f"/dependencies/{index}", each) for index, each in enumerate(behind)]
    faults = []
    for pointer, task_id in places:
        other = others.get(task_id)
        if other is None or other.session_id != session_id:
            faults.append(Fault(pointer, f"there is no task {task_id!r} in the session {session_id!r}"))
    if faults:
        raise InvalidInputError(faults)


def _status(task: Task | None) -> str:
    return task.status if task is not None else "not there"

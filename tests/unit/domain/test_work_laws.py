"""Sessions and tasks against plain models: whatever is asked in whatever order, both say the same."""

from collections.abc import Callable, Sequence
from typing import Any

import hypothesis.strategies as st
from hypothesis import given
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.errors import ContextlineError, DependenciesNotMetError, IllegalTransitionError, TaskCycleError
from domain.recorded import Event, Origin, Recorded
from domain.sessions import activity
from domain.sessions import session as sessions
from domain.sessions import steps as session_steps
from domain.sessions.activity import Activity
from domain.sessions.commands import (
    CreateSession,
    DeleteSession,
    EndSession,
    PauseSession,
    ResumeSession,
    UpdateSession,
)
from domain.sessions.events import SessionCreated
from domain.sessions.session import Moment, Session
from domain.tasks import steps as task_steps
from domain.tasks import task as tasks
from domain.tasks.commands import CancelTask, CompleteTask, CreateTask, FailTask, RetryTask, StartTask, UpdateTask
from domain.tasks.events import TaskChanges, TaskDetails, TaskStarted
from domain.tasks.task import Task
from tests.unit.domain.stories import STREAM, at

TIMEOUT = 100
WAITS = st.integers(1, 130)


def attempt(decide: Callable[[], Sequence[Event]]) -> tuple[Sequence[Event] | None, ContextlineError | None]:
    """Events, or why there are none."""
    try:
        return decide(), None
    except ContextlineError as error:
        return None, error


class SessionMachine(RuleBasedStateMachine):
    """The model is a status, a number of seconds and a dictionary; it knows of commands in the session, too."""

    @initialize(timeout=st.sampled_from([TIMEOUT, None]))
    def begin(self, timeout: int | None) -> None:
        self.now, self.version, self.session, self.known = 0, 0, None, None
        self.timeout, self.status, self.last, self.data = timeout, "active", 0, {"n": 0}
        self.happened(session_steps.create(None, CreateSession(session_id="s", data={"n": 0}, timeout=timeout)))

    def happened(self, events: Sequence[Event]) -> None:
        for event in events:
            self.version += 1
            recorded = Recorded(event, 1, STREAM, self.version, self.version, at(self.now), Origin())
            self.session: Session | None = sessions.evolve(self.session, recorded)
            self.known = activity.evolve(self.known, recorded, own=True)

    @property
    def moment(self) -> Moment:
        assert self.known is not None
        return Moment(at(self.now), self.known.last)

    @property
    def seen(self) -> str:
        """The model's status, now."""
        live = self.status in ("active", "paused")
        return "expired" if live and self.timeout and self.now >= self.last + self.timeout else self.status

    def ask(self, allowed: Sequence[str], to: str | None, decide: Any) -> bool:
        before = self.seen
        events, refusal = attempt(decide)
        assert (refusal is None) == (before in allowed), f"in {before}: {refusal}"
        if isinstance(refusal, IllegalTransitionError):
            assert refusal.status == before
        if events is None:
            return False
        self.happened(events)
        self.status, self.last = to or self.status, self.now
        return True

    @rule(seconds=WAITS)
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def command_elsewhere(self) -> None:
        """On a context or a task of the session; whether it is late is told by the log alone."""
        recorded = Recorded(TaskStarted(), 1, STREAM, 1, 1, at(self.now), Origin(session_id="s"))
        self.known = activity.evolve(self.known, recorded, own=False)
        if self.seen in ("active", "paused"):
            self.last = self.now

    @rule(by=st.integers(0, 3))
    def update(self, by: int) -> None:
        command = UpdateSession(data={"n": by}, change_type="increment")
        if self.ask(("active", "paused"), None, lambda: session_steps.update(self.session, command, self.moment)):
            self.data["n"] += by

    @rule(timeout=st.sampled_from([TIMEOUT, 10, None]))
    def set_timeout(self, timeout: int | None) -> None:
        command = UpdateSession(timeout=timeout)
        if self.ask(("active", "paused"), None, lambda: session_steps.update(self.session, command, self.moment)):
            self.timeout = timeout

    @rule()
    def pause(self) -> None:
        self.ask(("active",), "paused", lambda: session_steps.pause(self.session, PauseSession(), self.moment))

    @rule()
    def resume(self) -> None:
        self.ask(("paused",), "active", lambda: session_steps.resume(self.session, ResumeSession(), self.moment))

    @rule(status=st.sampled_from(["completed", "failed"]))
    def end(self, status: str) -> None:
        command = EndSession(status=status)
        self.ask(("active", "paused"), status, lambda: session_steps.end(self.session, command, self.moment))

    @precondition(lambda self: self.seen != self.status)
    @rule()
    def record_expiry(self) -> None:
        assert self.status in ("active", "paused")
        self.happened(session_steps.expire(self.session, self.moment))
        self.status = "expired"

    @rule()
    def delete(self) -> None:
        ended = ("active", "paused", "completed", "failed", "expired")
        if self.ask(ended, "deleted", lambda: session_steps.delete(self.session, DeleteSession(), self.moment)):
            self.data = {}

    @invariant()
    def both_say_the_same(self) -> None:
        session = self.session
        if session is None:
            return
        now = session.at(self.moment)
        assert (now.status, now.data, now.version) == (self.seen, self.data, self.version)
        if self.seen in ("active", "paused"):
            assert now.last_active(self.moment.last_active) == at(self.last)
            expiry = now.expires_at(self.moment.last_active)
            assert expiry == (None if self.timeout is None else at(self.last + self.timeout))


TestSessionMachine = SessionMachine.TestCase

IDS = ("a", "b", "c", "d")


class TaskMachine(RuleBasedStateMachine):
    """Four tasks that wait for one another; the model is a dictionary for each."""

    @initialize()
    def begin(self) -> None:
        created = SessionCreated(session_id="s")
        self.session = sessions.evolve(None, Recorded(created, 1, STREAM, 1, 1, at(0), Origin()))
        self.now, self.tasks, self.model = 0, dict[str, Task | None](), dict[str, dict[str, Any]]()
        for task_id in IDS:
            command = CreateTask(task_id=task_id, session_id="s", details=TaskDetails())
            self.happened(task_id, task_steps.create(None, self.session, command, self.moment, {}))
            self.model[task_id] = {"status": "pending", "after": set(), "retries": 0, "start": None, "end": None}

    @property
    def moment(self) -> Moment:
        return Moment(at(self.now))

    def happened(self, task_id: str, events: Sequence[Event]) -> None:
        for event in events:
            before = self.tasks.get(task_id)
            version = before.version + 1 if before else 1
            self.tasks[task_id] = tasks.evolve(
                before, Recorded(event, 1, STREAM, version, version, at(self.now), Origin())
            )

    def ask(self, task_id: str, allowed: bool, decide: Any, refusal: type[Exception] = IllegalTransitionError) -> bool:
        self.now += 1
        events, refused = attempt(decide)
        assert (refused is None) == allowed, f"refused: {refused}"
        if events is None:
            assert isinstance(refused, refusal)
            return False
        self.happened(task_id, events)
        return True

    def waits_for(self, task_id: str, goal: str) -> bool:
        """Whether there is a way from one to the other over what each waits for: by brute force."""
        reached = {task_id}
        for _ in IDS:
            reached |= {each for known in reached for each in self.model[known]["after"]}
        return goal in reached

    @rule(task_id=st.sampled_from(IDS))
    def start(self, task_id: str) -> None:
        model = self.model[task_id]
        met = all(self.model[each]["status"] == "completed" for each in model["after"])
        pending = model["status"] == "pending"
        refusal = DependenciesNotMetError if pending else IllegalTransitionError
        decide = lambda: task_steps.start(  # noqa: E731
            self.tasks[task_id], self.session, StartTask(), self.moment, self.tasks
        )
        if self.ask(task_id, pending and met, decide, refusal):
            model |= {"status": "in_progress", "start": self.now}

    @rule(task_id=st.sampled_from(IDS), completes=st.booleans())
    def end(self, task_id: str, completes: bool) -> None:
        model, task = self.model[task_id], self.tasks[task_id]
        decide = lambda: (  # noqa: E731
            task_steps.complete(task, CompleteTask()) if completes else task_steps.fail(task, FailTask())
        )
        if self.ask(task_id, model["status"] == "in_progress", decide):
            model |= {"status": "completed" if completes else "failed", "end": self.now}

    @rule(task_id=st.sampled_from(IDS))
    def cancel(self, task_id: str) -> None:
        model = self.model[task_id]
        allowed = model["status"] in ("pending", "in_progress", "failed")
        if self.ask(task_id, allowed, lambda: task_steps.cancel(self.tasks[task_id], CancelTask())):
            model |= {"status": "cancelled", "end": self.now}

    @rule(task_id=st.sampled_from(IDS))
    def retry(self, task_id: str) -> None:
        model, task = self.model[task_id], self.tasks[task_id]
        decide = lambda: task_steps.retry(task, self.session, RetryTask(), self.moment)  # noqa: E731
        if self.ask(task_id, model["status"] == "failed", decide):
            model |= {"status": "pending", "retries": model["retries"] + 1, "start": None, "end": None}

    @rule(task_id=st.sampled_from(IDS), after=st.sets(st.sampled_from(IDS), max_size=3))
    def wait_for(self, task_id: str, after: set[str]) -> None:
        model, task = self.model[task_id], self.tasks[task_id]
        circle = any(self.waits_for(each, task_id) for each in after)
        open_ = model["status"] in ("pending", "in_progress", "failed")
        command = UpdateTask(changes=TaskChanges(dependencies=tuple(sorted(after))))
        refusal = TaskCycleError if open_ else IllegalTransitionError
        if self.ask(task_id, open_ and not circle, lambda: task_steps.update(task, command, self.tasks), refusal):
            model["after"] = after

    @invariant()
    def both_say_the_same(self) -> None:
        for task_id, model in getattr(self, "model", {}).items():
            task = self.tasks[task_id]
            assert task is not None
            assert (task.status, task.retry_count, set(task.details.dependencies)) == (
                model["status"],
                model["retries"],
                model["after"],
            )
            timed = model["start"] is not None and model["end"] is not None
            assert task.duration == (float(model["end"] - model["start"]) if timed else None)

    @invariant()
    def no_task_waits_for_itself(self) -> None:
        for task_id in getattr(self, "model", ()):
            assert not any(self.waits_for(each, task_id) for each in self.model[task_id]["after"])


TestTaskMachine = TaskMachine.TestCase


@given(st.lists(st.integers(0, 400), max_size=20).map(sorted), st.none() | st.integers(1, 100))
def test_commands_keep_a_session_alive_until_the_first_gap_that_is_as_long_as_its_timeout(
    instants: list[int], timeout: int | None
) -> None:
    last, found = 0, Activity(at(0), timeout)
    for instant in instants:
        found = found.with_command(at(instant))
        if timeout is None or instant - last < timeout:
            last = instant
        else:
            break
    assert found.last == at(last)

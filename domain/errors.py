"""The one error hierarchy: what contextline refuses, and what it could not do.

Messages say what is wrong and what to do about it; they are shown to callers as they stand. Which HTTP status an error
has is told by one table in `interfaces/http/problems.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple


class Fault(NamedTuple):
    """One thing wrong with an input: a JSON pointer (RFC 6901) to the place, and what is wrong there."""

    pointer: str
    message: str


class ContextlineError(Exception):
    """The root. `code` is short, stable and meant for programs; `details()` are further members of the answer."""

    code: ClassVar[str] = "error"

    def details(self) -> dict[str, Any]:
        """What a program needs to know beyond the message."""
        return {}


class InvalidInputError(ContextlineError):
    """The input breaks a rule; `faults` names each place. Nothing was written."""

    code = "invalid-input"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{pointer or 'the whole value'}: {message}" for pointer, message in self.faults))

    @classmethod
    def at(cls, pointer: str, message: str) -> InvalidInputError:
        """A single fault."""
        return cls([Fault(pointer, message)])


class NotFoundError(ContextlineError):
    """There is no such thing, or none any more."""

    code = "not-found"


class ContextNotFoundError(NotFoundError):
    """There is no live context under that key: never stored, deleted or expired."""

    code = "context-not-found"


class ContextErasedError(ContextNotFoundError):
    """The context was erased: its key was destroyed, and nothing of it can be read. Storing goes on in its stream."""

    code = "context-erased"


class VersionNotFoundError(NotFoundError):
    """The context has no such version, or had none yet at that instant."""

    code = "version-not-found"


class ConflictNotFoundError(NotFoundError):
    """The context has no such conflict, open or resolved."""

    code = "conflict-not-found"


class SessionNotFoundError(NotFoundError):
    """There is no such session, or it was deleted."""

    code = "session-not-found"


class SessionErasedError(SessionNotFoundError):
    """The session was erased: its key was destroyed, and nothing of it can be read."""

    code = "session-erased"


class TaskNotFoundError(NotFoundError):
    """There is no such task."""

    code = "task-not-found"


class TaskErasedError(TaskNotFoundError):
    """The task was erased with its session: its key was destroyed, and nothing of it can be read."""

    code = "task-erased"


class DecisionNotFoundError(NotFoundError):
    """There is no such decision."""

    code = "decision-not-found"


class DecisionErasedError(DecisionNotFoundError):
    """The decision was erased: its key was destroyed, and nothing of it can be read."""

    code = "decision-erased"


class PreferenceNotFoundError(NotFoundError):
    """The user has no such preference, or none that was set."""

    code = "preference-not-found"


class PreferencesErasedError(NotFoundError):
    """The user's preferences were erased: their key was destroyed, and nothing of them can be read."""

    code = "preferences-erased"


class ConflictError(ContextlineError):
    """What is there does not allow it."""

    code = "conflict"


class VersionConflictError(ConflictError):
    """The change was based on a version that is not the current one. Read again, then decide anew."""

    code = "version-conflict"

    def __init__(self, expected: int, current: int) -> None:
        self.expected, self.current = expected, current
        super().__init__(
            f"the change was based on version {expected}, but the current version is {current}: "
            "read it again and repeat the change on what it says now"
        )

    def details(self) -> dict[str, Any]:
        """The versions that were expected and found."""
        return {"expectedVersion": self.expected, "currentVersion": self.current}


class AlreadyExistsError(ConflictError):
    """Something lives there already."""

    code = "already-exists"

    def __init__(self, message: str, current: int) -> None:
        self.current = current
        super().__init__(message)

    def details(self) -> dict[str, Any]:
        """The version of what is there."""
        return {"currentVersion": self.current}


class StoredInTheClearError(ConflictError):
    """What was stored unencrypted can't be erased, because the log never changes. It can be deleted."""

    code = "stored-in-the-clear"


class ChangeDoesNotApplyError(ConflictError):
    """A patch, an append or an increment that does not fit the document as it is now. Nothing was changed."""

    code = "change-does-not-apply"

    def __init__(self, pointer: str, message: str, operation: int | None = None) -> None:
        self.fault, self.operation = Fault(pointer, message), operation
        where = "" if operation is None else f"operation {operation}, "
        super().__init__(f"{where}{pointer or 'the whole document'}: {message}; nothing was changed")

    def details(self) -> dict[str, Any]:
        """The place in the document, and of a JSON Patch the index of the operation."""
        place = {"errors": [{"pointer": self.fault.pointer, "detail": self.fault.message}]}
        return place if self.operation is None else {"operation": self.operation, **place}


class SourcesMissingError(NotFoundError):
    """Contexts that are to be merged are not there. Nothing was written."""

    code = "sources-missing"

    def __init__(self, message: str, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join([message, *(f"{pointer}: {fault}" for pointer, fault in self.faults)]))

    def details(self) -> dict[str, Any]:
        """Which of them."""
        return {"errors": [{"pointer": pointer, "detail": message} for pointer, message in self.faults]}


class TargetsExistError(ConflictError):
    """Live contexts are where a split would put its parts. Nothing was written."""

    code = "targets-exist"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{pointer}: {message}" for pointer, message in self.faults))

    def details(self) -> dict[str, Any]:
        """Which of them."""
        return {"errors": [{"pointer": pointer, "detail": message} for pointer, message in self.faults]}


class MergeConflictError(ConflictError):
    """Both sides of a three-way merge changed the same places differently. Nothing was written.

    `conflicts` tells of each its JSON pointer and the values that are there: `base`, `ours`, `theirs`.
    """

    code = "merge-conflict"

    SHOWN = 100
    """So many are told; the others are counted."""

    def __init__(self, conflicts: Sequence[dict[str, Any]]) -> None:
        self.conflicts = tuple(conflicts)
        places = ", ".join(conflict["pointer"] or "the whole document" for conflict in self.conflicts[:5])
        more = f" and {len(conflicts) - 5} more" if len(conflicts) > 5 else ""
        super().__init__(
            f"both sides changed the same places differently: {places}{more}; nothing was written. Merge with "
            "onConflict: last or first to have one side's, or keep to decide on each later"
        )

    def details(self) -> dict[str, Any]:
        """The first of them, and how many there are."""
        return {"conflicts": list(self.conflicts[: self.SHOWN]), "conflictCount": len(self.conflicts)}


class NoCommonAncestorError(ConflictError):
    """Contexts that neither was forked from the other nor have an ancestor in common have no three-way merge."""

    code = "no-common-ancestor"


class AncestorErasedError(ConflictError):
    """The ancestor that a three-way merge needs was erased, or can't be found because one between was."""

    code = "ancestor-erased"


class AlreadyResolvedError(ConflictError):
    """The conflict is not open any more: it was resolved, or went when the context was replaced or deleted."""

    code = "already-resolved"

    def __init__(self, message: str, how: dict[str, Any]) -> None:
        self.how = how
        super().__init__(message)

    def details(self) -> dict[str, Any]:
        """By which version, when, by whom and how."""
        return {"resolved": self.how}


class TooManyConflictsError(ConflictError):
    """More places conflict than are kept or settled at once. Nothing was changed."""

    code = "too-many-conflicts"


class IllegalTransitionError(ConflictError):
    """The current status does not allow that step."""

    code = "illegal-transition"

    def __init__(self, what: str, status: str, allowed: Sequence[str]) -> None:
        self.status, self.allowed = status, tuple(allowed)
        options = ", ".join(allowed) if allowed else "nothing: it has ended"
        super().__init__(f"{what} is {status}; from there the next can be: {options}")

    def details(self) -> dict[str, Any]:
        """The current status and what can follow it."""
        return {"currentStatus": self.status, "allowed": list(self.allowed)}


class SessionStatusError(ConflictError):
    """The session's status does not allow what was to be done in it."""

    code = "session-status"

    def __init__(self, session_id: str, status: str, needed: Sequence[str], what: str) -> None:
        self.session_id, self.status, self.needed = session_id, status, tuple(needed)
        super().__init__(f"session {session_id!r} is {status}; {what} needs one that is {' or '.join(needed)}")

    def details(self) -> dict[str, Any]:
        """The session, its status and those that would do."""
        return {"sessionId": self.session_id, "currentStatus": self.status, "needed": list(self.needed)}


class DependenciesNotMetError(ConflictError):
    """Something that the task depends on is not completed."""

    code = "dependencies-not-met"

    def __init__(self, task_id: str, unmet: Mapping[str, str]) -> None:
        self.unmet = dict(unmet)
        told = ", ".join(f"{each!r} is {status}" for each, status in unmet.items())
        super().__init__(f"task {task_id!r} can't be started before all that it depends on is completed: {told}")

    def details(self) -> dict[str, Any]:
        """What is not completed, and the status that each has."""
        return {"dependencies": [{"id": each, "status": status} for each, status in self.unmet.items()]}


class TaskCycleError(ConflictError):
    """A task would depend on itself, or be a part of itself."""

    code = "task-cycle"

    def __init__(self, message: str, way: Sequence[str]) -> None:
        self.way = tuple(way)
        super().__init__(message)

    def details(self) -> dict[str, Any]:
        """The way from the task back to itself."""
        return {"cycle": list(self.way)}


class NotDueError(ConflictError):
    """The session has not expired: there was a command in it, or it never expires."""

    code = "not-due"


class TooManyPreferencesError(ConflictError):
    """A user has as many preferences as can be kept. Clear some, or keep what is no preference as a context."""

    code = "too-many-preferences"

    def __init__(self, limit: int, count: int) -> None:
        self.limit, self.count = limit, count
        super().__init__(
            f"the user has {count} preferences, and would have more than {limit} with these: clear some "
            "(with observations: true), or keep what is no preference as a context"
        )

    def details(self) -> dict[str, Any]:
        """How many there can be, and how many there are."""
        return {"limit": self.limit, "count": self.count}


class BatchRefusedError(ContextlineError):
    """An operation of an atomic batch was refused, and so all of it. Nothing was written.

    It is answered as that refusal would be: with its status and code.
    """

    code = "batch-refused"

    def __init__(self, index: int, refusal: ContextlineError) -> None:
        self.index, self.refusal = index, refusal
        super().__init__(f"operation {index} was refused, and so the whole batch: {refusal}")


class PositionNotReachedError(ConflictError):
    """The caller has seen a position that this log does not have: it was restored from a backup, or is another one."""

    code = "position-not-in-log"

    def __init__(self, asked: int, head: int) -> None:
        self.asked, self.head = asked, head
        super().__init__(
            f"position {asked} was asked for, but the log ends at {head}: it was restored from an older backup, or is "
            "another log than the one that gave out this position; forget the position and read anew"
        )

    def details(self) -> dict[str, Any]:
        """Where the log ends."""
        return {"head": self.head}


class UnavailableError(ContextlineError):
    """Something that is needed is away or too busy; the same request may succeed later."""

    code = "unavailable"
    retry_after = 1
    """Seconds after which a new try makes sense."""


class DatabaseUnavailableError(UnavailableError):
    """The database can't be reached. Nothing was written."""

    code = "database-unavailable"


class OutcomeUnknownError(UnavailableError):
    """The database went away while committing and stayed away: whether the change was written can't be told yet."""

    code = "outcome-unknown"


class OverloadedError(UnavailableError):
    """More commands wait than the queue takes. Nothing was written."""

    code = "overloaded"


class ReadModelBehindError(UnavailableError):
    """A read model did not reach the asked position in time."""

    code = "read-model-behind"


class KeysUnavailableError(UnavailableError):
    """The key store can't be used right now, or its master key was rotated since this process began."""

    code = "keys-unavailable"


class EncryptionNotConfiguredError(ContextlineError):
    """Encryption is asked for, and the server has no master key. Nothing was written."""

    code = "encryption-not-configured"


class DamagedEventError(ContextlineError):
    """A stored event can't be decoded. The message names stream, version and position; wrong data is never given."""

    code = "damaged-event"


class UnknownEventError(ContextlineError):
    """The log holds an event that this program doesn't know: a newer program wrote it. Upgrade this one."""

    code = "unknown-event"

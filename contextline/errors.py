"""What can go wrong when talking to a store: one class for each problem code, under a few common bases.

Every error carries what the server said: `status`, `code`, `title`, `detail`, `errors`, and all of it in `problem`. An
error that the client found by itself has the status None: no server answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ContextlineError(Exception):
    """The root of all errors of this package.

    Attributes:
        problem: the whole problem document (RFC 9457).
        status: the HTTP status; None if no server answered.
        code: short and stable, meant for programs, such as "version-conflict".
        title: what kind of problem it is.
        detail: what is wrong this time and what to do about it; also what `str()` gives.
        errors: each wrong place of an input, as {"pointer": …, "detail": …} or {"parameter": …, "detail": …}.
    """

    def __init__(self, problem: Mapping[str, Any]) -> None:
        # The document is the only argument, so that errors can be pickled.
        super().__init__(problem)
        self.problem = dict(problem)
        self.status: int | None = problem.get("status")
        self.code = str(problem.get("code") or "error")
        self.title = str(problem.get("title") or "")
        self.detail = str(problem.get("detail") or "")
        found = problem.get("errors")
        self.errors: list[dict[str, Any]] = (
            [dict(item) for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []
        )

    def __str__(self) -> str:
        return self.detail or self.title or self.code

    @property
    def current_version(self) -> int | None:
        """The version that the server has, where the problem is about versions."""
        return self.problem.get("currentVersion")

    @property
    def index(self) -> int | None:
        """The operation of an atomic batch that was refused, from 0; None where it was no batch."""
        return self.problem.get("index")


class InvalidInputError(ContextlineError):
    """The request breaks a rule, found by the server or before sending (`status` None); `errors` names each place."""

    @classmethod
    def at(cls, place: str, detail: str, *, kind: str = "pointer") -> InvalidInputError:
        """One wrong place that was found before sending: a JSON pointer, or the name of a parameter."""
        return cls(
            {
                "type": "urn:contextline:problem:invalid-input",
                "title": "The input breaks a rule",
                "detail": f"{place or 'the whole value'}: {detail}; nothing was sent",
                "code": "invalid-input",
                "errors": [{kind: place, "detail": detail}],
            }
        )


class MalformedJsonError(InvalidInputError):
    """The server could not read the body as JSON."""


class MalformedRequestError(InvalidInputError):
    """The server could not read the request."""


class UnsupportedMediaTypeError(InvalidInputError):
    """The body was not said to be JSON."""


class RequestTooLargeError(InvalidInputError):
    """The request is larger than the server takes (16 MiB)."""


class NotFoundError(ContextlineError):
    """There is no such thing, or none any more."""


class ContextNotFoundError(NotFoundError):
    """There is no live context under that key: never stored, deleted or expired."""


class ContextErasedError(ContextNotFoundError):
    """The context was erased: nothing of it can be read any more. Storing under its key goes on in its history."""


class VersionNotFoundError(NotFoundError):
    """The context has no such version or checkpoint, or had none yet at that instant."""


class ConflictNotFoundError(NotFoundError):
    """The context has no such conflict, open or resolved."""


class SessionNotFoundError(NotFoundError):
    """There is no such session, or it was deleted."""


class SessionErasedError(SessionNotFoundError):
    """The session was erased: nothing of it can be read any more."""


class TaskNotFoundError(NotFoundError):
    """There is no such task."""


class TaskErasedError(TaskNotFoundError):
    """The task was erased with its session: nothing of it can be read any more."""


class DecisionNotFoundError(NotFoundError):
    """There is no such decision."""


class DecisionErasedError(DecisionNotFoundError):
    """The decision was erased: nothing of it can be read any more."""


class PreferenceNotFoundError(NotFoundError):
    """The user has no such preference, or none that was set."""


class PreferencesErasedError(NotFoundError):
    """The user's preferences were erased: nothing of them can be read any more."""


class ConflictError(ContextlineError):
    """What is there does not allow it. Nothing was changed."""


class VersionConflictError(ConflictError):
    """The change was based on a version that is not `current_version`. Read again, then decide anew."""

    @property
    def expected_version(self) -> int | None:
        """The version that the change was based on."""
        return self.problem.get("expectedVersion")


class AlreadyExistsError(ConflictError):
    """Something lives there already."""


class StoredInTheClearError(ConflictError):
    """What was stored unencrypted can be deleted, but not erased."""


class ChangeDoesNotApplyError(ConflictError):
    """A patch, an append or an increment does not fit the data as it is now."""


class AlreadyResolvedError(ConflictError):
    """The conflict is not open any more."""

    @property
    def resolved(self) -> dict[str, Any]:
        """How it ended: `version`, `at`, `by`, `event`, and for one that was decided `take`, `value`."""
        return dict(self.problem.get("resolved") or {})


class TooManyConflictsError(ConflictError):
    """More places conflict than are settled or kept at once. Nothing was changed."""


class SourcesMissingError(NotFoundError):
    """Contexts that are to be merged are not there; `errors` names each."""


class TargetsExistError(ConflictError):
    """Live contexts are where parts of a split are to be; `errors` names each."""


class MergeConflictError(ConflictError):
    """Both sides of a three-way merge changed the same places differently. Nothing was changed."""

    @property
    def conflicts(self) -> list[dict[str, Any]]:
        """The first 100: JSON pointer, and the values that are there (`base`, `ours`, `theirs`)."""
        return list(self.problem.get("conflicts") or ())

    @property
    def conflict_count(self) -> int:
        """How many there are."""
        return int(self.problem.get("conflictCount") or 0)


class NoCommonAncestorError(ConflictError):
    """There is nothing that a three-way merge could compare with: neither was forked from what the other comes from."""


class AncestorErasedError(ConflictError):
    """What a three-way merge would compare with was erased. Other strategies need no ancestor."""


class IllegalTransitionError(ConflictError):
    """The current status does not allow that step."""

    @property
    def current_status(self) -> str | None:
        """The status that it has."""
        return self.problem.get("currentStatus")

    @property
    def allowed(self) -> list[str]:
        """The statuses that can follow it; none if it has ended."""
        return list(self.problem.get("allowed") or ())


class SessionStatusError(ConflictError):
    """The session's status does not allow what was to be done in it."""

    @property
    def current_status(self) -> str | None:
        """The status that the session has."""
        return self.problem.get("currentStatus")


class DependenciesNotMetError(ConflictError):
    """Something that the task depends on is not completed."""

    @property
    def dependencies(self) -> dict[str, str]:
        """The tasks that are not completed, by id, and the status of each."""
        return {item["id"]: item["status"] for item in self.problem.get("dependencies") or ()}


class TaskCycleError(ConflictError):
    """A task would depend on itself, or be a part of itself."""

    @property
    def cycle(self) -> list[str]:
        """The ids on the way from the task back to itself."""
        return list(self.problem.get("cycle") or ())


class SessionNotDueError(ConflictError):
    """The session has not expired."""


class TooManyPreferencesError(ConflictError):
    """The user has as many preferences as can be kept (1,000). Clear some."""


class PositionNotInLogError(ConflictError):
    """The server's log ends before the position asked for: it was restored from a backup, or is another log.

    A client that had sent a position from its own memory has forgotten it: the same call reads anew.
    """


class PreconditionFailedError(ConflictError):
    """A header asked for a state that is not the current one: `only_if_absent`, and something is there."""


class UnavailableError(ContextlineError):
    """Something that is needed is away or too busy; the same request may succeed later.

    Attributes:
        retry_after: the seconds after which the server thinks a new try makes sense, if it said so.
    """

    retry_after: float | None = None


class DatabaseUnavailableError(UnavailableError):
    """The server's database can't be reached. Nothing was written."""


class OverloadedError(UnavailableError):
    """More commands wait than the server takes. Nothing was written."""


class OutcomeUnknownError(UnavailableError):
    """The server can't tell yet whether the change was written. Read before you repeat it."""


class KeysUnavailableError(UnavailableError):
    """The server can't use its key store, or its master key was changed since it began. Nothing was written."""


class ReadModelBehindError(UnavailableError):
    """A list did not get as far as `min_position` in time."""


class ConnectionFailedError(UnavailableError):
    """The server can't be reached. Nothing was sent."""


class NoAnswerError(UnavailableError):
    """The request was sent, but no answer came, or not in time. A command may have been carried out all the same."""


class OperationNotImplementedError(ContextlineError):
    """Something that is planned and that this server can't do yet."""


class EncryptionNotConfiguredError(OperationNotImplementedError):
    """Encryption is asked for, or what is encrypted, and the server has no master key."""


class InternalServerError(ContextlineError):
    """The server failed; its log has the details."""


class UnexpectedAnswerError(ContextlineError):
    """What answered is not a contextline server, or one that this client does not understand."""


BY_CODE: dict[str, type[ContextlineError]] = {
    "malformed-json": MalformedJsonError,
    "malformed-request": MalformedRequestError,
    "unsupported-media-type": UnsupportedMediaTypeError,
    "request-too-large": RequestTooLargeError,
    "invalid-input": InvalidInputError,
    "not-found": NotFoundError,
    "context-not-found": ContextNotFoundError,
    "context-erased": ContextErasedError,
    "version-not-found": VersionNotFoundError,
    "conflict-not-found": ConflictNotFoundError,
    "session-not-found": SessionNotFoundError,
    "session-erased": SessionErasedError,
    "task-not-found": TaskNotFoundError,
    "task-erased": TaskErasedError,
    "session-status": SessionStatusError,
    "dependencies-not-met": DependenciesNotMetError,
    "task-cycle": TaskCycleError,
    "not-due": SessionNotDueError,
    "decision-not-found": DecisionNotFoundError,
    "decision-erased": DecisionErasedError,
    "preference-not-found": PreferenceNotFoundError,
    "preferences-erased": PreferencesErasedError,
    "too-many-preferences": TooManyPreferencesError,
    "version-conflict": VersionConflictError,
    "already-exists": AlreadyExistsError,
    "stored-in-the-clear": StoredInTheClearError,
    "change-does-not-apply": ChangeDoesNotApplyError,
    "already-resolved": AlreadyResolvedError,
    "too-many-conflicts": TooManyConflictsError,
    "sources-missing": SourcesMissingError,
    "targets-exist": TargetsExistError,
    "merge-conflict": MergeConflictError,
    "no-common-ancestor": NoCommonAncestorError,
    "ancestor-erased": AncestorErasedError,
    "illegal-transition": IllegalTransitionError,
    "position-not-in-log": PositionNotInLogError,
    "precondition-failed": PreconditionFailedError,
    "database-unavailable": DatabaseUnavailableError,
    "overloaded": OverloadedError,
    "outcome-unknown": OutcomeUnknownError,
    "keys-unavailable": KeysUnavailableError,
    "encryption-not-configured": EncryptionNotConfiguredError,
    "read-model-behind": ReadModelBehindError,
    "not-implemented": OperationNotImplementedError,
    "internal-error": InternalServerError,
}
"""The class of each problem code."""

BY_STATUS: dict[int, type[ContextlineError]] = {
    400: InvalidInputError,
    404: NotFoundError,
    409: ConflictError,
    410: NotFoundError,
    412: PreconditionFailedError,
    413: RequestTooLargeError,
    415: UnsupportedMediaTypeError,
    422: InvalidInputError,
    429: UnavailableError,
    500: InternalServerError,
    501: OperationNotImplementedError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}
"""The class of a code that this client does not know yet."""


def of_problem(problem: Mapping[str, Any]) -> ContextlineError:
    """The error that a problem document is about."""
    code = problem.get("code")
    kind = BY_CODE.get(code) if isinstance(code, str) else None
    return (kind or BY_STATUS.get(problem.get("status", 0), ContextlineError))(problem)

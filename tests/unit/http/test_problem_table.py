"""Every error has a status of its own choosing, and a code that programs can go by."""

from collections.abc import Iterator

import pytest

from contextline import errors as client_errors
from domain import errors
from interfaces.http import problems
from interfaces.http.problems import TABLE, of_error


def descendants(kind: type[errors.ContextlineError]) -> Iterator[type[errors.ContextlineError]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


# A batch's refusal is answered as the refusal that it carries: below.
OURS = [
    kind
    for kind in descendants(errors.ContextlineError)
    if kind.__module__.startswith(("domain", "interfaces")) and kind is not errors.BatchRefusedError
]


def status(kind: type[errors.ContextlineError]) -> int:
    return next(status for row, status, _ in TABLE if issubclass(kind, row))


@pytest.mark.parametrize("kind", OURS)
def test_an_error_is_answered_by_its_own_row_not_by_a_general_one_above_it(kind: type[errors.ContextlineError]) -> None:
    first = next(row for row, _, _ in TABLE if issubclass(kind, row))
    assert first is kind or kind not in [row for row, _, _ in TABLE]


@pytest.mark.parametrize("kind", OURS)
def test_only_what_is_the_servers_fault_is_500(kind: type[errors.ContextlineError]) -> None:
    assert (status(kind) == 500) == issubclass(kind, errors.DamagedEventError | errors.UnknownEventError)


def test_codes_are_distinct_and_the_client_knows_each() -> None:
    codes = [
        kind.code for kind in OURS if not issubclass(kind, problems.InvalidQueryError | problems.InvalidHeaderError)
    ]
    assert len(set(codes)) == len(codes)
    unknown = {kind.code for kind in OURS if kind is not errors.ContextlineError} - client_errors.BY_CODE.keys()
    assert unknown <= {"conflict", "unavailable", "damaged-event", "unknown-event"}


def test_what_may_succeed_later_says_when() -> None:
    answer = of_error(errors.OverloadedError("full"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "retry-after" not in of_error(errors.VersionConflictError(1, 2)).headers


def test_the_refusal_of_an_operation_is_answered_as_it_would_be_alone_with_its_place() -> None:
    refusal = errors.VersionConflictError(1, 2)
    alone, among = (problems.problem_document(error) for error in (refusal, errors.BatchRefusedError(3, refusal)))
    assert among == alone | {
        "detail": f"operation 3 was refused, and so the whole batch: {refusal}",
        "index": 3,
        "errors": [{"pointer": "/operations/3", "detail": str(refusal)}],
    }
    broken = errors.BatchRefusedError(0, errors.InvalidInputError.at("/data/a", "is wrong"))
    assert problems.problem_document(broken)["errors"] == [{"pointer": "/operations/0/data/a", "detail": "is wrong"}]
    busy = of_error(errors.BatchRefusedError(0, errors.OverloadedError("full")))
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")


def test_what_no_one_foresaw_is_told_without_its_words() -> None:
    document = problems.problem_document(ValueError("secret"))
    assert (document["status"], document["code"]) == (500, "internal-error")
    assert "secret" not in str(document)

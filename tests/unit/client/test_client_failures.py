"""Errors, retries, and what is refused before it is sent."""

import pickle
from datetime import datetime
from typing import Any

import httpx
import pytest
from client_fakes import CONTEXT, EMPTY_PAGE, STORED, Client, FakeServer

import contextline
from contextline import (
    ConflictError,
    ConnectionFailedError,
    ContextlineError,
    ContextNotFoundError,
    IllegalTransitionError,
    InternalServerError,
    InvalidInputError,
    NoAnswerError,
    NotFoundError,
    OverloadedError,
    UnavailableError,
    UnexpectedAnswerError,
    VersionConflictError,
)
from contextline.errors import BY_CODE

CODES = {
    "malformed-json": (400, InvalidInputError),
    "malformed-request": (400, InvalidInputError),
    "unsupported-media-type": (415, InvalidInputError),
    "request-too-large": (413, InvalidInputError),
    "invalid-input": (422, InvalidInputError),
    "context-not-found": (404, NotFoundError),
    "context-erased": (410, ContextNotFoundError),
    "version-not-found": (404, NotFoundError),
    "conflict-not-found": (404, NotFoundError),
    "session-not-found": (404, NotFoundError),
    "session-erased": (410, NotFoundError),
    "task-not-found": (404, NotFoundError),
    "task-erased": (410, NotFoundError),
    "decision-not-found": (404, NotFoundError),
    "decision-erased": (410, NotFoundError),
    "preference-not-found": (404, NotFoundError),
    "preferences-erased": (410, NotFoundError),
    "too-many-preferences": (409, ConflictError),
    "not-found": (404, NotFoundError),
    "version-conflict": (409, ConflictError),
    "already-exists": (409, ConflictError),
    "stored-in-the-clear": (409, ConflictError),
    "change-does-not-apply": (409, ConflictError),
    "already-resolved": (409, ConflictError),
    "too-many-conflicts": (409, ConflictError),
    "illegal-transition": (409, ConflictError),
    "session-status": (409, ConflictError),
    "dependencies-not-met": (409, ConflictError),
    "task-cycle": (409, ConflictError),
    "not-due": (409, ConflictError),
    "position-not-in-log": (409, ConflictError),
    "precondition-failed": (412, ConflictError),
    "database-unavailable": (503, UnavailableError),
    "overloaded": (503, UnavailableError),
    "outcome-unknown": (503, UnavailableError),
    "read-model-behind": (503, UnavailableError),
    "keys-unavailable": (503, UnavailableError),
    "encryption-not-configured": (501, ContextlineError),
    "not-implemented": (501, ContextlineError),
    "sources-missing": (404, NotFoundError),
    "targets-exist": (409, ConflictError),
    "merge-conflict": (409, ConflictError),
    "no-common-ancestor": (409, ConflictError),
    "ancestor-erased": (409, ConflictError),
    "internal-error": (500, ContextlineError),
}


@pytest.mark.parametrize("code", CODES)
async def test_each_code_has_an_exception_of_its_own(client: Client, server: FakeServer, code: str) -> None:
    status, base = CODES[code]
    server.will_refuse(status, code, detail="so it is")
    with pytest.raises(base) as caught:
        await client.store("plan", 1)
    error = caught.value
    assert type(error) is BY_CODE[code]
    assert getattr(contextline, type(error).__name__) is type(error)
    assert (error.status, error.code, error.title, error.detail, str(error)) == (
        status,
        code,
        "No",
        "so it is",
        "so it is",
    )


def test_no_two_codes_share_an_exception_and_none_is_forgotten() -> None:
    assert BY_CODE.keys() == CODES.keys()
    assert len(set(BY_CODE.values())) == len(BY_CODE)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (409, ConflictError),
        (410, NotFoundError),
        (422, InvalidInputError),
        (429, UnavailableError),
        (500, InternalServerError),
        (418, ContextlineError),
    ],
)
async def test_a_code_of_a_newer_server_falls_back_to_its_status(
    client: Client, server: FakeServer, status: int, kind: type[ContextlineError]
) -> None:
    server.will_refuse(status, "something-new", detail="new")
    with pytest.raises(kind) as caught:
        await client.store("plan", 1)
    assert type(caught.value) is kind
    assert caught.value.code == "something-new"


async def test_errors_carry_all_that_the_server_said(client: Client, server: FakeServer) -> None:
    server.will_refuse(409, "version-conflict", expectedVersion=3, currentVersion=5, detail="stale")
    with pytest.raises(VersionConflictError) as caught:
        await client.update("plan", 1, expected_version=3)
    assert (caught.value.expected_version, caught.value.current_version) == (3, 5)

    server.will_refuse(409, "illegal-transition", currentStatus="completed", allowed=[])
    with pytest.raises(IllegalTransitionError) as ended:
        await client.fail_session("s-1")
    assert (ended.value.current_status, ended.value.allowed) == ("completed", [])

    faults = [{"pointer": "/options/ttl", "detail": "too small"}]
    server.will_refuse(422, "invalid-input", errors=faults, detail="/options/ttl: too small")
    with pytest.raises(InvalidInputError) as invalid:
        await client.store("plan", 1, ttl=0)
    assert invalid.value.errors == faults
    assert invalid.value.problem["title"] == "No"
    again = pickle.loads(pickle.dumps(invalid.value))
    assert (type(again), again.status, again.errors) == (InvalidInputError, 422, faults)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'"\xff"'])
async def test_an_answer_that_is_something_else_is_said_to_be(client: Client, server: FakeServer, body: bytes) -> None:
    server.answers.append(httpx.Response(200, content=body))
    with pytest.raises(UnexpectedAnswerError, match=r"http://store\.test/api/context/get answered 200 OK"):
        await client.get("a secret key")


async def test_errors_that_are_no_problem_documents_are_errors_all_the_same(client: Client, server: FakeServer) -> None:
    for status in (302, 404):
        server.answers.append(httpx.Response(status, text="no"))
        with pytest.raises(UnexpectedAnswerError) as caught:
            await client.get("plan")
        assert caught.value.status == status
    server.answers.append(httpx.Response(502, text="bad gateway"))
    with pytest.raises(UnavailableError, match="502 Bad Gateway"):
        await client.get("plan")


async def test_reads_are_repeated_while_the_server_is_not_available(client: Client, server: FakeServer) -> None:
    server.will_refuse(503, "database-unavailable")
    server.will_fail(httpx.RemoteProtocolError("closed"))
    server.will_answer(CONTEXT)
    assert (await client.get("plan")).version == 2
    assert len(server.requests) == 3
    first, second = server.waits
    assert 0.05 <= first <= 0.1
    assert 0.1 <= second <= 0.2


async def test_the_server_says_when_to_come_again_within_limits(client: Client, server: FakeServer) -> None:
    server.will_refuse(503, "overloaded", retry_after="2")
    server.will_refuse(503, "overloaded", retry_after="3600")
    server.will_refuse(503, "overloaded", retry_after="Wed, 21 Oct 2031 07:28:00 GMT")
    with pytest.raises(OverloadedError):
        await client.list()
    assert 2 <= server.waits[0] <= 2.2
    assert 10 <= server.waits[1] <= 11
    assert len(server.waits) == 2


async def test_errors_tell_when_to_come_again(client: Client, server: FakeServer) -> None:
    server.will_refuse(503, "overloaded", retry_after="2")
    with pytest.raises(OverloadedError) as caught:
        await client.store("plan", 1)
    assert caught.value.retry_after == 2


async def test_three_tries_are_the_most(client: Client, server: FakeServer) -> None:
    for _ in range(3):
        server.will_fail(httpx.ConnectError("refused"))
    with pytest.raises(ConnectionFailedError, match=r"http://store.test \(refused\): is it running\? `contextline up`"):
        await client.get("plan")
    assert len(server.requests) == 3


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ConnectTimeout("")])
async def test_a_command_is_repeated_if_nothing_was_sent(
    client: Client, server: FakeServer, failure: Exception
) -> None:
    server.will_fail(failure)
    server.will_answer(STORED)
    assert (await client.store("plan", 1)).position == 7
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "failure", [httpx.ReadError("reset"), httpx.ReadTimeout(""), httpx.RemoteProtocolError("gone")]
)
async def test_a_command_that_may_have_been_carried_out_is_not_repeated(
    client: Client, server: FakeServer, failure: Exception
) -> None:
    server.will_fail(failure)
    with pytest.raises(NoAnswerError, match="may have been carried out") as caught:
        await client.store("plan", 1)
    assert (caught.value.status, caught.value.code) == (None, "no-answer")
    server.will_refuse(503, "database-unavailable")
    with pytest.raises(UnavailableError):
        await client.delete("plan")
    assert len(server.requests) == 2


async def test_a_read_that_took_all_its_time_is_not_repeated(client: Client, server: FakeServer) -> None:
    server.will_fail(httpx.ReadTimeout(""))
    with pytest.raises(NoAnswerError, match="not within 10 seconds"):
        await client.get("plan")
    assert len(server.requests) == 1


async def test_what_the_server_refuses_is_not_repeated(client: Client, server: FakeServer) -> None:
    server.will_refuse(404, "context-not-found")
    with pytest.raises(ContextNotFoundError):
        await client.get("plan")
    assert len(server.requests) == 1


CYCLE: list[Any] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    ("data", "pointer", "detail"),
    [
        (float("nan"), "/data", "nan is not a JSON number"),
        ({"a": [1.0, float("-inf")]}, "/data/a/1", "-inf is not a JSON number"),
        ({"a/b": {"~": (1, b"x")}}, "/data/a~1b/~0/1", "bytes is not a JSON type"),
        ([datetime(2031, 6, 3)], "/data/0", "datetime is not a JSON type"),  # noqa: DTZ001 - the type is what counts
        ({"s": {1}}, "/data/s", "set is not a JSON type"),
        ({"n": {1: "one"}}, "/data/n", "the name 1 is not a string"),
        (CYCLE, "/data" + "/0" * 256, "holds itself"),
        pytest.param(10**5000, "", "digits", id="an integer of 5000 digits"),
    ],
)
async def test_what_json_can_not_hold_is_refused_before_sending(
    client: Client, server: FakeServer, data: Any, pointer: str, detail: str
) -> None:
    for command in (client.store, client.update):
        with pytest.raises(InvalidInputError, match="nothing was sent") as caught:
            await command("plan", data)
        (fault,) = caught.value.errors
        assert fault["pointer"] == pointer
        assert detail in fault["detail"]
        assert (caught.value.status, caught.value.code) == (None, "invalid-input")
    assert server.requests == []


async def test_options_are_looked_at_too(client: Client) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await client.store("plan", 1, metadata={"score": float("inf")})
    assert caught.value.errors[0]["pointer"] == "/options/metadata/score"
    with pytest.raises(InvalidInputError):
        await client.create_session(data={"x": object()})


async def test_tuples_are_arrays_and_big_integers_the_servers_to_judge(client: Client, server: FakeServer) -> None:
    server.will_answer(STORED)
    await client.store("plan", {"pair": (1, 2**70)})
    assert server.body["data"] == {"pair": [1, 2**70]}


async def test_lone_surrogates_are_left_for_the_server_to_refuse(client: Client, server: FakeServer) -> None:
    server.will_answer(STORED)
    await client.store("plan", {"text": "\ud800"})
    assert b"\\ud800" in server.requests[0].content
    with pytest.raises(InvalidInputError) as caught:
        await client.get("\ud800")
    assert caught.value.errors[0]["parameter"] == "key"


async def test_an_instant_without_a_time_zone_is_refused(client: Client, server: FakeServer) -> None:
    naive = datetime(2031, 6, 3)  # noqa: DTZ001 - that is the point
    with pytest.raises(InvalidInputError, match="as_of: a datetime without a time zone"):
        await client.get("plan", as_of=naive)
    with pytest.raises(InvalidInputError, match="created_from"):
        await client.list(created_from=naive)
    assert server.requests == []


async def test_queries_take_plain_values_only(client: Client) -> None:
    with pytest.raises(TypeError, match="cursor can't be of type dict"):
        await client.list(cursor={})
    with pytest.raises(InvalidInputError, match="min_importance: nan"):
        await client.list(min_importance=float("nan"))


async def test_retries_can_be_turned_off(server: FakeServer) -> None:
    server.will_refuse(503, "read-model-behind")
    client = contextline.ContextClient("http://store.test", retries=0, transport=httpx.MockTransport(server))
    with client, pytest.raises(contextline.ReadModelBehindError):
        client.list()
    server.will_answer(EMPTY_PAGE)
    assert server.waits == []

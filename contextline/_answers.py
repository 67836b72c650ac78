"""What comes back: typed results, or the error that an answer (or the lack of one) means."""

from __future__ import annotations

import http
import math
import random
from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

import httpx
import msgspec

from contextline.errors import (
    BY_CODE,
    BY_STATUS,
    ConnectionFailedError,
    ContextlineError,
    NoAnswerError,
    UnavailableError,
    UnexpectedAnswerError,
)

T = TypeVar("T")

_LONGEST_WAIT = 10.0
_FIRST_WAIT = 0.1


@cache
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast(Any, kind))


def result(response: httpx.Response, kind: type[T]) -> T:
    """The result that an answer holds.

    Raises:
        UnexpectedAnswerError: it holds something else.
    """
    try:
        decoded: T = _decoder(cast(Hashable, kind)).decode(response.content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _unexpected(response, f"{error}") from error
    return decoded


def failure(response: httpx.Response) -> ContextlineError:
    """The error that an answer means."""
    problem = _problem(response)
    if problem is None:
        kind = BY_STATUS.get(response.status_code)
        if kind is None or not issubclass(kind, UnavailableError):
            return _unexpected(response, "an error without a problem document")
        # 502, 503 and 504 are what proxies say while the server is away.
        problem = {"title": _phrase(response), "detail": f"{_origin(response)} answered {_phrase(response)}"}
    status = response.status_code
    code = problem.get("code")
    kind = (BY_CODE.get(code) if isinstance(code, str) else None) or BY_STATUS.get(status, ContextlineError)
    error = kind({**problem, "status": status})
    if isinstance(error, UnavailableError):
        error.retry_after = _retry_after(response)
    return error


def no_answer(error: httpx.TransportError, url: httpx.URL, timeout: float) -> UnavailableError:
    """The error that a failed exchange means; ConnectionFailedError if nothing was sent."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        why = str(error) or f"no connection within {timeout:g} seconds"
        return ConnectionFailedError(
            {
                "title": "The server can't be reached",
                "detail": f"no contextline server can be reached at {url} ({why}): is it running? `contextline up` "
                "starts one; CONTEXTLINE_URL or the argument url name another address",
                "code": "connection-failed",
            }
        )
    if isinstance(error, httpx.TimeoutException):
        why = f"not within {timeout:g} seconds"
    else:
        why = str(error) or type(error).__name__
    return NoAnswerError(
        {
            "title": "No answer",
            "detail": f"{url} was asked and did not answer ({why}); a command may have been carried out all the same",
            "code": "no-answer",
        }
    )


def wait_before(retry: int, error: UnavailableError) -> float:
    """The seconds to wait before the first, second, … retry: what the server asked for, else doubling, with jitter."""
    if error.retry_after is not None:
        # Spread upwards only: before its time a retry would be in vain.
        return min(error.retry_after, _LONGEST_WAIT) * random.uniform(1.0, 1.1)
    return min(_FIRST_WAIT * 2.0 ** (retry - 1), _LONGEST_WAIT) * random.uniform(0.5, 1.0)


def _problem(response: httpx.Response) -> dict[str, Any] | None:
    if not response.headers.get("content-type", "").startswith("application/problem+json"):
        return None
    try:
        return msgspec.json.decode(response.content, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _unexpected(response: httpx.Response, what: str) -> UnexpectedAnswerError:
    return UnexpectedAnswerError(
        {
            "title": "The answer was not understood",
            "status": response.status_code,
            "detail": f"{_origin(response)} answered {_phrase(response)}, which was not understood ({what}): is it a "
            "contextline server, and of a version that fits this client?",
            "code": "unexpected-answer",
        }
    )


def _origin(response: httpx.Response) -> str:
    return str(response.request.url.copy_with(query=None, username=None, password=None))


def _phrase(response: httpx.Response) -> str:
    try:
        return f"{response.status_code} {http.HTTPStatus(response.status_code).phrase}"
    except ValueError:
        return str(response.status_code)


def _retry_after(response: httpx.Response) -> float | None:
    # Proxies may send a date: then the usual waiting has to do.
    try:
        seconds = float(response.headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None

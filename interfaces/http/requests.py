"""How requests are read: bodies strictly, keys exactly, preconditions from headers.

Routes take the bare request and read it by these functions. FastAPI's own way of doing it cost more than the rest of a
request together (docs/performance.md), and changes what it can't decode; `contract.py` tells OpenAPI what is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from typing import Any, TypeVar, get_origin
from urllib.parse import parse_qsl, unquote_to_bytes

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

from application.contexts import ContextRef
from domain.errors import ContextlineError, Fault, InvalidInputError
from domain.values import Json, escape
from interfaces.bootstrap import Services
from interfaces.http.problems import (
    InvalidHeaderError,
    InvalidQueryError,
    MalformedRequestError,
    NotImplementedYetError,
    RequestTooLargeError,
    UnsupportedMediaTypeError,
    of_error,
)
from interfaces.http.strict_json import parse

TENANT = "default"
"""Whose data a request without credentials is about."""

MOST_FAULTS = 100
"""Faults that a refusal names, the first ones; a body can have one for every few of its bytes."""

_MUTATING = ("POST", "PUT", "DELETE", "PATCH")
_JSON = re.compile(r"application/([\w.+-]+\+)?json")
_ETAG = re.compile(r'"(\d{1,10})"')

M = TypeVar("M", bound=BaseModel)


class _WholePath(PathConvertor):
    """All that is left of the path, line breaks too: by `.*$` a key that ends in one would be the key without it."""

    regex = "(?s:.*)"


register_url_convertor("whole", _WholePath())


class Edge:
    """Refuses what no route should see: URLs that would be changed on the way, and promises that can't be kept yet.

    Frameworks put a replacement character for what they can't decode, and a key that was changed is another key.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and (error := _refusal(scope)):
            await of_error(error)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _refusal(scope: Scope) -> ContextlineError | None:
    for part in (scope.get("raw_path") or b"", scope["query_string"]):
        if b"%" in part or not part.isascii():
            try:
                # Bare bytes beyond ASCII would be read as Latin-1.
                part.decode("ascii")
                unquote_to_bytes(part).decode()
            except UnicodeDecodeError:
                return MalformedRequestError("the path or the query is not percent-encoded UTF-8")
    if scope["method"] in _MUTATING and any(name == b"idempotency-key" for name, _ in scope["headers"]):
        return NotImplementedYetError(
            "Idempotency-Key is not supported yet, and ignoring it would promise what is not kept: send the request "
            "without it, with an expected version where a repetition could do harm"
        )
    return None


def services(request: Request) -> Services:
    """The services of the application."""
    wired: Services = request.app.state.services
    return wired


async def read_body(request: Request, model: type[M]) -> M:
    """The body, by its model.

    Raises:
        UnsupportedMediaTypeError, RequestTooLargeError, MalformedJsonError, InvalidInputError: it can't be one.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise UnsupportedMediaTypeError("send the body as it is, without a Content-Encoding")
    body = await _read(request, services(request).settings.max_request_bytes)
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if not _JSON.fullmatch(media_type):
        raise UnsupportedMediaTypeError("send the body as Content-Type: application/json")
    value = parse(body)
    # It may be large, and is of no use any more.
    del body
    return validated(model, value)


def validated(model: type[M], value: Json) -> M:
    """A value by its model.

    Raises:
        InvalidInputError: it can't be one; the pointers begin at the value.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidInputError([Fault(_pointer(fault, value), _message(fault)) for fault in _faults(error)]) from None


async def _read(request: Request, limit: int) -> bytes:
    message = f"the body is larger than {limit} bytes"
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise RequestTooLargeError(message)
    # Written into one buffer that grows: joining parts would have them in memory twice.
    body = BytesIO()
    async for chunk in request.stream():
        if body.tell() + len(chunk) > limit:
            raise RequestTooLargeError(message)
        body.write(chunk)
    return body.getvalue()


def refuse_body(request: Request) -> None:
    """For calls that take none: one that is sent is not ignored.

    Raises:
        InvalidInputError: there is a body.
    """
    if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
        raise InvalidInputError.at("", "this call takes no body; what it can be told stands in the query")


def read_query(request: Request, model: type[M]) -> M:
    """The query string, by its model.

    Raises:
        InvalidQueryError: a parameter is unknown, given twice or wrong.
    """
    text = request.scope["query_string"]
    values: dict[str, Any] = {}
    repeatable = _repeatable(model)
    for name, value in parse_qsl(text.decode("latin-1"), keep_blank_values=True) if text else ():
        if name in repeatable:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise InvalidQueryError([Fault(name, "is given twice")])
        else:
            values[name] = value
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = [Fault(str(fault["loc"][0]) if fault["loc"] else "", _message(fault)) for fault in _faults(error)]
        raise InvalidQueryError(faults) from None


@cache
def _repeatable(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(
        field.alias or name for name, field in model.model_fields.items() if get_origin(field.annotation) is list
    )


def _faults(error: ValidationError) -> Sequence[Mapping[str, Any]]:
    return error.errors(include_url=False, include_input=False, include_context=False)[:MOST_FAULTS]


def _message(fault: Mapping[str, Any]) -> str:
    told = {"extra_forbidden": "unknown field", "model_type": "must be an object"}
    return told.get(fault["type"]) or str(fault["msg"]).removeprefix("Value error, ")


def _pointer(fault: Mapping[str, Any], value: Json) -> str:
    """Of what pydantic calls the place, the part that the caller can find: not the names of alternatives."""
    pointer, path = "", fault["loc"]
    for index, token in enumerate(path):
        try:
            value = value[token]
        except (KeyError, IndexError, TypeError):
            if not (fault["type"] == "missing" and index == len(path) - 1):
                continue
        pointer += f"/{escape(str(token))}"
    return pointer


def one_of(in_path: str | None, in_query: str | None, what: str) -> str:
    """What names a thing comes in the path or in the query.

    Raises:
        InvalidInputError: there is none, or two that differ.
    """
    return _one_of(in_path, in_query, what, f"the path and ?{what}=", f"in the path, or as ?{what}=")


def one_of_all(in_url: str | None, in_body: str | None, what: str, in_query: str) -> str:
    """What names a thing comes in the path or in the query, there as `in_query`, or as the body's `what`.

    Raises:
        InvalidInputError: there is none, or two that differ.
    """
    needed = f"in the path, as ?{in_query}=, or in the body"
    return _one_of(in_url, in_body, what, "the URL and the body", needed)


def _one_of(one: str | None, other: str | None, what: str, both: str, needed: str) -> str:
    if one and other is not None and one != other:
        raise InvalidInputError.at(f"/{what}", f"{both} name different ones")
    name = one or other
    if name is None:
        raise InvalidInputError.at(f"/{what}", f"is needed: {needed}")
    return name


def context_ref(request: Request, key: str | None, namespace: str) -> ContextRef:
    """Which context a request is about; `key` is the one of its query."""
    return ContextRef(TENANT, namespace, one_of(request.path_params.get("path_key"), key, "key"))


def if_match_any(request: Request) -> bool:
    """Whether If-Match asks that something is there, whichever version."""
    return request.headers.get("if-match", "").strip() == "*"


def if_match(request: Request) -> int | None:
    """The version that If-Match asks for; None where it asks for none, or for any (`*`).

    Raises:
        InvalidInputError: it is not one version in quotes.
    """
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return None
    match = _ETAG.fullmatch(header.strip())
    if not match:
        raise InvalidHeaderError([Fault("If-Match", 'takes one version in quotes, such as "12", or *')])
    return int(match[1])


def refuse_if_none_match(request: Request) -> None:
    """For changes of what is there: the header would ask that it is not, and is not ignored.

    Raises:
        InvalidHeaderError: it was sent.
    """
    if "if-none-match" in request.headers:
        raise InvalidHeaderError([Fault("If-None-Match", "makes no sense for a change of what is there: use If-Match")])


def refuse_preconditions(request: Request) -> None:
    """For calls about many things: a version in a header could be of any of them, and is not ignored.

    Raises:
        InvalidHeaderError: one was sent.
    """
    for name in ("If-Match", "If-None-Match"):
        if name in request.headers:
            raise InvalidHeaderError([Fault(name, "makes no sense for many at once: use expectedVersion of each")])


def if_none_match(request: Request) -> str:
    """The header as it stands, empty where it is not there."""
    return request.headers.get("if-none-match", "").strip()


def names_version(header: str, version: int) -> bool:
    """Whether an If-None-Match header names a version (weak tags count too, RFC 9110) or any."""
    return header == "*" or str(version) in _ETAG.findall(header)


def combine_expected(from_header: int | None, from_body: int | None) -> int | None:
    """The expected version, asked for in the header, in the body, or both alike.

    Raises:
        InvalidInputError: both, and different.
    """
    if from_header is not None and from_body is not None and from_header != from_body:
        raise InvalidInputError.at(
            "/options/expectedVersion", f"is {from_body}, but If-Match says {from_header}: name one version"
        )
    return from_header if from_header is not None else from_body

"""How requests are read: bodies strictly, keys exactly, preconditions from headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

from application.contexts import ContextRef
from domain.errors import InvalidInputError
from domain.values import Json
from interfaces.http.problems import (
    MalformedRequestError,
    NotImplementedYetError,
    RequestTooLargeError,
    UnsupportedMediaTypeError,
    of_error,
)
from interfaces.http.strict_json import parse

TENANT = "default"
"""Whose data a request without credentials is about."""

_MUTATING = ("POST", "PUT", "DELETE", "PATCH")
_REPEATABLE = ("tag", "feature")
_JSON = re.compile(r"application/([^/]+\+)?json")
_ETAG = re.compile(r'"(\d{1,10})"')


class _WholePath(PathConvertor):
    """Everything to the end of the path, line breaks too: `.*$` would match a key without the one that it ends in."""

    regex = "(?s:.*)"


register_url_convertor("whole", _WholePath())


class _StrictRequest(Request):
    """A request whose body was read and parsed by our rules; FastAPI takes it from here."""

    def __init__(self, request: Request, body: bytes, value: Json) -> None:
        super().__init__(request.scope, request.receive)
        self._strict_body, self._strict_value = body, value

    async def body(self) -> bytes:
        return self._strict_body

    async def json(self) -> Json:
        return self._strict_value


class StrictRoute(APIRoute):
    """A route whose JSON body is read by `strict_json`, up to the size that the server takes. Nothing is ignored."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wraps FastAPI's handler."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            if request.method in _MUTATING and "idempotency-key" in request.headers:
                raise NotImplementedYetError(
                    "Idempotency-Key is not supported yet, and ignoring it would promise what is not kept: send the "
                    "request without it, with an expected version where a repetition could do harm"
                )
            _check_query(request)
            if self.body_field is None:
                if request.method in _MUTATING and _has_body(request):
                    raise InvalidInputError.at("", "this call takes no body; what it can be told stands in the query")
                return await handle(request)
            body = await _read(request, request.app.state.services.settings.max_request_bytes)
            media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
            if not _JSON.fullmatch(media_type):
                raise UnsupportedMediaTypeError("send the body as Content-Type: application/json")
            return await handle(_StrictRequest(request, body, parse(body)))

        return strict


def _check_query(request: Request) -> None:
    seen = set()
    for name, _ in request.query_params.multi_items():
        if name in seen and name not in _REPEATABLE:
            raise InvalidInputError.at(f"/{name}", "is given more than once in the query")
        seen.add(name)


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


async def _read(request: Request, limit: int) -> bytes:
    message = f"the body is larger than {limit} bytes"
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise RequestTooLargeError(message)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise RequestTooLargeError(message)
        chunks.append(chunk)
    return b"".join(chunks)


class ExactUrls:
    """Refuses a path or query that is not percent-encoded UTF-8.

    Frameworks put a replacement character for what they can't decode, and read bare bytes as Latin-1; a key that was
    changed on the way would be another key.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            for part in (scope.get("raw_path") or b"", scope["query_string"]):
                if b"%" not in part and part.isascii():
                    continue
                try:
                    part.decode("ascii")
                    unquote_to_bytes(part).decode()
                except UnicodeDecodeError:
                    error = MalformedRequestError("the path or the query is not percent-encoded UTF-8")
                    await of_error(error)(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def context_ref(key_in_path: str | None, key_in_query: str | None, namespace: str) -> ContextRef:
    """Which context a request is about: its key comes in the path or as `?key=`.

    Raises:
        InvalidInputError: there is none, or two that differ.
    """
    if key_in_path and key_in_query is not None and key_in_path != key_in_query:
        raise InvalidInputError.at("/key", "the path and ?key= name different keys")
    key = key_in_path or key_in_query
    if key is None:
        raise InvalidInputError.at("/key", "a key is needed: in the path, or as ?key=")
    return ContextRef(TENANT, namespace, key)


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
        raise InvalidInputError.at("", 'If-Match takes one version in quotes, such as "12", or *')
    return int(match[1])


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

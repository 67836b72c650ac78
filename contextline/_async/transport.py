"""Requests and answers over connections that are kept, with retries where they can do no harm."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

import anyio
import httpx

from contextline._answers import failure, no_answer, result, wait_before
from contextline._encoding import encode_body, query
from contextline.errors import ConnectionFailedError, InvalidInputError, UnavailableError

T = TypeVar("T")

DEFAULT_URL = "http://127.0.0.1:3100"

# Below the 5 seconds after which many servers close an idle connection: one that is closing would lose a command.
_KEEPALIVE = 4.0


class AsyncTransport:
    """One server, and the connections to it."""

    def __init__(
        self,
        url: str | None,
        *,
        api_key: str | None,
        timeout: float,
        retries: int,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        address = url or os.environ.get("CONTEXTLINE_URL") or DEFAULT_URL
        try:
            base = httpx.URL(address)
        except httpx.InvalidURL:
            base = httpx.URL()
        if base.scheme not in ("http", "https") or not base.host:
            detail = f"{address!r} is no address of a server: it begins with http:// or https://"
            raise InvalidInputError.at("url", detail, kind="parameter")
        if retries < 0:
            raise ValueError("retries can't be negative")
        self.url = base.copy_with(username=None, password=None)
        self._timeout, self._retries = timeout, retries
        self._http = httpx.AsyncClient(
            base_url=base,
            headers={"User-Agent": f"contextline-python/{_version()}", "Accept": "application/json"}
            | ({"Authorization": f"Bearer {api_key}"} if api_key else {}),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=_KEEPALIVE),
            transport=transport,
            # A proxy that the environment names is not for a server on this machine.
            trust_env=base.host not in ("localhost", "127.0.0.1", "::1"),
        )

    async def read(
        self, path: str, kind: type[T], parameters: Mapping[str, Any], *, answers: int = 200, wait: float = 0
    ) -> T:
        """Ask. A status of `answers` is an answer too; `wait`: seconds that the server may take longer than usual."""
        request = self._request("GET", path, parameters, wait=wait)
        return result(await self._exchange(request, answers=answers, repeatable=True), kind)

    async def read_by_body(self, path: str, kind: type[T], body: Mapping[str, Any], *, wait: float = 0) -> T:
        """Ask what is too long for a query. It changes nothing, so it is repeated as other reads are."""
        request = self._request("POST", path, {}, body, wait=wait)
        return result(await self._exchange(request, answers=200, repeatable=True), kind)

    async def command(
        self,
        method: str,
        path: str,
        kind: type[T],
        parameters: Mapping[str, Any],
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        wait: float = 0,
    ) -> T:
        """Have something done. Repeated only if nothing was sent; `wait` as for `read`."""
        request = self._request(method, path, parameters, body, headers, wait)
        return result(await self._exchange(request, answers=200, repeatable=False), kind)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _request(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any],
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        wait: float = 0,
    ) -> httpx.Request:
        return self._http.build_request(
            method,
            path,
            params=query(parameters),
            content=None if body is None else encode_body(body),
            headers={**(headers or {}), **({} if body is None else {"Content-Type": "application/json"})},
            # However many calls are made at once, each waits for its turn: that is not the server's time.
            timeout=httpx.Timeout(self._timeout + wait, pool=None),
        )

    async def _exchange(self, request: httpx.Request, *, answers: int, repeatable: bool) -> httpx.Response:
        retry = 0
        while True:
            error: UnavailableError
            try:
                response = await self._http.send(request)
            except httpx.TransportError as cause:
                # A read that took all its time is not repeated: that would multiply the time.
                again = repeatable and not isinstance(cause, httpx.ReadTimeout | httpx.WriteTimeout)
                error = no_answer(cause, self.url, self._timeout)
                if retry == self._retries or not (again or isinstance(error, ConnectionFailedError)):
                    raise error from cause
            else:
                if response.is_success or response.status_code == answers:
                    return response
                answer = failure(response)
                again = repeatable and response.status_code == 503 and isinstance(answer, UnavailableError)
                if retry == self._retries or not again:
                    raise answer
                assert isinstance(answer, UnavailableError)
                error = answer
            retry += 1
            await anyio.sleep(wait_before(retry, error))


def _version() -> str:
    try:
        return version("contextline")
    except PackageNotFoundError:
        return "0"

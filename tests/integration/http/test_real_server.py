"""What only a real server shows: raw paths, announced and chunked bodies, and requests that are no requests."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import quote

import pytest

from tests.fixtures.http import MAX_REQUEST_BYTES, PROBLEM, Api, refused
from tests.fixtures.waiting import DEADLINE


async def raw(api: Api, *lines: bytes, body: Sequence[bytes] = ()) -> tuple[int, dict[str, str], bytes]:
    """Sends a request as it stands, byte for byte; status, headers and body of the answer."""
    url = api.http.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        writer.write(b"\r\n".join([*lines, b"Host: test", b"Connection: close", b"", b""]))
        for part in body:
            writer.write(part)
            await writer.drain()
        answer = await asyncio.wait_for(reader.read(), DEADLINE)
    finally:
        writer.close()
    head, _, content = answer.partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    return int(status.split()[1]), dict(line.lower().split(": ", 1) for line in headers), content


@pytest.mark.parametrize("key", ["..", ".", "../..", "a/../b", "//", "/", "./a", "a//b", "%", "a?b", "\U0001f600"])
async def test_a_key_arrives_as_it_was_sent_dots_and_slashes_too(server: Api, key: str) -> None:
    await server.stored(key, {"of": key})
    for path in {quote(key, safe=""), quote(key, safe="/")}:
        status, _, content = await raw(server, b"GET /api/context/get/" + path.encode() + b" HTTP/1.1")
        assert (status, json.loads(content)["key"]) == (200, key)
    status, _, content = await raw(server, b"GET /api/context/get?key=" + quote(key, safe="").encode() + b" HTTP/1.1")
    assert (status, json.loads(content)["data"]) == (200, {"of": key})


@pytest.mark.parametrize(
    "target", [b"/api/context/get/\xc3\xa9", b"/api/context/get?key=\xc3\xa9", b"/api/context/get/%ff"]
)
async def test_what_is_not_percent_encoded_utf8_is_400_and_names_no_other_context(server: Api, target: bytes) -> None:
    for key in ("é", "\u00c3\u00a9", "\ufffd", "%ff"):
        await server.stored(key, 1)
    status, _, _ = await raw(server, b"GET /api/context/" + target + b" HTTP/1.1")
    assert status == 400


@pytest.mark.parametrize("ending", [b"%0A", b"%0D", b"%00"])
async def test_a_control_character_behind_a_key_is_not_overlooked(server: Api, ending: bytes) -> None:
    await server.stored("k", 1)
    for method in (b"GET", b"DELETE"):
        path = b"get" if method == b"GET" else b"delete"
        status, _, _ = await raw(server, method + b" /api/context/" + path + b"/k" + ending + b" HTTP/1.1")
        assert status == 422
    assert (await server.got("k"))["version"] == 1


async def chunks(body: bytes, size: int = 1_000) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def with_text(length: int) -> bytes:
    return b'{"key":"k","data":"' + b"x" * length + b'"}'


JSON = {"content-type": "application/json"}


async def test_a_chunked_body_is_read_whole(server: Api) -> None:
    answer = await server.http.post("/api/context/store", content=chunks(with_text(50_000)), headers=JSON)
    assert answer.status_code == 201
    assert len((await server.got("k"))["data"]) == 50_000


async def test_a_body_that_is_announced_as_too_large_is_413_before_it_is_sent(server: Api) -> None:
    length = str(MAX_REQUEST_BYTES + 1).encode()
    status, headers, content = await raw(
        server, b"POST /api/context/store HTTP/1.1", b"Content-Type: application/json", b"Content-Length: " + length
    )
    assert (status, headers["content-type"], json.loads(content)["code"]) == (413, PROBLEM, "request-too-large")


async def test_a_chunked_body_that_grows_too_large_is_413_and_nothing_is_written(server: Api) -> None:
    asking = server.http.post("/api/context/store", content=chunks(with_text(MAX_REQUEST_BYTES)), headers=JSON)
    await refused(server, asking, 413, "request-too-large")


@pytest.mark.parametrize(
    "lines",
    [
        (b"GET /api/context/get/a b HTTP/1.1",),
        (b"\x16\x03\x01\x02\x00\x01\x00",),
        (b"POST /api/context/store HTTP/1.1", b"Content-Length: -5"),
        (b"POST /api/context/store HTTP/1.1", b"Content-Length: 5", b"Content-Length: 6"),
        (b"POST /api/context/store HTTP/1.1", b"Content-Length: " + b"9" * 5_000),
        (b"POST /api/context/store HTTP/1.1", b"Transfer-Encoding: chunked", b"Content-Length: 5"),
    ],
    ids=lambda lines: repr(lines[-1][:40]),
)
async def test_what_is_no_request_is_400_and_the_server_goes_on(server: Api, lines: tuple[bytes, ...]) -> None:
    status, _, _ = await raw(server, *lines)
    assert status in (400, 413, 415)
    assert (await server.stored("k", 1))["version"] == 1


async def test_a_caller_that_hangs_up_in_the_middle_of_a_body_leaves_nothing(server: Api) -> None:
    url = server.http.base_url
    _, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"POST /api/context/store HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n")
    writer.write(b"Content-Length: 1000\r\n\r\n" + with_text(10))
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert await server.log_end() == 0
    assert (await server.http.get("/api/context/get/k")).status_code == 404


async def test_documentation_and_contract_are_served(server: Api) -> None:
    contract: Any = (await server.http.get("/openapi.json")).json()
    assert {"/api/context/store", "/api/context/get/{path_key}", "/api/sessions"} <= contract["paths"].keys()
    assert (await server.http.get("/api/context/docs")).status_code == 200

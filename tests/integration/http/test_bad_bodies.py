"""Bodies that can't be read or kept: each is refused by name, and nothing is written."""

import json
import time
from typing import Any

import pytest

from tests.fixtures.http import Api, places, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"content-type": "application/json"}
CALLS = [
    ("POST", "/api/context/store"),
    ("PUT", "/api/context/update/k"),
    ("POST", "/api/context/rollback/k"),
    ("POST", "/api/sessions"),
    ("POST", "/api/sessions/complete/s"),
    ("POST", "/api/sessions/fail/s"),
]


def with_data(data: bytes) -> bytes:
    return b'{"key":"k","data":' + data + b"}"


MALFORMED = {
    "empty": b"",
    "blank": b" \r\n\t",
    "a word": b"hello",
    "truncated": b'{"key":"k","data":{"a":[1,2',
    "truncated in a string": b'{"key":"k","data":"abc',
    "something after it": b'{"key":"k","data":1}{}',
    "trailing comma": b'{"key":"k","data":1,}',
    "single quotes": b"{'key':'k','data':1}",
    "a comment": b'{"key":"k","data":1/**/}',
    "NaN": with_data(b"NaN"),
    "Infinity": with_data(b"Infinity"),
    "-Infinity": with_data(b"[-Infinity]"),
    "leading zero": with_data(b"012"),
    "hexadecimal": with_data(b"0x1f"),
    "a raw NUL": with_data(b'"a\x00b"'),
    "a raw line break in a string": with_data(b'"a\nb"'),
    "invalid UTF-8": with_data(b'"\xff\xfe"'),
    "UTF-8 of a surrogate": with_data(b'"\xed\xa0\x80"'),
    "overlong UTF-8": with_data(b'"\xc0\xaf"'),
    "UTF-16": '{"key":"k","data":1}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + with_data(b"1"),
    "form data": b"key=k&data=1",
    "compressed": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_not_json_is_400(module_api: Api, body: bytes) -> None:
    asking = module_api.http.post("/api/context/store", content=body, headers=JSON)
    await refused(module_api, asking, 400, "malformed-json")


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_every_call_that_takes_a_body_says_so_when_there_is_none(module_api: Api, method: str, path: str) -> None:
    problem = await refused(module_api, module_api.http.request(method, path, headers=JSON), 400, "malformed-json")
    assert "empty" in problem["detail"]


NOT_KEPT = {
    "duplicate members": with_data(b'{"a":1,"a":2}'),
    "duplicate members, one escaped": with_data(b'{"a":1,"\\u0061":2}'),
    "duplicate members of the body": b'{"key":"k","data":1,"data":2}',
    "1e999": with_data(b"1e999"),
    "-1e999 deep inside": with_data(b'{"a":[{"b":-1e999}]}'),
    "above 2^64-1": with_data(b"18446744073709551616"),
    "below -2^63": with_data(b"[-9223372036854775809]"),
    "a double of 400 digits": with_data(b"1" + b"0" * 400 + b".0"),
    "an integer of 5,000 digits": with_data(b"9" * 5_000),
    "an integer of 60,000 digits": with_data(b"-" + b"9" * 60_000),
    "an exponent of 60,000 digits": with_data(b"1e" + b"9" * 60_000),
    "1e-999": with_data(b"1e-999"),
    "a lone leading surrogate": with_data(b'"\\ud800"'),
    "a lone trailing surrogate": with_data(b'["\\udc00"]'),
    "a lone surrogate in a member name": with_data(b'{"\\udbff":1}'),
    "a lone surrogate in the key": b'{"key":"\\ud83d","data":1}',
    "an escaped NUL": with_data(b'"a\\u0000b"'),
    "an escaped NUL in a member name": with_data(b'{"a\\u0000":1}'),
    "an escaped NUL in the key": b'{"key":"a\\u0000","data":1}',
    "an escaped NUL in a tag": b'{"key":"k","data":1,"options":{"tags":["\\u0000"]}}',
    "an escaped NUL in a reason": b'{"key":"k","data":1,"options":{"reason":"\\u0000"}}',
    "129 levels of arrays": with_data(b"[" * 129 + b"]" * 129),
    "129 levels of objects": with_data(b'{"a":' * 128 + b"{}" + b"}" * 128),
    "30,000 levels": with_data(b"[" * 30_000 + b"]" * 30_000),
    "30,000 levels, truncated": with_data(b"[" * 30_000),
}


@pytest.mark.parametrize("body", NOT_KEPT.values(), ids=NOT_KEPT)
async def test_json_that_can_not_be_kept_unchanged_is_422_and_quickly(module_api: Api, body: bytes) -> None:
    took = []
    for _ in range(3):  # on a busy machine one of them may take long for other reasons
        began = time.process_time()
        asking = module_api.http.post("/api/context/store", content=body, headers=JSON)
        await refused(module_api, asking, 422, "invalid-input")
        took.append(time.process_time() - began)
    assert min(took) < 1.0


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_every_call_that_takes_a_body_reads_it_as_strictly(module_api: Api, method: str, path: str) -> None:
    for body in (b'{"\\u0000":1}', b'{"a":1,"a":1}', b'{"a":1e999}'):
        asking = module_api.http.request(method, path, content=body, headers=JSON)
        await refused(module_api, asking, 422, "invalid-input")


async def test_the_place_of_a_value_that_can_not_be_kept_is_named(module_api: Api) -> None:
    asking = module_api.http.post("/api/context/store", content=with_data(b'{"a/b":[1,{"~":1e999}]}'), headers=JSON)
    assert places(await refused(module_api, asking, 422, "invalid-input")) == {"/data/a~1b/1/~0"}


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        "text/x+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "json",
        "application",
    ],
)
@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_a_body_that_is_not_said_to_be_json_is_415(
    module_api: Api, method: str, path: str, media_type: str
) -> None:
    headers = {"content-type": media_type} if media_type else {}
    asking = module_api.http.request(method, path, content=with_data(b"1"), headers=headers)
    await refused(module_api, asking, 415, "unsupported-media-type")


@pytest.mark.parametrize("value", [None, True, 1, "text", [], [{"key": "k", "data": 1}]])
async def test_a_body_that_is_no_object_is_422(module_api: Api, value: Any) -> None:
    asking = module_api.http.post("/api/context/store", content=json.dumps(value), headers=JSON)
    assert places(await refused(module_api, asking, 422, "invalid-input")) == {""}

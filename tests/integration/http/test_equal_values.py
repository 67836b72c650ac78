"""What is stored comes back equal: over all JSON that is accepted, through HTTP."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.values import MAX_INTEGER, MIN_INTEGER, identical
from tests.fixtures.http import Api
from tests.unit.domain.strategies import documents, doubles, nested, objects, texts

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"content-type": "application/json"}
thorough = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def comes_back(api: Api, other: Api, text: str) -> Any:
    """Stores data given as JSON text; the data as reads give them, from memory and from the log."""
    body = '{"key": "k", "data": ' + text + ', "options": {"ttl": null}}'
    answer = await api.http.post("/api/context/store", content=body.encode(), headers=JSON)
    assert answer.status_code in (200, 201), answer.text
    remembered, read = [json.loads((await process.get("k")).content)["data"] for process in (api, other)]
    assert identical(remembered, read)
    return read


@thorough
@given(documents, st.booleans())
@example(nested(128), True)
@example(nested(128, "{"), True)
@example([MAX_INTEGER, MIN_INTEGER, 2**63, 2**63 - 1, -0.0, 0, 0.0, 1, 1.0, True, 5e-324, 1.7976931348623157e308], True)
@example({"": {"\u2028": "\x7f\x1b\ufeff\uffff\U0010ffff", "é": "e\u0301", "\\u0000": "\\ud800"}}, False)
@example(["x" * 5_000, [0] * 1_000, {str(index): index for index in range(500)}], True)
async def test_a_document_comes_back_identical(
    module_api: Api, module_other: Api, document: Any, ascii_only: bool
) -> None:
    assert identical(
        await comes_back(module_api, module_other, json.dumps(document, ensure_ascii=ascii_only)), document
    )


@thorough
@given(doubles)
@example(0.1 + 0.2)
@example(1e22)
@example(1e23)
@example(2.2250738585072014e-308)
@example(9007199254740993.0)
async def test_a_double_comes_back_to_the_last_bit(module_api: Api, module_other: Api, number: float) -> None:
    assert identical(await comes_back(module_api, module_other, repr(number)), number)


WRITINGS = ["1.0", "1e0", "1E+2", "-0.0", "-0", "0.10", "1.00000000000000000000000000001", "123456789012345678",
            "0.1e1", "0e-400", "5e-324", "0.0e-999",
            "100000000000000000000.0", "4.35"]  # fmt: skip


@pytest.mark.parametrize("text", WRITINGS)
async def test_a_number_means_what_python_reads_in_it(module_api: Api, module_other: Api, text: str) -> None:
    assert identical(await comes_back(module_api, module_other, text), json.loads(text))


@thorough
@given(objects, texts)
async def test_metadata_and_free_text_come_back_identical(
    module_api: Api, module_other: Api, metadata: Any, reason: str
) -> None:
    await module_api.stored("m", 1, metadata=metadata, reason=reason)
    for process in (module_api, module_other):
        assert identical((await process.got("m"))["metadata"], metadata)
    await module_api.updated("m", 1, contextMetadata={"again": metadata}, metadata=metadata)
    for process in (module_api, module_other):
        assert identical((await process.got("m"))["metadata"], {"again": metadata})
    history = await module_api.http.get("/api/context/history/m", params={"order": "desc", "limit": 2})
    changed, stored = history.json()["items"]
    assert identical(changed["metadata"], metadata)
    assert stored["reason"] == reason


@thorough
@given(documents, documents)
async def test_what_an_update_replaces_stays_identical_in_its_version_and_comes_back_by_rollback(
    module_api: Api, module_other: Api, one: Any, other: Any
) -> None:
    first = (await module_api.stored("v", one))["version"]
    await module_api.updated("v", other)
    for process in (module_api, module_other):
        assert identical((await process.got("v"))["data"], other)
    assert identical((await module_api.got("v", version=first))["data"], one)
    rolled_back = await module_api.http.post("/api/context/rollback/v", json={"version": first})
    assert rolled_back.status_code == 200
    for process in (module_api, module_other):
        assert identical((await process.got("v"))["data"], one)


@thorough
@given(objects)
async def test_a_session_comes_back_identical(module_api: Api, module_other: Api, document: Any) -> None:
    created = (await module_api.http.post("/api/sessions", json={"data": document, "metadata": document})).json()
    await module_api.http.post("/api/sessions/complete", params={"id": created["id"]}, json={"outcome": document})
    for process in (module_api, module_other):
        session = (await process.http.get("/api/sessions/get", params={"id": created["id"]})).json()
        for name in ("data", "metadata", "outcome"):
            assert identical(session[name], document)

"""What conflicts and batches hold of encrypted contexts is encrypted too, and gone when they are erased."""

from typing import Any

from tests.fixtures.http import Api, refused
from tests.integration.encryption.sealed import erased
from tests.integration.projections.reading import fetch

SECRET = "nobody is to read this"


async def in_clear(url: str) -> bool:
    rows = await fetch(url, "SELECT payload FROM contextline.events")
    assert rows
    return any(SECRET.encode() in row["payload"] for row in rows)


async def post(api: Api, call: str, body: Any) -> Any:
    answer = await api.http.post(f"/api/context/{call}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_conflicts_of_an_encrypted_context_are_read_with_its_key_alone(
    sealed: Api, other: Api, database_url: str
) -> None:
    await sealed.stored("k", {"a": SECRET, "b": SECRET}, encrypt=True)
    await sealed.updated("k", {"a": f"{SECRET}: ours", "b": f"{SECRET}: ours"}, changeType="merge")
    state = {"a": f"{SECRET}: theirs", "b": f"{SECRET}: theirs"}
    body = {"data": state, "baseVersion": 1, "options": {"critical": ["/a"], "reason": SECRET}}
    (conflict,) = (await post(sealed, "sync/k", body))["conflicts"]
    page = (await other.http.get("/api/context/conflicts/k")).json()
    assert [item["theirs"] for item in page["items"]] == [f"{SECRET}: theirs"]
    await post(other, "resolve/k", {"conflictId": conflict["id"], "take": "value", "value": f"{SECRET}: mine"})
    assert (await sealed.got("k"))["data"] == {"a": f"{SECRET}: mine", "b": f"{SECRET}: theirs"}
    assert not await in_clear(database_url)
    await erased(sealed, "k")
    history = (await other.http.get("/api/context/history/k")).text
    assert SECRET not in history
    resolve = {"conflictId": conflict["id"], "take": "ours"}
    await refused(other, other.http.post("/api/context/resolve/k", json=resolve), 410, "context-erased")
    await sealed.stored("k", {"a": 1})
    await refused(other, other.http.post("/api/context/resolve/k", json=resolve), 404, "conflict-not-found")
    sync = {"data": {"a": 1}, "baseVersion": 1}
    await refused(other, other.http.post("/api/context/sync/k", json=sync), 410, "context-erased")


async def test_encrypted_and_clear_contexts_of_one_batch_are_stored_each_in_their_own_way(
    sealed: Api, other: Api, database_url: str
) -> None:
    def store(key: str, data: Any, **options: Any) -> Any:
        return {"op": "store", "key": key, "data": data, "options": options}

    operations = [
        store("sealed", SECRET, encrypt=True),
        store("clear", "anybody may"),
        {"op": "update", "key": "sealed", "data": f"{SECRET}, again"},
        store("both", SECRET, encrypt=True),
        store("both", "anybody may", encrypt=False),
    ]
    results = (await post(sealed, "batch", {"operations": operations}))["results"]
    assert [one["version"] for one in results] == [1, 1, 2, 1, 2]
    assert [(await other.got(key))["encrypted"] for key in ("sealed", "clear", "both")] == [True, False, False]
    assert (await other.got("sealed"))["data"] == f"{SECRET}, again"
    assert not await in_clear(database_url)

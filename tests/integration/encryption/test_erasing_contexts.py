"""An erased context is gone from every read, in every process; its history tells when, by whom and how it changed."""

from tests.fixtures.http import Api, refused
from tests.integration.encryption.sealed import erase, erased, history


async def test_an_encrypted_context_reads_as_any_other_and_says_that_it_is(sealed: Api, projection: object) -> None:
    await sealed.stored("plan", {"step": 1}, encrypt=True, tags=["a"])
    document = await sealed.got("plan")
    assert (document["data"], document["tags"], document["encrypted"]) == ({"step": 1}, ["a"], True)
    await sealed.stored("note", 1)
    assert (await sealed.got("note"))["encrypted"] is False
    (note, plan) = (await sealed.listed(minPosition=await sealed.log_end(), order="key", include="data"))["items"]
    assert (note["encrypted"], plan["encrypted"]) == (False, True)
    assert (plan["data"], plan["tags"]) == ({"step": 1}, ["a"])


async def test_an_erased_context_is_gone_from_every_read(sealed: Api, projection: object) -> None:
    await sealed.stored("plan", {"step": 1}, encrypt=True)
    await sealed.updated("plan", {"step": 2}, checkpoint="two")
    done = await erased(sealed, "plan", reason="the user asked for it", changedBy="me")
    assert {name: done[name] for name in ("key", "version", "erased", "clearVersions")} == {
        "key": "plan", "version": 3, "erased": True, "clearVersions": [],
    }  # fmt: skip
    for query in ({}, {"version": 1}, {"version": 3}, {"asOfPosition": 1}, {"asOf": "2026-01-01T00:00:00Z"}):
        await refused(sealed, sealed.get("plan", **query), 410, "context-erased")
    await refused(sealed, sealed.update("plan", 1), 410, "context-erased")
    await refused(sealed, sealed.delete("plan"), 410, "context-erased")
    back = sealed.http.post("/api/context/rollback/plan", json={"version": 1})
    await refused(sealed, back, 410, "context-erased")
    diff = sealed.http.get("/api/context/diff/plan", params={"from": 1, "to": 2})
    await refused(sealed, diff, 410, "context-erased")
    assert await sealed.keys() == []


async def test_its_history_tells_when_by_whom_and_what_kind_of_change_it_was(sealed: Api) -> None:
    await sealed.stored("plan", {"step": 1}, encrypt=True, changedBy="one", action="plan", reason="secret")
    await sealed.updated("plan", {"step": 2}, changedBy="two", checkpoint="secret", metadata={"secret": 1})
    await erased(sealed, "plan", reason="asked for", changedBy="me")
    created, updated, gone = await history(sealed, "plan")
    for entry, event, actor in ((created, "context-created", "one"), (updated, "context-updated", "two")):
        assert (entry["event"], entry["actor"], entry["erased"]) == (event, actor, True)
        assert [entry[name] for name in ("action", "reason", "checkpoint", "changeType")] == [None] * 4
        assert (entry["metadata"], entry["diff"], entry["attributes"]) == ({}, [], {})
    assert (gone["event"], gone["actor"], gone["reason"], gone["erased"]) == (
        "context-erased", "me", "asked for", False,
    )  # fmt: skip
    versions = (await sealed.http.get("/api/context/versions/plan")).json()["items"]
    assert [(item["event"], item["checkpoint"], item["erased"]) for item in versions] == [
        ("context-created", None, True),
        ("context-updated", None, True),
        ("context-erased", None, False),
    ]


async def test_storing_again_goes_on_in_the_same_stream_and_stays_encrypted(sealed: Api, projection: object) -> None:
    await sealed.stored("plan", 1, encrypt=True)
    await erased(sealed, "plan")
    again = await sealed.store("plan", 2)
    assert (again.status_code, again.json()["version"]) == (201, 3)
    document = await sealed.got("plan")
    assert (document["data"], document["encrypted"]) == (2, True)
    await refused(sealed, sealed.get("plan", version=1), 410, "context-erased")
    assert [entry["erased"] for entry in await history(sealed, "plan")] == [True, False, False]
    assert await sealed.keys() == ["plan"]
    assert (await erased(sealed, "plan"))["version"] == 4
    await refused(sealed, sealed.get("plan", version=3), 410, "context-erased")


async def test_preconditions_see_that_nothing_lives_there(sealed: Api) -> None:
    await sealed.stored("plan", 1, encrypt=True)
    await erased(sealed, "plan")
    await refused(sealed, sealed.store("plan", 2, headers={"If-Match": "*"}), 412, "precondition-failed")
    await refused(sealed, sealed.store("plan", 2, headers={"If-Match": '"1"'}), 412, "precondition-failed")
    assert (await sealed.store("plan", 2, headers={"If-None-Match": "*"})).status_code == 201


async def test_asking_twice_answers_alike(sealed: Api) -> None:
    await sealed.stored("plan", 1, encrypt=True)
    first = await erased(sealed, "plan")
    assert await erased(sealed, "plan") == first
    assert await sealed.log_end() == first["position"]


async def test_another_process_serves_nothing_that_it_remembers(sealed: Api, other: Api) -> None:
    await sealed.stored("plan", 1, encrypt=True)
    assert (await other.got("plan"))["data"] == 1
    await erased(sealed, "plan")
    await refused(other, other.get("plan"), 410, "context-erased")
    await refused(other, other.get("plan", version=1), 410, "context-erased")
    assert (await other.store("plan", 2)).status_code == 201
    assert (await sealed.got("plan"))["data"] == 2


async def test_what_was_stored_in_the_clear_is_refused_and_told_what_to_do(sealed: Api) -> None:
    await sealed.stored("plan", 1)
    problem = await refused(sealed, erase(sealed, "plan"), 409, "stored-in-the-clear")
    assert "delete it" in problem["detail"]
    await refused(sealed, erase(sealed, "nothing"), 404, "context-not-found")

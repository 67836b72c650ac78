"""Earlier decisions are found again by the context that they were made in, or by what it was like."""

from typing import Any

import pytest

from domain.decisions.canonical import context_hash
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, places, refused
from tests.integration.http.test_decisions import changed, made


async def similar(api: Api, **body: Any) -> Any:
    """The answer to a search that has everything acknowledged so far."""
    answer = await api.http.post("/api/decisions/similar", json={**body, "minPosition": await api.log_end()})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(answer: Any) -> list[str]:
    return [item["decision"]["id"] for item in answer["items"]]


async def test_the_same_context_comes_first_however_it_is_written_then_the_most_alike_then_the_newest(
    api: Api, projection: object
) -> None:
    await made(api, id="same-old", context={"a": 1, "b": [True]})
    await made(api, id="half", features=["x", "y"])
    await made(api, id="whole-old", features=["x", "y", "z"])
    await made(api, id="whole-new", features=["z", "y", "x"])
    await made(api, id="two-thirds", features=["x", "y", "z", "w", "v"][:4])
    await made(api, id="other", features=["q"])
    await made(api, id="same-new", contextHash=context_hash({"b": [True], "a": 1.0}), features=["x"])
    answer = await similar(api, context={"b": [True], "a": 1.0}, features=["x", "y", "z"])
    assert ids(answer) == ["same-new", "same-old", "whole-new", "whole-old", "two-thirds", "half"]
    assert [item["similarity"] for item in answer["items"]] == [1, 1, 1, 1, 3 / 4, 2 / 3]
    assert [item["sameContext"] for item in answer["items"]] == [True, True, False, False, False, False]
    assert answer["contextHash"] == context_hash({"a": 1, "b": [True]})
    assert answer["complete"] is True
    assert ids(await similar(api, features=["x", "y", "z"], minSimilarity=0.7)) == [
        "whole-new", "whole-old", "two-thirds"
    ]  # fmt: skip
    assert ids(await similar(api, features=["x", "y", "z"], limit=1)) == ["whole-new"]
    assert ids(await similar(api, contextHash=context_hash({"a": 1, "b": [True]}))) == ["same-new", "same-old"]
    assert ids(await similar(api, contextHash="never seen")) == []


async def test_it_tells_how_they_turned_out(api: Api, projection: object) -> None:
    for number, (decision, outcome, score) in enumerate(
        [("retry", "success", 1.0), ("retry", "failure", 0.5), ({"skip": 1}, "success", None), ("retry", None, None)]
    ):
        await made(api, decision, id=f"d-{number}", context="ci")
        if outcome:
            await changed(api, "outcome", f"d-{number}", outcome=outcome)
        if score is not None:
            await changed(api, "feedback", f"d-{number}", score=score)
    await changed(api, "override", "d-2", by="ada", instead="wait")
    answer = await similar(api, context="ci")
    assert ids(answer) == ["d-3", "d-2", "d-1", "d-0"]
    assert answer["items"][1]["decision"]["userOverride"]["instead"] == "wait"
    none = {"success": 0, "failure": 0, "partial": 0, "unknown": 0}
    assert answer["summary"] == {
        "decisions": 4,
        "outcomes": {**none, "success": 2, "failure": 1, "unknown": 1},
        "overridden": 1,
        "meanFeedback": 0.75,
        "byDecision": [
            {
                "decision": "retry",
                "decisions": 3,
                "outcomes": {**none, "success": 1, "failure": 1, "unknown": 1},
                "overridden": 0,
                "meanFeedback": 0.75,
            },
            {
                "decision": {"skip": 1},
                "decisions": 1,
                "outcomes": {**none, "success": 1},
                "overridden": 1,
                "meanFeedback": None,
            },
        ],
    }


async def test_it_can_be_asked_of_one_type_and_one_agent(api: Api, projection: object) -> None:
    for number, (kind, agent) in enumerate([("ci", "a-1"), ("ci", "a-2"), ("route", "a-1")]):
        await made(api, id=f"d-{number}", context=1, type=kind, agentId=agent)
        await made(api, id=f"f-{number}", features=["x"], type=kind, agentId=agent)
    assert ids(await similar(api, context=1, features=["x"], type="ci")) == ["d-1", "d-0", "f-1", "f-0"]
    assert ids(await similar(api, context=1, features=["x"], agentId="a-1")) == ["d-2", "d-0", "f-2", "f-0"]
    assert ids(await similar(api, context=1, features=["x"], type="ci", agentId="a-1")) == ["d-0", "f-0"]


async def test_the_summary_of_nothing_is_nothing(api: Api, projection: object, clock: MovableClock) -> None:
    await made(api)
    answer = await similar(api, features=["none"])
    assert (answer["items"], answer["summary"]["decisions"], answer["summary"]["meanFeedback"]) == ([], 0, None)
    assert answer["summary"]["byDecision"] == []


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {""}),
        ({"type": "ci"}, {""}),
        ({"context": 1, "contextHash": "h"}, {""}),
        ({"features": ["f"], "minSimilarity": 0}, {"/minSimilarity"}),
        ({"features": ["f"], "minSimilarity": 1.1}, {"/minSimilarity"}),
        ({"features": ["f"], "limit": 101}, {"/limit"}),
        ({"features": ["f"], "limit": 0}, {"/limit"}),
        ({"features": [str(number) for number in range(257)]}, {"/features"}),
        ({"features": [1]}, {"/features/0"}),
        ({"features": ["f"], "cursor": "c"}, {"/cursor"}),
    ],
)
async def test_a_question_that_breaks_a_rule_is_refused_with_the_place(
    api: Api, body: dict[str, Any], pointers: set[str]
) -> None:
    asking = api.http.post("/api/decisions/similar", json=body)
    assert places(await refused(api, asking, 422, "invalid-input")) == pointers


async def test_a_position_that_the_log_has_not_got_is_told(api: Api, projection: object) -> None:
    await made(api)
    asking = api.http.post("/api/decisions/similar", json={"features": ["f"], "minPosition": 1_000})
    await refused(api, asking, 409, "position-not-in-log")

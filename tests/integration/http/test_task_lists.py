"""Lists of tasks, and the tree of a session's."""

from tests.fixtures.http import Api, places, refused
from tests.integration.http.session_calls import begin
from tests.integration.http.task_calls import listed, look, made, took


async def test_tasks_are_listed_by_each_attribute_in_pages(api: Api, projection: object) -> None:
    await begin(api)
    await begin(api, "other")
    await made(api, "a", type="edit", project="p", codeArea="src", files=["src/a.py", "README.md"])
    await made(api, "b", type="test", project="p", codeArea="src/deep", files=["src/a.py"], parentId="a")
    await made(api, "c", type="edit", project="q", codeArea="src2", parentId="a")
    await made(api, "d", "other", type="edit", codeArea="/")
    await took(api, "start", "b")
    await took(api, "cancel", "d")
    assert await listed(api) == ["a", "b", "c", "d"]
    assert await listed(api, limit=1) == await listed(api, limit=3) == ["a", "b", "c", "d"]
    assert await listed(api, sessionId="other") == ["d"]
    assert await listed(api, type="edit") == ["a", "c", "d"]
    assert await listed(api, status="pending") == ["a", "c"]
    assert await listed(api, status="in_progress") == ["b"]
    assert await listed(api, status="cancelled", sessionId="s") == []
    assert await listed(api, parentId="a") == ["b", "c"]
    assert await listed(api, project="p") == ["a", "b"]
    assert await listed(api, codeArea="src") == await listed(api, codeArea="src/") == ["a", "b"]
    assert await listed(api, codeArea="/") == ["d"]
    assert await listed(api, file="src/a.py") == ["a", "b"]
    assert await listed(api, file="README.md", type="edit") == ["a"]
    page = (await api.http.get("/api/tasks", params={"status": "in_progress"})).json()
    assert page["items"] == [await look(api, "b")]


async def test_the_longest_names_that_are_accepted_have_a_row(api: Api, projection: object) -> None:
    await begin(api)
    path, name = "\U0001f600" * 512, "\U0001f600" * 256
    await made(api, name, type=name, project=name, codeArea=path, files=[path])
    await made(api, "t", parentId=name)
    assert await listed(api, file=path, codeArea=path, project=name, type=name) == [name]
    assert await listed(api, parentId=name) == ["t"]


async def test_bad_filters_are_named(api: Api) -> None:
    for query, place in (({"status": "done"}, "status"), ({"limit": "0"}, "limit"), ({"color": "red"}, "color")):
        assert places(await refused(api, api.http.get("/api/tasks", params=query), 422, "invalid-input")) == {place}
    other = "WyJzZXNzaW9ucyIsMV0"
    asking = api.http.get("/api/tasks", params={"cursor": other})
    assert places(await refused(api, asking, 422, "invalid-input")) == {"cursor"}
    assert places(await refused(api, api.http.get("/api/tasks/tree"), 422, "invalid-input")) == {"sessionId"}


async def test_the_tree_has_each_parent_before_its_children(api: Api, projection: object) -> None:
    await begin(api)
    await made(api, "1")
    await made(api, "2")
    await made(api, "1.1", parentId="1")
    await made(api, "2.1", parentId="2")
    await made(api, "1.1.1", parentId="1.1")
    await made(api, "1.2", parentId="1")
    end = await api.log_end()
    answer = await api.http.get("/api/tasks/tree", params={"sessionId": "s", "minPosition": end})
    tree = answer.json()
    assert [(task["id"], task["depth"], task["children"]) for task in tree["items"]] == [
        ("1", 0, ["1.1", "1.2"]),
        ("1.1", 1, ["1.1.1"]),
        ("1.1.1", 2, []),
        ("1.2", 1, []),
        ("2", 0, ["2.1"]),
        ("2.1", 1, []),
    ]
    assert tree["complete"] is True
    assert tree["items"][3] == {**await look(api, "1.2"), "depth": 1, "children": []}
    nothing = (await api.http.get("/api/tasks/tree", params={"sessionId": "no"})).json()
    assert nothing == {"items": [], "complete": True}


async def test_of_a_very_large_tree_there_is_a_beginning_and_lists_have_the_rest(
    api: Api, projection: object, monkeypatch: object
) -> None:
    await begin(api)
    for number in range(7):
        await made(api, f"t-{number}", parentId=f"t-{number - 1}" if number else None)
    end = await api.log_end()
    query = {"sessionId": "s", "minPosition": end}
    whole = (await api.http.get("/api/tasks/tree", params=query)).json()
    assert [task["depth"] for task in whole["items"]] == list(range(7))
    monkeypatch.setattr("projections.current_state.v1.read_tasks.MOST_IN_TREE", 4)  # type: ignore[attr-defined]
    part = (await api.http.get("/api/tasks/tree", params=query)).json()
    assert ([task["id"] for task in part["items"]], part["complete"]) == (["t-0", "t-1", "t-2", "t-3"], False)

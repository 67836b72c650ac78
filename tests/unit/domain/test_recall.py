"""Which contexts are taken: by score, then by a stated order, as many as fit."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.contexts.events import Attributes
from domain.recall import fill, rank
from domain.relevance import ActiveTask

NOW = datetime(2031, 6, 3, 10, tzinfo=UTC)


class Made(NamedTuple):
    key: str
    updated_at: datetime = NOW
    access_count: int = 0
    namespace: str = ""
    attributes: Attributes = Attributes()
    id: UUID = UUID(int=0)


def order(*candidates: Made, tasks: tuple[ActiveTask, ...] = (), data: list[Any] | None = None) -> list[str]:
    found = rank(candidates, data or [None] * len(candidates), NOW, tasks)
    return [candidates[each.number].key for each in found.ranked]


def test_the_youngest_and_the_most_read_come_first() -> None:
    old, young = Made("old", NOW - timedelta(hours=24)), Made("young", NOW - timedelta(hours=1))
    read = Made("read", NOW - timedelta(hours=24), 5)
    assert order(old, young, read) == ["young", "read", "old"]


def test_of_equal_ones_namespace_and_key_decide() -> None:
    assert order(Made("b"), Made("a"), Made("c", namespace="A"), Made("0", namespace="B")) == ["a", "b", "c", "0"]


def test_what_the_task_refers_to_comes_before_what_is_younger() -> None:
    task = ActiveTask(id="t", references=frozenset({"wanted"}))
    assert order(Made("new"), Made("wanted", NOW - timedelta(hours=5)), tasks=(task,)) == ["wanted", "new"]


def test_captured_tasks_and_relationships_count() -> None:
    kinds = {"capture/task/t": "task", "capture/file/a.py": "file", "capture/file/x/b.py": "file"}
    candidates = [Made(key, attributes=Attributes(type=kind)) for key, kind in kinds.items()]
    data: list[Any] = [{"name": "t", "files": ["a.py"]}, {"path": "a.py"}, {"path": "x/b.py"}]
    found = rank(candidates, data, NOW, [])
    by_key = {candidates[each.number].key: each.relevance for each in found.ranked}
    assert [task.id for task in found.tasks] == ["t"]
    assert by_key["capture/file/a.py"].task_relevance == 0.8
    assert by_key["capture/file/a.py"].relationships == 0.3
    assert by_key["capture/file/x/b.py"].task_relevance == 0.0


def test_what_is_too_large_for_the_rest_is_passed_over() -> None:
    assert fill([5, 100, 3, 2, 1], 9, 50) == [0, 2, 4]
    assert fill([5, 5, 5], None, 2) == [0, 1]
    assert fill([5], 4, 50) == []


@given(st.lists(st.integers(1, 100)), st.integers(1, 500), st.integers(1, 20))
def test_a_budget_is_never_passed_and_nothing_that_fits_is_left(costs: list[int], budget: int, most: int) -> None:
    taken = fill(costs, budget, most)
    used = sum(costs[index] for index in taken)
    assert used <= budget
    assert len(taken) <= most
    if len(taken) < most:
        # What was passed over did not fit into what was left when its turn came.
        for index, cost in enumerate(costs):
            if index not in taken:
                assert cost > budget - sum(costs[before] for before in taken if before < index)

"""The score of a context: exact at whole hours, within 0 and 1, never lower for more of anything."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.capture.elements import Code, File, Task
from domain.relevance import About, ActiveTask, about, captured_tasks, relevance, task_relevance

NOW = datetime(2031, 6, 3, 10, tzinfo=UTC)
NOTHING = About()
TASK = ActiveTask(
    id="t", references=frozenset({"plan"}), files=frozenset({"src/a.py"}), code_area="src", project="planner"
)

abouts = st.builds(
    About,
    names=st.frozensets(st.sampled_from(["plan", "t", "other"])),
    files=st.frozensets(st.sampled_from(["src/a.py", "src/b.py"])),
    areas=st.frozensets(st.sampled_from(["src", "src/deep", "docs"])),
    projects=st.frozensets(st.sampled_from(["planner", "x"])),
)
hours = st.floats(0, 10_000)
strengths = st.floats(0, 1)
counts = st.integers(0, 1_000_000)
tasks = st.lists(st.sampled_from([TASK, ActiveTask(id="u"), ActiveTask(id="v", project="x")]), max_size=3)


@pytest.mark.parametrize("hour", [0, 1, 2, 3, 10, 24, 100, 1000])
def test_decay_is_exact_at_whole_hours(hour: int) -> None:
    found = relevance(NOW, NOW - timedelta(hours=hour), 0, 0.0, NOTHING, [])
    assert found.time_decay == 0.95**hour
    assert found.score == pytest.approx(0.3 * 0.95**hour + 0.25 * 0.5, abs=1e-15)


def test_all_of_everything() -> None:
    found = relevance(NOW, NOW, 5, 1.0, About(names=frozenset({"plan"})), [TASK])
    assert found[1:] == (1.0, 0.5, 0.3, 1.0)
    assert found.score == pytest.approx(0.3 + 0.2 * 0.5 + 0.25 * 0.3 + 0.25)


@pytest.mark.parametrize(("accesses", "boost"), [(0, 0.0), (1, 0.1), (4, 0.4), (5, 0.5), (6, 0.5), (10**9, 0.5)])
def test_each_access_counts_a_tenth_up_to_a_half(accesses: int, boost: float) -> None:
    assert relevance(NOW, NOW, accesses, 0.0, NOTHING, []).access_boost == pytest.approx(boost)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (About(names=frozenset({"plan"}), files=frozenset({"src/a.py"})), 1.0),
        (About(names=frozenset({"t"})), 1.0),
        (About(files=frozenset({"src/a.py"}), areas=frozenset({"src"})), 0.8),
        (About(areas=frozenset({"src"}), projects=frozenset({"planner"})), 0.6),
        (About(areas=frozenset({"src/deep/er"})), 0.6),
        (About(areas=frozenset({"srcs"})), 0.0),
        (About(areas=frozenset({"."}), projects=frozenset({"planner"})), 0.4),
        (About(projects=frozenset({"another"})), 0.0),
        (NOTHING, 0.0),
    ],
)
def test_what_a_context_means_to_a_task(what: About, expected: float) -> None:
    assert task_relevance(what, TASK) == expected


def test_the_best_of_the_active_tasks_counts_and_a_half_without_any() -> None:
    other = ActiveTask(id="u", project="planner")
    what = About(files=frozenset({"src/a.py"}), projects=frozenset({"planner"}))
    assert relevance(NOW, NOW, 0, 0.0, what, [other, TASK]).task_relevance == 0.8
    assert relevance(NOW, NOW, 0, 0.0, what, [other]).task_relevance == 0.4
    assert relevance(NOW, NOW, 0, 0.0, what, []).task_relevance == 0.5


def test_a_change_in_the_future_counts_as_one_of_now() -> None:
    assert relevance(NOW, NOW + timedelta(hours=5), 0, 0.0, NOTHING, []).time_decay == 1.0


@given(hours, counts, strengths, abouts, tasks)
def test_a_score_is_between_0_and_1_and_the_sum_of_its_parts(
    ago: float, accesses: int, strength: float, what: About, active: list[ActiveTask]
) -> None:
    found = relevance(NOW, NOW - timedelta(hours=ago), accesses, strength, what, active)
    assert all(0 <= part <= 1 for part in found)
    assert found.score == pytest.approx(
        0.3 * found.time_decay + 0.2 * found.access_boost + 0.25 * found.relationships + 0.25 * found.task_relevance
    )


@given(hours, hours, counts, counts, strengths, strengths, abouts, tasks)
def test_a_score_never_falls_as_any_part_rises(
    one_ago: float,
    other_ago: float,
    one_count: int,
    other_count: int,
    one_strength: float,
    other_strength: float,
    what: About,
    active: list[ActiveTask],
) -> None:
    def score(ago: float, accesses: int, strength: float) -> float:
        return relevance(NOW, NOW - timedelta(hours=ago), accesses, strength, what, active).score

    old, young = max(one_ago, other_ago), min(one_ago, other_ago)
    few, many = sorted((one_count, other_count))
    weak, strong = sorted((one_strength, other_strength))
    assert score(old, few, weak) <= score(young, few, weak)
    assert score(old, few, weak) <= score(old, many, weak)
    assert score(old, few, weak) <= score(old, few, strong)


@given(abouts, tasks, st.sampled_from([TASK, ActiveTask(id="w", project="x")]))
def test_one_more_active_task_never_lowers_what_was_there_for_others(
    what: About, active: list[ActiveTask], more: ActiveTask
) -> None:
    if active:
        before = relevance(NOW, NOW, 0, 0.0, what, active).score
        assert relevance(NOW, NOW, 0, 0.0, what, [*active, more]).score >= before


def test_what_a_context_is_about_is_read_from_element_features_and_metadata() -> None:
    what = about(
        "k",
        "ctx_1",
        ["path:./src/a.py", "directory:lib/", "project:p", "plain"],
        {"files": ["b.py", 5], "codeArea": "tools", "project": "q", "taskId": "t-1"},
        Code(path="deep/c.py"),
    )
    assert what.names == {"k", "ctx_1", "t-1"}
    assert what.files == {"src/a.py", "b.py", "deep/c.py"}
    assert what.areas == {"lib", "tools", "src", ".", "deep"}
    assert what.projects == {"p", "q"}


def test_whatever_stands_in_metadata_raises_nothing() -> None:
    for value in (None, 5, {"a": 1}, [[]], [None], True):
        about("k", "i", [], {"files": value, "codeArea": value, "project": value, "taskId": value}, None)


def test_captured_tasks_are_active_while_they_are_to_be_done() -> None:
    elements = {
        "a": Task(name="one", files=("src/a.py", "src/b.py")),
        "b": Task(name="two", status="completed"),
        "c": Task(name="three", status="in_progress", files=("a.py", "src/b.py"), dependencies=("one",)),
        "d": File(path="src/a.py"),
    }
    first, second = captured_tasks(elements, {"a": "p"})
    assert (first.id, first.code_area, first.project) == ("one", "src", "p")
    assert (second.id, second.code_area, second.project) == ("three", None, None)
    assert second.references == {"c", "one"}

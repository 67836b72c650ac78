import json
from collections import Counter

import pytest

from demo.made_runs import make_runs
from demo.runs import Message, Note, Record, Run, parse_runs, steps

SEEDS = range(12)


def read(count: int = 24, seed: int = 1) -> list[Run]:
    return parse_runs(json.dumps(make_runs(count, seed)).encode())


def test_the_same_seed_makes_the_same_runs() -> None:
    assert json.dumps(make_runs(24, 3)) == json.dumps(make_runs(24, 3))


def test_another_seed_makes_other_runs() -> None:
    assert make_runs(24, 3) != make_runs(24, 4)


@pytest.mark.parametrize("count", [1, 3, 24, 61])
def test_as_many_runs_are_made_as_were_asked_for(count: int) -> None:
    assert len(read(count)) == count


@pytest.mark.parametrize("seed", SEEDS)
def test_made_runs_are_8_to_40_messages_long(seed: int) -> None:
    assert all(8 <= len(run.messages) <= 40 for run in read(seed=seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_about_45_percent_are_won(seed: int) -> None:
    assert sum(run.won for run in read(seed=seed)) == 11


def test_a_task_has_several_trials_with_one_instruction() -> None:
    tasks = Counter((run.task_id, run.user_id, run.instruction) for run in read())
    assert list(tasks.values()) == [4] * 6


def test_customers_are_clearly_made() -> None:
    assert all("_example_" in str(run.user_id) for run in read())


@pytest.mark.parametrize("seed", SEEDS)
def test_every_run_has_records_and_a_set_has_notes_and_refusals(seed: int) -> None:
    runs = read(seed=seed)
    made = [list(steps(run)) for run in runs]
    assert all(any(isinstance(step, Record) for step in each) for each in made)
    assert any(isinstance(step, Note) for each in made for step in each)
    said = [str(step.message.get("content")) for each in made for step in each if isinstance(step, Message)]
    assert any(text.startswith("Error: ") for text in said)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_result_follows_its_call(seed: int) -> None:
    for run in read(seed=seed):
        for before, message in zip(run.messages, run.messages[1:], strict=False):
            if message["role"] == "tool":
                (made,) = before["tool_calls"]
                assert (made["id"], made["function"]["name"]) == (message["tool_call_id"], message["name"])


@pytest.mark.parametrize("seed", SEEDS)
def test_trials_start_from_the_same_records(seed: int) -> None:
    first_seen: dict[tuple[object, str], object] = {}
    for run in read(seed=seed):
        seen: set[str] = set()
        for step in steps(run):
            # A reservation's first reading comes before any change to it; new ones differ by trial.
            if isinstance(step, Record) and step.key not in seen and "/NEW" not in step.key:
                seen.add(step.key)
                place = run.task_id, step.key
                assert first_seen.setdefault(place, step.data) == step.data

import json
from pathlib import Path

import pytest

from benchmarks import bodies
from interfaces.http.models.contexts import StoreRequest, UpdateRequest


def test_stores_have_about_1_kib_and_are_accepted() -> None:
    made = bodies.stores()
    assert made == bodies.stores()
    assert len(made) > 300
    for number, rest in enumerate(made):
        body = f'{{"key":"run-1-{number}",{rest}'
        assert 700 < len(body.encode()) < 1_300
        asked = StoreRequest.model_validate(json.loads(body))
        assert asked.options.session_id
        assert asked.data["messages"]


def test_updates_merge_a_message_and_are_accepted() -> None:
    for body in bodies.updates():
        asked = UpdateRequest.model_validate(json.loads(body))
        assert asked.options.change_type == "merge"
        assert list(asked.data) == ["last"]


@pytest.mark.parametrize("made", [bodies.stores(), bodies.updates()])
def test_a_file_has_one_body_in_each_line(made: list[str], tmp_path: Path) -> None:
    assert bodies.write(tmp_path, "bodies", made).read_text(encoding="utf-8").splitlines() == made

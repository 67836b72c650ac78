import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from benchmarks import b8_size
from benchmarks.harness import BenchmarkError, Work
from domain.recorded import Origin, Recorded
from domain.sessions.events import SessionCompleted
from infrastructure.settings import Settings

RECORDED = Recorded(
    SessionCompleted(outcome={"reward": 1.0, "text": "東京"}),
    tenant_id=1,
    stream_id=UUID(int=7),
    version=3,
    position=42,
    recorded_at=datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
    origin=Origin(actor="user", session_id="s-1"),
)


def test_a_line_has_the_event_with_all_that_is_known_of_it_and_no_byte_too_many() -> None:
    line = b8_size.text_line(RECORDED, "session\ns-1")
    assert line.decode() == (
        '{"position":42,"recordedAt":"2026-01-02T03:04:05.678901Z","tenant":"default","stream":"session\\ns-1",'
        '"streamId":"00000000-0000-0000-0000-000000000007","version":3,"type":"session-completed","actor":"user",'
        '"sessionId":"s-1","data":{"outcome":{"reward":1.0,"text":"東京"}}}\n'
    )


def test_every_member_of_an_origin_has_its_name_on_the_wire() -> None:
    known = Origin(**{name: name for name in Origin.__struct_fields__})
    line = json.loads(b8_size.text_line(msgspec.structs.replace(RECORDED, origin=known), "s"))
    assert {"actor", "agentId", "sessionId", "causationId", "correlationId"} <= line.keys()


def test_recorded_runs_are_taken_where_there_are_some(tmp_path: Path) -> None:
    run = {"task_id": 1, "trial": 0, "reward": 1.0, "traj": [{"role": "user", "content": "hello"}]}
    (tmp_path / "runs.json").write_text(json.dumps([run]))
    name, runs = b8_size.find_runs([tmp_path / "nowhere", tmp_path])
    assert name == "recorded"
    assert [run.session_id for run in runs] == ["run-1-0"]


def test_runs_are_made_where_none_were_recorded(tmp_path: Path) -> None:
    name, runs = b8_size.find_runs([tmp_path / "nowhere"])
    assert name == "made"
    assert len(runs) == b8_size.MADE


def test_a_folder_without_a_recording_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="no runs"):
        b8_size.find_runs([tmp_path])


def test_the_defaults_of_the_program_are_measured_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CONTEXTLINE_COMPRESS_ABOVE", "7")
    assert Settings.model_construct().compress_above == 1024


def test_both_sides_of_a_run_are_of_one_database_and_each_run_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def store(work: Work, runs: list[Any], **ways: Any) -> b8_size.Stored:
        asked.append(ways)
        number = len(asked)
        return b8_size.Stored({"events": {"total": 100 * number}, "streams": {"total": 1}}, 10, 50, 5, 1000 * number)

    monkeypatch.setattr(b8_size, "store", store)
    monkeypatch.setattr(b8_size, "find_runs", lambda: ("made", [None] * 50))
    with Work(seconds=1, runs=2) as work, b8_size.prepare(work) as prepared:
        assert (prepared.ours.measure().value, prepared.peer.measure().value) == (101, 1000)
        assert (prepared.peer.measure().value, prepared.ours.measure().value) == (2000, 201)
        beside = prepared.beside()
    assert asked == [{"train_after": 5}, {"train_after": 5}, {}, {"with_dictionaries": False}]
    assert [each.value for each in beside] == [pytest.approx(301 / 3000), pytest.approx(401 / 4000)]
    assert "tables, 50 made runs" in prepared.ours.name

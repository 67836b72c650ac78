"""`contextline compression train`: tells what a dictionary of a tenant's own is worth, and keeps it."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from application.ports import Write
from benchmarks.payloads import updates
from domain.recorded import Origin, stream_id
from infrastructure.eventstore.store import PostgresEventStore
from interfaces.cli.main import app
from tests.fixtures.clock import MovableClock

Train = Callable[..., Result]


@pytest.fixture
def train(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Train:
    """The command, on a fresh database."""
    monkeypatch.setenv("CONTEXTLINE_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["compression", "train", *arguments])


@pytest.fixture
def events(database_url: str) -> None:
    """800 events of the tenant `default`, 100 of the tenant `small`."""

    async def append() -> None:
        async with PostgresEventStore(database_url, MovableClock()) as store:
            for tenant, count in (("default", 800), ("small", 100)):
                write = Write(stream_id(tenant, "s"), "s", 0, updates(count))
                await store.append(tenant, [write], Origin())

    asyncio.run(append())


@pytest.mark.usefixtures("events")
def test_it_tells_what_was_saved_and_by_which_number_it_is_kept(train: Train) -> None:
    done = train()
    assert done.exit_code == 0, done.output
    assert "Trained on 640 events, tried on the 160 newest" in done.output
    assert "with dictionary 1 " in done.output
    assert "Kept as dictionary 1000" in done.output
    assert "within 60 s" in done.output


@pytest.mark.usefixtures("events")
def test_it_tells_programs_the_same(train: Train) -> None:
    told = json.loads(train("--json").stdout)
    assert told["bytesAfter"] < told["bytesBefore"] < told["plainBytes"]
    sizes = ("bytesAfter", "bytesBefore", "plainBytes", "dictionaryBytes")
    assert {name: value for name, value in told.items() if name not in sizes} == {
        "tenant": "default",
        "samples": 640,
        "heldOut": 160,
        "dictionaryBefore": 1,
        "kept": True,
        "dictionary": 1000,
    }


@pytest.mark.usefixtures("events")
def test_only_so_many_of_the_newest_events_are_looked_at(train: Train) -> None:
    told = json.loads(train("--events", "600", "--json").stdout)
    assert told["samples"] + told["heldOut"] == 600


@pytest.mark.usefixtures("events")
def test_one_that_saves_too_little_is_told_of_and_not_kept(train: Train) -> None:
    train()
    again = train()
    assert again.exit_code == 0
    assert "too little to be kept; nothing was changed" in again.output
    told = json.loads(train("--json").stdout)
    assert (told["dictionaryBefore"], told["kept"], told["dictionary"]) == (1000, False, None)


@pytest.mark.usefixtures("events")
def test_a_tenant_with_too_few_events_is_told_how_many_it_takes(train: Train) -> None:
    refused = train("--tenant", "small")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("contextline: there are 100 events to train on, and it takes 500")
    assert refused.stdout == ""


def test_a_tenant_that_does_not_exist_is_named_and_not_made(train: Train) -> None:
    for _ in range(2):
        refused = train("--tenant", "nobody")
        assert refused.exit_code == 1
        assert "there is no tenant 'nobody'" in refused.stderr


def test_a_number_of_events_that_is_none_is_a_usage_error(train: Train) -> None:
    assert train("--events", "0").exit_code == 2


def test_without_a_database_it_says_where_it_looked(
    train: Train, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CONTEXTLINE_DATABASE_URL")
    monkeypatch.setenv("CONTEXTLINE_DATA_DIR", str(tmp_path / "data"))
    refused = train()
    assert refused.exit_code == 1
    assert str(tmp_path / "data") in refused.stderr

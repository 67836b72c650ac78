"""The how-to's examples print what it says; and what is wrong with keys is told when a store starts."""

import base64
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from contextline import ContextClient
from tests.acceptance.test_readme import run_console
from tests.support.running import RunningStore, reachable_folder, running_store

ROOT = Path(__file__).parents[2]
HOW_TO = (ROOT / "docs/how-to/encrypt-and-erase.md").read_text()


def examples() -> Iterator[tuple[str, str]]:
    for block in re.findall(r"^```console\n(.*?)^```$", HOW_TO, flags=re.MULTILINE | re.DOTALL):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = example.partition("\n")
            yield command, expected


@pytest.fixture(scope="module")
def store() -> Iterator[RunningStore]:
    """One for all that follow the how-to, whose examples come first."""
    with running_store() as running:
        yield running


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made / "data"


def new_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def test_the_examples_print_what_the_how_to_says(store: RunningStore) -> None:
    found = list(examples())
    assert len(found) == 15
    for command, expected in found:
        run_console(command, expected, store)


def test_the_embedded_store_keeps_its_keys_for_its_owner_alone(store: RunningStore) -> None:
    keys = store.data_dir / "keys"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (keys, *keys.iterdir())}
    assert modes.pop("keys") == 0o700
    assert modes.keys() >= {"master.key", "keys.sqlite3", "erasures.jsonl"}
    assert set(modes.values()) == {0o600}


def test_the_master_key_is_changed_while_processes_use_it(store: RunningStore) -> None:
    with ContextClient(store.url) as client:
        client.store("before", {"step": 1}, encrypt=True)
        own = store.data_dir / "keys" / "master.key"
        old = own.read_bytes()
        rotated = json.loads(store.run("keys", "rotate", "--json").stdout)
        assert own.read_bytes() != old
        client.store("after", {"step": 2}, encrypt=True)
        assert [client.get(key).data for key in ("before", "after")] == [{"step": 1}, {"step": 2}]
        assert all(item.encrypted for item in client.list(key_prefix="before", include_data=True).items)
        status = json.loads(store.run("keys", "status", "--json").stdout)
        assert status["masterKeyId"] == rotated["newMasterKeyId"]
        assert status["keys"] == rotated["keys"] + 1


def test_erasing_is_confirmed(store: RunningStore) -> None:
    with ContextClient(store.url) as client:
        client.store("plan", 1, encrypt=True)
        for arguments in (["plan"], ["plan", "--json"], []):
            refused = store.run("erase", *arguments, stdin=b"")
            assert refused.returncode == 2, refused.stdout
        assert client.get("plan").data == 1
        done = store.run("erase", "plan", "--yes", "--json")
        assert (done.returncode, json.loads(done.stdout)["version"]) == (0, 2)


def started_and_refused(store: RunningStore, *command: str) -> str:
    refused = store.run(*command)
    assert refused.returncode == 1, refused.stdout
    assert refused.stdout == b"" or command == ("up",)
    assert b"Traceback" not in refused.stderr
    return refused.stderr.decode()


def test_a_wrong_or_missing_master_key_is_found_at_start_and_told_without_showing_it(folder: Path) -> None:
    first = RunningStore(folder)
    try:
        first.start()
    finally:
        first.end()
    wrong = new_key()
    told = started_and_refused(RunningStore(folder, CONTEXTLINE_MASTER_KEY=wrong), "up")
    assert "CONTEXTLINE_MASTER_KEY" in told
    assert wrong not in told
    (folder / "keys" / "master.key").rename(folder / "lost")
    assert "no master key" in started_and_refused(RunningStore(folder), "up")
    elsewhere = {"CONTEXTLINE_DATABASE_URL": "postgresql://nowhere.invalid/contextline"}
    assert "no master key" in started_and_refused(RunningStore(folder, **elsewhere), "serve")
    told = started_and_refused(RunningStore(folder, CONTEXTLINE_MASTER_KEY=wrong, **elsewhere), "project", "--all")
    assert "CONTEXTLINE_KEY_STORE" in told
    assert wrong not in told


def test_a_master_key_in_the_environment_is_changed_to_one_in_a_file(folder: Path) -> None:
    old, new = new_key(), folder.parent / "new"
    settings = {"CONTEXTLINE_KEY_STORE": str(folder / "keys"), "CONTEXTLINE_DATABASE_URL": "postgresql://nowhere/x"}
    with_old = RunningStore(folder, CONTEXTLINE_MASTER_KEY=old, **settings)
    before = json.loads(with_old.run("keys", "status", "--json").stdout)
    assert "--new-key-file" in started_and_refused(with_old, "keys", "rotate")
    assert "new-key-file" in started_and_refused(with_old, "keys", "rotate", "--new-key-file", str(new))
    new.write_text(new_key())
    done = with_old.run("keys", "rotate", "--new-key-file", str(new))
    assert done.returncode == 0
    assert "CONTEXTLINE_MASTER_KEY" in done.stdout.decode()
    assert before["masterKeyId"] in started_and_refused(with_old, "keys", "status")
    with_new = RunningStore(folder, CONTEXTLINE_MASTER_KEY_FILE=str(new), **settings)
    assert json.loads(with_new.run("keys", "status", "--json").stdout)["masterKeyId"] != before["masterKeyId"]


def test_without_a_master_key_there_is_no_status_and_nothing_is_made(folder: Path) -> None:
    store = RunningStore(folder, CONTEXTLINE_DATABASE_URL="postgresql://nowhere/x")
    for command in ("status", "rotate"):
        assert "CONTEXTLINE_MASTER_KEY" in started_and_refused(store, "keys", command)
    assert not folder.exists()

"""`contextline up`: it starts, refuses a second one, stops in order, and starts again after anything."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import sys
import urllib.request
from collections.abc import Iterator

import psutil
import pytest

from contextline import ContextClient
from tests.support.running import PATIENCE, RunningStore, lives, reachable_folder, running_store, wait_until


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningStore]:
    with running_store() as store:
        yield store


@pytest.fixture
def store() -> Iterator[RunningStore]:
    with reachable_folder() as folder:
        store = RunningStore(folder / "data")
        try:
            store.start()
            yield store
        finally:
            store.end()


def test_a_second_up_on_the_same_folder_is_refused_and_told_who_runs(shared: RunningStore) -> None:
    second = RunningStore(shared.data_dir)
    refused = second.run("up")
    assert refused.returncode == 1
    assert shared.url in refused.stderr.decode()
    assert shared.is_healthy()


def test_a_taken_port_is_told(shared: RunningStore) -> None:
    with reachable_folder() as folder:
        other = RunningStore(folder / "data")
        other.environment["CONTEXTLINE_PORT"] = str(shared.port)
        refused = other.run("up")
    assert refused.returncode == 1
    assert b"ddress already in use" in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_in_order_and_leaves_no_process_behind(store: RunningStore, number: int) -> None:
    assert store.process is not None
    children = psutil.Process(store.process.pid).children(recursive=True)
    assert store.signal(number) == 0
    wait_until(lambda: not any(map(lives, children)), "no process is left behind", 10)


def test_killed_with_its_children_left_behind_it_starts_again_with_its_data(store: RunningStore) -> None:
    with ContextClient(store.url, timeout=PATIENCE) as client:
        client.store("plan", {"step": 1})
    store.signal(signal.SIGKILL)
    again = RunningStore(store.data_dir)
    try:
        again.start()
        with ContextClient(again.url, timeout=PATIENCE) as client:
            assert client.get("plan").data == {"step": 1}
            # The projection that was left behind may hold its lease for a while.
            assert [item.key for item in client.list(min_position=1, timeout=60).items] == ["plan"]
    finally:
        again.end()


def test_a_child_that_is_killed_is_started_again(shared: RunningStore) -> None:
    for words in (("serve",), ("project", "current_state"), ("project", "policies")):
        victim = shared.process_named(*words)
        assert victim is not None
        victim.kill()

        def replaced(words: tuple[str, ...] = words, killed: int = victim.pid) -> bool:
            found = shared.process_named(*words)
            return found is not None and found.pid != killed and shared.is_healthy()

        wait_until(replaced, f"a new {words} process")


def test_no_process_of_the_server_works_as_a_superuser(shared: RunningStore) -> None:
    for word, role in (
        ("serve", "contextline_api"),
        ("current_state", "contextline_projection"),
        ("policies", "contextline_policies"),
    ):
        child = shared.process_named(word)
        assert child is not None
        assert f"//{role}@" in child.environ()["CONTEXTLINE_DATABASE_URL"]


def test_it_refuses_to_be_reached_from_elsewhere_without_authentication() -> None:
    with reachable_folder() as folder:
        refused = RunningStore(folder / "data", CONTEXTLINE_HOST="0.0.0.0").run("up")
    assert refused.returncode == 1
    assert b"CONTEXTLINE_ALLOW_UNAUTHENTICATED" in refused.stderr


def test_a_wrong_setting_is_named_and_its_value_not_shown() -> None:
    with reachable_folder() as folder:
        refused = RunningStore(folder / "data", CONTEXTLINE_POOL_MAX="hunter2").run("up")
    assert refused.returncode == 1
    assert b"CONTEXTLINE_POOL_MAX" in refused.stderr
    assert b"hunter2" not in refused.stderr


def test_documentation_and_contract_are_served(shared: RunningStore) -> None:
    with urllib.request.urlopen(f"{shared.url}/api/context/docs") as page:
        content = page.read().lower()
    assert b"swagger" in content
    assert b'src="http' not in content, "it loads nothing from elsewhere"
    with urllib.request.urlopen(f"{shared.url}/openapi.json") as contract:
        assert "/api/context/store" in json.load(contract)["paths"]


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root, with setpriv, can become another"
)
def test_an_ordinary_user_can_run_it() -> None:
    nobody = pwd.getpwnam("nobody")
    # The capability to read is for this Python alone, which may lie below root's home; it opens nothing for writing.
    become = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    readable = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    with reachable_folder() as folder:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        store = RunningStore(
            folder / "data", [*become, *readable, sys.executable, "-m", "contextline"], HOME=str(folder)
        )
        try:
            store.start()
            assert store.run("put", "plan", "1").returncode == 0
            assert store.data_dir.stat().st_uid == nobody.pw_uid
            assert store.signal() == 0
        finally:
            store.end()

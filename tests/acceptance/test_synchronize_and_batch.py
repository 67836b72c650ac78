"""The examples of the how-tos print what they say; and what the command line refuses."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contextline import ContextClient
from tests.acceptance.test_readme import environment, run_console
from tests.support.running import PATIENCE, RunningStore, running_store

HOW_TOS = Path(__file__).parents[2] / "docs/how-to"


@pytest.fixture(scope="module")
def store() -> Iterator[RunningStore]:
    """One for all that follow a how-to, whose examples come first."""
    with running_store() as running:
        yield running


def blocks(page: str) -> list[tuple[str, str]]:
    """The examples of a page in order: of what kind, and what they say."""
    text = (HOW_TOS / page).read_text()
    return re.findall(r"^```(console|python)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("page", "commands"), [("synchronize.md", 10), ("batch.md", 4)])
def test_the_examples_print_what_the_how_to_says(store: RunningStore, page: str, commands: int) -> None:
    told = 0
    for kind, block in blocks(page):
        if kind == "python":
            program = [sys.executable, "-c", block]
            done = subprocess.run(program, env=environment(store), capture_output=True, text=True, timeout=PATIENCE)
            assert done.returncode == 0, done.stderr
            continue
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = example.partition("\n")
            run_console(command, expected, store)
            told += 1
    assert told == commands


def test_results_come_as_json_and_the_exit_status_tells_of_refusals(store: RunningStore) -> None:
    operations = json.dumps([{"op": "store", "key": "x", "data": 1}, {"op": "delete", "key": "never"}])
    done = store.run("batch", "-", "--independent", "--json", stdin=operations.encode())
    assert done.returncode == 1
    assert [result["status"] for result in json.loads(done.stdout)["results"]] == [201, 404]
    synced = json.loads(store.run("sync", "x", "2", "--base", "0", "--strategy", "user_decides", "--json").stdout)
    assert (synced["openConflicts"], synced["data"]) == (1, 1)
    (conflict,) = json.loads(store.run("conflicts", "x", "--json").stdout)["items"]
    resolved = store.run("resolve", "x", conflict["id"], "--take", "theirs", "--json")
    assert json.loads(resolved.stdout)["resolution"]["result"] == 2
    again = store.run("resolve", "x", conflict["id"], "--take", "ours")
    assert (again.returncode, again.stdout) == (1, b"")
    assert "was resolved at version 3, taking theirs" in again.stderr.decode()
    with ContextClient(store.url) as client:
        assert client.get("x").data == 2


@pytest.mark.parametrize(
    "command",
    [
        ["batch", "{}"],
        ["batch", "[1]"],
        ["sync", "x", "1"],
        ["sync", "x", "1", "--base", "1", "--rule", "/a"],
        ["sync", "x", "1", "--base", "1", "--rule", "/a=most"],
        ["resolve", "x", "conf_1_00"],
        ["resolve", "x", "conf_1_00", "--take", "ours", "--value", "1"],
    ],
)
def test_what_is_no_command_is_told_as_usage(store: RunningStore, command: list[str]) -> None:
    refused = store.run(*command)
    assert (refused.returncode, refused.stdout) == (2, b"")

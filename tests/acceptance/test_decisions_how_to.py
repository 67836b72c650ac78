"""The examples of the how-to on decisions and preferences print what it says."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_readme import environment, matches, run_console
from tests.support.running import PATIENCE, RunningStore, running_store

HOW_TO = (Path(__file__).parents[2] / "docs/how-to/decisions-and-preferences.md").read_text()


@pytest.fixture(scope="module")
def store() -> Iterator[RunningStore]:
    with running_store() as running:
        yield running


def test_the_examples_print_what_the_how_to_says(store: RunningStore) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", HOW_TO, flags=re.MULTILINE | re.DOTALL)
    (printed,) = re.findall(r"^prints\n\n```\n(.*?)^```$", HOW_TO, flags=re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(store), capture_output=True, text=True, timeout=PATIENCE
    )
    assert matches(done.stdout, printed), f"{done.stdout}\n{done.stderr}"
    (block,) = re.findall(r"^```console\n(.*?)^```$", HOW_TO, flags=re.MULTILINE | re.DOTALL)
    examples = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    assert len(examples) == 5
    for example in examples:
        command, _, expected = example.partition("\n")
        run_console(command, expected, store)
    for arguments, count in ((["decisions", "--limit", "1"], 1), (["preferences", "ada"], 3)):
        told = store.run(*arguments, "--json")
        assert len(json.loads(told.stdout)["items"]) == count
    assert b"--cursor" in store.run("decisions", "--limit", "1").stdout
    assert json.loads(store.run("decision", "d-1", "--json").stdout)["userOverride"]["by"] == "ada"
    assert store.run("decision", "d-9").returncode == 1
    assert store.run("decisions", "--outcome", "good").returncode == 2

"""The examples of the how-to on capturing and recalling print what it says."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_readme import environment, matches, run_console
from tests.support.running import PATIENCE, RunningStore, running_store

HOW_TO = (Path(__file__).parents[2] / "docs/how-to/capture-and-recall.md").read_text()


@pytest.fixture(scope="module")
def store() -> Iterator[RunningStore]:
    with running_store() as running:
        yield running


def test_the_examples_print_what_the_how_to_says(store: RunningStore, tmp_path: Path) -> None:
    programs = re.findall(r"^```python\n(.*?)^```$", HOW_TO, flags=re.MULTILINE | re.DOTALL)
    printed = re.findall(r"^prints\n\n```\n(.*?)^```$", HOW_TO, flags=re.MULTILINE | re.DOTALL)
    assert (len(programs), len(printed)) == (3, 2)
    done = subprocess.run(
        [sys.executable, "-c", "".join(programs)],
        env=environment(store),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert matches(done.stdout, "".join(printed)), f"{done.stdout}\n{done.stderr}"
    (block,) = re.findall(r"^```console\n(.*?)^```$", HOW_TO, flags=re.MULTILINE | re.DOTALL)
    (example,) = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    command, _, expected = example.partition("\n")
    run_console(command, expected, store)


def test_files_and_the_environment_are_captured_from_the_command_line(store: RunningStore, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('def run():\n    return "AKIAQ3EGUZCX4XTV6B7N"\n')
    (tmp_path / "b.bin").write_bytes(b"\0\1\2")
    arguments = [str(tmp_path / "a.py"), str(tmp_path / "b.bin"), "--environment", "--keep-text", "-n", "cli"]
    told = store.run("capture", *arguments, "--json")
    assert told.returncode == 0, told.stderr
    captured = json.loads(told.stdout)
    assert {element["type"] for element in captured["elements"]} == {"file", "code", "environment"}
    assert "AWSKeyDetector" not in told.stdout.decode()
    assert "AWS Access Key" in {each["rule"] for each in captured["dropped"]}
    again = store.run("capture", *arguments)
    assert again.returncode == 0, again.stderr
    assert b"unchanged" in again.stdout
    assert b"Dropped at /files/0/content, line 2" in again.stdout
    recalled = json.loads(store.run("relevant", "-n", "cli", "--bytes", "100000", "--json").stdout)
    assert recalled["candidates"] == len(captured["elements"])
    assert store.run("relevant").returncode == 1
    assert store.run("capture").returncode == 1
    assert store.run("capture", str(tmp_path / "missing.py")).returncode == 1

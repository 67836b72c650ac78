"""The built wheel in an empty environment: one import name, and `contextline up` from any folder."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import RunningStore, reachable_folder

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def environment(folder: Path) -> Path:
    """An empty environment with the wheel in it; its programs' folder."""
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", folder / "dist", ROOT], check=True)
    venv.create(folder / "environment", with_pip=True)
    programs = folder / "environment" / "bin"
    (wheel,) = (folder / "dist").glob("*.whl")
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", wheel], check=True)
    return programs


def test_the_wheel_adds_one_import_name(environment: Path) -> None:
    program = (
        "import importlib.metadata, json;"
        "print(json.dumps(sorted({path.parts[0] for path in importlib.metadata.files('contextline')})))"
    )
    printed = subprocess.run([environment / "python", "-c", program], check=True, capture_output=True).stdout
    names = [name for name in json.loads(printed) if not name.endswith(".dist-info")]
    assert [name for name in names if name != ".."] == ["contextline"]


def test_the_dictionaries_that_payloads_are_read_with_travel_in_it(environment: Path) -> None:
    program = (
        "import hashlib, importlib.metadata, json;"
        "found = [path for path in importlib.metadata.files('contextline') if path.suffix == '.zdict'];"
        "print(json.dumps({path.name: hashlib.sha256(path.locate().read_bytes()).hexdigest() for path in found}))"
    )
    printed = subprocess.run([environment / "python", "-c", program], check=True, capture_output=True).stdout
    ours = (ROOT / "infrastructure" / "payloads" / "dictionaries").glob("*.zdict")
    assert json.loads(printed) == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in ours} != {}


def test_it_runs_in_a_folder_that_has_a_domain_package_of_its_own(environment: Path, folder: Path) -> None:
    program_folder = folder / "program"
    for name in ("domain", "infrastructure", "interfaces"):
        (program_folder / name).mkdir(parents=True)
        (program_folder / name / "__init__.py").write_text("raise SystemExit('the wrong package was imported')")
    (program_folder / "uvicorn.py").write_text("raise SystemExit('the wrong module was imported')")
    store = RunningStore(program_folder / "data", [str(environment / "contextline")], PATH=os.environ["PATH"])
    try:
        store.start()
        assert store.run("put", "plan", '{"step": 1}').returncode == 0
        got = store.run("get", "plan", "--json")
        assert json.loads(got.stdout)["data"] == {"step": 1}
        assert store.signal() == 0
    finally:
        store.end()


def test_an_agent_program_keeps_its_own_domain_package(environment: Path, folder: Path) -> None:
    agent = folder / "agent"
    (agent / "domain").mkdir(parents=True)
    (agent / "domain" / "__init__.py").write_text("MINE = True")
    (agent / "main.py").write_text("import contextline, domain; print(domain.MINE, contextline.ContextClient.__name__)")
    printed = subprocess.run([environment / "python", agent / "main.py"], check=True, capture_output=True).stdout
    assert printed.decode().split() == ["True", "ContextClient"]

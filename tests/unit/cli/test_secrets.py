"""Secrets in the environment of a process are not for what it starts."""

import os

import pytest
from pydantic import SecretStr

from infrastructure.settings import Settings
from interfaces.cli import processes


@pytest.mark.parametrize("name", ["CONTEXTLINE_DATABASE_URL", "CONTEXTLINE_MASTER_KEY"])
def test_a_process_takes_its_secrets_out_of_its_environment(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "secret")
    settings = Settings(_env_file=None, database_url=SecretStr("postgresql://somewhere"))  # type: ignore[call-arg]
    assert processes._database_url(settings) == "postgresql://somewhere"
    assert name not in os.environ

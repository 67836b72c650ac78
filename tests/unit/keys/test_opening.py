"""Which key store and which master key the settings name; what is wrong or missing is told at start."""

import base64
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from infrastructure.keys.errors import KeyStoreError
from infrastructure.keys.opening import check_keys, ensure_master_key, find_places, open_key_store
from infrastructure.settings import Settings

EXTERNAL = "postgresql://somewhere/contextline"


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
def made(tmp_path: Path) -> Any:
    """Settings in a data folder of their own, nothing from the environment."""

    def make(**given: Any) -> Settings:
        return Settings(_env_file=None, **({"data_dir": tmp_path} | given))

    return make


def test_the_embedded_store_makes_a_master_key_that_only_its_owner_reads(made: Any, tmp_path: Path) -> None:
    told = ensure_master_key(made())
    own = tmp_path / "keys" / "master.key"
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    assert stat.S_IMODE(own.parent.stat().st_mode) == 0o700
    assert told == {
        "CONTEXTLINE_KEY_STORE": str(own.parent),
        "CONTEXTLINE_ERASURE_LEDGER": str(own.parent / "erasures.jsonl"),
        "CONTEXTLINE_MASTER_KEY_FILE": str(own),
    }
    before = own.read_bytes()
    ensure_master_key(made())
    assert own.read_bytes() == before
    # With what is told a process finds the same, whichever database it is given.
    child = made(database_url=EXTERNAL, key_store=own.parent, master_key_file=own)
    opened = open_key_store(child)
    assert opened is not None
    opened.close()


def test_a_master_key_of_the_callers_is_used_by_the_embedded_store_too(made: Any, tmp_path: Path) -> None:
    settings = made(master_key=key())
    assert "CONTEXTLINE_MASTER_KEY_FILE" not in ensure_master_key(settings)
    assert not (tmp_path / "keys" / "master.key").exists()
    file = tmp_path / "mine"
    file.write_text(key())
    other = made(master_key_file=file, key_store=tmp_path / "others")
    assert ensure_master_key(other)["CONTEXTLINE_MASTER_KEY_FILE"] == str(file)


def test_an_own_master_key_that_is_gone_is_told_and_no_other_one_made(made: Any, tmp_path: Path) -> None:
    ensure_master_key(made())
    (tmp_path / "keys" / "master.key").unlink()
    for _ in range(2):
        with pytest.raises(KeyStoreError, match="no master key: set CONTEXTLINE_MASTER_KEY"):
            ensure_master_key(made())
    assert not (tmp_path / "keys" / "master.key").exists()


def test_with_another_database_and_no_master_key_nothing_is_encrypted_and_nothing_made(
    made: Any, tmp_path: Path
) -> None:
    assert open_key_store(made(database_url=EXTERNAL)) is None
    assert not (tmp_path / "keys").exists()
    # The embedded store's own key is not for another database, unless its folder is named.
    ensure_master_key(made())
    assert open_key_store(made(database_url=EXTERNAL)) is None
    named = open_key_store(made(database_url=EXTERNAL, key_store=tmp_path / "keys"))
    assert named is not None
    named.close()


def test_a_key_store_whose_master_key_is_not_set_any_more_is_told(made: Any) -> None:
    check_keys(made(database_url=EXTERNAL, master_key=key()))
    with pytest.raises(KeyStoreError, match=r"no master key: set CONTEXTLINE_MASTER_KEY\b"):
        check_keys(made(database_url=EXTERNAL))


def test_a_wrong_master_key_is_told_without_showing_it(made: Any) -> None:
    check_keys(made(master_key=key()))
    wrong = key()
    with pytest.raises(KeyStoreError, match="CONTEXTLINE_MASTER_KEY") as refusal:
        check_keys(made(master_key=wrong))
    assert wrong not in str(refusal.value)


def test_encrypting_by_default_needs_a_master_key(made: Any) -> None:
    with pytest.raises(KeyStoreError, match="CONTEXTLINE_ENCRYPT_DEFAULT"):
        check_keys(made(database_url=EXTERNAL, encrypt_default=True))
    check_keys(made(database_url=EXTERNAL, encrypt_default=True, master_key=key()))


def test_two_master_keys_are_refused(made: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="both set"):
        made(master_key=key(), master_key_file=tmp_path / "file")


def test_the_ledger_can_be_elsewhere(made: Any, tmp_path: Path) -> None:
    ledger = tmp_path / "apart" / "ledger.jsonl"
    settings = made(master_key=key(), erasure_ledger=ledger)
    check_keys(settings)
    assert ledger.exists()
    assert find_places(settings).folder == tmp_path / "keys"
    assert not (tmp_path / "keys" / "erasures.jsonl").exists()


def test_a_setting_that_holds_a_key_is_not_shown_by_printing_the_settings(made: Any) -> None:
    text = key()
    assert text not in repr(made(master_key=text))

"""`contextline keys`: the key store on this machine. It is asked itself, not the server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interfaces.cli.failing import failing
from interfaces.cli.output import console, print_json
from interfaces.cli.processes import AsJson

if TYPE_CHECKING:
    from infrastructure.keys.opening import KeyPlaces
    from infrastructure.keys.sqlite import SqliteKeyStore

app = typer.Typer(help="The keys of what is stored encrypted.", no_args_is_help=True)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Which keys there are, and which master key wraps them."""
    with failing():
        places, store = _open()
        try:
            found = store.status()
        finally:
            store.close()
        if as_json:
            print_json(
                {
                    "keyStore": str(found.path),
                    "erasureLedger": str(found.ledger),
                    "masterKeyFile": str(places.master_file) if places.master_file else None,
                    "masterKeyId": found.master_key_id,
                    "keys": found.keys,
                    "erasedKeys": found.erased,
                    "erasures": found.erasures,
                    "pendingErasures": found.pending,
                }
            )
            return
        source = str(places.master_file) if places.master_file else "CONTEXTLINE_MASTER_KEY"
        for name, value in (
            ("key store", found.path),
            ("erasure ledger", f"{found.ledger}, {found.erasures} erasures"),
            ("master key", f"{found.master_key_id}, from {source}"),
            ("keys", f"{found.keys}, and {found.erased} destroyed"),
        ):
            console.print(f"{name:<15} {value}", markup=False)
        if found.pending:
            console.print(f"{found.pending} streams are not told yet that they were erased", style="yellow")


@app.command()
def rotate(
    new_key_file: Annotated[
        Path | None, typer.Option(help="A file with the new master key, 32 bytes in base64. [default: made]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Wrap all keys by a new master key; nothing that they encrypt is touched. Processes may go on meanwhile."""
    from infrastructure.keys.errors import KeyStoreError
    from infrastructure.keys.master import read_key
    from infrastructure.keys.rotation import rotate_file, rotate_to

    with failing():
        places, store = _open()
        try:
            if new_key_file is not None:
                done = rotate_to(read_key(new_key_file, "--new-key-file"), store)
            elif places.master_file is not None:
                done = rotate_file(places.master_file, store)
            else:
                raise KeyStoreError(
                    "the master key is in CONTEXTLINE_MASTER_KEY, where no other can be put: make a new one "
                    "(`openssl rand -base64 32 > FILE`), name it with --new-key-file, then set it"
                )
        finally:
            store.close()
        if as_json:
            print_json({"keys": done.keys, "oldMasterKeyId": done.old, "newMasterKeyId": done.new})
            return
        console.print(f"Wrapped {done.keys} keys by the master key {done.new}, which follows {done.old}")
        if new_key_file is not None:
            setting = "CONTEXTLINE_MASTER_KEY_FILE" if places.master_file else "CONTEXTLINE_MASTER_KEY"
            console.print(
                f"Now set {setting} to the new one and restart the processes: until then they can't use keys that "
                "they have not in memory",
                style="yellow",
            )


def _open() -> tuple[KeyPlaces, SqliteKeyStore]:
    from infrastructure.keys.errors import KeyStoreError
    from infrastructure.keys.opening import HOW, find_places, open_key_store
    from infrastructure.settings import load_settings

    settings = load_settings()
    store = open_key_store(settings)
    if store is None:
        raise KeyStoreError(f"there is no master key, and so no key store: {HOW}")
    return find_places(settings), store

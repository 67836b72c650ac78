"""`contextline compression train` on the store that `contextline up` runs, as its user would do it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import psycopg

from contextline import ContextClient
from infrastructure.postgres.connections import API
from infrastructure.postgres.embedded import EmbeddedPostgres
from tests.support.running import running_store, wait_until

NEWEST = "SELECT payload FROM contextline.events ORDER BY position DESC LIMIT 1"


def penguin(number: int) -> dict[str, object]:
    return {"species": "emperor", "colony": "the far side of the bay", "height": number}


def test_a_store_is_trained_while_it_runs_and_goes_on_with_the_new_dictionary() -> None:
    with running_store(CONTEXTLINE_DICTIONARY_POLL="0.2") as store, ContextClient(store.url) as client:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: client.store(f"penguin {number}", penguin(number)), range(520)))

        done = store.run("compression", "train", "--json")
        assert done.returncode == 0, done.stderr.decode()
        told = json.loads(done.stdout)
        assert (told["dictionaryBefore"], told["dictionary"]) == (1, 1000)

        numbers = count(520)
        with psycopg.connect(EmbeddedPostgres(store.data_dir).url(API), autocommit=True) as connection:

            def is_written_with() -> bool:
                number = next(numbers)
                client.store(f"penguin {number}", penguin(number))
                row = connection.execute(NEWEST).fetchone()
                return row is not None and row[0].startswith(b"\x13\xe8\x07")

            wait_until(is_written_with, "the server writes with the new dictionary")
        for number in (7, next(numbers) - 1):
            assert client.get(f"penguin {number}").data == penguin(number)

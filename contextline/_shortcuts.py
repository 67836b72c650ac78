"""One-line functions for scripts, on one client that they share."""

from __future__ import annotations

import atexit
import os
from datetime import datetime
from functools import cache
from typing import Any, Unpack

from contextline._sync.client import ContextClient
from contextline.options import StoreOptions
from contextline.types import Context, Stored


def store_context(key: str, data: Any, **options: Unpack[StoreOptions]) -> Stored:
    """`ContextClient().store(…)`, on a client that is made once, with the address in CONTEXTLINE_URL."""
    return _shared_client(os.getpid()).store(key, data, **options)


def get_context(
    key: str,
    *,
    namespace: str = "",
    version: int | None = None,
    as_of: datetime | str | None = None,
    as_of_position: int | None = None,
    min_position: int | None = None,
) -> Context:
    """`ContextClient().get(…)`, on the same client: the whole context; its data is in `.data`."""
    return _shared_client(os.getpid()).get(
        key,
        namespace=namespace,
        version=version,
        as_of=as_of,
        as_of_position=as_of_position,
        min_position=min_position,
    )


@cache
def _shared_client(process: int) -> ContextClient:
    # One for each process: a fork would otherwise share its parent's connections.
    client = ContextClient()
    atexit.register(client.close)
    return client

"""What failed, in one line on standard error, and exit status 1."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import psycopg

from contextline import ContextlineError as ClientError
from domain.errors import ContextlineError
from infrastructure.keys.errors import KeyStoreError
from infrastructure.postgres.embedded import EmbeddedPostgresError
from infrastructure.postgres.migrate import MigrationError
from infrastructure.settings import SettingsError
from interfaces.cli.holding import AlreadyRunningError

_TOLD = (
    AlreadyRunningError,
    ClientError,
    ContextlineError,
    EmbeddedPostgresError,
    KeyStoreError,
    MigrationError,
    OSError,
    SettingsError,
    psycopg.Error,
)


@contextlib.contextmanager
def failing() -> Iterator[None]:
    """Turn what can go wrong into a message and exit status 1; defects keep their traceback."""
    try:
        yield
    except BrokenPipeError:
        raise
    except _TOLD as error:
        print(f"contextline: {error}", file=sys.stderr)
        raise SystemExit(1) from None

"""What failed, in one line on standard error, and exit status 1."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import psycopg

from contextline import ContextlineError as ClientError
from domain.errors import ContextlineError
from infrastructure.postgres.embedded import EmbeddedPostgresError
from infrastructure.postgres.migrate import MigrationError
from infrastructure.settings import SettingsError

_TOLD = (ClientError, ContextlineError, EmbeddedPostgresError, MigrationError, SettingsError, psycopg.Error, OSError)


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

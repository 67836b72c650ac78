"""Brings a database up to this program's schema: numbered .sql files, each once, in order, under one lock."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import Connection, sql

from infrastructure.postgres.connections import API, PROJECTION, conninfo

_FOLDER = Path(__file__).parent / "migrations"
_ROLES = Path(__file__).parent / "roles.sql"
_LOCK: LiteralString = "SELECT pg_advisory_lock(28003034857104998)"

_BOOKKEEPING: LiteralString = """
CREATE SCHEMA IF NOT EXISTS contextline;
CREATE TABLE IF NOT EXISTS contextline.schema_migrations (
    number     integer     NOT NULL PRIMARY KEY,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""


class MigrationError(Exception):
    """The database can't be brought to this program's schema; the message says why and what to do."""


class Migration(NamedTuple):
    """One numbered file."""

    number: int
    name: str
    statements: bytes

    @property
    def checksum(self) -> str:
        """Of the file's bytes: an applied migration never changes."""
        return hashlib.sha256(self.statements).hexdigest()


def available(folder: Path = _FOLDER) -> list[Migration]:
    """The migrations that this program has, in order."""
    found = [
        Migration(int(path.name.split("_")[0]), path.stem, path.read_bytes()) for path in sorted(folder.glob("*.sql"))
    ]
    assert [migration.number for migration in found] == list(range(1, len(found) + 1)), "numbers run 1..n"
    return found


def migrate(url: str, migrations: list[Migration] | None = None) -> list[str]:
    """Apply what is missing; the names of what was applied.

    Processes that start at once take turns. Each migration is a transaction with its own record, so a crash leaves
    whole ones behind and the next start goes on.

    Raises:
        MigrationError: the database is newer than the program, or a migration that it has was changed since.
        psycopg.Error: the database can't be reached, or doesn't allow it.
    """
    wanted = available() if migrations is None else migrations
    # A migration may take longer than a command may; others wait for it as long as it takes.
    with Connection.connect(conninfo(url, statement_timeout="0", lock_timeout="0"), autocommit=True) as connection:
        connection.execute(_LOCK)
        with connection.transaction():
            connection.execute(_BOOKKEEPING)
        applied = _check_applied(connection, wanted)
        done = []
        for migration in wanted[applied:]:
            with connection.transaction():
                connection.execute(migration.statements)
                connection.execute(
                    "INSERT INTO contextline.schema_migrations (number, name, checksum) VALUES (%s, %s, %s)",
                    (migration.number, migration.name, migration.checksum),
                )
            done.append(migration.name)
        _ensure_roles(connection)
    return done


def check_current(url: str, role: str | None = None) -> None:
    """Refuse to run on a database whose schema is not this program's; looked at in the role that will be worked in.

    Raises:
        MigrationError: it is older or newer, or was never set up.
    """
    wanted = available()
    with Connection.connect(conninfo(url, role), autocommit=True) as connection:
        found = connection.execute("SELECT to_regclass('contextline.schema_migrations')").fetchone()
        applied = _check_applied(connection, wanted) if found and found[0] else 0
    if applied < len(wanted):
        raise MigrationError(
            f"the database has {applied} of {len(wanted)} migrations: run `contextline migrate` with the owner's URL"
        )


def _check_applied(connection: Connection[Any], wanted: list[Migration]) -> int:
    rows = connection.execute(
        "SELECT number, name, checksum FROM contextline.schema_migrations ORDER BY number"
    ).fetchall()
    if len(rows) > len(wanted):
        raise MigrationError(
            f"the database is newer than this program: it has migration {rows[-1][1]!r}, the program ends at "
            f"{wanted[-1].name if wanted else 'none'!r}; run a newer contextline"
        )
    for (number, name, checksum), migration in zip(rows, wanted, strict=False):
        if number != migration.number or checksum != migration.checksum:
            raise MigrationError(
                f"migration {name!r} was applied in another form than {migration.name!r} of this program has: "
                "the database belongs to another build of contextline"
            )
    return len(rows)


def _ensure_roles(connection: Connection[Any]) -> None:
    """Roles belong to the whole server, not to one database: others may be making the same ones right now."""
    for name in (API, PROJECTION):
        if not _role_exists(connection, name):
            try:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
            except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
                pass  # made by another since we looked
            except psycopg.errors.InsufficientPrivilege as error:
                raise MigrationError(
                    f"the role {name} is missing and this user may not create roles: have one who may run "
                    f"`CREATE ROLE {name}; GRANT {name} TO <this user>;`, then migrate again"
                ) from error
        # Needed to take the role on; who made it has it only with the ADMIN option (PostgreSQL 16).
        member = connection.execute("SELECT pg_has_role(current_user, %s, 'USAGE')", (name,)).fetchone()
        if member and not member[0]:
            try:
                connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(name)))
            # Another database's migration does it now; PostgreSQL 15 tells of it in either way.
            except (psycopg.errors.InternalError_, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(name)))
            except psycopg.errors.InsufficientPrivilege as error:
                raise MigrationError(
                    f"this user may not take on the role {name}, which the server's processes need: have one who may "
                    f"run `GRANT {name} TO <this user>;`, then migrate again"
                ) from error
    with connection.transaction():
        connection.execute(_ROLES.read_bytes())
        # A projection makes the tables of its versions itself, each in a schema of its own.
        database = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO contextline_projection").format(database))


def _role_exists(connection: Connection[Any], name: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone() is not None

"""A data folder with everything in it, and looking for text in all of it."""

import re
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg

from infrastructure.keys.sqlite import FILE_NAME
from infrastructure.postgres.embedded import OWNER, SUPERUSER, EmbeddedPostgres

# A page that is logged as a whole is compressed by default, and hides what is on it.
LEGIBLE = {"fsync": "off", "shared_buffers": "64MB", "wal_compression": "off", "max_connections": "40"}

_MARK = re.compile(rb"mark-[A-Za-z]+-[0-9a-f]{32}")
# The same as hexadecimal digits, which is how a dump has bytes.
_HEX_MARK = re.compile(b"mark-".hex().encode() + rb"(?:[4-7][0-9a-f])+2d(?:3[0-9]|6[1-6]){32}")


def mark(what: str) -> str:
    """Text that is nowhere else, and can be found."""
    return f"mark-{what}-{uuid4().hex}"


def marks_in(content: bytes) -> Iterator[str]:
    """All marks that stand in some bytes, as they are or as hexadecimal digits."""
    for found in _MARK.finditer(content):
        yield found[0].decode()
    for found in _HEX_MARK.finditer(content):
        yield bytes.fromhex(found[0].decode()).decode()


class DataFolder:
    """The cluster of an embedded PostgreSQL, with the key store in it."""

    def __init__(self, folder: Path, postgres: EmbeddedPostgres) -> None:
        self.folder, self.postgres, self.keys = folder, postgres, folder / "keys"

    def checkpoint(self) -> None:
        """Have all that the server knows in its files."""
        with psycopg.connect(self.postgres.url(SUPERUSER), autocommit=True) as connection:
            connection.execute("CHECKPOINT")

    def dump(self) -> bytes:
        """Every table, as statements that make them again."""
        command = [self.postgres.bin_dir / "pg_dump", "--inserts", self.postgres.url(SUPERUSER)]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def restore(self, dump: bytes, database: str) -> str:
        """A new database made from a dump; its owner's URL."""
        with psycopg.connect(self.postgres.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database} OWNER {OWNER} TEMPLATE template0".encode())
        statements = [line for line in dump.splitlines() if not line.startswith(b"\\")]
        with psycopg.connect(self.postgres.url(SUPERUSER, database), autocommit=True) as connection:
            connection.execute(b"\n".join(statements))
        return self.postgres.url(database=database)

    def found(self) -> dict[str, set[str]]:
        """Every mark in any file or in a dump, and where it stands."""
        places: dict[str, set[str]] = {}
        contents = [("the dump", self.dump())]
        contents += [(str(path.relative_to(self.folder)), path.read_bytes()) for path in self.files()]
        for name, content in contents:
            for text in marks_in(content):
                places.setdefault(text, set()).add(name)
        return places

    def files(self) -> list[Path]:
        """All of them."""
        return [path for path in self.folder.rglob("*") if path.is_file()]

    def wrapped_keys(self) -> list[bytes]:
        """The data keys as the key store has them."""
        with sqlite3.connect(self.keys / FILE_NAME) as connection:
            found = [row[0] for row in connection.execute("SELECT wrapped FROM keys WHERE wrapped IS NOT NULL")]
        connection.close()
        return found

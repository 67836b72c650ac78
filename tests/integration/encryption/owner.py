"""What only the database's superuser can do."""

import psycopg

from infrastructure.postgres.embedded import SUPERUSER


async def as_superuser(url: str, statement: str) -> None:
    """Past the guard of the log."""
    address = url.replace("//contextline@", f"//{SUPERUSER}@")
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(statement.encode())

"""What is in the cluster's folder: making it, knowing whether it is ours to run, and the role and database in it."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from infrastructure.postgres.embedded_layout import POSTGRES_MAJOR, Layout, ensure_private
from infrastructure.postgres.service_user import EmbeddedPostgresError

DATABASE = "contextline"
OWNER = "contextline"
SUPERUSER = "postgres"

_TAIL_BYTES = 4000
_INITDB = [
    *("-U", SUPERUSER, "-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    *("--data-checksums", "--auth-local=trust", "--auth-host=reject", "--no-instructions"),
]


def make_cluster(layout: Layout, bin_dir: Path, lock: int, deadline: float, *, sync: bool) -> None:
    """Make the cluster unless it exists; clears away what a start that was killed has left.

    It is made under another name and renamed, so that one which has its name is whole. `lock` is the descriptor of the
    lock that starts are done under, `deadline` a time of the monotonic clock in seconds.

    Raises:
        EmbeddedPostgresError: something else is in its place, or initdb complains.
    """
    cluster = layout.cluster
    prefix = f"{cluster.name}.new-"
    for leftover in cluster.parent.glob(f"{prefix}*"):
        shutil.rmtree(leftover)
    if (cluster / "PG_VERSION").exists():
        return
    if cluster.exists() and any(cluster.iterdir()):
        raise EmbeddedPostgresError(f"{cluster} holds something else than a PostgreSQL cluster: move it away.")
    new = Path(tempfile.mkdtemp(prefix=prefix, dir=cluster.parent))
    layout.account.own(new)
    # An initdb that outlives us keeps the lock by its descriptor: nobody clears away what it is still writing.
    done: subprocess.CompletedProcess[bytes] = subprocess.run(
        [bin_dir / "initdb", "-D", new, *_INITDB, *([] if sync else ["--no-sync"])],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=max(deadline - time.monotonic(), 1.0),
        pass_fds=(lock,),
        **layout.account.process_options(bin_dir),
    )
    if done.returncode != 0:
        shutil.rmtree(new, ignore_errors=True)
        said = done.stdout[-_TAIL_BYTES:].decode(errors="replace").strip()
        raise EmbeddedPostgresError(f"No PostgreSQL cluster can be made in {cluster.parent}; initdb says:\n{said}")
    new.rename(cluster)
    parent = os.open(cluster.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def verify_cluster(layout: Layout) -> None:
    """Refuse a cluster that these programs can't read, or that others can get into.

    Raises:
        EmbeddedPostgresError: it is so.
    """
    version = (layout.cluster / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    if version != POSTGRES_MAJOR:
        raise EmbeddedPostgresError(
            f"{layout.cluster} was written by PostgreSQL {version}, and this contextline runs PostgreSQL "
            f"{POSTGRES_MAJOR}: dump it with the contextline that wrote it, "
            "then restore the dump into a new data folder."
        )
    ensure_private(layout.cluster, layout.account)


def ensure_database(superuser_url: str) -> None:
    """Make our role and our database unless they exist.

    Done at every start, because the first one may have been killed between any two of these steps.
    """
    with psycopg.connect(superuser_url, autocommit=True, connect_timeout=5) as connection:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone() is None:
            connection.execute("CREATE ROLE contextline LOGIN CREATEROLE NOSUPERUSER NOCREATEDB NOREPLICATION")
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute("CREATE DATABASE contextline OWNER contextline TEMPLATE template0")


def ensure_login(superuser_url: str, name: str, roles: Sequence[str]) -> None:
    """Make a role that inherits nothing and may take on others; what is there already stays."""
    with psycopg.connect(superuser_url, autocommit=True, connect_timeout=5) as connection:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOINHERIT").format(sql.Identifier(name)))
        for role in roles:
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(name)))

"""Commands about compression: training a tenant's dictionary."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import NotFoundError
from infrastructure.postgres.connections import API
from infrastructure.settings import Settings, load_settings
from interfaces.cli.failing import failing
from interfaces.cli.output import console, print_json
from interfaces.cli.processes import AsJson

if TYPE_CHECKING:
    from infrastructure.eventstore.train_dictionary import Training

app = typer.Typer(
    help="How payloads are compressed.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)


@app.callback()
def options() -> None:
    """How payloads are compressed."""


@app.command()
def train(
    tenant: Annotated[str, typer.Option(help="Whose events.")] = "default",
    events: Annotated[int, typer.Option(min=1, help="How many of the newest to look at, at most.")] = 10_000,
    as_json: AsJson = False,
) -> None:
    """Train a dictionary on a tenant's newest events that are not encrypted; its next ones are compressed with it."""
    with failing():
        settings = load_settings()
        with nullcontext() if as_json else console.status(f"Training on the events of {tenant} ..."):
            training = asyncio.run(_train(_database_url(settings), tenant, events))
        if as_json:
            print_json(_document(tenant, training))
        else:
            _tell(training, settings)


async def _train(url: str, tenant: str, events: int) -> Training:
    from infrastructure.eventstore.names import tenants
    from infrastructure.eventstore.train_dictionary import train_dictionary
    from infrastructure.postgres.database import Database
    from infrastructure.postgres.migrate import check_current
    from interfaces.bootstrap import utc_now

    check_current(url, API)
    async with Database(url, API, pool_min=1, pool_max=1) as database:
        tenant_id = await tenants(database).known_number(tenant)
        if tenant_id is None:
            raise NotFoundError(f"there is no tenant {tenant!r}")
        return await train_dictionary(database, tenant_id, events, utc_now())


def _document(tenant: str, training: Training) -> dict[str, Any]:
    trained = training.trained
    return {
        "tenant": tenant,
        "samples": trained.samples,
        "heldOut": trained.held_out,
        "plainBytes": trained.plain,
        "dictionaryBefore": training.in_use,
        "bytesBefore": trained.before,
        "bytesAfter": trained.after,
        "dictionaryBytes": len(trained.content),
        "kept": training.number is not None,
        "dictionary": training.number,
    }


def _tell(training: Training, settings: Settings) -> None:
    trained = training.trained
    saved = 1 - trained.after / trained.before
    console.print(f"Trained on {trained.samples:,} events, tried on the {trained.held_out:,} newest:")
    console.print(f"  as they are           {trained.plain:>12,} bytes")
    console.print(f"  with dictionary {training.in_use:<4}  {trained.before:>12,} bytes")
    console.print(f"  with the new one      {trained.after:>12,} bytes, {saved:.0%} less")
    if training.number is None:
        console.print("It saves too little to be kept; nothing was changed")
    else:
        console.print(
            f"Kept as dictionary {training.number}, {len(trained.content):,} bytes. Running servers take it up within "
            f"{settings.dictionary_poll:g} s"
        )


def _database_url(settings: Settings) -> str:
    from infrastructure.postgres.embedded import EmbeddedPostgres

    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return EmbeddedPostgres(settings.data_dir).url(API)

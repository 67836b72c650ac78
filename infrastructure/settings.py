"""Every setting, its default and its environment variable (`CONTEXTLINE_` and the name in capitals)."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from infrastructure.postgres.embedded import default_data_dir


class SettingsError(Exception):
    """A setting is wrong; the message names it."""


class Settings(BaseSettings):
    """What is in force. Environment variables win over `.env`."""

    model_config = SettingsConfigDict(
        env_prefix="CONTEXTLINE_", env_file=".env", env_parse_none_str="never", extra="ignore", frozen=True
    )

    database_url: SecretStr | None = Field(None, description="PostgreSQL to use; without one, an embedded one is run.")
    data_dir: Path = Field(default_factory=default_data_dir, description="Folder of the embedded PostgreSQL.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(3100, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    allow_unauthenticated: bool = Field(
        False, description="Listen beyond loopback although no one is asked who they are. For closed networks only."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe lines to log.")
    pool_min: int = Field(2, ge=1, le=1000, description="Database connections kept open for reading.")
    pool_max: int = Field(20, ge=1, le=1000, description="Database connections for reading, at most.")
    default_ttl: int | None = Field(
        86_400,
        ge=1,
        le=1_000_000_000,
        description="Seconds after its last change at which a context expires; or never.",
    )
    auto_checkpoint_interval: int = Field(
        100, ge=1, description="Changes of a context after which an automatic checkpoint is made."
    )
    auto_checkpoints_kept: int = Field(
        10, ge=1, le=1000, description="Automatic checkpoints of a context that are kept; the newest."
    )
    session_timeout: int | None = Field(
        3600,
        ge=1,
        le=1_000_000_000,
        description="Seconds without a command in it after which a session expires; or never.",
    )
    expiry_interval: float | None = Field(
        60.0, gt=0, description="Seconds between looks for sessions whose expiry is to be recorded; or never."
    )
    compress_above: int = Field(
        1024, ge=0, description="Bytes above which a payload is compressed without a dictionary."
    )
    large_value_bytes: int = Field(
        64 * 1024,
        ge=1024,
        description="Bytes above which a value in a document is kept once for its tenant, by a hash of its content.",
    )
    compression_dictionaries: bool = Field(
        True, description="Compress payloads of up to 16 KiB with a dictionary: the shipped one, or the tenant's own."
    )
    dictionary_poll: float = Field(
        60.0, gt=0, description="Seconds after which is looked for a dictionary that a tenant has trained."
    )
    cache_bytes: int = Field(
        512 * 1024 * 1024, ge=1024 * 1024, description="Memory for the states of contexts and sessions, in bytes."
    )
    cache_seconds: float = Field(300.0, gt=0, description="Seconds after its last use at which a state leaves memory.")
    access_interval: float = Field(30.0, gt=0, description="Seconds between records of how often contexts were read.")
    access_batch: int = Field(
        1000, ge=1, le=1000, description="Contexts read after which it is recorded sooner; the most in one record."
    )
    max_request_bytes: int = Field(16 * 1024 * 1024, ge=1024, description="Largest request body, in bytes.")
    append_queue: int = Field(10_000, ge=1, description="Commands that may wait to be written; one more gets 503.")
    append_patience: float = Field(10.0, gt=0, description="Seconds that writing waits for a database that is away.")
    read_timeout: float = Field(10.0, gt=0, le=300, description="Seconds that a read waits for minPosition at most.")
    master_key: SecretStr | None = Field(
        None, description="Master key of the encryption: 32 bytes in base64. Without one nothing can be encrypted."
    )
    master_key_file: Path | None = Field(
        None, description="File that holds the master key; the embedded store makes one in the key store's folder."
    )
    key_store: Path | None = Field(
        None, description="Folder of the key store, on this machine; by default `keys` in the data folder."
    )
    erasure_ledger: Path | None = Field(
        None, description="File of the erasure ledger; by default `erasures.jsonl` in the key store's folder."
    )
    encrypt_default: bool = Field(
        False, description="Encrypt all contexts and sessions, but for those stored with encrypt: false."
    )
    tokenizer_file: Path | None = Field(
        None, description="Tokenizer (tokenizer.json) that budgets in tokens are counted by; needs contextline[tokens]."
    )
    projection_batch: int = Field(1000, ge=1, le=100_000, description="Events that a projection applies at once.")
    projection_poll: float = Field(1.0, gt=0, le=3, description="Seconds after which it looks without being woken.")

    @model_validator(mode="after")
    def _pools(self) -> Self:
        if self.pool_min > self.pool_max:
            raise ValueError("CONTEXTLINE_POOL_MIN is larger than CONTEXTLINE_POOL_MAX")
        return self

    @model_validator(mode="after")
    def _one_master_key(self) -> Self:
        if self.master_key is not None and self.master_key_file is not None:
            raise ValueError("CONTEXTLINE_MASTER_KEY and CONTEXTLINE_MASTER_KEY_FILE are both set: set one of them")
        return self

    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def check_exposure(self) -> None:
        """Refuse to be reachable from elsewhere while no one is asked who they are.

        Raises:
            SettingsError: it is, and that was not allowed.
        """
        if not self.is_loopback() and not self.allow_unauthenticated:
            raise SettingsError(
                f"CONTEXTLINE_HOST is {self.host}, which other machines can reach, and there is no authentication yet: "
                "listen on 127.0.0.1, or set CONTEXTLINE_ALLOW_UNAUTHENTICATED=true where the network keeps others out"
            )


def load_settings() -> Settings:
    """From the environment and `.env`.

    Raises:
        SettingsError: one is wrong; it is named, and its value is not shown.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_input=False, include_url=False):
            name = f"CONTEXTLINE_{str(fault['loc'][0]).upper()}: " if fault["loc"] else ""
            faults.append(f"{name}{fault['msg']}")
        raise SettingsError("wrong settings: " + "; ".join(faults)) from None

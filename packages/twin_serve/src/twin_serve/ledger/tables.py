"""The tables of keys and ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Index, MetaData, Table, Text, TypeDecorator, text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

STARTED = "started"


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets the zone, so only aware moments go in and UTC comes out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone; turn any other into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say of a stored moment that it is UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Python's types and the columns that hold them."""

    metadata = MetaData()
    type_annotation_map = {
        datetime: UtcDateTime(),
        str: Text(),
        dict[str, float]: JSON(),
        dict[str, float | None]: JSON(),
        list[str]: JSON(none_as_null=True),
    }


class SchemaVersionRow(Base):
    """The one row that says which migrations this database has seen."""

    __tablename__ = "schema_version"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class KeyRow(Base):
    """An API key. Only the SHA-256 of the key is kept: of 256 random bits nothing can be guessed back."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    budget_nano: Mapped[int | None] = mapped_column(BigInteger)
    budget_calls: Mapped[int | None] = mapped_column(BigInteger)
    requests_per_minute: Mapped[int | None]
    personas: Mapped[list[str] | None]

    __table_args__ = (
        Index(
            "one_active_key_per_name",
            "name",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )


class KeyMonthRow(Base):
    """What one key has used in one calendar month (UTC). Changes only together with the rows it sums."""

    __tablename__ = "key_months"

    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id"), primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True)
    calls: Mapped[int] = mapped_column(BigInteger)
    """Requests let in to work, whatever became of them."""
    spent_nano: Mapped[int] = mapped_column(BigInteger)
    """Amounts of requests that have ended; of those with an unknown amount, what was reserved."""
    reserved_nano: Mapped[int] = mapped_column(BigInteger)
    """What requests still running may cost at most."""


class RequestRow(Base):
    """One request, whatever became of it. Its texts are in `interactions`."""

    __tablename__ = "requests"

    trace_id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    day: Mapped[str]
    """`created_at`'s date in UTC; its first seven characters are the month that a budget counts."""
    process: Mapped[str]
    """Who writes this row; see `process_identity`."""
    endpoint: Mapped[str]
    persona: Mapped[str]
    bundle: Mapped[str | None]
    key_id: Mapped[str | None] = mapped_column(ForeignKey("api_keys.id"))
    user: Mapped[str | None] = mapped_column("user_name")
    feature: Mapped[str | None]
    admitted: Mapped[bool]
    """False for a request refused by a limit of its key."""
    status: Mapped[str]
    """`started`, then `ok`, `failed` or `aborted`."""
    http_status: Mapped[int | None]
    outcome: Mapped[str | None]
    error_code: Mapped[str | None]
    prompt_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    completion_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    seconds: Mapped[float] = mapped_column(default=0.0)
    seconds_by_stage: Mapped[dict[str, float]]
    reserved_nano: Mapped[int] = mapped_column(BigInteger, default=0)
    """The most it may cost; 0 when that is unknown."""
    amount_nano: Mapped[int | None] = mapped_column(BigInteger)
    """Billionths of the currency; NULL when unknown, never 0 for that."""
    currency: Mapped[str | None]

    __table_args__ = (
        Index("requests_by_time", "created_at"),
        Index(
            "admitted_requests_of_key",
            "key_id",
            "created_at",
            sqlite_where=text("admitted"),
            postgresql_where=text("admitted"),
        ),
        Index(
            "unfinished_requests",
            "process",
            sqlite_where=text(f"status = '{STARTED}'"),
            postgresql_where=text(f"status = '{STARTED}'"),
        ),
    )


class InteractionRow(Base):
    """What was asked and what was answered: apart from the figures, so that it can be forgotten without them."""

    __tablename__ = "interactions"

    trace_id: Mapped[str] = mapped_column(ForeignKey("requests.trace_id"), primary_key=True)
    question: Mapped[str]
    """Or the brief of a text."""
    answer: Mapped[str]
    mode: Mapped[str] = mapped_column(server_default="answer")
    """`answer` or `write`."""
    decline_reason: Mapped[str | None]
    signals: Mapped[dict[str, float | None]] = mapped_column(server_default="{}")
    """What was measured on the way, for monitoring; names and ranges in `Interaction.signals`."""


def table_of(row: type[Base]) -> Table:
    """A row class's table, for statements without the ORM's unit of work: half the time on the hot path."""
    table: Any = row.__table__
    assert isinstance(table, Table)
    return table

"""The base of every model: naming, the columns that all rows have, and the indexes that lists need.

Each service has a declarative base of its own over `service_metadata("<schema>")`.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index, Integer, MetaData, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.ids import new_id

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

TYPES: dict[Any, Any] = {
    str: Text(),
    datetime: DateTime(timezone=True),
    UUID: Uuid(),
    int: BigInteger(),
    dict[str, Any]: JSONB(),
    list[Any]: JSONB(),
    list[str]: JSONB(),
    list[dict[str, Any]]: JSONB(),
}


def service_metadata(schema: str) -> MetaData:
    """The MetaData of one service: its schema, and names for every constraint."""
    return MetaData(schema=schema, naming_convention=NAMING)


class TenantRow:
    """Columns of a row that belongs to one business; the tenant comes first in the primary key.

    `version` grows with every change and is the ETag of the resource.
    """

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-20)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-19)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=91)
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1", sort_order=92)

    __mapper_args__ = {"eager_defaults": True}


class SoftDeleted:
    """Adds `deleted_at`: the row stays for history and no list or get shows it."""

    deleted_at: Mapped[datetime | None] = mapped_column(sort_order=93)


def list_indexes(
    table: str,
    *columns: str,
    order: tuple[str, ...] = (),
    unique: tuple[tuple[str, ...], ...] = (),
) -> tuple[Index, ...]:
    """The indexes behind a list: newest first, and newest first within each filterable column.

    `columns` are single filter columns; `order` are columns that lists are sorted by or that are compared (from, to);
    `unique` adds unique indexes within the tenant.
    """
    plain = [Index(f"ix_{table}_created_at", "tenant_id", "created_at", "id")]
    plain += [Index(f"ix_{table}_{column}", "tenant_id", column, "created_at", "id") for column in columns]
    plain += [Index(f"ix_{table}_by_{column}", "tenant_id", column, "id") for column in order]
    plain += [Index(f"uq_{table}_{'_'.join(c)}", "tenant_id", *c, unique=True) for c in unique]
    return tuple(plain)

"""Gapless numbers: the counter's row is locked until the commit, so a number is given if and only if it is used."""

from typing import Any

from sqlalchemy import Integer, Text, Uuid, bindparam, literal, select
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.direct import Direct, Row
from libs.common.db.unit_of_work import UnitOfWork
from services.payments.documents.models import DocumentCounter

INVOICES = "INV"
CREDIT_NOTES = "CN"


def numbering(*conditions: Any) -> Direct:
    """The statement that gives a number, if these conditions hold."""
    given = select(
        bindparam("tenant_id", type_=Uuid()), bindparam("series", type_=Text()), literal(1, Integer)
    )
    return Direct(
        insert(DocumentCounter)
        .from_select(["tenant_id", "series", "last"], given.where(*conditions), include_defaults=False)
        .on_conflict_do_update(
            index_elements=["tenant_id", "series"], set_={"last": DocumentCounter.last + 1}
        )
        .returning(DocumentCounter.series, DocumentCounter.last)
    )


_NEXT = numbering()


async def next_number(uow: UnitOfWork, series: str) -> str:
    """The next number of a series of this tenant, such as `INV-000001`. Documents of a series follow each other.

    Asked for last, when all that is left is to write and commit, so that the others wait for one round trip.
    """
    number = number_of(await _NEXT.all(uow, tenant_id=uow.tenant_id, series=series))
    assert number is not None
    return number


def number_of(rows: list[Row]) -> str | None:
    """The number that `numbering` gave, if it did."""
    return next((f"{series}-{last:06d}" for series, last in rows), None)

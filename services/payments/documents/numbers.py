"""Gapless numbers: the counter's row is locked until the commit, so a number is given if and only if it is used."""

from sqlalchemy.dialects.postgresql import insert

from libs.common.db.unit_of_work import UnitOfWork
from services.payments.documents.models import DocumentCounter

INVOICES = "INV"
CREDIT_NOTES = "CN"


async def next_number(uow: UnitOfWork, series: str) -> str:
    """The next number of a series of this tenant, such as `INV-000001`. Documents of a series follow each other."""
    statement = insert(DocumentCounter).values(tenant_id=uow.tenant_id, series=series, last=1)
    statement = statement.on_conflict_do_update(
        index_elements=["tenant_id", "series"], set_={"last": DocumentCounter.last + 1}
    )
    result = await uow.session.execute(statement.returning(DocumentCounter.last))
    return f"{series}-{result.scalar_one():06d}"

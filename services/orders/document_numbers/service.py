"""Gives out document numbers without gaps."""

from sqlalchemy.dialects.postgresql import insert

from libs.common.db.unit_of_work import UnitOfWork
from services.orders.document_numbers.models import DocumentNumber

_PREFIXES = {"order": "O-"}
_WIDTH = 6


class DocumentNumbers:
    """The number series of one business."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def take(self, series: str) -> str:
        """The next number, such as `O-000001`.

        It is given back if the transaction fails. Others wait for this transaction to end, so take it last.
        """
        new = insert(DocumentNumber).values(
            tenant_id=self._uow.tenant_id, series=series, prefix=_PREFIXES[series], width=_WIDTH, last_value=1
        )
        statement = new.on_conflict_do_update(
            index_elements=["tenant_id", "series"], set_={"last_value": DocumentNumber.last_value + 1}
        ).returning(DocumentNumber.prefix, DocumentNumber.width, DocumentNumber.last_value)
        prefix, width, value = (await self._uow.session.execute(statement)).one()
        return f"{prefix}{value:0{width}d}"

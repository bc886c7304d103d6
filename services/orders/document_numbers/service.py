"""Gives out document numbers without gaps."""

from sqlalchemy import Text, Uuid, bindparam
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.direct import Direct
from libs.common.db.unit_of_work import UnitOfWork
from services.orders.document_numbers.models import DocumentNumber

_PREFIXES = {"order": "O-"}
_WIDTH = 6
_TAKE = Direct(
    insert(DocumentNumber)
    .values(
        tenant_id=bindparam("tenant_id", type_=Uuid()),
        series=bindparam("series", type_=Text()),
        prefix=bindparam("prefix", type_=Text()),
        width=_WIDTH,
        last_value=1,
    )
    .on_conflict_do_update(
        index_elements=["tenant_id", "series"], set_={"last_value": DocumentNumber.last_value + 1}
    )
    .returning(DocumentNumber.prefix, DocumentNumber.width, DocumentNumber.last_value)
)


class DocumentNumbers:
    """The number series of one business."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def take(self, series: str) -> str:
        """The next number, such as `O-000001`.

        It is given back if the transaction fails. Others wait for this transaction to end, so take it last.
        """
        row = await _TAKE.first(
            self._uow, tenant_id=self._uow.tenant_id, series=series, prefix=_PREFIXES[series]
        )
        assert row is not None
        prefix, width, value = row
        return f"{prefix}{value:0{width}d}"

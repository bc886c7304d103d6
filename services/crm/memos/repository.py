"""All SQL of memos."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from libs.common.db.repository import Repository
from libs.common.filters import ListQuery
from services.crm.memos.models import Memo, MemoRecipient
from services.crm.memos.schemas import MemoQuery


class MemoRepository(Repository[Memo]):
    """Memos of one tenant."""

    model = Memo

    def conditions(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """Those of the columns, and whom it is for."""
        found = super().conditions(query)
        if isinstance(query, MemoQuery) and query.recipient_id is not None:
            theirs = select(MemoRecipient.memo_id).where(
                MemoRecipient.tenant_id == self.uow.tenant_id, MemoRecipient.user_id.in_(query.recipient_id)
            )
            found.append(Memo.id.in_(theirs))
        return found

    async def read(self, memo: Memo, user_id: UUID, at: datetime) -> None:
        """Note when a recipient first read it."""
        await self.session.execute(
            update(MemoRecipient)
            .where(
                MemoRecipient.tenant_id == memo.tenant_id,
                MemoRecipient.memo_id == memo.id,
                MemoRecipient.user_id == user_id,
                MemoRecipient.read_at.is_(None),
            )
            .values(read_at=at)
            .execution_options(synchronize_session=False)
        )
        await self.session.refresh(memo, ["recipients"])

"""The rules of memos."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs.common.resource import ResourceService
from libs.contracts.crm import MemoSent
from services.crm.chat.errors import NotTheAuthor
from services.crm.memos.models import Memo, MemoRecipient
from services.crm.memos.repository import MemoRepository
from services.crm.people.service import PersonService


class MemoService(ResourceService[Memo]):
    """Memos of a business. Everybody who may read memos reads them all; recipients are asked for a receipt."""

    repository = MemoRepository
    rows: MemoRepository
    noun = "memo"

    async def create(self, body: BaseModel) -> Memo:
        """Write a memo, and tell those it is for."""
        memo = await super().create(body)
        self._tell(memo, {recipient.user_id for recipient in memo.recipients})
        return memo

    async def update(self, row_id: UUID, body: BaseModel) -> Memo:
        """Change one's own memo, and tell those it is for from now on.

        Raises:
            NotTheAuthor: somebody else wrote it.
        """
        memo = await self.get(row_id, lock=True)
        self._only_author(memo)
        before = {recipient.user_id for recipient in memo.recipients}
        memo = await super().update(row_id, body)
        self._tell(memo, {recipient.user_id for recipient in memo.recipients} - before)
        return memo

    async def read(self, memo_id: UUID) -> Memo:
        """The caller has read a memo; for one it is not for, nothing is noted."""
        memo = await self.get(memo_id)
        if self.uow.actor.user_id is not None:
            await self.rows.read(memo, self.uow.actor.user_id, self.uow.now)
        return memo

    async def prepare(self, values: dict[str, Any], row: Memo | None) -> dict[str, Any]:
        """Name the author, and turn recipient ids into rows; those who stay keep their receipts."""
        if row is None:
            actor = self.uow.actor
            values |= {"author_id": actor.user_id, "author_name": actor.name or actor.email or "Pillars"}
        if "recipient_ids" in values:
            people = PersonService(self.uow)
            kept = {recipient.user_id: recipient for recipient in row.recipients} if row else {}
            wanted = values.pop("recipient_ids")
            if wanted is None:
                wanted = await people.colleagues()
            else:
                await people.require("recipient_ids", set(wanted) - kept.keys())
            values["recipients"] = [kept.get(i) or MemoRecipient(user_id=i) for i in sorted(set(wanted))]
        return values

    async def before_delete(self, row: Memo) -> None:
        """Let only the author remove a memo."""
        self._only_author(row)

    def _only_author(self, memo: Memo) -> None:
        if memo.author_id is None or memo.author_id != self.uow.actor.user_id:
            raise NotTheAuthor("Only its author may do this.")

    def _tell(self, memo: Memo, recipient_ids: set[UUID]) -> None:
        told = sorted(recipient_ids - {memo.author_id})
        if told:
            self.uow.emit(
                MemoSent(
                    memo_id=memo.id,
                    name=memo.name,
                    author_id=memo.author_id,
                    author_name=memo.author_name,
                    recipient_ids=told,
                )
            )

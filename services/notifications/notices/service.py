"""The rules of notices: everyone reads and clears his own."""

from uuid import UUID

from libs.common.resource import ResourceService
from services.notifications.notices.models import Notice
from services.notifications.notices.repository import NoticeRepository


class NoticeService(ResourceService[Notice]):
    """The inbox of the acting user."""

    repository = NoticeRepository
    noun = "notification"
    audited = False
    rows: NoticeRepository

    async def read(self, notice_id: UUID) -> Notice:
        """Mark one as read; a second time changes nothing."""
        notice = await self.get(notice_id, lock=True)
        if notice.read_at is None:
            notice.read_at = self.uow.now
            await self.rows.save(notice)
        return notice

    async def archive(self, notice_id: UUID) -> Notice:
        """Put one away; a second time changes nothing."""
        notice = await self.get(notice_id, lock=True)
        if notice.archived_at is None:
            notice.archived_at = self.uow.now
            await self.rows.save(notice)
        return notice

    async def read_all(self) -> dict[str, int]:
        """Mark all as read."""
        return {"read": await self.rows.read_all()}

    async def count_unread(self) -> dict[str, int]:
        """Count what waits to be read."""
        return {"unread": await self.rows.count_unread()}

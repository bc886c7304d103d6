"""All SQL of one-time links; used in the platform scope only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.one_time_links.models import OneTimeLink


class OneTimeLinkRepository:
    """One-time links of people."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.session = uow.session

    async def get(self, link_id: UUID, *, lock: bool = False) -> OneTimeLink | None:
        """The link with this id."""
        statement = select(OneTimeLink).where(OneTimeLink.id == link_id)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def add(self, link: OneTimeLink) -> None:
        """Insert a link."""
        self.session.add(link)
        await self.session.flush()

    async def made_since(self, user_id: UUID, purpose: str, since: datetime) -> int:
        """How many links for a purpose were made since a time."""
        statement = select(func.count()).where(
            OneTimeLink.user_id == user_id, OneTimeLink.purpose == purpose, OneTimeLink.created_at > since
        )
        return int(await self.session.scalar(statement) or 0)

    async def void(self, user_id: UUID, now: datetime, *, purpose: str | None = None) -> None:
        """Let the open links of a person (for one purpose) be good no more."""
        statement = update(OneTimeLink).where(OneTimeLink.user_id == user_id, OneTimeLink.used_at.is_(None))
        if purpose is not None:
            statement = statement.where(OneTimeLink.purpose == purpose)
        await self.session.execute(
            statement.values(used_at=now).execution_options(synchronize_session="fetch")
        )

    async def remove_expired(self, before: datetime, limit: int) -> int:
        """Remove a batch of links that expired before a time; return how many."""
        batch = (
            select(OneTimeLink.id)
            .where(OneTimeLink.expires_at < before)
            .order_by(OneTimeLink.expires_at)
            .limit(limit)
        )
        done: Any = await self.session.execute(delete(OneTimeLink).where(OneTimeLink.id.in_(batch)))
        return int(done.rowcount)

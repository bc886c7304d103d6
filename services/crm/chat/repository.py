"""All SQL of chat."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.repository import Repository
from libs.common.ids import new_id
from services.crm.chat.models import Message, Thread, ThreadMember

# Beyond so many messages of a thread it makes no difference how many are unread.
MOST_UNREAD = 1000


class MessageRepository(Repository[Message]):
    """Messages of one tenant."""

    model = Message


class ThreadRepository(Repository[Thread]):
    """Threads of one tenant, with their members."""

    model = Thread

    async def of_object(self, object_type: str, object_id: UUID) -> Thread:
        """The thread on an object, locked; made where there is none."""
        now = self.uow.now
        await self.session.execute(
            insert(Thread)
            .values(
                tenant_id=self.uow.tenant_id,
                id=new_id(),
                object_type=object_type,
                object_id=object_id,
                message_count=0,
                last_message_at=now,
                created_at=now,
                updated_at=now,
                version=1,
            )
            .on_conflict_do_nothing()
        )
        found = await self.find(Thread.object_type == object_type, Thread.object_id == object_id, lock=True)
        assert found is not None
        return found

    async def count(self, thread_id: UUID, change: int) -> None:
        """Add to the number of messages of a thread."""
        await self.session.execute(
            update(Thread)
            .where(Thread.tenant_id == self.uow.tenant_id, Thread.id == thread_id)
            .values(message_count=Thread.message_count + change)
        )

    async def told(self, thread_id: UUID) -> set[UUID]:
        """Those who are told of new messages."""
        statement = select(ThreadMember.user_id).where(
            ThreadMember.tenant_id == self.uow.tenant_id,
            ThreadMember.thread_id == thread_id,
            ThreadMember.is_told,
        )
        return set((await self.session.execute(statement)).scalars())

    async def join(self, thread_id: UUID, user_ids: Collection[UUID]) -> None:
        """From now on tell these of new messages."""
        if not user_ids:
            return
        rows = [
            {"tenant_id": self.uow.tenant_id, "thread_id": thread_id, "user_id": user_id, "is_told": True}
            for user_id in sorted(user_ids)
        ]
        await self.session.execute(
            insert(ThreadMember)
            .values(rows)
            .on_conflict_do_update(
                index_elements=["tenant_id", "thread_id", "user_id"], set_={"is_told": True}
            )
        )

    async def read(self, thread_id: UUID, user_id: UUID, at: datetime) -> None:
        """Somebody has read a thread up to this time; an earlier time than before changes nothing."""
        statement = insert(ThreadMember).values(
            tenant_id=self.uow.tenant_id, thread_id=thread_id, user_id=user_id, is_told=False, read_at=at
        )
        await self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "thread_id", "user_id"],
                set_={"read_at": func.greatest(ThreadMember.read_at, statement.excluded.read_at)},
            )
        )

    async def read_marks(self, thread_ids: Collection[UUID], user_id: UUID) -> dict[UUID, datetime]:
        """Up to when somebody has read each of these threads; those never read are absent."""
        statement = select(ThreadMember.thread_id, ThreadMember.read_at).where(
            ThreadMember.tenant_id == self.uow.tenant_id,
            ThreadMember.thread_id.in_(thread_ids),
            ThreadMember.user_id == user_id,
            ThreadMember.read_at.is_not(None),
        )
        rows = (await self.session.execute(statement)).all()
        return {row.thread_id: row.read_at for row in rows if row.read_at is not None}

    async def unread(self, threads: Sequence[Thread], user_id: UUID) -> dict[UUID, int]:
        """How many of the newest messages of each of these threads are of others and unread; those without are absent."""
        mine = (
            (ThreadMember.tenant_id == Thread.tenant_id)
            & (ThreadMember.thread_id == Thread.id)
            & (ThreadMember.user_id == user_id)
        )
        newest = (
            select(Message.author_id)
            .where(
                Message.tenant_id == Thread.tenant_id,
                Message.thread_id == Thread.id,
                Message.deleted_at.is_(None),
                or_(ThreadMember.read_at.is_(None), Message.created_at > ThreadMember.read_at),
            )
            .order_by(Message.created_at.desc(), Message.id.desc())
            .limit(MOST_UNREAD)
            .lateral("newest")
        )
        statement = (
            select(Thread.id, func.count())
            .outerjoin(ThreadMember, mine)
            .join(newest, true())
            .where(
                Thread.tenant_id == self.uow.tenant_id,
                Thread.id.in_([thread.id for thread in threads]),
                newest.c.author_id.is_distinct_from(user_id),
            )
            .group_by(Thread.id)
        )
        return {row[0]: row[1] for row in (await self.session.execute(statement)).all()}

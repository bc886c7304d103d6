"""The rules of chat."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from libs.common.filters import ListQuery
from libs.common.resource import ResourceService
from libs.contracts.crm import MessagePosted
from services.crm.chat.errors import NotTheAuthor
from services.crm.chat.models import Message, Thread
from services.crm.chat.objects import keepers
from services.crm.chat.repository import MessageRepository, ThreadRepository
from services.crm.chat.schemas import MessageOut, ThreadOut
from services.crm.people.service import PersonService

SYSTEM = "Pillars"


class ChatService(ResourceService[Message]):
    """Messages of a business. Whoever wrote in a thread, or was mentioned there, is told of what others write."""

    repository = MessageRepository
    noun = "message"
    fixed = frozenset({"object_type", "object_id"})

    def __init__(self, uow: UnitOfWork) -> None:
        super().__init__(uow)
        self.threads = ThreadRepository(uow)
        self.people = PersonService(uow)

    async def post(self, object_type: str, object_id: UUID, text: str, mentions: Collection[UUID]) -> Message:
        """Write a message on an object, as the caller.

        Raises:
            NotFound: the object would be one of this service, and there is none.
            UnknownPerson: somebody mentioned does not work for this business.
        """
        await self.people.require("mentions", mentions)
        recipients = await keepers(self.uow, object_type, object_id) | set(mentions)
        author_id = self.uow.actor.user_id
        name = self.uow.actor.name or self.uow.actor.email
        if author_id is not None and (person := (await self.people.colleagues([author_id])).get(author_id)):
            name = person.name
        return await self._write(
            object_type, object_id, text, recipients, author_id, name or SYSTEM, mentions
        )

    async def announce(
        self, object_type: str, object_id: UUID, text: str, recipients: Collection[UUID]
    ) -> Message:
        """Write a message on an object as the system, and tell these people."""
        return await self._write(object_type, object_id, text, recipients, None, SYSTEM, ())

    async def page(self, query: ListQuery) -> dict[str, Any]:
        """One page of messages, each with whether the caller has read it."""
        rows, cursor = await self.rows.page(query)
        return {"items": await self.shown(rows), "next_cursor": cursor}

    async def shown(self, rows: Iterable[Message]) -> list[MessageOut]:
        """Messages as the caller sees them."""
        rows = list(rows)
        user_id = self.uow.actor.user_id
        marks = await self.threads.read_marks({row.thread_id for row in rows}, user_id) if user_id else {}
        for row in rows:
            mark = marks.get(row.thread_id)
            mine = user_id is not None and row.author_id == user_id
            row.is_read = mine or (mark is not None and row.created_at <= mark)  # type: ignore[attr-defined]
        return [MessageOut.model_validate(row) for row in rows]

    async def thread_page(self, query: ListQuery) -> dict[str, Any]:
        """One page of threads, each with what the caller has not read."""
        threads, cursor = await self.threads.page(query)
        return {"items": await self.shown_threads(threads), "next_cursor": cursor}

    async def shown_threads(self, threads: list[Thread]) -> list[ThreadOut]:
        """Threads as the caller sees them."""
        user_id = self.uow.actor.user_id
        unread = await self.threads.unread(threads, user_id) if user_id and threads else {}
        for thread in threads:
            thread.unread_count = unread.get(thread.id, 0)  # type: ignore[attr-defined]
        return [ThreadOut.model_validate(thread) for thread in threads]

    async def thread(self, thread_id: UUID) -> Thread:
        """One thread."""
        thread = await self.threads.get(thread_id)
        if thread is None:
            raise NotFound("There is no such thread.", resource="thread")
        return thread

    async def read_message(self, message_id: UUID) -> Message:
        """The caller has read a message and all before it in its thread."""
        message = await self.get(message_id)
        if self.uow.actor.user_id is not None:
            await self.threads.read(message.thread_id, self.uow.actor.user_id, message.created_at)
        return message

    async def read_thread(self, thread_id: UUID) -> Thread:
        """The caller has read all of a thread."""
        thread = await self.thread(thread_id)
        if self.uow.actor.user_id is not None:
            await self.threads.read(thread.id, self.uow.actor.user_id, thread.last_message_at)
        return thread

    async def update(self, row_id: UUID, body: BaseModel) -> Message:
        """Change one's own message.

        Raises:
            NotTheAuthor: somebody else wrote it.
        """
        self._only_author(await self.get(row_id, lock=True))
        return await super().update(row_id, body)

    async def prepare(self, values: dict[str, Any], row: Message | None) -> dict[str, Any]:
        """Check who is mentioned, and note the time of the edit."""
        if "mentions" in values:
            await self.people.require("mentions", values["mentions"])
            values["mentions"] = [str(user_id) for user_id in values["mentions"]]
        return values | {"edited_at": self.uow.now}

    async def before_delete(self, row: Message) -> None:
        """Let only the author remove a message."""
        self._only_author(row)
        await self.threads.count(row.thread_id, -1)

    def _only_author(self, message: Message) -> None:
        if message.author_id is None or message.author_id != self.uow.actor.user_id:
            raise NotTheAuthor("Only its author may do this.")

    async def _write(
        self,
        object_type: str,
        object_id: UUID,
        text: str,
        recipients: Collection[UUID],
        author_id: UUID | None,
        author_name: str,
        mentions: Collection[UUID],
    ) -> Message:
        thread = await self.threads.of_object(object_type, object_id)
        author = {author_id} if author_id else set()
        await self.threads.join(thread.id, {*recipients, *author})
        told = await self.threads.told(thread.id)
        message = await self.rows.add(
            Message(
                thread_id=thread.id,
                object_type=object_type,
                object_id=object_id,
                author_id=author_id,
                author_name=author_name,
                text=text,
                mentions=[str(user_id) for user_id in mentions],
            )
        )
        thread.message_count += 1
        thread.last_message_at = message.created_at
        await self.threads.save(thread)
        told = await self.people.without_departed(told - author)
        self.uow.emit(
            MessagePosted(
                message_id=message.id,
                object_type=object_type,
                object_id=object_id,
                author_id=author_id,
                author_name=author_name,
                text=text,
                recipient_ids=sorted(told),
            )
        )
        self.uow.tag(message.version)
        return message

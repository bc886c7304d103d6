"""All SQL of notices."""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Select, func, select, text, update

from libs.common.db.bulk import bulk_insert, bulk_values
from libs.common.db.direct import Direct, Row, Run
from libs.common.db.repository import Repository
from libs.common.filters import ListQuery
from services.notifications.notices.models import Notice
from services.notifications.own import own_user_id

CHANNEL = "pillars_notices"

_COLUMNS = (
    "tenant_id",
    "id",
    "user_id",
    "type",
    "title",
    "body",
    "link",
    "object_type",
    "object_id",
    "dedupe_key",
    "created_at",
    "updated_at",
    "version",
)
_ADD = Direct(
    bulk_insert(Notice, _COLUMNS)
    .on_conflict_do_nothing(index_elements=["tenant_id", "dedupe_key"])
    .returning(Notice.user_id)
)
_LOCK = Direct(text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key"))
_NOTIFY = Direct(
    text(
        "SELECT pg_notify(CAST(:channel AS text), payload) FROM unnest(CAST(:payloads AS text[])) AS payload"
    )
)


class NoticeRepository(Repository[Notice]):
    """Notices of the acting user."""

    model = Notice

    @property
    def user_id(self) -> UUID:
        """Whose inbox it is.

        Raises:
            PermissionDenied: the caller is no person.
        """
        return own_user_id(self.uow.actor, "an inbox", "notifications.inbox.read")

    @property
    def searched_owner(self) -> UUID:
        """The acting user."""
        return self.user_id

    def select(self) -> Select[Any]:
        """The notices of the acting user."""
        return super().select().where(Notice.user_id == self.user_id)

    def conditions(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """The filters, with `unread` and `archived` as times."""
        found = super().conditions(query)
        archived, unread = getattr(query, "archived", False), getattr(query, "unread", None)
        found.append(Notice.archived_at.is_not(None) if archived else Notice.archived_at.is_(None))
        if unread is not None:
            found.append(Notice.read_at.is_(None) if unread else Notice.read_at.is_not(None))
        return found

    async def count_unread(self) -> int:
        """How many wait to be read."""
        statement = select(func.count()).where(
            Notice.tenant_id == self.uow.tenant_id,
            Notice.user_id == self.user_id,
            Notice.read_at.is_(None),
            Notice.archived_at.is_(None),
        )
        return await self.session.scalar(statement) or 0

    async def read_all(self) -> int:
        """Mark what is unread as read, and return how many that were."""
        statement = (
            update(Notice)
            .where(
                Notice.tenant_id == self.uow.tenant_id,
                Notice.user_id == self.user_id,
                Notice.read_at.is_(None),
                Notice.archived_at.is_(None),
            )
            .values(read_at=self.uow.now, updated_at=self.uow.now, version=Notice.version + 1)
            .execution_options(synchronize_session=False)
        )
        done = await self.session.execute(statement)
        return int(done.rowcount)  # type: ignore[attr-defined]

    async def after(self, seq: int, limit: int) -> list[Notice]:
        """The notices after a point of the stream, in its order."""
        statement = self.select().where(Notice.seq > seq).order_by(Notice.seq).limit(limit)
        return list((await self.session.scalars(statement)).all())

    async def newest(self) -> int:
        """The newest `seq` of the user, 0 where there is none."""
        statement = select(func.max(Notice.seq)).where(
            Notice.tenant_id == self.uow.tenant_id, Notice.user_id == self.user_id
        )
        return await self.session.scalar(statement) or 0

    def adding(self, rows: Sequence[dict[str, Any]]) -> list[Run]:
        """The statements that add notices, without those whose key is there already; `told` takes the rows of the last.

        The streams hear of it with the commit. Until then no other transaction adds to these inboxes: a sequence hands
        out numbers before the commit, and without the locks a notice with a smaller `seq` could become visible after a
        larger one was streamed, and a replay from the larger one would lose it. The locks are taken in order, so two
        batches cannot wait for each other.
        """
        if not rows:
            return []
        keys = sorted({inbox_key(self.uow.tenant_id, row["user_id"]) for row in rows})
        return [(_LOCK, {"keys": keys}), (_ADD, bulk_values(rows))]

    def told(self, added: Sequence[Row]) -> None:
        """Have the streams of those who were told hear of it."""
        tenant_id = str(self.uow.tenant_id)
        payloads = [orjson.dumps([tenant_id, user_id]).decode() for user_id in {str(one) for [one] in added}]
        if payloads:
            self.uow.write(_NOTIFY, {"channel": CHANNEL, "payloads": payloads})


def inbox_key(tenant_id: UUID, user_id: UUID) -> int:
    """The number under which an inbox is locked."""
    digest = hashlib.blake2b(tenant_id.bytes + user_id.bytes, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)

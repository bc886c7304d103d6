"""Looking after one's own passkeys."""

from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from libs.common.filters import ListQuery
from libs.contracts.audit import change_recorded
from services.identity.auth.own import own_user_id
from services.identity.oidc.errors import LastWayIn
from services.identity.oidc.repository import LinkRepository
from services.identity.passkeys.models import Passkey
from services.identity.passkeys.repository import PasskeyRepository
from services.identity.passkeys.schemas import PasskeyUpdate
from services.identity.users.models import User
from services.identity.users.repository import UserRepository


class PasskeyService:
    """The caller's passkeys, in the platform scope: a person belongs to several businesses."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = PasskeyRepository(uow)

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page."""
        own_user_id(self.uow.actor)
        rows, cursor = await self.rows.page(query)
        return {"items": rows, "next_cursor": cursor}

    async def get(self, key_id: UUID, *, lock: bool = False) -> Passkey:
        """One of them.

        Raises:
            NotFound: the caller has no such passkey.
        """
        user_id = own_user_id(self.uow.actor)
        row = await self.rows.get(key_id, lock=lock)
        if row is None or row.user_id != user_id:
            raise NotFound("There is no such passkey.", resource="passkey")
        self.uow.tag(row.version)
        return row

    async def rename(self, key_id: UUID, body: PasskeyUpdate) -> Passkey:
        """Give one another name."""
        row = await self._changing(key_id)
        before = row.name
        row.name = body.changes().get("name", row.name)
        await self.rows.save(row)
        self.uow.tag(row.version)
        await self._record("updated", row, {"name": before}, {"name": row.name})
        return row

    async def remove(self, key_id: UUID) -> None:
        """Let one sign in no more. Sessions that it began go on; they are ended one by one, or all at once.

        Raises:
            LastWayIn: its owner could not sign in any more.
        """
        user_id = own_user_id(self.uow.actor)
        # Whoever removes two at once, of whatever kind, does it one after the other.
        user = await UserRepository(self.uow).get(user_id, lock=True)
        row = await self._changing(key_id)
        others = (user is not None and user.password_hash) or await self.rows.count(user_id) > 1
        if not others and not await LinkRepository(self.uow).count(user_id):
            raise LastWayIn
        await self.rows.delete(row)
        await self._record("deleted", row, {"name": row.name, "rp_id": row.rp_id}, None)

    async def _changing(self, key_id: UUID) -> Passkey:
        row = await self.get(key_id, lock=True)
        self.uow.check_version(row.version)
        return row

    async def _record(
        self, action: str, row: Passkey, before: dict[str, Any] | None, after: dict[str, Any] | None
    ) -> None:
        user = await self.uow.session.get(User, row.user_id)
        event = change_recorded("identity", action, "passkey", row.id, before, after)
        self.uow.emit(event, tenant_id=(user.home_tenant_id if user else None) or OPERATOR_TENANT_ID)

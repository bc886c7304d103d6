"""Looking after one's own linked accounts."""

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
from services.identity.passkeys.repository import PasskeyRepository
from services.identity.users.repository import UserRepository


class LinkService:
    """The caller's linked accounts, in the platform scope: a person belongs to several businesses."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = LinkRepository(uow)

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page."""
        own_user_id(self.uow.actor)
        rows, cursor = await self.rows.page(query)
        return {"items": rows, "next_cursor": cursor}

    async def remove(self, link_id: UUID) -> None:
        """Let an outside account open one's own no more.

        Raises:
            NotFound: the caller has no such link.
            LastWayIn: he could not sign in any more.
        """
        user_id = own_user_id(self.uow.actor)
        # Whoever removes two at once does it one after the other.
        user = await UserRepository(self.uow).get(user_id, lock=True)
        row = await self.rows.get(link_id, lock=True)
        if user is None or row is None or row.user_id != user_id:
            raise NotFound("There is no such linked account.", resource="oidc_link")
        others = user.password_hash or await self.rows.count(user_id) > 1
        if not others and not await PasskeyRepository(self.uow).count(user_id):
            raise LastWayIn
        await self.rows.delete(row)
        before = {"provider": row.provider_code, "issuer": row.issuer, "subject": row.subject}
        event = change_recorded("identity", "unlinked", "oidc_link", row.id, before, None)
        self.uow.emit(event, tenant_id=user.home_tenant_id or OPERATOR_TENANT_ID)

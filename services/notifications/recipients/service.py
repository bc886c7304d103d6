"""The rules of recipients: who is staff, and who may be told."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.contracts.identity import MemberAdded, MemberChanged
from services.notifications.recipients.models import Recipient
from services.notifications.recipients.repository import RecipientRepository

OPERATOR_STAFF_ROLES = frozenset({"superadmin", "staff-admin", "staff"})
SHOP_STAFF_ROLES = frozenset({"owner", "admin", "manager"})
STAFF_ROLES = OPERATOR_STAFF_ROLES | SHOP_STAFF_ROLES


class RecipientService:
    """Keeps the projection and answers who is to be told."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.rows = RecipientRepository(uow)

    async def put(self, member: MemberAdded | MemberChanged, at: datetime) -> None:
        """Take over what is true of a member since `at`."""
        await self.rows.apply(
            {
                "user_id": member.user_id,
                "email": member.email,
                "name": f"{member.first_name} {member.last_name}".strip(),
                "phone": member.phone,
                "locale": member.locale,
                "roles": list(member.roles),
                "is_staff": bool(STAFF_ROLES.intersection(member.roles)),
                "active": True,
                "changed_at": at,
            }
        )

    async def remove(self, user_id: UUID, at: datetime) -> None:
        """Note that somebody left, even where his arrival is not known yet."""
        await self.rows.apply(
            {"user_id": user_id, "roles": [], "is_staff": False, "active": False, "changed_at": at}
        )

    async def staff(self, *roles: str) -> list[Recipient]:
        """The active staff of the tenant, those with one of the roles where some are named."""
        found = await self.rows.staff()
        return [row for row in found if not roles or set(roles) & set(row.roles)]

    async def staff_and(self, user_ids: Iterable[UUID]) -> list[Recipient]:
        """The active staff of the tenant, and the recipients with these ids, inactive ones too."""
        return await self.rows.staff_and(user_ids)

    async def known(self, user_ids: Iterable[UUID]) -> dict[UUID, Recipient]:
        """The recipients with these ids, inactive ones too."""
        return await self.rows.by_ids(user_ids)

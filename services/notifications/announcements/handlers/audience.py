"""Who is told: staff, named people, customers."""

from collections.abc import Iterable
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.failures import RetryLater
from services.notifications.announcements.target import Target
from services.notifications.recipients.models import Recipient
from services.notifications.recipients.service import RecipientService

# A shop whose owner is not known after so many tries has none that could be told.
PATIENCE = 3


class People:
    """The staff and some customers of a business, found with one query."""

    def __init__(self, found: Iterable[Recipient]) -> None:
        self._by_id = {recipient.user_id: recipient for recipient in found}

    @classmethod
    async def of_shop(cls, uow: UnitOfWork, user_ids: Iterable[UUID | None]) -> "People":
        """The staff of the business, and the customers with these ids."""
        return cls(await RecipientService(uow).staff_and(i for i in user_ids if i is not None))

    def staff(self, *roles: str) -> list[Target]:
        """The active staff, or those with one of the roles; empty where nobody is known (yet)."""
        return [
            Target.of(row)
            for row in self._by_id.values()
            if row.is_staff and row.active and (not roles or set(roles) & set(row.roles))
        ]

    def customer(self, email: str, user_id: UUID | None, name: str | None) -> Target:
        """The customer of an order, in his language where he has an account."""
        return _customer(self._by_id.get(user_id) if user_id else None, email, user_id, name)


def _customer(recipient: Recipient | None, email: str, user_id: UUID | None, name: str | None) -> Target:
    locale = recipient.locale if recipient else "en"
    return Target(user_id, email, name or (recipient.name if recipient else ""), locale)


async def shop_staff(uow: UnitOfWork, envelope: Envelope, *roles: str) -> list[Target]:
    """The staff of the business, or those with one of the roles; empty where it has none.

    Raises:
        RetryLater: nobody is known yet, and identity's events may be on their way.
    """
    found = await RecipientService(uow).staff(*roles)
    if not found and envelope.attempts < PATIENCE:
        raise RetryLater("no staff of the business is known yet")
    return [Target.of(recipient) for recipient in found]


async def members(uow: UnitOfWork, user_ids: Iterable[UUID]) -> list[Target]:
    """Members by id: one whose arrival is not known yet is told in the app, one who left is not told."""
    wanted = list(dict.fromkeys(user_ids))
    known = await RecipientService(uow).known(wanted)
    return [
        Target.of(known[user_id]) if user_id in known else Target(user_id)
        for user_id in wanted
        if user_id not in known or known[user_id].active
    ]


async def customer(uow: UnitOfWork, email: str, user_id: UUID | None, name: str | None) -> Target:
    """The customer of an order, in his language where he has an account."""
    known = await RecipientService(uow).known([user_id]) if user_id else {}
    return _customer(known.get(user_id) if user_id else None, email, user_id, name)

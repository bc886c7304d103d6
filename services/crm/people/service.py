"""The rules of people: who counts as a colleague, and the check of those a body names."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from services.crm.people.errors import UnknownPerson
from services.crm.people.models import Person
from services.crm.people.repository import PersonRepository

# Roles of those who only buy from a business.
OUTSIDERS = frozenset({"client", "guest"})


class PersonService:
    """The people of the business acted in."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = PersonRepository(uow)

    async def require(self, field: str, user_ids: Collection[UUID]) -> None:
        """Accept only colleagues, and the caller himself (who may act here by a grant, without being a member).

        Raises:
            UnknownPerson: one of them is neither.
        """
        asked = set(user_ids) - {self.uow.actor.user_id}
        if not asked:
            return
        unknown = asked - (await self.rows.colleagues(asked)).keys()
        if unknown:
            raise UnknownPerson(
                "Only people who work for this business can be named here.",
                field=field,
                user_ids=sorted(map(str, unknown)),
            )

    async def colleagues(self, among: Collection[UUID] | None = None) -> dict[UUID, Person]:
        """Those who work for the business now, by user id."""
        return await self.rows.colleagues(among)

    async def without_departed(self, user_ids: Collection[UUID]) -> set[UUID]:
        """The ids, but for those of people who no longer work for the business."""
        return set(user_ids) - await self.rows.departed(user_ids)

    async def remember(self, user_id: UUID, name: str, email: str, roles: list[str], at: datetime) -> None:
        """A person is a member with these roles since `at`."""
        await self._put(user_id, at, name=name, email=email, roles=roles, active=True)

    async def forget(self, user_id: UUID, at: datetime) -> None:
        """A person is no member since `at`."""
        await self._put(user_id, at, name="", email="", roles=[], active=False)

    async def _put(self, user_id: UUID, at: datetime, **values: Any) -> None:
        is_colleague = not set(values["roles"]) <= OUTSIDERS
        await self.rows.put({"user_id": user_id, "changed_at": at, "is_colleague": is_colleague, **values})

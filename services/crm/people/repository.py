"""All SQL of people."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.unit_of_work import UnitOfWork
from services.crm.people.models import Person


class PersonRepository:
    """The people of one tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.session = uow.session

    async def colleagues(self, among: Collection[UUID] | None = None) -> dict[UUID, Person]:
        """Those who work for the business now, by user id: all of them, or those among the ids."""
        statement = select(Person).where(
            Person.tenant_id == self.uow.tenant_id, Person.active, Person.is_colleague
        )
        if among is not None:
            statement = statement.where(Person.user_id.in_(among))
        return {person.user_id: person for person in (await self.session.execute(statement)).scalars()}

    async def departed(self, among: Collection[UUID]) -> set[UUID]:
        """Those among the ids who worked for the business, and no longer do."""
        statement = select(Person.user_id).where(
            Person.tenant_id == self.uow.tenant_id,
            Person.user_id.in_(among),
            ~(Person.active & Person.is_colleague),
        )
        return set((await self.session.execute(statement)).scalars())

    async def put(self, values: dict[str, Any]) -> None:
        """Write what is true of a person, unless a later event wrote before."""
        statement = insert(Person).values(tenant_id=self.uow.tenant_id, **values)
        await self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "user_id"],
                set_={name: statement.excluded[name] for name in values if name != "user_id"},
                where=Person.changed_at <= statement.excluded.changed_at,
            )
        )

"""All SQL of preferences."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.unit_of_work import UnitOfWork
from services.notifications.preferences.models import Preference


class PreferenceRepository:
    """Preferences of one tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def by_users(self, user_ids: Iterable[UUID]) -> dict[UUID, Preference]:
        """The choices of these users; one who made none is left out."""
        statement = select(Preference).where(
            Preference.tenant_id == self.uow.tenant_id, Preference.user_id.in_(list(user_ids))
        )
        return {row.user_id: row for row in (await self.uow.session.execute(statement)).scalars()}

    async def put(self, user_id: UUID, values: dict[str, Any]) -> None:
        """Replace the choices of a user."""
        statement = insert(Preference).values(tenant_id=self.uow.tenant_id, user_id=user_id, **values)
        await self.uow.session.execute(
            statement.on_conflict_do_update(index_elements=["tenant_id", "user_id"], set_=values)
        )

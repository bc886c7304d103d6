"""All SQL of preferences."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.direct import Direct, Row, Run, all_of, hydrated
from libs.common.db.unit_of_work import UnitOfWork
from services.notifications.preferences.models import Preference

_BY_USERS = Direct(
    select(Preference).where(
        Preference.tenant_id == bindparam("tenant_id", type_=Uuid),
        Preference.user_id == any_(bindparam("user_ids", type_=ARRAY(Uuid))),
    )
)


def chosen(rows: Iterable[Row]) -> dict[UUID, Preference]:
    """What `PreferenceRepository.choices` found, by user, to be read only; one who made none is left out."""
    return {row.user_id: row for row in hydrated(Preference, rows)}


class PreferenceRepository:
    """Preferences of one tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def by_users(self, user_ids: Iterable[UUID]) -> dict[UUID, Preference]:
        """The choices of these users, to be read only; one who made none is left out."""
        [rows] = await all_of(self.uow, self.choices(user_ids))
        return chosen(rows)

    def choices(self, user_ids: Iterable[UUID]) -> Run:
        """The query of `by_users`, to be sent along with others; `chosen` reads its rows."""
        return _BY_USERS, {"tenant_id": self.uow.tenant_id, "user_ids": list(user_ids)}

    async def put(self, user_id: UUID, values: dict[str, Any]) -> None:
        """Replace the choices of a user."""
        statement = insert(Preference).values(tenant_id=self.uow.tenant_id, user_id=user_id, **values)
        await self.uow.session.execute(
            statement.on_conflict_do_update(index_elements=["tenant_id", "user_id"], set_=values)
        )

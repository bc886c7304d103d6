"""All SQL of devices."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.unit_of_work import UnitOfWork
from services.notifications.devices.models import Device


class DeviceRepository:
    """Devices by their users."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.session = uow.session

    async def put(
        self, token: str, user_id: UUID, platform: str | None, now: datetime
    ) -> tuple[Device, bool]:
        """Register a token for a user, taking it from whoever had it; also return whether it is new."""
        statement = insert(Device).values(
            token=token, user_id=user_id, platform=platform, created_at=now, seen_at=now
        )
        excluded = statement.excluded
        put = statement.on_conflict_do_update(
            index_elements=["token"],
            set_={
                "user_id": excluded.user_id,
                "platform": func.coalesce(excluded.platform, Device.platform),
                "seen_at": excluded.seen_at,
            },
        ).returning(Device, text("xmax = 0"))
        row = (await self.session.execute(put, execution_options={"populate_existing": True})).one()
        return row[0], bool(row[1])

    async def of_users(self, user_ids: Iterable[UUID]) -> dict[UUID, list[Device]]:
        """The devices of these users."""
        statement = select(Device).where(Device.user_id.in_(list(user_ids))).order_by(Device.created_at)
        found: dict[UUID, list[Device]] = {}
        for device in (await self.session.execute(statement)).scalars():
            found.setdefault(device.user_id, []).append(device)
        return found

    async def remove(self, token: str, user_id: UUID | None = None) -> bool:
        """Forget a token (only if it is the user's, where one is given) and return whether it was there."""
        statement = delete(Device).where(Device.token == token)
        if user_id is not None:
            statement = statement.where(Device.user_id == user_id)
        return bool((await self.session.execute(statement)).rowcount)  # type: ignore[attr-defined]

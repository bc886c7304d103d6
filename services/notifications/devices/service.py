"""The rules of devices."""

from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from services.notifications.devices.models import Device
from services.notifications.devices.repository import DeviceRepository
from services.notifications.devices.schemas import DeviceRegister
from services.notifications.own import own_user_id


class DeviceService:
    """The devices of the acting user."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = DeviceRepository(uow)

    @property
    def user_id(self) -> UUID:
        """Whose devices they are.

        Raises:
            PermissionDenied: the caller is no person.
        """
        return own_user_id(self.uow.actor, "devices", "notifications.devices.write")

    async def register(self, body: DeviceRegister) -> tuple[Device, bool]:
        """Register a device, and say whether its token was unknown; a token moves to its newest user."""
        return await self.rows.put(body.token, self.user_id, body.platform, self.uow.now)

    async def remove(self, token: str) -> None:
        """Send no more pushes to a device.

        Raises:
            NotFound: it is not one of the user's.
        """
        if not await self.rows.remove(token, self.user_id):
            raise NotFound("You have no such device.", resource="device")

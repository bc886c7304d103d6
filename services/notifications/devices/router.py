"""The HTTP side of devices."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from libs.common.errors import NotFound
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from services.notifications.deps import Devices
from services.notifications.devices.schemas import TOKEN, DeviceOut, DeviceRegister

router = APIRouter(prefix="/fcm/register", tags=["devices"])
WRITE = allow("notifications.devices.write")


@router.post(
    "",
    response_model=DeviceOut,
    status_code=201,
    dependencies=[WRITE],
    responses={200: {"model": DeviceOut, "description": "The token was registered already"}},
)
async def register_device(body: DeviceRegister, response: Response, devices: Devices) -> Any:
    """Register a device for pushes; again is fine, and a token moves to its newest user."""
    device, is_new = await devices.register(body)
    if not is_new:
        response.status_code = 200
    return device


@router.delete("/{token}", status_code=204, dependencies=[WRITE], responses=problems(NotFound))
async def remove_device(
    token: Annotated[str, Path(max_length=1000, pattern=TOKEN)], devices: Devices
) -> None:
    """Send no more pushes to one of your devices."""
    await devices.remove(token)

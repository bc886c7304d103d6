"""The choice lists of notifications, for the gateway to merge."""

from fastapi import APIRouter

from libs.common.http.deps import internal
from services.notifications.announcements.kinds import KINDS, ChannelName
from services.notifications.deliveries.models import DeliveryStatus

router = APIRouter(prefix="/internal", include_in_schema=False, dependencies=[internal()])

_CHANNELS = {ChannelName.IN_APP: "In the app", ChannelName.EMAIL: "E-mail", ChannelName.PUSH: "Push"}


@router.get("/dropdown-options")
async def list_dropdown_options() -> dict[str, list[dict[str, str]]]:
    """Each category with its values and labels."""
    return {
        "notification_type": [{"value": kind.name, "label": kind.label} for kind in KINDS.values()],
        "notification_channel": [{"value": c.value, "label": label} for c, label in _CHANNELS.items()],
        "delivery_status": [{"value": s.value, "label": s.value.capitalize()} for s in DeliveryStatus],
    }

"""The HTTP side of preferences."""

from typing import Any

from fastapi import APIRouter

from libs.common.http.deps import allow
from services.notifications.deps import Preferences
from services.notifications.preferences.schemas import Settings, SettingsOut

router = APIRouter(prefix="/fcm/settings", tags=["settings"])
READ, WRITE = allow("notifications.settings.read"), allow("notifications.settings.write")


@router.get("", response_model=SettingsOut, dependencies=[READ])
async def get_notification_settings(preferences: Preferences) -> Any:
    """What you are told of in this business, over which channels, and your quiet hours."""
    return await preferences.get()


@router.put("", response_model=SettingsOut, dependencies=[WRITE])
async def replace_notification_settings(body: Settings, preferences: Preferences) -> Any:
    """Replace your choices; a type or channel that is left out is wanted."""
    return await preferences.put(body)

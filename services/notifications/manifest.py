"""The notifications service on one page."""

from pathlib import Path

from libs.common.runtime.service import Service
from services.notifications.db import MODELS, metadata
from services.notifications.settings import NotificationsSettings

SERVICE = Service(
    name="notifications",
    description="In-app inbox, e-mail, push, preferences and templates.",
    settings=NotificationsSettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
)

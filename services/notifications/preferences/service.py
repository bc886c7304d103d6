"""The rules of preferences."""

from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from services.notifications.announcements.kinds import KINDS
from services.notifications.own import own_user_id
from services.notifications.preferences.repository import PreferenceRepository
from services.notifications.preferences.schemas import Settings


class PreferenceService:
    """The choices of the acting user."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = PreferenceRepository(uow)

    @property
    def user_id(self) -> UUID:
        """Whose choices they are.

        Raises:
            PermissionDenied: the caller is no person.
        """
        return own_user_id(self.uow.actor, "settings", "notifications.settings.read")

    async def get(self) -> dict[str, Any]:
        """The choices in force."""
        row = (await self.rows.by_users([self.user_id])).get(self.user_id)
        types = {
            kind.name: {c: row is None or row.allows(kind.name, c) for c in kind.channels}
            for kind in KINDS.values()
            if not kind.is_asked_for
        }
        quiet = None
        if row is not None and row.quiet_start is not None:
            quiet = {"start": row.quiet_start, "end": row.quiet_end, "time_zone": row.time_zone}
        return {"types": types, "quiet_hours": quiet}

    async def put(self, body: Settings) -> dict[str, Any]:
        """Replace all choices."""
        off = {
            kind: {channel.value: False for channel, wanted in channels.items() if not wanted}
            for kind, channels in body.types.items()
        }
        quiet = body.quiet_hours
        await self.rows.put(
            self.user_id,
            {
                "channels": {kind: channels for kind, channels in off.items() if channels},
                "quiet_start": quiet.start if quiet else None,
                "quiet_end": quiet.end if quiet else None,
                "time_zone": quiet.time_zone if quiet else None,
            },
        )
        return await self.get()

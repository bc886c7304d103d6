"""Who has shown lately who he is: identity looks at its own sessions, and answers the other services."""

from typing import Any
from uuid import UUID

from fastapi import Depends

from libs.common.http.recent import RecentlyAuthenticated
from libs.common.runtime.context import ServiceContext
from services.identity.sessions.service import SessionService


class RecentHere(RecentlyAuthenticated):
    """The same demand where the sessions are."""

    async def is_recent(self, context: ServiceContext, session_id: UUID) -> bool:
        """Look at the session."""
        async with context.unit_of_work(platform=True) as uow:
            return await SessionService(uow).is_recent(session_id)


def recently_authenticated() -> Any:
    """A dependency: the person must have signed in, or reauthenticated, lately."""
    return Depends(RecentHere())

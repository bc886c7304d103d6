"""What is risky asks for a person who has shown lately who he is: a stolen session alone must not do it."""

from datetime import datetime, timedelta
from typing import Any

from fastapi import Depends, Request

from libs.common.actor import ActorKind
from libs.common.http.deps import actor_of, context_of
from services.identity.auth.errors import ReauthenticationRequired
from services.identity.sessions.models import Session
from services.identity.sessions.repository import SessionRepository


def proven_at(session: Session) -> datetime:
    """When the person of a session last showed who he is."""
    return session.authenticated_at or session.created_at


class RecentlyAuthenticated:
    """Demands it of people with a session. Keys have none; what they open was decided when they were made."""

    async def __call__(self, request: Request) -> None:
        """Let the request pass.

        Raises:
            ReauthenticationRequired: it is too long ago.
        """
        actor, context = actor_of(request), context_of(request)
        if actor.kind is not ActorKind.USER or actor.key_id is not None:
            return
        async with context.unit_of_work(platform=True) as uow:
            session = await SessionRepository(uow).get(actor.session_id) if actor.session_id else None
            limit = uow.now - timedelta(seconds=context.settings.reauthentication_seconds)
            if session is None or proven_at(session) < limit:
                raise ReauthenticationRequired


def recently_authenticated() -> Any:
    """A dependency: the person must have signed in, or reauthenticated, lately."""
    return Depends(RecentlyAuthenticated())

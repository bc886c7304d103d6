"""What is risky asks for a person who has shown lately who he is: a stolen session alone must not do it."""

from typing import Any
from uuid import UUID

from fastapi import Depends, Request

from libs.common.actor import ActorKind, system_actor
from libs.common.errors import ReauthenticationRequired
from libs.common.http.deps import actor_of, context_of
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import UpstreamProblem


class RecentlyAuthenticated:
    """Demands it of people with a session. Keys have none; what they open was decided when they were made."""

    async def __call__(self, request: Request) -> None:
        """Let the request pass.

        Raises:
            ReauthenticationRequired: it is too long ago.
        """
        actor = actor_of(request)
        if actor.kind is not ActorKind.USER or actor.key_id is not None:
            return
        if actor.session_id is None or not await self.is_recent(context_of(request), actor.session_id):
            raise ReauthenticationRequired

    async def is_recent(self, context: ServiceContext, session_id: UUID) -> bool:
        """Ask identity, since gateways may remember a person from before he showed it once more."""
        try:
            answer = await context.upstreams.call(
                "identity",
                "GET",
                f"/internal/sessions/{session_id}/recent",
                actor=system_actor(context.service.name),
            )
        except UpstreamProblem as problem:
            if problem.upstream_status == 404:
                # An identity of the release before, while processes are replaced: it has no such question.
                return True
            raise
        return bool(answer["is_recent"])


def recently_authenticated() -> Any:
    """A dependency: the person must have signed in, or reauthenticated, lately."""
    return Depends(RecentlyAuthenticated())

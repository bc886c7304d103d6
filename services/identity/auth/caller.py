"""Who calls, from where: what sign-in needs to know of a request beside its body."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from libs.common.actor import Actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.http.deps import Context, CurrentActor
from libs.common.runtime.context import ServiceContext

_MAX_USER_AGENT = 400


@dataclass(frozen=True, slots=True)
class Caller:
    """One request's caller.

    The flows of signing in are edges of their own: they keep no transaction open while a password is hashed, and
    a failed attempt is committed although the request ends in an error. So they open units of work here.
    """

    context: ServiceContext
    actor: Actor
    address: str
    user_agent: str | None = None
    request_id: str | None = None

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """A unit of work over all tenants on behalf of the caller, committed at the end of the block."""
        async with self.context.unit_of_work(self.actor, platform=True) as uow:
            uow.correlation_id = self.request_id
            yield uow


async def get_caller(request: Request, context: Context, actor: CurrentActor) -> Caller:
    """The caller of a request. The gateway is who sets `X-Forwarded-For`; its own word comes last."""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    peer = request.client.host if request.client else ""
    return Caller(
        context,
        actor,
        address=(forwarded or peer or "unknown")[:64],
        user_agent=(request.headers.get("user-agent") or "")[:_MAX_USER_AGENT] or None,
        request_id=request.headers.get("x-request-id"),
    )


CurrentCaller = Annotated[Caller, Depends(get_caller)]

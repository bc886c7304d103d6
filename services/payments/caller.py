"""The caller of a route that calls a provider: it opens several short transactions instead of holding one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from libs.common.actor import Actor, system_actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import TenantRequired
from libs.common.http.deps import Context, CurrentActor
from libs.common.runtime.context import ServiceContext


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and the service that is asked."""

    context: ServiceContext
    actor: Actor
    correlation_id: str | None = None

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """One transaction of the caller's, committed at the end of the block."""
        if self.actor.tenant_id is None:
            raise TenantRequired("Name the business with the X-Company-Id header.")
        async with self.context.unit_of_work(self.actor) as uow:
            uow.correlation_id = self.correlation_id
            yield uow

    @classmethod
    def of_job(cls, uow: UnitOfWork) -> "Caller":
        """The service itself, in the tenant of a job."""
        return cls(
            uow.context, system_actor(uow.context.service.name, uow.actor.tenant_id), uow.correlation_id
        )


async def get_caller(request: Request, context: Context, actor: CurrentActor) -> Caller:
    """The caller of this request."""
    return Caller(context, actor, request.headers.get("x-request-id"))


CurrentCaller = Annotated[Caller, Depends(get_caller)]

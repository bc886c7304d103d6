"""Timed work on host names: the proofs of those that lead somewhere are looked at again."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from libs.common.actor import system_actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.context import ServiceContext
from services.identity.domains.models import Domain
from services.identity.domains.schemas import Method
from services.identity.domains.service import DomainService, prove

# Looked at side by side, each with the time that one may take.
_BATCH = 20


def unwatched(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """Host names that were proven by the DNS, which nobody has looked at lately.

    A file is on the site of before, which a host name that leads here shows no more: those are proven for good.
    """
    since = now - timedelta(seconds=context.settings.domain_recheck_seconds)
    return select(Domain.id).where(
        Domain.verified_at.is_not(None), Domain.verified_by == Method.DNS, Domain.checked_at <= since
    )


async def look_at_proofs_again(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Look at some proofs; no transaction is open meanwhile, and each has one of its own after it."""
    context = uow.context
    async with context.unit_of_work(platform=True) as reading:
        since = unwatched(context, reading.now).with_only_columns(  # type: ignore[arg-type]
            Domain.tenant_id, Domain.id, Domain.host, Domain.token
        )
        found = (await reading.session.execute(since.order_by(Domain.checked_at).limit(_BATCH))).all()
    proofs = context.resources["proofs"]
    shown = await asyncio.gather(*(prove(proofs, row.host, row.token, Method.DNS) for row in found))
    for row, method in zip(found, shown, strict=True):
        async with context.unit_of_work(system_actor("identity", row.tenant_id)) as one:
            service = DomainService(one)
            domain = await service.rows.get(row.id, lock=True)
            if domain is not None:
                await service.looked_again(domain, row.host, method is not None)

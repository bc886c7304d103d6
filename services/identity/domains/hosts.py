"""Which business a host name leads to, for flows that begin before anybody is known."""

from uuid import UUID

from sqlalchemy import select

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.domains.models import Domain


async def tenant_at(uow: UnitOfWork, host: str) -> UUID | None:
    """The business at a host name of its own, in the platform scope."""
    return await uow.session.scalar(select(Domain.tenant_id).where(Domain.host == host))

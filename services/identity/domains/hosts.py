"""Which business a host name leads to, for flows that begin before anybody is known."""

from uuid import UUID

from sqlalchemy import select

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.domains.models import Domain


async def tenant_at(uow: UnitOfWork, host: str) -> UUID | None:
    """The business at a host name that it has proven to be its own, in the platform scope."""
    statement = select(Domain.tenant_id).where(Domain.host == host, Domain.verified_at.is_not(None))
    return await uow.session.scalar(statement)

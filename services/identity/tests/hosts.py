"""Host names that businesses have proven to be theirs."""

from uuid import UUID

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from services.identity.domains.models import Domain


async def proven_host(context: ServiceContext, tenant_id: UUID, *, is_proven: bool = True) -> str:
    """A host name of a business; one that is not proven is a mere claim."""
    host = f"shop-{new_id().hex}.example"
    async with context.unit_of_work(platform=True) as uow:
        now = uow.now
        uow.session.add(
            Domain(tenant_id=tenant_id, host=host, token="t", verified_at=now if is_proven else None)
        )
    return host

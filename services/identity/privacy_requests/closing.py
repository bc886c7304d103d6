"""Has all services erase what a business has that closed long ago."""

from datetime import timedelta
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.common.runtime.registry import NAMES
from services.identity.privacy_requests.models import (
    PrivacyReceipt,
    PrivacyRequest,
    RequestKind,
    RequestStatus,
)

# What is still on its way by then has arrived, and goes with the rest.
_SETTLED = timedelta(minutes=10)


async def ask_all(uow: UnitOfWork, company_id: UUID) -> None:
    """Begin a request about the business, with a receipt for each service; in the platform scope.

    The row of the business is to be locked, so that there is one request.
    """
    request = PrivacyRequest(
        tenant_id=company_id,
        id=new_id(),
        kind=RequestKind.CLOSING,
        status=RequestStatus.RUNNING,
        email="",
        reason="closed",
        next_try_at=uow.now + _SETTLED,
    )
    uow.session.add(request)
    await uow.session.flush()
    uow.session.add_all(
        PrivacyReceipt(tenant_id=company_id, id=new_id(), request_id=request.id, service=name)
        for name in NAMES
    )

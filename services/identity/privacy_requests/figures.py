"""Whether privacy requests are answered, for `/metrics`."""

from datetime import timedelta

from prometheus_client import Gauge
from sqlalchemy import func, select

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.privacy_requests.models import PrivacyRequest, RequestKind, RequestStatus

# A service that is away for a while, or much to erase, is no fault.
LATE = timedelta(hours=1)
_OPEN = (RequestStatus.PENDING, RequestStatus.RUNNING)

requests_late = Gauge(
    "pillars_privacy_requests_late",
    "Exports, erasures and erasures of closed businesses that were asked for over an hour ago and are not complete",
    ["kind"],
)


async def measure_requests(uow: UnitOfWork) -> None:
    """Count the requests that wait for some service for long; in the platform scope."""
    late = (
        select(PrivacyRequest.kind, func.count(PrivacyRequest.id))
        .where(PrivacyRequest.status.in_(_OPEN), PrivacyRequest.created_at <= uow.now - LATE)
        .group_by(PrivacyRequest.kind)
    )
    found = {row[0]: row[1] for row in await uow.session.execute(late)}
    for kind in RequestKind:
        requests_late.labels(kind.value).set(found.get(kind.value, 0))

"""Whether subscriptions are billed in time, for `/metrics`."""

from datetime import timedelta

from prometheus_client import Gauge
from sqlalchemy import func, select

from libs.common.db.unit_of_work import UnitOfWork
from services.payments.subscriptions.models import Subscription
from services.payments.subscriptions.repository import is_stopped
from services.payments.subscriptions.schedule import AGAIN

LATE = timedelta(minutes=15)

subscriptions_late = Gauge(
    "pillars_subscriptions_late", "Subscriptions whose period should have been billed minutes ago"
)


async def measure_billing(uow: UnitOfWork) -> None:
    """Count the subscriptions that are billed late; in the platform scope. Those of businesses at rest are not late."""
    late = select(func.count(Subscription.id)).where(
        # The sweep puts off what it hands to a job: the index of `due_at` leads to all that may be late.
        Subscription.due_at <= uow.now + AGAIN,
        Subscription.next_billing_at <= uow.now - LATE,
        Subscription.deleted_at.is_(None),
        ~is_stopped(),
    )
    subscriptions_late.set(await uow.session.scalar(late) or 0)

"""What those who run a business are told of its figures."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.analytics import AnomalyDetected
from libs.contracts.values import Money
from services.notifications.announcements.handlers.audience import shop_staff
from services.notifications.announcements.service import About, Announcer

# Those of the roles from the start that may see figures.
_MAY_SEE = ("owner", "admin", "manager", "superadmin", "staff-admin", "staff")
_MONEY = {"revenue", "average_order_value"}


async def on_anomaly_detected(event: AnomalyDetected, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell those who may see figures that one was far from likely."""
    variables = {
        "anomaly": {
            "metric": event.metric,
            "name": event.metric.replace("_", " ").capitalize(),
            "product": event.product_name,
            "day": event.day.isoformat(),
            "direction": event.direction,
            "observed": _figure(event, event.observed),
            "expected": _figure(event, event.expected),
        }
    }
    about = About("anomaly", event.anomaly_id, f"/insight-analytics/anomalies/{event.anomaly_id}")
    told = await shop_staff(uow, envelope, *_MAY_SEE)
    await Announcer(uow).tell("anomaly_detected", told, variables, key=str(envelope.id), about=about)


def _figure(event: AnomalyDetected, value: float) -> str:
    if event.metric in _MONEY:
        return str(Money(amount=round(value), currency=event.currency))
    return f"{value:.1%}" if event.metric == "refund_rate" else f"{value:.0f}"

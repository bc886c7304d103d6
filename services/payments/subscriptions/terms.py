"""What a subscription is sold for, as a value: it is compared, kept until a period ends, and applied."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.money import Money
from services.payments.subscription_plans.repository import SubscriptionPlanRepository
from services.payments.subscription_plans.schemas import PlanTerms
from services.payments.subscriptions.errors import PlanNotForSale
from services.payments.subscriptions.models import Subscription
from services.payments.subscriptions.periods import check_length


@dataclass(frozen=True, slots=True)
class Terms:
    """The price of one unit for a period, the length of a period, and how many units."""

    plan_id: UUID | None
    plan_name: str
    amount_minor: int
    currency: str
    interval: str
    interval_count: int
    quantity: int

    @classmethod
    def of(cls, subscription: Subscription) -> "Terms":
        """What a subscription is sold for now."""
        return cls(*(getattr(subscription, name) for name in cls.__slots__))

    @classmethod
    def kept(cls, stored: dict[str, Any]) -> "Terms":
        """What `to_json` made."""
        amount = stored["amount"]
        plan_id = stored["plan_id"]
        return cls(
            UUID(plan_id) if plan_id else None,
            stored["plan_name"],
            amount["amount"],
            amount["currency"],
            stored["interval"],
            stored["interval_count"],
            stored["quantity"],
        )

    def to_json(self) -> dict[str, Any]:
        """A form that a row can keep, and that is shown as it is."""
        return {
            "plan_id": str(self.plan_id) if self.plan_id else None,
            "plan_name": self.plan_name,
            "amount": {"amount": self.amount_minor, "currency": self.currency},
            "interval": self.interval,
            "interval_count": self.interval_count,
            "quantity": self.quantity,
        }

    def apply_to(self, subscription: Subscription) -> None:
        """Have a subscription sold for this from now on."""
        for name, value in asdict(self).items():
            setattr(subscription, name, value)

    @property
    def price(self) -> int:
        """What a whole period costs before tax, in minor units."""
        return self.amount_minor * self.quantity

    @property
    def amount(self) -> Money:
        """What a whole period costs before tax."""
        return Money(amount=self.price, currency=self.currency)

    @property
    def length(self) -> tuple[str, int]:
        """How long a period is."""
        return self.interval, self.interval_count


async def offered(
    uow: UnitOfWork, plan_id: UUID | None, plan: PlanTerms | None, quantity: int
) -> tuple[Terms, int]:
    """What a body asks for, by a plan or by terms of its own, and the days of trial.

    Raises:
        PlanNotForSale: there is no such plan, or nothing is sold by it; or not exactly one of both was named.
    """
    if (plan_id is None) == (plan is None):
        raise PlanNotForSale.of("plan_id", "name either plan_id or plan", "either")
    if plan is not None:
        check_length(plan.interval, plan.interval_count)
        price, length = plan.amount, (str(plan.interval), plan.interval_count)
        return Terms(None, plan.name, price.amount, price.currency, *length, quantity), plan.trial_days
    found = await SubscriptionPlanRepository(uow).get(plan_id) if plan_id else None
    if found is None or not found.is_active:
        raise PlanNotForSale.of("plan_id", "is no plan that is sold", "unknown")
    length = found.interval, found.interval_count
    terms = Terms(found.id, found.name, found.amount_minor, found.currency, *length, quantity)
    return terms, found.trial_days

"""The rules of subscription plans."""

from typing import Any

from libs.common.resource import ResourceService
from services.payments.subscription_plans.models import SubscriptionPlan
from services.payments.subscription_plans.repository import SubscriptionPlanRepository
from services.payments.subscriptions.periods import check_length


class SubscriptionPlanService(ResourceService[SubscriptionPlan]):
    """What subscriptions are sold by. Each copies its plan, so plans may be changed and removed freely."""

    repository = SubscriptionPlanRepository
    noun = "subscription plan"

    async def prepare(self, values: dict[str, Any], row: SubscriptionPlan | None) -> dict[str, Any]:
        """Keep the price in its columns, and the period within bounds."""
        values = dict(values)
        if "amount" in values:
            amount = values.pop("amount")
            values |= {"amount_minor": amount["amount"], "currency": amount["currency"]}
        known = {name: getattr(row, name) for name in ("interval", "interval_count")} if row else {}
        known |= values
        check_length(str(known["interval"]), known["interval_count"])
        if "interval" in values:
            values["interval"] = str(values["interval"])
        return values

"""All SQL of subscription plans."""

from sqlalchemy import Select

from libs.common.db.repository import Repository
from services.payments.ownership import is_customer
from services.payments.subscription_plans.models import SubscriptionPlan


class SubscriptionPlanRepository(Repository[SubscriptionPlan]):
    """The plans of one tenant; to a customer, those that are sold."""

    model = SubscriptionPlan

    @property
    def is_narrowed(self) -> bool:
        """Whether the actor sees some of the rows only."""
        return is_customer(self.uow.actor)

    def select(self) -> Select[SubscriptionPlan]:
        """The plans the actor may see."""
        statement = super().select()
        if is_customer(self.uow.actor):
            statement = statement.where(SubscriptionPlan.is_active)
        return statement

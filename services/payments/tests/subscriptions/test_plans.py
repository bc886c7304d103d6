"""Plans that subscriptions are sold by."""

from libs.common.testing.resource_suite import ResourceSuite
from services.payments.tests.subscriptions.sold import PLAN, zar


class TestPlans(ResourceSuite):
    path = "/subscriptions/plans"
    permission = "payments.subscriptions"
    create = PLAN
    changes = {"name": "Пачка раз в неделю", "amount": zar(25_000), "interval": "week", "trial_days": 7}
    emptied = "description"
    needs_active = True
    invalid = (
        {"amount": zar(-1)},
        {"amount": 100},
        {"amount": {"amount": 1.5, "currency": "ZAR"}},
        {"interval": "fortnight"},
        {"interval": "year", "interval_count": 6},
        {"interval_count": 0},
        {"trial_days": -1},
    )

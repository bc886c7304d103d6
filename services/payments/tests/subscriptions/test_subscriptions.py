"""Subscriptions as a resource."""

from libs.common.testing.resource_suite import ResourceSuite
from services.payments.tests.subscriptions.sold import CUSTOMER, zar


class TestSubscriptions(ResourceSuite):
    path = "/subscriptions"
    permission = "payments.subscriptions"
    create = {
        "customer": CUSTOMER,
        "plan": {"name": "Beans", "amount": zar(30_000), "interval": "month"},
        "quantity": 2,
        "starts_at": "2030-01-31T08:00:00Z",
        "due_days": 7,
        "notes": "By the door",
    }
    changes = {"customer": {**CUSTOMER, "name": "Айгүл Ёлкина"}, "notes": "Ring twice", "due_days": 0}
    emptied = "notes"
    required = "customer"
    needs_active = True
    invalid = (
        {"customer": {"name": "x"}},
        {"plan": None},
        {"quantity": 0},
        {"quantity": 1.5},
        {"starts_at": "2001-01-01T00:00:00Z"},
        {"starts_at": "2030-01-01"},
        {"trial_days": -1},
        {"tax_rate_ppm": 1_000_001},
        {"dunning": {"reminder_days": [7, 3], "final_days": 21, "then": "cancel"}},
        {"dunning": {"reminder_days": [30], "final_days": 21, "then": "cancel"}},
        {"dunning": {"reminder_days": [], "final_days": 21, "then": "forgive"}},
        {"plan": {"name": "x", "amount": zar(1), "interval": "year", "interval_count": 6}},
    )

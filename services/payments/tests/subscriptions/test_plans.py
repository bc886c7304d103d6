"""Plans that subscriptions are sold by."""

from libs.common.testing.resource_suite import ResourceSuite
from services.payments.tests.subscriptions.sold import CUSTOMER, PLAN, Seller, zar


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


async def test_nothing_is_sold_by_a_plan_that_is_not_active_or_is_gone(seller: Seller) -> None:
    sold = await seller.sell()
    made = (await seller.client.post("/subscriptions/plans", json={**PLAN, "is_active": False})).json()
    wanted = {"customer": CUSTOMER, "plan_id": made["id"]}

    for _ in range(2):
        answers = [
            await seller.client.post("/subscriptions", json=wanted),
            await seller.client.post(f"/subscriptions/{sold['id']}/change", json={"plan_id": made["id"]}),
        ]
        assert [(one.status_code, one.json()["slug"]) for one in answers] == [(422, "plan-not-for-sale")] * 2
        await seller.client.delete(f"/subscriptions/plans/{made['id']}")

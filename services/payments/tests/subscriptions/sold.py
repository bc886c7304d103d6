"""Bodies of subscriptions, and the steps that many tests begin with."""

from datetime import UTC, datetime
from typing import Any

from libs.common.clock import ManualClock
from libs.common.ids import new_id
from libs.common.messaging.event import Event
from libs.common.testing.events import emitted
from services.payments.subscriptions.repository import SubscriptionRepository
from services.payments.tests.shop import Shop


def zar(amount: int) -> dict[str, Any]:
    """Rand cents."""
    return {"amount": amount, "currency": "ZAR"}


PLAN: dict[str, Any] = {
    "name": "Beans every month",
    "description": "A kilo of beans",
    "amount": zar(30_000),
    "interval": "month",
}
CUSTOMER = {"name": "Thandi Nkosi", "email": "thandi@example.com", "user_id": None}


class Seller:
    """A business that sells subscriptions, and the time that passes for it."""

    def __init__(self, shop: Shop, clock: ManualClock) -> None:
        self.shop, self.clock, self.client, self.context = shop, clock, shop.client, shop.context

    async def sell(self, amount: int = 30_000, **fields: Any) -> dict[str, Any]:
        """A subscription, monthly unless told otherwise."""
        terms = {k: fields.pop(k) for k in ("interval", "interval_count", "trial_days") if k in fields}
        plan = {"name": "Beans", "amount": zar(amount), "interval": "month", **terms}
        body = {"customer": CUSTOMER, "plan": plan, **fields}
        response = await self.client.post("/subscriptions", json=body)
        assert response.status_code == 201, response.text
        return response.json()

    async def get(self, sold: dict[str, Any]) -> dict[str, Any]:
        """A subscription as it is now."""
        return (await self.client.get(f"/subscriptions/{sold['id']}")).json()

    async def do(self, sold: dict[str, Any], verb: str, status: int = 200, **body: Any) -> dict[str, Any]:
        """Do something to a subscription."""
        response = await self.client.post(f"/subscriptions/{sold['id']}/{verb}", json=body)
        assert response.status_code == status, response.text
        return response.json()

    async def invoices(self, sold: dict[str, Any]) -> list[dict[str, Any]]:
        """Its invoices, oldest first."""
        found = await self.shop.list(f"/subscriptions/{sold['id']}/invoices", order="created_at", limit=200)
        return sorted(found, key=lambda one: one["number"])

    async def pay(self, invoice: dict[str, Any], amount: int | None = None) -> None:
        """Record that money came in for an invoice."""
        body: dict[str, Any] = {"method": "cash"} | ({"amount": zar(amount)} if amount else {})
        response = await self.client.post(
            f"/invoices/{invoice['id']}/pay", json=body, headers={"Idempotency-Key": str(new_id())}
        )
        assert response.status_code == 200, response.text

    async def at(self, *when: int) -> None:
        """Let it be this day at noon, and let the work that is due by then be done."""
        now, then = self.clock.now(), datetime(*when, 12, tzinfo=UTC)  # type: ignore[misc,arg-type]
        self.clock.advance(seconds=(then - now).total_seconds())
        await self.work()

    async def work(self) -> None:
        """Let the sweep find what is due, and the jobs do it."""
        for _ in range(20):
            await self.shop.work()
            self.clock.advance(seconds=16)
            if not await self._is_due():
                return
        raise AssertionError("something is due for ever")

    async def _is_due(self) -> bool:
        async with self.context.unit_of_work(platform=True) as uow:
            return bool(await SubscriptionRepository(uow).due(uow.now, 1))

    async def told(self, kind: type[Event]) -> list[dict[str, Any]]:
        """What was told, oldest first."""
        return [one.data for one in await emitted(self.context, self.shop.tenant_id, kind)]

"""A business that can be paid: the steps that many tests begin with."""

from typing import Any
from uuid import UUID

import httpx

from libs.common.ids import new_id
from libs.common.jobs.runner import JobRunner
from libs.common.messaging.broker import Verdict
from libs.common.testing.client import Client
from libs.common.testing.events import deliver
from services.payments.tests.orders_app import OrdersApp, order_paid


class Shop:
    """One tenant with its client and its orders."""

    def __init__(self, client: Client, orders: OrdersApp, tenant_id: UUID) -> None:
        self.client = client
        self.context = client.context
        self.orders = orders
        self.tenant_id = tenant_id

    async def account(self, **fields: Any) -> dict[str, Any]:
        """A payment account, of the sandbox unless told otherwise."""
        body = {"provider": "sandbox", "name": "Cards", "currency": "ZAR", **fields}
        response = await self.client.post("/payment-accounts", json=body)
        assert response.status_code == 201, response.text
        return response.json()

    async def start(self, order: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Start paying an order."""
        response = await self.client.post("/payments/checkouts", json={"order_id": order["id"], **fields})
        assert response.status_code == 201, response.text
        return response.json()

    async def press(self, checkout: dict[str, Any], outcome: str = "success") -> httpx.Response:
        """Press a button of the payment page."""
        path = checkout["redirect_url"].partition("/api/v1")[2]
        return await self.client.acting(self.client.actor).post(path, data={"outcome": outcome})

    async def work(self) -> None:
        """Run the jobs that are due: webhooks are sent, taken and processed."""
        await JobRunner(self.context).run_due()

    async def payment(self, payment_id: str) -> dict[str, Any]:
        """A payment."""
        return (await self.client.get(f"/payments/{payment_id}")).json()

    async def paid(self, total: int = 45_000, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """An order that was paid, and its payment."""
        order = self.orders.place(self.tenant_id, total, **fields)
        checkout = await self.start(order)
        await self.press(checkout)
        await self.work()
        payment = await self.payment(checkout["payment_id"])
        assert payment["status"] == "succeeded", payment
        return order, payment

    async def invoiced(
        self, total: int = 45_000, *, line_tax_included: int | None = None, **fields: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """An order that was paid and invoiced, and its payment."""
        order, payment = await self.paid(total, **fields)
        event = order_paid(order, payment["id"], line_tax_included=line_tax_included)
        verdicts = await deliver(self.context, event, self.tenant_id)
        assert verdicts == [Verdict.DONE]
        return order, payment

    async def refund(
        self, payment_id: str, amount: int | None = None, *, key: str | None = None, currency: str = "ZAR"
    ) -> httpx.Response:
        """Give money back."""
        body: dict[str, Any] = {"reason": "Arrived broken"}
        if amount is not None:
            body["amount"] = {"amount": amount, "currency": currency}
        return await self.client.post(
            f"/payments/{payment_id}/refund", json=body, headers={"Idempotency-Key": key or str(new_id())}
        )

    async def list(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """The first page of a list."""
        response = await self.client.get(path, params=params)
        assert response.status_code == 200, response.text
        return response.json()["items"]

    async def balances(self) -> dict[str, int]:
        """The balance of every ledger account by its code."""
        return {a["code"]: a["balance"]["amount"] for a in await self.list("/ledger/accounts")}

"""Steps that many tests of orders begin with."""

from typing import Any
from uuid import UUID

import httpx

from libs.common.actor import Actor
from libs.common.clock import ManualClock
from libs.common.ids import new_id
from libs.common.jobs.job import JobFunction
from libs.common.messaging.broker import Verdict
from libs.common.money import Money
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver
from libs.contracts.payments import PaymentSucceeded
from services.orders.tests.catalog_app import Shelf

GUEST = ("orders.carts.*", "orders.shipping_methods.read")
CLIENT = (*GUEST, "orders.orders.read")
ADDRESS = {"name": "Nomsa Dlamini", "line1": "12 Long Street", "city": "Cape Town", "country": "ZA"}
Json = dict[str, Any]


def zar(amount: int) -> Json:
    """Rand cents as the API writes them."""
    return {"amount": amount, "currency": "ZAR"}


def customer(tenant_id: UUID) -> Actor:
    """A signed-in client of a shop."""
    return user(tenant_id, *CLIENT, roles=("client",), email="buyer@example.com", name="Thabo Buyer")


class Shop:
    """A business with its catalog; `client` acts as its owner, `guest` as an anonymous shopper."""

    def __init__(self, context: ServiceContext, clock: ManualClock, shelf: Shelf, tenant_id: UUID) -> None:
        self.context = context
        self.clock = clock
        self.shelf = shelf
        self.tenant_id = tenant_id
        self.client = Client(context, user(tenant_id))
        self.guest = self.client.acting(guest(tenant_id, *GUEST))

    async def method(self, amount: int = 5000, **rate: Any) -> str:
        """A shipping method; its id."""
        rates = [{"name": "Standard", "amount": zar(amount), **rate}]
        body = {"provider": "table", "name": "Own delivery", "rates": rates}
        return ok(await self.client.post("/shipping/accounts", json=body), 201)["rates"][0]["id"]

    async def cart(self, client: Client | None = None, **fields: Any) -> Json:
        """An empty cart of this client (the owner unless another is named)."""
        return ok(await (client or self.client).post("/carts", json={"currency": "ZAR", **fields}), 201)

    async def ready(
        self, *lines: tuple[str, int], client: Client | None = None, method: str | None = None
    ) -> Json:
        """A cart that can be checked out, holding these variants (two of a new one unless some are named)."""
        client = client or self.client
        cart = await self.cart(client)
        headers, path = token(cart), f"/carts/{cart['id']}"
        for variant_id, quantity in lines or ((self.shelf.add(), 2),):
            body = {"variant_id": variant_id, "quantity": quantity}
            ok(await client.post(f"{path}/items", json=body, headers=headers), 201)
        ok(await client.put(f"{path}/address", json=ADDRESS, headers=headers))
        chosen = {"method_id": method or await self.method()}
        shown = ok(await client.put(f"{path}/shipping", json=chosen, headers=headers))
        return {**shown, "token": cart["token"]}

    async def check_out(
        self, cart: Json, client: Client | None = None, *, key: str | None = None, **body: Any
    ) -> httpx.Response:
        """Check a cart out."""
        return await (client or self.client).post(
            f"/carts/{cart['id']}/checkout",
            json={"email": "buyer@example.com", **body},
            headers={**token(cart), "Idempotency-Key": key or str(new_id())},
        )

    async def placed(self, *lines: tuple[str, int], client: Client | None = None) -> Json:
        """A placed order."""
        return ok(await self.check_out(await self.ready(*lines, client=client), client), 201)

    async def paid(self, *lines: tuple[str, int]) -> Json:
        """A paid order."""
        order = await self.placed(*lines)
        assert await self.pay(order) == [Verdict.DONE]
        return await self.order(order)

    async def pay(
        self, order: Json, *, payment_id: UUID | None = None, amount: int | None = None
    ) -> list[Verdict]:
        """Hand over that a payment for an order went through."""
        event = PaymentSucceeded(
            payment_id=payment_id or new_id(),
            order_id=UUID(order["id"]),
            amount=Money(**zar(order["totals"]["total"]["amount"] if amount is None else amount)),
            provider="sandbox",
            succeeded_at=self.clock.now(),
        )
        return await deliver(self.context, event, self.tenant_id)

    async def order(self, order: Json) -> Json:
        """An order as it is now."""
        return ok(await self.client.get(f"/orders/{order['id']}"))

    async def timeline(self, order: Json) -> list[Json]:
        """The timeline of an order."""
        return ok(await self.client.get(f"/orders/{order['id']}/timeline"))["items"]

    async def run(self, job: JobFunction) -> None:
        """Run a timed job once."""
        async with self.context.unit_of_work(platform=True) as uow:
            await job(uow, {})


def token(cart: Json) -> dict[str, str]:
    """The header that opens a guest's cart."""
    return {"X-Cart-Token": cart["token"]} if cart.get("token") else {}


def ok(response: httpx.Response, status: int = 200) -> Json:
    """The body of a response with the status expected."""
    assert response.status_code == status, response.text
    return response.json()


def refused(response: httpx.Response, status: int, slug: str) -> Json:
    """The problem of a response with the status and slug expected."""
    body = ok(response, status)
    assert body["slug"] == slug, body
    return body

"""A small stand-in for the orders service: it answers what payments asks of it."""

from typing import Any
from uuid import UUID

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from libs.common.ids import new_id
from libs.contracts.orders import OrderPaid, Totals
from libs.contracts.values import Address, Money, OrderLine


class OrdersApp:
    """Orders by id, as an ASGI app."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.calls = 0
        self._app = Starlette(routes=[Route("/internal/orders/{order_id}", self._get)])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    def place(
        self,
        tenant_id: UUID,
        total: int = 45_000,
        *,
        currency: str = "ZAR",
        shipping: int = 5_000,
        tax: int = 0,
        discount: int = 0,
        tax_included: int | None = 0,
        **fields: Any,
    ) -> dict[str, Any]:
        """Place an order that waits to be paid; with None for `tax_included`, as release 0.1.0 tells of one."""
        order_id, goods = new_id(), total - shipping - tax
        amounts = {
            "subtotal": goods + discount,
            "discount": discount,
            "shipping": shipping,
            "tax": tax,
            **({} if tax_included is None else {"tax_included": tax_included}),
            "total": total,
        }
        order = {
            "id": str(order_id),
            "tenant_id": str(tenant_id),
            "number": f"ORD-{order_id.hex[-6:]}",
            "status": "placed",
            "email": "buyer@example.com",
            "customer_user_id": None,
            "customer_name": "Thandi Nkosi",
            "currency": currency,
            "totals": {k: {"amount": v, "currency": currency} for k, v in amounts.items()},
            "reserved_until": "2099-01-01T00:00:00Z",
            "lines": [],
            **fields,
        }
        self.orders[order["id"]] = order
        return order

    async def _get(self, request: Request) -> Response:
        self.calls += 1
        order = self.orders.get(request.path_params["order_id"])
        if order is None:
            problem = {"slug": "not-found", "title": "Not found", "status": 404}
            return Response(orjson.dumps(problem), status_code=404, media_type="application/problem+json")
        return Response(orjson.dumps(order), media_type="application/json")


def order_paid(
    order: dict[str, Any], payment_id: UUID | str, *, line_tax_included: int | None = None, **changes: Any
) -> OrderPaid:
    """What the orders service says once the order is paid; its line tells of the tax it contains where that is given."""
    totals = Totals.model_validate(order["totals"])
    line = OrderLine(
        line_id=new_id(),
        variant_id=new_id(),
        product_id=new_id(),
        sku="SHIRT-L",
        name="Shirt, large",
        quantity=1,
        unit_price=totals.subtotal,
        discount=totals.discount,
        tax_included=Money.of(line_tax_included, order["currency"]),
        total=totals.subtotal - totals.discount,
    )
    fields: dict[str, Any] = {
        "order_id": order["id"],
        "number": order["number"],
        "email": order["email"],
        "customer_user_id": order["customer_user_id"],
        "customer_name": order["customer_name"],
        "lines": [line],
        "totals": totals,
        "shipping_address": Address(line1="1 Long Street", city="Cape Town", country="ZA"),
        "payment_id": payment_id,
        "paid_at": "2026-11-20T10:00:00Z",
    }
    return OrderPaid.model_validate({**fields, **changes})

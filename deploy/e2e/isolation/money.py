"""Orders, payments, invoices, and what they are charged by."""

from typing import Any

from deploy.e2e.isolation.acting import Acting


class Money(Acting):
    """A part of `Business`."""

    async def _money(self) -> None:
        tax = await self.make(
            "/tax-rates",
            {"name": "VAT", "country": "ZA", "tax_class": self.unique()[-20:], "rate_ppm": 150000},
        )
        shipping = await self.make(
            "/shipping/accounts",
            {
                "provider": "table",
                "name": "A van",
                "rates": [{"name": "Slow", "amount": {"amount": 4900, "currency": "ZAR"}}],
            },
        )
        account = await self.make(
            "/payment-accounts",
            {
                "provider": "bank_transfer",
                "name": "A bank",
                "currency": "ZAR",
                "is_active": "account_id" not in self.ids,
                "credentials": {
                    "account_holder": self.marker,
                    "bank": self.marker,
                    "account_number": "62000000001",
                },
            },
        )
        cart = await self.make("/carts", {"currency": "ZAR", "note": "Soon"})
        filled = await self.make(
            f"/carts/{cart['id']}/items", {"variant_id": self.ids["variant_id"], "quantity": 1}
        )
        order = await self.make(
            "/orders",
            {
                "email": f"{self.unique()}@example.com",
                "currency": "ZAR",
                "items": [{"variant_id": self.ids["variant_id"], "quantity": 5}],
                "customer_user_id": self.ids["customer_user_id"],
                "note": "By telephone",
                "address": {"line1": "3 Dock Road", "city": "Knysna", "postal_code": "6570", "country": "ZA"},
                "shipping_method_id": shipping["rates"][0]["id"],
            },
            headers={"Idempotency-Key": f"order-{self.unique()}"},
        )
        if "paid_order_id" not in self.ids:
            await self._pay(order)
        line = {"description": "Roasting", "quantity": 1, "unit_price": {"amount": 9900, "currency": "ZAR"}}
        invoice = await self.make(
            "/invoices",
            {
                "currency": "ZAR",
                "lines": [line],
                "customer_name": "A hotel",
                "email": f"{self.unique()}@example.com",
            },
            headers={"Idempotency-Key": f"invoice-{self.unique()}"},
        )
        if "invoice_id" not in self.ids:
            path = f"/invoices/{invoice['id']}"
            await self.make(f"{path}/finalize", None, 200)
            key = {"Idempotency-Key": f"pay-{self.unique()}"}
            await self.make(f"{path}/pay", {"method": "cash", "reference": "Till"}, 200, headers=key)
        plan = await self.make(
            "/subscriptions/plans",
            {"name": self.unique(), "amount": {"amount": 9900, "currency": "ZAR"}, "interval": "month"},
        )
        subscription = await self.make(
            "/subscriptions",
            {
                "customer": {"name": self.marker, "email": f"{self.unique()}@example.com"},
                "plan_id": plan["id"],
            },
            headers={"Idempotency-Key": f"subscription-{self.unique()}"},
        )
        if "subscription_id" not in self.ids:
            path = f"/subscriptions/{subscription['id']}"
            key = {"Idempotency-Key": f"change-{self.unique()}"}
            change = {"quantity": 2, "proration": "now"}
            await self.make(f"{path}/change", change, 200, headers=key)
        refund = await self.make(
            f"/payments/{self.payment}/refund",
            {"amount": {"amount": 1100, "currency": "ZAR"}, "reason": "Late"},
            headers={"Idempotency-Key": f"refund-{self.unique()}"},
        )
        shipments = await self.call("GET", f"/orders/{self.order['id']}/shipments", who=self.owner)
        self.ids |= {
            "tax_rate_id": tax["id"],
            "shipping_account_id": shipping["id"],
            "account_id": self.ids.get("account_id", account["id"]),
            "cart_id": cart["id"],
            "item_id": filled["items"][0]["id"],
            "order_id": self.order["id"],
            "open_order_id": order["id"],
            "line_id": shipments["items"][0]["items"][0]["line_id"],
            "shipment_id": shipments["items"][0]["id"],
            "invoice_id": invoice["id"],
            "refund_id": refund["id"],
            "subscription_plan_id": self.ids.get("subscription_plan_id", plan["id"]),
            "subscription_id": self.ids.get("subscription_id", subscription["id"]),
            "payment_id": self.payment,
            "shipping_method_id": shipping["rates"][0]["id"],
        }

    async def _pay(self, order: dict[str, Any]) -> None:
        """Pay an order on the provider's page; it waits to be sent then."""
        checkout = await self.make(
            "/payments/checkouts",
            {"order_id": order["id"]},
            headers={"Idempotency-Key": f"checkout-{self.unique()}"},
        )
        await self.http.post(checkout["redirect_url"], data={"outcome": "success"})
        await self.until(
            "payment",
            lambda: self.call("GET", f"/orders/{order['id']}", who=self.owner),
            lambda found: found["status"] != "placed",
        )
        self.ids |= {
            "paid_order_id": order["id"],
            "paid_line_id": order["items"][0]["line_id"],
            "paid_variant_id": order["items"][0]["variant_id"],
        }

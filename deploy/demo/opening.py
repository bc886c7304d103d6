"""The story of a business that sets up shop."""

from deploy.demo.teller import Teller


class Opening(Teller):
    """Step 4."""

    async def the_owner_sets_up_shop(self) -> None:
        """Step 4."""
        self.owner["X-Company-Id"] = self.company
        category = await self.until(
            "trading",
            lambda: self.call(
                "POST", "/categories", status=(201, 403), who=self.owner, json={"name": "Coffee"}
            ),
            lambda found: "id" in found,
        )
        product = await self.call(
            "POST",
            "/products",
            status=201,
            who=self.owner,
            json={
                "name": "House blend",
                "description": "Dark, with a note of rooibos.",
                "type": "goods",
                "category_id": category["id"],
                "status": "active",
                "variants": [
                    {
                        "sku": "HB-250",
                        "price": {"amount": 19900, "currency": "ZAR"},
                        "options": {"size": "250 g"},
                        "weight_g": 250,
                    }
                ],
            },
        )
        self.variant = product["variants"][0]["id"]
        stores = await self.until(
            "the default warehouse",
            lambda: self.call("GET", "/inventory/stores", who=self.owner),
            lambda page: len(page["items"]) == 1,
        )
        self.store = stores["items"][0]["id"]
        await self.call(
            "POST",
            "/inventory/adjustments",
            status=201,
            who=self.owner,
            json={
                "store_id": self.store,
                "variant_id": self.variant,
                "quantity_delta": 100,
                "reason": "opening",
            },
        )
        stock = await self.call(
            "GET", "/inventory/stock", who=self.owner, params={"variant_id": self.variant}
        )
        self.say(f"the owner sets up shop: {product['name']}, {stock['items'][0]['available']} in stock")
        await self.call(
            "POST",
            "/payment-accounts",
            status=201,
            who=self.owner,
            json={"provider": "sandbox", "name": "Sandbox", "currency": "ZAR"},
        )
        await self.call(
            "POST",
            "/shipping/accounts",
            status=201,
            who=self.owner,
            json={
                "provider": "table",
                "name": "Our van",
                "rates": [{"name": "Standard", "amount": {"amount": 6000, "currency": "ZAR"}}],
            },
        )
        self.say("… with a payment account and shipping rates")

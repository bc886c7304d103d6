"""Products and their stock."""

from deploy.e2e.isolation.acting import Acting


class Goods(Acting):
    """A part of `Business`."""

    async def _catalogue(self) -> None:
        category = await self.make("/categories", {"name": self.unique(), "description": "Kinds"})
        product = await self.make(
            "/products",
            {
                "name": "Filter blend",
                "description": "Light",
                "type": "goods",
                "status": "active",
                "category_id": category["id"],
                "media": [{"url": f"https://{self.marker}.example.com/{self.unique()}.png", "alt": "A bag"}],
                "variants": [{"sku": self.unique(), "price": {"amount": 17700, "currency": "ZAR"}}],
            },
        )
        variant = product["variants"][0]["id"]
        await self.make(
            f"/products/{product['id']}/variants", {"sku": self.unique(), "options": {"size": "1 kg"}}
        )
        await self.make(f"/variants/{variant}/prices", {"price": {"amount": 18800, "currency": "ZAR"}})
        store = await self.make(
            "/inventory/stores", {"name": "Annexe", "code": self.unique(), "address": "Here"}
        )
        stock = {"store_id": store["id"], "variant_id": variant}
        for path, change in {
            "adjustments": {**stock, "quantity_delta": 50, "reason": "opening"},
            "counts": {"store_id": store["id"], "lines": [{"variant_id": variant, "counted": 49}]},
            "transfers": {
                "from_store_id": store["id"],
                "to_store_id": self.store,
                "variant_id": variant,
                "quantity": 9,
            },
        }.items():
            key = {"Idempotency-Key": f"{path}-{self.unique()}"}
            await self.make(f"/inventory/{path}", change, headers=key)
        supplier = await self.make(
            "/suppliers",
            {"name": "Roasters", "code": self.unique(), "address": "There", "external_id": self.unique()},
        )
        self.ids |= {
            "supplier_id": supplier["id"],
            "category_id": category["id"],
            "parent_id": category["id"],
            "product_id": product["id"],
            "variant_id": variant,
            "store_id": store["id"],
            "from_store_id": store["id"],
            "to_store_id": store["id"],
        }

"""Where hostile bodies go: paths and examples with ids of things that are there."""

from typing import Any

import httpx

from deploy.e2e.conftest import Shop
from deploy.e2e.hostile.bodies import (
    Document,
    Operation,
)
from deploy.e2e.hostile.problems import NOBODY, patiently


class Target:
    """Paths and examples with ids of things that the shop has, so that requests get as deep as they can."""

    def __init__(self, client: httpx.AsyncClient, document: Document, shop: Shop) -> None:
        self.client = client
        self.document = document
        self.shop = shop
        self._first: dict[str, Any] = {}
        self._known: dict[str, Any] = {"currency": "ZAR", "country": "ZA", "variant_id": shop.variant}

    async def prepare(self) -> None:
        """Look up what examples refer to."""
        lists = {"category_id": "/categories", "product_id": "/products", "store_id": "/inventory/stores"}
        for name, path in {**lists, "pipeline_id": "/pipelines", "stage_id": "/stages"}.items():
            row = await self.first(f"/api/v1{path}")
            if row:
                self._known[name] = row["id"]

    async def first(self, path: str) -> dict[str, Any] | None:
        """The first row of a list, if it is one and has any."""
        if path not in self._first:
            response = await patiently(self.client, "GET", path, headers=self.shop.owner)
            items = response.json().get("items") if response.status_code == 200 else None
            self._first[path] = items[0] if isinstance(items, list) and items else None
        row: dict[str, Any] | None = self._first[path]
        return row

    async def path(self, template: str) -> str:
        """The path with the id of something that is there in place of each parameter."""
        path = ""
        for segment in template.strip("/").split("/"):
            if segment == "{tenant_id}":
                segment = self.shop.company
            elif segment.startswith("{"):
                row = await self.first(path) or {}
                segment = str(row.get("id") or row.get("user_id") or NOBODY)
            path += f"/{segment}"
        return path

    def example(self, operation: Operation) -> Any:
        """A body that fits."""
        return self.document.example(operation.schema, self._known.get)

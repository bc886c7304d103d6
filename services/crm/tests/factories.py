"""Rows for tests, made as a user would make them."""

from typing import Any
from uuid import UUID

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import deliver
from libs.contracts.identity import MemberAdded


def rand(amount: int, currency: str = "ZAR") -> dict[str, Any]:
    """Money in cents."""
    return {"amount": amount, "currency": currency}


def line(sku: str = "micro-sites", amount: int = 50_000, quantity: int = 1, currency: str = "ZAR") -> dict:
    """The body of a deal line."""
    return {"sku": sku, "name": sku.title(), "quantity": quantity, "unit_price": rand(amount, currency)}


class Crm:
    """Makes rows through a client."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        """POST, and expect success."""
        response = await self.client.post(path, json=body)
        assert response.status_code in (200, 201), response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def get(self, path: str, **params: Any) -> dict[str, Any]:
        """GET, and expect success."""
        response = await self.client.get(path, params=params)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def refused(self, status: int, slug: str, path: str, **body: Any) -> dict[str, Any]:
        """POST, and expect this problem."""
        response = await self.client.post(path, json=body)
        assert (response.status_code, response.json()["slug"]) == (status, slug), response.text
        problem: dict[str, Any] = response.json()
        return problem

    async def pipeline(self, name: str = "Test", *stages: str, **fields: Any) -> dict[str, Any]:
        """A pipeline with these open stages."""
        parts = [{"name": stage} for stage in stages or ("First", "Second")]
        return await self.post("/pipelines", name=name, stages=parts, **fields)

    async def deal(self, name: str = "Website", **fields: Any) -> dict[str, Any]:
        """A deal."""
        return await self.post("/deals", name=name, **fields)


async def add_member(
    context: ServiceContext, company_id: UUID, *roles: str, first_name: str = "Thandi", **fields: Any
) -> UUID:
    """A member of a business, as identity tells of one; the user's id."""
    user_id = fields.pop("user_id", None) or new_id()
    event = MemberAdded(
        company_id=company_id,
        user_id=user_id,
        email=f"{user_id}@example.com",
        first_name=first_name,
        last_name="Nkosi",
        roles=list(roles or ("staff",)),
    )
    await deliver(context, event, company_id)
    return user_id

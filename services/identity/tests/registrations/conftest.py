"""What the tests of registrations share: a desk of staff, products with rules of their own."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, envelope
from libs.contracts.crm import DealAmountChanged, DealLost, DealReopened, DealWon
from libs.contracts.values import Money
from services.identity.tests.outsiders import PASSWORD, Platform

HANDLERS = {
    DealWon: "identity.activate_tenant",
    DealLost: "identity.reject_registration",
    DealReopened: "identity.withdraw_approval",
    DealAmountChanged: "identity.note_worth_of_deal",
}


@dataclass
class Desk:
    """The operator's side: people who review, and the rules of one product that no other test has."""

    context: ServiceContext
    platform: Platform
    chief: Client
    product: str

    def reviewer(self, *permissions: str, user_id: UUID | None = None) -> Client:
        """Somebody who may decide."""
        given = permissions or ("identity.registrations.*",)
        actor = user(OPERATOR_TENANT_ID, *given, user_id=user_id or new_id(), roles=("staff",))
        return self.chief.acting(actor)

    async def hire(self, *roles: str) -> UUID:
        """Somebody who has an account among the staff."""
        body = {
            "email": self.platform.email(),
            "password": PASSWORD,
            "first_name": "S",
            "last_name": "T",
            "roles": list(roles or ("staff",)),
        }
        made = await self.chief.post("/users", json=body)
        assert made.status_code == 201, made.text
        return UUID(made.json()["id"])

    async def rule(self, **fields: Any) -> dict[str, Any]:
        """A rule of review for the product."""
        body = {"name": "A rule", "product": self.product, **fields}
        made = await self.chief.post("/registration-rules", json=body)
        assert made.status_code == 201, made.text
        return made.json()

    async def require(self, code: str, kind: str, **fields: Any) -> dict[str, Any]:
        """A requirement for the product."""
        body = {"code": code, "kind": kind, "label": code, "product": self.product, **fields}
        made = await self.chief.post("/registration-requirements", json=body)
        assert made.status_code == 201, made.text
        return made.json()

    async def apply(self, **changes: Any) -> Any:
        """A business that applies for the product."""
        return await self.platform.register(product=self.product, **changes)

    async def hear(self, kind: type[Any], made: Any, *, event: Any = None, **about: Any) -> Any:
        """Deliver what happened to the deal; the envelope."""
        fact = event or envelope(
            kind(
                deal_id=new_id(),
                name="Karoo",
                pipeline_id=new_id(),
                pipeline="Registrations",
                stage_id=new_id(),
                stage="New",
                amount=Money(amount=about.pop("amount", 0), currency="ZAR"),
                reason="because",
                registration_id=made.registration_id,
            ),
            OPERATOR_TENANT_ID,
            source="crm",
            **about,
        )
        assert await deliver(self.context, fact, handler=HANDLERS[kind]) == [Verdict.DONE]
        return fact

    async def step(self, who: Client, made: Any, verb: str, body: Any = None) -> httpx.Response:
        """A step of the review."""
        return await who.post(f"/registrations/{made.registration_id}/{verb}", json=body)

    async def shown(self, made: Any) -> dict[str, Any]:
        """The application as staff see it."""
        return (await self.chief.get(f"/registrations/{made.registration_id}")).json()

    async def kinds(self, made: Any, who: Client | None = None) -> list[str]:
        """What happened, oldest first."""
        path = f"/registrations/{made.registration_id}/timeline"
        found = (await (who or self.chief).get(path, params={"limit": 100})).json()
        return [entry["kind"] for entry in found["items"]][::-1]


@pytest.fixture
def desk(context: ServiceContext, platform: Platform) -> Desk:
    """A desk with a product of its own."""
    return Desk(context, platform, Client(context, user(OPERATOR_TENANT_ID)), f"sku-{new_id().hex}")


@pytest.fixture
def future_desk(later: ServiceContext, future: Platform) -> Desk:
    """The same on a clock that the test moves."""
    return Desk(later, future, Client(later, user(OPERATOR_TENANT_ID)), f"sku-{new_id().hex}")

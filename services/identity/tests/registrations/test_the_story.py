"""The registration story, at the level of this service."""

from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.events import deliver, emitted
from libs.contracts.crm import DealWon
from libs.contracts.identity import (
    MemberAdded,
    RegistrationSubmitted,
    TenantActivated,
)
from libs.contracts.values import Money


def deal(kind: type[Any], registration_id: UUID, **changes: Any) -> Any:
    """A deal in the operator's pipeline."""
    fields = {
        "deal_id": new_id(),
        "name": "Karoo Coffee",
        "pipeline_id": new_id(),
        "pipeline": "Registrations",
        "amount": Money(amount=0, currency="ZAR"),
        "reason": "why",
        "registration_id": registration_id,
    }
    return kind(**{**fields, **changes})


async def test_a_business_registers_and_trades_once_its_deal_is_won(
    context: ServiceContext, platform: Any
) -> None:
    email = platform.email()
    body = {
        "email": email.upper(),
        "password": "correct horse battery",
        "first_name": "Thandi",
        "last_name": "Nkosi",
        "phone": "+27215550100",
        "business": {"name": "Karoo Coffee", "country": "ZA"},
        "product": "micro-sites",
    }
    response = await platform.post("/auth/register", body)
    assert response.status_code == 201
    made = response.json()
    company_id = UUID(made["company"]["id"])
    link = made["registration"]["status_link"]
    assert made == {
        "user": {"id": made["user"]["id"], "email": email},
        "company": {"id": str(company_id), "name": "Karoo Coffee", "status": "pending"},
        "registration": {"id": made["registration"]["id"], "status": "submitted", "status_link": link},
    }
    assert "/api/v1/registrations/status/" in link

    again = await platform.post("/auth/register", body)
    assert (again.status_code, again.json()["slug"]) == (409, "email-taken")

    submitted = [
        e
        for e in await emitted(context, OPERATOR_TENANT_ID, RegistrationSubmitted)
        if e.data["company_id"] == str(company_id)
    ]
    assert len(submitted) == 1
    assert submitted[0].data["product"] == "micro-sites"
    assert submitted[0].data["owner_email"] == email
    members = await emitted(context, company_id, MemberAdded)
    assert [e.data["roles"] for e in members] == [["owner"]]

    # Before activation the owner can sign in and look.
    owner = await platform.signed_in(email)
    assert owner.actor.tenant_id == company_id
    assert owner.actor.tenant_status == "pending"
    assert (await owner.get(f"/tenants/{company_id}")).json()["status"] == "pending"

    won = deal(DealWon, UUID(made["registration"]["id"]))
    await deliver(context, won, OPERATOR_TENANT_ID, handler="identity.activate_tenant")
    assert (await owner.get(f"/tenants/{company_id}")).json()["status"] == "active"
    activated = await emitted(context, company_id, TenantActivated)
    assert [(e.data["currency"], e.data["owner_email"]) for e in activated] == [("ZAR", email)]
    assert (await platform.signed_in(email)).actor.tenant_status == "active"

"""The operator's products, given to businesses that register."""

from dataclasses import replace
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, emitted, envelope
from libs.contracts.catalog import ProductAssigned
from libs.contracts.identity import ProvisioningRequested, RegistrationRejected, RegistrationSubmitted
from libs.contracts.provisioning import STEP_PROVISIONED
from libs.contracts.values import Business
from services.catalog.seed import seed

PATH = "/assigned-products"
PRICE = {"amount": 49900, "currency": "ZAR"}


@pytest.fixture
def staff(client: Client) -> Client:
    """A client acting as the operator's staff."""
    return client.acting(user(OPERATOR_TENANT_ID, "catalog.*", roles=("staff",)))


@pytest.fixture
async def _operator(context: ServiceContext) -> None:
    """The operator's products."""
    await seed(context)


def submitted(company_id: UUID, product: str = "micro-sites") -> RegistrationSubmitted:
    return RegistrationSubmitted(
        registration_id=new_id(),
        company_id=company_id,
        company_name="Karoo",
        business=Business(name="Karoo"),
        owner_user_id=new_id(),
        owner_email="owner@example.com",
        owner_first_name="Thandi",
        owner_last_name="M",
        product=product,
    )


def rejected(company_id: UUID, run: int | None = None) -> RegistrationRejected:
    return RegistrationRejected(
        registration_id=new_id(),
        company_id=company_id,
        company_name="Karoo",
        owner_user_id=new_id(),
        owner_email="owner@example.com",
        provisioning_run=run,
    )


async def of(client: Client, company_id: UUID) -> list[dict[str, Any]]:
    response = await client.get(PATH, params={"company_id": str(company_id)})
    assert response.status_code == 200, response.text
    return response.json()["items"]


async def told(context: ServiceContext, company_id: UUID) -> list[dict[str, Any]]:
    events = await emitted(context, OPERATOR_TENANT_ID, ProductAssigned)
    return [event.data for event in events if event.data["company_id"] == str(company_id)]


@pytest.mark.usefixtures("_operator")
async def test_an_applicant_gets_the_product_once(
    staff: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    fact = envelope(submitted(tenant_id), OPERATOR_TENANT_ID)
    for _ in range(2):
        assert await deliver(context, fact) == [Verdict.DONE]
    assert await deliver(context, submitted(tenant_id), tenant_id) == [Verdict.DONE]

    (row,) = await of(staff, tenant_id)

    assert (row["sku"], row["name"], row["price"], row["status"]) == (
        "micro-sites",
        "Micro site",
        PRICE,
        "assigned",
    )
    (event,) = await told(context, tenant_id)
    assert (event["sku"], event["price"], event["product_id"]) == ("micro-sites", PRICE, row["product_id"])


@pytest.mark.usefixtures("_operator")
@pytest.mark.parametrize(("code", "sku"), [("online-shop", "online-shop"), ("nonsense", "micro-sites")])
async def test_an_unknown_code_gives_the_default_product(
    staff: Client, context: ServiceContext, tenant_id: UUID, code: str, sku: str
) -> None:
    await deliver(context, submitted(tenant_id, code), OPERATOR_TENANT_ID)

    assert [row["sku"] for row in await of(staff, tenant_id)] == [sku]
    assert [(event["asked"], event["sku"]) for event in await told(context, tenant_id)] == [(code, sku)]


@pytest.mark.usefixtures("_operator")
async def test_one_that_is_turned_down_loses_it_again(
    staff: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    early = await deliver(context, rejected(tenant_id), OPERATOR_TENANT_ID)
    await deliver(context, submitted(tenant_id), OPERATOR_TENANT_ID)
    late = await deliver(context, rejected(tenant_id), OPERATOR_TENANT_ID)

    assert (early, late) == ([Verdict.RETRY], [Verdict.DONE])
    assert [row["status"] for row in await of(staff, tenant_id)] == ["revoked"]


@pytest.mark.usefixtures("_operator")
async def test_a_business_sees_its_own_only(
    client: Client, context: ServiceContext, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    for company_id in (tenant_id, other_tenant_id):
        await deliver(context, submitted(company_id), OPERATOR_TENANT_ID)
    pending = client.acting(replace(user(tenant_id), tenant_status="pending"))

    for member in (client, pending):
        assert [row["company_id"] for row in (await member.get(PATH)).json()["items"]] == [str(tenant_id)]
        assert await of(member, other_tenant_id) == []
    page = await client.get(PATH, params={"sku": "micro-sites", "status": "assigned"})
    assert len(page.json()["items"]) == 1


async def test_others_are_refused(client: Client, tenant_id: UUID) -> None:
    for anyone in (client.acting(None), client.acting(guest(tenant_id))):
        assert (await anyone.get(PATH)).status_code == 401
    assert (await client.acting(user(tenant_id, "catalog.products.read")).get(PATH)).status_code == 403
    assert (await client.acting(user(None)).get(PATH)).json()["slug"] == "tenant-required"


async def test_the_seed_makes_each_product_once_and_brings_none_back(
    staff: Client, context: ServiceContext
) -> None:
    await seed(context)
    page = await staff.get("/products", params={"slug": "custom-domain"})
    for row in page.json()["items"]:
        assert (await staff.delete(f"/products/{row['id']}")).status_code == 204

    await seed(context)

    listed = (await staff.get("/products", params={"limit": 200})).json()["items"]
    assert sorted(row["slug"] for row in listed) == ["micro-sites", "online-shop"]
    assert {row["status"] for row in listed} == {"active"}
    assert {row["in_stock"] for row in listed} == {True}


def asked_for(company_id: UUID, run: int) -> ProvisioningRequested:
    return ProvisioningRequested(
        company_id=company_id,
        company_name="Karoo",
        registration_id=new_id(),
        step="default_product",
        run=run,
        product="micro-sites",
        owner_email="owner@example.com",
    )


@pytest.mark.usefixtures("_operator")
async def test_a_business_approved_after_all_has_its_product_again(
    context: ServiceContext, staff: Client
) -> None:
    company_id = new_id()
    await deliver(context, submitted(company_id), OPERATOR_TENANT_ID)
    await deliver(context, rejected(company_id), company_id)

    for _ in range(2):
        assert set(await deliver(context, asked_for(company_id, 7), company_id)) == {Verdict.DONE}

    assert [row["status"] for row in await of(staff, company_id)] == ["assigned"]
    confirmed = await emitted(context, OPERATOR_TENANT_ID, STEP_PROVISIONED["catalog"])
    mine = [e.data for e in confirmed if e.data["company_id"] == str(company_id)]
    assert [(data["step"], data["run"]) for data in mine] == [("default_product", 7)] * 2


@pytest.mark.usefixtures("_operator")
@pytest.mark.parametrize("decided", [1, 2, 3, 4])
async def test_late_and_repeated_facts_give_and_take_nothing(
    context: ServiceContext, staff: Client, decided: int
) -> None:
    # Rejected before any run, approved, rejected, approved after all: as far as it has come.
    facts = [(rejected, 0), (asked_for, 1), (rejected, 1), (asked_for, 2)][:decided]
    for order in permutations(range(decided)):
        company_id = new_id()
        await deliver(context, submitted(company_id), OPERATOR_TENANT_ID)
        for n in (*order, order[0]):
            fact, run = facts[n]
            await deliver(context, fact(company_id, run), company_id)

        [row] = await of(staff, company_id)
        assert row["status"] == ("revoked" if decided % 2 else "assigned"), order

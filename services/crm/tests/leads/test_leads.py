"""Leads over HTTP."""

import asyncio
from uuid import UUID

from sqlalchemy import update

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.common.testing.resource_suite import ResourceSuite
from libs.contracts.crm import DealCreated, LeadChanged, LeadConverted, LeadCreated
from services.crm.leads.models import Lead
from services.crm.tests.factories import Crm, add_member, rand


class TestLeads(ResourceSuite):
    """What every resource promises."""

    path = "/leads"
    permission = "crm.leads"
    create = {"name": "Website", "email": "thandi@karoo.example", "amount": rand(90_000)}
    changes = {"status": "contacted", "amount": rand(1, "USD"), "tags": ["hot"]}
    emptied = "amount"
    needs_active = True
    invalid = ({"name": ""}, {"status": "converted"}, {"amount": rand(-1)}, {"email": "nobody"})


async def make(crm: Crm, **fields: object) -> dict:
    """A lead with everything a conversion uses."""
    whole = {
        "name": "New website",
        "first_name": "Thandi",
        "last_name": "Nkosi",
        "company_name": "Karoo Coffee",
        "email": "thandi@karoo.example",
        "source": "website",
        "amount": rand(90_000),
        "tags": ["hot"],
    }
    return await crm.post("/leads", **(whole | fields))


async def test_a_lead_becomes_a_company_a_contact_and_a_deal(
    crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    owner_id = await add_member(context, tenant_id)
    lead = await make(crm, owner_id=str(owner_id))

    made = await crm.post(f"/leads/{lead['id']}/convert")

    assert made["company"]["name"] == "Karoo Coffee"
    assert made["contact"]["name"] == "Thandi Nkosi"
    assert made["contact"]["company_id"] == made["company"]["id"]
    deal = made["deal"]
    assert (deal["name"], deal["status"], deal["amount"]) == ("New website", "open", rand(90_000))
    assert (deal["company_id"], deal["contact_id"]) == (made["company"]["id"], made["contact"]["id"])
    assert (deal["owner_id"], deal["source"], deal["tags"]) == (str(owner_id), "website", ["hot"])
    assert made["lead"]["status"] == "converted"
    assert made["lead"]["deal_id"] == deal["id"]
    assert await crm.get(f"/deals/{deal['id']}") == deal
    [created] = await emitted(context, tenant_id, LeadCreated)
    assert created.data["lead_id"] == lead["id"]
    [converted] = await emitted(context, tenant_id, LeadConverted)
    assert converted.data == {
        "lead_id": lead["id"],
        "source": "website",
        "company_id": made["company"]["id"],
        "contact_id": made["contact"]["id"],
        "deal_id": deal["id"],
    }
    assert len(await emitted(context, tenant_id, DealCreated)) == 1


async def test_a_bare_lead_is_converted_too(crm: Crm) -> None:
    lead = await crm.post("/leads", name="Sipho")

    made = await crm.post(f"/leads/{lead['id']}/convert")

    assert (made["company"]["name"], made["contact"]["first_name"]) == ("Sipho", "Sipho")
    assert made["deal"]["amount"] == rand(0)


async def test_what_was_kept_before_it_would_be_refused_can_be_converted(
    crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    lead = await crm.post("/leads", name="Sipho")
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await uow.session.execute(update(Lead).values(name="\u3164", phone="none"))

    made = await crm.post(f"/leads/{lead['id']}/convert")

    assert (made["company"]["name"], made["contact"]["first_name"]) == ("\u3164", "\u3164")
    assert (made["company"]["phone"], made["contact"]["phone"]) == ("none", "none")


async def test_a_lead_can_join_a_known_company_and_contact(crm: Crm) -> None:
    company = await crm.post("/companies", name="Known")
    contact = await crm.post("/contacts", first_name="Known", company_id=company["id"])
    pipeline = await crm.pipeline("Special", "Start", "Next")
    lead = await make(crm)

    made = await crm.post(
        f"/leads/{lead['id']}/convert",
        company_id=company["id"],
        contact_id=contact["id"],
        stage_id=pipeline["stages"][1]["id"],
        deal_name="Bigger",
    )

    assert (made["company"], made["contact"]) == (company, contact)
    assert (made["deal"]["name"], made["deal"]["stage"]) == ("Bigger", "Next")
    assert len((await crm.get("/companies"))["items"]) == 1


async def test_a_lead_is_converted_once(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    lead = await make(crm)
    path = f"/leads/{lead['id']}/convert"

    answers = await asyncio.gather(*(crm.client.post(path) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    made = next(answer for answer in answers if answer.status_code == 201).json()
    for problem in (answer.json() for answer in answers if answer.status_code == 409):
        assert (problem["slug"], problem["deal_id"]) == ("invalid-transition", made["deal"]["id"])
    for resource in ("companies", "contacts", "deals"):
        assert len((await crm.get(f"/{resource}"))["items"]) == 1
    assert len(await emitted(context, tenant_id, LeadConverted)) == 1


async def test_a_conversion_that_fails_leaves_nothing_behind(crm: Crm) -> None:
    lead = await make(crm)

    for field in ("company_id", "contact_id", "stage_id", "pipeline_id"):
        body = {field: str(new_id())}
        problem = await crm.refused(422, "unknown-reference", f"/leads/{lead['id']}/convert", **body)
        assert problem["field"] == field

    assert (await crm.get(f"/leads/{lead['id']}"))["status"] == "new"
    for resource in ("companies", "contacts", "deals"):
        assert (await crm.get(f"/{resource}"))["items"] == []


async def test_a_converted_lead_keeps_its_status(crm: Crm) -> None:
    lead = await make(crm)
    await crm.post(f"/leads/{lead['id']}/convert")
    path = f"/leads/{lead['id']}"

    refused = await crm.client.patch(path, json={"status": "new"})
    changed = await crm.client.patch(path, json={"phone": "1"})

    assert (refused.status_code, refused.json()["slug"]) == (409, "invalid-transition")
    assert (changed.json()["phone"], changed.json()["status"]) == ("1", "converted")


async def test_who_may_convert(client: Client, crm: Crm, tenant_id: UUID, other_tenant_id: UUID) -> None:
    lead = await make(crm)
    path = f"/leads/{lead['id']}/convert"

    writer = await client.acting(user(tenant_id, "crm.leads.write")).post(path)
    stranger = await client.acting(user(other_tenant_id)).post(path)

    assert (await client.acting(None).post(path)).status_code == 401
    assert (writer.status_code, writer.json()["required_permission"]) == (403, "crm.leads.convert")
    assert stranger.status_code == 404


async def test_what_is_changed_of_a_lead_and_that_it_is_gone_is_told(
    crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    lead = await make(crm)
    path = f"/leads/{lead['id']}"

    await crm.client.patch(path, json={"source": "fair", "status": "contacted"})
    assert (await crm.client.delete(path)).status_code == 204

    told = [event.data for event in await emitted(context, tenant_id, LeadChanged)]
    assert [(e["lead_id"], e["status"], e["source"], e["deleted"]) for e in told] == [
        (lead["id"], "contacted", "fair", False),
        (lead["id"], "contacted", "fair", True),
    ]

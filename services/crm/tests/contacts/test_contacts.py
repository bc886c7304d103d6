"""Contacts over HTTP."""

from uuid import UUID

from libs.common.ids import new_id
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.resource_suite import ResourceSuite
from services.crm.tests.factories import Crm


class TestContacts(ResourceSuite):
    """What every resource promises."""

    path = "/contacts"
    permission = "crm.contacts"
    create = {"first_name": "Thandi", "last_name": "Nkosi", "email": "thandi@karoo.example", "tags": ["vip"]}
    changes = {"last_name": "Dube", "phone": "+27215550100", "tags": []}
    emptied = "email"
    required = "first_name"
    needs_active = True
    invalid = ({"first_name": ""}, {"email": "nobody"}, {"phone": 5}, {"company_id": "x"})


async def test_the_name_follows_its_parts(client: Client, crm: Crm) -> None:
    contact = await crm.post("/contacts", first_name="Thandi", last_name="Nkosi")
    path = f"/contacts/{contact['id']}"

    changed = (await client.patch(path, json={"last_name": "Dube"})).json()
    emptied = (await client.patch(path, json={"last_name": None})).json()

    assert (contact["name"], changed["name"], emptied["name"]) == ("Thandi Nkosi", "Thandi Dube", "Thandi")


async def test_a_contact_is_found_by_its_company(crm: Crm) -> None:
    company = await crm.post("/companies", name="Karoo Coffee")
    contact = await crm.post("/contacts", first_name="Thandi", company_id=company["id"])
    await crm.post("/contacts", first_name="Sipho")

    found = (await crm.get("/contacts", company_id=company["id"]))["items"]

    assert [row["id"] for row in found] == [contact["id"]]


async def test_the_company_must_be_of_the_same_business(
    client: Client, crm: Crm, other_tenant_id: UUID
) -> None:
    theirs = await Crm(client.acting(user(other_tenant_id))).post("/companies", name="Elsewhere")
    gone = await crm.post("/companies", name="Gone")
    await client.delete(f"/companies/{gone['id']}")

    for company_id in (theirs["id"], gone["id"], str(new_id())):
        problem = await crm.refused(
            422, "unknown-reference", "/contacts", first_name="Thandi", company_id=company_id
        )
        assert problem["field"] == "company_id"


async def test_a_contact_keeps_a_company_that_was_removed(client: Client, crm: Crm) -> None:
    company = await crm.post("/companies", name="Karoo Coffee")
    contact = await crm.post("/contacts", first_name="Thandi", company_id=company["id"])
    await client.delete(f"/companies/{company['id']}")

    changed = await client.put(
        f"/contacts/{contact['id']}", json={"first_name": "Thandi", "company_id": company["id"]}
    )

    assert changed.status_code == 200
    assert changed.json()["company_id"] == company["id"]

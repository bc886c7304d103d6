"""From a registration to its deal: the facts come twice, late, and in either order."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, emitted, envelope
from libs.contracts.catalog import ProductAssigned
from libs.contracts.crm import DealAmountChanged, DealCreated, DealReopened, DealWon, MessagePosted
from libs.contracts.identity import RegistrationResubmitted, RegistrationSubmitted
from libs.contracts.values import Business, Money
from services.crm.tests.factories import Crm, add_member, rand


@pytest.fixture
def staff(context: ServiceContext) -> Crm:
    """The crm as the operator's staff see it."""
    return Crm(Client(context, user(OPERATOR_TENANT_ID)))


def submitted(**changes: Any) -> RegistrationSubmitted:
    """A registration nobody has seen."""
    fields: dict[str, Any] = {
        "registration_id": new_id(),
        "company_id": new_id(),
        "company_name": "Karoo Coffee",
        "business": Business(name="Karoo Coffee", country="ZA", website="https://karoo.example"),
        "owner_user_id": new_id(),
        "owner_email": "owner@karoo.example",
        "owner_first_name": "Thandi",
        "owner_last_name": "Nkosi",
        "product": "micro-sites",
    }
    return RegistrationSubmitted(**(fields | changes))


def assigned(company_id: UUID, **changes: Any) -> ProductAssigned:
    """The product that catalog gives the applicant."""
    fields: dict[str, Any] = {
        "company_id": company_id,
        "product_id": new_id(),
        "sku": "micro-sites",
        "name": "Micro sites",
        "price": Money(amount=49_900, currency="ZAR"),
    }
    return ProductAssigned(**(fields | changes))


async def deal_of(staff: Crm, registration: RegistrationSubmitted) -> dict[str, Any]:
    """The one deal of a registration."""
    [deal] = (await staff.get("/deals", registration_id=str(registration.registration_id)))["items"]
    found: dict[str, Any] = deal
    return found


async def submit(context: ServiceContext, event: Any) -> None:
    """Hand over an event of the operator tenant."""
    assert set(await deliver(context, event, OPERATOR_TENANT_ID)) == {Verdict.DONE}


async def test_a_registration_becomes_a_company_a_contact_and_a_deal(
    context: ServiceContext, staff: Crm
) -> None:
    event = submitted()

    await submit(context, event)

    deal = await deal_of(staff, event)
    assert (deal["pipeline"], deal["stage"], deal["status"]) == ("Registrations", "New", "open")
    assert deal["registration_id"] == str(event.registration_id)
    assert deal["applicant_company_id"] == str(event.company_id)
    assert deal["source"] == "registration"
    assert [row["sku"] for row in deal["lines"]] == ["micro-sites"]
    company = await staff.get(f"/companies/{deal['company_id']}")
    assert (company["name"], company["country"]) == ("Karoo Coffee", "ZA")
    assert company["applicant_company_id"] == str(event.company_id)
    contact = await staff.get(f"/contacts/{deal['contact_id']}")
    assert (contact["name"], contact["email"]) == ("Thandi Nkosi", "owner@karoo.example")
    assert contact["company_id"] == company["id"]
    created = [
        e
        for e in await emitted(context, OPERATOR_TENANT_ID, DealCreated)
        if e.data["registration_id"] == str(event.registration_id)
    ]
    assert len(created) == 1
    assert created[0].data["applicant_company_id"] == str(event.company_id)


async def test_every_member_of_the_staff_is_told_in_chat(context: ServiceContext, staff: Crm) -> None:
    members = {str(await add_member(context, OPERATOR_TENANT_ID)) for _ in range(2)}
    outsider = str(await add_member(context, OPERATOR_TENANT_ID, "client"))
    event = submitted()

    await submit(context, event)

    deal = await deal_of(staff, event)
    [message] = (await staff.get("/chat/for_object", type="deal", id=deal["id"]))["items"]
    assert (message["author_id"], message["author_name"]) == (None, "Pillars")
    assert "Karoo Coffee" in message["text"]
    posted = await emitted(context, OPERATOR_TENANT_ID, MessagePosted)
    [told] = [set(e.data["recipient_ids"]) for e in posted if e.data["object_id"] == deal["id"]]
    assert members <= told
    assert outsider not in told


async def test_a_repeated_registration_changes_nothing(context: ServiceContext, staff: Crm) -> None:
    event = submitted()
    once = envelope(event, OPERATOR_TENANT_ID)

    await submit(context, once)
    first = await deal_of(staff, event)
    await submit(context, once)
    await submit(context, event)

    assert await deal_of(staff, event) == first
    assert len((await staff.get("/chat/for_object", type="deal", id=first["id"]))["items"]) == 1


async def test_the_same_registration_many_times_at_once_makes_one_deal(
    context: ServiceContext, staff: Crm
) -> None:
    event = submitted()

    await asyncio.gather(*(submit(context, event) for _ in range(4)))

    deal = await deal_of(staff, event)
    found = await staff.get("/companies", applicant_company_id=str(event.company_id))
    assert [row["id"] for row in found["items"]] == [deal["company_id"]]


async def test_a_second_registration_of_a_business_joins_its_company(
    context: ServiceContext, staff: Crm
) -> None:
    first = submitted()
    second = submitted(company_id=first.company_id)

    await submit(context, first)
    await submit(context, second)

    one, two = await deal_of(staff, first), await deal_of(staff, second)
    assert one["id"] != two["id"]
    assert (one["company_id"], one["contact_id"]) == (two["company_id"], two["contact_id"])


async def test_what_the_applicant_corrects_is_corrected(context: ServiceContext, staff: Crm) -> None:
    event = submitted()
    corrected = RegistrationResubmitted(
        registration_id=event.registration_id,
        company_id=event.company_id,
        company_name="Karoo Roasters",
        business=Business(name="Karoo Roasters", country="ZA", registration_number="2019/123456/07"),
    )

    assert await deliver(context, corrected, OPERATOR_TENANT_ID) == [Verdict.RETRY]
    await submit(context, event)
    for _ in range(2):
        await submit(context, corrected)

    deal = await deal_of(staff, event)
    company = await staff.get(f"/companies/{deal['company_id']}")
    assert deal["name"] == "Registration of Karoo Roasters"
    assert (company["name"], company["registration_number"], company["website"]) == (
        "Karoo Roasters",
        "2019/123456/07",
        None,
    )


@pytest.mark.parametrize("order", ["deal first", "product first", "at once"])
async def test_the_line_gets_the_name_and_price_of_the_product(
    context: ServiceContext, staff: Crm, order: str
) -> None:
    event = submitted()
    product = assigned(event.company_id)

    if order == "deal first":
        await submit(context, event)
        await submit(context, product)
    elif order == "product first":
        await submit(context, product)
        await submit(context, event)
    else:
        await asyncio.gather(submit(context, event), submit(context, product))

    deal = await deal_of(staff, event)
    assert deal["amount"] == rand(49_900)
    [line] = deal["lines"]
    assert (line["sku"], line["name"], line["unit_price"]) == ("micro-sites", "Micro sites", rand(49_900))
    assert line["product_id"] == str(product.product_id)


@pytest.mark.parametrize("order", ["deal first", "product first"])
async def test_the_line_is_what_was_given_for_another_code(
    context: ServiceContext, staff: Crm, order: str
) -> None:
    event = submitted(product="a-slug")
    product = assigned(event.company_id, asked="a-slug")

    for fact in (event, product) if order == "deal first" else (product, event):
        await submit(context, fact)

    deal = await deal_of(staff, event)
    assert deal["amount"] == rand(49_900)
    [line] = deal["lines"]
    assert (line["sku"], line["name"], line["unit_price"]) == ("micro-sites", "Micro sites", rand(49_900))
    assert line["product_id"] == str(product.product_id)


async def test_a_product_priced_in_another_currency_brings_it(context: ServiceContext, staff: Crm) -> None:
    event = submitted()
    await submit(context, event)

    await submit(context, assigned(event.company_id, price=Money(amount=900, currency="USD")))

    assert (await deal_of(staff, event))["amount"] == rand(900, "USD")


async def test_a_repeated_product_leaves_a_price_that_staff_set(context: ServiceContext, staff: Crm) -> None:
    event = submitted()
    await submit(context, event)
    await submit(context, assigned(event.company_id))
    deal = await deal_of(staff, event)
    path = f"/deals/{deal['id']}/lines/{deal['lines'][0]['id']}"
    await staff.client.patch(path, json={"unit_price": rand(1)})

    await submit(context, assigned(event.company_id, name="Other", price=Money(amount=2, currency="ZAR")))

    assert (await deal_of(staff, event))["amount"] == rand(1)


async def test_another_product_of_the_business_leaves_the_line_alone(
    context: ServiceContext, staff: Crm
) -> None:
    event = submitted()
    await submit(context, event)

    await submit(context, assigned(event.company_id, sku="something-else"))

    deal = await deal_of(staff, event)
    assert (deal["amount"], deal["lines"][0]["product_id"]) == (rand(0), None)


async def test_a_product_of_a_business_that_never_registered_is_taken_quietly(
    context: ServiceContext,
) -> None:
    await submit(context, assigned(new_id()))


async def test_a_deal_that_was_won_before_its_price_came_keeps_its_figures(
    context: ServiceContext, staff: Crm
) -> None:
    event = submitted()
    await submit(context, event)
    deal = await deal_of(staff, event)
    won = await staff.post(f"/deals/{deal['id']}/win")

    await submit(context, assigned(event.company_id))

    assert await deal_of(staff, event) == won


async def test_the_verdict_names_the_registration(context: ServiceContext, staff: Crm) -> None:
    event = submitted()
    await submit(context, event)
    deal = await deal_of(staff, event)

    await staff.post(f"/deals/{deal['id']}/win")
    await staff.post(f"/deals/{deal['id']}/reopen")

    for kind in (DealWon, DealReopened):
        found = await emitted(context, OPERATOR_TENANT_ID, kind)
        [told] = [e for e in found if e.data["deal_id"] == deal["id"]]
        assert told.data["registration_id"] == str(event.registration_id)
        assert told.data["applicant_company_id"] == str(event.company_id)


async def test_each_change_of_the_amount_of_the_open_deal_is_told(
    context: ServiceContext, staff: Crm
) -> None:
    event = submitted()
    await submit(context, event)
    await submit(context, assigned(event.company_id))
    deal = await deal_of(staff, event)
    path, line = f"/deals/{deal['id']}", f"/deals/{deal['id']}/lines/{deal['lines'][0]['id']}"

    await staff.client.patch(line, json={"unit_price": rand(7)})
    await staff.client.patch(line, json={"name": "Another name"})
    await staff.client.patch(path, json={"name": "Another name"})
    await staff.client.patch(path, json={"lines": []})
    await staff.client.patch(path, json={"amount": rand(9)})

    found = await emitted(context, OPERATOR_TENANT_ID, DealAmountChanged)
    told = [e.data for e in found if e.data["registration_id"] == str(event.registration_id)]
    assert [data["amount"] for data in told] == [rand(49_900), rand(7), rand(0), rand(9)]


async def test_a_deal_that_an_applicant_waits_for_is_not_removed(context: ServiceContext, staff: Crm) -> None:
    event = submitted()
    await submit(context, event)
    deal = await deal_of(staff, event)
    path = f"/deals/{deal['id']}"

    refused = await staff.client.delete(path)
    await staff.post(f"{path}/lose", lost_reason="Spam")

    assert (refused.status_code, refused.json()["slug"]) == (409, "registration-pending")
    assert (await staff.client.delete(path)).status_code == 204
    await submit(context, event)
    assert (await staff.get("/deals", registration_id=str(event.registration_id)))["items"] == []


async def test_the_applicant_sees_nothing_of_it(context: ServiceContext, staff: Crm) -> None:
    event = submitted()
    await submit(context, event)
    applicant = Crm(Client(context, user(event.company_id)))

    for path in ("/deals", "/companies", "/contacts", "/chat"):
        assert (await applicant.get(path))["items"] == []

"""Approving and rejecting applications."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, emitted, envelope
from libs.contracts.crm import DealLost, DealWon
from libs.contracts.identity import RegistrationRejected, TenantActivated
from libs.contracts.values import Money

START = datetime(2026, 1, 1, tzinfo=UTC)
HANDLERS = {DealWon: "identity.activate_tenant", DealLost: "identity.reject_registration"}


def deal(kind: type[Any], registration_id: UUID | None) -> Any:
    """A deal that was won or lost."""
    return kind(
        deal_id=new_id(),
        name="Karoo Coffee",
        pipeline_id=new_id(),
        pipeline="Registrations",
        amount=Money(amount=0, currency="ZAR"),
        reason="because",
        registration_id=registration_id,
    )


async def hear(
    context: ServiceContext, kind: type[Any], registration_id: UUID | None, minute: int = 0
) -> None:
    """Deliver that the deal was won or lost at a time."""
    sent = envelope(
        deal(kind, registration_id), OPERATOR_TENANT_ID, source="crm", time=START + timedelta(minutes=minute)
    )
    assert await deliver(context, sent, handler=HANDLERS[kind]) == [Verdict.DONE]


async def statuses(staff: Client, made: Any) -> tuple[str, str]:
    """Of the registration and of the company."""
    registration = (await staff.get(f"/registrations/{made.registration_id}")).json()
    return registration["status"], (await staff.get(f"/tenants/{made.company_id}")).json()["status"]


async def test_a_lost_deal_rejects(context: ServiceContext, platform: Any, staff: Client) -> None:
    made = await platform.register()

    await hear(context, DealLost, made.registration_id)

    assert await statuses(staff, made) == ("rejected", "rejected")
    rejected = await emitted(context, made.company_id, RegistrationRejected)
    assert [(e.data["reason"], e.data["owner_email"]) for e in rejected] == [("because", made.email)]
    shown = (await staff.get(f"/registrations/{made.registration_id}")).json()
    assert shown["reason"] == "because"


async def test_the_same_fact_again_changes_nothing(
    context: ServiceContext, platform: Any, staff: Client
) -> None:
    made = await platform.register()
    sent = envelope(deal(DealWon, made.registration_id), OPERATOR_TENANT_ID, source="crm")

    for _ in range(3):
        await deliver(context, sent, handler="identity.activate_tenant")
    await hear(context, DealWon, made.registration_id, 999_999)

    assert await statuses(staff, made) == ("approved", "active")
    assert len(await emitted(context, made.company_id, TenantActivated)) == 1


async def test_a_deal_reopened_and_won_activates_after_all(
    context: ServiceContext, platform: Any, staff: Client
) -> None:
    made = await platform.register()

    await hear(context, DealLost, made.registration_id, 1)
    await hear(context, DealWon, made.registration_id, 2)

    assert await statuses(staff, made) == ("approved", "active")


async def test_a_loss_that_arrives_late_does_not_undo_a_win(
    context: ServiceContext, platform: Any, staff: Client
) -> None:
    made = await platform.register()

    await hear(context, DealWon, made.registration_id, 2)
    await hear(context, DealLost, made.registration_id, 1)

    assert await statuses(staff, made) == ("approved", "active")
    assert await emitted(context, made.company_id, RegistrationRejected) == []


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_whatever_the_order_of_arrival_the_newest_fact_holds(
    context: ServiceContext, platform: Any, staff: Client, data: st.DataObject
) -> None:
    kinds = data.draw(st.lists(st.sampled_from([DealWon, DealLost]), min_size=1, max_size=4))
    facts = list(enumerate(kinds))
    arrivals = data.draw(st.permutations(facts + facts[:1]))
    made = await platform.register()

    for minute, kind in arrivals:
        await hear(context, kind, made.registration_id, minute)

    expected = ("approved", "active") if kinds[-1] is DealWon else ("rejected", "rejected")
    assert await statuses(staff, made) == expected


async def test_a_deal_of_a_business_approves_nobody(
    context: ServiceContext, platform: Any, staff: Client
) -> None:
    made = await platform.register()
    forged = envelope(deal(DealWon, made.registration_id), made.company_id, source="crm")

    await deliver(context, forged, handler="identity.activate_tenant")

    assert await statuses(staff, made) == ("submitted", "pending")


async def test_other_deals_are_ignored(context: ServiceContext) -> None:
    await hear(context, DealWon, None)
    await hear(context, DealLost, None)


async def test_a_deal_of_an_unknown_registration_is_tried_again(context: ServiceContext) -> None:
    sent = envelope(deal(DealWon, new_id()), OPERATOR_TENANT_ID, source="crm")

    assert await deliver(context, sent, handler="identity.activate_tenant") == [Verdict.RETRY]


async def test_a_suspended_business_is_not_revived_by_a_deal(
    context: ServiceContext, platform: Any, staff: Client
) -> None:
    made = await platform.business()
    await staff.post(f"/tenants/{made.company_id}/suspend", json={"reason": "unpaid"})

    await hear(context, DealWon, made.registration_id, 999_999)

    assert await statuses(staff, made) == ("approved", "suspended")


async def test_staff_approve_and_reject_by_hand(
    context: ServiceContext, platform: Any, staff: Client
) -> None:
    good, bad = await platform.register(), await platform.register()

    approved = await staff.post(f"/registrations/{good.registration_id}/approve")
    rejected = await staff.post(
        f"/registrations/{bad.registration_id}/reject", json={"reason": "a duplicate"}
    )

    assert approved.json()["status"] == "approved"
    assert approved.json()["decided_by"] == f"user:{staff.actor.user_id}"
    assert rejected.json()["reason"] == "a duplicate"
    assert await statuses(staff, good) == ("approved", "active")
    assert await statuses(staff, bad) == ("rejected", "rejected")
    assert len(await emitted(context, good.company_id, TenantActivated)) == 1
    again = await staff.post(f"/registrations/{good.registration_id}/reject", json={"reason": "x"})
    assert (again.status_code, again.json()["slug"]) == (409, "invalid-transition")


async def test_changes_are_requested_and_handed_in(platform: Any, staff: Client) -> None:
    made = await platform.register()
    path = f"/registrations/{made.registration_id}"
    owner = await platform.signed_in(made.email)

    early = await owner.post(f"{path}/resubmit")
    asked = await staff.post(f"{path}/request-changes", json={"reason": "the number is missing"})
    seen = await owner.get(path)
    sent = await owner.post(
        f"{path}/resubmit", json={"business": {"name": "Karoo Coffee Roasters", "registration_number": "7"}}
    )

    assert early.status_code == 409
    assert asked.json()["status"] == seen.json()["status"] == "changes_requested"
    assert seen.json()["reason"] == "the number is missing"
    assert (sent.json()["status"], sent.json()["company_name"]) == ("submitted", "Karoo Coffee Roasters")
    assert sent.json()["business"]["country"] == "ZA"
    company = (await owner.get(f"/tenants/{made.company_id}")).json()
    assert (company["name"], company["registration_number"]) == ("Karoo Coffee Roasters", "7")


async def test_applicants_see_their_own_application_only(platform: Any) -> None:
    made, other = await platform.register(), await platform.register()
    owner = await platform.signed_in(made.email)

    assert (await owner.get(f"/registrations/{made.registration_id}")).status_code == 200
    assert (await owner.get(f"/registrations/{other.registration_id}")).status_code == 404
    assert (await owner.post(f"/registrations/{other.registration_id}/resubmit")).status_code == 404
    for method, path in (
        ("GET", "/registrations"),
        ("POST", f"/registrations/{made.registration_id}/approve"),
        ("POST", f"/registrations/{made.registration_id}/reject"),
        ("POST", f"/registrations/{made.registration_id}/request-changes"),
    ):
        response = await owner.request(method, path, json={"reason": "x"} if method == "POST" else None)
        assert response.status_code == 403, path
        assert response.json()["required_permission"].startswith("identity.registrations.")


async def test_guests_see_no_application(platform: Any) -> None:
    for path in ("/registrations", f"/registrations/{new_id()}"):
        assert (await platform.anyone.get(path)).status_code == 401


async def test_the_queue_is_filtered_and_paged(platform: Any, staff: Client) -> None:
    product = f"sku-{new_id().hex}"
    made = [await platform.register(product=product) for _ in range(3)]
    await staff.post(f"/registrations/{made[0].registration_id}/approve")

    open_ones = await staff.get("/registrations", params={"product": product, "status": "submitted"})
    assert [r["company_id"] for r in open_ones.json()["items"]] == [str(m.company_id) for m in made[:0:-1]]
    seen, cursor = [], None
    while True:
        params = {"product": product, "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await staff.get("/registrations", params=params)).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [str(m.registration_id) for m in reversed(made)]
    one = await staff.get("/registrations", params={"applicant_company_id": str(made[1].company_id)})
    assert [r["id"] for r in one.json()["items"]] == [str(made[1].registration_id)]
    assert (await staff.get("/registrations", params={"status": "lost"})).status_code == 422


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"password": "short"}, "weak-password"),
        ({"password": "PASSWORD123"}, "weak-password"),
        ({"password": "aaaaaaaaaaaa"}, "weak-password"),
        ({"password": None}, "validation-failed"),
        ({"email": "nobody"}, "validation-failed"),
        ({"first_name": ""}, "validation-failed"),
        ({"first_name": "nul\x00"}, "validation-failed"),
        ({"business": {"name": "x", "country": "South Africa"}}, "validation-failed"),
        ({"business": {"name": "x", "country": "ZZ"}}, "validation-failed"),
        ({"business": {"country": "ZA"}}, "validation-failed"),
        ({"business": {"name": "x", "surprise": 1}}, "validation-failed"),
        ({"surprise": 1}, "validation-failed"),
    ],
)
async def test_bad_applications_are_refused(platform: Any, change: dict[str, Any], slug: str) -> None:
    email = platform.email()
    good = {
        "email": email,
        "password": "correct horse battery",
        "first_name": "T",
        "last_name": "N",
        "business": {"name": "Karoo"},
    }

    response = await platform.post("/auth/register", {**good, **change})

    assert (response.status_code, response.json()["slug"]) == (422, slug)
    # Nothing of it stayed behind.
    assert (await platform.post("/auth/register", good)).status_code == 201


async def test_the_address_itself_is_no_password(platform: Any) -> None:
    email = platform.email()
    body = {
        "email": email,
        "password": email.upper(),
        "first_name": "T",
        "last_name": "N",
        "business": {"name": "Karoo"},
    }

    assert (await platform.post("/auth/register", body)).json()["slug"] == "weak-password"


async def test_of_two_applications_with_one_address_at_once_one_wins(platform: Any) -> None:
    import asyncio

    email = platform.email()
    body = {
        "email": email,
        "password": "correct horse battery",
        "first_name": "T",
        "last_name": "N",
        "business": {"name": f"Twins {new_id()}"},
    }

    answers = await asyncio.gather(*(platform.post("/auth/register", body) for _ in range(3)))

    assert sorted(a.status_code for a in answers) == [201, 409, 409]
    assert {a.json()["slug"] for a in answers if a.status_code == 409} == {"email-taken"}


async def test_businesses_of_one_name_get_slugs_of_their_own(platform: Any, staff: Client) -> None:
    name = f"Café Ünique {new_id()}"
    made = [await platform.register(business={"name": name, "country": "KZ"}) for _ in range(2)]

    shown = [(await staff.get(f"/tenants/{m.company_id}")).json() for m in made]

    assert shown[0]["slug"].startswith("cafe-unique-")
    assert shown[1]["slug"].startswith(shown[0]["slug"] + "-")
    assert {s["currency"] for s in shown} == {"KZT"}


async def test_who_only_reads_decides_nothing(context: ServiceContext, platform: Any) -> None:
    made = await platform.register()
    reader = Client(context, user(OPERATOR_TENANT_ID, "identity.registrations.read"))

    refused = await reader.post(f"/registrations/{made.registration_id}/approve")

    assert refused.json()["required_permission"] == "identity.registrations.decide"

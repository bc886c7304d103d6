"""Time limits, and what happens when they run out."""

from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.testing.events import emitted
from libs.contracts.identity import RegistrationChangesRequested, RegistrationEscalated
from services.identity.registrations.reviews.jobs import escalate_registrations
from services.identity.tests.registrations.conftest import Desk


async def escalate(desk: Desk) -> None:
    """Run the job."""
    async with desk.context.unit_of_work(platform=True) as uow:
        await escalate_registrations(uow, {})


async def told(desk: Desk, made: Any) -> list[dict[str, Any]]:
    """What was told of this application."""
    found = await emitted(desk.context, OPERATOR_TENANT_ID, RegistrationEscalated)
    return [e.data for e in found if e.data["registration_id"] == str(made.registration_id)]


async def test_what_waits_too_long_is_given_to_a_role_once_and_again_after_a_while(future_desk: Desk) -> None:
    desk, clock = future_desk, future_desk.context.clock
    await desk.rule(review_seconds=3600, repeat_seconds=600, escalate_role="staff-admin")
    made = await desk.apply()
    await desk.step(desk.reviewer(), made, "assign")

    await escalate(desk)
    assert await told(desk, made) == []
    clock.advance(seconds=3600)
    for _ in range(3):
        await escalate(desk)

    shown = await desk.shown(made)
    assert (shown["assignee_id"], shown["assignee_role"], shown["escalations"]) == (None, "staff-admin", 1)
    assert [(e["assignee_role"], e["waiting_for"]) for e in await told(desk, made)] == [
        ("staff-admin", "staff")
    ]
    clock.advance(seconds=600)
    await escalate(desk)
    assert (await desk.shown(made))["escalations"] == 2
    late = await desk.chief.get("/registrations", params={"product": desk.product, "overdue": "true"})
    assert [r["id"] for r in late.json()["items"]] == [str(made.registration_id)]
    none = await desk.chief.get("/registrations", params={"product": desk.product, "overdue": "false"})
    assert none.json()["items"] == []


async def test_a_lead_takes_over_what_waits_too_long(future_desk: Desk) -> None:
    desk = future_desk
    lead = await desk.hire("staff")
    await desk.rule(review_seconds=60, escalate_to_id=str(lead))
    made = await desk.apply()
    desk.context.clock.advance(seconds=61)

    await escalate(desk)
    desk.context.clock.advance(days=9)
    await escalate(desk)

    assert UUID((await desk.shown(made))["assignee_id"]) == lead
    assert len(await told(desk, made)) == 1

    # Once the lead may decide no more, the role takes over.
    await desk.chief.patch(f"/tenants/{OPERATOR_TENANT_ID}/members/{lead}", json={"roles": ["support"]})
    late = await desk.apply()
    desk.context.clock.advance(seconds=61)
    await escalate(desk)
    shown = await desk.shown(late)
    assert (shown["assignee_id"], shown["assignee_role"]) == (None, "staff-admin")


async def test_an_applicant_who_is_late_is_reminded(future_desk: Desk) -> None:
    desk = future_desk
    await desk.rule(review_seconds=60, applicant_seconds=600)
    made, clerk = await desk.apply(), desk.reviewer()
    await desk.step(clerk, made, "assign")
    await desk.require("certificate", "document", label="Certificate")
    body = {"reason": "More, please", "requirements": ["certificate"], "fields": ["registration_number"]}
    await desk.step(clerk, made, "request-changes", body)
    desk.context.clock.advance(seconds=61)
    await escalate(desk)
    assert await told(desk, made) == []

    desk.context.clock.advance(seconds=600)
    await escalate(desk)

    shown = await desk.shown(made)
    assert UUID(shown["assignee_id"]) == clerk.actor.user_id
    asked = await emitted(desk.context, made.company_id, RegistrationChangesRequested)
    assert [e.data["is_reminder"] for e in asked] == [False, True]
    assert [e.data["asked_for"] for e in asked] == [["Certificate", "registration number"]] * 2
    assert [e["waiting_for"] for e in await told(desk, made)] == ["applicant"]


async def test_what_is_decided_has_no_time_limit(future_desk: Desk) -> None:
    desk = future_desk
    await desk.rule(review_seconds=60)
    made = await desk.apply()
    assert (await desk.shown(made))["due_at"] is not None

    await desk.step(desk.reviewer(), made, "reject", {"reason": "no"})
    desk.context.clock.advance(seconds=90)
    await escalate(desk)

    assert (await desk.shown(made))["due_at"] is None
    assert await told(desk, made) == []


async def test_a_resubmission_after_its_time_limit_is_taken(future_desk: Desk) -> None:
    desk = future_desk
    await desk.rule(review_seconds=60, applicant_seconds=600)
    made = await desk.apply()
    await desk.step(desk.reviewer(), made, "request-changes", {"reason": "More, please"})
    desk.context.clock.advance(seconds=601)
    await escalate(desk)
    owner = await desk.platform.signed_in(made.email)

    sent = await owner.post(f"/registrations/{made.registration_id}/resubmit")

    assert (sent.status_code, sent.json()["status"], sent.json()["escalations"]) == (200, "submitted", 0)
    await escalate(desk)
    assert len(await told(desk, made)) == 1
    desk.context.clock.advance(seconds=61)
    await escalate(desk)
    assert [e["waiting_for"] for e in await told(desk, made)] == ["applicant", "staff"]

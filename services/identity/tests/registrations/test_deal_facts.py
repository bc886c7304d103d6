"""What is known of the deal over an application: reopened, worth another sum, won by the wrong one, heard late."""

from datetime import UTC, datetime, timedelta
from typing import Any

from libs.common.actor import OPERATOR_TENANT_ID, Actor, ActorKind
from libs.common.ids import new_id
from libs.common.testing.actors import user
from libs.common.testing.events import emitted
from libs.contracts.crm import DealAmountChanged, DealLost, DealReopened, DealWon
from libs.contracts.identity import RegistrationRejected, TenantSuspended
from services.identity.tests.outsiders import signed_in_now
from services.identity.tests.registrations.conftest import Desk

START = datetime(2026, 1, 1, tzinfo=UTC)
ZAR = {"currency": "ZAR"}


def minute(n: int) -> dict[str, Any]:
    """When a fact happened."""
    return {"time": START + timedelta(minutes=n)}


async def approvals(desk: Desk, made: Any) -> tuple[str, int]:
    """The status, and how many have approved."""
    shown = await desk.shown(made)
    return shown["status"], len(shown["approvals"])


async def boss(desk: Desk) -> Any:
    """An administrator who has just signed in."""
    return desk.chief.acting(await signed_in_now(desk.context, user(OPERATOR_TENANT_ID)))


async def close(desk: Desk, made: Any) -> None:
    """Close the business."""
    assert (await (await boss(desk)).delete(f"/tenants/{made.company_id}")).status_code == 204


async def test_a_deal_reopened_before_the_decision_takes_its_approval_back(desk: Desk) -> None:
    await desk.rule(approvals=2, deal_counts="vote")
    made, seller = await desk.apply(), f"user:{new_id()}"
    won = await desk.hear(DealWon, made, actor=seller, **minute(1))
    assert await approvals(desk, made) == ("submitted", 1)

    reopened = await desk.hear(DealReopened, made, actor=seller, **minute(2))
    assert await approvals(desk, made) == ("submitted", 0)
    # Late and repeated facts bring it back no more.
    await desk.hear(DealWon, made, event=won)
    await desk.hear(DealWon, made, actor=seller, **minute(1))
    assert await approvals(desk, made) == ("submitted", 0)
    await desk.hear(DealWon, made, actor=seller, **minute(3))
    await desk.hear(DealReopened, made, event=reopened)
    await desk.hear(DealReopened, made, actor=seller, **minute(2))
    assert await approvals(desk, made) == ("submitted", 1)
    assert (await desk.kinds(made)).count("approval_withdrawn") == 1
    assert (await desk.step(desk.reviewer(), made, "approve")).json()["status"] == "approved"


async def test_a_deal_reopened_after_the_decision_leaves_it_until_it_is_lost(desk: Desk) -> None:
    made = await desk.apply()
    await desk.hear(DealWon, made, **minute(1))

    await desk.hear(DealReopened, made, **minute(2))
    assert (await desk.shown(made))["status"] == "approved"
    assert (await desk.chief.get(f"/tenants/{made.company_id}")).json()["status"] == "active"
    assert await emitted(desk.context, made.company_id, TenantSuspended) == []

    await desk.hear(DealLost, made, **minute(3))
    assert (await desk.shown(made))["status"] == "rejected"
    # Gateways hear that it trades no more, and opened again it waits.
    assert len(await emitted(desk.context, made.company_id, TenantSuspended)) == 1
    [rejected] = await emitted(desk.context, made.company_id, RegistrationRejected)
    assert rejected.data["provisioning_run"] == 1
    await close(desk, made)
    opened = await desk.chief.post(f"/tenants/{made.company_id}/reopen")
    assert opened.json()["status"] == "pending"


async def test_an_amount_edited_while_the_deal_is_open_counts_for_the_rule(desk: Desk) -> None:
    await desk.rule(approvals=2, from_minor=500, review_seconds=3600, **ZAR)
    made = await desk.apply()
    assert ((await desk.shown(made))["approvals_needed"], (await desk.shown(made))["due_at"]) == (1, None)

    await desk.hear(DealAmountChanged, made, amount=500, **minute(2))
    await desk.hear(DealAmountChanged, made, amount=1, **minute(1))

    shown = await desk.shown(made)
    assert shown["approvals_needed"] == 2
    assert shown["due_at"] is not None
    assert (await desk.step(desk.reviewer(), made, "approve")).json()["status"] == "submitted"
    await desk.hear(DealAmountChanged, made, amount=499, **minute(3))
    assert (await desk.shown(made))["approvals_needed"] == 1
    # It is approved by who approves next, not by the edit.
    assert await approvals(desk, made) == ("submitted", 1)


async def test_a_deal_won_by_somebody_of_the_business_or_of_a_closed_one_decides_nothing(desk: Desk) -> None:
    made, closed = await desk.apply(), await desk.apply()
    for counts in ("decision", "vote"):
        await desk.rule(deal_counts=counts)
        await desk.hear(DealWon, made, actor=f"user:{made.user_id}")
        assert (await desk.shown(made))["status"] == "submitted"
    await close(desk, closed)

    await desk.hear(DealWon, closed, actor=f"user:{new_id()}")

    for one in (made, closed):
        assert (await desk.shown(one))["status"] == "submitted"
        assert "deal_ignored" in await desk.kinds(one)
    refused = await desk.step(desk.reviewer(), closed, "approve")
    assert (refused.status_code, refused.json()["slug"]) == (409, "invalid-transition")
    await desk.hear(DealWon, made, actor=f"user:{new_id()}")
    assert (await desk.shown(made))["status"] == "approved"


async def test_a_key_is_the_person_who_made_it(desk: Desk) -> None:
    await desk.rule(approvals=3, deal_counts="vote")
    scopes = ["identity.registrations.*"]
    maker = await boss(desk)
    key = await maker.post("/api-keys", json={"name": "k", "scopes": scopes})
    assert key.status_code == 201, key.text
    key_id = key.json()["id"]
    actor = Actor(
        kind=ActorKind.API_KEY, key_id=key_id, tenant_id=OPERATOR_TENANT_ID, permissions=frozenset(scopes)
    )
    made = await desk.apply()

    first = await desk.step(desk.chief.acting(actor), made, "approve")
    await desk.hear(DealWon, made, actor=f"api_key:{key_id}")
    by_hand = await desk.step(maker, made, "approve")

    assert first.json()["approvals"][0]["voter_id"] == str(maker.actor.user_id)
    assert by_hand.json()["slug"] == "already-approved"
    assert await approvals(desk, made) == ("submitted", 1)
    unknown = desk.chief.acting(Actor(kind=ActorKind.API_KEY, key_id=new_id(), permissions=frozenset(scopes)))
    assert (await desk.step(unknown, made, "approve")).status_code == 403

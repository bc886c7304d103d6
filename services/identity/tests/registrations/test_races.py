"""Several who decide at once."""

import asyncio
from typing import Any

import pytest

from libs.common.ids import new_id
from libs.common.testing.events import emitted
from libs.contracts.crm import DealLost, DealWon
from libs.contracts.identity import RegistrationRejected, TenantActivated
from services.identity.invariants import INVARIANTS
from services.identity.registrations.reviews.jobs import escalate_registrations
from services.identity.tests.registrations.conftest import Desk

ROUNDS = 4


async def outcome(desk: Desk, made: Any) -> tuple[str, str]:
    """Of the registration and of the company; they agree, and facts were told once."""
    status = (await desk.shown(made))["status"]
    company = (await desk.chief.get(f"/tenants/{made.company_id}")).json()["status"]
    assert len(await emitted(desk.context, made.company_id, TenantActivated)) == (status == "approved")
    assert len(await emitted(desk.context, made.company_id, RegistrationRejected)) == (status == "rejected")
    async with desk.context.unit_of_work(platform=True) as uow:
        for invariant in INVARIANTS:
            if (
                "registration" in invariant.name
                or "provision" in invariant.name
                or "time limit" in invariant.name
            ):
                assert (await invariant.check(uow)).breaches == 0, invariant.name
    return status, company


async def test_two_approvals_at_once_of_one_needed_are_one(desk: Desk) -> None:
    for _ in range(ROUNDS):
        made = await desk.apply()

        answers = await asyncio.gather(*(desk.step(desk.reviewer(), made, "approve") for _ in range(3)))

        assert sorted(a.status_code for a in answers) == [200, 409, 409]
        assert await outcome(desk, made) == ("approved", "active")


async def test_approvals_at_once_of_several_needed_are_counted_each(desk: Desk) -> None:
    await desk.rule(approvals=3)
    for _ in range(ROUNDS):
        made, me = await desk.apply(), new_id()
        people = [me, me, new_id(), new_id()]

        answers = await asyncio.gather(
            *(desk.step(desk.reviewer(user_id=who), made, "approve") for who in people)
        )

        assert sorted(a.status_code for a in answers) == [200, 200, 200, 409]
        assert len((await desk.shown(made))["approvals"]) == 3
        assert await outcome(desk, made) == ("approved", "active")


async def test_of_an_approval_and_a_rejection_at_once_one_holds(desk: Desk) -> None:
    for _ in range(ROUNDS):
        made = await desk.apply()

        answers = await asyncio.gather(
            desk.step(desk.reviewer(), made, "approve"),
            desk.step(desk.reviewer(), made, "reject", {"reason": "no"}),
        )

        assert sorted(a.status_code for a in answers) == [200, 409]
        assert await outcome(desk, made) in (("approved", "active"), ("rejected", "rejected"))


@pytest.mark.parametrize("kind", [DealWon, DealLost])
async def test_a_deal_beside_a_decision_by_hand_leaves_one_answer(desk: Desk, kind: type[Any]) -> None:
    for _ in range(ROUNDS):
        made = await desk.apply()
        verb, body = ("reject", {"reason": "no"}) if kind is DealWon else ("approve", None)

        await asyncio.gather(desk.hear(kind, made), desk.step(desk.reviewer(), made, verb, body))

        shown = await desk.shown(made)
        company = (await desk.chief.get(f"/tenants/{made.company_id}")).json()["status"]
        assert (shown["status"], company) in (("approved", "active"), ("rejected", "rejected"))
        for event in (TenantActivated, RegistrationRejected):
            assert len(await emitted(desk.context, made.company_id, event)) <= 1


async def test_the_same_deal_heard_several_times_at_once_approves_once(desk: Desk) -> None:
    await desk.rule(approvals=2, deal_counts="vote")
    made = await desk.apply()
    won = await desk.hear(DealWon, made)

    await asyncio.gather(*(desk.hear(DealWon, made, event=won) for _ in range(3)))

    assert len((await desk.shown(made))["approvals"]) == 1


async def test_an_escalation_beside_an_approval_wakes_nobody_for_what_is_decided(future_desk: Desk) -> None:
    desk = future_desk
    await desk.rule(review_seconds=60)
    for _ in range(ROUNDS):
        made = await desk.apply()
        desk.context.clock.advance(seconds=61)

        async def escalate() -> None:
            async with desk.context.unit_of_work(platform=True) as uow:
                await escalate_registrations(uow, {})

        _, answer, _ = await asyncio.gather(
            escalate(), desk.step(desk.reviewer(), made, "approve"), escalate()
        )

        assert answer.status_code == 200
        kinds = await desk.kinds(made)
        assert kinds.count("escalated") <= 1
        assert "escalated" not in kinds[kinds.index("approved") :]
        assert await outcome(desk, made) == ("approved", "active")

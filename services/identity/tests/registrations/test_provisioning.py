"""Setting up an approved business: seen, confirmed, tried again."""

from typing import Any

from prometheus_client import REGISTRY
from sqlalchemy import delete, literal, update

from libs.common.testing.events import deliver, emitted
from libs.contracts.crm import DealLost, DealWon
from libs.contracts.identity import ProvisioningRequested, TenantActivated
from libs.contracts.provisioning import step_provisioned
from services.identity.invariants import no_company_is_half_provisioned, steps_go_on_or_have_ended
from services.identity.members.models import MemberRole
from services.identity.registrations.provisioning.figures import LATE_ATTEMPTS, measure_provisioning
from services.identity.registrations.provisioning.jobs import retry_provisioning, unconfirmed
from services.identity.registrations.provisioning.models import Step, StepState
from services.identity.registrations.provisioning.steps import STEPS
from services.identity.tests.registrations.conftest import Desk

STATES = ("late", "failed")
THEIRS = [plan for plan in STEPS if plan.service != "identity"]


async def steps(desk: Desk, made: Any) -> dict[str, dict[str, Any]]:
    """The steps by name."""
    found = (await desk.chief.get(f"/registrations/{made.registration_id}/provisioning")).json()
    return {step["name"]: step for step in found["items"]}


async def state(desk: Desk, made: Any) -> str:
    """What they come to."""
    return (await desk.chief.get(f"/registrations/{made.registration_id}/provisioning")).json()["state"]


async def confirm(desk: Desk, made: Any, *names: str, run: int = 1) -> None:
    """Play the services that do the steps."""
    for plan in THEIRS:
        if plan.name in names:
            event = step_provisioned(plan.service, made.company_id, plan.name, run)
            await deliver(desk.context, event, made.company_id, handler="identity.note_step_provisioned")


async def retry(desk: Desk) -> None:
    """Run the job until nothing is due: other tests leave steps that nobody confirms."""
    for _ in range(100):
        async with desk.context.unit_of_work(platform=True) as uow:
            await retry_provisioning(uow, {})
            due = unconfirmed(desk.context, literal(uow.now)).limit(1)
            if await uow.session.scalar(due) is None:
                return


async def requested(desk: Desk, made: Any) -> list[tuple[str, int]]:
    """The steps asked for, with the run."""
    found = await emitted(desk.context, made.company_id, ProvisioningRequested)
    return [(e.data["step"], e.data["run"]) for e in found]


async def healthy(desk: Desk) -> bool:
    """Whether the invariants hold."""
    async with desk.context.unit_of_work(platform=True) as uow:
        checks = (steps_go_on_or_have_ended, no_company_is_half_provisioned)
        return all([(await check(uow)).breaches == 0 for check in checks])


async def test_each_step_is_done_when_its_effect_is_confirmed(desk: Desk) -> None:
    made = await desk.apply()
    assert await state(desk, made) == "none"
    await desk.hear(DealWon, made)

    begun = await steps(desk, made)
    [activated] = await emitted(desk.context, made.company_id, TenantActivated)
    assert activated.data["provisioning_run"] == 1
    assert await requested(desk, made) == [("default_product", 1)]
    assert {name: step["state"] for name, step in begun.items()} == {
        "activate_company": "done",
        "owner_membership": "done",
        **{plan.name: "running" for plan in THEIRS},
    }
    await confirm(desk, made, "default_product", "default_store")
    assert await state(desk, made) == "running"
    await confirm(desk, made, *(plan.name for plan in THEIRS))
    await confirm(desk, made, *(plan.name for plan in THEIRS))

    assert await state(desk, made) == "done"
    assert (await desk.kinds(made)).count("provisioned") == 1
    assert await healthy(desk)


async def test_what_nobody_confirms_is_asked_for_again_then_fails_and_can_be_retried(
    future_desk: Desk,
) -> None:
    desk, clock = future_desk, future_desk.context.clock
    made = await desk.apply()
    await desk.hear(DealWon, made)
    await confirm(desk, made, "default_product", "default_pipeline", "merchant_profile")

    await retry(desk)
    assert (await steps(desk, made))["default_store"]["attempts"] == 1
    clock.advance(seconds=31)
    for _ in range(2):
        await retry(desk)
    seen = (await steps(desk, made))["default_store"]
    assert (seen["attempts"], seen["state"]) == (2, "running")
    assert seen["last_error"] == "catalog has not confirmed it in time."
    assert await requested(desk, made) == [("default_product", 1), ("default_store", 1)]

    for _ in range(desk.context.settings.provisioning_attempts):
        clock.advance(hours=1)
        await retry(desk)
    assert (await steps(desk, made))["default_store"]["state"] == "failed"
    failed = await desk.chief.get(
        "/registrations", params={"provisioning": "failed", "product": desk.product}
    )
    assert [row["id"] for row in failed.json()["items"]] == [str(made.registration_id)]
    assert await state(desk, made) == "failed"
    assert "provisioning_failed" in await desk.kinds(made)
    assert (await desk.chief.get("/registrations/counts")).json()["provisioning_failed"] >= 1
    assert await healthy(desk)

    by_hand = await desk.step(desk.reviewer(), made, "provisioning/retry")
    assert by_hand.json()["state"] == "running"
    await confirm(desk, made, "default_store")
    assert await state(desk, made) == "done"
    # Nothing left to do: asking again changes nothing.
    assert (await desk.step(desk.reviewer(), made, "provisioning/retry")).json()["state"] == "done"
    assert len(await requested(desk, made)) == desk.context.settings.provisioning_attempts + 1


async def test_what_is_late_or_failed_is_a_figure(future_desk: Desk) -> None:
    desk = future_desk

    async def figures() -> list[float]:
        async with desk.context.unit_of_work(platform=True) as uow:
            await measure_provisioning(uow)
        return [REGISTRY.get_sample_value("pillars_provisioning_steps", {"state": s}) or 0.0 for s in STATES]

    async def settle(hours: int) -> None:
        for _ in range(hours):
            desk.context.clock.advance(hours=1)
            await retry(desk)

    assert measure_provisioning in desk.context.service.measures
    # What other tests have left is given up, whenever its next try was to be, so that it stays as it is.
    async with desk.context.unit_of_work(platform=True) as uow:
        left = update(Step).where(Step.state == StepState.RUNNING)
        await uow.session.execute(left.values(state=StepState.FAILED, next_attempt_at=None))
    late, failed = await figures()
    assert late == 0
    await desk.hear(DealWon, await desk.apply())

    await settle(LATE_ATTEMPTS - 1)
    assert await figures() == [len(THEIRS), failed]
    await settle(desk.context.settings.provisioning_attempts)
    assert await figures() == [0, failed + len(THEIRS)]


async def test_a_late_confirmation_of_what_failed_still_counts(future_desk: Desk) -> None:
    desk = future_desk
    made = await desk.apply()
    await desk.hear(DealWon, made)
    for _ in range(desk.context.settings.provisioning_attempts + 1):
        desk.context.clock.advance(hours=1)
        await retry(desk)
    assert await state(desk, made) == "failed"

    await confirm(desk, made, *(plan.name for plan in THEIRS))

    assert await state(desk, made) == "done"


async def test_a_business_turned_down_and_approved_after_all_is_set_up_anew(desk: Desk) -> None:
    made = await desk.apply()
    won = await desk.hear(DealWon, made)
    await confirm(desk, made, "default_product")
    await desk.hear(DealLost, made)
    assert await state(desk, made) == "cancelled"
    await confirm(desk, made, "default_store")
    assert (await steps(desk, made))["default_store"]["state"] == "cancelled"

    await desk.hear(DealWon, made)
    await desk.hear(DealWon, made, event=won)
    await confirm(desk, made, *(plan.name for plan in THEIRS), run=1)

    again = await steps(desk, made)
    assert {step["run"] for step in again.values()} == {2}
    assert again["default_product"]["state"] == "running"
    assert await requested(desk, made) == [("default_product", 1), ("default_product", 2)]
    await confirm(desk, made, *(plan.name for plan in THEIRS), run=2)
    assert await state(desk, made) == "done"


async def test_a_business_that_nobody_owns_is_seen(future_desk: Desk) -> None:
    desk = future_desk
    made = await desk.apply()
    async with desk.context.unit_of_work(platform=True) as uow:
        await uow.session.execute(delete(MemberRole).where(MemberRole.tenant_id == made.company_id))
    await desk.hear(DealWon, made)

    seen = (await steps(desk, made))["owner_membership"]

    assert (seen["state"], seen["last_error"]) == (
        "running",
        "Nobody owns the business: make somebody its owner.",
    )
    async with desk.context.unit_of_work(platform=True) as uow:
        await uow.session.execute(delete(MemberRole).where(MemberRole.tenant_id == made.company_id))
    desk.context.clock.advance(seconds=31)
    await retry(desk)
    assert (await steps(desk, made))["owner_membership"]["attempts"] == 2


async def test_who_only_reads_retries_nothing(desk: Desk) -> None:
    made = await desk.apply()
    reader = desk.reviewer("identity.registrations.read")

    assert (await desk.step(reader, made, "provisioning/retry")).status_code == 403


async def test_a_business_set_up_by_staff_has_no_steps(desk: Desk) -> None:
    made = await desk.apply()

    await confirm(desk, made, "default_store")

    assert await steps(desk, made) == {}

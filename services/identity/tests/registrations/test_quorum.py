"""How many must approve, who may, and whose right it is."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.money import Money
from libs.common.testing.actors import user
from libs.common.testing.events import emitted
from libs.contracts.crm import DealLost, DealWon
from libs.contracts.identity import TenantActivated
from services.identity.invariants import approvals_were_given, nobody_approves_his_own
from services.identity.registrations.rules.choosing import choose
from services.identity.registrations.rules.models import Rule
from services.identity.tests.registrations.conftest import Desk

ZAR = {"currency": "ZAR"}


async def test_a_large_application_needs_two_different_people(desk: Desk) -> None:
    await desk.rule(approvals=2, from_minor=1_000_000, **ZAR)
    small = await desk.apply(declared_amount={"amount": 999_999, **ZAR})
    large = await desk.apply(declared_amount={"amount": 1_000_000, **ZAR})
    one, other = desk.reviewer(), desk.reviewer()

    assert (await desk.step(one, small, "approve")).json()["status"] == "approved"
    first = await desk.step(one, large, "approve")
    twice = await desk.step(one, large, "approve")
    second = await desk.step(other, large, "approve", {"reason": "Seen"})

    assert (first.json()["status"], len(first.json()["approvals"])) == ("submitted", 1)
    assert first.json()["approvals_needed"] == 2
    assert (twice.status_code, twice.json()["slug"]) == (409, "already-approved")
    assert (second.json()["status"], len(second.json()["approvals"])) == ("approved", 2)
    assert len(await emitted(desk.context, large.company_id, TenantActivated)) == 1
    assert await desk.kinds(large) == ["submitted", "approval_given", "approval_given", "approved"]


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        ({}, 1),
        ({"business": {"name": "Karoo Coffee"}}, 1),
        ({"business": {"name": "Another Coffee"}}, 0),
    ],
)
async def test_an_approval_counts_for_what_was_handed_in_then(
    desk: Desk, platform: Any, sent: dict[str, Any], left: int
) -> None:
    await desk.rule(approvals=2)
    made = await desk.apply()
    one, other = desk.reviewer(), desk.reviewer()
    await desk.step(one, made, "approve")
    await desk.step(other, made, "request-changes", {"reason": "Look again"})
    owner = await platform.signed_in(made.email)
    done = await owner.post(f"/registrations/{made.registration_id}/resubmit", json=sent)
    assert done.status_code == 200, done.text

    shown = await desk.shown(made)
    second = await desk.step(other, made, "approve")
    again = await desk.step(one, made, "approve")

    assert (shown["round"], len(shown["approvals"])) == (2, left)
    if left:
        assert (second.json()["status"], again.status_code) == ("approved", 409)
    else:
        assert (second.json()["status"], again.json()["status"]) == ("submitted", "approved")


async def test_who_asks_for_changes_approves_no_more(desk: Desk, platform: Any) -> None:
    await desk.rule(approvals=2)
    made, one, other = await desk.apply(), desk.reviewer(), desk.reviewer()
    await desk.step(one, made, "approve")
    await desk.step(one, made, "request-changes", {"reason": "Look again"})
    assert (await desk.shown(made))["approvals"] == []
    owner = await platform.signed_in(made.email)
    await owner.post(f"/registrations/{made.registration_id}/resubmit")

    first = await desk.step(other, made, "approve")
    second = await desk.step(one, made, "approve")

    assert (first.json()["status"], second.json()["status"]) == ("submitted", "approved")


async def test_the_deal_is_won_once_and_counts_whatever_is_handed_in_later(desk: Desk, platform: Any) -> None:
    await desk.require("vat_number", "field", is_required=False)
    await desk.rule(approvals=2, deal_counts="vote")
    made = await desk.apply()
    await desk.hear(DealWon, made)
    await desk.step(desk.reviewer(), made, "request-changes", {"reason": "Your number"})
    owner, path = await platform.signed_in(made.email), f"/registrations/{made.registration_id}"
    answered = await owner.patch(f"{path}/fields", json={"fields": {"vat_number": "2"}})
    assert answered.status_code == 200, answered.text
    await owner.post(f"{path}/resubmit")

    shown = await desk.shown(made)
    last = await desk.step(desk.reviewer(), made, "approve")

    assert [vote["via"] for vote in shown["approvals"]] == ["deal"]
    assert last.json()["status"] == "approved"


def _rule(**fields: Any) -> Rule:
    common = {"is_active": True, "approvals": 1, "deal_counts": "decision", "escalate_role": "staff-admin"}
    return Rule(id=new_id(), created_at=datetime(2026, 1, 1, tzinfo=UTC), **{**common, **fields})


def test_an_amount_that_cannot_be_compared_takes_the_strictest_way() -> None:
    rules = [
        _rule(approvals=1),
        _rule(approvals=3, from_minor=50_000, currency="ZAR"),
        _rule(approvals=2, from_minor=900_000, currency="ZAR"),
        _rule(approvals=4, from_minor=700, currency="EUR", is_active=False),
    ]

    def needed(*amounts: tuple[int, str]) -> int:
        worth = [Money(amount=amount, currency=currency) for amount, currency in amounts]
        return choose(rules, "micro-sites", "ZA", worth).approvals

    assert needed() == 1
    assert needed((49_999, "ZAR")) == 1
    assert needed((50_000, "ZAR")) == 3
    assert needed((900_000, "ZAR")) == 2
    # Nobody says what a dollar is worth.
    assert needed((1, "USD")) == 3
    assert needed((0, "USD")) == 1
    assert needed((1, "ZAR"), (1, "USD")) == 3
    rules.append(_rule(approvals=4, from_minor=700, currency="USD"))
    assert [needed((699, "USD")), needed((700, "USD"))] == [1, 4]
    # A rule of another product says nothing of this one.
    rules[-1].product = "other"
    assert needed((1, "USD")) == 3


def test_of_two_alike_the_one_that_lets_the_deal_count_less_is_stricter() -> None:
    rules = [
        _rule(approvals=2, from_minor=1, currency="ZAR", deal_counts="vote"),
        _rule(approvals=2, from_minor=9, currency="ZAR"),
    ]

    assert choose(rules, "x", None, [Money(amount=1, currency="USD")]).deal_counts == "vote"
    assert choose(rules, "x", None, [Money(amount=9, currency="ZAR")]).deal_counts == "decision"


async def test_nobody_reviews_for_a_business_he_belongs_to(desk: Desk) -> None:
    made = await desk.apply()
    owner_as_staff = desk.reviewer(user_id=made.user_id)
    really = desk.chief.acting(
        user(OPERATOR_TENANT_ID, "identity.registrations.*", acting_user_id=made.user_id)
    )

    for who in (owner_as_staff, really):
        for verb, body in (("approve", None), ("reject", {"reason": "x"}), ("assign", None)):
            refused = await desk.step(who, made, verb, body)
            assert (refused.status_code, refused.json()["slug"]) == (403, "own-registration"), verb
    assert (await desk.shown(made))["status"] == "submitted"


async def test_who_acts_as_another_is_not_two_people(desk: Desk) -> None:
    await desk.rule(approvals=2)
    made, me = await desk.apply(), new_id()
    as_another = desk.chief.acting(user(OPERATOR_TENANT_ID, "identity.registrations.*", acting_user_id=me))

    assert (await desk.step(desk.reviewer(user_id=me), made, "approve")).status_code == 200
    assert (await desk.step(as_another, made, "approve")).json()["slug"] == "already-approved"


async def delegate(desk: Desk, giver: UUID, to: UUID, **time: float) -> Any:
    """Hand on the right of a person."""
    ends = desk.context.clock.now() + timedelta(**(time or {"hours": 1}))
    body = {"to_user_id": str(to), "ends_at": ends.isoformat(), "reason": "On leave"}
    return await desk.reviewer(user_id=giver).post("/registrations/delegations", json=body)


async def test_a_right_is_handed_on_for_a_time_and_used_once(future_desk: Desk) -> None:
    desk = future_desk
    await desk.rule(approvals=2)
    boss, clerk = await desk.hire("staff"), await desk.hire("staff")
    helper = desk.chief.acting(user(OPERATOR_TENANT_ID, "crm.deals.read", user_id=clerk))
    made = await desk.apply()

    before = await desk.step(helper, made, "approve")
    given = await delegate(desk, boss, clerk)
    assert given.status_code == 201, given.text
    seen = await helper.get(f"/registrations/{made.registration_id}")
    approved = await desk.step(helper, made, "approve")
    twice = await desk.step(helper, made, "approve")
    by_boss = await desk.step(desk.reviewer(user_id=boss), made, "approve")

    assert (before.status_code, before.json()["required_permission"]) == (
        403,
        "identity.registrations.decide",
    )
    assert seen.status_code == 200
    [vote] = approved.json()["approvals"]
    assert (vote["voter_id"], vote["right_of_id"]) == (str(clerk), str(boss))
    assert twice.json()["slug"] == by_boss.json()["slug"] == "already-approved"
    desk.context.clock.advance(hours=2)
    late = await desk.step(helper, await desk.apply(), "approve")
    assert late.status_code == 403


async def test_a_right_is_good_no_longer_than_its_owner_has_it(desk: Desk) -> None:
    boss, clerk = await desk.hire("staff"), await desk.hire("staff")
    helper = desk.chief.acting(user(OPERATOR_TENANT_ID, "crm.deals.read", user_id=clerk))
    made = await desk.apply()
    given = (await delegate(desk, boss, clerk)).json()

    # Not handed on again, and taken back by nobody but its owner and administrators.
    ends = (desk.context.clock.now() + timedelta(hours=1)).isoformat()
    on = await helper.post("/registrations/delegations", json={"to_user_id": str(boss), "ends_at": ends})
    assert on.status_code == 403
    path = f"/registrations/delegations/{given['id']}"
    assert (await desk.reviewer().delete(path)).status_code == 403
    await desk.chief.patch(f"/tenants/{OPERATOR_TENANT_ID}/members/{boss}", json={"roles": ["support"]})
    assert (await desk.step(helper, made, "approve")).status_code == 403
    await desk.chief.patch(f"/tenants/{OPERATOR_TENANT_ID}/members/{boss}", json={"roles": ["staff"]})
    listed = await desk.chief.get("/registrations/delegations", params={"from_user_id": str(boss)})
    assert [row["id"] for row in listed.json()["items"]] == [given["id"]]
    assert (await desk.reviewer(user_id=boss).delete(path)).status_code == 204
    assert (await desk.step(helper, made, "approve")).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        {"ends_at": "2020-01-01T00:00:00Z"},
        {"ends_at": "2999-01-01T00:00:00Z"},
        {"to_user_id": str(new_id())},
        {"ends_at": None},
    ],
)
async def test_bad_delegations_are_refused(desk: Desk, change: dict[str, Any]) -> None:
    ends = (desk.context.clock.now() + timedelta(hours=1)).isoformat()
    body = {"to_user_id": str(await desk.hire("staff")), "ends_at": ends} | change

    assert (await desk.reviewer().post("/registrations/delegations", json=body)).status_code == 422


async def test_a_deal_may_count_as_one_approval(desk: Desk) -> None:
    await desk.rule(approvals=2, deal_counts="vote")
    made, seller = await desk.apply(), new_id()

    won = await desk.hear(DealWon, made, actor=f"user:{seller}")
    await desk.hear(DealWon, made, event=won)
    await desk.hear(DealWon, made, actor=f"user:{new_id()}")
    after_deals = await desk.shown(made)
    by_seller = await desk.step(desk.reviewer(user_id=seller), made, "approve")
    by_other = await desk.step(desk.reviewer(), made, "approve")

    assert (after_deals["status"], len(after_deals["approvals"])) == ("submitted", 1)
    assert by_seller.json()["slug"] == "already-approved"
    assert by_other.json()["status"] == "approved"


async def test_what_the_deal_is_worth_counts_for_the_rule(desk: Desk) -> None:
    await desk.rule(approvals=2, deal_counts="vote", from_minor=500, **ZAR)
    cheap, dear = await desk.apply(), await desk.apply()

    await desk.hear(DealWon, cheap, amount=499)
    await desk.hear(DealWon, dear, amount=500)

    assert (await desk.shown(cheap))["status"] == "approved"
    assert (await desk.shown(dear))["status"] == "submitted"


async def test_a_deal_won_after_a_rejection_begins_anew_where_it_is_one_approval(desk: Desk) -> None:
    await desk.rule(approvals=2, deal_counts="vote")
    await desk.require("address", "check", rule={"check": "email_domain"})
    made = await desk.apply()
    # The clock of the service of deals is ahead.
    start = desk.context.clock.now() + timedelta(hours=1)
    await desk.hear(DealLost, made, time=start)

    await desk.hear(DealWon, made, time=start - timedelta(minutes=1))
    assert (await desk.shown(made))["status"] == "rejected"
    await desk.hear(DealWon, made, time=start + timedelta(minutes=1))

    shown = await desk.shown(made)
    assert (shown["status"], shown["round"], len(shown["approvals"])) == ("submitted", 2, 1)
    assert (await desk.chief.get(f"/tenants/{made.company_id}")).json()["status"] == "pending"
    assert (await desk.step(desk.reviewer(), made, "approve")).json()["status"] == "approved"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_whoever_approves_in_whatever_order_as_many_people_as_needed_must(
    desk: Desk, data: st.DataObject
) -> None:
    needed = data.draw(st.integers(1, 3))
    people = [new_id() for _ in range(4)]
    rule = await desk.rule(approvals=needed)
    made = await desk.apply()
    seen: set[UUID] = set()

    for who in data.draw(st.lists(st.sampled_from(people), max_size=6)):
        answer = await desk.step(desk.reviewer(user_id=who), made, "approve")
        if len(seen) >= needed:
            assert answer.json()["slug"] == "invalid-transition"
        elif who in seen:
            assert answer.json()["slug"] == "already-approved"
        else:
            seen.add(who)
            expected = "approved" if len(seen) == needed else "submitted"
            assert answer.json()["status"] == expected
    await desk.chief.delete(f"/registration-rules/{rule['id']}")
    async with desk.context.unit_of_work(platform=True) as uow:
        assert (await approvals_were_given(uow)).breaches == 0
        assert (await nobody_approves_his_own(uow)).breaches == 0

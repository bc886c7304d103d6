"""What is asked of a subscription that is behind: what is due is billed first, each period once, and then it is done."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from libs.common.actor import system_actor
from libs.common.errors import PreconditionFailed
from libs.common.ids import new_id
from libs.common.testing.actors import user
from libs.common.testing.round_trips import round_trips
from libs.contracts.payments import SubscriptionChanged, SubscriptionRenewed
from services.payments.subscriptions.errors import SubscriptionBehind
from services.payments.subscriptions.flows import CatchingUp
from services.payments.subscriptions.life import SubscriptionLife
from services.payments.subscriptions.schedule import STEPS
from services.payments.subscriptions.schemas import SubscriptionCancel
from services.payments.subscriptions.service import SubscriptionService
from services.payments.tests.subscriptions.sold import Seller
from services.payments.tests.subscriptions.test_at_once import moved
from services.payments.tests.subscriptions.test_catching_up import numbers

# From BEGIN, and as many days as that is.
DAYS_AGO, DAYS = "2026-01-22T10:00:00Z", 10
WEEKS_AGO, WEEKS = "2025-12-13T10:00:00Z", 50
MONTHS_AGO, MONTHS = "2025-07-16T10:00:00Z", 200
VERBS: list[tuple[str, dict[str, Any]]] = [
    ("cancel", {}),
    ("cancel", {"when": "period_end"}),
    ("pause", {}),
    ("change", {"quantity": 2}),
]


@pytest.fixture
def catch_up_seconds(seller: Seller) -> Iterator[Callable[[float], None]]:
    """Sets how long a request may bill what is due; unhurried unless told otherwise."""
    before = seller.context.settings

    def set_to(seconds: float) -> None:
        seller.context.settings = before.model_copy(update={"subscription_catch_up_seconds": seconds})

    set_to(60)
    yield set_to
    seller.context.settings = before


pytestmark = pytest.mark.usefixtures("catch_up_seconds")


async def behind(seller: Seller, starts_at: str = DAYS_AGO) -> dict[str, Any]:
    """A subscription of which only the first periods are billed, and whose job does not come."""
    return await seller.sell(interval="day", starts_at=starts_at, due_days=365)


async def cancelled(
    seller: Seller, sold: dict[str, Any], meanwhile: Callable[[], Awaitable[Any]] | None = None
) -> None:
    """A cancellation with `If-Match`, and what happens once it has found its subscription behind."""
    async with seller.context.unit_of_work(system_actor("payments", seller.shop.tenant_id)) as uow:
        uow.if_match = frozenset({sold["version"]})

        async def cancel() -> None:
            try:
                await SubscriptionService(uow).cancel(UUID(sold["id"]), SubscriptionCancel())
            except SubscriptionBehind:
                await uow.roll_back()
                if meanwhile is not None:
                    await meanwhile()
                raise

        await CatchingUp(uow).before(UUID(sold["id"]), cancel)


@pytest.mark.parametrize(("verb", "body"), VERBS)
async def test_what_is_due_is_billed_before_it_is_done(
    seller: Seller, verb: str, body: dict[str, Any]
) -> None:
    sold = await behind(seller)

    done = await seller.do(sold, verb, **body)

    assert done["period"] == DAYS
    assert await numbers(seller, sold) == list(range(1, DAYS + 1))
    renewed = [one["period"] for one in await seller.told(SubscriptionRenewed)]
    assert renewed == list(range(2, DAYS + 1))
    assert await seller.get(sold) == done

    # The job that the sale has left finds nothing to do, and nobody sees another version for it.
    await seller.shop.work()
    assert await seller.get(sold) == done


async def test_hundreds_of_days_are_billed_by_one_request(seller: Seller) -> None:
    sold = await behind(seller, MONTHS_AGO)

    await cancelled(seller, sold)

    done = await seller.get(sold)
    assert (done["status"], done["period"]) == ("cancelled", MONTHS)
    assert done["current_period_end"] == "2026-02-01T10:00:00Z"


async def test_what_a_change_would_cost_is_shown_as_it_is_then_made(seller: Seller) -> None:
    sold = await behind(seller)
    seller.clock.advance(hours=6)

    shown = await seller.do(sold, "change/preview", quantity=2)
    assert (await seller.get(sold))["quantity"] == 1
    await seller.do(sold, "change", quantity=2, proration="now", proration_at=shown["proration_at"])

    assert (shown["credit"]["amount"], shown["charge"]["amount"]) == (22_500, 45_000)
    assert (await seller.invoices(sold))[-1]["total"] == shown["net"]


async def test_one_whose_pause_was_over_long_ago_is_resumed_then_and_billed_since(seller: Seller) -> None:
    sold = await seller.sell(interval="day", due_days=365)
    await seller.do(sold, "pause", resumes_at="2026-02-10T10:00:00Z")
    seller.clock.advance(days=30)

    refused = await seller.do(sold, "resume", status=409)

    assert refused["slug"] == "invalid-transition"
    assert (await seller.get(sold))["current_period_start"] == "2026-03-02T10:00:00Z"
    assert await numbers(seller, sold) == list(range(1, 23))


async def test_one_in_order_is_not_touched_but_by_what_is_asked(seller: Seller) -> None:
    sold = await seller.sell(due_days=60)

    with round_trips(seller.context.engine) as asked:
        done = await seller.do(sold, "pause")

    assert done["version"] == sold["version"] + 1
    sent = [statement for trip in asked.statements for statement in trip]
    assert sum("FOR UPDATE" in one for one in sent) == 1
    assert sum(one.startswith("UPDATE payments.subscriptions") for one in sent) == 1
    assert not any("INSERT INTO payments.invoices" in one for one in sent)


async def test_nothing_is_billed_for_who_may_not_or_asks_for_what_cannot_be(
    seller: Seller, other_tenant_id: UUID
) -> None:
    sold = await behind(seller)
    path, me = f"/subscriptions/{sold['id']}", new_id()
    stranger = seller.client.acting(user(other_tenant_id))
    customer = seller.client.acting(
        user(seller.shop.tenant_id, "payments.subscriptions.cancel", user_id=me, roles=("client",))
    )
    for verb, body in VERBS:
        assert (await stranger.post(f"{path}/{verb}", json=body)).status_code == 404, verb
        stale = await seller.client.post(f"{path}/{verb}", json=body, headers={"If-Match": '"1"'})
        assert (stale.status_code, stale.json()["slug"]) == (412, "precondition-failed"), verb
    assert (await customer.post(f"{path}/cancel")).status_code == 404
    assert (await customer.post(f"{path}/pause")).status_code == 403
    for verb, wrong in (
        ("cancel", {"when": "never"}),
        ("pause", {"resumes_at": DAYS_AGO}),
        ("change", {"plan_id": str(new_id())}),
        ("change", {}),
    ):
        assert (await seller.client.post(f"{path}/{verb}", json=wrong)).status_code == 422, (verb, wrong)

    assert await seller.get(sold) == sold


@pytest.mark.parametrize(("verb", "body"), VERBS)
async def test_where_there_is_no_time_it_is_refused_until_it_has_caught_up(
    seller: Seller, catch_up_seconds: Callable[[float], None], verb: str, body: dict[str, Any]
) -> None:
    sold = await behind(seller)
    catch_up_seconds(0)

    refused = await seller.client.post(f"/subscriptions/{sold['id']}/{verb}", json=body)
    assert (refused.status_code, refused.json()["slug"]) == (409, "subscription-behind")
    assert refused.headers["retry-after"] == "1"
    assert await seller.get(sold) == sold

    await seller.shop.work()
    assert (await seller.do(sold, verb, **body))["period"] == DAYS


@pytest.mark.parametrize(("verb", "body"), VERBS)
async def test_the_version_it_was_asked_for_is_not_held_against_what_billing_made_of_it(
    seller: Seller, verb: str, body: dict[str, Any]
) -> None:
    sold = await behind(seller)
    await moved(seller, sold)
    assert (await seller.get(sold))["version"] == sold["version"] + 1

    seen = {"If-Match": f'"{sold["version"]}"'}
    done = await seller.client.post(f"/subscriptions/{sold['id']}/{verb}", json=body, headers=seen)
    assert (done.status_code, done.headers["etag"]) == (200, f'"{done.json()["version"]}"')

    again = await seller.client.post(f"/subscriptions/{sold['id']}/cancel", headers=seen)
    assert (again.status_code, again.json()["current_version"]) == (412, done.json()["version"])


async def test_a_version_from_before_a_change_is_refused_however_much_was_billed_since(
    seller: Seller,
) -> None:
    sold = await behind(seller)
    path = f"/subscriptions/{sold['id']}"
    await moved(seller, sold)
    changed = await seller.client.patch(path, json={"notes": "By the back door"})
    for _ in range(2):
        await moved(seller, sold)

    for version in (sold["version"], changed.json()["version"] - 1):
        stale = await seller.client.post(f"{path}/cancel", headers={"If-Match": f'"{version}"'})
        assert stale.status_code == 412, version
    seen = {"If-Match": changed.headers["etag"]}
    assert (await seller.client.post(f"{path}/cancel", headers=seen)).status_code == 200


async def test_what_is_changed_while_a_request_bills_is_not_lost(seller: Seller) -> None:
    sold = await behind(seller)

    async def somebody() -> None:
        path = f"/subscriptions/{sold['id']}"
        assert (await seller.client.patch(path, json={"notes": "By the back door"})).status_code == 200

    with pytest.raises(PreconditionFailed):
        await cancelled(seller, sold, somebody)

    found = await seller.get(sold)
    assert (found["status"], found["notes"], found["period"]) == ("active", "By the back door", DAYS)


async def test_the_job_that_bills_beside_a_request_refuses_it_nothing(seller: Seller) -> None:
    sold = await behind(seller)

    await cancelled(seller, sold, seller.shop.work)

    assert ((await seller.get(sold))["status"], await numbers(seller, sold)) == (
        "cancelled",
        list(range(1, DAYS + 1)),
    )


async def test_requests_and_jobs_at_once_bill_each_period_once(seller: Seller) -> None:
    sold = await behind(seller)
    path, key = f"/subscriptions/{sold['id']}", {"Idempotency-Key": str(new_id())}
    more = {"quantity": 3, "when": "period_end"}

    answers = await asyncio.gather(
        *(seller.client.post(f"{path}/change", json=more, headers=key) for _ in range(3)),
        *(seller.client.post(f"{path}/cancel", json={"when": "period_end"}) for _ in range(2)),
        moved(seller, sold),
        seller.shop.work(),
    )

    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    assert len({answer.text for answer in answers[:3]}) == 1
    assert sorted(len(answer.headers.get("idempotency-replayed", "")) for answer in answers[:3]) == [0, 4, 4]
    planned = [one for one in await seller.told(SubscriptionChanged) if one["change"] == "change_planned"]
    assert len(planned) == 1
    assert await numbers(seller, sold) == list(range(1, DAYS + 1))
    found = await seller.invoices(sold)
    assert [one["number"] for one in found] == [f"INV-{n:06d}" for n in range(1, DAYS + 1)]


async def test_cut_off_between_two_steps_a_repeat_goes_on_with_the_next(seller: Seller) -> None:
    sold = await behind(seller, WEEKS_AGO)
    path, key = f"/subscriptions/{sold['id']}/change", {"Idempotency-Key": str(new_id())}

    first = asyncio.create_task(seller.client.post(path, json={"quantity": 2}, headers=key))
    async with asyncio.timeout(30):
        while (await seller.get(sold))["period"] < 3 * STEPS:
            assert not first.done()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    left = await seller.get(sold)
    assert (left["quantity"], left["period"] % STEPS, left["period"] < WEEKS) == (1, 0, True)

    done = await seller.client.post(path, json={"quantity": 2}, headers=key)
    again = await seller.client.post(path, json={"quantity": 2}, headers=key)

    assert (done.json()["quantity"], done.json()["period"]) == (2, WEEKS)
    assert again.json() == done.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert await numbers(seller, sold) == list(range(1, WEEKS + 1))


async def test_what_is_left_by_one_that_was_cut_off_is_found_by_the_sweep(seller: Seller) -> None:
    sold = await behind(seller)
    async with seller.context.unit_of_work(platform=True) as uow:
        await uow.session.execute(uow.context.models.job.__table__.delete())

    async with seller.context.unit_of_work(tenant_id=seller.shop.tenant_id) as uow:
        assert await SubscriptionLife(uow).catch_up(UUID(sold["id"])) is not None
    await seller.work()

    assert await numbers(seller, sold) == list(range(1, DAYS + 1))

"""The states of an order: the table, and random lives of real orders."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.common.errors import InvalidTransition
from libs.common.runtime.context import ServiceContext
from services.orders.manifest import SERVICE
from services.orders.orders.jobs import complete_orders, expire_orders
from services.orders.orders.states import PAID_FOR, TRANSITIONS, OrderStatus, check
from services.orders.shipments.jobs import advance_tracking
from services.orders.tests.shop import Shop

S = OrderStatus


@given(st.sampled_from(S), st.sampled_from(S))
def test_exactly_the_steps_of_the_table_are_possible(current: OrderStatus, wanted: OrderStatus) -> None:
    if wanted in TRANSITIONS[current]:
        check(current, wanted)
    else:
        with pytest.raises(InvalidTransition) as refusal:
            check(current, wanted)
        assert refusal.value.extra["current_status"] == current


@given(st.lists(st.integers(0, 2), max_size=20))
def test_no_walk_through_the_table_undoes_a_payment_but_by_cancelling(choices: list[int]) -> None:
    state, paid = S.DRAFT, False
    for choice in choices:
        options = sorted(TRANSITIONS[state])
        if not options:
            break
        state = options[choice % len(options)]
        paid = (paid or state is S.PAID) and state is not S.CANCELLED
        assert (state in PAID_FOR) == paid
        assert state is not S.DRAFT


def test_only_completion_and_cancelling_are_final_and_every_state_can_be_reached() -> None:
    assert {state for state in S if not TRANSITIONS[state]} == {S.COMPLETED, S.CANCELLED}
    assert frozenset().union(*TRANSITIONS.values()) == set(S) - {S.DRAFT}


STEPS = ("pay", "pay again", "cancel", "ship one", "ship", "track", "wait", "complete")


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=9))
async def test_whatever_is_done_to_an_order_its_invariants_hold(
    shop: Shop, context: ServiceContext, steps: list[str]
) -> None:
    order = await shop.placed((shop.shelf.add(), 2))
    path = f"/orders/{order['id']}"
    line = {"line_id": order["items"][0]["line_id"], "quantity": 1}
    before = "placed"
    for step in steps:
        if step.startswith("pay"):
            await shop.pay(order)
        elif step == "wait":
            shop.clock.advance(minutes=20)
            await shop.run(expire_orders)
            await shop.run(complete_orders)
        elif step == "track":
            shop.clock.advance(seconds=2)
            await shop.run(advance_tracking)
        elif step.startswith("ship"):
            body = {"items": [line]} if step == "ship one" else {}
            response = await shop.client.post(f"{path}/shipments", json=body)
            assert response.status_code in (201, 409)
        else:
            response = await shop.client.post(f"{path}/{step}")
            assert response.status_code in (200, 409)
        shown = await shop.order(order)
        assert shown["status"] == before or _reachable(before, shown["status"])
        before = shown["status"]
        states = [entry["status"] for entry in await shop.timeline(order) if entry["status"]]
        assert states[-1] == before
        assert (shown["payment_id"] is not None) or before not in PAID_FOR
    async with context.unit_of_work(platform=True) as uow:
        for invariant in SERVICE.invariants:
            finding = await invariant.check(uow)
            assert finding.breaches == 0, (invariant.name, finding)


def _reachable(start: str, end: str) -> bool:
    found, ahead = set(), {S(start)}
    while ahead:
        found |= ahead
        ahead = frozenset().union(*(TRANSITIONS[state] for state in ahead)) - found
    return S(end) in found

"""How many handlers run at once, and whose."""

import asyncio
from contextlib import AsyncExitStack

from libs.common.messaging.slots import Slots


async def taken(slots: Slots, queue: str, count: int, *, in_bulk: bool = False) -> tuple[AsyncExitStack, int]:
    """Try to hold this many slots of a queue; how many there were."""
    stack, held = AsyncExitStack(), 0
    for n in range(count):
        try:
            # What there is, is had without waiting.
            async with asyncio.timeout(0):
                await stack.enter_async_context(slots.take(queue, f"thing/{n}", in_bulk=in_bulk))
        except TimeoutError:
            break
        held += 1
    return stack, held


async def test_one_queue_gets_half_and_all_get_the_whole() -> None:
    slots = Slots(8)
    first, held_first = await taken(slots, "a", 8)
    second, held_second = await taken(slots, "b", 8)
    third, held_third = await taken(slots, "c", 8)
    assert (held_first, held_second, held_third) == (4, 4, 0)
    for stack in (first, second, third):
        await stack.aclose()
    stack, held = await taken(slots, "c", 8)
    assert held == 4
    await stack.aclose()


async def test_queues_in_bulk_leave_room_for_the_others() -> None:
    slots = Slots(8)
    audit, held_audit = await taken(slots, "audit", 8, in_bulk=True)
    figures, held_figures = await taken(slots, "figures", 8, in_bulk=True)
    orders, held_orders = await taken(slots, "orders", 8)
    assert held_audit + held_figures == 2
    assert held_orders == 4
    for stack in (audit, figures, orders):
        await stack.aclose()


async def test_events_of_one_subject_wait_for_each_other() -> None:
    slots = Slots(8)
    order: list[int] = []

    async def handle(n: int) -> None:
        async with slots.take("a", "order/1"):
            order.append(n)
            await asyncio.sleep(0)
            order.append(n)

    await asyncio.gather(*(handle(n) for n in range(3)))
    assert order == [0, 0, 1, 1, 2, 2]

"""After an outage much is due to be asked about at once: all of it is taken up, each once."""

from uuid import UUID

import pytest
from sqlalchemy import text

from libs.common.db.unit_of_work import UnitOfWork
from services.payments.payments.jobs import reconcile as reconcile_payments
from services.payments.refunds.jobs import reconcile as reconcile_refunds
from services.payments.tests.shop import Shop

MANY = 120
COPIES = """
INSERT INTO payments.{table} SELECT copy.* FROM payments.{table} AS one, generate_series(2, :many) AS n,
jsonb_populate_record(one, jsonb_build_object('id', gen_random_uuid(), 'order_id', gen_random_uuid(), 'request_key', n))
AS copy
"""


async def pending(shop: Shop, table: str) -> None:
    """Let there be many pending ones that nobody has settled, in copies of one."""
    await shop.account()
    order = shop.orders.place(shop.tenant_id)
    checkout = await shop.start(order)
    if table == "refunds":
        await shop.press(checkout)
        await shop.work()
        assert (await shop.refund(checkout["payment_id"], 100)).status_code == 201
    async with shop.context.unit_of_work(platform=True) as uow:
        renewed = f"UPDATE payments.{table} SET status = 'pending', check_at = :now"
        await uow.session.execute(text(renewed), {"now": uow.now})
        await uow.session.execute(text(COPIES.format(table=table)), {"many": MANY})


@pytest.mark.parametrize(
    ("table", "reconcile", "job"),
    [("payments", reconcile_payments, "check_payment"), ("refunds", reconcile_refunds, "send_refund")],
)
async def test_all_that_is_due_is_taken_up_in_one_tick(
    isolated: Shop, table: str, reconcile: object, job: str
) -> None:
    await pending(isolated, table)

    async def tick() -> None:
        async with isolated.context.unit_of_work(platform=True) as uow:
            assert callable(reconcile)
            await reconcile(uow, {})

    await tick()
    await tick()

    async def taken_up(uow: UnitOfWork) -> list[UUID]:
        jobs = uow.context.models.job.__table__
        rows = await uow.session.execute(jobs.select().where(jobs.c.name == job))
        return [row.args[f"{table[:-1]}_id"] for row in rows if row.tenant_id == isolated.tenant_id]

    async with isolated.context.unit_of_work(platform=True) as uow:
        found = await taken_up(uow)
    assert (len(found), len(set(found))) == (MANY, MANY)

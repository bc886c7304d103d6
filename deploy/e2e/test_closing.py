"""A business that closed long ago: what it had goes from every service, and the books stay."""

from typing import Any

import psycopg

from deploy.e2e.conftest import Suite, open_shop
from deploy.verify.crosschecks import check as crosscheck
from libs.common.privacy.fields import INFRASTRUCTURE, TableMap
from libs.common.runtime.commands.verify import check
from libs.common.runtime.registry import NAMES, load_all
from libs.common.testing.eventually import eventually

# Of no person, and only there while something is under way.
PASSING = {"idempotency_keys", "jobs", "outbox"}


async def rows_of(suite: Suite, company: str) -> dict[str, tuple[int, TableMap]]:
    """How many rows of a business each table has, with its map; personal tokens are not counted."""
    found = {}
    async with await psycopg.AsyncConnection.connect(suite.settings.database_url) as connection:
        await connection.execute("SELECT set_config('app.scope', 'platform', true)")
        for service in load_all():
            for table in service.metadata.sorted_tables:
                of = {**INFRASTRUCTURE, **service.privacy}[table.name]
                if "tenant_id" not in table.columns or table.name in PASSING:
                    continue
                own = f"AND {of.of_person} IS NULL" if of.of_person else ""
                counting = f"SELECT count(*) FROM {table.fullname} WHERE tenant_id = %s {own}"
                row = await (await connection.execute(counting, (company,))).fetchone()  # type: ignore[arg-type]
                assert row is not None
                found[table.fullname] = (row[0], of)
    return found


async def change(suite: Suite, statement: str, company: str) -> None:
    """Change what is stored of a business."""
    async with await psycopg.AsyncConnection.connect(suite.settings.database_url) as connection:
        await connection.execute("SELECT set_config('app.scope', 'platform', true)")
        await connection.execute(statement, (company,))  # type: ignore[arg-type]


async def run(suite: Suite, job: str) -> None:
    """Let a timed job of identity run now."""
    context = suite.host.contexts["identity"]
    (found,) = (each for each in context.service.jobs if each.name == job)
    async with context.unit_of_work(platform=True) as uow:
        await found.run(uow, {})


async def nothing_is_broken(suite: Suite) -> bool:
    """Whether every invariant of `pillars verify` holds, once all events are handled."""
    return not any(finding.breaches for _, _, finding in await check(suite.settings))


async def test_a_closed_business_is_erased_from_every_service_and_its_books_stay(
    suite: Suite, staff: dict[str, str]
) -> None:
    async with open_shop(suite) as shop, open_shop(suite) as neighbour, suite.client(**staff) as http:
        for each in (shop, neighbour):
            await each.story.a_client_buys()
            await each.story.and_pays()
        await eventually(lambda: nothing_is_broken(suite), 60)
        before, beside = await rows_of(suite, shop.company), await rows_of(suite, neighbour.company)
        closed = await http.delete(f"/tenants/{shop.company}")
        assert closed.status_code == 204, closed.text
        path = f"/tenants/{shop.company}/erasure"
        assert (await http.get(path)).status_code == 404
        await change(
            suite,
            "UPDATE identity.tenants SET kept_until = now() - interval '1 day' WHERE id = %s",
            shop.company,
        )

        await run(suite, "mark_closed_tenants")
        assert (await http.get(path)).json()["status"] == "running"
        await eventually(lambda: nothing_is_broken(suite), 60)
        now = "UPDATE identity.privacy_requests SET next_try_at = now() WHERE kind = 'closing' AND tenant_id = %s"
        await change(suite, now, shop.company)

        await run(suite, "erase_closed_tenants")

        async def completed() -> Any:
            found = (await http.get(path)).json()
            return found if found["status"] == "completed" else None

        done = await eventually(completed, 60)

        receipts = {receipt["service"]: receipt for receipt in done["receipts"]}
        assert receipts.keys() == set(NAMES)
        kept = {
            f"{name}.{reason['table']}": reason["count"]
            for name, receipt in receipts.items()
            for reason in receipt["reasons"]
        }
        after = await rows_of(suite, shop.company)
        for table, (count, of) in after.items():
            if of.stays:
                assert count >= before[table][0], table
                assert not count or table in kept, table
            else:
                assert count == 0, table
        # What is sold and paid for is among it.
        assert {"payments.invoices", "payments.ledger_entries", "orders.orders"} <= kept.keys()
        gone = {table for table, (count, of) in before.items() if count and not of.stays}
        assert len(gone) > 25, gone
        assert sum(receipt["erased"] for receipt in receipts.values()) >= len(gone)
        assert {t: n for t, (n, _) in (await rows_of(suite, neighbour.company)).items()} == {
            t: n for t, (n, _) in beside.items()
        }
        tenant = (await http.get(f"/tenants/{shop.company}")).json()
        assert (tenant["status"], tenant["phone"], tenant["settings"]) == ("closed", None, {})
        assert tenant["erased_at"] is not None
        await eventually(lambda: nothing_is_broken(suite), 60)

        # And what is left of it by whatever mistake is found.
        left = (
            "INSERT INTO identity.departments (tenant_id, id, name)"
            " SELECT id, gen_random_uuid(), 'Left' FROM identity.tenants WHERE id = %s"
        )
        await change(suite, left, shop.company)
        found = dict(await crosscheck(suite.settings, load_all()))
        assert found["nothing is left of erased businesses"].breaches == 1
        await change(suite, "DELETE FROM identity.departments WHERE tenant_id = %s", shop.company)

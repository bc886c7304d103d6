"""A customer's data over all services: handed out, erased, and the books whole after it."""

from typing import Any

import httpx

from deploy.e2e.conftest import Suite, open_shop
from libs.common.runtime.commands.verify import check
from libs.common.testing.eventually import eventually


async def answered(call: Any, status: int = 200) -> Any:
    """The JSON of an answer."""
    response: httpx.Response = await call
    assert response.status_code == status, response.text
    return response.json()


async def nothing_is_broken(suite: Suite) -> bool:
    """Whether every invariant of `pillars verify` holds, once all events are handled."""
    return not any(finding.breaches for _, _, finding in await check(suite.settings))


async def test_what_is_known_of_a_customer_is_handed_out_then_erased_and_the_books_stay(suite: Suite) -> None:
    async with open_shop(suite) as shop, suite.client(**shop.owner) as owner:
        story = shop.story
        await story.a_client_buys()
        await story.and_pays()
        email = f"client-{story.run}@example.com"
        (order,) = [
            found
            for found in (await answered(owner.get("/orders", params={"limit": 50})))["items"]
            if found["email"] == email
        ]

        async def completed(kind: str) -> Any:
            made = await answered(owner.post(f"/privacy/{kind}", json={"email": email}), 201)

            async def look() -> Any:
                found = await answered(owner.get(f"/privacy/{kind}/{made['id']}"))
                return found if found["status"] == "completed" else None

            return await eventually(look, 60)

        export = await completed("exports")
        known = await answered(owner.get(f"/privacy/exports/{export['id']}/file"))
        assert {"orders", "payments", "notifications", "analytics"} <= {
            name for name, part in known["services"].items() if part
        }
        assert order["id"] in {row["id"] for row in known["services"]["orders"]["orders"]}

        before = await answered(owner.get(f"/orders/{order['id']}"))
        erasure = await completed("erasures")

        receipts = {receipt["service"]: receipt for receipt in erasure["receipts"]}
        assert receipts["orders"]["pseudonymised"] >= 2
        assert receipts["payments"]["kept"] >= 1
        assert all(len(reason["reason"]) > 20 for r in receipts.values() for reason in r["reasons"])
        after = await answered(owner.get(f"/orders/{order['id']}"))
        personal = {"email", "customer_name", "note", "shipping_address", "address", "version", "updated_at"}
        assert after["email"] == erasure["email"]
        assert {k: v for k, v in after.items() if k not in personal} == {
            k: v for k, v in before.items() if k not in personal
        }
        again = await completed("erasures")
        # Identity has the request itself.
        others = [r for r in again["receipts"] if r["service"] != "identity"]
        assert {(r["erased"], r["pseudonymised"]) for r in others} == {(0, 0)}
        left = (await answered(owner.get(f"/privacy/exports/{(await completed('exports'))['id']}/file")))[
            "services"
        ]
        assert {name for name, part in left.items() if part} == {"payments", "identity"}, left
        await eventually(lambda: nothing_is_broken(suite), 60)

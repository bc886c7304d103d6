"""Handing out and erasing people's data: the flow over all services, seen from here."""

import asyncio
from uuid import UUID

import orjson
from sqlalchemy import select, text, update

from libs.common.ids import new_id
from libs.common.runtime.registry import NAMES
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, emitted, envelope
from libs.contracts.audit import change_recorded
from libs.contracts.identity import MemberChanged, SessionRevoked
from services.identity.privacy_requests.jobs import (
    forget_privacy_exports,
)
from services.identity.privacy_requests.models import PrivacyReceipt
from services.identity.privacy_requests.service import whole_of
from services.identity.tenants.models import Tenant, TenantStatus
from services.identity.tests.outsiders import PASSWORD, Platform
from services.identity.tests.privacy_requests.others import DONE, PLACE, REASON, Flow, ask, read
from services.identity.users.models import User


async def test_every_service_is_asked_and_gives_a_receipt(
    flow: Flow, client: Client, tenant_id: UUID
) -> None:
    made = await ask(client, "erasures", email="Thandi@Example.com", reason="A letter")
    assert (made["status"], {r["service"] for r in made["receipts"]}) == ("pending", set(NAMES))

    await flow.run()

    done = await read(client, "erasures", made)
    assert done["status"] == "completed"
    assert done["email"] == f"erased-{UUID(made['id']).hex}@erased.invalid"
    receipts = {receipt["service"]: receipt for receipt in done["receipts"]}
    assert {receipt["status"] for receipt in receipts.values()} == {"done"}
    assert {name: receipts["payments"][name] for name in DONE} == DONE
    for other in flow.others.values():
        ((kind, key, body),) = other.asked_for(made)
        assert (kind, key) == ("erasures", f"{made['id']}:0")
        assert body == {
            "request_id": made["id"],
            "user_id": None,
            "email": "Thandi@Example.com",
            "tenant_id": str(tenant_id),
            "place": None,
        }


async def test_an_erasure_of_several_steps_goes_on_where_it_was_and_adds_up(
    flow: Flow, client: Client
) -> None:
    orders, catalog = flow.others["orders"], flow.others["catalog"]
    # More than one run of the job takes.
    orders.steps = 53
    made = await ask(client, "erasures", email="thandi@example.com")

    await flow.run()
    midway = await read(client, "erasures", made)
    # What is under way ends with the process; the answer to the last step was not written down.
    async with flow.context.unit_of_work(platform=True) as uow:
        lost = text(
            "UPDATE identity.privacy_receipts SET step = step - 1 WHERE request_id = :id AND step = 50"
        )
        await uow.session.execute(lost, {"id": made["id"]})
    await flow.run()

    done = await read(client, "erasures", made)
    assert (midway["status"], done["status"]) == ("pending", "completed")
    keys = [int(key.partition(":")[2]) for _, key, _ in orders.asked_for(made)]
    assert keys == [*range(50), *range(49, 53)]
    assert [body["place"] for _, _, body in orders.asked_for(made)] == [None, *[PLACE] * 53]
    receipt = next(r for r in done["receipts"] if r["service"] == "orders")
    # The stand-in counts a repeated step again, where a service answers as it did before.
    assert (receipt["erased"], receipt["kept"]) == (3 * 54, 54)
    assert receipt["reasons"] == [{**REASON, "count": 54}]
    assert len(catalog.asked_for(made)) == 1


async def test_two_runs_at_once_count_no_step_twice(flow: Flow, client: Client) -> None:
    flow.others["orders"].steps = 4
    made = await ask(client, "erasures", email="thandi@example.com")

    await asyncio.gather(*(flow.run() for _ in range(3)))
    await flow.run()

    done = await read(client, "erasures", made)
    assert done["status"] == "completed"
    counted = {r["service"]: r["erased"] for r in done["receipts"] if r["service"] != "identity"}
    assert counted == {name: 12 if name == "orders" else 3 for name in flow.others}


async def test_an_erasure_asks_for_a_fresh_sign_in(flow: Flow, client: Client) -> None:
    body = {"email": "thandi@example.com"}
    stale = client.acting(user(new_id()))

    assert (await client.post("/privacy/erasures", json=body)).status_code == 201
    refused = await stale.post("/privacy/erasures", json=body)
    flow.clock.advance(hours=2)
    late = await client.post("/privacy/erasures", json=body)

    for answer in (refused, late):
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (
            403,
            "reauthentication-required",
        )
    assert (await stale.post("/privacy/exports", json=body)).status_code == 201


async def test_an_erasure_takes_earlier_exports_of_the_person_away(flow: Flow, client: Client) -> None:
    finished = await ask(client, "exports", email="Thandi@example.com")
    other = await ask(client, "exports", email="sipho@example.com")
    stranger = client.acting(user(new_id()))
    theirs = await ask(stranger, "exports", email="thandi@example.com")
    await flow.run()
    flow.others["crm"].is_away = True
    halfway = await ask(client, "exports", email="thandi@example.com")
    await flow.run()
    flow.others["crm"].is_away = False
    flow.clock.advance(seconds=10)

    erasure = await ask(client, "erasures", email="thandi@example.com")
    await flow.run()
    flow.clock.advance(minutes=1)
    await flow.run()

    assert (await read(client, "erasures", erasure))["status"] == "completed"
    for gone in (finished, halfway):
        path = f"/privacy/exports/{gone['id']}"
        assert (
            (await client.get(path)).json()["status"],
            (await client.get(f"{path}/file")).status_code,
        ) == (
            "expired",
            409,
        )
        async with flow.context.unit_of_work(platform=True) as uow:
            rows = text(
                "SELECT q.email, p.sealed FROM identity.privacy_requests q JOIN identity.privacy_receipts r"
                " ON r.tenant_id = q.tenant_id AND r.request_id = q.id LEFT JOIN identity.privacy_parts p"
                " ON p.tenant_id = r.tenant_id AND p.receipt_id = r.id WHERE q.id = :id"
            )
            left = {tuple(row) for row in await uow.session.execute(rows, {"id": gone["id"]})}
        assert left == {(f"erased-{UUID(erasure['id']).hex}@erased.invalid", None)}
    assert (await client.get(f"/privacy/exports/{other['id']}/file")).status_code == 200
    assert (await stranger.get(f"/privacy/exports/{theirs['id']}/file")).status_code == 200


async def test_entries_that_name_an_erased_person_are_counted_with_the_reason_and_the_chain_holds(
    flow: Flow, client: Client, tenant_id: UUID
) -> None:
    email = f"t{new_id().hex}@example.com"
    for number in range(3):
        said = change_recorded(
            "crm", "updated", "contact", new_id(), {"email": email.upper()}, {"number": number}
        )
        await deliver(flow.context, envelope(said, tenant_id), handler="identity.record_audit")
    other = change_recorded("crm", "updated", "contact", new_id(), None, {"email": f"x{email}"})
    await deliver(flow.context, envelope(other, tenant_id), handler="identity.record_audit")

    made = await ask(client, "erasures", email=email)
    await flow.run()

    done = await read(client, "erasures", made)
    own = next(r for r in done["receipts"] if r["service"] == "identity")
    (kept,) = [reason for reason in own["reasons"] if reason["table"] == "audit_log"]
    assert (kept["column"], kept["count"]) == ("before", 3)
    assert "proof" in kept["reason"]
    found = (await client.get("/audit-log/verify")).json()
    assert (found["valid"], found["checked"]) == (True, 4)


async def test_a_service_that_is_away_is_waited_for_and_seen_while_others_are_not_asked_again(
    flow: Flow, client: Client
) -> None:
    flow.others["orders"].is_away = True
    made = await ask(client, "erasures", email="thandi@example.com")

    await flow.run()
    waiting = await read(client, "erasures", made)
    await flow.run()  # Not yet: it pauses.
    assert len(flow.others["orders"].asked_for(made)) == 1
    assert waiting["status"] == "pending"
    assert {
        (r["service"], r["attempts"], r["last_error"])
        for r in waiting["receipts"]
        if r["status"] == "pending"
    } == {("orders", 1, "unavailable"), ("identity", 0, None)}

    flow.others["orders"].is_away = False
    flow.clock.advance(seconds=60)
    await flow.run()

    assert (await read(client, "erasures", made))["status"] == "completed"
    assert {
        name: len(other.asked_for(made)) for name, other in flow.others.items() if name != "orders"
    } == dict.fromkeys(flow.others.keys() - {"orders"}, 1)
    assert {key for _, key, _ in flow.others["orders"].asked_for(made)} == {f"{made['id']}:0"}


async def test_it_is_asked_again_at_once_when_somebody_says_so(flow: Flow, client: Client) -> None:
    flow.others["crm"].is_away = True
    made = await ask(client, "exports", email="thandi@example.com")
    await flow.run()
    flow.others["crm"].is_away = False
    # The way to a service that was away is looked at again after a while.
    flow.clock.advance(seconds=10)

    again = await client.post(f"/privacy/exports/{made['id']}/retry")
    await flow.run()

    assert again.status_code == 200
    assert (await read(client, "exports", made))["status"] == "completed"


async def test_an_export_can_be_fetched_until_it_expires_and_is_sealed_meanwhile(
    flow: Flow, client: Client
) -> None:
    made = await ask(client, "exports", email="thandi@example.com")
    path = f"/privacy/exports/{made['id']}/file"
    early = await client.get(path)
    assert (early.status_code, early.json()["state"]) == (409, "pending")
    await flow.run()

    fetched = await client.get(path)

    assert fetched.status_code == 200
    assert fetched.json()["services"]["crm"] == {"things": [{"of": "crm", "step": 0}]}
    assert fetched.json()["services"].keys() == set(NAMES)
    assert "attachment" in fetched.headers["content-disposition"]
    async with flow.context.unit_of_work(platform=True) as uow:
        stored = text(
            "SELECT p.sealed FROM identity.privacy_receipts r JOIN identity.privacy_parts p"
            " ON p.tenant_id = r.tenant_id AND p.receipt_id = r.id WHERE r.request_id = :id"
        )
        parts = list((await uow.session.execute(stored, {"id": made["id"]})).scalars())
    # Here nobody is known by that address but to the request itself.
    assert len(parts) == len(NAMES)
    assert not any("things" in part for part in parts)

    flow.clock.advance(days=8)
    async with flow.context.unit_of_work(platform=True) as uow:
        await forget_privacy_exports(uow, {})
    assert (await client.get(path)).status_code == 409
    assert (await read(client, "exports", made))["status"] == "expired"
    async with flow.context.unit_of_work(platform=True) as uow:
        parts = list((await uow.session.execute(stored, {"id": made["id"]})).scalars())
    assert parts == []


async def test_an_export_of_several_steps_has_all_rows_and_the_receipts_count_them(
    flow: Flow, client: Client
) -> None:
    # More than one run of the job takes, and than one page.
    flow.others["orders"].steps = 53
    made = await ask(client, "exports", email="thandi@example.com")

    await flow.run()
    midway = await read(client, "exports", made)
    await flow.run()

    done = await read(client, "exports", made)
    assert (midway["status"], done["status"]) == ("pending", "completed")
    found = (await client.get(f"/privacy/exports/{made['id']}/file")).json()
    assert (found["request_id"], found["email"], found["user_id"]) == (made["id"], "thandi@example.com", None)
    assert found["services"]["orders"] == {"things": [{"of": "orders", "step": n} for n in range(53)]}
    rows = {receipt["service"]: receipt["rows"] for receipt in done["receipts"]}
    assert rows["orders"] == 53
    assert rows == {
        name: sum(len(of) for of in tables.values()) for name, tables in found["services"].items()
    }


async def test_an_export_of_the_release_before_can_still_be_fetched(flow: Flow, client: Client) -> None:
    made = await ask(client, "exports", email="thandi@example.com")
    await flow.run()
    whole = {"things": [{"n": 1}, {"n": 2}], "others": [{"n": 3}]}
    async with flow.context.unit_of_work(platform=True) as uow:
        receipt = (
            await uow.session.execute(
                select(PrivacyReceipt).where(
                    PrivacyReceipt.request_id == UUID(made["id"]), PrivacyReceipt.service == "crm"
                )
            )
        ).scalar_one()
        said = orjson.dumps(whole).decode()
        receipt.sealed_part = uow.context.keyring.encrypt(said, purpose=whole_of(receipt.id))

    found = await client.get(f"/privacy/exports/{made['id']}/file")

    assert found.json()["services"]["crm"] == whole


async def test_an_erased_account_is_empty_closed_and_told_of(
    flow: Flow, staff: Client, tenant_id: UUID
) -> None:
    platform = Platform(flow.context)
    shop = await platform.business()
    email = platform.email()
    joined = await platform.post(
        "/auth/signup",
        {
            "email": email,
            "password": PASSWORD,
            "first_name": "Lerato",
            "last_name": "Mokoena",
            "company_id": str(shop.company_id),
        },
    )
    assert joined.status_code == 201, joined.text
    user_id = joined.json()["user"]["id"]
    await platform.login_with(email)

    made = await ask(staff, "erasures", user_id=user_id)
    await flow.run()

    done = await read(staff, "erasures", made)
    assert done["status"] == "completed", done
    own = next(r for r in done["receipts"] if r["service"] == "identity")
    assert own["erased"] >= 3
    assert own["pseudonymised"] >= 2
    async with flow.context.unit_of_work(platform=True) as uow:
        account = (await uow.session.execute(select(User).where(User.id == UUID(user_id)))).scalar_one()
        rows = await uow.session.execute(
            text("SELECT to_jsonb(s)::text FROM identity.sessions s WHERE user_id = :id"), {"id": user_id}
        )
        sessions = list(rows.scalars())
    assert (account.first_name, account.last_name, account.phone) == ("Erased", "", None)
    assert (account.email, account.password_hash, account.is_active) == (done["email"], None, False)
    assert sessions
    assert all('"revoked_at": "' in s for s in sessions)
    assert "Lerato" not in str(sessions)
    told = await emitted(flow.context, shop.company_id, MemberChanged)
    assert told[-1].data["email"] == done["email"]
    assert await emitted(flow.context, shop.company_id, SessionRevoked)
    again = await platform.post("/auth/login", {"email": email, "password": PASSWORD})
    assert again.status_code == 401


async def test_the_only_owner_of_a_business_is_not_erased(flow: Flow, staff: Client) -> None:
    shop = await Platform(flow.context).business()

    refused = await staff.post("/privacy/erasures", json={"user_id": str(shop.user_id)})

    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "urn:pillars:problem:identity:owns-a-business",
    )
    assert (await ask(staff, "exports", user_id=str(shop.user_id)))["email"] == shop.email

    async def become(status: TenantStatus) -> None:
        async with flow.context.unit_of_work(platform=True) as uow:
            await uow.session.execute(
                update(Tenant).where(Tenant.id == shop.company_id).values(status=status)
            )

    await become(TenantStatus.CLOSED)
    made = await ask(staff, "erasures", user_id=str(shop.user_id))
    # It may be so only once the request is there; nobody is asked to erase anything then.
    await become(TenantStatus.ACTIVE)
    await flow.run()
    waits = await read(staff, "erasures", made)
    own = next(r for r in waits["receipts"] if r["service"] == "identity")
    assert (waits["status"], own["last_error"]) == ("pending", "owns-a-business")
    assert not any(kind == "erasures" for kind, _, _ in flow.others["crm"].asked_for(made))
    await become(TenantStatus.CLOSED)
    assert (await staff.post(f"/privacy/erasures/{made['id']}/retry")).status_code == 200
    await flow.run()
    assert (await read(staff, "erasures", made))["status"] == "completed"


async def test_what_fails_here_is_seen_and_holds_up_no_other_request(
    flow: Flow, staff: Client, client: Client
) -> None:
    platform = Platform(flow.context)
    blocks, shop = await platform.business(), await platform.business()
    async with flow.context.unit_of_work(platform=True) as uow:
        await uow.session.execute(
            update(Tenant).where(Tenant.id == shop.company_id).values(status=TenantStatus.CLOSED)
        )
    failing = await ask(staff, "erasures", user_id=str(shop.user_id))
    # Addresses are unique, and somebody has the one that the person would get.
    taken = f"erased-{UUID(failing['id']).hex}@erased.invalid"

    async def rename(email: str) -> None:
        async with flow.context.unit_of_work(platform=True) as uow:
            await uow.session.execute(update(User).where(User.id == blocks.user_id).values(email=email))

    await rename(taken)
    other = await ask(client, "exports", email="thandi@example.com")

    await flow.run()

    seen = await read(staff, "erasures", failing)
    own = next(r for r in seen["receipts"] if r["service"] == "identity")
    assert (seen["status"], own["attempts"], own["last_error"]) == ("pending", 1, "IntegrityError")
    assert (await read(client, "exports", other))["status"] == "completed"

    await rename(blocks.email)
    assert (await staff.post(f"/privacy/erasures/{failing['id']}/retry")).status_code == 200
    await flow.run()
    assert (await read(staff, "erasures", failing))["status"] == "completed"


async def test_a_business_asks_for_its_own_customers_only(flow: Flow, client: Client, staff: Client) -> None:
    shop = await Platform(flow.context).business()

    refused = await client.post("/privacy/erasures", json={"user_id": str(shop.user_id)})
    made = await ask(client, "erasures", email=shop.email)
    await flow.run()

    assert refused.status_code == 403
    async with flow.context.unit_of_work(platform=True) as uow:
        account = (await uow.session.execute(select(User).where(User.id == shop.user_id))).scalar_one()
    assert (account.email, account.first_name) == (shop.email, "Thandi")
    stranger = client.acting(user(new_id()))
    assert (await stranger.get(f"/privacy/erasures/{made['id']}")).status_code == 404
    assert (await stranger.get("/privacy/erasures")).json()["items"] == []
    assert (await staff.post("/privacy/exports", json={"user_id": str(new_id())})).status_code == 404


async def test_who_may_not_and_what_is_no_request(client: Client, tenant_id: UUID) -> None:
    body = {"email": "thandi@example.com"}
    for kind in ("exports", "erasures"):
        path = f"/privacy/{kind}"
        reader = client.acting(user(tenant_id, "identity.privacy.read"))
        assert (await client.acting(guest(tenant_id)).post(path, json=body)).status_code == 401
        assert (await reader.post(path, json=body)).status_code == 403
        assert (await reader.get(path)).status_code == 200
        for bad in ({}, {**body, "user_id": str(new_id())}, {"email": "thandi"}, {**body, "x": 1}):
            assert (await client.post(path, json=bad)).status_code == 422
        made = await ask(client, kind, **body)
        other = "erasures" if kind == "exports" else "exports"
        assert (await client.get(f"/privacy/{other}/{made['id']}")).status_code == 404
        listed = (await client.get(path, params={"status": "pending", "limit": 1})).json()["items"]
        assert [row["id"] for row in listed] == [made["id"]]

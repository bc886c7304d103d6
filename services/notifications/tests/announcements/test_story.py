"""What people are told in the main story."""

from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from services.notifications.tests.factories import (
    acting,
    activation,
    join,
    mails,
    notices,
    paid,
    placed,
    pushes,
    register_device,
    registration,
    run_jobs,
    take,
)


async def test_a_registration_reaches_each_of_the_staff_by_notice_and_push(
    context: ServiceContext, client: Client
) -> None:
    staff = [await join(context, OPERATOR_TENANT_ID, role) for role in ("staff", "superadmin")]
    tokens = [await register_device(acting(client, one)) for one in staff]
    event = registration()

    await take(context, event, event.company_id)
    await run_jobs(context)

    for one, token in zip(staff, tokens, strict=True):
        [notice] = [n for n in await notices(acting(client, one)) if event.company_name in n["title"]]
        assert (notice["type"], notice["read_at"]) == ("registration_submitted", None)
        assert notice["object"] == {"type": "registration", "id": str(event.registration_id)}
        [push] = await pushes(client, token)
        assert event.company_name in push["title"]
        assert push["data"]["company_id"] == str(OPERATOR_TENANT_ID)


async def test_the_owner_is_told_of_the_activation_by_mail_push_and_notice(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    owner = await join(context, tenant_id, "owner")
    token = await register_device(acting(client, owner))
    event = activation(tenant_id, owner_user_id=owner.user_id, owner_email=owner.email)

    await take(context, event, tenant_id)
    await run_jobs(context)

    assert [n["type"] for n in await notices(acting(client, owner))] == ["company_activated"]
    assert [m["subject"] for m in await mails(client, owner.email)] == ["Karoo Coffee was approved"]
    assert [p["title"] for p in await pushes(client, token)] == ["Karoo Coffee is active"]


async def test_the_owner_is_told_although_his_membership_is_not_known_yet(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    event = activation(tenant_id)

    await take(context, event, tenant_id)
    await run_jobs(context)

    assert len(await mails(client, event.owner_email)) == 1


async def test_a_paid_order_is_confirmed_to_the_guest_and_told_to_the_owner(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str
) -> None:
    owner = await join(context, tenant_id, "owner")
    manager = await join(context, tenant_id, "manager")
    buyer = await join(context, tenant_id, "client")
    token = await register_device(acting(client, owner))
    order = placed(email, order_id=new_id())

    await take(context, order, tenant_id)
    await take(context, paid(order), tenant_id)
    await run_jobs(context)

    subjects = {m["subject"] for m in await mails(client, email)}
    assert subjects == {"Your order 1001", "Payment received for order 1001"}
    assert [p["title"] for p in await pushes(client, token)] == ["Order 1001 is paid"]
    assert {n["type"] for n in await notices(acting(client, owner))} == {"order_received", "payment_received"}
    assert {n["type"] for n in await notices(acting(client, manager))} == {"order_received"}
    assert await notices(acting(client, buyer)) == []


async def test_a_mail_escapes_what_customers_see(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str
) -> None:
    await join(context, tenant_id, "owner")
    await take(context, placed(email, customer_name="<script>alert(1)</script>"), tenant_id)
    await run_jobs(context)

    [item] = await mails(client, email)
    mail = (await client.get(f"/mailbox/{item['id']}")).json()

    assert "<script>" not in mail["html"]
    assert "House &lt;blend&gt;" in mail["html"]
    assert "House <blend>" in mail["text"]
    assert "ZAR 448.00" in mail["text"]

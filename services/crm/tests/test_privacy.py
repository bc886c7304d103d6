"""Erasing what this service knows of a person: by bounded steps, each once."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from libs.common.actor import system_actor
from libs.common.ids import new_id
from libs.common.privacy.collecting import collect_some
from libs.common.privacy.erasing import Receipt, erase_some
from libs.common.privacy.people import Person, enter
from libs.common.privacy.places import Place
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from services.crm.manifest import SERVICE


async def fill(context: ServiceContext, tenant_id: UUID, email: str, count: int) -> None:
    """So many contacts with one address, in whatever case, and one beside."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await uow.session.execute(
            text(
                "INSERT INTO crm.contacts (tenant_id, id, name, first_name, email, phone, tags)"
                " SELECT :tenant, gen_random_uuid(), 'Thandi', 'Thandi',"
                " CASE WHEN i = 0 THEN 'x' || :email WHEN i % 2 = 0 THEN upper(:email) ELSE :email END, '1', '[]'"
                " FROM generate_series(0, :count) i"
            ),
            {"tenant": tenant_id, "email": email, "count": count},
        )


async def left(context: ServiceContext, tenant_id: UUID) -> dict[str, int]:
    """How many contacts have which address."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        rows = await uow.session.execute(
            text("SELECT email, count(*) FROM crm.contacts WHERE tenant_id = :id GROUP BY 1"),
            {"id": tenant_id},
        )
        return dict(rows.all())  # type: ignore[arg-type]


async def step(
    context: ServiceContext, person: Person, place: Place | None, **limits: int
) -> tuple[Receipt, Place | None]:
    """One step in a transaction of its own."""
    async with context.unit_of_work(tenant_id=person.tenant_id) as uow:
        await enter(uow, person)
        receipt = await erase_some(uow, person, SERVICE.metadata, SERVICE.privacy, place, **limits)
    return receipt, receipt.next


async def test_no_step_changes_more_rows_than_it_may_and_none_is_left_out(
    context: ServiceContext, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    email = f"t{new_id().hex}@example.com"
    await fill(context, tenant_id, email, 7)
    await fill(context, other_tenant_id, email, 1)
    person = Person(new_id(), None, email, tenant_id)

    receipt, place = await step(context, person, None, room=3)
    receipts = [receipt]
    assert (await left(context, tenant_id))[person.pseudonym] == 3
    while place is not None:
        receipt, place = await step(context, person, place, room=3)
        receipts.append(receipt)

    assert await left(context, tenant_id) == {f"x{email}": 1, person.pseudonym: 7}
    # Of each a first name and a telephone number, and in their place a name and an address of nobody.
    assert [(r.erased, r.pseudonymised) for r in receipts] == [(6, 6), (6, 6), (2, 2)]
    assert person.pseudonym not in await left(context, other_tenant_id)
    again, place = await step(context, person, None)
    assert (again.erased, again.pseudonymised, again.kept, place) == (0, 0, 0, None)


async def test_a_person_of_the_whole_platform_is_found_in_all_businesses(
    context: ServiceContext, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    email = f"t{new_id().hex}@example.com"
    await fill(context, tenant_id, email, 1)
    await fill(context, other_tenant_id, email, 1)

    receipt, _ = await step(context, Person(new_id(), new_id(), email), None)

    assert receipt.pseudonymised == 4


async def test_a_step_asked_for_again_gets_the_receipt_of_the_first_time(
    context: ServiceContext, tenant_id: UUID
) -> None:
    email = f"t{new_id().hex}@example.com"
    await fill(context, tenant_id, email, 2)
    identity = Client(context, system_actor("identity", tenant_id))
    body = {"request_id": str(new_id()), "email": email, "tenant_id": str(tenant_id), "place": None}

    async def ask(**changes: Any) -> Any:
        headers = {"Idempotency-Key": f"{body['request_id']}:0"}
        return await identity.post("/internal/privacy/erasures", json={**body, **changes}, headers=headers)

    first, again = await ask(), await ask()

    assert first.json() == {"erased": 4, "pseudonymised": 4, "kept": 0, "reasons": [], "next": None}
    assert again.json() == first.json()
    assert (await ask(email="other@example.com")).status_code == 422


async def test_parts_hand_out_all_rows_a_bounded_step_at_a_time(
    context: ServiceContext, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    email = f"t{new_id().hex}@example.com"
    await fill(context, tenant_id, email, 7)
    await fill(context, other_tenant_id, email, 1)
    person = Person(new_id(), None, email, tenant_id)
    place, parts = None, []
    while not parts or place is not None:
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            await enter(uow, person)
            part = await collect_some(uow, person, SERVICE.metadata, SERVICE.privacy, place, room=3)
        place = part.next
        parts.append(part)

    assert [part.rows for part in parts] == [3, 3, 1]
    rows = [row for part in parts for row in part.tables.get("contacts", [])]
    assert {row["email"].lower() for row in rows} == {email}
    assert len({row["id"] for row in rows}) == 7


async def test_a_person_with_very_many_rows_gets_them_all(context: ServiceContext, tenant_id: UUID) -> None:
    email = f"t{new_id().hex}@example.com"
    await fill(context, tenant_id, email, 5200)
    identity = Client(context, system_actor("identity", tenant_id))
    body = {"request_id": str(new_id()), "email": email, "tenant_id": str(tenant_id)}

    place, found = None, 0
    while not found or place is not None:
        answer = await identity.post("/internal/privacy/parts", json={**body, "place": place})
        assert answer.status_code == 200, answer.text
        place, found = answer.json()["next"], found + answer.json()["rows"]

    assert found == 5200


async def test_what_a_closed_business_has_goes_by_bounded_steps_and_nothing_else_does(
    context: ServiceContext, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    await fill(context, tenant_id, "thandi@example.com", 6)
    await fill(context, other_tenant_id, "thandi@example.com", 6)
    business = Person(new_id(), None, None, tenant_id, is_business=True)

    receipt, place = await step(context, business, None, room=3)
    erased = [receipt.erased]
    while place is not None:
        receipt, place = await step(context, business, place, room=3)
        erased.append(receipt.erased)

    assert erased == [3, 3, 1]
    assert await left(context, tenant_id) == {}
    assert sum((await left(context, other_tenant_id)).values()) == 7
    again, place = await step(context, business, None)
    assert (again.erased, again.pseudonymised, place) == (0, 0, None)


async def test_a_business_is_named_by_itself(context: ServiceContext, tenant_id: UUID) -> None:
    identity = Client(context, system_actor("identity", tenant_id))
    for more in ({}, {"tenant_id": str(tenant_id), "email": "a@example.com"}):
        body = {"request_id": str(new_id()), "is_business": True, **more}
        headers = {"Idempotency-Key": str(new_id())}
        refused = await identity.post("/internal/privacy/erasures", json=body, headers=headers)
        assert refused.status_code == 422

"""Who may be named in the crm: those of whom identity told."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, envelope
from libs.contracts.identity import MemberChanged, MemberRemoved
from services.crm.people.service import PersonService
from services.crm.tests.factories import Crm, add_member


async def owned(crm: Crm, owner_id: UUID) -> int:
    """The status of an attempt to make somebody an owner."""
    response = await crm.client.post("/companies", json={"name": "x", "owner_id": str(owner_id)})
    return response.status_code


async def test_a_member_may_be_named(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    assert await owned(crm, await add_member(context, tenant_id)) == 201


async def test_the_caller_may_name_himself(crm: Crm, client: Client) -> None:
    assert client.actor is not None
    assert client.actor.user_id is not None
    assert await owned(crm, client.actor.user_id) == 201


async def test_strangers_clients_and_members_of_others_may_not_be_named(
    crm: Crm, context: ServiceContext, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    for person in (
        new_id(),
        await add_member(context, tenant_id, "client"),
        await add_member(context, other_tenant_id),
    ):
        problem = await crm.refused(422, "unknown-person", "/companies", name="x", owner_id=str(person))
        assert (problem["field"], problem["user_ids"]) == ("owner_id", [str(person)])


async def test_one_who_left_may_not_be_named(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    person = await add_member(context, tenant_id)

    await deliver(context, MemberRemoved(company_id=tenant_id, user_id=person), tenant_id)

    assert await owned(crm, person) == 422


async def test_a_late_event_does_not_bring_back_one_who_left(
    crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    person, now = new_id(), datetime.now(UTC)
    changed = MemberChanged(
        company_id=tenant_id,
        user_id=person,
        email="thandi@example.com",
        first_name="Thandi",
        last_name="Nkosi",
        roles=["staff"],
    )
    removed = MemberRemoved(company_id=tenant_id, user_id=person)

    await deliver(context, envelope(removed, tenant_id, time=now))
    late = await deliver(context, envelope(changed, tenant_id, time=now - timedelta(seconds=1)))
    assert late == [Verdict.DONE]
    assert await owned(crm, person) == 422

    await deliver(context, envelope(changed, tenant_id, time=now + timedelta(seconds=1)))
    assert await owned(crm, person) == 201


async def test_one_who_left_another_business_has_not_left_this_one(
    context: ServiceContext, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    person = await add_member(context, tenant_id)
    await deliver(context, MemberRemoved(company_id=other_tenant_id, user_id=person), other_tenant_id)

    # In the scope of the platform nothing but the filter of the code stands between the two.
    async with context.unit_of_work(tenant_id=tenant_id, platform=True) as uow:
        assert await PersonService(uow).without_departed({person}) == {person}
    async with context.unit_of_work(tenant_id=other_tenant_id, platform=True) as uow:
        assert await PersonService(uow).without_departed({person}) == set()

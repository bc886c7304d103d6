"""The projection of members."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from libs.common.runtime.context import ServiceContext
from libs.common.testing.events import envelope
from libs.contracts.identity import MemberChanged, MemberRemoved
from services.notifications.recipients.models import Recipient
from services.notifications.recipients.service import RecipientService
from services.notifications.tests.factories import join, member, take

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def read(context: ServiceContext, tenant_id: UUID, user_id: UUID) -> Recipient:
    """One row."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        return (await RecipientService(uow).known([user_id]))[user_id]


async def test_a_late_event_does_not_undo_a_newer_one(context: ServiceContext, tenant_id: UUID) -> None:
    added = member(tenant_id, "client", email="old@example.com")
    changed = MemberChanged(**{**added.model_dump(), "email": "new@example.com", "roles": ["owner"]})

    await take(context, envelope(changed, tenant_id, time=NOW))
    await take(context, envelope(added, tenant_id, time=NOW - timedelta(seconds=1)))

    row = await read(context, tenant_id, added.user_id)
    assert (row.email, row.roles, row.is_staff) == ("new@example.com", ["owner"], True)


async def test_one_who_left_before_his_arrival_is_known_stays_away(
    context: ServiceContext, tenant_id: UUID
) -> None:
    added = member(tenant_id, "owner")
    removed = MemberRemoved(company_id=tenant_id, user_id=added.user_id)

    await take(context, envelope(removed, tenant_id, time=NOW))
    await take(context, envelope(added, tenant_id, time=NOW - timedelta(seconds=1)))
    assert (await read(context, tenant_id, added.user_id)).active is False

    await take(context, envelope(added, tenant_id, time=NOW + timedelta(seconds=1)))
    assert (await read(context, tenant_id, added.user_id)).active is True


async def test_staff_are_those_who_work_there(context: ServiceContext, tenant_id: UUID) -> None:
    owner = await join(context, tenant_id, "owner")
    manager = await join(context, tenant_id, "manager", "client")
    await join(context, tenant_id, "client")
    gone = await join(context, tenant_id, "admin")
    await take(context, MemberRemoved(company_id=tenant_id, user_id=gone.user_id), tenant_id)

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        service = RecipientService(uow)
        everyone = {row.user_id for row in await service.staff()}
        owners = {row.user_id for row in await service.staff("owner")}

    assert everyone == {owner.user_id, manager.user_id}
    assert owners == {owner.user_id}

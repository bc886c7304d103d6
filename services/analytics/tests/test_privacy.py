"""Erasing people from the archive of events, a stretch of it at a time."""

from uuid import UUID

from sqlalchemy import select

from libs.common.ids import new_id
from libs.common.privacy.erasing import erase_some
from libs.common.privacy.people import Person, enter
from libs.common.runtime.context import ServiceContext
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED
from services.analytics.events.models import ArchivedEvent
from services.analytics.manifest import SERVICE


async def test_documents_are_read_to_the_end_and_name_nobody_then(
    context: ServiceContext, tenant_id: UUID
) -> None:
    email = f"t{new_id().hex}@example.com"
    said = [
        {"email": email.upper(), "customer_name": "Thandi", "lines": [{"name": "Beans"}]},
        {"name": "Somebody else", "email": f"x{email}"},
        {"text": f"Send it to <{email}>, not to {email}.za.", "name": "A note"},
        {"nested": [{"email": email, "phone": "1"}]},
        {"nothing": 1},
    ]
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        # What is still to be handed on, too.
        uow.audit("updated", "report", new_id(), after={"email": email})
        uow.session.add_all(
            ArchivedEvent(
                tenant_id=tenant_id, id=new_id(), type="t", source="crm", subject="s", time=uow.now, data=data
            )
            for data in said
        )
    person = Person(new_id(), None, email, tenant_id)

    place, scrubbed, steps = None, 0, 0
    while steps == 0 or place is not None:
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            await enter(uow, person)
            receipt = await erase_some(uow, person, SERVICE.metadata, SERVICE.privacy, place, read=2)
        place, scrubbed, steps = receipt.next, scrubbed + receipt.pseudonymised, steps + 1

    assert (steps, scrubbed) == (3, 4)
    (sent,) = await emitted(context, tenant_id, CHANGE_RECORDED["analytics"])
    assert sent.data["after"] == {"email": person.pseudonym}
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        rows = (
            select(ArchivedEvent.data).where(ArchivedEvent.tenant_id == tenant_id).order_by(ArchivedEvent.id)
        )
        found = list((await uow.session.execute(rows)).scalars())
    nobody = person.pseudonym
    assert found == [
        {"email": nobody, "customer_name": "Erased", "lines": [{"name": "Beans"}]},
        said[1],
        {"text": f"Send it to <{nobody}>, not to {email}.za.", "name": "A note"},
        {"nested": [{"email": nobody, "phone": "Erased"}]},
        said[4],
    ]

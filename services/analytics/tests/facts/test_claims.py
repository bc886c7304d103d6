"""What is owed, what is to be done and how deals stand, whatever order events come in."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.contracts.catalog import PriceChanged
from libs.contracts.crm import (
    DealAmountChanged,
    DealChanged,
    DealCreated,
    DealMoved,
    TaskAssigned,
    TaskChanged,
)
from libs.contracts.payments import InvoiceIssued, InvoiceOverdue, InvoicePaid, InvoiceVoided
from services.analytics.facts.models import DealFact, InvoiceFact, PriceFact, TaskFact
from services.analytics.tests.factories import START, zar
from services.analytics.tests.recording import record

HOUR = timedelta(hours=1)


async def fact(context: ServiceContext, tenant_id: UUID, model: Any) -> Any:
    """The only fact of a kind."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        rows = await uow.session.execute(select(model).where(model.tenant_id == tenant_id))
        return rows.scalars().one()


async def told(context: ServiceContext, tenant_id: UUID, *events: tuple[Any, datetime]) -> None:
    """Hand events over one by one, each with its time."""
    for event, time in events:
        await record(context, tenant_id, event, at=time)


@pytest.mark.parametrize("backwards", [False, True])
async def test_an_invoice_owes_what_the_latest_event_says(
    context: ServiceContext, tenant_id: UUID, backwards: bool
) -> None:
    said: dict[str, Any] = {"invoice_id": new_id(), "number": "INV-1", "due_on": "2026-04-30"}
    issued = InvoiceIssued(**said, total=zar(500), outstanding=zar(500), issued_at=START)
    overdue = InvoiceOverdue(**said, outstanding=zar(500))
    paid = InvoicePaid(**said, total=zar(500), amount=zar(200), outstanding=zar(300), paid_at=START)
    events = [(issued, START), (overdue, START + HOUR), (paid, START + 2 * HOUR)]

    await told(context, tenant_id, *(reversed(events) if backwards else events))

    found = await fact(context, tenant_id, InvoiceFact)
    assert (found.outstanding, found.total, found.status) == (300, 500, "issued")
    assert (found.due_on, found.issued_at) == (date(2026, 4, 30), START)
    await told(context, tenant_id, (InvoiceVoided(**said, total=zar(500), voided_at=START), START + 3 * HOUR))
    found = await fact(context, tenant_id, InvoiceFact)
    assert (found.outstanding, found.status) == (0, "void")


async def test_an_invoice_of_the_release_before_is_not_taken_for_unpaid(
    context: ServiceContext, tenant_id: UUID
) -> None:
    issued = InvoiceIssued(invoice_id=new_id(), number="INV-1", total=zar(500), issued_at=START)
    await told(context, tenant_id, (issued, START))
    assert (await fact(context, tenant_id, InvoiceFact)).outstanding is None


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_task_is_what_the_latest_event_says(
    context: ServiceContext, tenant_id: UUID, backwards: bool
) -> None:
    task, deal, person = new_id(), new_id(), new_id()
    assigned = TaskAssigned(task_id=task, name="Call", assignee_id=person, due_at=START, deal_id=deal)
    common: dict[str, Any] = {"task_id": task, "name": "Call again", "assignee_id": person, "deal_id": deal}
    done = TaskChanged(**common, status="done", completed_at=START, due_at=START)
    again = TaskChanged(**common, status="todo", due_at=START + HOUR)
    events = [(assigned, START), (done, START + HOUR), (again, START + 2 * HOUR)]

    await told(context, tenant_id, *(reversed(events) if backwards else events))

    found = await fact(context, tenant_id, TaskFact)
    assert (found.name, found.status, found.completed_at) == ("Call again", "todo", None)
    assert (found.due_at, found.deal_id, found.assignee_id) == (START + HOUR, deal, person)
    await told(context, tenant_id, (TaskChanged(**common, status="todo", deleted=True), START + 3 * HOUR))
    assert (await fact(context, tenant_id, TaskFact)).status == "deleted"


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_deal_has_its_name_owner_and_time_in_stage(
    context: ServiceContext, tenant_id: UUID, backwards: bool
) -> None:
    owner = new_id()
    common: dict[str, Any] = {"deal_id": new_id(), "pipeline_id": new_id(), "pipeline": "Sales"}
    stage = {"stage_id": new_id(), "stage": "New"}
    created = DealCreated(**common, **stage, name="Beans", amount=zar(100))
    moved = DealMoved(
        **common,
        name="Beans",
        amount=zar(100),
        from_stage_id=new_id(),
        from_stage="New",
        stage_id=new_id(),
        stage="Talks",
    )
    changed = DealChanged(
        **common, stage_id=new_id(), stage="Talks", name="More beans", amount=zar(900), status="open", owner_id=owner,
        expected_close_on=date(2026, 5, 1),
    )  # fmt: skip
    dearer = DealAmountChanged(**common, name="Beans", amount=zar(900))
    events = [(e, START + n * HOUR) for n, e in enumerate((created, moved, dearer, changed))]

    await told(context, tenant_id, *(reversed(events) if backwards else events[:3]))

    if not backwards:
        found = await fact(context, tenant_id, DealFact)
        assert (found.name, found.amount, found.stage) == ("Beans", 900, "Talks")
        await told(context, tenant_id, events[3])
    found = await fact(context, tenant_id, DealFact)
    assert (found.name, found.owner_id, found.amount) == ("More beans", owner, 900)
    assert (found.expected_close_on, found.status) == (date(2026, 5, 1), "open")
    assert found.stage == "Talks"
    # A move that came late is known from the stages that the deal has been in.
    assert backwards or found.stage_entered_at == START + HOUR
    gone = changed.model_copy(update={"deleted": True})
    await told(context, tenant_id, (gone, START + 9 * HOUR))
    assert (await fact(context, tenant_id, DealFact)).status == "deleted"


async def test_prices_are_kept_once(context: ServiceContext, tenant_id: UUID) -> None:
    price = PriceChanged(variant_id=new_id(), product_id=new_id(), sku="HB", price=zar(700))
    await told(context, tenant_id, (price, START), (price, START))
    found = await fact(context, tenant_id, PriceFact)
    assert (found.price, found.changed_at) == (700, START)

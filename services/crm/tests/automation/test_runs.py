"""Runs: what an event brings about, once and in whatever order."""

import asyncio
from uuid import UUID

from libs.common.ids import new_id
from libs.common.jobs.runner import JobRunner
from libs.common.messaging.envelope import Envelope
from libs.common.testing.events import emitted, envelope
from libs.common.testing.round_trips import round_trips
from libs.contracts.crm import RuleNotified
from libs.contracts.orders import OrderPaid
from services.crm.automation.jobs import JOBS
from services.crm.automation.repository import RuleRepository
from services.crm.automation.run_repository import RunRepository, run_of, underway
from services.crm.tests.automation.office import DEAL_WON, TASK, Office
from services.crm.tests.factories import line, rand

MOVED = "crm.deal_moved.v1"


def order_paid(office: Office, tenant_id: UUID | None = None) -> Envelope:
    """An order of somebody in the shop of the business, or of another one."""
    zero = rand(0)
    event = OrderPaid(
        order_id=new_id(),
        number="1001",
        email="x@example.com",
        customer_name="Naledi",
        lines=[],
        totals={"subtotal": zero, "discount": zero, "shipping": zero, "tax": zero, "total": rand(39_800)},
        payment_id=new_id(),
        paid_at=office.clock.now(),
    )
    return envelope(event, tenant_id or office.tenant_id, time=office.clock.now())


async def test_an_event_makes_a_run_that_acts(office: Office) -> None:
    colleague = await office.colleague()
    rule = await office.rule(
        DEAL_WON,
        {**TASK, "assignee_id": "{deal.owner_id}", "due_in": "P1D", "priority": "high", "tags": ["thanks"]},
        {"type": "update_field", "field": "source", "value": "rule {rule.name}"},
        {"type": "add_tag", "tag": "won"},
        {"type": "post_message", "text": "{deal.name}: {deal.amount}", "mentions": [colleague]},
        {"type": "send_notification", "user_ids": [colleague], "title": "Won", "text": "{event.pipeline}"},
        {
            "type": "send_email",
            "to": "office@example.com",
            "subject": "{{ deal.name }}",
            "text": "Won: {deal.stage}",
        },
        conditions={"and": [{"field": "deal.amount", "operator": "gte", "value": 100}]},
    )
    small = await office.won("Small", lines=[line("x", 99)])
    deal = await office.won(lines=[line("x", 12345)], owner_id=colleague)

    await office.settle()

    run = await office.run(rule)
    assert (run["status"], run["rule_version"], run["version"], run["depth"]) == ("completed", 1, 1, 1)
    assert (run["object_type"], run["object_id"], run["trigger_type"]) == ("deal", deal["id"], "event")
    assert [(step["action"], step["status"]) for step in run["steps"]] == [
        ("create_task", "done"),
        ("update_field", "done"),
        ("add_tag", "done"),
        ("post_message", "done"),
        ("send_notification", "done"),
        ("send_email", "done"),
    ]
    task = await office.crm.get(f"/tasks/{run['steps'][0]['result']['task_id']}")
    assert (task["name"], task["assignee_id"], task["deal_id"]) == ("Thank Website", colleague, deal["id"])
    assert (task["priority"], task["tags"]) == ("high", ["thanks"])
    changed = await office.crm.get(f"/deals/{deal['id']}")
    assert (changed["source"], changed["tags"]) == ("rule A rule", ["won"])
    assert (await office.crm.get(f"/deals/{small['id']}"))["tags"] == []
    chat = await office.crm.get("/chat/for_object", type="deal", id=deal["id"])
    assert [(m["text"], m["author_name"]) for m in chat["items"]] == [("Website: ZAR 123.45", "Pillars")]
    [told] = await emitted(office.context, office.tenant_id, RuleNotified)
    assert (told.data["title"], told.data["user_ids"]) == ("Won", [colleague])
    assert told.causation_id == run["id"]
    [mail] = office.identity.mails.values()
    assert (mail["subject"], mail["text"], mail["to_email"]) == ("Website", "Won: Won", "office@example.com")


async def test_an_event_that_comes_again_has_no_second_effect(office: Office) -> None:
    rule = await office.rule(DEAL_WON, TASK)
    await office.won()
    [event] = [one for one in await office.events() if one.type == DEAL_WON]

    await office.hear(event, event)
    await office.settle()
    await office.hear(event)
    await office.settle()

    assert len(await office.runs(rule)) == 1
    assert await office.tasks() == ["Thank Website"]


async def test_events_may_come_in_any_order(office: Office) -> None:
    rule = await office.rule(
        MOVED, TASK, conditions={"field": "event.stage", "operator": "eq", "value": "second"}
    )
    pipeline = await office.crm.pipeline("P", "First", "Second", "Third")
    deal = await office.crm.deal(pipeline_id=pipeline["id"])
    for stage in pipeline["stages"][1:3]:
        await office.crm.post(f"/deals/{deal['id']}/move", stage_id=stage["id"])

    await office.hear(*reversed(await office.events()))
    await office.settle()

    assert (await office.run(rule))["status"] == "completed"
    assert await office.tasks() == ["Thank Website"]


async def test_what_happened_before_a_rule_was_enabled_is_not_its_business(office: Office) -> None:
    await office.won()
    early = await office.events()
    office.clock.advance(seconds=1)
    rule = await office.rule(DEAL_WON, TASK)

    await office.hear(*early)
    await office.settle()

    assert await office.runs(rule) == []


async def test_orders_are_heard_of(office: Office) -> None:
    rule = await office.rule(
        "orders.order_paid",
        {"type": "create_task", "name": "Pack {order.number} for {event.customer_name}"},
        {"type": "post_message", "text": "Paid: {event.totals.total}"},
        conditions=[{"field": "order.totals.total", "operator": "gt", "value": 39_000}],
    )
    paid = order_paid(office)

    await office.hear(paid)
    await office.settle()

    assert (await office.run(rule))["status"] == "completed"
    assert await office.tasks() == ["Pack 1001 for Naledi"]
    chat = await office.crm.get("/chat/for_object", type="order", id=paid.data["order_id"])
    assert [m["text"] for m in chat["items"]] == ["Paid: ZAR 398.00"]
    assert rule["permissions"] == ["crm.chat.write", "crm.tasks.write", "orders.orders.read"]


async def test_a_batch_starts_the_rules_of_the_business_of_each_event(
    office: Office, other_tenant_id: UUID
) -> None:
    rule = await office.rule("orders.order_paid", {"type": "create_task", "name": "Pack"})
    foreign, own = order_paid(office, other_tenant_id), order_paid(office)

    await office.hear(foreign, own)
    await office.settle()

    assert (await office.run(rule))["event_id"] == str(own.id)
    assert await office.tasks() == ["Pack"]


async def test_changes_of_any_kind_of_thing_are_heard_of(office: Office) -> None:
    trigger = {"type": "event", "event": "crm.change_recorded.v1", "object_type": "company"}
    rule = await office.rule(
        trigger,
        {"type": "add_tag", "tag": "moved"},
        conditions=[
            {"field": "event.action", "operator": "eq", "value": "updated"},
            {"field": "event.changed", "operator": "contains", "value": "email"},
        ],
    )
    company = await office.crm.post("/companies", name="Karoo")
    contact = await office.crm.post("/contacts", first_name="Zola")
    await office.crm.client.patch(f"/companies/{company['id']}", json={"industry": "Food"})
    for path in (f"/companies/{company['id']}", f"/contacts/{contact['id']}"):
        await office.crm.client.patch(path, json={"email": "karoo@example.com"})

    await office.settle()

    assert (await office.run(rule))["status"] == "completed"
    assert (await office.crm.get(f"/companies/{company['id']}"))["tags"] == ["moved"]


async def test_a_run_acts_up_to_its_wait_in_the_job_that_begins_it(office: Office) -> None:
    tasks = [{"type": "create_task", "name": name} for name in ("Pack", "Label")]
    rule = await office.rule("orders.order_paid", *tasks, {"type": "wait", "for": 60}, *tasks)
    runner = JobRunner(office.context, [job for job in JOBS if job.every is None])
    await runner.run_due()
    await office.hear(order_paid(office))

    with round_trips(office.context.engine) as beginning:
        assert await runner.run_due() == 1
    office.clock.advance(seconds=61)
    with round_trips(office.context.engine) as going_on:
        assert await runner.run_due() == 1

    run = await office.run(rule)
    assert (run["status"], len(run["steps"])) == ("completed", 5)
    assert await office.tasks() == ["Label", "Label", "Pack", "Pack"]
    # A claim before and one after; a look without a transaction, what is locked, what is written, the end of the job.
    assert [len(trips.statements) for trips in (beginning, going_on)] == [6, 6]


async def test_runs_that_began_at_once_act_once_each(office: Office) -> None:
    await office.rule(DEAL_WON, TASK)
    await office.won()
    await office.hear(*await office.events())

    # Two workers take what is due, one job each at a time.
    await asyncio.gather(*(JobRunner(office.context).run_due() for _ in range(3)))
    await office.settle()

    assert await office.tasks() == ["Thank Website"]


async def test_a_run_and_its_steps_are_of_their_business_without_row_level_security_too(
    office: Office, other_tenant_id: UUID
) -> None:
    rule = await office.rule(DEAL_WON, TASK)
    await office.won()
    await office.settle()
    run_id = UUID((await office.run(rule))["id"])

    # In the scope of the platform nothing but the filter of the code stands between the two.
    for tenant_id, is_own in ((office.tenant_id, True), (other_tenant_id, False)):
        async with office.context.unit_of_work(tenant_id=tenant_id, platform=True) as uow:
            assert (await run_of(uow, run_id) is not None) == is_own
            assert (await underway(uow, run_id) is not None) == is_own
            assert (await RuleRepository(uow).look(UUID(rule["id"])) is not None) == is_own
            assert bool(await RunRepository(uow, UUID(rule["id"])).steps(run_id)) == is_own

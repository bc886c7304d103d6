"""What the manifest promises: permissions, choice lists and invariants."""

from uuid import UUID

from sqlalchemy import text

from libs.common.actor import system_actor
from libs.common.runtime.app import api_routes, build_app, requirement_of
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from services.crm.manifest import SERVICE
from services.crm.tests.factories import Crm, line


async def test_every_permission_is_described_and_every_description_is_of_one(context: ServiceContext) -> None:
    asked = {requirement_of(route) for route in api_routes(build_app(context))}

    assert None not in asked
    assert {requirement.permission for requirement in asked if requirement} == set(SERVICE.permissions)


async def test_choice_lists_are_for_other_services(client: Client, tenant_id: UUID) -> None:
    answer = await client.acting(system_actor("gateway", tenant_id)).get("/internal/dropdown-options")

    assert answer.json()["deal_statuses"][0] == {"value": "open", "label": "Open"}
    won = {"value": "crm.deal_won.v1", "label": "A deal was won"}
    assert won in answer.json()["automation_events"]
    assert {"value": "not_in", "label": "Not in"} in answer.json()["automation_operators"]
    assert (await client.get("/internal/dropdown-options")).status_code == 403


async def test_an_invariant_finds_what_breaks_it(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    deal = await crm.deal(lines=[line()])
    await crm.post("/chat", object_type="deal", object_id=deal["id"], text="x")
    lead = await crm.post("/leads", name="x")
    await crm.post(f"/leads/{lead['id']}/convert")
    rule = await crm.post(
        "/automation/rules",
        name="x",
        enabled=True,
        trigger={"type": "manual", "object_type": "deal"},
        actions=[{"type": "wait", "for": 60}],
    )
    for _ in range(2):
        await crm.client.post(f"/automation/rules/{rule['id']}/run", json={"object_id": deal["id"]})
    damage = {
        "a run of a rule that is under way is gone on with": "DELETE FROM crm.jobs",
        "a completed run has done each action of its version once": "UPDATE crm.automation_runs SET"
        " status = 'completed', finished_at = now(), due_at = NULL",
        "what an action of a rule made is there": "INSERT INTO crm.automation_steps"
        " SELECT tenant_id, id, 0, 'create_task', 'done', jsonb_build_object('task_id', id), NULL, 1, now(), now()"
        " FROM crm.automation_runs",
        "no run of a disabled rule is under way": "UPDATE crm.automation_rules SET enabled = false, enabled_at = NULL",
        "a deal's stage and closing time fit its status": "UPDATE crm.deals SET status = 'won', closed_at = now()",
        "a deal stands where its history ends": "DELETE FROM crm.stage_changes",
        "a deal's amount is the sum of its lines": "UPDATE crm.deals SET amount_minor = amount_minor + 1",
        "a converted lead names what it became": "UPDATE crm.leads SET deal_id = NULL",
        "a thread counts its messages": "UPDATE crm.chat_threads SET message_count = 7",
    }

    # The remaining one is held by a unique index, so that nothing can break it.
    assert set(damage) == {i.name for i in SERVICE.invariants} - {"a registration has one deal"}
    for invariant in SERVICE.invariants:
        async with context.unit_of_work(platform=True) as uow:
            whole = await invariant.check(uow)
            assert whole.breaches == 0, (invariant.name, whole)
            if invariant.name in damage:
                await uow.session.execute(
                    text(f"{damage[invariant.name]} WHERE tenant_id = :tenant_id"), {"tenant_id": tenant_id}
                )
                broken = await invariant.check(uow)
                assert broken.breaches > 0, invariant.name
                assert broken.examples
            await uow.session.rollback()


async def test_the_api_document_names_the_permission_of_every_operation(client: Client) -> None:
    document = (await client.get("/openapi.json")).json()

    operations = {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert operations["post /deals/{deal_id}/win"]["x-permission"] == "crm.deals.close"
    assert operations["get /chat/for_object"]["x-permission"] == "crm.chat.read"
    for name, operation in operations.items():
        assert operation["x-permission"], name
        assert {"401", "403", "422", "503"} <= operation["responses"].keys(), name
    win = document["components"]["schemas"]["DealOut"]["properties"]
    assert {"stage", "amount", "lines", "registration_id", "applicant_company_id"} <= win.keys()

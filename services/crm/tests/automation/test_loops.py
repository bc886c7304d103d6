"""Rules that start each other, or themselves, come to an end that can be seen."""

from prometheus_client import REGISTRY

from services.crm.automation import chain
from services.crm.tests.automation.office import RULES, Office

MOVED = "crm.deal_moved.v1"


async def test_two_rules_that_start_each_other_are_stopped(office: Office) -> None:
    pipeline = await office.crm.pipeline("P", "First", "Second")
    stages = [stage["id"] for stage in pipeline["stages"]]
    rules = [
        await office.rule(
            MOVED,
            {"type": "move_deal", "stage_id": stages[there]},
            conditions=[{"field": "event.stage_id", "operator": "eq", "value": stages[here]}],
        )
        for here, there in ((0, 1), (1, 0))
    ]
    deal = await office.crm.deal(pipeline_id=pipeline["id"])
    await office.crm.post(f"/deals/{deal['id']}/move", stage_id=stages[1])

    await office.settle()

    runs = sorted([*await office.runs(rules[0]), *await office.runs(rules[1])], key=lambda run: run["depth"])
    assert [run["depth"] for run in runs] == [1, 2, 3, 4, 5, 6]
    assert [run["status"] for run in runs] == ["completed"] * 5 + ["stopped"]
    assert "loop guard" in runs[-1]["reason"]
    # Somebody else moves it: that is another story.
    moved = (await office.crm.get(f"/deals/{deal['id']}"))["stage_id"]
    await office.crm.post(f"/deals/{deal['id']}/move", stage_id=stages[1 - stages.index(moved)])
    await office.settle()
    assert len([*await office.runs(rules[0]), *await office.runs(rules[1])]) > 6


async def test_a_rule_that_starts_itself_is_stopped(office: Office) -> None:
    rule = await office.rule(
        {"type": "event", "event": "crm.message_posted.v1", "object_type": "deal"},
        {"type": "post_message", "text": "I heard: {event.text}"},
    )
    deal = await office.crm.deal()
    before = REGISTRY.get_sample_value("pillars_automation_loops_stopped_total")
    await office.crm.post("/chat", object_type="deal", object_id=deal["id"], text="Hello")

    await office.settle()

    assert REGISTRY.get_sample_value("pillars_automation_loops_stopped_total") == (before or 0) + 1
    runs = await office.runs(rule)
    assert [run["status"] for run in runs] == ["completed"] * 5 + ["stopped"]
    assert (await office.crm.get("/chat/for_object", type="deal", id=deal["id"]))["items"][0]["text"].count(
        "I"
    ) == 5


async def test_a_thing_is_acted_on_so_often_an_hour(office: Office) -> None:
    rule = await office.rule({"type": "manual", "object_type": "deal"}, {"type": "add_tag", "tag": "x"})
    path = f"{RULES}/{rule['id']}/run"
    deal, other = await office.crm.deal(), await office.crm.deal()

    for _ in range(7):
        last = (await office.client.post(path, json={"object_id": deal["id"]})).json()
    fresh = (await office.client.post(path, json={"object_id": other["id"]})).json()
    office.clock.advance(minutes=61)
    later = (await office.client.post(path, json={"object_id": deal["id"]})).json()

    assert (last["status"], fresh["status"], later["status"]) == ("stopped", "running", "running")
    assert "6 times" in last["reason"]


def test_a_chain_is_read_as_it_was_written() -> None:
    assert chain.read("story") == ("story", 0)
    assert chain.read(chain.write("story", 3)) == ("story", 3)
    assert chain.read(chain.write("a~b~c", 12)) == ("a~b~c", 12)
    assert chain.read("story~99999") == ("story~99999", 0)

"""Any sequence of verbs leaves a deal in a state that its history, its events and the invariants agree on."""

from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.common.clock import ManualClock
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from services.crm.manifest import SERVICE
from services.crm.tests.factories import Crm, line, rand

STAGES = ("A", "B", "C")
LINE = st.tuples(st.integers(0, 1_000_000), st.integers(1, 1000))
STEP = st.one_of(
    st.tuples(st.just("move"), st.sampled_from(STAGES)),
    st.tuples(st.just("win"), st.none()),
    st.tuples(st.just("lose"), st.none()),
    st.tuples(st.just("reopen"), st.sampled_from((*STAGES, None))),
    st.tuples(st.just("add"), LINE),
    st.tuples(st.just("remove"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.integers(1, 10_000)),
)


class Model:
    """What a deal should be: status, stage, lines, the stages it went through, and the events."""

    def __init__(self) -> None:
        self.status, self.stage, self.before = "open", "A", "A"
        self.lines: list[tuple[int, int]] = []
        self.path: list[tuple[str | None, str, int | None]] = [(None, "A", None)]
        self.events = ["crm.deal_created.v1"]
        self.stood = 0

    def enter(self, stage: str, event: str) -> None:
        """Come to a stage."""
        self.path.append((self.stage, stage, self.stood))
        self.before, self.stage, self.stood = self.stage, stage, 0
        self.events.append(f"crm.deal_{event}.v1")


async def step(
    crm: Crm, clock: ManualClock, ids: dict[str, str], path: str, model: Model, verb: str, value: object
):
    """Do one step to the deal and to the model; they must agree on whether it is possible."""
    allowed = (model.status != "open") if verb == "reopen" else (model.status == "open")
    if verb == "wait":
        assert isinstance(value, int)
        clock.advance(seconds=value)
        model.stood += value
        return
    if verb in ("add", "remove"):
        if verb == "add":
            assert isinstance(value, tuple)
            body = line("x", value[0], value[1])
            response = await crm.client.post(f"{path}/lines", json=body)
        else:
            assert isinstance(value, int)
            shown = (await crm.get(f"{path}/lines"))["items"]
            if value >= len(shown):
                return
            response = await crm.client.delete(f"{path}/lines/{shown[value]['id']}")
        assert response.status_code == ({"add": 201, "remove": 204}[verb] if allowed else 409), response.text
        if allowed:
            price, quantity = changed = value if verb == "add" else model.lines[value]  # type: ignore[index,misc]
            model.lines.append(changed) if verb == "add" else model.lines.pop(value)  # type: ignore[arg-type]
            # The currency stays when the last line goes, and a line that costs nothing changes no sum.
            if price * quantity:
                model.events.append("crm.deal_amount_changed.v1")
        return
    body = {"move": {"stage_id": ids.get(str(value))}, "lose": {"lost_reason": "x"}}.get(verb, {})
    if verb == "reopen" and value is not None:
        body = {"stage_id": ids[str(value)]}
    response = await crm.client.post(f"{path}/{verb}", json=body)
    assert response.status_code == (200 if allowed else 409), response.text
    if not allowed:
        assert response.json()["slug"] == "invalid-transition"
    elif verb == "move" and value != model.stage:
        model.enter(str(value), "moved")
    elif verb in ("win", "lose"):
        model.status = {"win": "won", "lose": "lost"}[verb]
        model.enter(model.status.capitalize(), model.status)
    elif verb == "reopen":
        model.status = "open"
        model.enter(str(value or model.before), "reopened")


# The contexts are made once: hypothesis runs many examples within one call of the test.
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=12))
async def test_any_sequence_of_steps(timed: tuple[Client, ManualClock], steps: list) -> None:
    base, clock = timed
    tenant_id: UUID = new_id()
    crm = Crm(base.acting(user(tenant_id)))
    pipeline = await crm.pipeline("Sales", *STAGES)
    ids = {stage["name"]: stage["id"] for stage in pipeline["stages"]}
    deal = await crm.deal()
    path = f"/deals/{deal['id']}"
    model = Model()

    for verb, value in steps:
        await step(crm, clock, ids, path, model, verb, value)

    shown = await crm.get(path)
    assert (shown["status"], shown["stage"]) == (model.status, model.stage)
    assert (shown["closed_at"] is None) == (model.status == "open")
    assert shown["amount"] == rand(sum(price * quantity for price, quantity in model.lines))
    history = await crm.get(f"{path}/history", limit=200)
    assert [(s["from_stage"], s["to_stage"], s["seconds_in_stage"]) for s in history["items"]] == model.path
    assert [event.type for event in await emitted(base.context, tenant_id)] == model.events


async def test_every_invariant_holds_afterwards(context: ServiceContext) -> None:
    async with context.unit_of_work(platform=True) as uow:
        for invariant in SERVICE.invariants:
            finding = await invariant.check(uow)
            assert finding.breaches == 0, (invariant.name, finding)

"""A business whose rules run in a test: what is emitted is handed back to the rules, and jobs run as they come due."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from libs.common.actor import ACTOR_HEADER, Actor
from libs.common.clock import ManualClock
from libs.common.jobs.runner import JobRunner
from libs.common.messaging.broker import Verdict
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.envelope import Envelope
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import Upstreams
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from services.crm.automation.hearing import CHANGED, HEARD
from services.crm.automation.jobs import JOBS, forget, rescue_runs, start_scheduled
from services.crm.tests.factories import Crm, add_member

RULES, DEAL_WON = "/automation/rules", "crm.deal_won.v1"
TASK = {"type": "create_task", "name": "Thank {deal.name}"}
MANUAL = {"type": "manual", "object_type": "deal"}


class Identity:
    """The part of identity that rules ask, and of notifications that sends their mails."""

    def __init__(self, context: ServiceContext) -> None:
        self.context = context
        self.actors: dict[UUID, Actor] = {}
        # Who sent mails.
        self.senders: list[Actor] = []
        self.is_away = False
        self.mails: dict[str, dict[str, Any]] = {}
        self.mail_status = 202
        self.app = FastAPI()
        self.app.post("/internal/access/standing")(self.standing)
        self.app.post("/messages")(self.send)

    async def standing(self, request: Request) -> JSONResponse:
        """What somebody may do."""
        asked = await request.json()
        actor = self.actors.get(UUID(asked["user_id"]))
        if self.is_away:
            return JSONResponse({"slug": "unavailable"}, 503)
        if actor is None or str(actor.tenant_id) != asked["company_id"]:
            return JSONResponse({"slug": "tenant-forbidden"}, 403)
        return JSONResponse({"actor": actor.to_json(), "time_zone": "Africa/Johannesburg"})

    async def send(self, request: Request) -> JSONResponse:
        """Send a mail, one for each key."""
        now = self.context.clock.now().timestamp()
        self.senders.append(self.context.signer.verify(request.headers[ACTOR_HEADER], now))
        if self.mail_status != 202:
            return JSONResponse({"slug": "plan-limit-reached", "status": self.mail_status}, self.mail_status)
        self.mails.setdefault(request.headers["idempotency-key"], await request.json())
        return JSONResponse({"deliveries": [{"id": request.headers["idempotency-key"]}]}, 202)


class Office:
    """A business with its rules."""

    def __init__(self, context: ServiceContext, tenant_id: UUID) -> None:
        self.context, self.tenant_id = context, tenant_id
        self.identity = Identity(context)
        context.upstreams = Upstreams({}, context.signer, context.clock)
        for name in ("identity", "notifications"):
            context.upstreams.register(name, self.identity.app)
        self.client = Client(context)
        self.client = self.acting(self.person())
        self.crm = Crm(self.client)
        self._heard: set[UUID] = set()
        self._runner = JobRunner(context, [job for job in JOBS if job.every is None])

    @property
    def clock(self) -> ManualClock:
        """The clock, which moves when told to."""
        assert isinstance(self.context.clock, ManualClock)
        return self.context.clock

    def person(self, *permissions: str, tenant_id: UUID | None = None, **changes: Any) -> Actor:
        """Somebody with these permissions (all, unless some are named), whom identity knows."""
        actor = user(tenant_id or self.tenant_id, *permissions, **changes)
        assert actor.user_id is not None
        self.identity.actors[actor.user_id] = actor
        return actor

    def acting(self, actor: Actor) -> Client:
        """The service as somebody sees it."""
        return self.client.acting(actor)

    @property
    def owner(self) -> Actor:
        """Who makes the rules unless said otherwise."""
        assert self.client.actor is not None
        return self.client.actor

    def change_owner(self, **changes: Any) -> None:
        """What identity says of the owner from now on."""
        assert self.owner.user_id is not None
        self.identity.actors[self.owner.user_id] = replace(self.owner, **changes)

    async def colleague(self) -> str:
        """The id of somebody who works here."""
        return str(await add_member(self.context, self.tenant_id))

    async def rule(
        self, trigger: str | dict[str, Any], *actions: dict[str, Any], **fields: Any
    ) -> dict[str, Any]:
        """An enabled rule."""
        said = {"type": "event", "event": trigger} if isinstance(trigger, str) else trigger
        body = {"name": "A rule", "enabled": True, "trigger": said, "actions": list(actions), **fields}
        return await self.crm.post(RULES, **body)

    async def events(self) -> list[Envelope]:
        """What was emitted that rules hear, and was not handed to them yet."""
        found = await emitted(self.context, self.tenant_id)
        found += await emitted(self.context, self.tenant_id, CHANGED)
        new = (one for one in found if one.type in HEARD and one.id not in self._heard)
        return sorted(new, key=lambda one: one.id)

    async def hear(self, *envelopes: Envelope) -> None:
        """Hand events to the rules, as the bus would: in one batch."""
        [subscription] = [s for s in self.context.service.subscriptions if s.name == "crm.start_rules"]
        self._heard |= {one.id for one in envelopes}
        verdicts = await Consumer(self.context).deliver_batch(subscription, envelopes)
        assert set(verdicts) <= {Verdict.DONE}

    async def settle(self) -> None:
        """Let everything happen that is due, and what comes of it."""
        while True:
            new = await self.events()
            await self.hear(*new)
            # The clocks of tests differ, and timed jobs keep to the latest one that they saw.
            for timed in (start_scheduled, rescue_runs):
                async with self.context.unit_of_work(platform=True) as uow:
                    await timed(uow, {})
            ran = await self._runner.run_due()
            if not ran and not new:
                return

    async def won(self, name: str = "Website", **fields: Any) -> dict[str, Any]:
        """A deal that was won."""
        deal = await self.crm.deal(name, **fields)
        return await self.crm.post(f"/deals/{deal['id']}/win")

    async def forget(self) -> None:
        """Clear up."""
        async with self.context.unit_of_work(platform=True) as uow:
            await forget(uow, {})

    async def runs(self, rule: dict[str, Any], **params: Any) -> list[dict[str, Any]]:
        """The runs of a rule, oldest first."""
        found = await self.crm.get(f"{RULES}/{rule['id']}/runs", **params)
        return list(reversed(found["items"]))

    async def run(self, rule: dict[str, Any]) -> dict[str, Any]:
        """The only run of a rule, with its steps."""
        [run] = await self.runs(rule)
        return await self.crm.get(f"{RULES}/{rule['id']}/runs/{run['id']}")

    async def tasks(self) -> list[str]:
        """The names of all tasks, sorted."""
        return sorted(task["name"] for task in (await self.crm.get("/tasks", limit=200))["items"])

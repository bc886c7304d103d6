"""Runs the handlers of one service: one delivery, or one batch, is one unit of work, guarded by inbox rows."""

import asyncio
import base64
import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from opentelemetry.trace import SpanKind
from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from libs.common import metrics
from libs.common.db.direct import Direct
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.failpoints import failpoint
from libs.common.ids import new_id
from libs.common.logging import bind, clear
from libs.common.messaging.broker import MAX_ATTEMPTS, Verdict
from libs.common.messaging.dead_letter import dead_letter_row
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.failures import Deadly, RetryLater, Unreadable, is_outage, reason_of, storable
from libs.common.messaging.subscription import Subscription, Taken
from libs.common.messaging.trial import Trials
from libs.common.telemetry import span

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

logger = logging.getLogger("pillars.consumer")

Decision = tuple[Verdict, str, Exception | None]


class Consumer:
    """Takes deliveries for the subscriptions of one service: `deliver`, `deliver_batch` and `refuse` are what a broker
    wants.

    `one_trial` is shared by the consumers of a process: what came back time and again is handled alone, so that when
    the process dies of it, it is known of which.
    """

    def __init__(
        self,
        context: "ServiceContext",
        *,
        max_attempts: int = MAX_ATTEMPTS,
        one_trial: asyncio.Lock | None = None,
    ) -> None:
        self._context = context
        self._max_attempts = max_attempts
        self._service = context.service.name
        self._trials = Trials(context, one_trial or asyncio.Lock())
        inbox: sa.Table = context.models.inbox.__table__
        one = {name: sa.bindparam(name, type_=inbox.c[name].type) for name in ("event_id", "handler")}
        self._inbox = Direct(insert(inbox).values(one).on_conflict_do_nothing())
        # In one order everywhere, so that two processes with the same events do not wait for each other.
        given = sa.func.unnest(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))).column_valued("given")
        rows = sa.select(given, sa.bindparam("handler", type_=sa.Text)).order_by(given)
        self._inbox_batch = Direct(
            insert(inbox)
            .from_select(["event_id", "handler"], rows, include_defaults=False)
            .on_conflict_do_nothing()
            .returning(inbox.c.event_id)
        )

    async def deliver(self, subscription: Subscription, envelope: Envelope) -> Verdict:
        """Handle one delivery and say what becomes of it; nothing is raised."""
        started = time.perf_counter()
        clear()
        bind(
            service=self._service,
            handler=subscription.name,
            event_id=str(envelope.id),
            event_type=envelope.type,
            tenant_id=str(envelope.tenant_id),
            correlation_id=envelope.correlation_id,
        )
        try:
            verdict, outcome, error = await self._traced(subscription, envelope)
        except Exception as failure:
            # What goes wrong around a handler ends as what goes wrong within it, else the message would come back for ever.
            verdict, outcome, error = await self._failed(subscription, envelope, failure)
        seconds = time.perf_counter() - started
        metrics.consumer_handled_total.labels(self._service, subscription.name, outcome).inc()
        metrics.consumer_seconds.labels(self._service, subscription.name).observe(seconds)
        _log(envelope, outcome, error, seconds)
        return verdict

    async def _traced(self, subscription: Subscription, envelope: Envelope) -> Decision:
        with span(
            f"consume {subscription.name}",
            kind=SpanKind.CONSUMER,
            traceparent=envelope.traceparent,
            **{"messaging.message.id": str(envelope.id), "messaging.destination.name": envelope.type},
        ) as current:
            failpoint("taken", subscription.name)
            with self._context.background.turn():
                if self._trials.concern(envelope):
                    decision = await self._try(subscription, envelope)
                else:
                    decision = await self._decide(subscription, envelope)
            failpoint("handled", subscription.name)
            if (error := decision[2]) is not None:
                current.record_exception(error)
            return decision

    async def deliver_batch(
        self, subscription: Subscription, envelopes: Sequence[Envelope]
    ) -> Sequence[Verdict]:
        """Handle deliveries of one subscription, in their order and as few units of work as may be.

        What has failed before, or came back time and again, is handled alone, so that it spoils no batch again.
        """
        verdicts: list[Verdict] = []
        fresh: list[Envelope] = []
        for envelope in envelopes:
            if not (envelope.attempts or self._trials.concern(envelope)):
                fresh.append(envelope)
                continue
            verdicts += await self._deliver_fresh(subscription, fresh)
            fresh = []
            verdicts.append(await self.deliver(subscription, envelope))
        return [*verdicts, *await self._deliver_fresh(subscription, fresh)]

    async def _deliver_fresh(
        self, subscription: Subscription, envelopes: Sequence[Envelope]
    ) -> Sequence[Verdict]:
        if len(envelopes) < 2:
            return [await self.deliver(subscription, envelope) for envelope in envelopes]
        started = time.perf_counter()
        clear()
        bind(service=self._service, handler=subscription.name)
        count = len(envelopes)
        handled: int | None
        try:
            handled = await self._traced_batch(subscription, envelopes)
        except Exception as error:
            if is_outage(error):
                logger.info("a batch was put back: %s", reason_of(error), extra={"events": count})
                self._count(subscription, "release", count)
                return [Verdict.RELEASE] * count
            # The one that cannot be handled is found by halving, and the order stays.
            logger.info("a batch failed and is halved: %s", reason_of(error), extra={"events": count})
            handled = None
        if handled is None:
            half = count // 2
            first = await self._deliver_fresh(subscription, envelopes[:half])
            return [*first, *await self._deliver_fresh(subscription, envelopes[half:])]
        seconds = time.perf_counter() - started
        self._count(subscription, "done", handled)
        self._count(subscription, "duplicate", count - handled)
        observe = metrics.consumer_seconds.labels(self._service, subscription.name).observe
        for _ in range(count):
            observe(seconds)
        if logger.isEnabledFor(logging.INFO):
            fields = {"events": count, "duplicates": count - handled, "duration_ms": round(seconds * 1000, 2)}
            logger.info("handled a batch", extra=fields)
        return [Verdict.DONE] * count

    async def _traced_batch(self, subscription: Subscription, envelopes: Sequence[Envelope]) -> int:
        with span(
            f"consume {subscription.name}",
            kind=SpanKind.CONSUMER,
            links=[envelope.traceparent for envelope in envelopes if envelope.traceparent],
            **{"messaging.destination.name": subscription.name},
        ) as current:
            current.set_attribute("messaging.batch.message_count", len(envelopes))
            failpoint("taken", subscription.name)
            with self._context.background.turn():
                handled = await self._handle_batch(subscription, envelopes)
            failpoint("handled", subscription.name)
            return handled

    async def _handle_batch(self, subscription: Subscription, envelopes: Sequence[Envelope]) -> int:
        """Have the effect of those that had none yet; how many those were."""
        taken: dict[UUID, Taken] = {}
        for envelope in envelopes:
            # A repeat stands where it came first.
            if envelope.id not in taken:
                taken[envelope.id] = (self._read(subscription, envelope), envelope)
        async with self._context.unit_of_work(platform=True) as uow:
            marked = await self._inbox_batch.all(uow, ids=list(taken), handler=subscription.name)
            new = {event_id for [event_id] in marked}
            fresh = [pair for event_id, pair in taken.items() if event_id in new]
            if fresh:
                await subscription.have_effect(fresh, uow)
        return len(fresh)

    def _count(self, subscription: Subscription, outcome: str, count: int) -> None:
        if count:
            metrics.consumer_handled_total.labels(self._service, subscription.name, outcome).inc(count)

    async def refuse(
        self, subscription: Subscription, body: bytes, attributes: dict[str, object], reason: str
    ) -> None:
        """Keep a message that is no envelope as a dead letter; raises when the database is away."""
        stored = {
            "attributes": {storable(name): storable(str(value)) for name, value in attributes.items()},
            "body_base64": base64.b64encode(body).decode(),
        }
        async with self._context.unit_of_work(platform=True) as uow:
            row = {
                "id": new_id(),
                "handler": subscription.name,
                "envelope": stored,
                "reason": storable(reason),
                "attempts": 0,
            }
            await uow.session.execute(insert(self._context.models.dead_letter).values(row))
        logger.error(
            "refused", extra={"service": self._service, "handler": subscription.name, "reason": reason}
        )

    async def apply(self, uow: UnitOfWork, subscription: Subscription, envelope: Envelope) -> bool:
        """Have the effect of an event within a unit of work; False when the inbox shows that it was had already.

        Raises:
            Unreadable: no handler can take it.
        """
        event = self._read(subscription, envelope)
        uow.correlation_id = envelope.correlation_id or str(envelope.id)
        uow.causation_id = str(envelope.id)
        if not await self._inbox.run(uow, event_id=envelope.id, handler=subscription.name):
            return False
        failpoint("event", str(envelope.id))
        await subscription.have_effect([(event, envelope)], uow)
        return True

    async def _try(self, subscription: Subscription, envelope: Envelope) -> Decision:
        """Handle alone what came back time and again, and bury what the process died of each time."""
        try:
            async with self._trials.alone(subscription, envelope) as trial:
                if trial.is_buried:
                    return Verdict.DONE, "duplicate", None
                if trial.is_hopeless:
                    error = Deadly(f"the process died each of the last {trial.deaths} times it was handled")
                    await self._bury(subscription, envelope, error, envelope.attempts + trial.deaths)
                    return Verdict.DONE, "dead", error
                return await self._decide(subscription, envelope)
        except Exception as error:
            if is_outage(error):
                return Verdict.RELEASE, "release", error
            # What cannot be written down as it is finds its end in the ordinary way.
            return await self._decide(subscription, envelope)

    async def _decide(self, subscription: Subscription, envelope: Envelope) -> Decision:
        try:
            async with self._context.unit_of_work(tenant_id=envelope.tenant_id) as uow:
                handled = await self.apply(uow, subscription, envelope)
            return Verdict.DONE, "done" if handled else "duplicate", None
        except Exception as error:
            return await self._failed(subscription, envelope, error)

    async def _failed(self, subscription: Subscription, envelope: Envelope, error: Exception) -> Decision:
        """What becomes of a delivery that failed: again when what was away is back, again later, or kept as a dead letter."""
        if is_outage(error):
            return Verdict.RELEASE, "release", error
        attempts = envelope.attempts + 1
        if attempts < self._max_attempts and not isinstance(error, Unreadable):
            return Verdict.RETRY, "retry", error
        try:
            await self._bury(subscription, envelope, error, attempts)
        except DBAPIError as second:
            if is_outage(second):
                return Verdict.RELEASE, "release", second
            # Its JSON cannot be stored as such; its bytes can.
            return await self._bury_bytes(subscription, envelope, error)
        except Exception as second:
            # Rather again than lost.
            return Verdict.RELEASE, "release", second
        return Verdict.DONE, "dead", error

    def _read(self, subscription: Subscription, envelope: Envelope) -> Any:
        if not subscription.events:
            return envelope.data
        for event in subscription.events:
            if event.wire_name == envelope.type:
                try:
                    return event.model_validate(envelope.data)
                except ValidationError as error:
                    fields = ", ".join(".".join(map(str, e["loc"])) for e in error.errors())
                    raise Unreadable(f"the data of {envelope.type} cannot be read: {fields}") from error
        raise Unreadable(f"unknown type or version {envelope.type}")

    async def _bury(
        self, subscription: Subscription, envelope: Envelope, error: Exception, attempts: int
    ) -> None:
        row = dead_letter_row(envelope, subscription.name, reason_of(error), attempts)
        again = {"reason": row["reason"], "attempts": attempts, "resolved_at": None, "resolution": None}
        async with self._context.unit_of_work(platform=True) as uow:
            await uow.session.execute(
                insert(self._context.models.dead_letter)
                .values(row)
                .on_conflict_do_update(index_elements=["id"], set_=again)
            )

    async def _bury_bytes(self, subscription: Subscription, envelope: Envelope, error: Exception) -> Decision:
        try:
            await self.refuse(subscription, orjson.dumps(envelope.to_json()), {}, reason_of(error))
        except Exception as second:
            return Verdict.RELEASE, "release", second
        return Verdict.DONE, "dead", error


def _log(envelope: Envelope, outcome: str, error: Exception | None, seconds: float) -> None:
    if error is None and not logger.isEnabledFor(logging.INFO):
        return
    fields = {
        "subject": envelope.subject,
        "attempts": envelope.attempts + 1,
        "outcome": outcome,
        "duration_ms": round(seconds * 1000, 2),
    }
    if error is None:
        logger.info("handled", extra=fields)
    elif outcome == "release" or (isinstance(error, RetryLater) and outcome == "retry"):
        logger.info("put back: %s", reason_of(error), extra=fields)
    elif outcome == "retry":
        logger.warning("failed, will be tried again: %s", reason_of(error), extra=fields, exc_info=error)
    else:
        logger.error("dead letter: %s", reason_of(error), extra=fields, exc_info=error)

"""Publishing again what a broker lost: the outboxes still hold it, the inboxes know who has had it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from libs.common.messaging.subscription import Subscription
from libs.common.runtime.context import ServiceContext

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Republished:
    """What was found in the outbox of one service: published events, and those of them marked for publishing again."""

    service: str
    looked_at: int
    marked: int


async def republish(
    contexts: Sequence[ServiceContext], since: datetime, *, everything: bool = False, dry_run: bool = False
) -> list[Republished]:
    """Let the relays publish again the events published since then that some handler has not had.

    `contexts` are all services of the suite. An event in a queue counts as not had, so it may come twice; the inboxes
    keep that from having an effect. What became a dead letter was had. `everything` asks no inbox; `dry_run` only counts.
    Events keep their order; those that the outboxes keep no longer are out of reach.
    """
    return [
        await _of_one(context, contexts, since, everything=everything, dry_run=dry_run)
        for context in contexts
    ]


async def _of_one(
    producer: ServiceContext,
    contexts: Sequence[ServiceContext],
    since: datetime,
    *,
    everything: bool,
    dry_run: bool,
) -> Republished:
    outbox: Any = producer.models.outbox
    last = looked_at = marked = 0
    while True:
        async with producer.unit_of_work(platform=True) as uow:
            statement = (
                select(outbox.id, outbox.event_id, outbox.type)
                .where(outbox.published_at >= since, outbox.id > last)
                .order_by(outbox.id)
                .limit(_BATCH)
            )
            rows = (await uow.session.execute(statement)).all()
        if not rows:
            return Republished(producer.service.name, looked_at, marked)
        last = rows[-1].id
        looked_at += len(rows)
        lost = {row.event_id for row in rows}
        if not everything:
            lost = await _not_had({row.event_id: row.type for row in rows}, contexts)
        marked += len(lost)
        if lost and not dry_run:
            async with producer.unit_of_work(platform=True) as uow:
                changed = update(outbox).where(
                    outbox.id.in_([row.id for row in rows if row.event_id in lost]),
                    outbox.published_at.is_not(None),
                )
                await uow.session.execute(changed.values(published_at=None))
                # The relay runs in another process.
                await uow.session.execute(
                    text("SELECT pg_notify(:channel, '')"), {"channel": producer.outbox_channel}
                )


async def _not_had(types: dict[UUID, str], contexts: Sequence[ServiceContext]) -> set[UUID]:
    """Those of some events that a handler waits for still."""
    lost: set[UUID] = set()
    for context in contexts:
        due = {
            (event_id, subscription)
            for event_id, kind in types.items()
            for subscription in _taking(kind, context.service.subscriptions)
        }
        if not due:
            continue
        inbox: Any = context.models.inbox
        letters: Any = context.models.dead_letter
        had: set[tuple[UUID, str]] = set()
        async with context.unit_of_work(platform=True) as uow:
            for model in (inbox, letters):
                found = select(model.event_id, model.handler).where(model.event_id.in_(types))
                had |= {(row.event_id, row.handler) for row in await uow.session.execute(found)}
        for event_id, subscription in due:
            replaced = {(event_id, name) for name in subscription.replaces}
            if (event_id, subscription.name) not in had and not (replaced and replaced <= had):
                lost.add(event_id)
    return lost


def _taking(kind: str, subscriptions: Iterable[Subscription]) -> Iterable[Subscription]:
    return (s for s in subscriptions if not s.events or kind in s.patterns)
